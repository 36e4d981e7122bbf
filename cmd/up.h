/*
 * up.h - what the files of lr-up share: its arguments, how a node is run
 */
#ifndef LR_CMD_UP_H
#define LR_CMD_UP_H

#include "lib/base/opt.h"
#include "lib/node/lan.h"
#include "lib/node/node.h"
#include "lib/wg/config.h"

struct lr_up_args {
	const char *config, *iface, *pass, *isolate, *capture, *bridge;
	bool tun, tap, open, ipx, foreground, down, status, json;
	long ready_fd, spin_us;
	/* parties */
	const char *relay, *outside, *name, *budget, *redundant, *uplink;
	uint64_t rate; /* what `uplink` says, bit/s */
	bool hide, hide_all, fresh, force, no_map, dhcp;
};

extern const struct lr_prog lr_up_prog;

/* What --open, --pass and --isolate say. 0 or -1 with `err`. */
int lr_up_rules(const struct lr_up_args *a, struct lr_node_rules *out, struct lr_err *err);

/* up_run.c */

/* What is said once the interface is up; malloc'd, NULL is fine. They may hold an invite. */
struct lr_up_words {
	char *out; /* to standard output */
	char *err; /* to standard error */
};
/* Where the library's notes go: standard error, later syslog(3). */
void lr_up_log_to(void);
/* The end of a start: what the node is configured with, and what makes and runs it (`ready` is for
 * lr_up_ready()). The exit code. */
typedef int lr_up_run(struct lr_cli *cli, void *ctx, int ready);
/* Runs it in the background unless --foreground; then this returns when it says ready, or its exit
 * code when it does not. */
int lr_up_start(struct lr_cli *cli, lr_up_run *run, void *ctx);
/* Says that all works, and lets go of the caller. Takes and wipes the words. */
void lr_up_ready(const struct lr_up_args *a, int ready, struct lr_up_words *words);
/* "lr0 is up: 10.66.0.1/16, port 51820, pid 12\n", or with --json the object of
 * share/schema/up.json; `party` and `invite` may be NULL. malloc'd. */
char *lr_up_line(const struct lr_up_args *a, const struct lr_node *node, const char *party,
	const char *invite);

/* The ways to run: exit codes. */

int lr_up_config(struct lr_cli *cli);
/* `word` is the operand, which may be an invite: it is overwritten. NULL: host. */
int lr_up_party(struct lr_cli *cli, char *word);
int lr_up_down(struct lr_cli *cli);
int lr_up_status(struct lr_cli *cli);

#endif
