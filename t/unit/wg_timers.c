/*
 * wg_timers.c - the five timers of section 6, on the test's clock
 */
#include <errno.h>

#include "t/unit/wg_pair.h"

#define JITTER (LR_REKEY_JITTER_MS * MS)

static void stage(struct side *from, struct side *to)
{
	uint8_t packet[100];
	make_packet(packet, sizeof(packet), from, to, 0);
	lr_wg_stage(from->wg, now, from->peer, packet, sizeof(packet));
}

/* Nobody answers: a retry each 5 s and a bit, the end after 90 s. */
static void retransmission(void)
{
	uint64_t start, last, least = LR_NEVER, most = 0;
	unsigned sent = 0, wrong = 0;

	pair_open();
	start = last = now;
	stage(&a, &b);
	for (uint64_t at = 0; at != LR_NEVER && a.events[LR_WG_EVENT_GAVE_UP] == 0;
		at = lr_wg_deadline(a.wg)) {
		now = at > now ? at : now;
		size_t n = drain(&a);
		wrong += n > 1 || (n == 1 && drained[0].len != 148);
		if (n == 1 && sent++ > 0) {
			least = now - last < least ? now - last : least;
			most = now - last > most ? now - last : most;
		}
		last = n == 1 ? now : last;
	}
	is_int(wrong, 0, "nothing but one initiation at a time");
	ok(least >= 5 * S && most < 5 * S + JITTER, "each 5 s and up to 333 ms (%.3f to %.3f)",
		(double)least / S, (double)most / S);
	ok(most - least > 5 * MS, "not always the same");
	ok(sent >= 17 && sent <= 18, "in all %u", sent);
	is_int(now - start, 90 * S, "after 90 s it gives up");
	is_int(a.events[LR_WG_EVENT_GAVE_UP], 1, "and says so");
	is_int(a.peer->stats.drops[LR_WG_DROP_NO_SESSION], 1, "the staged packet is dropped");
	is_int(lr_wg_drops(a.wg)[LR_WG_DROP_NO_SESSION], 1, "by name");
	is_int(lr_peer_of(a.peer)->staged_bytes, 0, "and no byte kept");
	is_int(lr_wg_deadline(a.wg), now + 540 * S, "only the erasure is left to do");
	now += 540 * S;
	is_int(drain(&a), 0, "which sends nothing");
	ok(!lr_peer_of(a.peer)->handshake && a.wg->index.n == 0, "no key and no index remains");
	is_int(lr_wg_deadline(a.wg), LR_NEVER, "and then nothing is due for ever");
	stage(&a, &b);
	is_int(drain(&a), 1, "a packet starts it anew");
	pair_close();
}

/* Somebody goes on sending: the 90 s begin anew (section 6.4), staged bytes stay bounded. */
static void persistence(void)
{
	pair_open();
	for (int i = 0; i < 130; i++) {
		stage(&a, &b);
		while (drain(&a))
			;
		now += S;
	}
	is_int(a.events[LR_WG_EVENT_GAVE_UP], 0, "who goes on asking is not given up on");
	now += 90 * S;
	drain(&a);
	is_int(a.events[LR_WG_EVENT_GAVE_UP], 1, "90 s after the last packet it is");
	is_int(a.peer->stats.drops[LR_WG_DROP_NO_SESSION], 130, "with all that was staged");
	pair_close();
}

/* A message of `len` bytes leaves `s` at its next deadline, and no earlier than `at`. */
static void fires(struct side *s, uint64_t at, uint64_t slack, size_t len, const char *what)
{
	uint64_t due = lr_wg_deadline(s->wg);
	ok(due >= at && due <= at + slack, "%s: due in time (%.3f s off)", what,
		((double)due - (double)at) / S);
	now = due - 1;
	is_int(drain(s), 0, "not before");
	now = due;
	is_int(drain(s), 1, "then one message");
	is_int(drained[0].len, len, "of its kind");
}

static void passive_keepalive(void)
{
	uint64_t start;

	pair_open();
	pair_connect();
	run_until(now + 20 * S);
	start = now;
	ok(carry(&a, &b, 1), "a sends, b has nothing to say");
	fires(&b, start + 10 * S, 0, 32, "b's keepalive after 10 s");
	deliver(&b, &a, &drained[0]);
	is_int(a.peer->stats.rx_packets, 0, "which is no packet");
	is_int(lr_wg_deadline(b.wg), 1000 * S + 540 * S, "and b is idle again");
	is_int(lr_wg_deadline(a.wg), 1000 * S + 540 * S, "and so is a: it was answered");

	start = now += 10 * S;
	carry(&a, &b, 1);
	now += 5 * S;
	carry(&a, &b, 2);
	fires(&b, start + 10 * S, 0, 32, "data twice: one keepalive");
	is_int(lr_wg_deadline(b.wg), 1000 * S + 540 * S, "which answers both");

	run_until(now + 10 * S);
	carry(&a, &b, 1);
	now += 5 * S;
	lr_send_initiation(lr_peer_of(a.peer), now, false);
	drain(&a);
	deliver(&a, &b, &drained[0]);
	is_int(drain(&b), 1, "b responds to a handshake instead");
	is_int(lr_wg_deadline(b.wg), now + 540 * S, "which is an answer too");
	deliver(&b, &a, &drained[0]);
	settle();

	run_until(now + 10 * S);
	carry(&a, &b, 1);
	now += 5 * S;
	ok(carry(&b, &a, 1), "b answers with data");
	ok(lr_wg_deadline(b.wg) >= now + 15 * S,
		"so it owes no keepalive: next is its own unanswered data");
	pair_close();
}

