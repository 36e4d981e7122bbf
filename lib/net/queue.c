/*
 * queue.c - see queue.h; CoDel as in RFC 8289, section 5
 */
#include "lib/net/queue.h"

#include <math.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"

#define LINE      64u    /* bytes of a cache line */
#define ONE_FRAME 65536u /* CoDel leaves a queue of no more than one packet alone */

void lr_queue_init(struct lr_queue *q)
{
	memset(q, 0, sizeof(*q));
}

/* --- which flow, which class --- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio: Knuth, TAOCP 6.4 */
	return h ^ h >> 29;
}

/* Addresses, protocol and, where there are some, ports. A fragment goes with its addresses. */
static uint16_t flow_of(const uint8_t *packet, const struct lr_packet *p)
{
	const uint8_t *at = packet + p->src_at;
	uint64_t h = p->proto;

	for (unsigned i = p->family == 6 ? 4 : 1; i > 0; i--, at += 8)
		h = mix(h, lr_get_be64(at));
	if (!p->fragment && (p->proto == LR_TCP || p->proto == LR_UDP) && p->len >= p->l4_at + 4u)
		h = mix(h, lr_get_be32(packet + p->l4_at));
	return (uint16_t)(h >> 32) % LR_QUEUE_FLOWS;
}

/* Whether the flow's bucket has room for `bytes`. They are taken out of it in any case: who sends
 * too much is bulk until he sends less. */
static bool within_rate(struct lr_queue_flow *f, uint64_t now, size_t bytes, unsigned share)
{
	const uint64_t room = LR_QUEUE_BURST * LR_NS_PER_S / LR_QUEUE_RATE;
	uint64_t cost = bytes * LR_NS_PER_S / LR_QUEUE_RATE / share;
	uint64_t level = f->at_ns ? f->level_ns + (now - f->at_ns) : room;

	f->at_ns = now;
	f->level_ns = level < room ? level : room;
	bool room_left = f->level_ns >= cost;
	f->level_ns -= room_left ? cost : f->level_ns;
	return room_left;
}

enum lr_queue_class lr_queue_class(struct lr_queue *q, uint64_t now, const uint8_t *packet,
	size_t len, bool many, bool marked, uint16_t *flow)
{
	struct lr_packet p;

	*flow = 0;
	if (lr_packet_parse(packet, len, &p) != LR_IP_FINE)
		return LR_QUEUE_GAME;
	*flow = flow_of(packet, &p);
	struct lr_queue_flow *f = &q->flows[*flow];
	unsigned share = marked || lr_packet_dscp(packet) == LR_DSCP_EF ? LR_QUEUE_MARKED : 1;
	bool slow = within_rate(f, now, len, share);
	return f->waiting || many || !slow ? LR_QUEUE_BULK : LR_QUEUE_GAME;
}

/* --- what waits --- */

static struct lr_queue_item take_oldest(struct lr_queue *q)
{
	struct lr_queue_item item = q->ring[q->first];

	q->first = (q->first + 1) % LR_QUEUE_ITEMS;
	q->count--;
	q->bytes -= item.bytes;
	q->flows[item.flow].waiting--;
	return item;
}

size_t lr_queue_place(struct lr_queue *q)
{
	const uint32_t head = q->ring[q->first].place;

	if (q->count == 0)
		q->first = q->tail = 0;
	else if (q->tail > head && LR_QUEUE_ROOM - q->tail < LR_QUEUE_FRAME && head > 0)
		q->tail = 0; /* the rest at the end is too short */
	bool room =
		q->count == 0 || (q->tail > head ? LR_QUEUE_ROOM : head) - q->tail > LR_QUEUE_FRAME;
	return room && q->count < LR_QUEUE_ITEMS ? q->tail : LR_QUEUE_ROOM;
}

bool lr_queue_put(struct lr_queue *q, uint64_t now, uint16_t flow, size_t bytes)
{
	size_t place = lr_queue_place(q);

	if (place == LR_QUEUE_ROOM) {
		q->drops[LR_QUEUE_DROP_FULL]++;
		return false;
	}
	q->ring[(q->first + q->count++) % LR_QUEUE_ITEMS] =
		(struct lr_queue_item){now, (uint32_t)place, (uint32_t)bytes, flow};
	q->tail += ((uint32_t)bytes + LINE - 1) & ~(LINE - 1);
	q->bytes += bytes;
	q->flows[flow].waiting++;
	return true;
}

/* The next packet; *late: for a whole period every packet stood longer than the target. False:
 * there is none. */
static bool next(struct lr_queue *q, uint64_t now, struct lr_queue_item *item, bool *late)
{
	*late = false;
	if (q->count == 0) {
		q->above_ns = 0;
		return false;
	}
	*item = take_oldest(q);
	if (now - item->at_ns < LR_QUEUE_TARGET || q->bytes <= ONE_FRAME)
		q->above_ns = 0;
	else if (q->above_ns == 0)
		q->above_ns = now + LR_QUEUE_PERIOD;
	else
		*late = now >= q->above_ns;
	return true;
}

static uint64_t control_law(uint64_t from, uint32_t count)
{
	return from + (uint64_t)((double)LR_QUEUE_PERIOD / sqrt(count));
}

/* Begins to drop, at the pace at which it stopped if that was just now. */
static void begin_dropping(struct lr_queue *q, uint64_t now)
{
	uint32_t delta = q->dropped - q->last_dropped;
	bool recent = q->next_ns && now - q->next_ns < 16 * LR_QUEUE_PERIOD;

	q->dropping = true;
	q->dropped = recent && delta > 1 ? delta : 1;
	q->last_dropped = q->dropped;
	q->next_ns = control_law(now, q->dropped);
}

/* CoDel's half of lr_queue_get(): *item is late. */
static bool drop_late(struct lr_queue *q, uint64_t now, struct lr_queue_item *item)
{
	bool late = true, some = true;

	if (!q->dropping) {
		q->drops[LR_QUEUE_DROP_AGE]++;
		some = next(q, now, item, &late);
		begin_dropping(q, now);
	}
	while (q->dropping && now >= q->next_ns) {
		q->drops[LR_QUEUE_DROP_AGE]++;
		q->dropped++;
		some = next(q, now, item, &late);
		q->dropping = late;
		q->next_ns = control_law(q->next_ns, q->dropped);
	}
	return some;
}

bool lr_queue_get(struct lr_queue *q, uint64_t now, size_t *place, size_t *bytes)
{
	struct lr_queue_item item = {0};
	bool late;
	bool some = next(q, now, &item, &late);

	if (late)
		some = drop_late(q, now, &item);
	else
		q->dropping = false;
	*place = item.place;
	*bytes = item.bytes;
	return some;
}
