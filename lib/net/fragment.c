/*
 * fragment.c - see fragment.h
 */
#include "lib/net/fragment.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"

enum { UNIT = 8 }; /* offsets count in these */
enum { IP4_DF = 0x4000, IP4_MORE = 0x2000, IP4_OFFSET = 0x1fff };
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_COPIED = 0x80 };
enum { IP6_HEADER = 40, IP6_NEXT_AT = 6, IP6_MORE = 1, IP6_OFFSET = 0xfff8 };
enum { NEXT_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_AH = 51, NEXT_DEST = 60 };

/* Only options that say so go into every fragment (RFC 791 3.1). */
static void make_later(struct lr_fragment *f)
{
	size_t to = 20;

	memcpy(f->later, f->packet, to);
	for (size_t at = to; at < f->head && f->packet[at] != OPTION_END;) {
		size_t left = f->head - at;
		size_t size = f->packet[at] == OPTION_NOP ? 1 : left >= 2 ? f->packet[at + 1] : 0;
		if (size == 0 || size > left || (size == 1 && f->packet[at] != OPTION_NOP))
			break;
		if (f->packet[at] & OPTION_COPIED) {
			memcpy(f->later + to, f->packet + at, size);
			to += size;
		}
		at += size;
	}
	for (; to % 4; to++)
		f->later[to] = OPTION_END;
	f->later[0] = (uint8_t)(0x40 | to / 4);
	f->later_len = to;
}

static void begin4(struct lr_fragment *f, uint32_t id)
{
	uint16_t word = lr_get_be16(f->packet + 6);

	f->head = f->data_at = (f->packet[0] & 0xfu) * 4;
	f->base = (word & IP4_OFFSET) * (size_t)UNIT;
	f->more = word & IP4_MORE;
	f->id = (word & IP4_DF) && !f->base && !f->more ? id : lr_get_be16(f->packet + 4);
	make_later(f);
}

/* Goes over the headers that are for nodes on the way: hop-by-hop options, destination options in
 * front of a routing header, that; with `all` over every one. They are known to lie in the packet.
 */
static void walk6(struct lr_fragment *f, bool all)
{
	const uint8_t *p = f->packet;
	bool routed = false;

	f->head = IP6_HEADER;
	for (f->next_at = IP6_NEXT_AT;;) {
		uint8_t next = p[f->next_at];
		bool ah = next == NEXT_AH && all, options = next == NEXT_DEST && (!routed || all);
		if (next != NEXT_HOP && next != NEXT_ROUTING && !ah && !options)
			return;
		size_t size = p[f->head + 1]; /* in units of its own, RFC 4302 2.2 */
		routed |= next == NEXT_ROUTING;
		f->next_at = f->head;
		f->head += ah ? (size + 2) * 4 : (size + 1) * 8;
	}
}

/* What is a fragment is cut where it says so, wherever that is. */
static void begin6(struct lr_fragment *f, uint32_t id)
{
	const uint8_t *p = f->packet;

	f->id = id;
	walk6(f, true);
	if (p[f->next_at] != NEXT_FRAGMENT)
		walk6(f, false);
	f->next = p[f->next_at];
	f->data_at = f->head;
	if (f->next != NEXT_FRAGMENT)
		return;
	uint16_t word = lr_get_be16(p + f->head + 2);
	f->next = p[f->head];
	f->base = word & IP6_OFFSET;
	f->more = word & IP6_MORE;
	f->id = lr_get_be32(p + f->head + 4);
	f->data_at += LR_FRAGMENT_HEADER;
}

int lr_fragment_begin(
	struct lr_fragment *f, const uint8_t *packet, size_t len, size_t limit, uint32_t id)
{
	struct lr_packet p;

	if (lr_packet_parse(packet, len, &p) != LR_IP_FINE)
		return -EINVAL;
	*f = (struct lr_fragment){
		.packet = packet, .len = p.len, .limit = limit, .v6 = p.family == 6};
	if (f->v6)
		begin6(f, id);
	else
		begin4(f, id);
	f->at = f->data_at;
	/* All headers are in the first fragment (RFC 7112). */
	size_t head = f->head + (f->v6 ? LR_FRAGMENT_HEADER : 0), chain = p.l4_at - f->data_at;
	size_t room = limit > head ? (limit - head) & ~(size_t)(UNIT - 1) : 0;
	return room < UNIT || room < chain ? -EMSGSIZE : 0;
}

/* How much data goes into the next one, whose header has `head` bytes. */
static size_t take(const struct lr_fragment *f, size_t head)
{
	size_t left = f->len - f->at, room = f->limit - head;

	return left <= room ? left : room & ~(size_t)(UNIT - 1);
}

static void head4(const struct lr_fragment *f, uint8_t *dst, size_t len, size_t offset, bool more)
{
	lr_put_be16(dst + 2, (uint16_t)len);
	lr_put_be16(dst + 4, (uint16_t)f->id);
	lr_put_be16(dst + 6, (uint16_t)(offset / UNIT | (more ? IP4_MORE : 0)));
	lr_ip4_checksum(dst);
}

static void head6(const struct lr_fragment *f, uint8_t *dst, size_t len, size_t offset, bool more)
{
	uint8_t *h = dst + f->head;

	lr_put_be16(dst + 4, (uint16_t)(len - IP6_HEADER));
	dst[f->next_at] = NEXT_FRAGMENT;
	h[0] = f->next;
	h[1] = 0;
	lr_put_be16(h + 2, (uint16_t)(offset | (more ? IP6_MORE : 0)));
	lr_put_be32(h + 4, f->id);
}

size_t lr_fragment_next(struct lr_fragment *f, uint8_t *dst)
{
	bool first = f->at == f->data_at;
	const uint8_t *header = f->v6 || first ? f->packet : f->later;
	size_t copied = f->v6 || first ? f->head : f->later_len;
	size_t head = copied + (f->v6 ? LR_FRAGMENT_HEADER : 0);

	if (f->at == f->len)
		return 0;
	size_t data = take(f, head), offset = f->base + (f->at - f->data_at), len = head + data;
	memcpy(dst, header, copied);
	memcpy(dst + head, f->packet + f->at, data);
	f->at += data;
	bool more = f->more || f->at < f->len;
	if (f->v6)
		head6(f, dst, len, offset, more);
	else
		head4(f, dst, len, offset, more);
	return len;
}
