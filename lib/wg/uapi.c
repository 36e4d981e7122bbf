/*
 * uapi.c - the cross-platform userspace API: framing of requests, and the answer to "get"
 *
 * Errors: the answer to a set states errno as a negative number, as wireguard-go does and as
 * wg(8) reads it there; the answer to a get states it positive, because wg takes only digits
 * in that place.
 *
 * Source: https://www.wireguard.com/xplatform/, "Configuration Protocol".
 */
#include "lib/wg/uapi.h"

#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/wg/config_buf.h"
#include "lib/wg/uapi_set.h"

long lr_uapi_request_len(const char *text, size_t len)
{
	size_t looked_at = len < LR_UAPI_MAX_BYTES ? len : LR_UAPI_MAX_BYTES;

	if (looked_at && text[0] == '\n')
		return 1;
	const char *end = looked_at ? memmem(text, looked_at, "\n\n", 2) : NULL;
	if (end)
		return end - text + 2;
	return len >= LR_UAPI_MAX_BYTES ? -EMSGSIZE : 0;
}

static void put_key(struct lr_config_buf *b, const char *member, const uint8_t key[LR_KEY_LEN])
{
	char hex[65];

	lr_config_buf_printf(b, "%s=%s\n", member, lr_key_hex(key, hex));
	lr_wipe(hex, sizeof(hex));
}

static void put_allowed(void *buf, const struct lr_prefix *prefix)
{
	char text[LR_ADDR_TEXT];

	lr_config_buf_printf(buf, "allowed_ip=%s\n", lr_prefix_text(prefix, text));
}

static void put_peer(struct lr_config_buf *b, struct lr_wg *wg, const struct lr_wg_peer *p)
{
	uint64_t handshake = p->stats.last_handshake_unix_ns;
	char text[LR_ENDPOINT_TEXT];

	put_key(b, "public_key", p->public_key);
	put_key(b, "preshared_key", p->preshared_key);
	lr_config_buf_put(b, "protocol_version=1\n");
	if (p->endpoint.sa.sa_family != AF_UNSPEC)
		lr_config_buf_printf(b, "endpoint=%s\n", lr_endpoint_text(&p->endpoint, text));
	lr_config_buf_printf(b,
		"last_handshake_time_sec=%llu\nlast_handshake_time_nsec=%llu\n"
		"tx_bytes=%llu\nrx_bytes=%llu\npersistent_keepalive_interval=%u\n",
		(unsigned long long)(handshake / LR_NS_PER_S),
		(unsigned long long)(handshake % LR_NS_PER_S),
		(unsigned long long)p->stats.tx_bytes, (unsigned long long)p->stats.rx_bytes,
		p->keepalive_s);
	lr_wg_allowed(wg, p, put_allowed, b);
}

static void answer_get(struct lr_config_buf *b, struct lr_wg *wg, const struct lr_uapi_host *host)
{
	const uint8_t *private_key = lr_wg_private_key(wg);
	unsigned port = host->port ? host->port(host->ctx) : 0;
	unsigned mark = host->fwmark ? host->fwmark(host->ctx) : 0;

	if (private_key)
		put_key(b, "private_key", private_key);
	if (port)
		lr_config_buf_printf(b, "listen_port=%u\n", port);
	if (mark)
		lr_config_buf_printf(b, "fwmark=%u\n", mark);
	lr_wg_peers_foreach (wg, p)
		put_peer(b, wg, p);
}

static bool begins(const char *request, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(request, word, strlen(word)) == 0;
}

char *lr_uapi_answer(struct lr_wg *wg, uint64_t now, const struct lr_uapi_host *host,
	const char *request, size_t len, size_t *answer_len)
{
	struct lr_config_buf b = {0};
	int status = -EPROTO;

	if (begins(request, len, "set=1\n")) {
		status = lr_uapi_set(wg, now, host, request + 6, len - 6);
	} else if (begins(request, len, "get=1\n")) {
		status = len == 7 && request[6] == '\n' ? 0 : EINVAL;
		if (status == 0)
			answer_get(&b, wg, host);
	}
	lr_config_buf_printf(&b, "errno=%d\n\n", status);
	return lr_config_buf_take(&b, answer_len);
}
