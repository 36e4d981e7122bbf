/*
 * tap.h - unit tests print the Test Anything Protocol
 *
 * `ok(cond, fmt, ...)` is one test; `main` ends with `return tap_done();`.
 */
#ifndef LR_T_UNIT_TAP_H
#define LR_T_UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned tap_n, tap_bad;

__attribute__((format(printf, 2, 3))) static inline bool ok(bool good, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	printf("%sok %u - ", good ? "" : "not ", ++tap_n);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	tap_bad += !good;
	return good;
}

#define is_int(got, want, name)                                                                    \
	do {                                                                                       \
		long long got_ = (long long)(got), want_ = (long long)(want);                      \
		if (!ok(got_ == want_, "%s", name))                                                \
			printf("# %s:%d got %lld, want %lld\n", __FILE__, __LINE__, got_, want_);  \
	} while (0)
#define is_str(got, want, name)                                                                    \
	do {                                                                                       \
		const char *got_ = (got), *want_ = (want);                                         \
		if (!ok(got_ && want_ && strcmp(got_, want_) == 0, "%s", name))                    \
			printf("# %s:%d got \"%s\", want \"%s\"\n", __FILE__, __LINE__,            \
				got_ ? got_ : "(null)", want_ ? want_ : "(null)");                 \
	} while (0)
#define is_mem(got, want, len, name)                                                               \
	do {                                                                                       \
		if (!ok(memcmp((got), (want), (len)) == 0, "%s", name))                            \
			printf("# %s:%d bytes differ\n", __FILE__, __LINE__);                      \
	} while (0)

static inline int tap_done(void)
{
	printf("1..%u\n", tap_n);
	return tap_bad != 0;
}

#endif
