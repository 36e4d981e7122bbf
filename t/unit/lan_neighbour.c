/*
 * lan_neighbour.c - ARP and neighbour questions: answered for members, for nobody else, never for
 * us
 */
#include "t/unit/lan_two.h"

static void ask_arp(const char *who, const char *whom, uint16_t op)
{
	uint8_t *a = buf + LR_LAN_HEAD;
	struct lr_ip from = ip_of(who), to = ip_of(whom);

	put_eth(NULL, 0x0806);
	memcpy(a, (uint8_t[]){0, 1, 8, 0, 6, 4}, 6);
	lr_put_be16(a + 6, op);
	memcpy(a + 8, us.mac, 6);
	memcpy(a + 14, from.b, 4);
	memset(a + 18, 0, 6);
	memcpy(a + 24, to.b, 4);
	lr_lan_out(us.lan, now, buf, 60, false, &v);
}

static void arp(void)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};

	ask_arp("10.66.0.1", "10.66.0.2", 1);
	ok(v.act == LR_LAN_ANSWER && v.len == 42, "a member's address is answered");
	is_mem(v.bytes, us.mac, 6, "to who asked");
	is_mem(v.bytes + 6, them.mac, 6, "from the member");
	is_int(lr_get_be16(v.bytes + 20), 2, "with a reply");
	is_mem(v.bytes + 22, them.mac, 6, "that has its MAC");
	is_mem(v.bytes + 28, them.at[0].b, 4, "and its address");
	is_mem(v.bytes + 38, us.at[0].b, 4, "for our address");
	ask_arp("0.0.0.0", "10.66.0.2", 1);
	is_int(v.act, LR_LAN_ANSWER, "a probe for a member's address is answered: it is taken");
	ask_arp("0.0.0.0", "10.66.0.1", 1);
	is_int(v.act, LR_LAN_TAKEN, "a probe for our own is not");
	ask_arp("10.66.0.1", "10.66.0.1", 1);
	is_int(v.act, LR_LAN_TAKEN, "nor an announcement of it");
	ask_arp("10.66.0.1", "10.66.0.9", 1);
	is_int(v.drop, LR_LAN_DROP_STRANGER, "nobody answers for a stranger");
	ask_arp("10.66.0.1", "10.66.0.2", 2);
	is_int(v.act, LR_LAN_TAKEN, "an answer is for nobody here");
	ask_arp("10.66.0.1", "10.66.3.255", 1);
	ok(v.act == LR_LAN_ANSWER && memcmp(v.bytes + 22, all, 6) == 0,
		"what looks like a broadcast address is everybody's");
	put_eth(NULL, 0x0806);
	lr_lan_out(us.lan, now, buf, 41, false, &v);
	is_int(v.drop, LR_LAN_DROP_FRAME, "a short one is none");
}

/* A solicitation, or what `type` is. */
static void ask_nd(const char *who, const char *whom, uint8_t type, uint8_t hops)
{
	uint8_t *ip = buf + LR_LAN_HEAD, *nd = ip + put_ip(ip, who, "ff02::1:ff00:2", 58, hops, 24);
	struct lr_ip target = ip_of(whom);

	memset(nd, 0, 24);
	nd[0] = type;
	memcpy(nd + 8, target.b, 16);
	leave(64);
}

static void nd(void)
{
	static const uint8_t nodes[16] = {255, 2, [15] = 1};

	ask_nd("fd66::1", "fd66::2", 135, 255);
	if (!ok(v.act == LR_LAN_ANSWER && v.len == 14 + 40 + 32, "a member's address is answered"))
		return;
	uint8_t *ip = v.bytes + 14, *a = ip + 40;
	is_mem(v.bytes + 6, them.mac, 6, "from the member");
	is_mem(ip + 8, them.at[1].b, 16, "with its address");
	is_mem(ip + 24, us.at[1].b, 16, "to who asked");
	is_int(a[4], 0x60, "solicited, and overrides");
	ok(a[24] == 2 && memcmp(a + 26, them.mac, 6) == 0, "with its MAC");
	is_int(l4_sum(ip, 40, 58, 32), 0, "and a right checksum");
	ask_nd("::", "fd66::2", 135, 255);
	ok(v.act == LR_LAN_ANSWER && memcmp(v.bytes + 38, nodes, 16) == 0 && v.bytes[58] == 0x20,
		"a probe for a member's address is answered to all nodes");
	ask_nd("::", "fd66::1", 135, 255);
	is_int(v.act, LR_LAN_TAKEN, "a probe for our own is not");
	struct lr_ip own = lr_lan_link_local(us.mac);
	char text[LR_ADDR_TEXT];
	ask_nd("::", lr_ip_text(&own, text), 135, 255);
	is_int(v.act, LR_LAN_TAKEN, "nor one for our link-local address");
	ask_nd("fd66::1", "fd66::9", 135, 255);
	is_int(v.drop, LR_LAN_DROP_STRANGER, "nobody answers for a stranger");
	ask_nd("fd66::1", "fd66::2", 135, 64);
	is_int(v.act, LR_LAN_TAKEN, "one that came over a router is no question");
	ask_nd("fd66::1", "fd66::2", 136, 255);
	is_int(v.act, LR_LAN_TAKEN, "an answer of ours goes to nobody");
}

int main(void)
{
	both_up();
	arp();
	nd();
	both_down();
	return tap_done();
}
