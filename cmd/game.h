/*
 * game.h - what the files of lr-game share: its arguments, its verbs, the profiles
 */
#ifndef LR_CMD_GAME_H
#define LR_CMD_GAME_H

#include <limits.h>

#include "lib/base/json.h"
#include "lib/base/lines.h"
#include "lib/base/opt.h"
#include "lib/game/detect.h"
#include "lib/node/client.h"

struct lr_game_args {
	const char *iface, *proc;
	bool json;
	bool undo; /* apply */
	/* servers */
	struct lr_opt_list games;
	double wait_s;
	bool no_broadcast, keep, forget;
	/* learn */
	const char *time, *name;
	bool save;
};

extern const struct lr_prog lr_game_prog;

/* All profiles; faults of the user's own files are told. 0, or an exit code. */
int lr_game_load(struct lr_cli *cli, struct lr_games *all);
/* The exit code that goes with cli->err. */
int lr_game_failed(const struct lr_cli *cli);
/* One line of JSON; takes the reference. */
void lr_game_line(json_t *take);

/* The game that an operand names: a name, or an object's member "game". NULL with `err`. */
const char *lr_game_operand(const struct lr_operand *op, struct lr_err *err);

int lr_game_run_list(struct lr_cli *cli);
int lr_game_run_show(struct lr_cli *cli);

/* lr_detect() on this machine, or on the folder that stands for its process table. */
int lr_game_detect(const struct lr_game_args *a, const struct lr_games *all,
	struct lr_detect_game out[LR_DETECT_MAX], struct lr_err *err);
int lr_game_run_detect(struct lr_cli *cli);

extern const struct lr_opt lr_game_apply_options[];
int lr_game_run_apply(struct lr_cli *cli);
int lr_game_run_watch(struct lr_cli *cli);

/* Says that a game was played (`what`: "ended", "undone"), how long, and what the node measured of
 * each member meanwhile; `session` as share/schema/session.json, NULL: nobody knows. */
void lr_game_tell_session(
	const struct lr_game_args *a, const char *what, const char *game, const json_t *session);

extern const struct lr_opt lr_game_learn_options[];
int lr_game_run_learn(struct lr_cli *cli);

extern const struct lr_opt lr_game_servers_options[];
int lr_game_run_servers(struct lr_cli *cli);

#endif
