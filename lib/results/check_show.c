/*
 * check_show.c - the checklist as lines, JSON, Markdown and JUnit XML
 */
#include <math.h>

#include "lib/base/junit.h"
#include "lib/results/check.h"
#include "lib/results/show.h"
#include "terms.h"

static const char *word(enum lr_check_state s)
{
	static const char *const words[] = {"pass", "fail", "open"};
	return words[s];
}

json_t *lr_check_json(const struct lr_check *c)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_NAME, c->name);
	lr_json_put(o, LR_K_PASS,
		c->state == LR_CHECK_OPEN ? json_null() : json_boolean(c->state == LR_CHECK_PASS));
	lr_json_put_str(o, LR_K_TEXT, c->text);
	lr_json_put_str(o, LR_K_COMMAND, c->state == LR_CHECK_PASS ? NULL : c->next);
	lr_json_put_str(o, LR_K_GUIDE, c->state == LR_CHECK_FAIL ? c->guide : NULL);
	return o;
}

void lr_check_table(FILE *out, const struct lr_check checks[LR_CHECKS], bool colour)
{
	static const char *const colours[] = {"\033[32m", "\033[31m", ""};

	for (size_t i = 0; i < LR_CHECKS; i++) {
		const struct lr_check *c = &checks[i];
		fprintf(out, "%s%s%s  %-9s %s\n", colour ? colours[c->state] : "", word(c->state),
			colour ? "\033[0m" : "", c->name, c->text);
		if (c->state != LR_CHECK_PASS)
			fprintf(out, "      %-9s next: %s\n", "", c->next);
		if (c->state == LR_CHECK_FAIL)
			fprintf(out, "      %-9s lr-perf-guide(7): %s\n", "", c->guide);
	}
}

void lr_check_markdown(FILE *out, const struct lr_check checks[LR_CHECKS])
{
	fputs("| | check | found | next |\n|---|---|---|---|\n", out);
	for (size_t i = 0; i < LR_CHECKS; i++) {
		const struct lr_check *c = &checks[i];
		bool pass = c->state == LR_CHECK_PASS;
		fprintf(out, "| %s | %s | %s | %s%s%s |\n", word(c->state), c->name, c->text,
			pass ? "" : "`", pass ? "" : c->next, pass ? "" : "`");
	}
}

void lr_check_junit(FILE *out, const struct lr_check checks[LR_CHECKS])
{
	static const enum lr_junit_outcome outcomes[] = {
		[LR_CHECK_PASS] = LR_JUNIT_PASSED,
		[LR_CHECK_FAIL] = LR_JUNIT_FAILED,
		[LR_CHECK_OPEN] = LR_JUNIT_SKIPPED,
	};
	struct lr_junit_counts counts = {.tests = LR_CHECKS};

	for (size_t i = 0; i < LR_CHECKS; i++) {
		counts.failures += checks[i].state == LR_CHECK_FAIL;
		counts.skipped += checks[i].state == LR_CHECK_OPEN;
	}
	struct lr_junit j = lr_junit_begin(out, "lr-perf check", "check", counts, NAN);
	for (size_t i = 0; i < LR_CHECKS; i++)
		lr_junit_case(&j, checks[i].name, NAN, outcomes[checks[i].state], checks[i].text);
	lr_junit_end(&j);
}
