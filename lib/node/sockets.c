/*
 * sockets.c - UDP sockets beside the tunnel's own; see sockets.h
 */
#include "lib/node/sockets.h"

#include <errno.h>
#include <stdlib.h>

static uint16_t free_number(struct lr_sockets *s)
{
	for (unsigned i = 0; i < LR_SOCKETS_MAX - 2; i++) {
		uint16_t n = (uint16_t)(2 + (s->next + i) % (LR_SOCKETS_MAX - 2));
		if (s->at[n])
			continue;
		s->next = (uint16_t)(n - 1); /* a number is not given again at once */
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
	r = lr_udp_open_more(&k->udp, fwmark);
	if (r == 0) {
		k->number = number;
		k->source = (struct lr_source){k->udp.fd4, ready, ctx};
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
