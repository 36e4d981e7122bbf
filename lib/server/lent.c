/*
 * lent.c - the sockets of ports that were lent for guests (lib/relay/lend.h)
 *
 * A lent port has a socket of each address family that the relay listens on, of the range that the
 * relay was told. What came in is copied behind its frame's head: guests are few, and slow beside
 * members.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/server/server_inside.h"

#define FAMILIES   2
#define PORT_TRIES 64 /* at random, before the range is called full */
#define SLOT       (LR_FRAME_GUEST_HEAD + LR_LENT_MESSAGE)

struct lr_server_lent {
	struct lr_server *server;
	struct lr_lent *lent;
	struct {
		struct lr_source source;
		bool gso;
	} sockets[FAMILIES]; /* IPv4, IPv6; fd -1: none */
};

/* ------------------------------------------------------------------ in */

static uint8_t *slot(struct lr_server *s)
{
	if (s->n_guest_slots == LR_SERVER_GUEST_SLOTS) {
		lr_server_flush(s);
		s->n_guest_slots = 0;
	}
	return s->guest_slots + (size_t)s->n_guest_slots++ * SLOT;
}

static void take_one(struct lr_server *s, struct lr_lent *lent, const struct lr_endpoint *from,
	const uint8_t *bytes, size_t len)
{
	uint8_t head[LR_FRAME_GUEST_HEAD];
	struct lr_relay_channel *to =
		lr_relay_guest(&s->relay, lent, from, bytes, len, s->loop.now, head);
	if (!to)
		return;
	uint8_t *frame = slot(s);
	memcpy(frame, head, sizeof(head));
	memcpy(frame + sizeof(head), bytes, len);
	len += sizeof(head);
	if (to->conn) {
		lr_tunnel_push(s, to->conn, frame, len);
		return;
	}
	const struct lr_server_socket *k = &s->sockets[to->socket];
	lr_batch_send(s->batch, k->source.fd, k->gso, &to->at, frame, len, NULL);
}

static void lent_ready(struct lr_source *source, uint32_t events)
{
	struct lr_server_lent *k = source->ctx;
	struct lr_server *s = k->server;
	(void)events;
	int n = lr_batch_recv(s->batch, source->fd);
	for (int i = 0; i < n; i++) {
		struct lr_batch_in *in = lr_batch_at(s->batch, (size_t)i);
		for (size_t at = 0; at < in->len; at += in->segment) {
			size_t left = in->len - at;
			take_one(s, k->lent, &in->at, in->bytes + at,
				left < in->segment ? left : in->segment);
		}
	}
	lr_server_flush(s);
	s->n_guest_slots = 0;
}

/* ------------------------------------------------------------------ out */

void lr_server_to_guest(
	struct lr_server *s, const struct lr_relay_step *step, const uint8_t *frame, size_t len)
{
	struct lr_server_lent *k = step->lent->owner;
	unsigned family = step->outside->sa.sa_family == AF_INET6;
	if (k->sockets[family].source.fd >= 0)
		lr_batch_send(s->batch, k->sockets[family].source.fd, k->sockets[family].gso,
			step->outside, frame + LR_FRAME_GUEST_HEAD, len - LR_FRAME_GUEST_HEAD,
			NULL);
}

/* ------------------------------------------------------------------ sockets */

static void close_sockets(struct lr_server_lent *k)
{
	for (unsigned i = 0; i < FAMILIES; i++) {
		if (k->sockets[i].source.fd < 0)
			continue;
		lr_loop_remove(&k->server->loop, &k->sockets[i].source);
		close(k->sockets[i].source.fd);
		k->sockets[i].source.fd = -1;
	}
}

/* The port on the first address of each family that the relay listens on. */
static int open_sockets(struct lr_server_lent *k, uint16_t port)
{
	struct lr_server *s = k->server;
	int r = -EADDRNOTAVAIL;
	for (unsigned i = 0; i < s->n_listens; i++) {
		struct lr_endpoint at = s->listens[i];
		unsigned family = at.sa.sa_family == AF_INET6;
		struct lr_source *source = &k->sockets[family].source;
		if (source->fd >= 0)
			continue;
		if (family)
			at.in6.sin6_port = htons(port);
		else
			at.in.sin_port = htons(port);
		r = lr_batch_socket(&at, &k->sockets[family].gso);
		if (r < 0)
			break;
		*source = (struct lr_source){.fd = r, .ready = lent_ready, .ctx = k};
		r = lr_loop_add(&s->loop, source, EPOLLIN);
		if (r < 0)
			break;
	}
	if (r < 0)
		close_sockets(k);
	return r;
}

static int lent_open(void *ctx, struct lr_lent *lent)
{
	struct lr_server *s = ctx;
	const uint16_t first = s->options.guest_first, last = s->options.guest_last;
	struct lr_server_lent *k = calloc(1, sizeof(*k));
	int r = -EADDRINUSE;

	if (!k)
		return -ENOMEM;
	k->server = s;
	k->lent = lent;
	for (unsigned i = 0; i < FAMILIES; i++)
		k->sockets[i].source.fd = -1;
	for (int tries = lent->port ? 1 : PORT_TRIES; r < 0 && tries; tries--) {
		uint16_t port = lent->port;
		if (!port)
			port = (uint16_t)(first + lr_random_below(last - first + 1u));
		if (port < first || port > last)
			break;
		r = open_sockets(k, port);
		if (r >= 0)
			lent->port = port;
	}
	if (r < 0) {
		free(k);
		return r;
	}
	lent->owner = k;
	return 0;
}

static void lent_close(void *ctx, struct lr_lent *lent)
{
	(void)ctx;
	close_sockets(lent->owner);
	free(lent->owner);
	lent->owner = NULL;
}

int lr_server_lends(struct lr_server *s, struct lr_lend_hooks *hooks)
{
	*hooks = (struct lr_lend_hooks){.ctx = s};
	if (!s->options.guest_first)
		return 0;
	s->guest_slots = malloc((size_t)LR_SERVER_GUEST_SLOTS * SLOT);
	if (!s->guest_slots)
		return -ENOMEM;
	hooks->open = lent_open;
	hooks->close = lent_close;
	return 0;
}
