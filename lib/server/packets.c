/*
 * packets.c - UDP: relay frames and STUN, in batches
 *
 * A wake-up takes at most a few batches, so that HTTP is never starved. What is forwarded
 * stays in the buffer that it came in; answers of our own lie in an arena until they are sent.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/server/server_inside.h"

#define MESSAGES_AT_ONCE 512
#define MESSAGES_MANY    8   /* at once: more have probably come meanwhile */
#define ANSWER_ROOM      128 /* LR_STUN_ANSWER_MAX, LR_FRAME_BIND_LEN is never sent */
#define ANSWERS          256
#define STUN_COOKIE      0x2112a442
#define PORT_TRIES       32

/* ------------------------------------------------------------------ sending */

void lr_server_flush(struct lr_server *s)
{
	s->relay.stats.drops[LR_RELAY_SEND_REFUSED] += lr_batch_flush(s->batch);
	s->n_answers = 0;
}

static uint8_t *answer_room(struct lr_server *s)
{
	if (s->n_answers == ANSWERS)
		lr_server_flush(s);
	return s->answers + (size_t)s->n_answers++ * ANSWER_ROOM;
}

void lr_server_send(
	struct lr_server *s, const struct lr_relay_source *to, const uint8_t *bytes, size_t len)
{
	const struct lr_server_socket *sock = &s->sockets[to->socket];
	uint8_t *room = answer_room(s);
	memcpy(room, bytes, len);
	lr_batch_send(s->batch, sock->source.fd, sock->gso, &to->at, room, len, NULL);
}

static void forward(
	struct lr_server *s, struct lr_relay_channel *to, const uint8_t *frame, size_t len)
{
	const struct lr_server_socket *sock = &s->sockets[to->socket];
	struct lr_batch_slot slot = {to->batch, to->slot};
	if (to->conn) {
		lr_tunnel_push(s, to->conn, frame, len);
		return;
	}
	lr_batch_send(s->batch, sock->source.fd, sock->gso, &to->at, frame, len, &slot);
	to->batch = slot.batch;
	to->slot = slot.at;
}

/* ------------------------------------------------------------------ STUN */

static struct lr_endpoint endpoint(const struct lr_ip *ip, uint16_t port)
{
	struct lr_endpoint e = {.from = *ip};
	if (ip->family == 4) {
		e.in.sin_family = AF_INET;
		e.in.sin_port = htons(port);
		memcpy(&e.in.sin_addr, ip->b, 4);
	} else if (ip->family == 6) {
		e.in6.sin6_family = AF_INET6;
		e.in6.sin6_port = htons(port);
		memcpy(&e.in6.sin6_addr, ip->b, 16);
	}
	return e;
}

static bool wildcard(const struct lr_ip *ip)
{
	static const uint8_t zero[16];
	return memcmp(ip->b, zero, sizeof(zero)) == 0;
}

/* The socket that can send from `at`; NULL: none. */
static const struct lr_server_socket *socket_for(
	const struct lr_server *s, const struct lr_endpoint *at)
{
	struct lr_ip want = lr_endpoint_ip(at);
	for (unsigned i = 0; i < s->n_sockets; i++) {
		const struct lr_server_socket *k = &s->sockets[i];
		struct lr_ip ip = lr_endpoint_ip(&k->at);
		if (k->at.sa.sa_family == at->sa.sa_family &&
			lr_endpoint_port(&k->at) == lr_endpoint_port(at) &&
			(wildcard(&ip) || lr_ip_equal(&ip, &want)))
			return k;
	}
	return NULL;
}

/* The address beside the alternate one: what is listened on, else the first of the machine. */
static struct lr_ip main_address(const struct lr_server *s, uint8_t family)
{
	struct lr_ip found = {0};
	struct ifaddrs *all = NULL;
	for (unsigned i = 0; i < s->n_listens && !found.family; i++) {
		struct lr_ip ip = lr_endpoint_ip(&s->listens[i]);
		if (ip.family == family && !wildcard(&ip) &&
			!lr_ip_equal(&ip, &s->options.alternate))
			found = ip;
	}
	if (found.family || getifaddrs(&all) < 0)
		return found;
	for (const struct ifaddrs *i = all; i && !found.family; i = i->ifa_next) {
		struct lr_endpoint e = {0};
		if (!i->ifa_addr || i->ifa_addr->sa_family != (family == 4 ? AF_INET : AF_INET6))
			continue;
		memcpy(&e.sa, i->ifa_addr, family == 4 ? sizeof(e.in) : sizeof(e.in6));
		struct lr_ip ip = lr_endpoint_ip(&e);
		bool local = family == 4 ? ip.b[0] == 127
					 : IN6_IS_ADDR_LOOPBACK(&e.in6.sin6_addr) ||
						   IN6_IS_ADDR_LINKLOCAL(&e.in6.sin6_addr);
		if (!local && !lr_ip_equal(&ip, &s->options.alternate))
			found = ip;
	}
	freeifaddrs(all);
	return found;
}

