/*
 * charter.h - the signed constitution of a party: epoch, access key, pool, relays, who may kick
 *
 * Theory of operation. A charter is a *head* that the host signed, then up to LR_LINKS_MAX *links*,
 * each a kick by a member that the head names as a kicker, then the *boxes* with the newest
 * epoch's secret:
 *
 *   head   format 1 | flags | epoch (2) | number (4) | id (32) | access public key (32)
 *          | pool address (4), length (1) | kicked keyhash (16; zero: nobody)
 *          | n (1) relays: length (1), text | n (1) kickers: party public key (32)
 *          | n (2) confirmed: keyhash (16), IPv4 (4) | boxes hash (32) | host signature (64)
 *   links  n (1): kicker (1: index into the head's kickers) | kicked keyhash (16)
 *          | access public key (32) | boxes hash (32) | signature (64)
 *   boxes  n (2): keyhash (16) | sealed secret (16 + 48)
 *
 * The host signs "lanrage charter 1" and the head; link i is signed by the kicker's party key over
 * "lanrage kick 1" and everything before the signature: head, host signature, links before it, its
 * own fields. A head's and a link's boxes hash is BLAKE2b-256 of the boxes that went with it
 * (of nothing, when there were none); the boxes at the end are those of the last signer.
 *
 * What is in force: number = (head's number, count of links); epoch = head's epoch + count of
 * links; access key and boxes of the last link, else of the head; kickers = the head's, but those
 * whom a link kicked; pool, relays and flags always the head's. A kicker that an
 * earlier link of the same chain kicked cannot sign a later one. Nobody can kick the host: whoever
 * has the host key signs a new head.
 *
 * Which of two charters counts (lr_charter_against): the greater head number; for the same head
 * the one that extends the other. So a kicked kicker, who can still sign a fork of the chain from
 * before its kick, is refused by everyone who knows the kick, and by everyone else as soon
 * as the host signs; and it can never change anything but the secret and who has it. An epoch
 * never goes back, and never has two access keys.
 */
#ifndef LR_PARTY_CHARTER_H
#define LR_PARTY_CHARTER_H

#include "lib/base/err.h"
#include "lib/party/keys.h"
#include "lib/party/place.h"

#define LR_CHARTER_MAX  32768 /* bytes: LR_MEMBERS_MAX boxes and confirmed pairs fit */
#define LR_LINKS_MAX    16    /* kicks between two heads; bounds the signatures to check */
#define LR_KICKERS_MAX  16
#define LR_BOX_LEN      (LR_SECRET_LEN + LR_BOX_EXTRA)
#define LR_CHARTER_HIDE 1 /* flag: members publish no addresses, only relay channels */
#define LR_CHARTER_TLS  2 /* flag: the relays on port 443 speak TLS */

struct lr_confirmed {
	uint8_t keyhash[LR_KEYHASH_LEN];
	struct lr_ip address; /* IPv4 */
};
struct lr_box {
	uint8_t keyhash[LR_KEYHASH_LEN];
	uint8_t sealed[LR_BOX_LEN];
};
struct lr_link {
	uint8_t kicker; /* index into kickers */
	uint8_t kicked[LR_KEYHASH_LEN];
	uint8_t access_public[LR_KEY_LEN];
};

/* A charter that was read, or is about to be signed. About 30 KB when full: allocate it. */
struct lr_charter {
	/* the head */
	uint8_t flags;
	uint16_t epoch; /* the head's; see lr_charter_epoch() */
	uint32_t number;
	uint8_t id[LR_PARTY_ID_LEN];
	uint8_t access_public[LR_KEY_LEN];
	struct lr_prefix pool;
	uint8_t kicked[LR_KEYHASH_LEN];
	unsigned n_relays, n_kickers, n_confirmed, n_links, n_boxes;
	struct lr_place relays[LR_PLACES_MAX];
	uint8_t kickers[LR_KICKERS_MAX][LR_KEY_LEN];
	struct lr_confirmed confirmed[LR_MEMBERS_MAX];
	struct lr_link links[LR_LINKS_MAX];
	struct lr_box boxes[LR_MEMBERS_MAX];
};

