/*
 * servers.c - asks for servers of games
 */
#include "lib/io/servers.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define TRIES     3
#define AGAIN_NS  (400 * LR_NS_PER_MS)
#define STREAMS   64 /* TCP connections at once */
#define DATAGRAM  65536
#define ADDRESSES 64
#define PROTOCOLS 32
#define SOCKETS   (TRIES + 1) /* of a protocol: one a try, the last broadcasts */
#define LOUD      TRIES

enum state { WAITING, ASKED, TOLD, GONE };

struct item {
	struct lr_query query;
	const struct lr_query_protocol *asked;
	struct sockaddr_in at;
	enum state state;
	unsigned tries, first;    /* of this question; the socket of its first try */
	uint64_t asked_ns[TRIES]; /* by socket, on the clock of the kernel's stamps; 0: not there */
	uint64_t sent_ns, rtt_ns; /* the last try; 0: none yet */
	int fd;                   /* TCP; -1: none */
	bool connected;
	uint8_t *bytes; /* TCP: what came */
	size_t len;
};

struct shout {
	unsigned protocol;
	uint16_t port;
};

struct lr_servers {
	void (*found)(void *ctx, const struct lr_servers_found *server);
	void *ctx;
	int fds[PROTOCOLS][SOCKETS]; /* -1: none yet */
	struct item *items;
	size_t n;
	struct shout shouts[512];
	size_t n_shouts;
	unsigned streams;
	uint8_t datagram[DATAGRAM];
};

static unsigned number(const struct lr_query_protocol *p)
{
	return (unsigned)(p - lr_query_protocols);
}

struct lr_servers *lr_servers_new(
	void (*found)(void *ctx, const struct lr_servers_found *server), void *ctx)
{
	struct lr_servers *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->items = calloc(LR_SERVERS_MAX, sizeof(*s->items));
	if (!s->items) {
		free(s);
		return NULL;
	}
	for (unsigned i = 0; i < PROTOCOLS * SOCKETS; i++)
		s->fds[i / SOCKETS][i % SOCKETS] = -1;
	s->found = found;
	s->ctx = ctx;
	return s;
}

static void hang_up(struct lr_servers *s, struct item *i)
{
	if (i->fd >= 0) {
		close(i->fd);
		s->streams--;
	}
	free(i->bytes);
	i->bytes = NULL;
	i->fd = -1;
}

void lr_servers_free(struct lr_servers *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		hang_up(s, &s->items[i]);
	for (unsigned i = 0; i < PROTOCOLS * SOCKETS; i++)
		if (s->fds[i / SOCKETS][i % SOCKETS] >= 0)
			close(s->fds[i / SOCKETS][i % SOCKETS]);
	free(s->items);
	free(s);
}

static int socket_of(struct lr_servers *s, const struct lr_query_protocol *p, unsigned which)
{
	int *there = &s->fds[number(p)][which];
	const int on = 1, room = 1 << 20;

	if (*there >= 0)
		return *there;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	*there = fd;
	return fd;
}

static struct item *find(
	struct lr_servers *s, const struct lr_query_protocol *p, const struct sockaddr_in *at)
{
	for (size_t i = 0; i < s->n; i++) {
		struct item *k = &s->items[i];
		if (k->query.protocol == p && k->at.sin_port == at->sin_port &&
			k->at.sin_addr.s_addr == at->sin_addr.s_addr)
			return k;
	}
	return NULL;
}

static struct item *add(struct lr_servers *s, const struct lr_query_protocol *p,
	const struct lr_query_protocol *asked, const struct sockaddr_in *at)
{
	if (s->n == LR_SERVERS_MAX)
		return NULL;
	struct item *i = &s->items[s->n++];
	*i = (struct item){.asked = asked, .at = *at, .fd = -1};
	i->at.sin_family = AF_INET;
	lr_query_init(&i->query, p);
	return i;
}

int lr_servers_ask(struct lr_servers *s, const struct lr_query_protocol *protocol,
	const struct sockaddr_in *at)
{
	int rc = protocol->tcp ? 0 : socket_of(s, protocol, 0);

	if (rc < 0)
		return rc;
	return find(s, protocol, at) || add(s, protocol, protocol, at) ? 0 : -ENOSPC;
}

int lr_servers_broadcast(
	struct lr_servers *s, const struct lr_query_protocol *protocol, uint16_t port)
{
	if (protocol->tcp || !protocol->broadcast)
		return 0;
	int rc = socket_of(s, protocol, LOUD);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < s->n_shouts; i++)
		if (s->shouts[i].protocol == number(protocol) && s->shouts[i].port == port)
			return 0;
	if (s->n_shouts == sizeof(s->shouts) / sizeof(*s->shouts))
		return -ENOSPC;
	s->shouts[s->n_shouts++] = (struct shout){number(protocol), port};
	return 0;
}

