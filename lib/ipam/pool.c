/*
 * pool.c - what a pool may be, and the IPv6 prefix that goes with it
 *
 * RFC 4193 (unique local addresses). Pools lie in one first octet because none is larger than /8.
 */
#include "lib/ipam/ipam.h"

#include <string.h>

#include "lib/base/map.h"

#define POOL_MIN_LEN 8
#define POOL_MAX_LEN 30
#define ULA_LEN      64

const char *lr_flaw_name(enum lr_flaw flaw)
{
	static const char *const names[LR_FLAWS] = {
		[LR_FLAW_NONE] = "",
		[LR_FLAW_MALFORMED] = "malformed",
		[LR_FLAW_TORN] = "torn",
		[LR_FLAW_STRAY] = "stray",
		[LR_FLAW_DUPLICATE_ADDRESS] = "duplicate_address",
		[LR_FLAW_DUPLICATE_PEER] = "duplicate_peer",
		[LR_FLAW_UNKNOWN] = "unknown_peer",
	};

	return flaw < LR_FLAWS ? names[flaw] : "";
}

int lr_ipam_pool_parse(const char *text, struct lr_prefix *out, struct lr_err *err)
{
	struct lr_prefix p;

	if (lr_prefix_parse(text, &p) < 0 || p.ip.family != 4)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%.60s: not a pool: an IPv4 prefix such as 10.66.0.0/16 is needed", text);
	if (p.len < POOL_MIN_LEN || p.len > POOL_MAX_LEN)
		return lr_err_set(err, LR_EXIT_USAGE, "%.60s: a pool is from /%d to /%d", text,
			POOL_MIN_LEN, POOL_MAX_LEN);
	if (p.ip.b[0] == 0 || p.ip.b[0] == 127 || p.ip.b[0] >= 224)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%.60s: hosts cannot have these addresses: use a private range such as "
			"10.66.0.0/16",
			text);
	lr_prefix_mask(&p);
	*out = p;
	return 0;
}

int lr_ipam_ula_parse(const char *text, struct lr_prefix *out, struct lr_err *err)
{
	struct lr_prefix p;

	if (lr_prefix_parse(text, &p) < 0 || p.ip.family != 6)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%.60s: not an IPv6 prefix such as fd12:3456:789a:1::/64", text);
	if ((p.ip.b[0] & 0xfe) != 0xfc || p.len < 7 || p.len > ULA_LEN)
		return lr_err_set(err, LR_EXIT_USAGE,
			"%.60s: the prefix is from fc00::/7 and /64 or shorter", text);
	lr_prefix_mask(&p);
	p.len = ULA_LEN;
	*out = p;
	return 0;
}

struct lr_prefix lr_ipam_ula_of(const struct lr_prefix *pool)
{
	/* Fixed, so that every machine derives the same prefix from the same pool. */
	static const uint64_t seed[2] = {0x4c414e7261676531, 0x756c612f36342121};
	struct lr_prefix ula = {.ip = {.family = 6, .b = {0xfd}}, .len = ULA_LEN};
	struct lr_prefix masked = *pool;
	char text[LR_ADDR_TEXT];

	lr_prefix_mask(&masked);
	lr_prefix_text(&masked, text);
	uint64_t h = lr_siphash(seed, text, strlen(text));
	for (int i = 1; i < 8; i++, h >>= 8)
		ula.ip.b[i] = (uint8_t)h;
	return ula;
}

size_t lr_ipam_usable(const struct lr_prefix *pool)
{
	size_t all = (size_t)1 << (32 - pool->len);

	/* A pool of /24s loses .0 and .255 of each; a smaller one its first and its last. */
	return pool->len <= 24 ? all / 256 * 254 : all - 2;
}
