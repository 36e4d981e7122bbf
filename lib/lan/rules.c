/*
 * rules.c - what does not pass between members, and why
 *
 * The same at both ends, and at the hub for what passes between its guests and others: who sends
 * keeps his own machine from doing harm by accident, who receives trusts nobody to do so. TCP is
 * judged by the segment that opens a connection; an answer from such a port passes, and what
 * belongs to no connection meets only a reset.
 */
#include "lib/lan/lan_inside.h"

#include <string.h>

enum { TCP_SYN = 0x02, TCP_ACK = 0x10 };
enum { IP4_OFFSET = 0x1fff };
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_LOOSE = 131, OPTION_STRICT = 137 };
enum { NEXT_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_AH = 51, NEXT_DEST = 60 };

/* Services of whole machines, which no game is: shells, files, desktops, what starts containers. */
static const uint16_t closed_tcp[] = {
	22, 23, 111, 135, 139, 445, 548, 873, 2049, 2375, 3389, 5900, 5985, 5986};
static const uint16_t closed_udp[] = {69, 111, 135, 161, 445, 2049, 3389};

static bool in_list(const uint16_t *list, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == port)
			return true;
	return false;
}

unsigned lr_lan_noise_of(uint16_t port)
{
	switch (port) {
	case 137:
	case 138:
		return LR_LAN_NETBIOS;
	case 5355:
		return LR_LAN_LLMNR;
	case 1900:
	case 3702:
		return LR_LAN_SSDP;
	case 17500:
		return LR_LAN_DROPBOX;
	case 5353:
		return LR_LAN_MDNS;
	}
	return 0;
}

/* --- source routes (RFC 791 3.1, RFC 8200 4.4, RFC 5095) --- */

static bool source_route4(const uint8_t *p, size_t head)
{
	for (size_t at = 20; at < head && p[at] != OPTION_END;) {
		if (p[at] == OPTION_LOOSE || p[at] == OPTION_STRICT)
			return true;
		size_t size = p[at] == OPTION_NOP ? 1 : at + 1 < head ? p[at + 1] : 0;
		if (size == 0 || (size == 1 && p[at] != OPTION_NOP))
			return true; /* what makes no sense may hide one */
		at += size;
	}
	return false;
}

static bool source_route6(const uint8_t *p, size_t l4)
{
	uint8_t next = p[6];

	for (size_t at = 40; at + 8 <= l4;) {
		if (next == NEXT_ROUTING)
			return true;
		uint8_t kind = next;
		next = p[at];
		at += kind == NEXT_FRAGMENT ? 8
		      : kind == NEXT_AH     ? (p[at + 1] + 2u) * 4
					    : (p[at + 1] + 1u) * 8;
	}
	return next == NEXT_ROUTING;
}

static bool source_routed(const uint8_t *packet, const struct lr_packet *p)
{
	return p->family == 4 ? p->l4_at > 20 && source_route4(packet, p->l4_at)
			      : p->l4_at > 40 && source_route6(packet, p->l4_at);
}

/* --- transports --- */

static enum lr_lan_drop judge_tcp(const struct lr_lan *lan, const uint8_t *l4)
{
	uint16_t port = lr_get_be16(l4 + 2);

	if ((l4[13] & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return LR_LAN_DROP_NONE;
	if (!lan->open && in_list(closed_tcp, sizeof(closed_tcp) / sizeof(*closed_tcp), port))
		return LR_LAN_DROP_SERVICE;
	return lr_lan_port_passes(lan, port) ? LR_LAN_DROP_NONE : LR_LAN_DROP_ISOLATED;
}

static bool is_dhcp(uint16_t port)
{
	return port == 67 || port == 68 || port == 546 || port == 547;
}

static enum lr_lan_drop judge_udp(
	struct lr_lan *lan, const uint8_t *packet, const uint8_t *l4, bool to_all, bool ours)
{
	uint16_t from = lr_get_be16(l4), port = lr_get_be16(l4 + 2);

	if (is_dhcp(port) || is_dhcp(from))
		return LR_LAN_DROP_DHCP;
	if (!lan->open && in_list(closed_udp, sizeof(closed_udp) / sizeof(*closed_udp), port))
		return LR_LAN_DROP_SERVICE;
	if (to_all && lr_lan_noise_of(port) & ~lan->pass)
		return LR_LAN_DROP_NOISE;
	return lr_lan_udp_passes(lan, packet, l4, ours) ? LR_LAN_DROP_NONE : LR_LAN_DROP_ISOLATED;
}

/* RFC 792, RFC 1256. */
static enum lr_lan_drop judge_icmp(uint8_t type)
{
	switch (type) {
	case 5:
		return LR_LAN_DROP_REDIRECT;
	case 9:
	case 10:
		return LR_LAN_DROP_ROUTER;
	}
	return LR_LAN_DROP_NONE;
}

/* RFC 4861 4, RFC 3971 (certification paths are about routers, too). */
static enum lr_lan_drop judge_icmp6(uint8_t type)
{
	switch (type) {
	case 133:
	case 134:
	case 148:
	case 149:
		return LR_LAN_DROP_ROUTER;
	case 135:
	case 136:
		return LR_LAN_DROP_NEIGHBOUR;
	case 137:
		return LR_LAN_DROP_REDIRECT;
	}
	return LR_LAN_DROP_NONE;
}

/* How much of a transport's header must be in the first fragment for it to be judged. */
static size_t needed(uint8_t proto)
{
	return proto == LR_TCP ? 14 : proto == LR_UDP ? 8 : 1;
}

/* A fragment behind the first: it may not lie over what was judged in that (RFC 3128). */
static enum lr_lan_drop judge_later(const uint8_t *packet, const struct lr_packet *p)
{
	bool over =
		p->family == 4 && p->proto == LR_TCP && (lr_get_be16(packet + 6) & IP4_OFFSET) == 1;

	return over ? LR_LAN_DROP_TINY : LR_LAN_DROP_NONE;
}

enum lr_lan_drop lr_lan_judge(struct lr_lan *lan, const uint8_t *packet, const struct lr_packet *p,
	bool to_all, bool ours)
{
	const uint8_t *l4 = packet + p->l4_at;

	if (source_routed(packet, p))
		return LR_LAN_DROP_SOURCE_ROUTE;
	if (!p->first)
		return judge_later(packet, p);
	if (p->len - p->l4_at < needed(p->proto))
		return p->fragment || p->proto == LR_TCP || p->proto == LR_UDP ? LR_LAN_DROP_TINY
									       : LR_LAN_DROP_NONE;
	switch (p->proto) {
	case LR_TCP:
		return judge_tcp(lan, l4);
	case LR_UDP:
		return judge_udp(lan, packet, l4, to_all, ours);
	case LR_ICMP:
		return p->family == 4 ? judge_icmp(l4[0]) : LR_LAN_DROP_NONE;
	case LR_ICMP6:
		return p->family == 6 ? judge_icmp6(l4[0]) : LR_LAN_DROP_NONE;
	}
	return lan->isolate ? LR_LAN_DROP_ISOLATED : LR_LAN_DROP_NONE;
}

uint32_t lr_lan_storm_key(const uint8_t *packet, const struct lr_packet *p)
{
	bool ports = p->first && p->proto == LR_UDP && p->len - p->l4_at >= 8;

	return ports ? lr_get_be16(packet + p->l4_at + 2) : 1u << 16 | p->proto;
}
