/*
 * play.c - the games that are played through this node
 */
#include "lib/node/play.h"

#include <stdlib.h>
#include <string.h>

#include "lib/node/book.h"
#include "lib/node/play_on.h"
#include "lib/node/play_session.h"
#include "terms.h"

struct active {
	struct lr_game *game;
	const void *owner; /* NULL: until it is taken back */
};

struct lr_play {
	struct active list[LR_PLAY_MAX];
	size_t n;
	uint64_t serial;
	struct lr_traffic traffic;
	struct lr_play_groups groups;
	struct lr_play_cards cards;
	struct lr_repeats repeats;
};

const struct lr_traffic *lr_play_traffic(const struct lr_node *node)
{
	return node->play && node->play->n ? &node->play->traffic : NULL;
}

uint64_t lr_play_serial(const struct lr_node *node)
{
	return node->play ? node->play->serial : 0;
}

struct lr_play_groups *lr_play_groups(struct lr_node *node)
{
	return &node->play->groups;
}

struct lr_play_cards *lr_play_cards(const struct lr_node *node)
{
	return &node->play->cards;
}

struct lr_repeats *lr_play_repeats(struct lr_node *node)
{
	return &node->play->repeats;
}

static void build(struct lr_node *node)
{
	struct lr_play *play = node->play;
	const struct lr_game *games[LR_PLAY_MAX];

	for (size_t i = 0; i < play->n; i++)
		games[i] = play->list[i].game;
	lr_traffic_build(&play->traffic, games, play->n);
	play->serial++;
	lr_play_on(node);
	json_t *names = lr_play_names(node);
	lr_play_sessions_set(node, names);
	json_decref(names);
}

static void take_out(struct lr_play *play, size_t i)
{
	lr_game_free(play->list[i].game);
	play->list[i] = play->list[--play->n];
}

static struct active *find(struct lr_play *play, const char *name, const void *owner)
{
	for (size_t i = 0; i < play->n; i++)
		if (play->list[i].owner == owner && strcmp(play->list[i].game->name, name) == 0)
			return &play->list[i];
	return NULL;
}

/* Whether the same game stands earlier in the list. */
static bool again(const struct lr_play *play, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(play->list[k].game->name, play->list[i].game->name) == 0)
			return true;
	return false;
}

json_t *lr_play_names(const struct lr_node *node)
{
	json_t *names = json_array();

	for (size_t i = 0; node->play && i < node->play->n; i++)
		if (!again(node->play, i))
			json_array_append_new(names, json_string(node->play->list[i].game->name));
	return names;
}

static json_t *named(const char *name)
{
	json_t *answer = lr_book_yes();

	lr_json_put_str(answer, LR_K_GAME, name);
	return answer;
}

/* --- requests --- */

static json_t *set(struct lr_node *node, const json_t *request, const void *owner)
{
	json_t *profile = json_object_get(request, LR_K_PROFILE);
	struct lr_err err = {0};
	bool bad = false;

	if (!lr_json_bool(request, LR_K_HOLD, false, &bad))
		owner = NULL;
	struct lr_game *game = profile ? lr_game_from_json(profile, &err) : NULL;
	if (!game) {
		if (!profile)
			lr_err_set(&err, LR_EXIT_USAGE, "play-set: has no profile");
		return lr_book_no(&err);
	}
	if (!node->play)
		node->play = calloc(1, sizeof(*node->play));
	struct lr_play *play = node->play;
	struct active *old = play ? find(play, game->name, owner) : NULL;
	if (old) {
		lr_game_free(old->game);
		old->game = game;
	} else if (play && play->n < LR_PLAY_MAX) {
		play->list[play->n++] = (struct active){game, owner};
	} else {
		lr_err_set(&err, LR_EXIT_FAILED, "%s: %s", game->name,
			play ? "too many games are active" : "out of memory");
		lr_game_free(game);
		return lr_book_no(&err);
	}
	build(node);
	return named(game->name);
}

static json_t *take_back(struct lr_node *node, const json_t *request)
{
	struct lr_play *play = node->play;
	struct lr_err err = {0};
	bool bad = false, there = false;
	const char *name = lr_json_str(request, LR_K_GAME, &bad);

	for (size_t i = 0; name && play && i < play->n;)
		if (strcmp(play->list[i].game->name, name) == 0) {
			take_out(play, i);
			there = true;
		} else {
			i++;
		}
	if (there) {
		build(node);
		json_t *answer = named(name);
		lr_json_put(answer, LR_K_SESSION, lr_play_sessions_last(node, name));
		return answer;
	}
	lr_err_set(&err, LR_EXIT_FAILED, "%.60s: is not active", name ? name : "no game");
	return lr_book_no(&err);
}

static json_t *list(const struct lr_node *node)
{
	json_t *answer = lr_book_yes(), *games = json_array();

	for (size_t i = 0; node->play && i < node->play->n; i++)
		if (!again(node->play, i))
			json_array_append_new(games, lr_game_to_json(node->play->list[i].game));
	lr_json_put(answer, LR_K_GAMES, games);
	return answer;
}

json_t *lr_play_answer(struct lr_node *node, const json_t *request, const void *owner, bool *mine)
{
	const char *verb = json_string_value(json_object_get(request, LR_K_DO));

	*mine = true;
	if (strcmp(verb, "play-set") == 0)
		return set(node, request, owner);
	if (strcmp(verb, "play-remove") == 0)
		return take_back(node, request);
	if (strcmp(verb, "play") == 0)
		return list(node);
	*mine = false;
	return NULL;
}

void lr_play_drop(struct lr_node *node, const void *owner)
{
	struct lr_play *play = node->play;
	bool gone = false;

	for (size_t i = 0; play && i < play->n;)
		if (play->list[i].owner == owner) {
			take_out(play, i);
			gone = true;
		} else {
			i++;
		}
	if (gone)
		build(node);
}

void lr_play_end(struct lr_node *node)
{
	while (node->play && node->play->n)
		take_out(node->play, 0);
	free(node->play);
	node->play = NULL;
	lr_play_sessions_free(node);
}
