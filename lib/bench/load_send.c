/*
 * load_send.c - sends a load in a laboratory, and times it; see load.h
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/bench/load.h"
#include "lib/net/ip.h"

#define BEAT_NS  (LR_NS_PER_S / 60) /* a game's frame */
#define TALK     200                /* bytes of a packet of talk */
#define LATE_NS  (LR_NS_PER_S / 2)  /* what has not come then is lost */
#define WAYS_MAX 64

/* What a packet begins with. */
struct mark {
	uint64_t sent_ns; /* Unix time */
	uint32_t number;
	uint32_t run; /* of which sending; what is left of an older one is no matter */
};

static uint32_t runs;

static int local_end(int rx, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int on = 1;

	*at = (struct sockaddr_in){.sin_family = AF_INET};
	if (bind(rx, (struct sockaddr *)at, sizeof(*at)) < 0 ||
		setsockopt(rx, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
		getsockname(rx, (struct sockaddr *)at, &len) < 0)
		return -1;
	return 0;
}

int lr_load_open(struct lr_load_way *w, const struct lr_lab *lab, unsigned from, unsigned to,
	const char *address, struct lr_err *err)
{
	struct sockaddr_in at;

	w->rx = lr_lab_socket(lab, to, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	w->tx = lr_lab_socket(lab, from, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (w->rx < 0 || w->tx < 0 || local_end(w->rx, &at) < 0 ||
		inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
		connect(w->tx, (struct sockaddr *)&at, sizeof(at)) < 0)
		return lr_err_set(
			err, LR_EXIT_FAILED, "a socket to %s: %s", address, strerror(errno));
	return 0;
}

void lr_load_close(struct lr_load_way *w)
{
	if (w->tx >= 0)
		close(w->tx);
	if (w->rx >= 0)
		close(w->rx);
	w->tx = w->rx = -1;
}

static void send_one(int fd, uint32_t number, uint32_t run, size_t size)
{
	uint8_t bytes[LR_LOAD_MAX] = {0};
	struct mark m = {.sent_ns = lr_wall(), .number = number, .run = run};

	memcpy(bytes, &m, sizeof(m));
	(void)!send(fd, bytes, size, 0); /* what cannot be sent is lost */
}

/* The next packet of a run that has come, and when. False: none now. */
static bool receive(int fd, uint32_t run, struct mark *m, uint64_t *at_ns)
{
	char control[CMSG_SPACE(sizeof(struct timespec))] __attribute__((aligned(8)));
	uint8_t bytes[2048];
	struct iovec iov = {bytes, sizeof(bytes)};

	for (;;) {
		struct msghdr msg = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &msg, 0);
		if (n < 0 && errno != ECONNREFUSED)
			return false;
		if (n < (ssize_t)sizeof(*m))
			continue;
		memcpy(m, bytes, sizeof(*m));
		const struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		struct timespec ts;
		if (m->run != run || !c || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		*at_ns = (uint64_t)ts.tv_sec * LR_NS_PER_S + (uint64_t)ts.tv_nsec;
		return true;
	}
}

/* Until `until` (lr_now()) or something can be read. */
static void wait_readable(struct pollfd *fds, nfds_t n, uint64_t until)
{
	uint64_t now = lr_now(), left = until > now ? until - now : 0;
	struct timespec ts = {(time_t)(left / LR_NS_PER_S), (long)(left % LR_NS_PER_S)};

	ppoll(fds, n, &ts, NULL);
}

static size_t gather(const struct lr_load_way *w, uint32_t run, struct lr_hist *h)
{
	struct mark m;
	uint64_t at;
	size_t n = 0;

	for (; receive(w->rx, run, &m, &at); n++)
		lr_hist_add(h, at > m.sent_ns ? at - m.sent_ns : 0);
	return n;
}

uint64_t lr_load_send(const struct lr_load_way *w, const struct lr_load *l, struct lr_hist *h)
{
	struct pollfd p = {.fd = w->rx, .events = POLLIN};
	uint64_t began = lr_now(), end = 0;
	uint32_t run = ++runs;
	size_t came = 0;

	for (size_t i = 0; i < l->n; i++) {
		uint64_t due = began + l->packets[i].at_ns;
		while (lr_now() < due) {
			wait_readable(&p, 1, due);
			came += gather(w, run, h);
		}
		send_one(w->tx, (uint32_t)i, run, l->packets[i].size);
	}
	for (end = lr_now() + LATE_NS; came < l->n && lr_now() < end;) {
		wait_readable(&p, 1, end);
		came += gather(w, run, h);
	}
	return l->n - (came < l->n ? came : l->n);
}

uint64_t lr_load_silence(
	const struct lr_load_way *w, bool (*cut)(void *ctx), void *ctx, unsigned limit_s)
{
	struct pollfd p = {.fd = w->rx, .events = POLLIN};
	uint64_t began = lr_now(), due = began, at, last = 0, cut_at = 0, gap = 0;
	uint64_t end = began + limit_s * LR_NS_PER_S;
	uint32_t run = ++runs, number = 0;
	struct mark m;

	while (lr_now() < end) {
		if (lr_now() >= due) {
			send_one(w->tx, number++, run, TALK);
			due += BEAT_NS;
		}
		if (!cut_at && lr_now() - began > LR_NS_PER_S / 2) {
			if (!cut(ctx))
				return 0;
			cut_at = lr_wall();
		}
		wait_readable(&p, 1, due);
		while (receive(w->rx, run, &m, &at)) {
			if (cut_at && last && at > last && at - last > gap)
				gap = at - last;
			/* Sent behind the cut and come: the way is another one. */
			if (cut_at && m.sent_ns > cut_at)
				return gap;
			last = at;
		}
	}
	return 0;
}

/* What came at the other ends goes back. */
static void echo(const struct lr_load_way *w)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t bytes[2048];
	ssize_t n;

	while ((n = recvfrom(w->rx, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len)) > 0)
		(void)!sendto(w->rx, bytes, (size_t)n, 0, (struct sockaddr *)&from, len);
}

static uint64_t answers(const struct lr_load_way *w, uint32_t run)
{
	uint8_t bytes[2048];
	struct mark m;
	uint64_t n = 0;
	ssize_t len;

	while ((len = recv(w->tx, bytes, sizeof(bytes), 0)) >= (ssize_t)sizeof(m)) {
		memcpy(&m, bytes, sizeof(m));
		n += m.run == run;
	}
	return n;
}

uint64_t lr_load_talk(const struct lr_load_way *ways, size_t n, uint64_t for_ns, uint64_t *sent)
{
	struct pollfd p[2 * WAYS_MAX];
	uint64_t began = lr_now(), due = began, back = 0, now = began;
	uint64_t step = BEAT_NS / (n ? n : 1);
	uint32_t run = ++runs;

	n = n < WAYS_MAX ? n : WAYS_MAX;
	for (size_t i = 0; i < n; i++) {
		p[2 * i] = (struct pollfd){.fd = ways[i].rx, .events = POLLIN};
		p[2 * i + 1] = (struct pollfd){.fd = ways[i].tx, .events = POLLIN};
	}
	for (*sent = 0; now < began + for_ns || (back < *sent && now < began + for_ns + LATE_NS);
		now = lr_now()) {
		if (now >= due && now < began + for_ns) {
			send_one(ways[*sent % n].tx, (uint32_t)*sent, run, TALK);
			++*sent;
			due += step;
		}
		wait_readable(p, 2 * n, now < began + for_ns ? due : began + for_ns + LATE_NS);
		for (size_t i = 0; i < n; i++) {
			echo(&ways[i]);
			back += answers(&ways[i], run);
		}
	}
	return back;
}

/* --- ping --- */

struct echo_request {
	uint8_t type, code;
	uint16_t sum, id, number;
	uint64_t sent_ns;
};

static void ask(int fd, const struct sockaddr_in *to, uint16_t number)
{
	struct echo_request e = {
		.type = 8, .id = (uint16_t)getpid(), .number = number, .sent_ns = lr_now()};

	e.sum = lr_sum_fold(lr_sum(&e, sizeof(e), 0));
	(void)!sendto(fd, &e, sizeof(e), 0, (const struct sockaddr *)to, sizeof(*to));
}

/* When the ping that is answered was sent; 0: no answer has come. */
static uint64_t answered(int fd, const struct sockaddr_in *from)
{
	uint8_t bytes[256];
	struct echo_request e;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		size_t head = (size_t)(bytes[0] & 15) * 4;
		if ((size_t)n < head + sizeof(e) || memcmp(bytes + 12, &from->sin_addr, 4) != 0)
			continue;
		memcpy(&e, bytes + head, sizeof(e));
		if (e.type == 0 && e.id == (uint16_t)getpid())
			return e.sent_ns;
	}
	return 0;
}

int lr_load_ping(const struct lr_lab *lab, unsigned host, const char *address, int limit_ms,
	uint64_t *rtt_ns, uint64_t *since_ns)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = lr_lab_socket(lab, host, AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
	uint64_t began = lr_now(), end = began + (uint64_t)limit_ms * LR_NS_PER_MS, sent = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return fd;
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		end = 0;
	for (uint16_t i = 0; !sent && lr_now() < end; i++) {
		ask(fd, &to, i);
		wait_readable(&p, 1, lr_now() + 5 * LR_NS_PER_MS);
		sent = answered(fd, &to);
	}
	*rtt_ns = sent ? lr_now() - sent : 0;
	*since_ns = lr_now() - began;
	close(fd);
	return sent ? 0 : -ETIMEDOUT;
}
