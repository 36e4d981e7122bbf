/*
 * uapi.h - the cross-platform userspace API of WireGuard, as text in and text out
 *
 * "get=1\n\n" and "set=1\n...\n\n" as wireguard.com/xplatform states them; sans-I/O:
 * the socket is the node's. Port and fwmark belong to the socket, so they come and go through
 * hooks.
 */
#ifndef LR_WG_UAPI_H
#define LR_WG_UAPI_H

#include "lib/wg/wg.h"

struct lr_uapi_host {
	void *ctx;
	uint16_t (*port)(void *ctx);
	uint32_t (*fwmark)(void *ctx);
	int (*set_port)(void *ctx, uint16_t port); /* 0 or -errno; NULL: -EOPNOTSUPP */
	int (*set_fwmark)(void *ctx, uint32_t mark);
	/* A peer was added, changed or is about to be removed: routes and nicknames follow. */
	void (*changed)(void *ctx, struct lr_wg_peer *peer, bool removed);
	bool fixed_key; /* another private key, or none, is refused: -EPERM */
};

/* A request is whole when it ends with an empty line. 0: more bytes are needed; > 0: the
 * request's length in bytes; -EMSGSIZE: too long. */
long lr_uapi_request_len(const char *text, size_t len);
/* Answers one whole request. The answer is malloc'd and ends with "errno=N\n\n"; NULL: out of
 * memory. A set request is carried out line by line, as other implementations do: what stands
 * before a bad line has happened. */
char *lr_uapi_answer(struct lr_wg *wg, uint64_t now, const struct lr_uapi_host *host,
	const char *request, size_t len, size_t *answer_len);

#define LR_UAPI_MAX_BYTES (16u << 20)

#endif