/* The four places as seen by who asked at `local`, and which of them that is. */
static unsigned site_of(const struct lr_server *s, const struct lr_server_socket *k,
	const struct lr_ip *local, struct lr_stun_site *site)
{
	const struct lr_server_options *o = &s->options;
	bool second = o->second_port && lr_endpoint_port(&k->at) == o->second_port;
	bool other = o->alternate.family && lr_ip_equal(local, &o->alternate);
	uint16_t ports[2] = {lr_endpoint_port(&s->listens[0]), o->second_port};
	struct lr_ip ips[2] = {*local, {0}};
	if (!second)
		ports[0] = lr_endpoint_port(&k->at);
	if (o->alternate.family == local->family) {
		ips[0] = other ? s->main[local->family == 6] : *local;
		ips[1] = o->alternate;
	}
	memset(site, 0, sizeof(*site));
	for (unsigned i = 0; i < LR_STUN_PLACES; i++)
		if (ports[i & 1] && ips[i >> 1].family)
			site->at[i] = endpoint(&ips[i >> 1], ports[i & 1]);
	return (second ? 1u : 0u) | (other ? 2u : 0u);
}

static void stun(struct lr_server *s, const struct lr_server_socket *k,
	const struct lr_batch_in *in, const uint8_t *bytes, size_t len)
{
	struct lr_stun_site site;
	struct lr_ip local = in->at.from.family ? in->at.from : lr_endpoint_ip(&k->at);
	unsigned from, here = site_of(s, k, &local, &site);
	uint8_t *out = answer_room(s);
	size_t n =
		lr_stun_answer(&s->stun, s->loop.now, &site, here, &in->at, bytes, len, out, &from);
	const struct lr_server_socket *by = n ? socket_for(s, &site.at[from]) : NULL;
	struct lr_endpoint to = in->at;
	if (!by)
		return;
	to.from = lr_endpoint_ip(&site.at[from]);
	lr_batch_send(s->batch, by->source.fd, by->gso, &to, out, n, NULL);
}

/* ------------------------------------------------------------------ receiving */

static bool is_stun(const uint8_t *p, size_t len)
{
	return len >= LR_STUN_HEADER_LEN && (p[0] & 0xc0) == 0 && lr_get_be32(p + 4) == STUN_COOKIE;
}

/* A datagram, or a train of one sender. */
static void take(struct lr_server *s, const struct lr_server_socket *k, struct lr_batch_in *in)
{
	const struct lr_relay_source src = {.at = in->at, .socket = k->number};
	struct lr_relay_channel *from = lr_relay_from(&s->relay, &src);
	struct lr_relay_step step;
	for (size_t at = 0; at < in->len; at += in->segment) {
		uint8_t *p = in->bytes + at;
		size_t len = in->len - at < in->segment ? in->len - at : in->segment;
		if (p[0] != LR_FRAME_TYPE) {
			if (is_stun(p, len))
				stun(s, k, in, p, len);
			else
				s->relay.stats.drops[LR_RELAY_FOREIGN]++;
			continue;
		}
		lr_relay_input(&s->relay, &src, from, p, len, s->loop.now, &step);
		if (step.to)
			forward(s, step.to, p, len);
		else if (step.lent)
			lr_server_to_guest(s, &step, p, len);
		else if (step.answer_len)
			lr_server_send(s, &src, step.answer, step.answer_len);
		if (!step.to && !step.lent) /* a control frame may have changed it */
			from = lr_relay_from(&s->relay, &src);
	}
}

static void socket_ready(struct lr_source *source, uint32_t events)
{
	struct lr_server_socket *k = source->ctx;
	struct lr_server *s = k->server;
	(void)events;
	for (int n = MESSAGES_MANY, all = 0; n >= MESSAGES_MANY && all < MESSAGES_AT_ONCE;) {
		n = lr_batch_recv(s->batch, source->fd);
		for (int i = 0; i < n; i++)
			take(s, k, lr_batch_at(s->batch, (size_t)i));
		lr_server_flush(s);
		all += n;
	}
}

/* ------------------------------------------------------------------ sockets */

static int add_socket(struct lr_server *s, const struct lr_endpoint *at)
{
	struct lr_server_socket *k = &s->sockets[s->n_sockets];
	struct lr_endpoint bound = *at;
	socklen_t len = sizeof(bound.in6);
	if (s->n_sockets == LR_SERVER_SOCKETS)
		return -ENOSPC;
	int fd = lr_batch_socket(at, &k->gso);
	if (fd < 0)
		return fd;
	getsockname(fd, &bound.sa, &len);
	k->server = s;
	k->number = (uint8_t)s->n_sockets;
	k->at = bound;
	k->source = (struct lr_source){.fd = fd, .ready = socket_ready, .ctx = k};
	s->n_sockets++;
	return lr_loop_add(&s->loop, &k->source, EPOLLIN);
}

