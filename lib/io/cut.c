/*
 * cut.c - see cut.h
 */
#include "lib/io/cut.h"

#include <string.h>

#include "lib/net/mss.h"

int lr_cut_begin(struct lr_cut *c, const struct lr_vnet *h, uint8_t *frame, size_t len)
{
	c->fragments = false;
	c->inside = false;
	c->refused = 0;
	return lr_split_begin(&c->split, h, frame, len);
}

void lr_cut_fit(struct lr_cut *c, size_t limit)
{
	uint8_t *packet = c->split.frame;

	c->limit = limit;
	if (!c->split.gso && lr_mss_is_syn(packet, c->split.len))
		lr_mss_clamp(packet, c->split.len, limit);
	lr_split_fit(&c->split, limit);
	c->fragments = lr_split_packet_max(&c->split) > limit;
}

size_t lr_cut_fragment(struct lr_cut *c, uint8_t *dst)
{
	for (;;) {
		size_t n = c->inside ? lr_fragment_next(&c->fragment, dst) : 0;
		if (n)
			return n;
		n = lr_split_next(&c->split, c->packet);
		if (n <= c->limit) {
			memcpy(dst, c->packet, n);
			return n;
		}
		c->inside = lr_fragment_begin(&c->fragment, c->packet, n, c->limit, c->id++) == 0;
		c->refused += !c->inside;
	}
}
