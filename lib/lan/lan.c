/*
 * lan.c - see lan.h
 */
#include "lib/lan/lan_inside.h"

#include <stdlib.h>
#include <string.h>

#include "lib/crypto/sign.h"

static const uint8_t all_ones[LR_MAC] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* --- life --- */

struct lr_lan *lr_lan_new(const struct lr_lan_host *host, bool ethernet, const uint8_t mac[LR_MAC])
{
	struct lr_lan *lan = calloc(1, sizeof(*lan));

	if (!lan)
		return NULL;
	lan->host = *host;
	lan->ethernet = ethernet;
	memcpy(lan->mac, mac, LR_MAC);
	memcpy(lan->switch_mac, mac, LR_MAC);
	lan->switch_mac[LR_MAC - 1] ^= 1;
	lan->query_ns = LR_NEVER;
	lr_map_init(&lan->by_mac, LR_MAC);
	lr_random(&lan->id, sizeof(lan->id));
	lr_lan_own(lan, NULL, 0);
	return lan;
}

void lr_lan_free(struct lr_lan *lan)
{
	if (!lan)
		return;
	while (lan->members)
		lr_lan_leave(lan, lan->members);
	lr_lan_bridge_free(lan);
	lr_map_release(&lan->by_mac);
	free(lan->self.storm);
	free(lan->self.joined);
	free(lan);
}

void lr_lan_mac(const uint8_t public_key[LR_KEY_LEN], uint8_t mac[LR_MAC])
{
	static const char context[] = "lanrage mac 1";
	uint8_t h[16];

	lr_digest(h, sizeof(h), NULL, 0,
		(struct lr_span[]){{context, sizeof(context) - 1}, {public_key, LR_KEY_LEN}}, 2);
	memcpy(mac, h, LR_MAC);
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 2); /* a local address, of one machine */
}

/* fe80::/64 and the MAC as EUI-64 (RFC 4291 appendix A). */
struct lr_ip lr_lan_link_local(const uint8_t mac[LR_MAC])
{
	return (struct lr_ip){.family = 6,
		.b = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3],
			mac[4], mac[5]}};
}

/* --- own addresses --- */

static void add_broadcast(struct lr_lan *lan, const struct lr_prefix *a)
{
	if (a->ip.family != 4 || a->len > 30)
		return;
	uint32_t host = a->len ? UINT32_MAX >> a->len : UINT32_MAX;
	lr_put_be32(lan->broadcasts[lan->n_broadcasts++], lr_get_be32(a->ip.b) | host);
}

void lr_lan_own(struct lr_lan *lan, const struct lr_prefix *addresses, size_t n)
{
	lan->n_own = lan->n_broadcasts = 0;
	lan->pool = (struct lr_prefix){0};
	memset(lan->own4, 0, sizeof(lan->own4));
	for (size_t i = 0; i < n && i < LR_LAN_OWN; i++) {
		lan->own[lan->n_own++] = addresses[i].ip;
		add_broadcast(lan, &addresses[i]);
	}
	for (unsigned i = lan->n_own; i-- > 0;) {
		if (lan->own[i].family != 4)
			continue;
		memcpy(lan->own4, lan->own[i].b, 4);
		lan->pool = addresses[i];
	}
	lan->own[lan->n_own++] = lr_lan_link_local(lan->mac);
}

bool lr_lan_is_own(const struct lr_lan *lan, const struct lr_ip *ip)
{
	for (unsigned i = 0; i < lan->n_own; i++)
		if (lr_ip_equal(&lan->own[i], ip))
			return true;
	return false;
}

bool lr_lan_is_taken(struct lr_lan *lan, const struct lr_ip *ip)
{
	return lr_lan_is_own(lan, ip) || lr_lan_machine(lan, ip) ||
	       lan->host.holder(lan->host.ctx, ip->family, ip->b);
}

/* --- members --- */

struct lr_lan_member *lr_lan_join(
	struct lr_lan *lan, const uint8_t public_key[LR_KEY_LEN], void *owner, uint64_t now)
{
	struct lr_lan_member *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->owner = owner;
	lr_lan_mac(public_key, m->mac);
	if (lr_map_put(&lan->by_mac, m->mac, m) < 0) {
		free(m);
		return NULL;
	}
	m->next = lan->members;
	lan->members = m;
	lr_lan_ask_soon(lan, now);
	return m;
}

void lr_lan_leave(struct lr_lan *lan, struct lr_lan_member *m)
{
	struct lr_lan_member **at = &lan->members;

	if (!m)
		return;
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (lr_map_get(&lan->by_mac, m->mac) == m)
		lr_map_remove(&lan->by_mac, m->mac);
	if (!lan->members)
		lan->query_ns = LR_NEVER;
	lr_lan_stations_forget(lan, m);
	lr_lan_pieces_release(m);
	free(m->joined);
	free(m->storm);
	free(m);
}

void lr_lan_member_at(
	struct lr_lan_member *m, const struct lr_ip *four, const struct lr_ip *six, bool stock)
{
	m->at[0] = *four;
	m->at[1] = *six;
	m->stock = stock;
}

void lr_lan_member_hub(struct lr_lan_member *m, bool hub)
{
	m->hub = hub;
}

void lr_lan_member_bridges(struct lr_lan *lan, struct lr_lan_member *m, bool bridges)
{
	m->bridges = bridges;
	if (!bridges)
		lr_lan_stations_forget(lan, m);
}