static void remove_last_socket(struct lr_server *s)
{
	struct lr_server_socket *k = &s->sockets[--s->n_sockets];
	lr_loop_remove(&s->loop, &k->source);
	close(k->source.fd);
}

static struct lr_endpoint with_port(const struct lr_endpoint *at, uint16_t port)
{
	struct lr_endpoint e = *at;
	if (e.sa.sa_family == AF_INET)
		e.in.sin_port = htons(port);
	else
		e.in6.sin6_port = htons(port);
	return e;
}

/* UDP and TCP on the same port; for port 0 until one is free for both. */
static int listen_one(struct lr_server *s, const struct lr_endpoint *at)
{
	int r = -EADDRINUSE, tries = lr_endpoint_port(at) ? 1 : PORT_TRIES;
	while (r == -EADDRINUSE && tries--) {
		r = add_socket(s, at);
		if (r < 0)
			continue;
		struct lr_endpoint bound = s->sockets[s->n_sockets - 1].at;
		int fd = lr_http_socket(&bound);
		r = fd < 0 ? fd : lr_http_listen(s->http, fd);
		if (r < 0)
			remove_last_socket(s);
		else
			s->listens[s->n_listens++] = bound;
	}
	return r;
}

static int explain(const struct lr_endpoint *at, int error, struct lr_err *err)
{
	char text[LR_ENDPOINT_TEXT];
	lr_endpoint_text(at, text);
	if (error == -EACCES || error == -EPERM)
		return lr_err_set(err, LR_EXIT_RIGHTS,
			"%s: no right to this port: CAP_NET_BIND_SERVICE, or "
			"sysctl net.ipv4.ip_unprivileged_port_start=%u",
			text, lr_endpoint_port(at));
	return lr_err_set(err, LR_EXIT_FAILED,
		error == -EADDRINUSE ? "%s: %s: choose another with --listen" : "%s: %s", text,
		strerror(-error));
}

static bool family_missing(int error)
{
	return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL || error == -EPROTONOSUPPORT;
}

/* Both wildcards; one of them may be missing. */
static int listen_both(struct lr_server *s, uint16_t port, struct lr_err *err)
{
	struct lr_endpoint v4 = {.in = {.sin_family = AF_INET, .sin_port = htons(port)}};
	struct lr_endpoint v6 = {.in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
	int r4 = listen_one(s, &v4);
	if (r4 == 0 && !port)
		v6 = with_port(&v6, lr_endpoint_port(&s->listens[s->n_listens - 1]));
	if (r4 < 0 && !family_missing(r4))
		return explain(&v4, r4, err);
	int r6 = listen_one(s, &v6);
	if (r6 < 0 && (r4 < 0 || !family_missing(r6)))
		return explain(&v6, r6, err);
	return 0;
}

/* The places of STUN that no listening socket covers. */
static int add_places(struct lr_server *s, struct lr_err *err)
{
	const struct lr_server_options *o = &s->options;
	unsigned n = s->n_listens;
	if (o->alternate.family)
		s->main[o->alternate.family == 6] = main_address(s, o->alternate.family);
	for (unsigned i = 0; i < n; i++) {
		struct lr_ip ip = lr_endpoint_ip(&s->listens[i]);
		struct lr_endpoint at[3] = {with_port(&s->listens[i], o->second_port)};
		if (o->alternate.family == ip.family) {
			at[1] = endpoint(&o->alternate, lr_endpoint_port(&s->listens[i]));
			at[2] = endpoint(&o->alternate, o->second_port);
		}
		for (unsigned a = 0; a < 3; a++) {
			if (!lr_endpoint_port(&at[a]) || socket_for(s, &at[a]))
				continue;
			int r = add_socket(s, &at[a]);
			if (r < 0)
				return explain(&at[a], r, err);
		}
	}
	return 0;
}

int lr_server_sockets(struct lr_server *s, struct lr_err *err)
{
	const struct lr_server_options *o = &s->options;
	s->batch = lr_batch_new();
	s->answers = malloc((size_t)ANSWERS * ANSWER_ROOM);
	if (!s->batch || !s->answers)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	for (unsigned i = 0; i < o->n_listen; i++) {
		int r = 0;
		if (o->listen[i].sa.sa_family == AF_UNSPEC) {
			if (listen_both(s, ntohs(o->listen[i].in.sin_port), err) < 0)
				return -1;
		} else if ((r = listen_one(s, &o->listen[i])) < 0) {
			return explain(&o->listen[i], r, err);
		}
	}
	return add_places(s, err);
}

void lr_server_sockets_close(struct lr_server *s)
{
	while (s->n_sockets)
		remove_last_socket(s);
	lr_batch_free(s->batch);
	free(s->answers);
	s->batch = NULL;
	s->answers = NULL;
}
