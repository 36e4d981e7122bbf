/*
 * uapi_socket.c - see uapi_socket.h; the text is lib/wg/uapi.c's
 *
 * A client may send several requests over one connection. Each client has one buffer in and
 * one answer out; it is not read while an answer waits for it, so it can't make us hoard.
 */
#include "lib/node/uapi_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/state.h"
#include "lib/io/unix.h"
#include "lib/node/pump.h"
#include "lib/wg/uapi.h"

#define UAPI_DIR    "/var/run/wireguard"
#define CLIENTS_MAX 64 /* more are closed at once: descriptors are the tunnel's, too */

struct client {
	struct lr_source src;
	struct lr_uapi_socket *u;
	char *in;
	size_t n_in, room_in;
	char *out;
	size_t n_out, at_out;
	struct client *next;
};

struct lr_uapi_socket {
	struct lr_node *node;
	struct lr_unix listener;
	struct lr_source src;
	struct client *clients;
	unsigned n_clients;
};

static uint16_t get_port(void *ctx)
{
	return ((struct lr_node *)ctx)->listen_port;
}

static uint32_t get_mark(void *ctx)
{
	return ((struct lr_node *)ctx)->fwmark;
}

static int set_port(void *ctx, uint16_t port)
{
	return lr_pump_set_port(((struct lr_node *)ctx)->pump, port);
}

static int set_mark(void *ctx, uint32_t mark)
{
	return lr_pump_set_mark(((struct lr_node *)ctx)->pump, mark);
}

static void changed(void *ctx, struct lr_wg_peer *peer, bool removed)
{
	lr_node_peer_changed(ctx, peer, removed);
}

static void drop(struct client *c)
{
	struct client **at = &c->u->clients;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->u->n_clients--;
	lr_loop_remove(&c->u->node->loop, &c->src);
	close(c->src.fd);
	if (c->in)
		lr_wipe(c->in, c->room_in); /* private and preshared keys */
	if (c->out)
		lr_wipe(c->out, c->n_out);
	free(c->in);
	free(c->out);
	free(c);
}

/* False: the client is gone. */
static bool write_out(struct client *c)
{
	while (c->at_out < c->n_out) {
		ssize_t n = send(c->src.fd, c->out + c->at_out, c->n_out - c->at_out,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return lr_loop_change(&c->u->node->loop, &c->src, EPOLLOUT) == 0;
		if (n < 0)
			return false;
		c->at_out += (size_t)n;
	}
	lr_wipe(c->out, c->n_out);
	free(c->out);
	c->out = NULL;
	c->n_out = c->at_out = 0;
	return lr_loop_change(&c->u->node->loop, &c->src, EPOLLIN) == 0;
}

/* Answers the next whole request, if there is one. False: the client is to be dropped. */
static bool answer(struct client *c)
{
	struct lr_node *node = c->u->node;
	const struct lr_uapi_host host = {node, get_port, get_mark, set_port, set_mark, changed,
		.fixed_key = node->party != NULL}; /* the party knows us by it */
	while (!c->out && c->n_in) {
		long len = lr_uapi_request_len(c->in, c->n_in);
		if (len < 0)
			return false;
		if (len == 0)
			return true;
		c->out = lr_uapi_answer(
			node->wg, node->loop.now, &host, c->in, (size_t)len, &c->n_out);
		if (!c->out)
			return false;
		memmove(c->in, c->in + len, c->n_in - (size_t)len);
		c->n_in -= (size_t)len;
		if (!write_out(c))
			return false;
	}
	return true;
}

/* Grows by hand instead of realloc(), which would leave copies of keys behind. */
static bool make_room(struct client *c)
{
	if (c->n_in < c->room_in)
		return true;
	size_t room = c->room_in ? c->room_in * 2 : 4096;
	char *fresh = room <= LR_UAPI_MAX_BYTES * 2 ? malloc(room) : NULL;
	if (!fresh)
		return false;
	if (c->in) {
		memcpy(fresh, c->in, c->n_in);
		lr_wipe(c->in, c->room_in);
		free(c->in);
	}
	c->in = fresh;
	c->room_in = room;
	return true;
}

static void client_ready(struct lr_source *src, uint32_t events)
{
	struct client *c = src->ctx;
	bool keep = true;
	if (c->out)
		keep = !(events & (EPOLLERR | EPOLLHUP)) && write_out(c);
	while (keep && !c->out) {
		keep = make_room(c);
		if (!keep)
			break;
		ssize_t n = recv(c->src.fd, c->in + c->n_in, c->room_in - c->n_in, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		keep = n > 0;
		if (keep) {
			c->n_in += (size_t)n;
			keep = answer(c);
		}
	}
	if (!keep)
		drop(c);
}

static void listener_ready(struct lr_source *src, uint32_t events)
{
	struct lr_uapi_socket *u = src->ctx;
	(void)events;
	int fd = accept4(u->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct client *c = u->n_clients < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(fd);
		return;
	}
	c->u = u;
	c->src = (struct lr_source){fd, client_ready, c, "uapi_client"};
	c->next = u->clients;
	u->clients = c;
	u->n_clients++;
	if (lr_loop_add(&u->node->loop, &c->src, EPOLLIN) < 0)
		drop(c);
}

struct lr_uapi_socket *lr_uapi_socket_open(struct lr_node *node)
{
	char path[sizeof(UAPI_DIR) + IFNAMSIZ + 8];
	struct lr_uapi_socket *u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->node = node;
	snprintf(path, sizeof(path), UAPI_DIR "/%s.sock", node->iface);
	int r = lr_make_dirs(UAPI_DIR, 0755, NULL) < 0 ? -EACCES : 0;
	if (r == 0)
		r = lr_unix_listen(&u->listener, path, 0600);
	if (r == 0) {
		u->src = (struct lr_source){u->listener.fd, listener_ready, u, "uapi"};
		r = lr_loop_add(&node->loop, &u->src, EPOLLIN);
		if (r < 0)
			lr_unix_close(&u->listener);
	}
	if (r == 0)
		return u;
	if (r == -EADDRINUSE)
		lr_log(LR_LOG_NOTE,
			"%s: another process answers there; going on without it, wg(8) will "
			"show that one",
			path);
	else
		lr_log(LR_LOG_NOTE, "%s: %s; going on without it, wg(8) will not see this node",
			path, strerror(-r));
	free(u);
	return NULL;
}

void lr_uapi_socket_close(struct lr_uapi_socket *u)
{
	if (!u)
		return;
	while (u->clients)
		drop(u->clients);
	lr_loop_remove(&u->node->loop, &u->src);
	lr_unix_close(&u->listener);
	free(u);
}
