/*
 * firewall.c - fuzzer: rulesets that nobody would write
 *
 * The first byte says what the rest is: a listing of nft, of iptables-save, or both with a zero
 * byte between them. Whatever is read, each packet gets a verdict, and one that does not pass names
 * its rule or came to nothing but limits; the same packet gets the same verdict again.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/net/firewall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void judge(const struct lr_firewall *fw, const struct lr_firewall_packet *p)
{
	struct lr_firewall_verdict v = lr_firewall_judge(fw, p), again = lr_firewall_judge(fw, p);
	char mend[LR_FIREWALL_MEND];

	must(v.is == again.is && v.chain == again.chain && v.handle == again.handle);
	must(v.is != LR_FIREWALL_PASSES || !v.table);
	must(v.is != LR_FIREWALL_DROPS || (v.table && v.chain && v.hooked));
	lr_firewall_mend(&v, p->to.family, p->iface, p->port, mend);
	must(strlen(mend) < sizeof(mend) && (v.table || !*mend));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lr_firewall *fw = size ? lr_firewall_new() : NULL;
	struct lr_firewall_packet p = {.iface = "lr0",
		.from = lr_ip4(0x0a420002),
		.to = lr_ip4(0x0a420001),
		.cast = LR_CAST_UNICAST,
		.protocol = IPPROTO_UDP};

	if (!fw)
		return 0;
	const char *text = (const char *)data + 1, *zero = memchr(text, 0, size - 1);
	size_t n = zero ? (size_t)(zero - text) : size - 1, left = zero ? size - 2 - n : 0;
	uint8_t family = data[0] & 2 ? 6 : 4;
	if (!(data[0] & 1))
		(void)lr_firewall_add_nft(fw, text, n, NULL);
	else
		(void)lr_firewall_add_save(fw, family, data[0] & 4, text, n, NULL);
	(void)lr_firewall_wants_save(fw, family);
	if (zero)
		(void)lr_firewall_add_save(fw, family, data[0] & 4, zero + 1, left, NULL);
	p.port = p.from_port = lr_firewall_unnamed_port(fw);
	judge(fw, &p);
	p.to = lr_ip4(0xffffffff);
	p.cast = LR_CAST_BROADCAST;
	judge(fw, &p);
	p.iface = NULL;
	p.protocol = IPPROTO_TCP;
	judge(fw, &p);
	p.from.family = p.to.family = 6;
	p.protocol = IPPROTO_ICMPV6;
	judge(fw, &p);
	lr_firewall_free(fw);
	return 0;
}
