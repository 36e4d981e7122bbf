/*
 * session.h - a game was played for so long: how well one could, with whom
 *
 * Theory of operation. The owner begins a session when a game becomes active and ends it when it is
 * no more. In between it looks at each peer every LR_SESSION_LOOK_NS and hands in what was measured
 * of the way there; means and extremes are gathered, nothing is kept of the single look. What was
 * never measured has no value.
 */
#ifndef LR_GAME_SESSION_H
#define LR_GAME_SESSION_H

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/game/game.h"

#define LR_SESSION_LOOK_NS (2 * LR_NS_PER_S)
#define LR_SESSION_PEERS   256
#define LR_SESSION_WHO     64 /* bytes of a peer's name, NUL included */

struct lr_session_sum {
	uint32_t n;
	double sum, min, max; /* only when n > 0 */
};

/* What a look found; values that were not measured are less than 0. */
struct lr_session_look {
	uint8_t key[LR_KEY_LEN];
	char who[LR_SESSION_WHO];
	bool pings; /* the round trip is of pings, else of the last handshake */
	double rtt_us, jitter_us, loss, score;
};

struct lr_session_peer {
	uint8_t key[LR_KEY_LEN];
	char who[LR_SESSION_WHO]; /* as it was called last */
	uint32_t looks;
	bool pings;
	struct lr_session_sum rtt_us, jitter_us, loss, score;
};

struct lr_session {
	char game[LR_GAME_NAME_MAX];
	uint64_t began_ns, ended_ns; /* monotonic; ended 0: it is on */
	uint64_t began_unix_ns, ended_unix_ns;
	struct lr_session_peer *peers;
	unsigned n;
};

/* NULL: out of memory. */
struct lr_session *lr_session_new(const char *game, uint64_t now, uint64_t unix_ns);
void lr_session_free(struct lr_session *s); /* NULL is fine */
/* A peer that is new after LR_SESSION_PEERS, or without memory, is left out. */
void lr_session_take(struct lr_session *s, const struct lr_session_look *look);
void lr_session_end(struct lr_session *s, uint64_t now, uint64_t unix_ns);
/* How long it has been played, in ns. */
uint64_t lr_session_ns(const struct lr_session *s, uint64_t now);
/* As share/schema/session.json. New reference. */
json_t *lr_session_json(const struct lr_session *s, uint64_t now);
/* Of that JSON: a line for each peer, indented, for people. */
void lr_session_print(FILE *out, const json_t *peers);

#endif
