/*
 * overlap.c - see overlap.h
 */
#include "lib/node/overlap.h"

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/netlink_routes.h"

static void tell(const struct lr_overlap *o, const struct lr_met_route *met,
	const struct lr_prefix *pool, bool within)
{
	char theirs[LR_ADDR_TEXT], ours[LR_ADDR_TEXT];
	const char *iface = met->iface[0] ? met->iface : "this host";

	lr_prefix_text(&met->dst, theirs);
	lr_prefix_text(pool, ours);
	if (!within)
		lr_log(LR_LOG_NOTE,
			"%s of %s contains the party's %s: the addresses of members are the "
			"party's, all others stay",
			theirs, iface, ours);
	else if (o->force)
		lr_log(LR_LOG_NOTE,
			"%s of %s overlaps the party's %s: the addresses of members are the "
			"party's (--force)",
			theirs, iface, ours);
	else
		lr_log(LR_LOG_NOTE,
			"%s of %s overlaps the party's %s: members whose address lies in it are "
			"reached by IPv6 only (`lr-up --force` takes their addresses)",
			theirs, iface, ours);
}

static void look(struct lr_overlap *o, const char *iface, const struct lr_prefix *pool)
{
	struct lr_met_route met[LR_OVERLAP_MAX];
	struct lr_err err = {0};
	int n = lr_routes_meeting(pool, iface, met, LR_OVERLAP_MAX, &err);

	if (n < 0)
		lr_log(LR_LOG_NOTE, "%s", err.text);
	for (int i = 0; i < n; i++) {
		bool within = met[i].dst.len >= pool->len;
		tell(o, &met[i], pool, within);
		o->meets = true;
		if (within && !o->force)
			o->kept[o->n++] = met[i].dst;
	}
}

uint8_t lr_overlap_len(struct lr_overlap *o, const char *iface, const struct lr_prefix *pool)
{
	if (!o->looked)
		look(o, iface, pool);
	o->looked = true;
	return o->meets ? (uint8_t)lr_ip_bits(&pool->ip) : pool->len;
}

bool lr_overlap_keeps(const struct lr_overlap *o, const struct lr_prefix *dst)
{
	for (unsigned i = 0; i < o->n; i++)
		if (lr_prefixes_meet(&o->kept[i], dst))
			return true;
	return false;
}
