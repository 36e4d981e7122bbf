/*
 * clock.c - time as text
 *
 * Source: RFC 3339, section 5.6.
 */
#include "lib/base/clock.h"

#include <stdio.h>

void lr_rfc3339(uint64_t unix_ns, char out[32])
{
	time_t s = (time_t)(unix_ns / LR_NS_PER_S);
	unsigned ms = (unsigned)(unix_ns % LR_NS_PER_S / LR_NS_PER_MS);
	struct tm tm;

	gmtime_r(&s, &tm);
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		(unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		(unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		(unsigned)tm.tm_sec % 100, ms);
}
