/*
 * junit.c - see junit.h
 */
#include "lib/base/junit.h"

#include <math.h>
#include <string.h>

#include "lib/base/text.h"

static void attribute(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	lr_text_escaped(out, text, strlen(text));
	fputc('"', out);
}

struct lr_junit lr_junit_begin(FILE *out, const char *suite, const char *class,
	struct lr_junit_counts counts, double seconds)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite", out);
	attribute(out, "name", suite);
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\"", counts.tests,
		counts.failures, counts.skipped);
	if (!isnan(seconds))
		fprintf(out, " time=\"%.6f\"", seconds);
	fputs(">\n", out);
	return (struct lr_junit){out, class};
}

void lr_junit_case(const struct lr_junit *j, const char *name, double seconds,
	enum lr_junit_outcome outcome, const char *why)
{
	fputs("  <testcase", j->out);
	attribute(j->out, "classname", j->class);
	attribute(j->out, "name", name);
	if (!isnan(seconds))
		fprintf(j->out, " time=\"%.9f\"", seconds);
	fputc('>', j->out);
	if (outcome != LR_JUNIT_PASSED) {
		fputs(outcome == LR_JUNIT_FAILED ? "<failure" : "<skipped", j->out);
		attribute(j->out, "message", why);
		fputs("/>", j->out);
	}
	fputs("</testcase>\n", j->out);
}

void lr_junit_end(const struct lr_junit *j)
{
	fputs("</testsuite>\n", j->out);
}
