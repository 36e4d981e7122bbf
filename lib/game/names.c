/*
 * names.c - which games a process may be, by its names
 *
 * Source of the hash: Fowler, Noll and Vo, FNV-1a, 32 bits.
 */
#include "lib/game/names.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 255

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (uint8_t)tolower((uint8_t)*s)) * 16777619u;
	return h ? h : 1;
}

static bool strip_one(char *s, size_t *n)
{
	static const char *const ends[] = {"exe", "bin", "x86", "i386", "i686", "x64", "amd64",
		"linux", "x8664", "64", "32", "sh", "appimage", "sdl", "glx", "vulkan", "real"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t len = strlen(ends[i]);
		if (*n >= len + LR_NAMES_CLOSE_MIN && memcmp(s + *n - len, ends[i], len) == 0) {
			*n -= len;
			s[*n] = 0;
			return true;
		}
	}
	return false;
}

/* How much of a name stands before its version, as in wesnothd-1.16; a number without a dot may be
 * another game's: doom3. */
static size_t before_version(const char *name)
{
	size_t len = strlen(name), n = len, dots = 0;

	while (n > 0 && (isdigit((uint8_t)name[n - 1]) || (name[n - 1] == '.' && n < len)))
		dots += name[--n] == '.';
	if (!dots || n == len || name[n] == '.')
		return len;
	return n > 0 && strchr("-_ ", name[n - 1]) ? n - 1 : len;
}

/* What is left of a name; 0 when that is too little. */
static uint32_t close_hash(const char *name)
{
	char s[NAME_MAX_LEN + 1];
	size_t n = 0;

	for (size_t left = before_version(name); left && n < NAME_MAX_LEN; left--, name++)
		if (isalnum((uint8_t)*name))
			s[n++] = (char)tolower((uint8_t)*name);
	s[n] = 0;
	while (strip_one(s, &n))
		;
	return n < LR_NAMES_CLOSE_MIN ? 0 : hash(s);
}

static void put(struct lr_names *names, uint16_t *table, uint32_t h, size_t entry)
{
	size_t at = h & (names->room - 1);

	if (!h)
		return;
	while (table[at])
		at = (at + 1) & (names->room - 1);
	table[at] = (uint16_t)(entry + 1);
}

int lr_names_init(struct lr_names *names, const struct lr_games *all)
{
	size_t n = 0;

	*names = (struct lr_names){.room = 64};
	for (size_t i = 0; i < all->n; i++)
		n += all->list[i]->n_executables;
	if (n >= UINT16_MAX)
		return -ENOMEM;
	while (names->room < 2 * n)
		names->room *= 2;
	names->entries = calloc(n + 1, sizeof(*names->entries));
	names->exact = calloc(names->room, sizeof(*names->exact));
	names->close = calloc(names->room, sizeof(*names->close));
	if (!names->entries || !names->exact || !names->close) {
		lr_names_release(names);
		return -ENOMEM;
	}
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->list[i]->n_executables; k++) {
			const struct lr_game_executable *e = &all->list[i]->executables[k];
			names->entries[names->n] = (struct lr_names_entry){
				all->list[i], e, hash(e->name), close_hash(e->name)};
			put(names, names->exact, names->entries[names->n].exact, names->n);
			put(names, names->close, names->entries[names->n].close, names->n);
			names->n++;
		}
	return 0;
}

void lr_names_release(struct lr_names *names)
{
	free(names->entries);
	free(names->exact);
	free(names->close);
	*names = (struct lr_names){0};
}

/* Whether `word` stands in `command` with no letter or digit on either side. */
static bool has_word(const char *command, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = command; (at = strcasestr(at, word)); at++)
		if (!isalnum((uint8_t)at[len]) && (at == command || !isalnum((uint8_t)at[-1])))
			return true;
	return false;
}

/* 0: it is not; 1: by its name; 2: by its argument as well. */
static int fits(const struct lr_names_entry *e, const char *name, const char *command, bool exact)
{
	if (exact && strcasecmp(e->executable->name, name) != 0)
		return 0;
	if (!e->executable->argument)
		return 1;
	return has_word(command, e->executable->argument) ? 2 : 0;
}

static struct lr_names_match search(
	const struct lr_names *names, bool exact, uint32_t h, const char *name, const char *command)
{
	const uint16_t *table = exact ? names->exact : names->close;
	struct lr_names_match best = {.exact = exact};

	for (size_t at = h & (names->room - 1); h && table[at]; at = (at + 1) & (names->room - 1)) {
		const struct lr_names_entry *e = &names->entries[table[at] - 1];
		if ((exact ? e->exact : e->close) != h)
			continue;
		int how = fits(e, name, command, exact);
		if (how == 2 && !best.argument)
			best = (struct lr_names_match){e->game, exact, true};
		else if (how == 1 && !best.game)
			best.game = e->game;
	}
	return best;
}

struct lr_names_match lr_names_find(
	const struct lr_names *names, const char *name, const char *command)
{
	struct lr_names_match m = search(names, true, hash(name), name, command);

	return m.game ? m : search(names, false, close_hash(name), name, command);
}

static bool has(const struct lr_names *names, const uint16_t *table, uint32_t h, bool exact)
{
	for (size_t at = h & (names->room - 1); h && table[at]; at = (at + 1) & (names->room - 1)) {
		const struct lr_names_entry *e = &names->entries[table[at] - 1];
		if ((exact ? e->exact : e->close) == h)
			return true;
	}
	return false;
}

bool lr_names_known(const struct lr_names *names, const char *name)
{
	return has(names, names->exact, hash(name), true) ||
	       has(names, names->close, close_hash(name), false);
}

const char *lr_names_base(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/' || *path == '\\')
			base = path + 1;
	return base;
}

bool lr_names_is_interpreter(const char *name)
{
	return strncmp(name, "python", 6) == 0;
}

bool lr_names_is_loader(const char *name)
{
	static const char *const begins[] = {
		"wine", "proton", "mono", "box64", "box86", "FEX", "qemu-"};

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (strncasecmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}
