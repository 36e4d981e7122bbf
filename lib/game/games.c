/*
 * games.c - all profiles that are known here: the compiled ones, and the user's own over them
 */
#include <dirent.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/opt_table.h"
#include "lib/base/state.h"
#include "lib/game/game.h"

static int by_name(const void *a, const void *b)
{
	const struct lr_game *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* In its place in the list: over the one of that name, else behind all. */
static int add(struct lr_games *all, const struct lr_game *g)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->list[i]->name, g->name) == 0) {
			all->list[i] = g;
			return 0;
		}
	const struct lr_game **more = realloc(all->list, (all->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	all->list = more;
	all->list[all->n++] = g;
	return 0;
}

static struct lr_game *read_one(const char *path, struct lr_err *err)
{
	size_t len;
	char *bytes = lr_read_file(path, LR_GAME_FILE, &len, err);
	json_t *json = bytes ? lr_json_parse(bytes, len, err) : NULL;
	struct lr_game *g = json ? lr_game_from_json(json, err) : NULL;

	free(bytes);
	json_decref(json);
	return g;
}

static int take(struct lr_games *all, struct lr_game *g)
{
	struct lr_game **more = realloc(all->own, (all->n_own + 1) * sizeof(*more));

	if (more)
		all->own = more;
	if (!more || add(all, g) < 0) {
		lr_game_free(g);
		return -ENOMEM;
	}
	all->own[all->n_own++] = g;
	return 0;
}

static int is_profile(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static int load_dir(
	struct lr_games *all, const char *dir, void (*bad)(void *ctx, const char *text), void *ctx)
{
	struct dirent **files;
	int n = scandir(dir, &files, is_profile, alphasort), rc = 0;

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		struct lr_err err = {0};
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]->d_name);
		struct lr_game *g = rc == 0 ? read_one(path, &err) : NULL;
		if (g)
			rc = take(all, g);
		else if (rc == 0 && bad) {
			char text[PATH_MAX + 404];
			bool named = strstr(err.text, path) != NULL;
			snprintf(text, sizeof(text), "%s%s%s", named ? "" : path, named ? "" : ": ",
				err.text);
			bad(ctx, text);
		}
		free(files[i]);
	}
	if (n >= 0)
		free(files);
	return rc;
}

int lr_games_load(
	struct lr_games *all, const char *dir, void (*bad)(void *ctx, const char *text), void *ctx)
{
	*all = (struct lr_games){.n = lr_game_builtin_n};
	all->list = calloc(all->n + 1, sizeof(*all->list));
	if (!all->list)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++)
		all->list[i] = &lr_game_builtin[i];
	int rc = dir ? load_dir(all, dir, bad, ctx) : 0;
	if (all->n_own)
		qsort(all->list, all->n, sizeof(*all->list), by_name);
	return rc;
}

int lr_games_dir(char out[PATH_MAX], struct lr_err *err)
{
	char state[PATH_MAX];

	if (lr_state_dir(state, sizeof(state), err) < 0)
		return -1;
	if (snprintf(out, PATH_MAX, "%s/games", state) >= PATH_MAX)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: the name is too long", state);
	return 0;
}

void lr_games_release(struct lr_games *all)
{
	for (size_t i = 0; i < all->n_own; i++)
		lr_game_free(all->own[i]);
	free(all->own);
	free(all->list);
	*all = (struct lr_games){0};
}

bool lr_games_is_own(const struct lr_games *all, const struct lr_game *g)
{
	for (size_t i = 0; i < all->n_own; i++)
		if (all->own[i] == g)
			return true;
	return false;
}

static bool answers_to(const struct lr_game *g, const char *name)
{
	if (strcasecmp(g->name, name) == 0 || strcasecmp(g->title, name) == 0)
		return true;
	for (size_t i = 0; i < g->n_aliases; i++)
		if (strcasecmp(g->aliases[i], name) == 0)
			return true;
	return false;
}

static bool alike(const char *a, const char *b)
{
	bool any = false;

	for (;; a++, b++) {
		while (*a && !isalnum((uint8_t)*a))
			a++;
		while (*b && !isalnum((uint8_t)*b))
			b++;
		if (!*a || tolower((uint8_t)*a) != tolower((uint8_t)*b))
			return any && *a == *b;
		any = true;
	}
}

bool lr_games_called(const struct lr_game *g, const char *text)
{
	bool so = alike(g->name, text) || alike(g->title, text);

	for (size_t i = 0; i < g->n_aliases; i++)
		so |= alike(g->aliases[i], text);
	return so;
}

const struct lr_game *lr_games_find(
	const struct lr_games *all, const char *name, struct lr_err *err)
{
	struct lr_near near = {.typed = name};

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->list[i]->name, name) == 0)
			return all->list[i];
	for (size_t i = 0; i < all->n; i++)
		if (answers_to(all->list[i], name))
			return all->list[i];
	for (size_t i = 0; i < all->n; i++) {
		lr_opt_consider(&near, all->list[i]->name);
		lr_opt_consider(&near, all->list[i]->title);
		for (size_t k = 0; k < all->list[i]->n_aliases; k++)
			lr_opt_consider(&near, all->list[i]->aliases[k]);
	}
	lr_err_set(err, LR_EXIT_FAILED, "%s: no such game%s%s%s", name,
		near.best ? ": did you mean " : ": `lr-game list` names all",
		near.best ? near.best : "", near.best ? "?" : "");
	return NULL;
}

/* --- whose packets these are --- */

/* How much a port out of these says: 1000 for a single one, less the more there are. */
static unsigned weight(const struct lr_game_ports *p)
{
	unsigned n = (unsigned)(p->last - p->first) / p->step + 1;

	return 1000 / n;
}

static unsigned score(const struct lr_game *g, enum lr_game_proto proto, uint16_t sport,
	uint16_t dport, const struct lr_ip *dst)
{
	unsigned best = 0;

	for (size_t i = 0; i < g->n_discovery; i++) {
		const struct lr_game_discovery *d = &g->discovery[i];
		bool group = d->group.family && dst && lr_ip_equal(&d->group, dst);
		unsigned s = 0;
		if (lr_game_has_port(&d->ports, proto, dport))
			s = (group ? 8000 : d->group.family ? 0 : 4000) + weight(&d->ports);
		else if (lr_game_has_port(&d->ports, proto, sport))
			s = 2000 + weight(&d->ports);
		best = s > best ? s : best;
	}
	for (size_t i = 0; i < g->n_ports; i++) {
		const struct lr_game_ports *p = &g->ports[i].ports;
		unsigned s = lr_game_has_port(p, proto, dport)   ? 1000 + weight(p)
			     : lr_game_has_port(p, proto, sport) ? 100 + weight(p) / 2
								 : 0;
		best = s > best ? s : best;
	}
	return best;
}

const struct lr_game *lr_games_recognise(const struct lr_games *all, enum lr_game_proto proto,
	uint16_t sport, uint16_t dport, const struct lr_ip *dst)
{
	const struct lr_game *found = NULL;
	unsigned best = 0;

	for (size_t i = 0; i < all->n; i++) {
		unsigned s = score(all->list[i], proto, sport, dport, dst);
		if (s > best) {
			best = s;
			found = all->list[i];
		}
	}
	return found;
}
