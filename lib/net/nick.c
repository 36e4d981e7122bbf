/*
 * nick.c - see nick.h
 *
 * Source: code points of the Unicode property White_Space, of category Cc, and the format
 * characters that reorder or hide text.
 */
#include "lib/net/nick.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/net/ip.h"

static uint32_t code_point(const char *s, size_t n)
{
	static const uint8_t lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (uint8_t)s[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	return c;
}

static bool invisible(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {
		{0x00, 0x1f},
		{0x7f, 0xa0},
		{0xad, 0xad},
		{0x61c, 0x61c},
		{0x1680, 0x1680},
		{0x180e, 0x180e},
		{0x2000, 0x200f},
		{0x2028, 0x202f},
		{0x205f, 0x206f},
		{0x3000, 0x3000},
		{0xfeff, 0xfeff},
		{0xfff9, 0xfffb},
		{0xe0000, 0xe007f},
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return true;
	return false;
}

/* A dotted quad, or anything with a colon that reads as IPv6. */
static bool looks_like_address(const char *name)
{
	struct lr_ip ip;

	if (!strchr(name, ':') && (*name < '0' || *name > '9'))
		return false;
	return lr_ip_parse(name, &ip) == 0;
}

static const char *character_fault(const char *name)
{
	size_t n;

	for (const char *s = name; *s; s += n) {
		if (*s > 0x20 && *s < 0x7f) {
			n = 1;
			continue;
		}
		if (*s == ' ' && (s == name || s[1] == '\0'))
			return "begins or ends with a space";
		n = lr_text_utf8(s);
		if (!n)
			return "is not UTF-8";
		if (invisible(code_point(s, n)))
			return "has a control or invisible character";
	}
	return NULL;
}

const char *lr_nick_fault(const char *name)
{
	if (!*name)
		return "is empty";
	if (strnlen(name, LR_NICK_MAX + 1) > LR_NICK_MAX)
		return "is longer than 63 bytes";
	if (*name == '{' || *name == '-')
		return "begins with { or -";
	const char *fault = character_fault(name);
	if (fault)
		return fault;
	return looks_like_address(name) ? "looks like an address" : NULL;
}
