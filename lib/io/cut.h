/*
 * cut.h - one frame from the device into packets that a path takes
 *
 * Theory of operation. lr_cut_begin() looks at the frame, lr_cut_fit() says how long a packet may
 * be (once it is known to whom it goes; not called: as long as they come), lr_cut_next() writes one
 * packet after the other. TCP frames are cut at that length, and a SYN asks the other end for no
 * longer segments; whatever else is longer is fragmented, checksum finished first. Pure.
 */
#ifndef LR_IO_CUT_H
#define LR_IO_CUT_H

#include "lib/io/split.h"
#include "lib/net/fragment.h"

struct lr_cut {
	struct lr_split split;
	size_t limit;
	bool fragments; /* some packets are longer than `limit` */
	bool inside;    /* a packet is being fragmented */
	struct lr_fragment fragment;
	uint32_t id;      /* of the next packet that needs one; the owner starts it at random */
	unsigned refused; /* of this frame: packets whose headers leave no room for anything else */
	uint8_t packet[65536]; /* the one that is being fragmented */
};

/* 0, or -EINVAL when header and frame do not fit together. `frame` stays until all is out. */
int lr_cut_begin(struct lr_cut *c, const struct lr_vnet *h, uint8_t *frame, size_t len);
/* No packet is longer than `limit` from here on. Before the first lr_cut_next(). */
void lr_cut_fit(struct lr_cut *c, size_t limit);
/* The longest that will come. */
static inline size_t lr_cut_max(const struct lr_cut *c)
{
	return c->fragments ? c->limit : lr_split_packet_max(&c->split);
}
size_t lr_cut_fragment(struct lr_cut *c, uint8_t *dst); /* the slow half of this: */
/* Writes the next packet to `dst`, which has room for lr_cut_max(); 0: all are out. */
static inline size_t lr_cut_next(struct lr_cut *c, uint8_t *dst)
{
	return c->fragments ? lr_cut_fragment(c, dst) : lr_split_next(&c->split, dst);
}
/* How many packets of the frame could not be cut, since headers alone fill them. */
static inline unsigned lr_cut_refused(const struct lr_cut *c)
{
	return c->refused;
}

#endif
