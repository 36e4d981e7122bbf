/*
 * game_detect.c - lr-game detect: which games run here
 */
#include <stdio.h>

#include "cmd/game.h"
#include "lib/io/listeners.h"
#include "terms.h"

static const char *const ways[] = {"executable", "close", "ports"};

static json_t *found_json(const struct lr_detect_game *g)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_GAME, g->game->name);
	lr_json_put_str(o, LR_K_TITLE, g->game->title);
	lr_json_put_int(o, LR_K_PID, g->pid);
	lr_json_put_str(o, LR_K_PROCESS, g->process[0] ? g->process : NULL);
	lr_json_put_str(o, LR_K_MATCH, ways[g->by]);
	if (g->port)
		lr_json_put_int(o, LR_K_PORT, g->port);
	else
		lr_json_put(o, LR_K_PORT, json_null());
	lr_json_put_int(o, LR_K_CONFIDENCE, g->confidence);
	return o;
}

int lr_game_detect(const struct lr_game_args *a, const struct lr_games *all,
	struct lr_detect_game out[LR_DETECT_MAX], struct lr_err *err)
{
	return lr_detect(all, a->proc ? a->proc : "/proc", a->proc ? NULL : lr_listeners, out, err);
}

int lr_game_run_detect(struct lr_cli *cli)
{
	const struct lr_game_args *a = cli->args;
	struct lr_detect_game found[LR_DETECT_MAX];
	struct lr_games all;
	int code = lr_game_load(cli, &all);

	if (code != LR_EXIT_OK)
		return code;
	int n = lr_game_detect(a, &all, found, &cli->err);
	for (int i = 0; i < n; i++)
		if (a->json)
			lr_game_line(found_json(&found[i]));
		else
			printf("%-30s pid %-8d %3u %% by %s%s%s\n", found[i].game->name,
				(int)found[i].pid, found[i].confidence, ways[found[i].by],
				found[i].process[0] ? ": " : "", found[i].process);
	lr_games_release(&all);
	if (n == 0)
		lr_err_set(&cli->err, LR_EXIT_FAILED, "no game that is known runs here");
	return n > 0 ? LR_EXIT_OK : lr_game_failed(cli);
}
