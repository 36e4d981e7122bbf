/*
 * cookie.h - the two macs of handshake messages, and cookies
 *
 * Theory of operation. mac1 shows that the sender knows whom it talks to, and is always demanded.
 * Under load mac2 is too: it shows that the sender reads what is sent to its address. Its key is
 * the cookie, a MAC of the address under a secret that the responder changes every two minutes, so
 * the responder (the mint) keeps nothing per address. The initiator keeps the cookie that it
 * was given (the jar) and uses it from the next message on.
 *
 * Source: the paper, sections 5.3, 5.4.4 and 5.4.7.
 */
#ifndef LR_WG_COOKIE_H
#define LR_WG_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/addr.h"
#include "lib/wg/messages.h"

struct lr_cookie_mint {
	uint8_t mac1_key[LR_HASH_LEN]; /* Hash("mac1----" || own public key) */
	uint8_t seal_key[LR_HASH_LEN]; /* Hash("cookie--" || own public key) */
	uint8_t secret[LR_HASH_LEN];   /* R_m */
	uint64_t renew_ns;             /* when the secret is too old; 0: there is none yet */
};

struct lr_cookie_jar {
	uint8_t mac1[LR_MAC_LEN]; /* of the last message sent: a cookie reply is bound to it */
	uint8_t cookie[LR_COOKIE_LEN];
	uint64_t stale_ns; /* when the cookie is no longer used; 0: there is none */
	bool asked;        /* mac1 was sent and not answered by a cookie yet */
};

void lr_cookie_mint_init(struct lr_cookie_mint *m, const uint8_t own_public[LR_KEY_LEN]);
/* `len` counts both macs, which end the message. */
bool lr_cookie_mac1_good(const struct lr_cookie_mint *m, const uint8_t *msg, size_t len);
bool lr_cookie_mac2_good(struct lr_cookie_mint *m, uint64_t now, const struct lr_endpoint *src,
	const uint8_t *msg, size_t len);
/* Answers a handshake message with a cookie for `src`. */
void lr_cookie_reply(struct lr_cookie_mint *m, uint64_t now, const struct lr_endpoint *src,
	const uint8_t *msg, size_t len, struct lr_msg_cookie *out);

/* Writes mac1, and mac2 when a cookie is there (else zeros), into a message to `theirs`. */
void lr_cookie_sign(struct lr_cookie_jar *jar, uint64_t now, const uint8_t theirs[LR_KEY_LEN],
	void *msg, size_t len);
/* Takes a cookie from a reply; false when it was not asked for or is not authentic. */
bool lr_cookie_take(struct lr_cookie_jar *jar, uint64_t now, const uint8_t theirs[LR_KEY_LEN],
	const struct lr_msg_cookie *msg);

#endif
