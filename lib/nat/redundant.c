/*
 * redundant.c - see redundant.h
 */
#include "lib/nat/redundant.h"

#include <errno.h>
#include <string.h>

#include "lib/net/ip.h"

#define UDP_HEADER 8u

static const char *const names[LR_REDUNDANTS] = {
	[LR_REDUNDANT_OFF] = "off",
	[LR_REDUNDANT_GAME] = "game",
	[LR_REDUNDANT_ALL] = "all",
};

const char *lr_redundant_name(enum lr_redundant mode)
{
	return names[mode];
}

int lr_redundant_parse(const char *text, enum lr_redundant *out)
{
	if (*text == '\0' || strcmp(text, names[LR_REDUNDANT_GAME]) == 0)
		*out = LR_REDUNDANT_GAME;
	else if (strcmp(text, names[LR_REDUNDANT_ALL]) == 0)
		*out = LR_REDUNDANT_ALL;
	else
		return -EINVAL;
	return 0;
}

/* --- which packets --- */

static bool allowed(struct lr_redundant_rate *r, uint64_t now)
{
	const uint64_t cost = LR_NS_PER_S / LR_REDUNDANT_RATE, room = cost * LR_REDUNDANT_BURST;
	uint64_t level = r->at_ns ? r->level_ns + (now - r->at_ns) : room;

	r->at_ns = now;
	r->level_ns = level < room ? level : room;
	if (r->level_ns < cost)
		return false;
	r->level_ns -= cost;
	return true;
}

bool lr_redundant_game(
	struct lr_redundant_rate *rate, uint64_t now, const uint8_t *packet, size_t len)
{
	struct lr_packet p;

	if (lr_packet_parse(packet, len, &p) != LR_IP_FINE || p.proto != LR_UDP || p.fragment)
		return false;
	if (lr_packet_dscp(packet) == LR_DSCP_EF)
		return true;
	return p.len <= p.l4_at + UDP_HEADER + LR_REDUNDANT_BYTES && allowed(rate, now);
}

/* --- which path --- */

/* How much would break together: the address, then both ends' lines without a detour, then the
 * family's routes. */
static unsigned shared(const struct lr_path *a, const struct lr_path *b)
{
	struct lr_ip x = lr_endpoint_ip(&a->route.to), y = lr_endpoint_ip(&b->route.to);

	return (lr_ip_equal(&x, &y) ? 4u : 0) + (lr_path_direct(a) && lr_path_direct(b) ? 2u : 0) +
	       (x.family == y.family ? 1u : 0);
}

static bool other(const struct lr_paths *s, int i)
{
	return i != s->current && lr_path_usable(&s->at[i]);
}

static uint64_t least_delay(const struct lr_paths *s)
{
	uint64_t least = UINT64_MAX / 4;

	for (int i = 0; i < LR_PATHS; i++)
		if (other(s, i) && lr_path_delay_us(&s->at[i]) < least)
			least = lr_path_delay_us(&s->at[i]);
	return least;
}

struct lr_path *lr_redundant_second(struct lr_paths *s)
{
	const struct lr_path *first = lr_paths_current(s);
	struct lr_path *best = NULL;
	unsigned least = 0;

	if (!first)
		return NULL;
	uint64_t late = least_delay(s) + (uint64_t)LR_REDUNDANT_LATE_MS * 1000;
	for (int i = 0; i < LR_PATHS; i++) {
		struct lr_path *p = &s->at[i];
		if (!other(s, i) || lr_path_delay_us(p) > late)
			continue;
		unsigned with = shared(first, p);
		if (!best || with < least || (with == least && lr_paths_cheaper(p, best))) {
			best = p;
			least = with;
		}
	}
	return best;
}
