/*
 * neighbour.c - ARP and IPv6 neighbour questions of our own interface, answered from what is known
 *
 * Nothing of either crosses the tunnel. Probes for a member's address (RFC 5227, and solicitations
 * from the unspecified address) are answered, so that a machine that wants it learns that it is
 * taken; those for our own never: the system would give up its address.
 *
 * Source: RFC 826; RFC 4861 4.3, 4.4, 7.2; RFC 4862 5.4; RFC 5227.
 */
#include "lib/lan/lan_inside.h"

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };
enum { ICMP6_SOLICIT = 135, ICMP6_ADVERTISE = 136, ND_LEN = 24, OPTION_TARGET = 2 };
enum { SOLICITED = 0x40, OVERRIDE = 0x20 };

static const uint8_t everybody[LR_MAC] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* The MAC to answer with; NULL: nobody here has the address. One that is a broadcast address in the
 * eyes of whoever asks (lan.h) is everybody's. */
static const uint8_t *mac_of(struct lr_lan *lan, const struct lr_ip *ip)
{
	const struct lr_lan_machine *machine = lr_lan_machine(lan, ip);
	const struct lr_lan_member *m =
		machine ? NULL : lan->host.holder(lan->host.ctx, ip->family, ip->b);

	if (machine)
		return machine->mac;
	if (m)
		return m->mac;
	return ip->family == 4 && ip->b[3] == 0xff ? everybody : NULL;
}

static void put_head(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	memcpy(frame, to, LR_MAC);
	memcpy(frame + LR_MAC, from, LR_MAC);
	lr_put_be16(frame + 12, type);
}

static void reply(struct lr_lan *lan, const uint8_t *question, const uint8_t *mac,
	const struct lr_ip *target, struct lr_lan_verdict *v)
{
	uint8_t *a = lan->reply + LR_LAN_HEAD;

	put_head(lan->reply, question + 8, mac == everybody ? lan->switch_mac : mac, ETH_ARP);
	memcpy(a, question, 6);
	lr_put_be16(a + 6, ARP_REPLY);
	memcpy(a + 8, mac, LR_MAC);
	memcpy(a + 14, target->b, 4);
	memcpy(a + 18, question + 8, LR_MAC + 4); /* who asked: MAC and address */
	v->act = LR_LAN_ANSWER;
	v->bytes = lan->reply;
	v->len = LR_LAN_HEAD + LR_ARP_LEN;
}

static bool is_ether_ip4(const uint8_t *question)
{
	static const uint8_t ether_ip4[] = {0, 1, 8, 0, 6, 4};

	return memcmp(question, ether_ip4, sizeof(ether_ip4)) == 0;
}

size_t lr_lan_announce(struct lr_lan *lan, const struct lr_lan_member *m)
{
	static const uint8_t begins[] = {0, 1, 8, 0, 6, 4, 0, ARP_REQUEST};
	uint8_t *a = lan->reply + LR_LAN_HEAD;
	enum { SHORTEST = 60 };

	memset(lan->reply, 0, SHORTEST);
	put_head(lan->reply, everybody, m->mac, ETH_ARP);
	memcpy(a, begins, sizeof(begins));
	memcpy(a + 8, m->mac, LR_MAC);
	memcpy(a + 14, m->at[0].b, 4);
	memcpy(a + 24, m->at[0].b, 4);
	return SHORTEST;
}

void lr_lan_arp(struct lr_lan *lan, const uint8_t *frame, size_t len, struct lr_lan_verdict *v)
{
	const uint8_t *question = frame + LR_LAN_HEAD;
	struct lr_ip target = {.family = 4};

	v->act = LR_LAN_TAKEN;
	if (len < LR_LAN_HEAD + LR_ARP_LEN || !is_ether_ip4(question)) {
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_FRAME);
		return;
	}
	memcpy(target.b, question + 24, 4);
	if (lr_get_be16(question + 6) != ARP_REQUEST || lr_lan_is_own(lan, &target))
		return; /* answers and announcements are for others, and none is on this cable */
	const uint8_t *mac = mac_of(lan, &target);
	if (mac)
		reply(lan, question, mac, &target, v);
	else
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_STRANGER);
}

/* Of the segment's own machines each speaks for itself. Probes for our address are answered, too:
 * this node is no machine of that segment. */
void lr_lan_arp_bridged(struct lr_lan *lan, const uint8_t *frame, struct lr_lan_verdict *v)
{
	const uint8_t *question = frame + LR_LAN_HEAD, *mac = NULL;
	struct lr_ip target = {.family = 4};

	memcpy(target.b, question + 24, 4);
	if (!is_ether_ip4(question) || lr_get_be16(question + 6) != ARP_REQUEST ||
		!lr_prefix_covers(&lan->pool, &target) || lr_lan_machine(lan, &target))
		return;
	mac = lr_lan_is_own(lan, &target) ? lan->mac : mac_of(lan, &target);
	if (mac)
		reply(lan, question, mac, &target, v);
}

/* The answer to a solicitation from `asker` (:: when it only wants to know whether it is free). */
static void advertise(struct lr_lan *lan, const uint8_t *frame, const uint8_t *asker,
	const struct lr_ip *target, const uint8_t *mac, struct lr_lan_verdict *v)
{
	static const uint8_t nobody[16], all_nodes[16] = {0xff, 2, [15] = 1};
	bool probe = memcmp(asker, nobody, 16) == 0;
	uint8_t *ip = lan->reply + LR_LAN_HEAD, *nd = ip + 40;
	enum { LEN = ND_LEN + 8 };

	put_head(lan->reply, frame + LR_MAC, mac, ETH_IP6);
	memset(ip, 0, 40 + LEN);
	ip[0] = 0x60;
	lr_put_be16(ip + 4, LEN);
	ip[6] = LR_ICMP6;
	ip[7] = 255;
	memcpy(ip + 8, target->b, 16);
	memcpy(ip + 24, probe ? all_nodes : asker, 16);
	nd[0] = ICMP6_ADVERTISE;
	nd[4] = probe ? OVERRIDE : SOLICITED | OVERRIDE;
	memcpy(nd + 8, target->b, 16);
	nd[24] = OPTION_TARGET;
	nd[25] = 1;
	memcpy(nd + 26, mac, LR_MAC);
	uint16_t sum = lr_sum_fold(lr_sum(nd, LEN, lr_sum_pseudo(ip, LR_ICMP6, LEN)));
	memcpy(nd + 2, &sum, 2);
	v->act = LR_LAN_ANSWER;
	v->bytes = lan->reply;
	v->len = LR_LAN_HEAD + 40 + LEN;
}

bool lr_lan_neighbour(struct lr_lan *lan, const uint8_t *frame, const uint8_t *packet,
	const struct lr_packet *p, struct lr_lan_verdict *v)
{
	const uint8_t *nd = packet + p->l4_at;
	struct lr_ip target = {.family = 6};

	if (p->family != 6 || p->proto != LR_ICMP6 || !p->first ||
		p->len < p->l4_at + (uint32_t)ND_LEN ||
		(nd[0] != ICMP6_SOLICIT && nd[0] != ICMP6_ADVERTISE))
		return false;
	v->act = LR_LAN_TAKEN;
	memcpy(target.b, nd + 8, 16);
	if (nd[0] == ICMP6_ADVERTISE || !frame || packet[7] != 255 || lr_lan_is_own(lan, &target))
		return true;
	const uint8_t *mac = mac_of(lan, &target);
	if (mac)
		advertise(lan, frame, packet + 8, &target, mac, v);
	else
		lr_lan_verdict_drop(lan, v, LR_LAN_DROP_STRANGER);
	return true;
}
