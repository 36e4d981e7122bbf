/*
 * lr-perf - proves that the tunnel is fast, and finds out where it is not: the table of its verbs
 */
#include "cmd/perf.h"

static void defaults(void *args)
{
	struct lr_perf_args *a = args;

	a->gate = "documented";
	a->repeat = 1;
	a->sample = 1;
	a->top = 20;
	a->runs = 10;
	a->repeats = -1;
	a->interval = 1;
	a->players = 4;
	a->crowd = 100;
	a->seed = 1;
}

static const struct lr_opt options[] = {
	{"json", 0, LR_OPT_FLAG, NULL, "print JSON", LR_PERF_AT(json)},
	{0},
};

static const struct lr_verb verbs[] = {
	{"replay", "FILE...", "play captures through every stage and time each",
		lr_perf_replay_options, 1, -1, lr_perf_run_replay, "file"},
	{"monitor", "[PID|IFACE]", "watch a node or a process, and say what looks wrong",
		lr_perf_monitor_options, 0, 1, lr_perf_run_monitor, "iface"},
	{"profile", "[IFACE]", "where a running node's time goes", lr_perf_profile_options, 0, 1,
		lr_perf_run_profile, "iface"},
	{"bench", "[NAME...]", "measure every operation that counts, in fresh processes",
		lr_perf_bench_options, 0, -1, lr_perf_run_bench,
		"performance bottlenecks scaling config state ipam metrics crypto wg lan relay "
		"party "
		"json format start profiles concurrent memory growth logging leaks"},
	{"live", "[FILE]", "the promises end to end, in a laboratory of namespaces (root)",
		lr_perf_live_options, 0, 1, lr_perf_run_live, "file"},
	{"compare", "[BASE] NEW", "whether the new results are worse than the base's",
		lr_perf_compare_options, 1, 2, lr_perf_run_compare, "file"},
	{"check", "[RESULTS...]", "the release checklist, and what to run next",
		lr_perf_check_options, 0, -1, lr_perf_run_check, "file"},
	{"bundle", "FILE [RESULTS...]", "what to send with a bug report, without secrets",
		lr_perf_bundle_options, 1, -1, lr_perf_run_bundle, "file"},
	{"report", "RESULTS...", "results as a page, a plot or a comment", lr_perf_report_options,
		1, -1, lr_perf_run_report, "file"},
	{"record", "IFACE [FILE]", "record an interface's packets as pcapng",
		lr_perf_record_options, 1, 2, lr_perf_run_record, "iface"},
	{"trace-info", "FILE...", "what captures hold: games, sizes, rates, ports", NULL, 1, -1,
		lr_perf_run_trace_info, "file"},
	{"synth", "GAME [FILE]", "make a capture of a game's traffic from its profile",
		lr_perf_synth_options, 1, 2, lr_perf_run_synth},
	{"targets", "[NAME]", "show what is to be reached", NULL, 0, 1, lr_perf_run_targets, NULL},
	{0},
};

static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "everything that can be judged met its target; compare: nothing is worse"},
	{LR_EXIT_FAILED,
		"nothing could be measured, compared or checked, or the output not written"},
	{LR_EXIT_USAGE, "wrong command line"},
	{LR_EXIT_MISSED,
		"a target missed, a check failed, something worse, or wrong as monitor says"},
	{LR_EXIT_UNREACHABLE, "no node runs, or it does not answer"},
	{LR_EXIT_RIGHTS, "no right to talk to the node, to capture, or to build a laboratory"},
	{0},
};

const struct lr_prog lr_perf_prog = {
	.name = "lr-perf",
	.summary = "Measures what the tunnel costs, holds it against the targets and against other "
		   "builds.",
	.usage = "[OPTION]... VERB [OPERAND]...",
	.opts = options,
	.verbs = verbs,
	.exits = exits,
	.examples = "  lr-perf replay game.pcap\n"
		    "  tcpdump -i eth0 -c 1000 -w - | lr-perf replay --json -\n"
		    "  lr-perf replay --gate ours --repeat 20 game.pcapng\n"
		    "  lr-perf bench ipam wg\n"
		    "  lr-perf bench --against ../base && lr-perf compare base.json new.json\n"
		    "  sudo lr-perf live --quick\n"
		    "  lr-perf record lr0 game.pcapng --for 1m\n"
		    "  lr-perf synth openttd | lr-perf replay -\n"
		    "  lr-perf targets\n",
	.args_size = sizeof(struct lr_perf_args),
	.defaults = defaults,
};

int main(int argc, char **argv)
{
	return lr_opt_main(&lr_perf_prog, argc, argv);
}
