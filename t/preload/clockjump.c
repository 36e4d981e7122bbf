/*
 * clockjump.c - clocks that jump while a program runs, for tests; a shared object for LD_PRELOAD
 *
 * LR_CLOCKS names a file of two signed numbers of 20 characters each, a space between them: seconds
 * that are added to the wall clock (CLOCK_REALTIME, gettimeofday, time), and to CLOCK_BOOTTIME.
 * CLOCK_MONOTONIC is left alone, as when a machine was suspended. The file is mapped once, at the
 * start, so a program that closes what it inherited, or may open nothing, still sees it change.
 * Change it in place, by one write of the same length.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DIGITS 20
#define LENGTH (2 * DIGITS + 1)

static const volatile char *file;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("LR_CLOCKS");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	void *at = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		file = at;
	close(fd);
}

/* The seconds at `at`, read until twice the same: a write may be under way. */
static time_t seconds(size_t at)
{
	char now[DIGITS + 1] = "", before[DIGITS + 1] = "";

	if (!file)
		return 0;
	do {
		memcpy(before, now, sizeof(now));
		for (size_t i = 0; i < DIGITS; i++)
			now[i] = file[at + i];
	} while (memcmp(before, now, sizeof(now)) != 0);
	return (time_t)strtoll(now, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += seconds(0);
	else if (rc == 0 && id == CLOCK_BOOTTIME)
		ts->tv_sec += seconds(DIGITS + 1);
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	*tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}
