/*
 * fault.c - a node with a fault of a known kind, for make bench; a shared object for LD_PRELOAD
 *
 * LR_FAULT is one of
 *
 *   leak      each wake-up leaves 16 KiB behind
 *   busy      the loop never sleeps
 *   stall     once a second, taking packets from the socket takes 150 ms
 *   slowdown  each wake-up takes longer, by 0.5 ms for each second that has gone by
 *
 * What takes time spins on the clock: a node may make few system calls.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define LEFT_BYTES 16384
#define MS         1000000ull
#define S          (1000 * MS)

static const char *fault = "";
static uint64_t began, stalled;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * S + (uint64_t)ts.tv_nsec;
}

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("LR_FAULT");

	fault = name ? name : "";
	began = stalled = now();
}

static bool is(const char *name)
{
	return strcmp(fault, name) == 0;
}

static void spin(uint64_t ns)
{
	for (uint64_t end = now() + ns; now() < end;) {
	}
}

static void woken(void)
{
	if (is("leak")) {
		char *left = malloc(LEFT_BYTES);
		for (size_t i = 0; left && i < LEFT_BYTES; i += 512)
			((volatile char *)left)[i] = 1;
	}
	if (is("slowdown"))
		spin((now() - began) / S * MS / 2);
}

int epoll_wait(int epfd, struct epoll_event *events, int room, int timeout_ms)
{
	int (*real)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");
	int n = real(epfd, events, room, is("busy") ? 0 : timeout_ms);

	if (n > 0)
		woken();
	return n;
}

int epoll_pwait2(int epfd, struct epoll_event *events, int room, const struct timespec *timeout,
	const sigset_t *mask)
{
	int (*real)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *) =
		dlsym(RTLD_NEXT, "epoll_pwait2");
	const struct timespec none = {0};
	int n = real(epfd, events, room, is("busy") ? &none : timeout, mask);

	if (n > 0)
		woken();
	return n;
}

static void taking(void)
{
	if (!is("stall") || now() < stalled + S)
		return;
	spin(150 * MS);
	stalled = now();
}

int recvmmsg(int fd, struct mmsghdr *heads, unsigned n, int flags, struct timespec *timeout)
{
	int (*real)(int, struct mmsghdr *, unsigned, int, struct timespec *) =
		dlsym(RTLD_NEXT, "recvmmsg");

	taking();
	return real(fd, heads, n, flags, timeout);
}

ssize_t recvmsg(int fd, struct msghdr *head, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");

	taking();
	return real(fd, head, flags);
}
