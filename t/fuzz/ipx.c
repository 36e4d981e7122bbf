/*
 * ipx.c - fuzzer: datagrams for the IPX server, one after the other, from addresses of any kind
 *
 * A record is six bytes of who sends it, one of how long it was quiet before, one of length, and as
 * many bytes. Whatever leaves the server goes to a client, is no longer than what came, or is a
 * header of its own, and nobody's packet comes back to him.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/lan/ipx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lr_ipx x;
static const uint8_t *came, *sender;
static size_t came_len;

static void must(bool good)
{
	if (!good)
		abort();
}

static void out(void *ctx, const uint8_t to[LR_IPX_NODE], const uint8_t *packet, size_t len)
{
	bool known = false;

	(void)ctx;
	for (unsigned i = 0; i < x.n; i++)
		known |= memcmp(x.clients[i].node, to, LR_IPX_NODE) == 0;
	must(known && len >= LR_IPX_HEAD && lr_get_be16(packet + 2) == len);
	if (packet == came)
		must(len <= came_len && memcmp(packet + 22, sender, LR_IPX_NODE) == 0);
	else
		must(len == LR_IPX_HEAD && memcmp(packet + 22, x.own, LR_IPX_NODE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t own[LR_IPX_NODE] = {10, 66, 0, 1, 0, LR_IPX_PORT};
	const struct lr_prefix pool = {lr_ip4(0x0a420001), 16};
	const struct lr_ipx_host host = {NULL, out};
	struct lr_cursor c = lr_cursor(data, size);
	uint64_t now = LR_NS_PER_S;
	const uint8_t *head;

	x = (struct lr_ipx){0};
	lr_ipx_start(&x, own, &pool);
	while ((head = lr_take(&c, LR_IPX_NODE + 2))) {
		size_t len = head[7] < c.left ? head[7] : c.left;
		sender = head;
		came = lr_take(&c, len);
		came_len = len;
		now += head[6] * LR_NS_PER_S;
		lr_ipx_take(&x, now, &host, sender, came, came_len);
		must(x.n <= LR_IPX_CLIENTS);
		if (lr_ipx_due(&x) <= now)
			lr_ipx_settle(&x, now, &host);
		must(lr_ipx_due(&x) > now);
	}
	return 0;
}
