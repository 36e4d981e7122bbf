/*
 * cookie.c - mac1, mac2, and cookies
 */
#include "lib/wg/cookie.h"

#include <string.h>

#define LABEL_LEN 8

static void label_key(
	uint8_t key[LR_HASH_LEN], const char *label, const uint8_t public_key[LR_KEY_LEN])
{
	lr_hash(key, (struct lr_span[]){{label, LABEL_LEN}, {public_key, LR_KEY_LEN}}, 2);
}

void lr_cookie_mint_init(struct lr_cookie_mint *m, const uint8_t own_public[LR_KEY_LEN])
{
	label_key(m->mac1_key, "mac1----", own_public);
	label_key(m->seal_key, "cookie--", own_public);
	m->renew_ns = 0;
}

/* msg.mac1 := Mac(Hash(Label-Mac1 || S_pub), msg_alpha): all bytes before mac1 */
bool lr_cookie_mac1_good(const struct lr_cookie_mint *m, const uint8_t *msg, size_t len)
{
	uint8_t mac[LR_MAC_LEN];
	size_t covered = len - LR_MSG_MACS;
	lr_mac(mac, m->mac1_key, sizeof(m->mac1_key), msg, covered);
	return lr_same(mac, msg + covered, LR_MAC_LEN);
}

/* tau := Mac(R_m, address || port) */
static void mint(struct lr_cookie_mint *m, uint64_t now, const struct lr_endpoint *src,
	uint8_t cookie[LR_COOKIE_LEN])
{
	uint8_t bytes[sizeof(struct in6_addr) + sizeof(in_port_t) + sizeof(src->channel)];
	size_t len;

	if (m->renew_ns == 0 || now >= m->renew_ns) {
		lr_random(m->secret, sizeof(m->secret));
		m->renew_ns = now + LR_COOKIE_MAX_AGE;
	}
	if (src->sa.sa_family == AF_INET6) {
		len = sizeof(src->in6.sin6_addr);
		memcpy(bytes, &src->in6.sin6_addr, len);
		memcpy(bytes + len, &src->in6.sin6_port, sizeof(in_port_t));
	} else {
		len = sizeof(src->in.sin_addr);
		memcpy(bytes, &src->in.sin_addr, len);
		memcpy(bytes + len, &src->in.sin_port, sizeof(in_port_t));
	}
	len += sizeof(in_port_t);
	if (src->channel) { /* the source of a relayed message is relay and channel */
		memcpy(bytes + len, &src->channel, sizeof(src->channel));
		len += sizeof(src->channel);
	}
	lr_mac(cookie, m->secret, sizeof(m->secret), bytes, len);
}

/* msg.mac2 := Mac(L_m, msg_beta): all bytes before mac2 */
bool lr_cookie_mac2_good(struct lr_cookie_mint *m, uint64_t now, const struct lr_endpoint *src,
	const uint8_t *msg, size_t len)
{
	uint8_t cookie[LR_COOKIE_LEN], mac[LR_MAC_LEN];
	size_t covered = len - LR_MAC_LEN;

	mint(m, now, src, cookie);
	lr_mac(mac, cookie, sizeof(cookie), msg, covered);
	return lr_same(mac, msg + covered, LR_MAC_LEN);
}

/* msg.cookie := Xaead(Hash(Label-Cookie || S_pub), msg.nonce, tau, mac1 of what is answered) */
void lr_cookie_reply(struct lr_cookie_mint *m, uint64_t now, const struct lr_endpoint *src,
	const uint8_t *msg, size_t len, struct lr_msg_cookie *out)
{
	uint8_t cookie[LR_COOKIE_LEN];

	mint(m, now, src, cookie);
	memcpy(out->type, (uint8_t[4]){LR_MSG_COOKIE}, sizeof(out->type));
	memcpy(out->receiver, msg + 4,
		sizeof(out->receiver)); /* both kinds have the sender there */
	lr_random(out->nonce, sizeof(out->nonce));
	lr_xseal_once(out->cookie, cookie, sizeof(cookie), msg + len - LR_MSG_MACS, LR_MAC_LEN,
		out->nonce, m->seal_key);
}

void lr_cookie_sign(struct lr_cookie_jar *jar, uint64_t now, const uint8_t theirs[LR_KEY_LEN],
	void *msg, size_t len)
{
	uint8_t *mac1 = (uint8_t *)msg + len - LR_MSG_MACS, *mac2 = mac1 + LR_MAC_LEN;
	uint8_t key[LR_HASH_LEN];

	label_key(key, "mac1----", theirs);
	lr_mac(mac1, key, sizeof(key), msg, len - LR_MSG_MACS);
	memcpy(jar->mac1, mac1, LR_MAC_LEN);
	jar->asked = true;
	if (now < jar->stale_ns)
		lr_mac(mac2, jar->cookie, sizeof(jar->cookie), msg, len - LR_MAC_LEN);
	else
		memset(mac2, 0, LR_MAC_LEN);
}

bool lr_cookie_take(struct lr_cookie_jar *jar, uint64_t now, const uint8_t theirs[LR_KEY_LEN],
	const struct lr_msg_cookie *msg)
{
	uint8_t key[LR_HASH_LEN], cookie[LR_COOKIE_LEN];

	if (!jar->asked)
		return false;
	label_key(key, "cookie--", theirs);
	if (!lr_xopen_once(cookie, msg->cookie, sizeof(msg->cookie), jar->mac1, LR_MAC_LEN,
		    msg->nonce, key))
		return false;
	memcpy(jar->cookie, cookie, sizeof(cookie));
	jar->stale_ns = now + LR_COOKIE_MAX_AGE - LR_COOKIE_LATENCY;
	jar->asked = false;
	return true;
}
