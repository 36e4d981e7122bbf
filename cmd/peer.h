/*
 * peer.h - what the files of lr-peer share: its arguments, its verbs, how they print
 */
#ifndef LR_CMD_PEER_H
#define LR_CMD_PEER_H

#include "lib/base/json.h"
#include "lib/base/opt.h"
#include "lib/node/backend.h"
#include "lib/node/given.h"

struct lr_peer_args {
	const char *iface;
	bool json;
	struct lr_given add;
	/* export */
	bool with_private;
	/* ping */
	long count, size;
	double interval_s, wait_s;
	bool four, six;
	/* discover */
	const char *game;
	/* invite */
	bool once;
	const char *life, *guest;
};

extern const struct lr_prog lr_peer_prog;

/* peer_print.c */

double lr_peer_unix_now(void);
/* Prints malloc'd text and frees it; NULL: out of memory. The exit code. */
int lr_peer_print(struct lr_cli *cli, char *text);
/* Prints one object as JSON or for people. The exit code. */
int lr_peer_print_one(
	struct lr_cli *cli, const json_t *obj, char *(*plain)(const json_t *, double));
/* The exit code that goes with cli->err. */
int lr_peer_failed(const struct lr_cli *cli);
/* The list of all peers, or of the one that is named. NULL with an error. */
json_t *lr_peer_ask_peers(struct lr_backend *b, const char *name, bool detail, struct lr_err *err);

/* The verbs that have files of their own, and their options. */

extern const struct lr_opt lr_peer_add_options[], lr_peer_export_options[];
int lr_peer_run_add(struct lr_cli *cli);
int lr_peer_run_remove(struct lr_cli *cli);
int lr_peer_run_import(struct lr_cli *cli);
int lr_peer_run_export(struct lr_cli *cli);

extern const struct lr_opt lr_peer_ping_options[];
int lr_peer_run_ping(struct lr_cli *cli);

extern const struct lr_opt lr_peer_discover_options[];
int lr_peer_run_discover(struct lr_cli *cli);

extern const struct lr_opt lr_peer_invite_options[];
int lr_peer_run_invite(struct lr_cli *cli);
int lr_peer_run_kick(struct lr_cli *cli);
int lr_peer_run_rename(struct lr_cli *cli);
int lr_peer_run_explain(struct lr_cli *cli);
int lr_peer_run_netcheck(struct lr_cli *cli);

#endif
