/*
 * pieces.c - EtherIP packets that were cut on the way, put together
 *
 * Theory of operation. A member's fragments lie in one list, sorted by datagram and offset, each
 * with the time at which it came. Whenever one is added the datagram is looked at: without a gap
 * from 0 to a last one, it is copied together and its fragments go. Two that overlap end the
 * datagram (RFC 5722, which is right for IPv4, too). After 2 s a fragment is lost; of one member 64
 * are kept, and the oldest gives way.
 *
 * Source: RFC 791 3.2, RFC 8200 4.5, RFC 5722.
 */
#include "lib/lan/lan_inside.h"

#include <stdlib.h>
#include <string.h>

#define LIFE_NS (2 * LR_NS_PER_S)
enum { UNIT = 8, IP4_MORE = 0x2000, IP4_OFFSET = 0x1fff, IP6_MORE = 1, IP6_OFFSET = 0xfff8 };
enum { NEXT_FRAGMENT = 44 };

static bool same(const struct lr_lan_piece *a, const struct lr_lan_piece *b)
{
	return a->id == b->id && a->family == b->family;
}

/* What the headers say of it; false: an extension header between, which nobody of ours makes. */
static bool read_head(const uint8_t *packet, const struct lr_packet *p, struct lr_lan_piece *out)
{
	uint16_t word = lr_get_be16(packet + (p->family == 4 ? 6 : 42));

	*out = (struct lr_lan_piece){.family = p->family, .len = (uint16_t)(p->len - p->l4_at)};
	if (p->family == 4) {
		out->id = lr_get_be16(packet + 4);
		out->offset = (word & IP4_OFFSET) * (uint32_t)UNIT;
		out->more = word & IP4_MORE;
		return true;
	}
	out->id = lr_get_be32(packet + 44);
	out->offset = word & IP6_OFFSET;
	out->more = word & IP6_MORE;
	return packet[6] == NEXT_FRAGMENT && p->l4_at == 48;
}

static void drop(struct lr_lan_member *m, struct lr_lan_piece **at)
{
	struct lr_lan_piece *gone = *at;

	*at = gone->next;
	m->n_pieces--;
	free(gone);
}

/* Those that are too old; whether there were some. */
static bool expire(struct lr_lan_member *m, uint64_t now)
{
	unsigned before = m->n_pieces;

	for (struct lr_lan_piece **at = &m->pieces; *at;)
		if ((*at)->at_ns + LIFE_NS <= now)
			drop(m, at);
		else
			at = &(*at)->next;
	return m->n_pieces < before;
}

static void drop_oldest(struct lr_lan_member *m)
{
	struct lr_lan_piece **oldest = &m->pieces;

	for (struct lr_lan_piece **at = &m->pieces; *at; at = &(*at)->next)
		if ((*at)->at_ns < (*oldest)->at_ns)
			oldest = at;
	drop(m, oldest);
}

static void drop_datagram(struct lr_lan_member *m, const struct lr_lan_piece *of)
{
	const struct lr_lan_piece key = *of; /* it may be one of those */

	for (struct lr_lan_piece **at = &m->pieces; *at;)
		if (same(*at, &key))
			drop(m, at);
		else
			at = &(*at)->next;
}

static bool goes_behind(const struct lr_lan_piece *a, const struct lr_lan_piece *b)
{
	if (a->family != b->family)
		return a->family > b->family;
	return a->id != b->id ? a->id > b->id : a->offset > b->offset;
}

static void insert(struct lr_lan_member *m, struct lr_lan_piece *piece)
{
	struct lr_lan_piece **at = &m->pieces;

	while (*at && goes_behind(piece, *at))
		at = &(*at)->next;
	piece->next = *at;
	*at = piece;
	m->n_pieces++;
}

enum state { WAITING, COMPLETE, BROKEN };

/* What has come of the datagram of `of`; *len: of it, when it is complete. */
static enum state look(const struct lr_lan_member *m, const struct lr_lan_piece *of, size_t *len)
{
	uint32_t end = 0;
	bool gap = false, last = false;

	for (const struct lr_lan_piece *p = m->pieces; p; p = p->next) {
		if (!same(p, of))
			continue;
		if (p->offset < end || last)
			return BROKEN;
		gap |= p->offset > end;
		end = p->offset + p->len;
		last = !p->more;
	}
	*len = end;
	return last && !gap ? COMPLETE : WAITING;
}

static void assemble(struct lr_lan *lan, struct lr_lan_member *m, const struct lr_lan_piece *of)
{
	for (const struct lr_lan_piece *p = m->pieces; p; p = p->next)
		if (same(p, of))
			memcpy(lan->whole + p->offset, p->bytes, p->len);
}

/* A copy of the fragment in the list; NULL: out of memory. */
static struct lr_lan_piece *keep(struct lr_lan_member *m, uint64_t now,
	const struct lr_lan_piece *head, const uint8_t *bytes)
{
	struct lr_lan_piece *piece = malloc(sizeof(*piece) + head->len);

	if (!piece)
		return NULL;
	*piece = *head;
	piece->at_ns = now;
	memcpy(piece->bytes, bytes, head->len);
	insert(m, piece);
	return piece;
}

uint8_t *lr_lan_pieces_add(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *packet, const struct lr_packet *p, size_t *len, enum lr_lan_drop *why)
{
	struct lr_lan_piece head;

	if (expire(from, now))
		lan->drops[LR_LAN_DROP_PIECES]++;
	*why = LR_LAN_DROP_PIECES;
	if (!read_head(packet, p, &head) || head.offset + head.len > sizeof(lan->whole))
		return NULL;
	if (from->n_pieces == LR_LAN_PIECES) {
		drop_oldest(from);
		lan->drops[LR_LAN_DROP_PIECES]++;
	}
	struct lr_lan_piece *piece = keep(from, now, &head, packet + p->l4_at);
	if (!piece)
		return NULL;
	enum state state = look(from, piece, len);
	if (state != BROKEN)
		*why = LR_LAN_DROP_NONE;
	if (state == COMPLETE)
		assemble(lan, from, piece);
	if (state != WAITING)
		drop_datagram(from, piece);
	return state == COMPLETE ? lan->whole : NULL;
}

void lr_lan_pieces_release(struct lr_lan_member *m)
{
	while (m->pieces)
		drop(m, &m->pieces);
}
