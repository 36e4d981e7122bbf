/*
 * game_apply.c - lr-game apply and watch: profiles for the running node
 *
 * Theory of operation. `watch` holds profiles over one connection: the node takes them back when it
 * ends, whatever way this process does. The kernel tells it that a process began or ended where it
 * may be asked for that, else it looks at the process table. In both cases the time between two
 * looks is so long that all looks together take at most 0.1 % of a processor, whatever one costs
 * here; until then what the kernel tells waits in its queue, since each wake-up costs as well.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/game.h"
#include "lib/base/clock.h"
#include "lib/base/lines.h"
#include "lib/game/detect.h"
#include "lib/io/proc_events.h"
#include "lib/node/client.h"
#include "terms.h"

#define LOOK_SHARE 1000 /* a look's own time, times this, until the next */
/* Also when the kernel told: a start is several processes. */
#define LOOK_MIN_NS (2 * LR_NS_PER_S)
#define LOOK_MAX_NS (60 * LR_NS_PER_S)
#define SAVED_NS    (10 * LR_NS_PER_S) /* of quiet that may be spent at once: a game's start */

const struct lr_opt lr_game_apply_options[] = {
	{"iface", 0, LR_OPT_TEXT, "NAME", "the node of this interface",
		offsetof(struct lr_game_args, iface), .complete = "iface"},
	{"undo", 'u', LR_OPT_FLAG, NULL, "take the profiles back",
		offsetof(struct lr_game_args, undo)},
	{NULL},
};

static void tell(const struct lr_game_args *a, const char *what, const char *game)
{
	if (a->json) {
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_EVENT, what);
		lr_json_put_str(o, LR_K_GAME, game);
		lr_game_line(o);
	} else {
		printf("%s %s\n", what, game);
		fflush(stdout);
	}
}

static int set(struct lr_client *c, const struct lr_game *g, bool hold, struct lr_err *err)
{
	json_t *request = lr_client_request("play-set");

	lr_json_put(request, LR_K_PROFILE, lr_game_to_json(g));
	lr_json_put_bool(request, LR_K_HOLD, hold);
	json_t *answer = lr_client_ask(c, request, err);
	json_decref(answer);
	return answer ? 0 : -1;
}

/* And tells how it was played, as `what`; with `anyway` also when somebody else was first. */
static int take_back(const struct lr_game_args *a, struct lr_client *c, const char *what,
	const char *game, bool anyway, struct lr_err *err)
{
	json_t *request = lr_client_request("play-remove");

	lr_json_put_str(request, LR_K_GAME, game);
	json_t *answer = lr_client_ask(c, request, err);
	if (answer || (anyway && err->exit != LR_EXIT_UNREACHABLE))
		lr_game_tell_session(a, what, game, json_object_get(answer, LR_K_SESSION));
	json_decref(answer);
	return answer ? 0 : -1;
}

/* --- apply --- */

struct applying {
	const struct lr_game_args *args;
	const struct lr_games *all;
	struct lr_client *client;
};

static int apply_one(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	const struct applying *a = ctx;
	const char *name = lr_game_operand(op, err);
	const struct lr_game *g = name ? lr_games_find(a->all, name, err) : NULL;

	if (!g)
		return -1;
	if (a->args->undo)
		return take_back(a->args, a->client, "undone", g->name, false, err);
	if (set(a->client, g, false, err) < 0)
		return -1;
	tell(a->args, "applied", g->name);
	return 0;
}

int lr_game_run_apply(struct lr_cli *cli)
{
	const struct lr_game_args *a = cli->args;
	struct lr_games all;
	int code = lr_game_load(cli, &all);

	if (code != LR_EXIT_OK)
		return code;
	struct applying work = {a, &all, lr_client_open(a->iface, &cli->err)};
	code = work.client ? lr_each_operand(cli, apply_one, &work) : lr_game_failed(cli);
	lr_client_close(work.client);
	lr_games_release(&all);
	return code;
}

/* --- watch --- */

static volatile sig_atomic_t ending;

static void end(int signal)
{
	(void)signal;
	ending = 1;
}

struct watching {
	const struct lr_game_args *args;
	struct lr_games all;
	struct lr_client *client;
	const struct lr_game *held[LR_DETECT_MAX];
	size_t n_held;
};

