/*
 * keytext.c - keys as base64 (wg(8)) and as hex (the UAPI)
 *
 * Written without tables and without branches on key bits: private keys go through here, and a
 * table look-up tells its index through the cache. Strict: one spelling a key.
 *
 * Source: RFC 4648 section 4.
 */
#include <errno.h>
#include <string.h>

#include "lib/crypto/crypto.h"

/* All ones when lo <= c <= hi, else zero. */
static unsigned within(unsigned c, unsigned lo, unsigned hi)
{
	return ((lo - 1 - c) & (c - hi - 1) & 0x80000000u) ? ~0u : 0u;
}

static char sextet_char(unsigned v)
{
	unsigned c = (within(v, 0, 25) & (v + 'A')) | (within(v, 26, 51) & (v - 26 + 'a')) |
		     (within(v, 52, 61) & (v - 52 + '0')) | (within(v, 62, 62) & '+') |
		     (within(v, 63, 63) & '/');
	return (char)c;
}

/* 0..63, or bits above the sixth when `c` is no base64 digit. */
static unsigned char_sextet(unsigned c)
{
	unsigned ok = 0, v = 0, m;
	ok |= m = within(c, 'A', 'Z');
	v |= m & (c - 'A');
	ok |= m = within(c, 'a', 'z');
	v |= m & (c - 'a' + 26);
	ok |= m = within(c, '0', '9');
	v |= m & (c - '0' + 52);
	ok |= m = within(c, '+', '+');
	v |= m & 62;
	ok |= m = within(c, '/', '/');
	v |= m & 63;
	return v | (~ok & 0x100);
}

int lr_key_parse(const char *text, uint8_t key[LR_KEY_LEN])
{
	unsigned bad = 0, acc = 0, bits = 0;
	uint8_t out[LR_KEY_LEN];
	size_t n = 0;

	if (strnlen(text, LR_KEY_TEXT) != LR_KEY_TEXT - 1 || text[LR_KEY_TEXT - 2] != '=')
		return -EINVAL;
	for (size_t i = 0; i < LR_KEY_TEXT - 2; i++) {
		unsigned v = char_sextet((uint8_t)text[i]);
		bad |= v & 0x100;
		acc = (acc << 6) | (v & 63);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(acc >> bits);
		}
	}
	bad |= acc & 3; /* 43 digits hold 258 bits: the last two must be zero */
	if (!bad)
		memcpy(key, out, LR_KEY_LEN);
	lr_wipe(out, sizeof(out));
	return bad ? -EINVAL : 0;
}

const char *lr_key_text(const uint8_t key[LR_KEY_LEN], char out[LR_KEY_TEXT])
{
	unsigned acc = 0, bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < LR_KEY_LEN; i++) {
		acc = (acc << 8) | key[i];
		for (bits += 8; bits >= 6; bits -= 6)
			out[n++] = sextet_char((acc >> (bits - 6)) & 63);
	}
	out[n++] = sextet_char((acc << (6 - bits)) & 63);
	out[n++] = '=';
	out[n] = '\0';
	return out;
}

static unsigned hex_nibble(unsigned c)
{
	unsigned ok = 0, v = 0, m;
	ok |= m = within(c, '0', '9');
	v |= m & (c - '0');
	ok |= m = within(c, 'a', 'f');
	v |= m & (c - 'a' + 10);
	ok |= m = within(c, 'A', 'F');
	v |= m & (c - 'A' + 10);
	return v | (~ok & 0x100);
}

int lr_key_parse_hex(const char *text, uint8_t key[LR_KEY_LEN])
{
	uint8_t out[LR_KEY_LEN];
	unsigned bad = 0;

	if (strnlen(text, 2 * LR_KEY_LEN + 1) != 2 * LR_KEY_LEN)
		return -EINVAL;
	for (size_t i = 0; i < LR_KEY_LEN; i++) {
		unsigned hi = hex_nibble((uint8_t)text[2 * i]);
		unsigned lo = hex_nibble((uint8_t)text[2 * i + 1]);
		bad |= (hi | lo) & 0x100;
		out[i] = (uint8_t)(hi << 4 | (lo & 15));
	}
	if (!bad)
		memcpy(key, out, LR_KEY_LEN);
	lr_wipe(out, sizeof(out));
	return bad ? -EINVAL : 0;
}

const char *lr_key_hex(const uint8_t key[LR_KEY_LEN], char out[65])
{
	for (size_t i = 0; i < 2 * LR_KEY_LEN; i++) {
		unsigned v = (i & 1) ? key[i / 2] & 15 : key[i / 2] >> 4;
		out[i] = (char)(v + '0' + (within(v, 10, 15) & ('a' - '0' - 10)));
	}
	out[2 * LR_KEY_LEN] = '\0';
	return out;
}
