/*
 * stun.h - STUN Binding messages: writing and checked reading
 *
 *     0                   1                   2                   3
 *    |0 0|  type (14 bits)           |  length of what follows the  |
 *    |                     0x2112a442                 20 byte header|
 *    |                transaction id (12 bytes)                     |
 *    | attribute type | attribute length | value, padded to 4 | ... |
 *
 * Source: RFC 8489; OTHER-ADDRESS, RESPONSE-ORIGIN, CHANGE-REQUEST and PADDING: RFC 5780.
 * Our requests are as long as the longest answer (a SOFTWARE attribute of spaces fills them), so
 * that no server needs an exception for us. PADDING is not used for it: a server answers that
 * with PADDING of its own.
 */
#ifndef LR_NAT_STUN_H
#define LR_NAT_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/addr.h"

#define LR_STUN_ID_LEN      12
#define LR_STUN_HEADER_LEN  20
#define LR_STUN_ANSWER_MAX  120 /* bytes of any answer that we give */
#define LR_STUN_REQUEST_LEN 120 /* bytes of any request that we send */
#define LR_STUN_UNKNOWN_MAX 8   /* unknown attributes that are told, at most */

enum lr_stun_class { LR_STUN_REQUEST, LR_STUN_INDICATION, LR_STUN_SUCCESS, LR_STUN_ERROR };

/* CHANGE-REQUEST: answer from the other ... */
enum { LR_STUN_CHANGE_PORT = 2, LR_STUN_CHANGE_IP = 4 };

struct lr_stun {
	uint8_t class;  /* enum lr_stun_class */
	uint8_t change; /* LR_STUN_CHANGE_* of a request, 0 when absent */
	bool has_change, has_fingerprint;
	uint16_t error; /* 300..699 of an error answer, else 0 */
	uint8_t id[LR_STUN_ID_LEN];
	/* sa_family AF_UNSPEC when absent */
	struct lr_endpoint mapped;             /* XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS */
	struct lr_endpoint origin;             /* RESPONSE-ORIGIN */
	struct lr_endpoint other;              /* OTHER-ADDRESS */
	uint16_t unknown[LR_STUN_UNKNOWN_MAX]; /* comprehension-required, not understood */
	uint8_t n_unknown;
};

/* Reads a Binding message. 0; -EBADMSG when it is malformed, not Binding, or its FINGERPRINT is
 * wrong. Unknown comprehension-required attributes are no error here (see n_unknown). */
int lr_stun_parse(const uint8_t *p, size_t len, struct lr_stun *out);

/* A Binding request of LR_STUN_REQUEST_LEN bytes. `change`: LR_STUN_CHANGE_* bits, 0 for none. */
void lr_stun_request(
	uint8_t out[LR_STUN_REQUEST_LEN], const uint8_t id[LR_STUN_ID_LEN], uint8_t change);

/* A success answer with both forms of `mapped`; `origin` and `other` may be NULL or AF_UNSPEC.
 * Bytes written, at most LR_STUN_ANSWER_MAX; FINGERPRINT is added when asked for and there is
 * room. */
size_t lr_stun_success(uint8_t out[LR_STUN_ANSWER_MAX], const uint8_t id[LR_STUN_ID_LEN],
	const struct lr_endpoint *mapped, const struct lr_endpoint *origin,
	const struct lr_endpoint *other, bool fingerprint);
/* A 420 error answer that names `n` unknown attributes. Bytes written. */
size_t lr_stun_unknown(uint8_t out[LR_STUN_ANSWER_MAX], const uint8_t id[LR_STUN_ID_LEN],
	const uint16_t *types, size_t n);

#endif
