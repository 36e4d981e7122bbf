/*
 * check.h - the release checklist, out of results
 *
 * Theory of operation. Each item of the documented guide's list is a function over what was
 * measured: a result, a base to compare it with, a replay, a profile. It passes, fails, or is open
 * when what it needs is not among them. What failed or is open says which command to run next.
 */
#ifndef LR_RESULTS_CHECK_H
#define LR_RESULTS_CHECK_H

#include <stdio.h>

#include "lib/results/page.h"

enum lr_check_state { LR_CHECK_PASS, LR_CHECK_FAIL, LR_CHECK_OPEN };

struct lr_check {
	const char *name; /* starts, leaks, peers, cpu, latency, baseline, hot, loop */
	const char *next; /* the command to run when it failed or is open */
	enum lr_check_state state;
	char text[200]; /* what was found */
};

#define LR_CHECKS 8

/* `base`: NULL without a baseline. All LR_CHECKS are filled in. */
void lr_check_all(struct lr_check out[LR_CHECKS], const struct lr_page *page, const json_t *base);
bool lr_check_failed(const struct lr_check checks[LR_CHECKS]);

json_t *lr_check_json(const struct lr_check *c); /* new reference */
void lr_check_table(FILE *out, const struct lr_check checks[LR_CHECKS], bool colour);
void lr_check_markdown(FILE *out, const struct lr_check checks[LR_CHECKS]);
void lr_check_junit(FILE *out, const struct lr_check checks[LR_CHECKS]);

#endif
