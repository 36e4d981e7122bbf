/*
 * isolate.c - only what the games that are played here need (lr-up --isolate)
 *
 * Theory of operation. A datagram passes when it is for a game's port, or when it is an answer: it
 * comes from a game's port to an address and port from which somebody asked one such lately
 * (`askers`). Who sends from a game's port by himself reaches nothing else by that. What this node
 * and its house send from a game's port is the game's own. Of TCP the port of who is called counts
 * (rules.c). Frames pass when they are IPX and a profile wants that.
 *
 * Askers are kept by a hash of address and port, one a place: a newer one takes the place, and its
 * next question gives it back.
 *
 * Source: RFC 1132 (802.2), RFC 1042 (SNAP); 802.3 with the IPX header at once is Novell's.
 */
#include "lib/lan/lan_inside.h"

#include <string.h>

#define ASKED_NS (120 * LR_NS_PER_S) /* as long as a router must keep a mapping (RFC 4787 4.3) */
enum { ETH_IPX = 0x8137, ETH_TYPES = 0x0600 };

void lr_lan_isolate(struct lr_lan *lan, const struct lr_lan_ports *ports, bool ipx)
{
	lan->isolate = ports != NULL;
	lan->ipx = ipx;
	if (ports)
		lan->ports = *ports;
}

bool lr_lan_port_passes(const struct lr_lan *lan, uint16_t port)
{
	return !lan->isolate || lan->ports.bits[port >> 6] >> (port & 63) & 1;
}

/* FNV-1a (draft-eastlake-fnv). */
static struct lr_lan_asker *place(struct lr_lan *lan, const struct lr_ip *at, uint16_t port)
{
	uint32_t h = 2166136261u;

	for (unsigned i = 0; i < sizeof(at->b); i++)
		h = (h ^ at->b[i]) * 16777619u;
	h = (h ^ (port & 0xff)) * 16777619u;
	h = (h ^ port >> 8) * 16777619u;
	return &lan->askers[(h ^ h >> 16) % LR_LAN_ASKERS];
}

static bool has_asked(struct lr_lan *lan, const struct lr_ip *at, uint16_t port)
{
	const struct lr_lan_asker *a = place(lan, at, port);

	return a->until_ns > lan->now && a->port == port && lr_ip_equal(&a->at, at);
}

bool lr_lan_udp_passes(struct lr_lan *lan, const uint8_t *packet, const uint8_t *udp, bool ours)
{
	uint16_t from = lr_get_be16(udp), to = lr_get_be16(udp + 2);
	struct lr_ip src = lr_packet_src(packet), dst = lr_packet_dst(packet);

	if (!lan->isolate)
		return true;
	if (lr_lan_port_passes(lan, to)) {
		*place(lan, &src, from) = (struct lr_lan_asker){src, from, lan->now + ASKED_NS};
		return true;
	}
	return lr_lan_port_passes(lan, from) && (ours || has_asked(lan, &dst, to));
}

/* Ethernet II; 802.3 alone, 802.2 and SNAP behind a length. */
static bool is_ipx(uint16_t type, const uint8_t *p, size_t len)
{
	static const uint8_t raw[] = {0xff, 0xff}, llc[] = {0xe0, 0xe0, 3},
			     snap[] = {0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0x37};

	if (type >= ETH_TYPES)
		return type == ETH_IPX;
	return (len >= sizeof(raw) && memcmp(p, raw, sizeof(raw)) == 0) ||
	       (len >= sizeof(llc) && memcmp(p, llc, sizeof(llc)) == 0) ||
	       (len >= sizeof(snap) && memcmp(p, snap, sizeof(snap)) == 0);
}

bool lr_lan_frame_passes(const struct lr_lan *lan, uint16_t type, const uint8_t *p, size_t len)
{
	return !lan->isolate || (lan->ipx && is_ipx(type, p, len));
}
