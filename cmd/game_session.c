/*
 * game_session.c - a game is not played any more: how long it was, and how well one could play with
 * whom
 *
 * The node gathers that while a game is active (lib/node/play_session.h), and tells it to whoever
 * takes the profile back.
 */
#include <stdio.h>

#include "cmd/game.h"
#include "lib/game/session.h"
#include "terms.h"

void lr_game_tell_session(
	const struct lr_game_args *a, const char *what, const char *game, const json_t *session)
{
	json_t *duration = json_object_get(session, LR_K_DURATION_S);
	json_t *peers = json_object_get(session, LR_K_PEERS);
	const unsigned s = (unsigned)json_number_value(duration);

	if (a->json) {
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_EVENT, what);
		lr_json_put_str(o, LR_K_GAME, game);
		lr_json_put(o, LR_K_DURATION_S, duration ? json_incref(duration) : json_real(0));
		lr_json_put(o, LR_K_PEERS, peers ? json_incref(peers) : json_array());
		lr_game_line(o);
		return;
	}
	printf("%s %s after %u:%02u:%02u\n", what, game, s / 3600, s / 60 % 60, s % 60);
	lr_session_print(stdout, peers);
	fflush(stdout);
}
