/*
 * wg_peers.c - many peers: one hub and a thousand, the limit, adding and removing, the index table
 */
#include <errno.h>

#include "t/unit/wg_pair.h"

enum { MANY = 1000 };

static struct side hub, spokes[MANY];

/* Carries all that one side has to the other. */
static unsigned carry_all(struct side *from, struct side *to)
{
	unsigned delivered = 0;
	size_t n = drain(from);
	for (size_t i = 0; i < n; i++)
		delivered += deliver(from, to, &drained[i]).kind == LR_WG_RX_DATA;
	return delivered;
}

static void thousand(void)
{
	uint8_t packet[100];
	unsigned delivered = 0, back = 0;

	now = 1000 * S;
	side_open(&hub, 1);
	for (int i = 0; i < MANY; i++) {
		side_open(&spokes[i], 2);
		spokes[i].inner[2] = (uint8_t)(1 + i / 250);
		spokes[i].inner[3] = (uint8_t)(1 + i % 250);
		spokes[i].at.in.sin_port = htons((uint16_t)(2000 + i));
		side_meet(&spokes[i], &hub);
		side_meet(&hub, &spokes[i]);
		spokes[i].peer->owner = &spokes[i];
		hub.peer->owner = &spokes[i];
	}
	is_int(lr_wg_peer_count(hub.wg), MANY, "a thousand peers");
	for (int i = 0; i < MANY; i++) {
		make_packet(packet, sizeof(packet), &spokes[i], &hub, 0);
		lr_wg_stage(spokes[i].wg, now, spokes[i].peer, packet, sizeof(packet));
		carry_all(&spokes[i], &hub);
		carry_all(&hub, &spokes[i]);
		delivered += carry_all(&spokes[i], &hub);
		now += 2 * MS;
	}
	is_int(delivered, MANY, "each shakes hands and delivers");
	is_int(hub.events[LR_WG_EVENT_HANDSHAKE], MANY, "as many sessions");
	for (int i = 0; i < MANY; i++) {
		struct lr_wg_peer *to = lr_wg_route(hub.wg, 4, spokes[i].inner);
		if (!to || to->owner != &spokes[i])
			continue;
		struct message m = {0};
		make_packet(m.bytes + LR_WG_HEAD, 100, &hub, &spokes[i], 0);
		m.len = (size_t)lr_wg_seal(hub.wg, now, to, m.bytes, 100, 1420);
		back += deliver(&hub, &spokes[i], &m).kind == LR_WG_RX_DATA;
	}
	is_int(back, MANY, "and is reached back by its address");
}

static void removal(void)
{
	struct lr_wg_peer *p = lr_wg_peers(hub.wg);
	unsigned found = 0, wrong = 0, n = 0;

	for (int i = 0; p; i++) { /* every second one goes */
		struct lr_wg_peer *next = p->next;
		if (i % 2)
			lr_wg_peer_remove(hub.wg, p);
		p = next;
	}
	is_int(lr_wg_peer_count(hub.wg), MANY / 2, "every second is removed");
	for (int i = 0; i < MANY; i++) {
		struct lr_wg_peer *there = lr_wg_peer_find(hub.wg, spokes[i].public_key);
		found += there != NULL;
		wrong += (there != NULL) != (i % 2 == 0);
		wrong += lr_wg_route(hub.wg, 4, spokes[i].inner) != there;
	}
	ok(found == MANY / 2 && wrong == 0, "the right ones, with their addresses");
	lr_wg_peers_foreach (hub.wg, q)
		wrong += q->owner != &spokes[2 * n++];
	ok(wrong == 0 && n == MANY / 2, "in the order in which they came");
	is_int(hub.wg->index.n, MANY / 2, "one index a session");
	unsigned bad = 0;
	for (int i = 0; i < MANY; i++) {
		struct message m = sealed(&spokes[i], &hub, 1);
		struct lr_wg_rx rx = deliver(&spokes[i], &hub, &m);
		bad += i % 2 ? rx.drop != LR_WG_DROP_UNKNOWN_INDEX : rx.kind != LR_WG_RX_DATA;
	}
	is_int(bad, 0, "the removed are strangers, all others go on");
	for (int i = 0; i < MANY; i++)
		lr_wg_free(spokes[i].wg);
	lr_wg_free(hub.wg);
}

