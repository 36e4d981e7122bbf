/*
 * lr-game - what games need from the network: profiles, which game runs, and the node told
 */
#include "cmd/game.h"

#define AT(member) offsetof(struct lr_game_args, member)

static const struct lr_opt options[] = {
	{"json", 'j', LR_OPT_FLAG, NULL, "print JSON, one object a line", AT(json)},
	{NULL},
};

static const struct lr_opt detect_options[] = {
	{"proc", 0, LR_OPT_TEXT, "DIR", NULL, AT(proc)}, /* for tests */
	{NULL},
};

static const struct lr_opt lr_game_watch_options[] = {
	{"iface", 0, LR_OPT_TEXT, "NAME", "the node of this interface", AT(iface),
		.complete = "iface"},
	{"proc", 0, LR_OPT_TEXT, "DIR", NULL, AT(proc)}, /* for tests */
	{NULL},
};

static const struct lr_verb verbs[] = {
	{"list", "[WORD]...", "print all games that are known, or those with these words", NULL, 0,
		-1, lr_game_run_list},
	{"show", "GAME...", "print what is known of a game, and where from", NULL, 1, -1,
		lr_game_run_show, "game"},
	{"detect", "", "print which games run on this machine", detect_options, 0, 0,
		lr_game_run_detect},
	{"apply", "GAME...", "have the running node carry a game: ports, groups, priority",
		lr_game_apply_options, 1, -1, lr_game_run_apply, "game"},
	{"watch", "", "apply what runs, for as long as it does", lr_game_watch_options, 0, 0,
		lr_game_run_watch},
	{"learn", "PID", "watch a running game, and print a profile of what it did",
		lr_game_learn_options, 1, 1, lr_game_run_learn},
	{"servers", "[ADDRESS[:PORT]]...", "find servers of games, and what they say",
		lr_game_servers_options, 0, -1, lr_game_run_servers},
	{NULL},
};

static void defaults(void *args)
{
	((struct lr_game_args *)args)->wait_s = 1.5;
}

static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "done"},
	{LR_EXIT_FAILED, "failed: no such game, no game runs, no server answered"},
	{LR_EXIT_USAGE, "command line wrong, nothing was done"},
	{LR_EXIT_UNREACHABLE, "no node runs"},
	{LR_EXIT_RIGHTS, "no right to talk to the node, or to see a process's sockets"},
	{0, NULL},
};

const struct lr_prog lr_game_prog = {
	.name = "lr-game",
	.summary = "Games on the LAN: what each needs, and which of them runs.",
	.usage = "[OPTION]... VERB [GAME]...",
	.opts = options,
	.verbs = verbs,
	.exits = exits,
	.examples = "  lr-game show warcraft-3\n"
		    "  lr-game detect --json | jq -r .game\n"
		    "  lr-game apply openttd\n"
		    "  lr-game learn --for 1m --save 4711\n",
	.args_size = sizeof(struct lr_game_args),
	.defaults = defaults,
};

int main(int argc, char **argv)
{
	return lr_opt_main(&lr_game_prog, argc, argv);
}
