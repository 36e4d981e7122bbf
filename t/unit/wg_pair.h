/*
 * wg_pair.h - two devices on a clock that the test owns, and a wire between them
 *
 * What a device wants to send is collected by drain() as copies; deliver() hands a message to the
 * other device. Nothing moves by itself, so a test can lose, repeat, reorder or forge at will.
 */
#ifndef LR_T_UNIT_WG_PAIR_H
#define LR_T_UNIT_WG_PAIR_H

#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/wg/device.h"
#include "lib/wg/timers.h"
#include "t/unit/tap.h"

#define S         LR_NS_PER_S
#define MS        LR_NS_PER_MS
#define MAX_DRAIN 256

struct side {
	struct lr_wg *wg;
	struct lr_wg_peer *peer; /* the other side, seen from here */
	uint8_t private_key[LR_KEY_LEN], public_key[LR_KEY_LEN];
	struct lr_endpoint at; /* where this side is */
	uint8_t inner[4];      /* its address in the tunnel */
	uint64_t wall;         /* its Unix time */
	uint64_t promise;
	unsigned promises;
	unsigned events[4];
};

struct message {
	struct lr_endpoint to;
	struct lr_wg_peer *peer;
	size_t len;
	uint8_t bytes[2048];
};

static struct side a, b;
static uint64_t now;
static struct message drained[MAX_DRAIN];

static inline void on_event(void *ctx, const struct lr_wg_event *event)
{
	((struct side *)ctx)->events[event->kind]++;
}

static inline uint64_t on_wall(void *ctx)
{
	return ((struct side *)ctx)->wall + now;
}

static inline void on_promise(void *ctx, uint64_t unix_ns)
{
	((struct side *)ctx)->promise = unix_ns;
	((struct side *)ctx)->promises++;
}

static inline struct lr_endpoint endpoint4(uint8_t last, uint16_t port)
{
	struct lr_endpoint e = {0};
	e.in.sin_family = AF_INET;
	e.in.sin_port = htons(port);
	e.in.sin_addr.s_addr = htonl(0xc0000200u | last); /* 192.0.2.last */
	return e;
}

static inline void side_open(struct side *s, uint8_t n)
{
	*s = (struct side){
		.wall = 1700000000 * S, .at = endpoint4(n, 51820), .inner = {10, 66, 0, n}};
	struct lr_wg_host host = {
		.ctx = s, .event = on_event, .wall = on_wall, .promise = on_promise};
	s->wg = lr_wg_new(&host);
	lr_keypair(s->private_key, s->public_key);
	lr_wg_set_key(s->wg, s->private_key);
}

static inline void side_meet(struct side *s, const struct side *other)
{
	struct lr_prefix p = {.ip.family = 4, .len = 32};
	memcpy(p.ip.b, other->inner, 4);
	s->peer = lr_wg_peer_add(s->wg, other->public_key);
	lr_wg_peer_set_endpoint(s->peer, &other->at);
	lr_wg_allow(s->wg, s->peer, &p);
}

/* Two devices that know each other; time begins at 1,000 s. */
static inline void pair_open(void)
{
	now = 1000 * S;
	side_open(&a, 1);
	side_open(&b, 2);
	side_meet(&a, &b);
	side_meet(&b, &a);
}

static inline void pair_close(void)
{
	lr_wg_free(a.wg);
	lr_wg_free(b.wg);
	a.wg = b.wg = NULL;
}

/* An IPv4 packet of `len` bytes from `from` to `to`, numbered in its last byte. */
static inline void make_packet(
	uint8_t *p, size_t len, const struct side *from, const struct side *to, uint8_t n)
{
	memset(p, 0x5a, len);
	p[0] = 0x45;
	lr_put_be16(p + 2, (uint16_t)len);
	memcpy(p + 12, from->inner, 4);
	memcpy(p + 16, to->inner, 4);
	p[len - 1] = n;
}

/* All that the side wants to send now, into `drained`; how many. */
static inline size_t drain(struct side *s)
{
	struct lr_wg_tx tx;
	size_t n = 0;
	while (n < MAX_DRAIN && lr_wg_poll(s->wg, now, &tx)) {
		drained[n] = (struct message){.to = tx.to, .peer = tx.peer, .len = tx.len};
		memcpy(drained[n++].bytes, tx.msg, tx.len);
	}
	return n;
}

static inline struct lr_wg_rx deliver(const struct side *from, struct side *to, struct message *m)
{
	struct lr_wg_rx rx;
	lr_wg_receive(to->wg, now, &from->at, m->bytes, m->len, &rx);
	return rx;
}

/* Carries everything both ways until nobody has anything to send. Data packets that arrive are
 * counted. */
static inline unsigned settle(void)
{
	unsigned delivered = 0;
	for (int round = 0; round < 20; round++) {
		size_t n = drain(&a), m;
		for (size_t i = 0; i < n; i++)
			delivered += deliver(&a, &b, &drained[i]).kind == LR_WG_RX_DATA;
		m = drain(&b);
		for (size_t i = 0; i < m; i++)
			delivered += deliver(&b, &a, &drained[i]).kind == LR_WG_RX_DATA;
		if (n + m == 0)
			break;
	}
	return delivered;
}

/* Seals one packet; the message, or one of length 0 when there is no session. */
static inline struct message sealed(struct side *from, struct side *to, uint8_t n)
{
	struct message m = {.len = 0};
	make_packet(m.bytes + LR_WG_HEAD, 100, from, to, n);
	int len = lr_wg_seal(from->wg, now, from->peer, m.bytes, 100, 1420);
	m.len = len > 0 ? (size_t)len : 0;
	return m;
}

/* One packet from side to side; true when it came out as it went in. */
static inline bool carry(struct side *from, struct side *to, uint8_t n)
{
	uint8_t want[100];
	make_packet(want, sizeof(want), from, to, n);
	struct message m = sealed(from, to, n);
	if (m.len == 0)
		return false;
	struct lr_wg_rx rx = deliver(from, to, &m);
	return rx.kind == LR_WG_RX_DATA && rx.peer == to->peer && rx.len == sizeof(want) &&
	       memcmp(rx.packet, want, sizeof(want)) == 0;
}

/* A session between a, the initiator, and b. */
static inline void pair_connect(void)
{
	uint8_t packet[100];
	make_packet(packet, sizeof(packet), &a, &b, 0);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet));
	settle();
}

/* Lets the clock run to `until`, doing what falls due on the way, carrying what is sent. */
static inline unsigned run_until(uint64_t until)
{
	unsigned delivered = settle();
	for (;;) {
		uint64_t next = lr_wg_deadline(a.wg), other = lr_wg_deadline(b.wg);
		next = other < next ? other : next;
		if (next > until)
			break;
		now = next > now ? next : now;
		delivered += settle();
	}
	now = until;
	return delivered;
}

#endif
