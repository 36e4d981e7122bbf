/*
 * names.h - which games a process may be, by the name of its executable and its command line
 *
 * Theory of operation. All names of all profiles stand in two hash tables: as they are (letters of
 * any case), and stripped to what people would call it: small letters and digits, without endings
 * such as .exe, .x86_64, -bin or 64, and without a version (-1.16). A name that is in the first is
 * exact, one that is only in the second is close. An entry with an argument counts only when that
 * stands in the command line, as a word's end.
 */
#ifndef LR_GAME_NAME_MAXS_H
#define LR_GAME_NAME_MAXS_H

#include "lib/game/game.h"

#define LR_NAMES_CLOSE_MIN 4 /* shorter ones are close to too much */

struct lr_names_entry {
	const struct lr_game *game;
	const struct lr_game_executable *executable;
	uint32_t exact, close; /* hashes; 0: none */
};

struct lr_names {
	struct lr_names_entry *entries;
	size_t n;
	uint16_t *exact, *close; /* number of an entry + 1; 0: free */
	size_t room;             /* power of two */
};

struct lr_names_match {
	const struct lr_game *game; /* NULL: none */
	bool exact, argument;
};

/* 0 or -ENOMEM. */
int lr_names_init(struct lr_names *names, const struct lr_games *all);
void lr_names_release(struct lr_names *names);
/* The game behind a file of that name (no folder), with that command line (words with spaces
 * between). Exact before close, one whose argument is there before one that asks for none. */
struct lr_names_match lr_names_find(
	const struct lr_names *names, const char *name, const char *command);
/* Whether a file of that name may be a game: one whose command line is worth reading. */
bool lr_names_known(const struct lr_names *names, const char *name);
/* The file's name in a path with '/' or '\'. */
const char *lr_names_base(const char *path);
/* Whether `name` is a program that runs what its arguments name: Wine, Proton, Mono, Box64. */
bool lr_names_is_loader(const char *name);
/* Whether it is one that loaders are written for: Proton is a script of Python. */
bool lr_names_is_interpreter(const char *name);

#endif