/* Removed in the middle of everything: nothing may point to it. */
static void removed_while_busy(void)
{
	uint8_t packet[100];

	pair_open();
	pair_connect();
	now += 6 * S;
	lr_send_initiation(lr_peer_of(b.peer), now, false);
	drain(&b);
	deliver(&b, &a, &drained[0]); /* a response to b waits at a */
	make_packet(packet, sizeof(packet), &a, &b, 1);
	lr_wg_stage(a.wg, now, a.peer, packet, sizeof(packet)); /* and a packet */
	lr_send_initiation(lr_peer_of(a.peer), now, false);     /* and an initiation */
	const struct lr_wg_sums before = lr_wg_sum(a.wg);
	lr_wg_peer_remove(a.wg, a.peer);
	const struct lr_wg_sums after = lr_wg_sum(a.wg);
	ok(before.tx_bytes > 0 && memcmp(&before, &after, sizeof(after)) == 0,
		"what it received and sent stays in the sum");
	is_int(drain(&a), 0, "nothing is left to send");
	is_int(lr_wg_deadline(a.wg), LR_NEVER, "or to do");
	is_int(a.wg->index.n, 0, "no index");
	is_int(lr_wg_drops(a.wg)[LR_WG_DROP_NO_SESSION], 1, "the staged packet is counted");
	ok(!lr_wg_route(a.wg, 4, b.inner), "no route");
	pair_close();
}

static void limit(void)
{
	uint8_t key[32] = {1};
	unsigned refused = 0;

	pair_open();
	for (uint32_t i = 1; i < LR_WG_MAX_PEERS; i++) { /* b is one already */
		lr_put_le32(key + 4, i);
		refused += !lr_wg_peer_add(a.wg, key);
	}
	is_int(refused, 0, "65,536 peers");
	key[1] = 1;
	errno = 0;
	ok(!lr_wg_peer_add(a.wg, key) && errno == ENOSPC, "and no more");
	key[1] = 0;
	ok(lr_wg_peer_add(a.wg, key) == lr_wg_peer_find(a.wg, key), "an old one is found");
	pair_connect();
	ok(carry(&a, &b, 1) && carry(&b, &a, 2), "and the first of all still has its tunnel");
	ok(sizeof(struct lr_peer) <= 832, "an idle peer is %zu bytes", sizeof(struct lr_peer));
	pair_close();
}

/* The index table against a plain array. */
static void indices(void)
{
	enum { SLOTS = 500 };
	uint32_t mine[SLOTS] = {0};
	struct lr_index t = {0};
	unsigned wrong = 0, n = 0;

	for (int i = 0; i < 50000; i++) {
		uint32_t at = lr_random_below(SLOTS);
		struct lr_index_slot *s = lr_index_find(&t, mine[at]);
		if (mine[at]) {
			wrong += !s || s->peer != (struct lr_peer *)&mine[at];
			lr_index_remove(&t, mine[at]);
			wrong += lr_index_find(&t, mine[at]) != NULL;
			mine[at] = 0;
			n--;
		} else {
			wrong += s != NULL;
			mine[at] =
				lr_index_add(&t, (struct lr_index_slot){.kind = LR_INDEX_HANDSHAKE,
							 .peer = (struct lr_peer *)&mine[at]});
			wrong += mine[at] == 0;
			n++;
		}
		wrong += t.n != n;
	}
	is_int(wrong, 0, "50,000 changes of the index table");
	ok(t.room >= 2 * t.n && t.room <= 2048, "at most half full");
	lr_index_remove(&t, 0);
	lr_index_remove(&t, 12345);
	lr_index_release(&t);
}

int main(void)
{
	lr_crypto_init();
	thousand();
	removal();
	removed_while_busy();
	limit();
	indices();
	return tap_done();
}
