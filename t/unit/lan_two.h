/*
 * lan_two.h - two switches with a wire between: ours has 10.66.0.1/16 and fd66::1/64, a friend
 * 10.66.0.2 and fd66::2; a stock peer has 10.66.0.3. Frames and packets are made here.
 */
#ifndef LR_T_UNIT_LAN_TWO_H
#define LR_T_UNIT_LAN_TWO_H

#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/lan/lan.h"
#include "lib/net/ip.h"
#include "t/unit/tap.h"

struct side {
	struct lr_lan *lan;
	struct lr_lan_member *friend, *stock;
	uint8_t mac[LR_MAC];
	struct lr_ip at[2], friend_at[2];
};

static struct side us, them;
static uint8_t our_key[LR_KEY_LEN] = {1}, their_key[LR_KEY_LEN] = {2}, stock_key[LR_KEY_LEN] = {3};
static uint8_t room[LR_LAN_ROOM + 70000];
static uint8_t *const buf = room + LR_LAN_ROOM;
static struct lr_lan_verdict v;
static uint64_t now = LR_NS_PER_S;

static inline struct lr_ip ip_of(const char *text)
{
	struct lr_ip ip = {0};
	if (lr_ip_parse(text, &ip) < 0)
		abort();
	return ip;
}

static inline struct lr_lan_member *holder(void *ctx, uint8_t family, const uint8_t *address)
{
	struct side *s = ctx;
	struct lr_ip ip = {.family = family}, stock = ip_of("10.66.0.3");
	memcpy(ip.b, address, family == 4 ? 4 : 16);
	if (lr_ip_equal(&ip, &s->friend_at[0]) || lr_ip_equal(&ip, &s->friend_at[1]))
		return s->friend;
	return lr_ip_equal(&ip, &stock) ? s->stock : NULL;
}

/* A switch of that side, with its members; the one that it had goes. */
static inline void side_lan(struct side *s, const struct lr_lan_host *h, const uint8_t *other)
{
	const struct lr_prefix own[] = {{s->at[0], 16}, {s->at[1], 64}};
	struct lr_ip none = {0}, stock = ip_of("10.66.0.3");

	lr_lan_free(s->lan);
	s->lan = lr_lan_new(h, true, s->mac);
	lr_lan_own(s->lan, own, 2);
	s->stock = lr_lan_join(s->lan, stock_key, s, now);
	lr_lan_member_at(s->stock, &stock, &none, true);
	s->friend = lr_lan_join(s->lan, other, s, now);
	lr_lan_member_at(s->friend, &s->friend_at[0], &s->friend_at[1], false);
}

static inline void side_up(struct side *s, const uint8_t *key, const uint8_t *other, int host)
{
	const struct lr_lan_host h = {s, holder};
	char text[32];

	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), i ? "fd66::%d" : "10.66.0.%d", host);
		s->at[i] = ip_of(text);
		snprintf(text, sizeof(text), i ? "fd66::%d" : "10.66.0.%d", 3 - host);
		s->friend_at[i] = ip_of(text);
	}
	lr_lan_mac(key, s->mac);
	s->lan = NULL;
	side_lan(s, &h, other);
}

static inline void both_up(void)
{
	side_up(&us, our_key, their_key, 1);
	side_up(&them, their_key, our_key, 2);
}
static inline void both_down(void)
{
	lr_lan_free(us.lan);
	lr_lan_free(them.lan);
}

/* An IP header at `p` for `len` bytes behind it; what it takes. */
static inline size_t put_ip(
	uint8_t *p, const char *src, const char *dst, uint8_t proto, uint8_t ttl, size_t len)
{
	struct lr_ip s = ip_of(src), d = ip_of(dst);

	if (s.family == 6) {
		memset(p, 0, 40);
		p[0] = 0x60;
		lr_put_be16(p + 4, (uint16_t)len);
		p[6] = proto;
		p[7] = ttl;
		memcpy(p + 8, s.b, 16);
		memcpy(p + 24, d.b, 16);
		return 40;
	}
	memset(p, 0, 20);
	p[0] = 0x45;
	lr_put_be16(p + 2, (uint16_t)(20 + len));
	p[8] = ttl;
	p[9] = proto;
	memcpy(p + 12, s.b, 4);
	memcpy(p + 16, d.b, 4);
	lr_ip4_checksum(p);
	return 20;
}

static inline uint16_t l4_sum(const uint8_t *ip, size_t head, uint8_t proto, size_t len)
{
	return lr_sum_fold(lr_sum(ip + head, len, lr_sum_pseudo(ip, proto, (uint32_t)len)));
}

/* A UDP packet with a right checksum at `p`; its length. */
static inline size_t put_udp(
	uint8_t *p, const char *src, const char *dst, uint16_t from, uint16_t to, const char *text)
{
	size_t len = 8 + strlen(text), head = put_ip(p, src, dst, LR_UDP, 64, len);
	uint8_t *udp = p + head;

	lr_put_be16(udp, from);
	lr_put_be16(udp + 2, to);
	lr_put_be16(udp + 4, (uint16_t)len);
	lr_put_be16(udp + 6, 0);
	memcpy(udp + 8, text, len - 8);
	uint16_t sum = l4_sum(p, head, LR_UDP, len);
	memcpy(udp + 6, &sum, 2);
	return head + len;
}

static inline size_t put_tcp(
	uint8_t *p, const char *src, const char *dst, uint16_t from, uint16_t to, uint8_t flags)
{
	size_t head = put_ip(p, src, dst, LR_TCP, 64, 20);

	memset(p + head, 0, 20);
	lr_put_be16(p + head, from);
	lr_put_be16(p + head + 2, to);
	p[head + 12] = 0x50;
	p[head + 13] = flags;
	return head + 20;
}

/* An Ethernet header of ours at `buf`. `to` NULL: to all. */
static inline void put_eth(const uint8_t *to, uint16_t type)
{
	static const uint8_t all[LR_MAC] = {255, 255, 255, 255, 255, 255};
	memcpy(buf, to ? to : all, LR_MAC);
	memcpy(buf + LR_MAC, us.mac, LR_MAC);
	lr_put_be16(buf + 12, type);
}

/* The packet behind the header at `buf` leaves our interface. */
static inline enum lr_lan_act leave(size_t len)
{
	put_eth(them.mac, buf[LR_LAN_HEAD] >> 4 == 4 ? 0x0800 : 0x86dd);
	lr_lan_out(us.lan, now, buf, LR_LAN_HEAD + len, false, &v);
	return v.act;
}
/* The packet at `buf` comes from our friend. */
static inline enum lr_lan_act arrive(size_t len)
{
	lr_lan_in(us.lan, now, us.friend, buf, len, &v);
	return v.act;
}

#endif
