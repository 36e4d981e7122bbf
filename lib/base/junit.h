/*
 * junit.h - results of tests as JUnit XML, as continuous integration reads it
 *
 * lr_junit_begin(), one lr_junit_case() a test, lr_junit_end(). Texts are escaped here. All tests
 * of a suite are of one class. Source: the schema that Jenkins' JUnit plugin publishes.
 */
#ifndef LR_BASE_JUNIT_H
#define LR_BASE_JUNIT_H

#include <stdio.h>

enum lr_junit_outcome { LR_JUNIT_PASSED, LR_JUNIT_FAILED, LR_JUNIT_SKIPPED };

struct lr_junit {
	FILE *out;
	const char *class;
};

struct lr_junit_counts {
	size_t tests, failures, skipped;
};

/* `suite` and `class` name them; `seconds` of the whole, NAN: not told. */
struct lr_junit lr_junit_begin(FILE *out, const char *suite, const char *class,
	struct lr_junit_counts counts, double seconds);
/* `why` it failed or was skipped; ignored when it passed. `seconds` as above. */
void lr_junit_case(const struct lr_junit *j, const char *name, double seconds,
	enum lr_junit_outcome outcome, const char *why);
void lr_junit_end(const struct lr_junit *j);

#endif
