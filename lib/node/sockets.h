/*
 * sockets.h - UDP sockets beside the tunnel's own, for punching: by number
 *
 * A router that gives every destination another port is met by many sockets, or by many ports. The
 * tunnel's own socket has the number 0 and is not here; 1 and 2 are those that find out how the
 * router filters, IPv4 and IPv6; punching opens 3 and more, IPv4: what IPv6 meets is a firewall,
 * which the tunnel's own socket opens.
 */
#ifndef LR_NODE_SOCKETS_H
#define LR_NODE_SOCKETS_H

#include "lib/io/loop.h"
#include "lib/io/udp.h"
#include "lib/nat/budget.h"

#define LR_SOCKET_BEHAVE  1
#define LR_SOCKET_BEHAVE6 2
#define LR_SOCKET_FIRST   3 /* that punching opens */
#define LR_SOCKETS_MAX    (LR_SOCKET_FIRST + LR_BUDGET_SOCKETS_MAX + 2 * 256)

struct lr_socket {
	struct lr_udp udp;
	struct lr_source source; /* ctx is the pump; `ready` finds itself by it */
	uint16_t number;
};

struct lr_sockets {
	struct lr_socket *at[LR_SOCKETS_MAX]; /* [number], NULL: not open */
	uint16_t next;                        /* where the search for a free number begins */
};

/* Opens number `number`, or with 0 a free one from LR_SOCKET_FIRST on, and adds it to the loop. The
 * number, or -errno. */
int lr_sockets_open(struct lr_sockets *s, struct lr_loop *loop, uint16_t number, uint32_t fwmark,
	void (*ready)(struct lr_source *, uint32_t), void *ctx);
void lr_sockets_close(struct lr_sockets *s, struct lr_loop *loop, uint16_t number);
void lr_sockets_close_all(struct lr_sockets *s, struct lr_loop *loop);
/* NULL when it is not open. */
static inline struct lr_socket *lr_sockets_get(const struct lr_sockets *s, uint16_t number)
{
	return number < LR_SOCKETS_MAX ? s->at[number] : NULL;
}
static inline struct lr_socket *lr_socket_of(struct lr_source *src)
{
	return (struct lr_socket *)((char *)src - offsetof(struct lr_socket, source));
}

#endif
