/*
 * game.h - what the files of lr-game share: its arguments, its verbs, the profiles
 */
#ifndef LR_CMD_GAME_H
#define LR_CMD_GAME_H

#include <limits.h>

#include "lib/base/json.h"
#include "lib/base/opt.h"
#include "lib/game/game.h"

struct lr_game_args {
	const char *iface, *proc;
	bool json;
};

extern const struct lr_prog lr_game_prog;

/* All profiles; faults of the user's own files are told. 0, or an exit code. */
int lr_game_load(struct lr_cli *cli, struct lr_games *all);
/* The folder of the user's own profiles. 0 or -1 with `err`. */
int lr_game_dir(char out[PATH_MAX], struct lr_err *err);
/* The exit code that goes with cli->err. */
int lr_game_failed(const struct lr_cli *cli);
/* One line of JSON; takes the reference. */
void lr_game_line(json_t *take);

int lr_game_run_list(struct lr_cli *cli);
int lr_game_run_show(struct lr_cli *cli);

int lr_game_run_detect(struct lr_cli *cli);

#endif
