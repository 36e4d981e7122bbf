/*
 * game_session.c - a game has ended: how long it was played, and how well one could play with whom
 *
 * Each member's figures are those of the node at the end (its status, "path"): round trip and
 * jitter of the last while, loss of the last 128 pings, quality of some 10 s.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/game.h"
#include "lib/base/clock.h"
#include "terms.h"

/* Those that a session is live with. New reference; NULL: the node does not say. */
static json_t *ask_peers(struct lr_client *c)
{
	json_t *status = lr_client_ask(c, lr_client_request("status"), NULL);
	json_t *list = status ? json_array() : NULL, *peer;
	size_t i;

	json_array_foreach (json_object_get(status, LR_K_PEERS), i, peer) {
		json_t *path = json_object_get(peer, LR_K_PATH);
		const char *kind = json_string_value(json_object_get(path, LR_K_KIND));
		if (!kind || strcmp(kind, "none") == 0)
			continue;
		json_t *one = json_object();
		lr_json_put(one, LR_K_PEER, json_incref(json_object_get(peer, LR_K_PEER)));
		lr_json_put(one, LR_K_PATH, json_incref(path));
		json_array_append_new(list, one);
	}
	json_decref(status);
	return list;
}

static void print_peer(const json_t *one)
{
	const json_t *path = json_object_get(one, LR_K_PATH);
	const json_t *q = json_object_get(path, LR_K_QUALITY);
	const char *name = json_string_value(json_object_get(one, LR_K_PEER));

	if (!json_is_object(q)) {
		printf("  %s: not measured\n", name);
		return;
	}
	printf("  %s: %s, %d of 100; round trip %.1f ms, jitter %.1f ms, loss %.1f %%\n", name,
		json_string_value(json_object_get(q, LR_K_GRADE)),
		(int)json_integer_value(json_object_get(q, LR_K_SCORE)),
		json_number_value(json_object_get(path, LR_K_RTT_US)) / 1e3,
		json_number_value(json_object_get(path, LR_K_JITTER_US)) / 1e3,
		json_number_value(json_object_get(path, LR_K_LOSS)) * 100);
}

void lr_game_tell_session(const struct lr_game_args *a, struct lr_client *c, const char *what,
	const char *game, uint64_t ns)
{
	const unsigned s = (unsigned)(ns / LR_NS_PER_S);
	json_t *peers = ask_peers(c), *peer;
	size_t i;

	if (a->json) {
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_EVENT, what);
		lr_json_put_str(o, LR_K_GAME, game);
		lr_json_put_real(o, LR_K_DURATION_S, (double)(ns / LR_NS_PER_MS) / 1e3);
		lr_json_put(o, LR_K_PEERS, peers ? peers : json_array());
		lr_game_line(o);
		return;
	}
	printf("%s %s after %u:%02u:%02u\n", what, game, s / 3600, s / 60 % 60, s % 60);
	json_array_foreach (peers, i, peer)
		print_peer(peer);
	fflush(stdout);
	json_decref(peers);
}
