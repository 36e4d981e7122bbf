/*
 * record.h - what a member says about itself, and the signed envelope around it
 *
 * The relay sees the envelope, members with the epoch's record key also what is sealed in it:
 *
 *   format 1 | flags (1: leave) | epoch (2) | version (8) | expiry, unix seconds (8) | id (32)
 *   | party public key (32) | length (2) | sealed: nonce (24), XChaCha20-Poly1305 of the contents
 *   | member signature (64) over "lanrage record 1" and all before it
 *   | access signature (64) over "lanrage access 1" and all before it
 *
 * A record that leaves has length 0. The associated data of the seal is all that stands before it.
 * The contents are fields of tag (1), length (2), value; unknown tags are skipped, so that
 * older members can read what newer ones write.
 *
 * Whoever has the party's secret can make party keys and sign records under them. So that nobody
 * can claim another's WireGuard key, a record proves (lib/crypto/proof.h) that who signs it has the
 * private half, over "lanrage owner 1" | id | party public key: good for that member of that party
 * only, the same in all its records, and checked once, by whoever meets the member.
 */
#ifndef LR_PARTY_RECORD_H
#define LR_PARTY_RECORD_H

#include "lib/crypto/proof.h"
#include "lib/nat/candidate.h"
#include "lib/nat/nat.h"
#include "lib/party/keys.h"
#include "lib/party/place.h"

#define LR_RECORD_MAX      2304 /* bytes, as a whole: one with all fields at their longest fits */
#define LR_RECORD_MIN      (1 + 1 + 2 + 8 + 8 + 32 + 32 + 2 + 2 * LR_SIGN_LEN)
#define LR_RECORD_EXPIRY_S 3600 /* furthest ahead that an expiry may lie */
#define LR_MEMBER_NAME     33   /* UTF-8 without control characters, 1..32 bytes and NUL */
#define LR_CHANNELS_MAX    4
#define LR_GAMES_MAX       8
#define LR_GAME_NAME       25
#define LR_GUESTS_MAX      16
#define LR_BRIDGE_TOKEN    16

struct lr_channel {
	struct lr_place relay;
	uint32_t channel; /* at that relay */
	uint32_t rtt_us;  /* of the member's own leg, 0 when not known */
};
struct lr_guest {
	char name[LR_MEMBER_NAME];
	struct lr_ip address; /* IPv4; the IPv6 one is derived */
};
/* Of who carries a segment of a house into the party, and of several at one segment only he
 * (lib/lan/hello.c). There each hears the token of who carries, and nobody else does: who carries
 * next shows it, so members believe at once that what he had is the other's now. */
struct lr_record_bridge {
	bool carries;
	uint8_t mark[LR_BRIDGE_TOKEN];  /* hash of the token */
	uint8_t shown[LR_BRIDGE_TOKEN]; /* the token of who carried before; zero: none is known */
};
/* The contents. About 2 KB. */
struct lr_record {
	char name[LR_MEMBER_NAME];
	uint8_t public_key[LR_KEY_LEN]; /* WireGuard */
	uint8_t proof[LR_PROOF_LEN];    /* that it is the member's own */
	struct lr_ip address;           /* virtual IPv4; family 0: none yet */
	uint64_t since_s;  /* when the address was settled, relay's unix time; 0: still joining */
	bool hidden;       /* publishes no addresses, sends and answers no direct probes */
	struct lr_nat nat; /* how its router treats UDP */
	uint8_t invite[8]; /* first bytes of the token hash it came with, zero: none */
	struct lr_candidates candidates; /* of no relay: those are channels */
	unsigned n_channels, n_games, n_guests;
	struct lr_channel channels[LR_CHANNELS_MAX];
	char games[LR_GAMES_MAX][LR_GAME_NAME];
	struct lr_guest guests[LR_GUESTS_MAX];
	struct lr_record_bridge bridge; /* all zero: it carries none */
};

/* We carry a segment with that token, and heard `before` there (zero: nothing). */
void lr_record_carry(struct lr_record *r, const uint8_t token[LR_BRIDGE_TOKEN],
	const uint8_t before[LR_BRIDGE_TOKEN]);
/* Whether `next` carries what `b` carried: it shows its token. */
bool lr_record_carries_on(const struct lr_record_bridge *next, const struct lr_record_bridge *b);

/* Sets public_key and proof: that of `wg_private`, for the member `party_key` of the party `id`. */
void lr_record_own(struct lr_record *r, const uint8_t wg_private[LR_KEY_LEN],
	const uint8_t id[LR_PARTY_ID_LEN], const uint8_t party_key[LR_KEY_LEN],
	const uint8_t random[LR_PROOF_RANDOM]);
/* Whether that member has the private half of its public_key. About 0.15 ms: once a member. */
bool lr_record_owned(const struct lr_record *r, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t party_key[LR_KEY_LEN]);

/* The envelope, read from bytes: pointers go into them. */
struct lr_envelope {
	bool leave;
	uint16_t epoch;
	uint64_t version;
	uint64_t expiry_s;
	const uint8_t *id;
	const uint8_t *party_key;
	const uint8_t *sealed;
	size_t sealed_len;
	uint8_t keyhash[LR_KEYHASH_LEN];
};

/* What signs and seals a member's records. Holds secrets. */
struct lr_signer {
	const uint8_t *id;
	const struct lr_epoch_keys *keys;
	const uint8_t *party_public;
	const uint8_t *party_secret;
};
/* Writes a record into `out` (LR_RECORD_MAX). `r` NULL: a record that leaves. `nonce` is random.
 * Length; -EINVAL a field breaks its limit; -E2BIG it does not fit. */
int lr_record_sign(const struct lr_record *r, uint64_t version, uint64_t expiry_s,
	const struct lr_signer *by, const uint8_t nonce[LR_XNONCE_LEN], uint8_t *out);

/* Reads the envelope without checking signatures. 0 or -EBADMSG. */
int lr_envelope_read(const uint8_t *bytes, size_t len, struct lr_envelope *out);
/* Whether id, epoch, and both signatures are right: what a relay checks, and a member before it
 * opens. 0; -EACCES id or a signature is wrong; -ESTALE the epoch is not `epoch`. */
int lr_envelope_check(const struct lr_envelope *e, const uint8_t *bytes, size_t len,
	const uint8_t id[LR_PARTY_ID_LEN], uint16_t epoch, const uint8_t access_public[LR_KEY_LEN]);
/* Only whether its member signed it: for the record that a relay answers a refused version with. */
bool lr_envelope_by_member(const struct lr_envelope *e, const uint8_t *bytes, size_t len);
/* Opens a checked envelope. 0 or -EBADMSG (not sealed under this key, or the contents break a
 * rule). */
int lr_record_open(const struct lr_envelope *e, const uint8_t *bytes,
	const uint8_t record_key[LR_KEY_LEN], struct lr_record *out);

/* The contents alone, as they are sealed: for tests and fuzzers. */
int lr_record_encode(const struct lr_record *r, uint8_t *out, size_t room);
int lr_record_decode(const uint8_t *bytes, size_t len, struct lr_record *out);

#endif
