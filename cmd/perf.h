/*
 * perf.h - what the files of lr-perf share: its arguments and its verbs
 *
 * A verb is a file, cmd/perf_VERB.c: its options and the function that runs it, both declared
 * here and entered in the table of cmd/lr-perf.c.
 */
#ifndef LR_CMD_PERF_H
#define LR_CMD_PERF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/json.h"
#include "lib/base/opt.h"
#include "lib/game/game.h"

/* What the options of all verbs set; lr-perf.c has the defaults. */
struct lr_perf_args {
	bool json;
	const char *junit; /* FILE, or NULL */
	/* replay */
	bool tap, no_timing, loop;
	const char *gate, *speed, *filter, *peers, *direction, *annotate;
	long repeat, sample;
	/* profile, monitor */
	const char *time; /* --for; NULL: the verb's default */
	double interval;
	/* profile */
	const char *slow, *stall, *report, *svg;
	long top, every;
	bool folded, on, off, reset, now;
	/* bench */
	long runs, repeats;
	bool once;
	const char *against, *against_out, *out, *cpu;
	/* compare */
	bool update, any_machine, all, md;
	const char *baseline;
	/* live */
	bool quick;
	const char *only;
	long crowd;
	/* report, bundle */
	const char *html, *iface;
	/* record, synth */
	long count, snaplen, players, seed;
};
#define LR_PERF_AT(member) offsetof(struct lr_perf_args, member)

extern const struct lr_prog lr_perf_prog;

extern const struct lr_opt lr_perf_replay_options[];
int lr_perf_run_replay(struct lr_cli *cli);

extern const struct lr_opt lr_perf_profile_options[];
int lr_perf_run_profile(struct lr_cli *cli);

extern const struct lr_opt lr_perf_monitor_options[];
int lr_perf_run_monitor(struct lr_cli *cli);

extern const struct lr_opt lr_perf_record_options[];
int lr_perf_run_record(struct lr_cli *cli);
/* The stream for a capture, standard output for "-" unless that is a terminal or has the JSON. NULL
 * with `err`. */
FILE *lr_perf_capture_out(const char *path, bool json, struct lr_err *err);

int lr_perf_run_trace_info(struct lr_cli *cli);
/* The profiles that are compiled in, and the user's own. 0, or -1 with `err`. */
int lr_perf_games(struct lr_games *games, struct lr_err *err);

extern const struct lr_opt lr_perf_synth_options[];
int lr_perf_run_synth(struct lr_cli *cli);

int lr_perf_run_targets(struct lr_cli *cli);

extern const struct lr_opt lr_perf_bench_options[];
int lr_perf_run_bench(struct lr_cli *cli);

extern const struct lr_opt lr_perf_live_options[];
int lr_perf_run_live(struct lr_cli *cli);
/* What lr-perf live --quick measures; new reference, NULL with `err` (LR_EXIT_RIGHTS: not root). */
json_t *lr_perf_live_quick(struct lr_err *err);

extern const struct lr_opt lr_perf_compare_options[];
int lr_perf_run_compare(struct lr_cli *cli);
extern const struct lr_opt lr_perf_check_options[];
int lr_perf_run_check(struct lr_cli *cli);

extern const struct lr_opt lr_perf_bundle_options[];
int lr_perf_run_bundle(struct lr_cli *cli);

extern const struct lr_opt lr_perf_report_options[];
int lr_perf_run_report(struct lr_cli *cli);

/* Compares and shows, as the options say. The exit code. */
int lr_perf_show_compared(struct lr_cli *cli, const json_t *base, const json_t *fresh);

#endif
