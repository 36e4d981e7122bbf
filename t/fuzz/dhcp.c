/*
 * dhcp.c - fuzzer: frames of a segment for the DHCP server of a bridge, one after the other
 *
 * A record is a byte of kind, a length of two bytes, and as many bytes. What is answered is a whole
 * UDP datagram to a client; no address is given twice, and none but those that were chosen.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/lan/dhcp.h"
#include "lib/net/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static bool choose(void *ctx, const uint8_t mac[6], unsigned round, struct lr_ip *out)
{
	(void)ctx;
	*out = lr_ip4(0x0a420900 + ((mac[5] + round) & 0x1f));
	return round < 200;
}

static bool ours(void *ctx, const struct lr_ip *ip)
{
	(void)ip;
	return *(const uint8_t *)ctx & 1;
}

static bool has(void *ctx, const uint8_t mac[6], const struct lr_ip *ip)
{
	(void)mac;
	(void)ip;
	return *(const uint8_t *)ctx & 2;
}

static void leases_differ(const struct lr_dhcp *d)
{
	for (unsigned i = 0; i < LR_DHCP_LEASES; i++)
		for (unsigned k = 0; k < i && d->leases[i].at.family; k++) {
			must(!lr_ip_equal(&d->leases[i].at, &d->leases[k].at));
			must(!d->leases[k].at.family ||
				memcmp(d->leases[i].mac, d->leases[k].mac, 6) != 0);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t kind = 0, out[LR_DHCP_FRAME];
	struct lr_dhcp d = {.host = {&kind, choose, ours, has},
		.mac = {2, 1},
		.own = {{4, {10, 66, 0, 1}}, 16}};
	struct lr_cursor c = lr_cursor(data, size);
	uint64_t now = LR_NS_PER_S;
	enum lr_dhcp_deed deed;
	struct lr_dhcp_lease lease;
	struct lr_packet p;
	struct lr_ip who;
	const uint8_t *head;

	while ((head = lr_take(&c, 3))) {
		size_t len = lr_get_be16(head + 1);
		const uint8_t *bytes = lr_take(&c, len < c.left ? len : c.left);
		len = (size_t)(c.at - bytes);
		kind = head[0];
		size_t n = lr_dhcp_take(&d, now, bytes, len, out, &deed, &lease);
		must(n == 0 || (n <= LR_DHCP_FRAME && lr_dhcp_is_question(bytes, len)));
		if (n)
			must(lr_packet_parse(out + 14, n - 14, &p) == LR_IP_FINE &&
				p.len == n - 14 && p.proto == LR_UDP && lr_dhcp_is_answer(out, n));
		must(deed != LR_DHCP_BOUND || lr_prefix_covers(&d.own, &lease.at));
		leases_differ(&d);
		(void)lr_dhcp_answers(bytes, len, 1, &who);
		now += (uint64_t)(kind >> 2) * 100 * LR_NS_PER_S;
	}
	return 0;
}
