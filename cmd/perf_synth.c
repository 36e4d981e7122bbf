/*
 * perf_synth.c - lr-perf synth: a game's traffic as its profile tells it, as a capture
 */
#include <errno.h>
#include <string.h>

#include "cmd/perf.h"
#include "lib/base/clock.h"
#include "lib/base/state.h"
#include "lib/node/given.h"
#include "lib/perf/pcapng_write.h"
#include "lib/replay/synth.h"
#include "terms.h"

const struct lr_opt lr_perf_synth_options[] = {
	{"players", 'p', LR_OPT_INT, "N", "so many play, the first hosts (4)", LR_PERF_AT(players),
		2, LR_SYNTH_PLAYERS},
	{"for", 0, LR_OPT_TEXT, "TIME", "traffic of so long (10s)", LR_PERF_AT(time)},
	{"seed", 0, LR_OPT_INT, "N", "another seed, another capture (1)", LR_PERF_AT(seed), 0,
		2000000000},
	{0},
};

static int write_all(FILE *out, struct lr_synth *s, uint64_t for_ns, uint64_t *packets)
{
	struct lr_captured f;
	int r = lr_pcapng_begin(out, "lr-perf synth");

	if (r == 0)
		r = lr_pcapng_interface(out, 1, 0, "synth");
	for (lr_synth_next(s, &f); r == 0 && f.time_ns - LR_SYNTH_EPOCH_NS < for_ns;
		lr_synth_next(s, &f), ++*packets)
		r = lr_pcapng_packet(out, &f);
	if (r == 0 && fflush(out) != 0)
		r = -errno;
	return r == -EPIPE ? 0 : r;
}

static void tell(const char *file, const char *game, uint64_t packets)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_FILE, file);
	lr_json_put_str(o, LR_K_GAME, game);
	lr_json_put_int(o, LR_K_PACKETS, (int64_t)packets);
	lr_json_line(stdout, o);
	json_decref(o);
}

int lr_perf_run_synth(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	const char *path = cli->n > 1 ? cli->operands[1] : "-";
	struct lr_games games = {0};
	struct lr_synth *s = NULL;
	uint64_t seconds, packets = 0;
	FILE *out = NULL;
	int code = -1;

	if (lr_given_duration("--for", a->time ? a->time : "10s", 86400, &seconds, &cli->err) < 0 ||
		lr_perf_games(&games, &cli->err) < 0)
		goto out;
	const struct lr_game *game = lr_games_find(&games, cli->operands[0], &cli->err);
	if (game)
		s = lr_synth_new(game, (unsigned)a->players, (uint64_t)a->seed, &cli->err);
	if (!s || !(out = lr_perf_capture_out(path, a->json, &cli->err)))
		goto out;
	int r = write_all(out, s, seconds * LR_NS_PER_S, &packets);
	code = r ? lr_err_set(&cli->err, LR_EXIT_FAILED, "%s: %s", path, strerror(-r)) : 0;
	if (code == 0 && a->json)
		tell(path, game->name, packets);
out:
	if (out && out != stdout && fclose(out) != 0 && code == 0)
		code = lr_err_set(&cli->err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	lr_synth_free(s);
	lr_games_release(&games);
	return code;
}