static bool runs(const struct lr_detect_game *found, int n, const struct lr_game *g)
{
	for (int i = 0; i < n; i++)
		if (found[i].game == g)
			return true;
	return false;
}

static bool holds(const struct watching *w, const struct lr_game *g)
{
	for (size_t i = 0; i < w->n_held; i++)
		if (w->held[i] == g)
			return true;
	return false;
}

/* What was only a port's word is too little to change the network for. */
static int look(struct watching *w, struct lr_err *err)
{
	struct lr_detect_game found[LR_DETECT_MAX];
	int n = lr_game_detect(w->args, &w->all, found, err);

	if (n < 0)
		return -1;
	for (size_t i = 0; i < w->n_held;) {
		const struct lr_game *g = w->held[i];
		if (runs(found, n, g)) {
			i++;
			continue;
		}
		w->held[i] = w->held[--w->n_held];
		if (take_back(w->args, w->client, "ended", g->name, true, err) < 0 &&
			err->exit == LR_EXIT_UNREACHABLE)
			return -1;
	}
	for (int i = 0; i < n; i++) {
		const struct lr_game *g = found[i].game;
		if (found[i].by == LR_DETECT_PORTS || holds(w, g))
			continue;
		if (set(w->client, g, true, err) < 0)
			return -1;
		w->held[w->n_held++] = g;
		tell(w->args, "began", g->name);
	}
	return 0;
}

/* At `until`, or from `from` on when the kernel tells. False: it is to end, or its reader has gone.
 * Before `from` what the kernel tells only waits: each wake-up costs. */
static bool wait_for(int events, uint64_t from, uint64_t until)
{
	struct pollfd p[2] = {{STDOUT_FILENO, 0, 0}, {events, POLLIN, 0}};

	for (uint64_t now; (now = lr_now()) < until && !ending;) {
		const bool heed = events >= 0 && now >= from;
		const uint64_t next = heed || events < 0 ? until : from;
		if (poll(p, heed ? 2 : 1, (int)((next - now) / LR_NS_PER_MS) + 1) < 0 &&
			errno != EINTR)
			return false;
		if (p[0].revents & (POLLERR | POLLNVAL))
			return false;
		if (heed && p[1].revents && lr_proc_events_read(events))
			break;
	}
	return !ending;
}

/* `paid`: when all looks so far are within their share. Quiet time is saved up to a limit.
 */
static int watch(struct watching *w, struct lr_err *err)
{
	int events = lr_proc_events_open();
	uint64_t paid = 0;
	int rc = 0;

	while (!ending) {
		uint64_t began = lr_clock_ns(CLOCK_PROCESS_CPUTIME_ID), now = lr_now();
		rc = look(w, err);
		uint64_t cost = lr_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began;
		if (paid + SAVED_NS < now)
			paid = now - SAVED_NS;
		paid += cost * LOOK_SHARE;
		uint64_t from = now + LOOK_MIN_NS > paid ? now + LOOK_MIN_NS : paid;
		uint64_t until = events < 0 ? from : now + LOOK_MAX_NS;
		if (until > now + LOOK_MAX_NS)
			until = now + LOOK_MAX_NS;
		if (rc < 0 || !wait_for(events, from < until ? from : until, until))
			break;
	}
	if (events >= 0)
		close(events);
	return rc;
}

int lr_game_run_watch(struct lr_cli *cli)
{
	const struct sigaction on_end = {.sa_handler = end};
	struct watching w = {.args = cli->args};
	int code = lr_game_load(cli, &w.all);

	if (code != LR_EXIT_OK)
		return code;
	sigaction(SIGINT, &on_end, NULL);
	sigaction(SIGTERM, &on_end, NULL);
	w.client = lr_client_open(w.args->iface, &cli->err);
	if (!w.client || watch(&w, &cli->err) < 0)
		code = lr_game_failed(cli);
	for (size_t i = 0; w.client && i < w.n_held; i++)
		take_back(w.args, w.client, "undone", w.held[i]->name, true, &(struct lr_err){0});
	lr_client_close(w.client);
	lr_games_release(&w.all);
	return code;
}
