/*
 * refit.c - see refit.h
 */
#include "lib/node/refit.h"

#include <errno.h>
#include <string.h>

#include "lib/crypto/crypto.h"
#include "lib/net/fragment.h"
#include "lib/net/ip.h"

enum {
	ROOM = 2048, /* more than any datagram that a probe proved */
	DEPTH = 3,   /* sizes: what was proven, the base, the least */
};

static int send_one(const struct lr_refit *r, const uint8_t *packet, size_t len, int depth);

static int send_fragments(const struct lr_refit *r, const uint8_t *packet, size_t len, int depth)
{
	struct lr_fragment f;
	uint8_t piece[ROOM];
	uint32_t id;
	int rc;

	lr_random(&id, sizeof(id));
	rc = lr_fragment_begin(&f, packet, len, r->peer->mtu, id);
	for (size_t n; rc == 0 && (n = lr_fragment_next(&f, piece));)
		rc = send_one(r, piece, n, depth);
	return rc;
}

/* 0, or -errno when some of it was not sent. */
static int send_one(const struct lr_refit *r, const uint8_t *packet, size_t len, int depth)
{
	uint8_t msg[ROOM];
	size_t limit = r->peer->mtu;

	if (depth == 0 || limit == 0)
		return -EMSGSIZE;
	if (len > limit)
		return send_fragments(r, packet, len, depth);
	memcpy(msg + LR_WG_HEAD, packet, len);
	int n = lr_wg_seal(r->wg, r->now, r->peer, msg, len, limit);
	int rc = n < 0 ? n : r->send(r->ctx, r->peer, msg, (size_t)n);
	return rc == -EMSGSIZE ? send_one(r, packet, len, depth - 1) : rc;
}

static int refit_one(const struct lr_refit *r, const uint8_t *sealed, size_t len)
{
	uint8_t msg[ROOM];
	struct lr_packet p;

	if (len > sizeof(msg))
		return -EMSGSIZE;
	memcpy(msg, sealed, len);
	int n = lr_wg_unseal(r->peer, msg, len);
	if (n <= 0)
		return n;
	if (lr_packet_parse(msg + LR_WG_HEAD, (size_t)n, &p) != LR_IP_FINE)
		return -EINVAL;
	return send_one(r, msg + LR_WG_HEAD, p.len, DEPTH);
}

unsigned lr_refit(
	const struct lr_refit *r, const uint8_t *msgs, size_t len, size_t segment, size_t head)
{
	unsigned lost = 0;

	for (size_t at = 0; at < len; at += segment) {
		size_t n = len - at < segment ? len - at : segment;
		lost += n <= head || refit_one(r, msgs + at + head, n - head) < 0;
	}
	return lost;
}
