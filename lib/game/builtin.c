/*
 * builtin.c - the profiles of share/games/, compiled in (share/build/games.c writes the table)
 */
#include "lib/game/game.h"

#include "games.h"

const size_t lr_game_builtin_n = sizeof(lr_game_builtin) / sizeof(*lr_game_builtin);
