/*
 * text.c - text from strangers, made safe to print
 *
 * Source: RFC 3629, section 4 (well-formed sequences); ECMA-48 (C0 and C1 controls).
 */
#include "lib/base/text.h"

#include <math.h>

#include <string.h>

static bool tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t lr_text_utf8(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] <= 0xdf)
		return tail(u[1]) ? 2 : 0;
	if ((u[0] & 0xf0) == 0xe0) {
		if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f))
			return 0;
		return tail(u[1]) && tail(u[2]) ? 3 : 0;
	}
	if (u[0] >= 0xf0 && u[0] <= 0xf4) {
		if ((u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
			return 0;
		return tail(u[1]) && tail(u[2]) && tail(u[3]) ? 4 : 0;
	}
	return 0;
}

static bool control(const unsigned char *u, size_t n)
{
	if (n == 1)
		return u[0] < 0x20 || u[0] == 0x7f;
	return n == 2 && u[0] == 0xc2 && u[1] < 0xa0;
}

void lr_text_clean(char *s, bool controls)
{
	while (*s) {
		size_t n = lr_text_utf8(s);
		if (n == 0) {
			*s++ = '?';
			continue;
		}
		if (controls && control((const unsigned char *)s, n))
			memset(s, '?', n);
		s += n;
	}
}

void lr_text_escaped(FILE *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		switch (s[i]) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(s[i], out);
		}
}

const char *lr_text_ns(double ns, char out[16])
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	size_t i = 0;

	if (isnan(ns))
		return "-";
	for (; ns >= 999.5 && i < 3; i++)
		ns /= 1000;
	snprintf(out, 16, "%.3g %s", ns, units[i]);
	return out;
}