/* --- asking --- */

static size_t broadcast_addresses(struct in_addr out[ADDRESSES])
{
	struct ifaddrs *all = NULL;
	size_t n = 0;

	out[n++].s_addr = htonl(INADDR_BROADCAST);
	if (getifaddrs(&all) != 0)
		return n;
	for (struct ifaddrs *i = all; i && n < ADDRESSES; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && i->ifa_broadaddr &&
			(i->ifa_flags & IFF_BROADCAST) && (i->ifa_flags & IFF_UP))
			out[n++] = ((struct sockaddr_in *)i->ifa_broadaddr)->sin_addr;
	freeifaddrs(all);
	return n;
}

static void shout(struct lr_servers *s)
{
	struct in_addr to[ADDRESSES];
	size_t n = s->n_shouts ? broadcast_addresses(to) : 0;
	uint8_t ask[LR_QUERY_ASK_MAX];

	for (size_t i = 0; i < s->n_shouts; i++) {
		const struct lr_query_protocol *p = &lr_query_protocols[s->shouts[i].protocol];
		struct lr_query q;
		lr_query_init(&q, p);
		size_t len = lr_query_ask(&q, ask);
		for (size_t k = 0; k < n; k++) {
			struct sockaddr_in at = {.sin_family = AF_INET,
				.sin_port = htons(s->shouts[i].port),
				.sin_addr = to[k]};
			(void)!sendto(s->fds[number(p)][LOUD], ask, len, 0, (struct sockaddr *)&at,
				sizeof(at));
		}
	}
}

static void dial(struct lr_servers *s, struct item *i)
{
	if (s->streams == STREAMS)
		return;
	i->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (i->fd < 0)
		return;
	s->streams++;
	i->state = ASKED;
	i->sent_ns = lr_now();
	if (connect(i->fd, (struct sockaddr *)&i->at, sizeof(i->at)) != 0 && errno != EINPROGRESS) {
		hang_up(s, i);
		i->state = GONE;
	}
}

static void ask(struct lr_servers *s, struct item *i)
{
	uint8_t bytes[LR_QUERY_ASK_MAX];
	const struct lr_query_protocol *p = i->query.protocol;

	if (p->tcp) {
		dial(s, i);
		return;
	}
	size_t len = lr_query_ask(&i->query, bytes);
	unsigned which = (i->first + i->tries++) % TRIES;
	int fd = socket_of(s, p, which);
	i->state = ASKED;
	i->sent_ns = lr_now();
	i->asked_ns[which] = lr_clock_ns(CLOCK_REALTIME);
	(void)!sendto(fd, bytes, len, 0, (struct sockaddr *)&i->at, sizeof(i->at));
}

/* --- answers --- */

static void measure(struct item *i, uint64_t asked, uint64_t came)
{
	if (asked && came > asked && (!i->rtt_ns || came - asked < i->rtt_ns))
		i->rtt_ns = came - asked;
}

static void tell(struct lr_servers *s, struct item *i)
{
	const struct lr_servers_found f = {.protocol = i->query.protocol,
		.asked = i->asked,
		.at = i->at,
		.server = i->query.server,
		.rtt_ns = i->rtt_ns};

	i->state = TOLD;
	s->found(s->ctx, &f);
}

/* The server says where it is really asked. */
static void go_on(struct lr_servers *s, struct item *i)
{
	const struct lr_query_protocol *next = lr_query_protocol(i->query.next);
	struct sockaddr_in at = i->at;

	i->state = GONE;
	if (i->query.next_port)
		at.sin_port = htons(i->query.next_port);
	if (!next || find(s, next, &at))
		return;
	struct item *more = add(s, next, i->asked, &at);
	if (more)
		ask(s, more);
}

/* A datagram that came to the socket of a try at that time: the answer to that try. What a
 * challenge was given to goes on asking. */
static void take(struct lr_servers *s, struct item *i, unsigned which, uint64_t came, size_t len)
{
	enum lr_query_verdict v = lr_query_take(&i->query, s->datagram, len);

	if (v == LR_QUERY_MORE || v == LR_QUERY_DONE)
		measure(i, i->asked_ns[which], came);
	switch (v) {
	case LR_QUERY_IGNORED:
		break;
	case LR_QUERY_MORE:
		i->tries = 0;
		i->first = which;
		memset(i->asked_ns, 0, sizeof(i->asked_ns));
		ask(s, i);
		break;
	case LR_QUERY_DONE:
		tell(s, i);
		break;
	case LR_QUERY_ELSEWHERE:
		go_on(s, i);
		break;
	}
}

/* When the kernel took the datagram in: our own work does not count. */
static uint64_t stamp_of(struct msghdr *msg)
{
	struct timespec ts;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			return (uint64_t)ts.tv_sec * LR_NS_PER_S + (uint64_t)ts.tv_nsec;
		}
	return lr_clock_ns(CLOCK_REALTIME);
}

