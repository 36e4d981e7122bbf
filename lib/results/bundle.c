/*
 * bundle.c - a few texts as one FILE.tar.gz, in memory
 */
#include "lib/results/bundle.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"

#define BLOCK  512
#define STORED 65535 /* bytes of a stored block, at most */

static bool reserve(struct lr_bundle *b, size_t more)
{
	size_t room = b->room ? b->room : 1 << 16;

	while (room < b->len + more)
		room *= 2;
	if (room == b->room)
		return true;
	uint8_t *tar = realloc(b->tar, room);
	if (!tar)
		return false;
	b->tar = tar;
	b->room = room;
	return true;
}

static void octal(uint8_t *at, size_t width, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llo", (int)width - 1, (unsigned long long)v);
	memcpy(at, text, width - 1);
}

int lr_bundle_add(
	struct lr_bundle *b, const char *name, const void *bytes, size_t len, uint64_t unix_s)
{
	size_t padded = (len + BLOCK - 1) / BLOCK * BLOCK;
	unsigned sum = 0;

	if (strlen(name) > 99)
		return -EINVAL;
	if (!reserve(b, BLOCK + padded))
		return -ENOMEM;
	uint8_t *head = b->tar + b->len;
	memset(head, 0, BLOCK + padded);
	memcpy(head, name, strlen(name));
	octal(head + 100, 8, 0644);
	octal(head + 108, 8, 0);
	octal(head + 116, 8, 0);
	octal(head + 124, 12, len);
	octal(head + 136, 12, unix_s);
	memset(head + 148, ' ', 8);
	head[156] = '0';
	memcpy(head + 257, "ustar", 6);
	memcpy(head + 263, "00", 2);
	for (size_t i = 0; i < BLOCK; i++)
		sum += head[i];
	octal(head + 148, 7, sum);
	memcpy(head + BLOCK, bytes, len);
	b->len += BLOCK + padded;
	return 0;
}

/* CRC-32 of RFC 1952, bit by bit: a bundle is small. */
static uint32_t crc32_of(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}

uint8_t *lr_bundle_pack(struct lr_bundle *b, size_t *len)
{
	static const uint8_t head[10] = {0x1f, 0x8b, 8, [9] = 255};

	if (!reserve(b, 2 * BLOCK))
		return NULL;
	memset(b->tar + b->len, 0, 2 * BLOCK); /* two empty blocks end an archive */
	size_t all = b->len + 2 * BLOCK, blocks = (all + STORED - 1) / STORED;
	uint8_t *out = malloc(sizeof(head) + all + 5 * blocks + 8), *to = out;
	if (!out)
		return NULL;
	memcpy(to, head, sizeof(head));
	to += sizeof(head);
	for (size_t at = 0; at < all; at += STORED) {
		size_t n = all - at < STORED ? all - at : STORED;
		*to = at + n == all;
		lr_put_le32(
			to + 1, (uint32_t)n | ~(uint32_t)n << 16); /* length, and its complement */
		memcpy(to + 5, b->tar + at, n);
		to += 5 + n;
	}
	lr_put_le32(to, crc32_of(b->tar, all));
	lr_put_le32(to + 4, (uint32_t)all);
	*len = (size_t)(to + 8 - out);
	return out;
}

void lr_bundle_release(struct lr_bundle *b)
{
	free(b->tar);
	*b = (struct lr_bundle){0};
}
