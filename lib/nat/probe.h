/*
 * probe.h - probes between two members: the wire format
 *
 *      0       1       2       3
 *    | 0xF1  | ver 1 |   0   |   0   |
 *    | hint (8): which pair, today   |
 *    | nonce (24)                    |
 *    | box: XChaCha20-Poly1305 of the body, the first 12 bytes as associated data |
 *
 *    ping     | 1 | flags | id (8) | filler, at least 19 bytes                       |
 *    pong     | 2 | flags | id (8) | family (1) | port (2) | address (16)            |
 *    call-me  | 3 | 0     | time in Unix ms (8) | nat (4) | n (1) | n candidates    |
 *    candidate: | kind (1) | family (1) | port (2) | channel (4) | address (16) |
 *
 * A ping says how long its datagram is by being it; its pong is never longer. Keys and hints
 * differ by direction: what somebody sends back to us unchanged (a UDP echo service, say) has an
 * unknown hint. Both come from the pair's secret; the hint changes each day (UTC), so that an
 * observer cannot follow a pair, and is no secret: it only saves trying all keys.
 */
#ifndef LR_NAT_PROBE_H
#define LR_NAT_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/nat/candidate.h"
#include "lib/nat/classify.h"
#include "lib/nat/nat.h"

#define LR_PROBE_HINT_LEN 8
#define LR_PROBE_ID_LEN   8
#define LR_PROBE_HEAD     36                                               /* type to nonce */
#define LR_PROBE_BODY_MIN 29                                               /* of a ping or pong */
#define LR_PROBE_MIN      (LR_PROBE_HEAD + LR_PROBE_BODY_MIN + LR_TAG_LEN) /* 81 */
#define LR_PROBE_MAX      1472                                             /* longest datagram */
#define LR_PROBE_CALL_MAX (LR_PROBE_HEAD + 15 + 24 * LR_CANDIDATES_MAX + LR_TAG_LEN)
#define LR_DAY_S          86400

enum lr_probe_kind { LR_PROBE_PING = 1, LR_PROBE_PONG, LR_PROBE_CALL };

struct lr_probe {
	uint8_t kind; /* enum lr_probe_kind */
	uint8_t id[LR_PROBE_ID_LEN];
	size_t size;             /* ping: length of the whole datagram; 0 when building: shortest */
	struct lr_endpoint seen; /* pong: where its ping came from; AF_UNSPEC through a relay */
	uint64_t time_ms;        /* call-me */
	struct lr_nat nat;
	struct lr_candidates list;
};

/* The keys of two members. Holds secrets: wipe with lr_probe_pair_release(). */
struct lr_probe_pair {
	uint8_t secret[LR_KEY_LEN];
	uint8_t send[LR_KEY_LEN], receive[LR_KEY_LEN];
	uint8_t low; /* 1: our public key is the smaller one */
};

/* `secret`: what only the two members know, for this party. `low` must differ at the two ends. */
void lr_probe_pair_init(struct lr_probe_pair *p, const uint8_t secret[LR_KEY_LEN], bool low);
void lr_probe_pair_release(struct lr_probe_pair *p);
/* The hint of probes that we send (`ours`) or get on `day` (days since 1970). */
void lr_probe_hint(
	const struct lr_probe_pair *p, uint64_t day, bool ours, uint8_t out[LR_PROBE_HINT_LEN]);

/* Writes a probe; its length, or 0 when it does not fit `room`. Nonce from lr_random(). */
size_t lr_probe_build(const struct lr_probe_pair *p, uint64_t unix_ns, const struct lr_probe *probe,
	uint8_t *out, size_t room);
/* The hint of a datagram; NULL when it cannot be a probe (length, version). */
const uint8_t *lr_probe_hint_of(const uint8_t *bytes, size_t len);
/* 0; -EBADMSG when the box is not of this pair or its body malformed. */
int lr_probe_open(
	const struct lr_probe_pair *p, const uint8_t *bytes, size_t len, struct lr_probe *out);

#endif