static void receive(struct lr_servers *s, const struct lr_query_protocol *p, unsigned which)
{
	for (unsigned k = 0; k < 256; k++) {
		_Alignas(struct cmsghdr) char control[64];
		struct sockaddr_in from;
		struct iovec iov = {s->datagram, sizeof(s->datagram)};
		struct msghdr msg = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(s->fds[number(p)][which], &msg, 0);
		if (n < 0)
			return;
		struct item *i = find(s, p, &from);
		if (which != LOUD && i && i->state == ASKED)
			take(s, i, which, stamp_of(&msg), (size_t)n);
		else if (which == LOUD && !i && (i = add(s, p, p, &from)))
			ask(s, i); /* it answered a broadcast: now alone, and measured */
	}
}

static void stream_ready(struct lr_servers *s, struct item *i, short events)
{
	uint8_t bytes[LR_QUERY_ASK_MAX];

	if (!i->connected && (events & POLLOUT)) {
		size_t n = lr_query_ask(&i->query, bytes);
		measure(i, i->sent_ns, lr_now());
		i->connected = true;
		i->sent_ns = lr_now();
		i->bytes = malloc(LR_QUERY_ANSWER_MAX);
		if (i->bytes && send(i->fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n)
			return;
	} else if (i->connected && i->len < LR_QUERY_ANSWER_MAX) {
		ssize_t n = recv(i->fd, i->bytes + i->len, LR_QUERY_ANSWER_MAX - i->len, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		i->len += n > 0 ? (size_t)n : 0;
		enum lr_query_verdict v =
			n > 0 ? lr_query_take(&i->query, i->bytes, i->len) : LR_QUERY_IGNORED;
		if (v == LR_QUERY_MORE)
			return;
		if (v == LR_QUERY_DONE) {
			measure(i, i->sent_ns, lr_now());
			tell(s, i);
		}
	}
	hang_up(s, i);
	i->state = i->state == TOLD ? TOLD : GONE;
}

/* --- the loop --- */

/* Asks what is due. Whether something is still awaited. */
static bool step(struct lr_servers *s, uint64_t now)
{
	bool open = false;

	for (size_t k = 0; k < s->n; k++) {
		struct item *i = &s->items[k];
		if (i->state == ASKED && i->fd < 0 && now - i->sent_ns >= AGAIN_NS) {
			if (i->tries < TRIES)
				ask(s, i);
			else
				i->state = GONE;
		} else if (i->state == WAITING) {
			ask(s, i);
		}
		open |= i->state == WAITING || i->state == ASKED;
	}
	return open;
}

static unsigned gather(struct lr_servers *s, struct pollfd *p, struct item **items)
{
	unsigned n = 0;

	for (unsigned k = 0; k < PROTOCOLS * SOCKETS; k++)
		if (s->fds[k / SOCKETS][k % SOCKETS] >= 0) {
			items[n] = NULL;
			p[n++] = (struct pollfd){s->fds[k / SOCKETS][k % SOCKETS], POLLIN, 0};
		}
	for (size_t k = 0; k < s->n; k++)
		if (s->items[k].fd >= 0) {
			items[n] = &s->items[k];
			p[n++] = (struct pollfd){
				s->items[k].fd, s->items[k].connected ? POLLIN : POLLOUT, 0};
		}
	return n;
}

static void wait_some(struct lr_servers *s, int ms)
{
	struct pollfd p[PROTOCOLS * SOCKETS + STREAMS];
	struct item *items[PROTOCOLS * SOCKETS + STREAMS];
	unsigned n = gather(s, p, items);

	if (poll(p, n, ms) <= 0)
		return;
	for (unsigned k = 0; k < n; k++) {
		if (!p[k].revents)
			continue;
		if (items[k])
			stream_ready(s, items[k], p[k].revents);
		for (unsigned f = 0; !items[k] && f < PROTOCOLS * SOCKETS; f++)
			if (s->fds[f / SOCKETS][f % SOCKETS] == p[k].fd)
				receive(s, &lr_query_protocols[f / SOCKETS], f % SOCKETS);
	}
}

void lr_servers_run(struct lr_servers *s, uint64_t wait_ns)
{
	const uint64_t end = lr_now() + wait_ns;
	uint64_t now = lr_now(), again = now;
	unsigned shouted = 0;

	while (now < end) {
		if (shouted < TRIES && now >= again) {
			shout(s);
			shouted++;
			again = now + AGAIN_NS;
		}
		if (!step(s, now) && !s->n_shouts)
			break;
		uint64_t left = (end - now) / LR_NS_PER_MS + 1;
		wait_some(s, left < 50 ? (int)left : 50);
		now = lr_now();
	}
}
