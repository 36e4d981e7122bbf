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

enum state { WAITING, ASKED, TOLD, GONE };

struct item {
	struct lr_query query;
	const struct lr_query_protocol *asked;
	struct sockaddr_in at;
	enum state state;
	unsigned tries;
	uint64_t sent_ns, rtt_ns; /* of the last question; 0: none yet */
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
	int fds[PROTOCOLS]; /* by protocol; 0: none yet */
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
	for (unsigned i = 0; i < PROTOCOLS; i++)
		s->fds[i] = -1;
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
	for (unsigned i = 0; i < PROTOCOLS; i++)
		if (s->fds[i] >= 0)
			close(s->fds[i]);
	free(s->items);
	free(s);
}

static int socket_of(struct lr_servers *s, const struct lr_query_protocol *p)
{
	unsigned k = number(p);
	const int on = 1, room = 1 << 20;

	if (s->fds[k] >= 0)
		return s->fds[k];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	s->fds[k] = fd;
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
	int rc = protocol->tcp ? 0 : socket_of(s, protocol);

	if (rc < 0)
		return rc;
	return find(s, protocol, at) || add(s, protocol, protocol, at) ? 0 : -ENOSPC;
}

int lr_servers_broadcast(
	struct lr_servers *s, const struct lr_query_protocol *protocol, uint16_t port)
{
	if (protocol->tcp || !protocol->broadcast)
		return 0;
	int rc = socket_of(s, protocol);
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
			(void)!sendto(
				s->fds[number(p)], ask, len, 0, (struct sockaddr *)&at, sizeof(at));
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
	i->state = ASKED;
	i->tries++;
	i->sent_ns = lr_now();
	(void)!sendto(s->fds[number(p)], bytes, len, 0, (struct sockaddr *)&i->at, sizeof(i->at));
}

/* --- answers --- */

static void measure(struct item *i)
{
	uint64_t rtt = i->sent_ns ? lr_now() - i->sent_ns : 0;

	if (rtt && (!i->rtt_ns || rtt < i->rtt_ns))
		i->rtt_ns = rtt;
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
	if (!next || find(s, next, &at) || (!next->tcp && socket_of(s, next) < 0))
		return;
	struct item *more = add(s, next, i->asked, &at);
	if (more)
		ask(s, more);
}

static void take(struct lr_servers *s, struct item *i, const uint8_t *bytes, size_t len)
{
	switch (lr_query_take(&i->query, bytes, len)) {
	case LR_QUERY_IGNORED:
		break;
	case LR_QUERY_MORE:
		measure(i);
		i->tries = 0;
		ask(s, i);
		break;
	case LR_QUERY_DONE:
		measure(i);
		tell(s, i);
		break;
	case LR_QUERY_ELSEWHERE:
		go_on(s, i);
		break;
	}
}

static void receive(struct lr_servers *s, const struct lr_query_protocol *p)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	for (unsigned k = 0; k < 256; k++, len = sizeof(from)) {
		n = recvfrom(s->fds[number(p)], s->datagram, sizeof(s->datagram), 0,
			(struct sockaddr *)&from, &len);
		if (n < 0)
			return;
		struct item *i = find(s, p, &from);
		if (i && i->state == ASKED)
			take(s, i, s->datagram, (size_t)n);
		else if (!i && s->n_shouts && (i = add(s, p, p, &from)))
			ask(s, i); /* it answered a broadcast: now alone, and measured */
	}
}

static void stream_ready(struct lr_servers *s, struct item *i, short events)
{
	uint8_t bytes[LR_QUERY_ASK_MAX];

	if (!i->connected && (events & POLLOUT)) {
		size_t n = lr_query_ask(&i->query, bytes);
		measure(i);
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
			measure(i);
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

	for (unsigned k = 0; k < PROTOCOLS; k++)
		if (s->fds[k] >= 0) {
			items[n] = NULL;
			p[n++] = (struct pollfd){s->fds[k], POLLIN, 0};
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
	struct pollfd p[PROTOCOLS + STREAMS];
	struct item *items[PROTOCOLS + STREAMS];
	unsigned n = gather(s, p, items);

	if (poll(p, n, ms) <= 0)
		return;
	for (unsigned k = 0; k < n; k++) {
		if (!p[k].revents)
			continue;
		if (items[k])
			stream_ready(s, items[k], p[k].revents);
		for (unsigned f = 0; !items[k] && f < PROTOCOLS; f++)
			if (s->fds[f] == p[k].fd)
				receive(s, &lr_query_protocols[f]);
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
