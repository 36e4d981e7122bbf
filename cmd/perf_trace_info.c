/*
 * perf_trace_info.c - lr-perf trace-info: what captures hold
 */
#include <limits.h>
#include <stdio.h>

#include "cmd/perf.h"
#include "lib/base/state.h"
#include "lib/perf/capture.h"
#include "lib/replay/trace.h"
#include "terms.h"

/* The profiles that are compiled in, and the user's own. */
int lr_perf_games(struct lr_games *games, struct lr_err *err)
{
	char state[PATH_MAX - 8], dir[PATH_MAX];
	bool known = lr_state_dir(state, sizeof(state), NULL) == 0;

	snprintf(dir, sizeof(dir), "%s/games", known ? state : "");
	if (lr_games_load(games, known ? dir : NULL, NULL, NULL) == 0)
		return 0;
	return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
}

static void print(const struct lr_trace *t, const char *file, const char *format, const char *error,
	bool json)
{
	if (!json) {
		printf("%s (%s)\n", file, format);
		lr_trace_table(stdout, t);
		return;
	}
	json_t *o = json_object(), *rest = lr_trace_json(t);
	lr_json_put_str(o, LR_K_FILE, file);
	lr_json_put_str(o, LR_K_FORMAT, format);
	lr_json_put_bool(o, LR_K_TRUNCATED, error != NULL);
	lr_json_put_str(o, LR_K_ERROR, error);
	json_object_update(o, rest);
	lr_json_line(stdout, o);
	json_decref(rest);
	json_decref(o);
}

/* One file. False: it could not be opened. */
static bool look(struct lr_cli *cli, const char *file, const struct lr_games *games)
{
	const struct lr_perf_args *a = cli->args;
	struct lr_err err = {0};
	struct lr_capture *c = lr_capture_open(file, &err);
	struct lr_captured frame;
	struct lr_trace t;
	int more = -1;

	if (c && lr_trace_init(&t, games) == 0) {
		while ((more = lr_capture_next(c, &frame, &err)) == 1)
			lr_trace_add(&t, &frame);
		print(&t, file, lr_capture_format(c), more < 0 ? err.text : NULL, a->json);
		lr_trace_release(&t);
	}
	if (more < 0)
		lr_note(cli->prog, "%s%s", err.text, c ? "; what came before was counted" : "");
	lr_capture_close(c);
	return c != NULL;
}

int lr_perf_run_trace_info(struct lr_cli *cli)
{
	struct lr_games games = {0};
	bool good = true;

	if (lr_perf_games(&games, &cli->err) < 0)
		return -1;
	for (int i = 0; i < cli->n; i++)
		good = look(cli, cli->operands[i], &games) && good;
	lr_games_release(&games);
	return good ? LR_EXIT_OK : LR_EXIT_FAILED;
}
