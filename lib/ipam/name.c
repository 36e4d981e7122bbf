/*
 * name.c - what a peer may be called
 *
 * A name must survive a table on a terminal, a line of a pipe and a word of a shell, so
 * nothing invisible is allowed in it. Code points from the Unicode property White_Space, category
 * Cc, and the format characters that reorder or hide text.
 */
#include "lib/ipam/record.h"

#include <string.h>

#include "lib/base/text.h"

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
		{0x00, 0x20},
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

static const char *flaw_of(const char *name)
{
	size_t n, len = 0;

	if (*name == '{' || *name == '-')
		return "a name does not begin with { or -";
	for (const char *s = name; *s; s += n, len += n) {
		if (*s > 0x20 && *s < 0x7f) {
			n = 1;
			continue;
		}
		n = lr_text_utf8(s);
		if (!n)
			return "a name is UTF-8";
		if (invisible(code_point(s, n)))
			return "a name has no spaces, control or invisible characters";
	}
	if (len > LR_PEER_MAX)
		return "a name has at most 63 bytes";
	if (looks_like_address(name))
		return "an address is not a name";
	return NULL;
}

int lr_name_check(const char *name, struct lr_err *err)
{
	if (!*name)
		return lr_err_set(err, LR_EXIT_FAILED, "empty name");
	const char *flaw = flaw_of(name);
	if (!flaw)
		return 0;
	return lr_err_set(
		err, LR_EXIT_FAILED, "%.80s%s: %s", name, strlen(name) > 80 ? "..." : "", flaw);
}

bool lr_name_is_key(const char *text)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strlen(text) == LR_KEY_CHARS && strspn(text, base64) == LR_KEY_CHARS - 1 &&
	       text[LR_KEY_CHARS - 1] == '=' && strchr("AEIMQUYcgkosw048", text[LR_KEY_CHARS - 2]);
}
