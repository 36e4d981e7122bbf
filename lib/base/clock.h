/*
 * clock.h - the clocks, read by thin shells only; cores are handed `now`
 *
 * Monotonic time is CLOCK_BOOTTIME in nanoseconds: it goes on while the machine
 * sleeps, so that a session does not outlive its 180 s over a suspend.
 */
#ifndef LR_BASE_CLOCK_H
#define LR_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define LR_NS_PER_S  1000000000ull
#define LR_NS_PER_MS 1000000ull
#define LR_NS_PER_US 1000ull
#define LR_NEVER     UINT64_MAX /* a deadline that does not come */

static inline uint64_t lr_clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * LR_NS_PER_S + (uint64_t)ts.tv_nsec;
}
static inline uint64_t lr_now(void)
{
	return lr_clock_ns(CLOCK_BOOTTIME);
}
/* Unix time in nanoseconds. */
static inline uint64_t lr_wall(void)
{
	return lr_clock_ns(CLOCK_REALTIME);
}

/* RFC 3339 in UTC with milliseconds, "2026-01-31T12:00:00.123Z"; `out` holds at least 32. */
void lr_rfc3339(uint64_t unix_ns, char out[32]);

#endif