static void new_handshake(void)
{
	uint64_t start;

	pair_open();
	pair_connect();
	run_until(now + 20 * S);
	start = now;
	ok(sealed(&a, &b, 1).len, "a sends, and it is lost");
	a.peer->endpoint.from = lr_ip4(0x0a000001);
	fires(&a, start + 15 * S, JITTER, 148, "no answer: a new handshake after 15 s");
	is_int(a.peer->endpoint.from.family, 0, "from whichever address works now");
	deliver(&a, &b, &drained[0]);
	settle();
	is_int(a.events[LR_WG_EVENT_HANDSHAKE], 2, "it succeeds");

	run_until(now + 20 * S);
	carry(&a, &b, 1);
	now += S;
	carry(&b, &a, 1);
	now += 14 * S + 999 * MS;
	is_int(drain(&a), 1, "answered data: no handshake, but a keepalive");
	is_int(drained[0].len, 32, "for b's");
	pair_close();
}

static void erasure(void)
{
	pair_open();
	pair_connect();
	run_until(now + 20 * S);
	is_int(lr_wg_deadline(a.wg), 1540 * S, "an idle tunnel: one deadline");
	is_int(lr_wg_deadline(b.wg), 1540 * S, "on both sides");
	now = 1540 * S;
	is_int(drain(&a) + drain(&b), 0, "at which nothing is sent");
	is_int(a.events[LR_WG_EVENT_EXPIRED], 1, "a's keys are erased");
	is_int(b.events[LR_WG_EVENT_EXPIRED], 1, "and b's");
	is_int(a.wg->index.n + b.wg->index.n, 0, "with their indices");
	is_int(lr_wg_deadline(a.wg), LR_NEVER, "nothing is due any more");
	pair_close();
}

static void persistent_keepalive(void)
{
	unsigned sent = 0, wrong = 0;

	pair_open();
	lr_wg_peer_set_keepalive(a.wg, now, a.peer, 25);
	is_int(lr_wg_deadline(a.wg), 0, "turned on: it wants out at once");
	settle();
	is_int(a.events[LR_WG_EVENT_HANDSHAKE], 1, "which makes a session");
	uint64_t from = b.peer->stats.rx_bytes;
	run_until(now + 110 * S);
	is_int(b.peer->stats.rx_bytes - from, 4 * 32, "and a message each 25 s");
	lr_wg_peer_set_keepalive(a.wg, now, a.peer, 10);
	ok(lr_wg_deadline(a.wg) <= now + 10 * S, "a shorter interval counts from now");
	lr_wg_peer_set_keepalive(a.wg, now, a.peer, 0);
	is_int(lr_wg_deadline(a.wg), 1000 * S + 540 * S, "turned off: idle");

	/* For longer than a session: the tunnel stays up by itself. */
	lr_wg_peer_set_keepalive(a.wg, now, a.peer, 25);
	run_until(now + 2000 * S);
	ok(a.events[LR_WG_EVENT_HANDSHAKE] >= 14 && a.events[LR_WG_EVENT_HANDSHAKE] <= 18,
		"2,000 s: %u sessions", a.events[LR_WG_EVENT_HANDSHAKE]);
	ok(carry(&b, &a, 1), "b can always reach a");
	pair_close();

	/* The other side is gone: handshakes go on, 90 s at a time, without end and without a
	 * flood. */
	pair_open();
	lr_wg_peer_set_keepalive(a.wg, now, a.peer, 25);
	for (uint64_t end = now + 1000 * S; now < end; now = lr_wg_deadline(a.wg)) {
		size_t n = drain(&a);
		wrong += n > 1;
		sent += n;
	}
	ok(sent >= 130 && sent <= 190 && wrong == 0, "to nobody: %u initiations in 1,000 s", sent);
	pair_close();

	/* The endpoint comes later. */
	pair_open();
	lr_wg_peer_set_endpoint(a.peer, &(struct lr_endpoint){0});
	lr_wg_peer_set_keepalive(a.wg, now, a.peer, 25);
	is_int(drain(&a), 0, "no endpoint: nothing to send");
	lr_wg_peer_set_endpoint(a.peer, &b.at);
	is_int(drain(&a), 1, "with one it begins");
	pair_close();
}

/* An initiation that had to wait for REKEY_TIMEOUT is not forgotten. */
static void postponed(void)
{
	pair_open();
	pair_connect();
	uint64_t first = now;
	lr_peer_forget(lr_peer_of(a.peer), LR_WG_DROP_NO_SESSION);
	now += S;
	stage(&a, &b);
	is_int(drain(&a), 0, "a second initiation within 5 s waits");
	fires(&a, first + 5 * S, 0, 148, "and comes then");
	pair_close();
}

int main(void)
{
	lr_crypto_init();
	retransmission();
	persistence();
	passive_keepalive();
	new_handshake();
	erasure();
	persistent_keepalive();
	postponed();
	return tap_done();
}
