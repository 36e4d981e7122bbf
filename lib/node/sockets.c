/*
 * sockets.c - UDP sockets beside the tunnel's own; see sockets.h
 */
#include "lib/node/sockets.h"

#include <errno.h>
#include <stdlib.h>

static uint16_t free_number(struct lr_sockets *s)
{
	const unsigned room = LR_SOCKETS_MAX - LR_SOCKET_FIRST;

	for (unsigned i = 0; i < room; i++) {
		uint16_t n = (uint16_t)(LR_SOCKET_FIRST + (s->next + i) % room);
		if (s->at[n])
			continue;
		s->next = (uint16_t)(n - LR_SOCKET_FIRST +
				     1); /* a number is not given again at once */
		return n;
	}
	return 0;
}

int lr_sockets_open(struct lr_sockets *s, struct lr_loop *loop, uint16_t number, uint32_t fwmark,
	void (*ready)(struct lr_source *, uint32_t), void *ctx)
{
	struct lr_socket *k;
	int r;

	if (number == 0)
		number = free_number(s);
	if (number == 0 || number >= LR_SOCKETS_MAX || s->at[number])
		return -EMFILE;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	r = lr_udp_open_more(&k->udp, number == LR_SOCKET_BEHAVE6 ? AF_INET6 : AF_INET, fwmark);
	if (r == 0) {
		k->number = number;
		k->source = (struct lr_source){
			k->udp.fd4 >= 0 ? k->udp.fd4 : k->udp.fd6, ready, ctx, "udp_more"};
		r = lr_loop_add(loop, &k->source, EPOLLIN);
		if (r < 0)
			lr_udp_close(&k->udp);
	}
	if (r < 0) {
		free(k);
		return r;
	}
	s->at[number] = k;
	return number;
}

void lr_sockets_close(struct lr_sockets *s, struct lr_loop *loop, uint16_t number)
{
	struct lr_socket *k = lr_sockets_get(s, number);

	if (!k)
		return;
	lr_loop_remove(loop, &k->source);
	lr_udp_close(&k->udp);
	s->at[number] = NULL;
	free(k);
}

void lr_sockets_close_all(struct lr_sockets *s, struct lr_loop *loop)
{
	for (uint16_t n = 0; n < LR_SOCKETS_MAX; n++)
		lr_sockets_close(s, loop, n);
}
