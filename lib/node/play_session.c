/*
 * play_session.c - see play_session.h
 */
#include "lib/node/play_session.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/game/session.h"
#include "lib/nat/reach.h"
#include "lib/node/report.h"
#include "terms.h"

struct lr_play_sessions {
	struct lr_session **at; /* by when they began */
	unsigned n, on;         /* all; those that are on */
	uint64_t look_ns;
};

static struct lr_session *find(const struct lr_play_sessions *s, const char *game)
{
	for (unsigned i = 0; i < s->n; i++)
		if (!s->at[i]->ended_ns && strcmp(s->at[i]->game, game) == 0)
			return s->at[i];
	return NULL;
}

static bool among(const json_t *names, const char *game)
{
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name)
		if (strcmp(json_string_value(name), game) == 0)
			return true;
	return false;
}

static void tell(struct lr_node *node, enum lr_node_event_kind kind, const struct lr_session *s)
{
	lr_node_tell_event(
		node, &(struct lr_node_event){.kind = kind, .game = s->game, .session = s});
}

/* --- begin and end --- */

static void begin(struct lr_node *node, struct lr_play_sessions *s, const char *game)
{
	void *more = realloc(s->at, (s->n + 1) * sizeof(*s->at));
	struct lr_session *one = more ? lr_session_new(game, node->loop.now, lr_wall()) : NULL;

	if (more)
		s->at = more;
	if (!one)
		return; /* out of memory: the game is played all the same */
	s->at[s->n++] = one;
	if (s->on++ == 0)
		s->look_ns = node->loop.now;
	tell(node, LR_NODE_EVENT_GAME_BEGAN, one);
}

/* What ended first makes room. */
static void forget_old(struct lr_play_sessions *s)
{
	for (unsigned i = 0; i < s->n && s->n - s->on > LR_PLAY_ENDED;) {
		if (!s->at[i]->ended_ns) {
			i++;
			continue;
		}
		lr_session_free(s->at[i]);
		memmove(&s->at[i], &s->at[i + 1], (--s->n - i) * sizeof(*s->at));
	}
}

void lr_play_sessions_set(struct lr_node *node, const json_t *names)
{
	const json_t *name;
	size_t i;

	if (!node->sessions)
		node->sessions = calloc(1, sizeof(*node->sessions));
	struct lr_play_sessions *s = node->sessions;
	if (!s)
		return;
	for (unsigned k = 0; k < s->n; k++)
		if (!s->at[k]->ended_ns && !among(names, s->at[k]->game)) {
			lr_session_end(s->at[k], node->loop.now, lr_wall());
			s->on--;
			tell(node, LR_NODE_EVENT_GAME_ENDED, s->at[k]);
		}
	json_array_foreach (names, i, name)
		if (!find(s, json_string_value(name)))
			begin(node, s, json_string_value(name));
	forget_old(s);
}

/* --- looks --- */

static double known(bool is, double value)
{
	return is ? value : -1;
}

/* Whether there is a session with the peer; then what is known of the way to it. */
static bool look_at(const struct lr_wg_peer *peer, uint64_t now, struct lr_session_look *look)
{
	const struct lr_node_peer *own = peer->owner;
	const struct lr_reach *reach = own ? own->reach : NULL;
	char key[LR_KEY_TEXT];

	*look = (struct lr_session_look){.rtt_us = -1, .jitter_us = -1, .loss = -1, .score = -1};
	memcpy(look->key, peer->public_key, LR_KEY_LEN);
	const char *who = own && own->name[0] ? own->name : lr_key_text(peer->public_key, key);
	memcpy(look->who, who, strnlen(who, sizeof(look->who) - 1));
	if (!reach) {
		look->rtt_us = known(peer->stats.rtt_ns, (double)peer->stats.rtt_ns / 1e3);
		return lr_report_live(peer, now);
	}
	const struct lr_paths *s = &reach->paths;
	if (s->current < 0)
		return false;
	const struct lr_path *p = &s->at[s->current];
	look->pings = true;
	look->rtt_us = known(p->rtt_us, p->rtt_us);
	look->jitter_us = known(p->rtt_us, p->jitter_us);
	look->loss = known(p->rtt_us, lr_path_loss_permille(p) / 1000.0);
	look->score = known(lr_quality_known(&reach->quality), reach->quality.quick);
	return true;
}

uint64_t lr_play_sessions_due(const struct lr_node *node)
{
	return node->sessions && node->sessions->on ? node->sessions->look_ns : LR_NEVER;
}

void lr_play_sessions_settle(struct lr_node *node, uint64_t now)
{
	struct lr_play_sessions *s = node->sessions;
	struct lr_session_look look;

	if (now < lr_play_sessions_due(node))
		return;
	for (struct lr_wg_peer *peer = lr_wg_peers(node->wg); peer; peer = peer->next) {
		if (!look_at(peer, now, &look))
			continue;
		for (unsigned i = 0; i < s->n; i++)
			if (!s->at[i]->ended_ns)
				lr_session_take(s->at[i], &look);
	}
	s->look_ns = now + LR_SESSION_LOOK_NS;
}

/* --- what is known --- */

json_t *lr_play_sessions_json(const struct lr_node *node)
{
	json_t *list = json_array();

	for (unsigned i = 0; node->sessions && i < node->sessions->n; i++)
		json_array_append_new(list, lr_session_json(node->sessions->at[i], node->loop.now));
	return list;
}

json_t *lr_play_sessions_last(const struct lr_node *node, const char *game)
{
	const struct lr_play_sessions *s = node->sessions;

	for (unsigned i = s ? s->n : 0; i-- > 0;)
		if (strcmp(s->at[i]->game, game) == 0)
			return lr_session_json(s->at[i], node->loop.now);
	return NULL;
}

void lr_play_sessions_free(struct lr_node *node)
{
	struct lr_play_sessions *s = node->sessions;

	for (unsigned i = 0; s && i < s->n; i++)
		lr_session_free(s->at[i]);
	if (s)
		free(s->at);
	free(s);
	node->sessions = NULL;
}
