/*
 * base64.c - see base64.h
 */
#include "lib/io/base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *lr_base64(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	char *text = malloc((len + 2) / 3 * 4 + 1), *out = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16;
		if (have > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (have > 2)
			v |= p[i + 2];
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = have > 1 ? digits[v >> 6 & 63] : '=';
		*out++ = have > 2 ? digits[v & 63] : '=';
	}
	*out = '\0';
	return text;
}

static int digit(char c)
{
	const char *at = c == '-' ? digits + 62 : c == '_' ? digits + 63 : strchr(digits, c);

	return at ? (int)(at - digits) : -1;
}

uint8_t *lr_base64_parse(const char *text, size_t *len)
{
	size_t chars = strlen(text), n = 0;
	uint32_t v = 0;

	if (chars % 4 == 0)
		for (int pad = 0; pad < 2 && chars && text[chars - 1] == '='; pad++)
			chars--;
	uint8_t *bytes = malloc(chars / 4 * 3 + 3);
	if (!bytes)
		return NULL;
	for (size_t i = 0; i < chars; i++) {
		int d = digit(text[i]);
		if (d < 0)
			goto bad;
		v = v << 6 | (uint32_t)d;
		if (i % 4)
			bytes[n++] = (uint8_t)(v >> (6 - 2 * (i % 4)));
	}
	/* A lone digit holds no byte, and bits behind the last byte are zero. */
	if (chars % 4 == 1 || (chars % 4 && v & ((1u << (chars % 4 == 2 ? 4 : 2)) - 1)))
		goto bad;
	*len = n;
	return bytes;
bad:
	free(bytes);
	errno = EINVAL;
	return NULL;
}
