/*
 * crypto_hex.h - published vectors are written in hex
 */
#ifndef LR_T_UNIT_CRYPTO_HEX_H
#define LR_T_UNIT_CRYPTO_HEX_H

#include <stdint.h>
#include <stdio.h>

#include "t/unit/tap.h"

/* Bytes of `text` into `out`; how many. */
static inline size_t unhex(uint8_t *out, const char *text)
{
	size_t n = 0;
	unsigned byte;
	for (; sscanf(text, "%2x", &byte) == 1; text += 2)
		out[n++] = (uint8_t)byte;
	return n;
}

static inline void is_hex(const void *got, const char *want, const char *name)
{
	uint8_t bytes[512];
	size_t n = unhex(bytes, want);
	is_mem(got, bytes, n, name);
}

#endif