static inline uint16_t lr_charter_epoch(const struct lr_charter *c)
{
	return (uint16_t)(c->epoch + c->n_links);
}
/* The access key in force. */
static inline const uint8_t *lr_charter_access(const struct lr_charter *c)
{
	return c->n_links ? c->links[c->n_links - 1].access_public : c->access_public;
}
/* Whether the holder of `party_key` may kick now: named by the head, and kicked by no link. */
bool lr_charter_may_kick(const struct lr_charter *c, const uint8_t party_key[LR_KEY_LEN]);
/* NULL when there is no such. */
const struct lr_box *lr_charter_box(
	const struct lr_charter *c, const uint8_t keyhash[LR_KEYHASH_LEN]);
const struct lr_confirmed *lr_charter_confirmed(
	const struct lr_charter *c, const uint8_t keyhash[LR_KEYHASH_LEN]);
const struct lr_confirmed *lr_charter_holder(const struct lr_charter *c, const struct lr_ip *ip);

/* Reads `len` bytes and checks all signatures from the id down. `id`: the party it must be of, or
 * NULL for any. Canonical: one spelling a charter. 0; -EBADMSG not a charter (or too long);
 * -EACCES a signature, an entitlement or the id is wrong. */
int lr_charter_read(const uint8_t *bytes, size_t len, const uint8_t id[LR_PARTY_ID_LEN],
	struct lr_charter *out);

/* How many signatures lr_charter_read() looks at, at most: 1 to LR_LINKS_MAX + 1. */
unsigned lr_charter_checks(const uint8_t *bytes, size_t len);

enum lr_charter_order {
	LR_CHARTER_SAME,  /* byte for byte */
	LR_CHARTER_NEWER, /* it takes the place of the held one */
	LR_CHARTER_OLDER, /* the held one is newer */
	LR_CHARTER_FORK,  /* neither extends the other, or the epoch would go back: refused */
};
/* How a charter that lr_charter_read() found good compares to the held one, both as bytes and read.
 */
enum lr_charter_order lr_charter_against(
	const uint8_t *held, size_t held_len, const uint8_t *other, size_t other_len);

/* Host: signs the head as `c` has it, with its boxes and without links, into `out`
 * (LR_CHARTER_MAX). Length, or -EINVAL when `c` breaks a limit or the key is not that of c->id. */
int lr_charter_sign(
	const struct lr_charter *c, const uint8_t host_secret[LR_SIGN_SECRET_LEN], uint8_t *out);

/* Who remains after a kick. */
struct lr_remaining {
	uint8_t keyhash[LR_KEYHASH_LEN];
	uint8_t public_key[LR_KEY_LEN]; /* WireGuard */
};
/* Host: makes c the head of the next number and epoch, with `secret` boxed for `n` members and
 * links folded in (kickers whom a link kicked, and the kicked member's pair and right to kick, are
 * gone), and signs. `kicked_key` is its party public key. Same result as lr_charter_sign, and
 * -EOVERFLOW at epoch 65535. A member whose WireGuard key is no key gets no box. */
int lr_charter_kick(struct lr_charter *c, const uint8_t kicked_key[LR_KEY_LEN],
	const uint8_t secret[LR_SECRET_LEN], const struct lr_remaining *to, size_t n,
	const uint8_t host_secret[LR_SIGN_SECRET_LEN], uint8_t *out);
/* A named kicker: extends the charter in force (`bytes`) by a link. Length; -EPERM not entitled;
 * -ENOSPC LR_LINKS_MAX links already, the host must sign; -EINVAL. */
int lr_charter_link(const uint8_t *bytes, size_t len, const uint8_t kicked[LR_KEYHASH_LEN],
	const uint8_t secret[LR_SECRET_LEN], const struct lr_remaining *to, size_t n,
	const uint8_t kicker_secret[LR_SIGN_SECRET_LEN], uint8_t *out);
/* Host: makes c, which may have links, the head of the next number in the same epoch; boxes stay.
 * Change flags, relays, kickers or confirmed pairs afterwards, then lr_charter_sign(). */
void lr_charter_fold(struct lr_charter *c);

/* Opens the own box. 0; -ENOENT when there is none (kicked, or joined with an invite of this
 * epoch); -EACCES when it does not open or the secret does not give the access key in force. */
int lr_charter_open_box(const struct lr_charter *c, const uint8_t keyhash[LR_KEYHASH_LEN],
	const uint8_t wg_private[LR_KEY_LEN], uint8_t secret[LR_SECRET_LEN]);

#endif
