/*
 * game_session.c - what is gathered of a game while it is played; on a clock of the test's own
 */
#include "lib/game/session.h"

#include <stdlib.h>

#include "t/unit/tap.h"
#include "terms.h"

#define S LR_NS_PER_S

static struct lr_session_look look(uint8_t key, const char *who)
{
	struct lr_session_look l = {
		.key = {key}, .rtt_us = -1, .jitter_us = -1, .loss = -1, .score = -1};

	snprintf(l.who, sizeof(l.who), "%s", who);
	return l;
}

static double number(const json_t *peer, const char *key)
{
	return json_number_value(json_object_get(peer, key));
}

int main(void)
{
	struct lr_session *s = lr_session_new("openttd", 100 * S, 1700000000 * S);
	struct lr_session_look b = look(1, "b"), c = look(2, "c"), d = look(3, "d");
	char *text = NULL;
	size_t size;

	b.pings = true;
	for (int i = 0; i < 4; i++) {
		b.rtt_us = 10000 + 2000 * i;
		b.jitter_us = 500;
		b.loss = i == 3 ? 0.04 : 0;
		b.score = i == 2 ? 60.4 : 90;
		lr_session_take(s, &b);
	}
	c.rtt_us = 7000;
	lr_session_take(s, &c);
	lr_session_take(s, &d);
	is_int(lr_session_ns(s, 163 * S), 63 * S, "it has been played so long");
	json_t *o = lr_session_json(s, 163 * S);
	const json_t *peers = json_object_get(o, LR_K_PEERS);
	const json_t *pb = json_array_get(peers, 0), *pc = json_array_get(peers, 1);
	is_int((int)json_array_size(peers), 3, "each peer once");
	ok(json_is_null(json_object_get(o, LR_K_ENDED)), "it is on");
	is_int((int)number(pb, LR_K_LOOKS), 4, "looked at four times");
	is_int((int)number(pb, LR_K_RTT_US), 13000, "mean round trip");
	is_int((int)number(pb, LR_K_RTT_MAX_US), 16000, "the longest");
	is_int((int)(number(pb, LR_K_LOSS) * 1000), 10, "mean loss");
	is_int((int)number(pb, LR_K_SCORE), 83, "mean score");
	is_int((int)number(pb, LR_K_SCORE_MIN), 60, "the lowest");
	is_str(json_string_value(json_object_get(pc, LR_K_RTT_OF)), "handshake",
		"a peer that answers no pings: of what the round trip is");
	ok(json_is_null(json_object_get(pc, LR_K_JITTER_US)) &&
			json_is_null(json_object_get(pc, LR_K_SCORE)),
		"and nothing that was not measured");
	FILE *out = open_memstream(&text, &size);
	lr_session_print(out, peers);
	fclose(out);
	is_str(text,
		"  b: 83 of 100 (lowest 60); round trip 13.0 ms (at most 16.0), jitter 0.5 ms, "
		"loss "
		"1.0 %\n"
		"  c: round trip 7.0 ms, of handshakes\n"
		"  d: not measured\n",
		"for people");
	free(text);
	json_decref(o);
	lr_session_end(s, 200 * S, 1700000100 * S);
	is_int(lr_session_ns(s, 900 * S), 100 * S, "ended, it grows no more");
	for (unsigned i = 0; i < 2 * LR_SESSION_PEERS; i++) {
		b.key[1] = (uint8_t)i;
		b.key[2] = (uint8_t)(i >> 8);
		lr_session_take(s, &b);
	}
	is_int(s->n, LR_SESSION_PEERS, "no more peers than that");
	lr_session_free(s);
	return tap_done();
}
