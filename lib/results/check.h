/*
 * check.h - the release checklist, out of results
 *
 * Theory of operation. Each item of the documented guide's list is a function over all that was
 * measured, in whichever file it stands: the newest sample of each metric (lib/results/page.h), a
 * base to compare with, a replay, a profile. It collects findings; each passes or fails. An item
 * without any is open. What failed says in its text what it was, and the command to run next goes
 * with that: another one for the disk than for the log.
 */
#ifndef LR_RESULTS_CHECK_H
#define LR_RESULTS_CHECK_H

#include <stdio.h>

#include "lib/results/page.h"

enum lr_check_state { LR_CHECK_PASS, LR_CHECK_FAIL, LR_CHECK_OPEN };

struct lr_check {
	const char *name;  /* starts, leaks, peers, cpu, memory, latency, baseline, hot, loop */
	const char *guide; /* the section of lr-perf-guide(7) that leads on */
	enum lr_check_state state;
	char text[240]; /* what was found */
	char next[120]; /* the command to run when it failed or is open */
};

#define LR_CHECKS 9

/* `base`: NULL without a baseline. All LR_CHECKS are filled in. */
void lr_check_all(struct lr_check out[LR_CHECKS], const struct lr_page *page, const json_t *base);
/* LR_EXIT_MISSED: one failed; LR_EXIT_FAILED: all are open; LR_EXIT_OK. */
enum lr_exit lr_check_exit(const struct lr_check checks[LR_CHECKS]);

json_t *lr_check_json(const struct lr_check *c); /* new reference */
void lr_check_table(FILE *out, const struct lr_check checks[LR_CHECKS], bool colour);
void lr_check_markdown(FILE *out, const struct lr_check checks[LR_CHECKS]);
void lr_check_junit(FILE *out, const struct lr_check checks[LR_CHECKS]);

#endif