void *lr_lan_owner(const struct lr_lan_member *m)
{
	return m->owner;
}

/* --- destinations --- */

static bool is_broadcast(const struct lr_lan *lan, const uint8_t *address)
{
	for (unsigned i = 0; i < lan->n_broadcasts; i++)
		if (memcmp(lan->broadcasts[i], address, 4) == 0)
			return true;
	return memcmp(address, all_ones, 4) == 0;
}

enum lr_lan_to lr_lan_where(
	struct lr_lan *lan, const uint8_t *packet, bool broadcast, bool *rewrite)
{
	struct lr_ip dst = lr_packet_dst(packet);

	*rewrite = false;
	if (dst.family == 6)
		return dst.b[0] == 0xff ? LR_LAN_TO_GROUP : LR_LAN_TO_ONE;
	if (dst.b[0] >> 4 == 14)
		return LR_LAN_TO_GROUP;
	if (is_broadcast(lan, dst.b))
		return LR_LAN_TO_ALL;
	*rewrite = (broadcast || dst.b[3] == 0xff) && !lr_lan_is_taken(lan, &dst);
	return *rewrite ? LR_LAN_TO_ALL : LR_LAN_TO_ONE;
}

/* RFC 1624, equation 3; a sum that is yet to be finished is not inverted. */
static uint16_t mended(uint16_t field, const uint8_t *before, const uint8_t *after, bool partial)
{
	uint64_t sum = partial ? field : (uint16_t)~field;

	for (int i = 0; i < 4; i += 2)
		sum += (uint16_t)~lr_get_be16(before + i) + (uint64_t)lr_get_be16(after + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(partial ? sum : ~sum);
}

void lr_lan_to_broadcast(
	struct lr_lan *lan, uint8_t *packet, const struct lr_packet *p, bool partial)
{
	uint8_t before[4], *udp = packet + p->l4_at;

	memcpy(before, packet + 16, 4);
	memcpy(packet + 16, lan->n_broadcasts ? lan->broadcasts[0] : all_ones, 4);
	lr_put_be16(packet + 10, mended(lr_get_be16(packet + 10), before, packet + 16, false));
	if (p->proto != LR_UDP || !p->first || p->len < p->l4_at + 8u || lr_get_be16(udp + 6) == 0)
		return;
	uint16_t sum = mended(lr_get_be16(udp + 6), before, packet + 16, partial);
	lr_put_be16(udp + 6, sum || partial ? sum : 0xffff); /* 0 says that there is none */
}

/* The MAC that goes with the destination (RFC 1112 6.4, RFC 2464 7). */
static void put_to(const struct lr_lan *lan, uint8_t *mac, const uint8_t *packet, enum lr_lan_to to)
{
	static const uint8_t group4[] = {1, 0, 0x5e}, group6[] = {0x33, 0x33};
	const uint8_t *dst = packet + (packet[0] >> 4 == 4 ? 16 : 24);

	if (to == LR_LAN_TO_ONE) {
		struct lr_ip ip = lr_packet_dst(packet);
		const struct lr_lan_machine *machine = lr_lan_machine(lan, &ip);
		memcpy(mac, machine ? machine->mac : lan->mac, LR_MAC);
	} else if (to == LR_LAN_TO_ALL) {
		memset(mac, 0xff, LR_MAC);
	} else if (packet[0] >> 4 == 4) {
		memcpy(mac, group4, 3);
		mac[3] = dst[1] & 0x7f;
		memcpy(mac + 4, dst + 2, 2);
	} else {
		memcpy(mac, group6, 2);
		memcpy(mac + 2, dst + 12, 4);
	}
}

void lr_lan_head(
	const struct lr_lan *lan, uint8_t *packet, enum lr_lan_to to, const uint8_t from[LR_MAC])
{
	uint8_t *head = packet - LR_LAN_HEAD;

	put_to(lan, head, packet, to);
	memcpy(head + LR_MAC, from, LR_MAC);
	lr_put_be16(head + 12, packet[0] >> 4 == 4 ? ETH_IP4 : ETH_IP6);
}

bool lr_lan_to_many(struct lr_lan *lan, const uint8_t *packet)
{
	bool rewrite;

	return lr_lan_where(lan, packet, false, &rewrite) != LR_LAN_TO_ONE;
}

/* --- whom a verdict means --- */

static bool meant(
	const struct lr_lan *lan, const struct lr_lan_verdict *v, const struct lr_lan_member *m)
{
	if (v->only)
		return v->only == m;
	if (v->act == LR_LAN_WRAP)
		return !m->stock && (!v->bridges || m->bridges);
	if (v->act == LR_LAN_DELIVER && (!v->from || m == v->from || !(m->stock || v->from->stock)))
		return false;
	return v->group.family == 0 || lr_lan_has_joined(lan, m, &v->group);
}

struct lr_lan_member *lr_lan_next(
	const struct lr_lan *lan, const struct lr_lan_verdict *v, const struct lr_lan_member *after)
{
	struct lr_lan_member *m = after ? after->next : lan->members;

	while (m && !meant(lan, v, m))
		m = m->next;
	return m;
}

const uint64_t *lr_lan_drops(const struct lr_lan *lan)
{
	return lan->drops;
}
