/*
 * dhcp.c - see dhcp.h
 *
 *   | Ethernet (14) | IPv4 (20) | UDP (8) | op, htype, hlen, hops | xid (4) | secs (2) | flags (2)
 *   | ciaddr (4) | yiaddr (4) | siaddr (4) | giaddr (4) | chaddr (16) | sname (64) | file (128)
 *   | cookie (4) | options: code (1), length (1), value
 *
 * Source: RFC 951, RFC 2131, RFC 2132.
 */
#include "lib/lan/dhcp.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/net/ip.h"

enum { HEAD = 14, ETH_IP4 = 0x0800, SERVER = 67, CLIENT = 68 };
enum { ASKS = 1, ANSWERS = 2, BROADCAST = 0x8000, COOKIE = 0x63825363 };
/* Offsets in the message. */
enum { XID = 4, FLAGS = 10, CIADDR = 12, YIADDR = 16, GIADDR = 24, CHADDR = 28, OPTIONS = 240 };
enum { SHORTEST = 300 }; /* of a message: RFC 951's length, on which old clients insist */
enum type { NONE, DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };
enum {
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_BROADCAST = 28,
	OPT_WANTED = 50,
	OPT_LEASE = 51,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_END = 255
};

static const uint8_t all_ones[6] = {255, 255, 255, 255, 255, 255};

/* --- reading --- */

/* The message in a whole, untagged frame to that UDP port; NULL: it is none. */
static const uint8_t *message(const uint8_t *frame, size_t len, uint16_t port, size_t *out)
{
	const uint8_t *ip = frame + HEAD;
	struct lr_packet p;

	if (len < HEAD + 28 || lr_get_be16(frame + 12) != ETH_IP4 ||
		lr_packet_parse(ip, len - HEAD, &p) != LR_IP_FINE || p.family != 4 ||
		p.proto != LR_UDP || p.fragment || p.len < p.l4_at + 8u ||
		lr_get_be16(ip + p.l4_at + 2) != port)
		return NULL;
	*out = p.len - p.l4_at - 8;
	return ip + p.l4_at + 8;
}

bool lr_dhcp_is_question(const uint8_t *frame, size_t len)
{
	size_t n;

	return message(frame, len, SERVER, &n) != NULL;
}

bool lr_dhcp_is_answer(const uint8_t *frame, size_t len)
{
	size_t n;

	return message(frame, len, CLIENT, &n) != NULL;
}

struct question {
	enum type type;
	const uint8_t *bytes; /* the message */
	struct lr_ip client;  /* ciaddr: the address that it uses; family 0: none */
	struct lr_ip wanted, server;
};

static struct lr_ip address_at(const uint8_t *p)
{
	return lr_get_be32(p) ? lr_ip4(lr_get_be32(p)) : (struct lr_ip){0};
}

static void read_option(struct question *q, uint8_t code, const uint8_t *value, size_t len)
{
	if (code == OPT_TYPE && len == 1)
		q->type = value[0] <= INFORM ? value[0] : NONE;
	else if (code == OPT_WANTED && len == 4)
		q->wanted = address_at(value);
	else if (code == OPT_SERVER && len == 4)
		q->server = address_at(value);
}

/* Whether it is a message of that kind for Ethernet, whose options make sense. */
static bool read_message(struct question *q, const uint8_t *m, size_t len, uint8_t op)
{
	struct lr_cursor c;
	const uint8_t *code, *n, *value;

	*q = (struct question){.bytes = m};
	if (len < OPTIONS || m[0] != op || m[1] != 1 || m[2] != LR_DHCP_MAC ||
		lr_get_be32(m + OPTIONS - 4) != COOKIE)
		return false;
	q->client = address_at(m + CIADDR);
	c = lr_cursor(m + OPTIONS, len - OPTIONS);
	while ((code = lr_take(&c, 1)) && *code != OPT_END) {
		if (*code == OPT_PAD)
			continue;
		if (!(n = lr_take(&c, 1)) || !(value = lr_take(&c, *n)))
			return false;
		read_option(q, *code, value, *n);
	}
	return q->type != NONE;
}

/* --- writing --- */

static uint8_t *put_option(uint8_t *at, uint8_t code, const void *value, uint8_t len)
{
	at[0] = code;
	at[1] = len;
	return mempcpy(at + 2, value, len);
}

static uint8_t *put_number(uint8_t *at, uint8_t code, uint32_t value)
{
	uint8_t bytes[4];

	lr_put_be32(bytes, value);
	return put_option(at, code, bytes, 4);
}

/* Headers around the message that ends at `end`. The frame's length. */
static size_t put_heads(uint8_t *out, const uint8_t *end, const uint8_t to[6],
	const uint8_t from[6], const struct lr_ip *src, uint32_t dst, bool answer)
{
	const struct lr_ip to_ip = lr_ip4(dst);
	uint8_t *ip = out + HEAD, *udp = ip + 20;
	size_t len = (size_t)(end - udp) - 8;

	if (len < SHORTEST)
		len = SHORTEST;
	memcpy(out, to, 6);
	memcpy(out + 6, from, 6);
	lr_put_be16(out + 12, ETH_IP4);
	lr_ip_head(ip, src, &to_ip, 0, LR_UDP, 8 + len);
	lr_put_be16(udp, answer ? SERVER : CLIENT);
	lr_put_be16(udp + 2, answer ? CLIENT : SERVER);
	lr_put_be16(udp + 4, (uint16_t)(8 + len));
	lr_udp_checksum(ip, udp, 8 + len);
	return HEAD + 28 + len;
}

static uint32_t host_bits(const struct lr_dhcp *d)
{
	return d->own.len ? UINT32_MAX >> d->own.len : UINT32_MAX;
}

/* RFC 2131 4.1: to an address that is in use when there is one, else to the MAC, unless it cannot
 * hear that before it has an address. */
static size_t answer(const struct lr_dhcp *d, const struct question *q, enum type type,
	const struct lr_ip *at, uint8_t *out)
{
	uint8_t *m = out + HEAD + 28, *end = m + OPTIONS, kind = (uint8_t)type;
	bool used = q->client.family && type != NAK;
	bool all = type == NAK || (!used && lr_get_be16(q->bytes + FLAGS) & BROADCAST);
	uint32_t dst = UINT32_MAX;

	memset(out, 0, LR_DHCP_FRAME);
	m[0] = ANSWERS;
	m[1] = 1;
	m[2] = LR_DHCP_MAC;
	memcpy(m + XID, q->bytes + XID, 4);
	memcpy(m + FLAGS, q->bytes + FLAGS, 2);
	memcpy(m + CHADDR, q->bytes + CHADDR, 16);
	lr_put_be32(m + OPTIONS - 4, COOKIE);
	if (type != NAK)
		memcpy(m + CIADDR, q->bytes + CIADDR, 4);
	if (at)
		memcpy(m + YIADDR, at->b, 4);
	end = put_option(end, OPT_TYPE, &kind, 1);
	end = put_option(end, OPT_SERVER, d->own.ip.b, 4);
	if (at)
		end = put_number(end, OPT_LEASE, LR_DHCP_LEASE_S);
	if (type != NAK) {
		end = put_number(end, OPT_MASK, ~host_bits(d));
		end = put_number(end, OPT_BROADCAST, lr_get_be32(d->own.ip.b) | host_bits(d));
	}
	*end++ = OPT_END;
	if (used)
		dst = lr_get_be32(q->client.b);
	else if (!all && at)
		dst = lr_get_be32(at->b);
	return put_heads(
		out, end, all ? all_ones : q->bytes + CHADDR, d->mac, &d->own.ip, dst, true);
}

/* --- leases --- */

static struct lr_dhcp_lease *of_mac(struct lr_dhcp *d, const uint8_t *mac)
{
	for (unsigned i = 0; i < LR_DHCP_LEASES; i++)
		if (d->leases[i].at.family && memcmp(d->leases[i].mac, mac, LR_DHCP_MAC) == 0)
			return &d->leases[i];
	return NULL;
}

static bool is_given(const struct lr_dhcp *d, const struct lr_ip *ip)
{
	for (unsigned i = 0; i < LR_DHCP_LEASES; i++)
		if (lr_ip_equal(&d->leases[i].at, ip))
			return true;
	return lr_ip_equal(&d->own.ip, ip);
}

static bool is_bad(const struct lr_dhcp *d, uint64_t now, const struct lr_ip *ip)
{
	for (unsigned i = 0; i < LR_DHCP_BAD; i++)
		if (now < d->bad[i].until_ns && lr_ip_equal(&d->bad[i].at, ip))
			return true;
	return false;
}

/* A free entry, else the one that ended first; NULL: all are in use. */
static struct lr_dhcp_lease *room(struct lr_dhcp *d, uint64_t now)
{
	struct lr_dhcp_lease *best = NULL;

	for (unsigned i = 0; i < LR_DHCP_LEASES; i++) {
		struct lr_dhcp_lease *l = &d->leases[i];
		if (!l->at.family)
			return l;
		if (l->until_ns <= now && (!best || l->until_ns < best->until_ns))
			best = l;
	}
	return best;
}

static struct lr_dhcp_lease *give(
	struct lr_dhcp *d, uint64_t now, const uint8_t *mac, const struct lr_ip *at)
{
	struct lr_dhcp_lease *l = room(d, now);

	if (!l)
		return NULL;
	*l = (struct lr_dhcp_lease){.at = *at, .since_ns = now};
	memcpy(l->mac, mac, LR_DHCP_MAC);
	return l;
}

/* A fresh address for the MAC. */
static struct lr_dhcp_lease *choose(struct lr_dhcp *d, uint64_t now, const uint8_t *mac)
{
	enum { ROUNDS = 4 * (LR_DHCP_LEASES + LR_DHCP_BAD) };
	struct lr_ip ip;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (!d->host.choose(d->host.ctx, mac, i, &ip))
			return NULL;
		if (!is_given(d, &ip) && !is_bad(d, now, &ip))
			return give(d, now, mac, &ip);
	}
	return NULL;
}

/* Whether the lease may go on. The owner settles an address soon after it was given. */
static bool is_good(const struct lr_dhcp *d, uint64_t now, const struct lr_dhcp_lease *l)
{
	return !l->bound || now - l->since_ns < LR_DHCP_OFFER_S * LR_NS_PER_S ||
	       d->host.ours(d->host.ctx, &l->at);
}

bool lr_dhcp_keep(
	struct lr_dhcp *d, uint64_t now, const uint8_t mac[LR_DHCP_MAC], const struct lr_ip *at)
{
	struct lr_dhcp_lease *l = of_mac(d, mac) || is_given(d, at) ? NULL : give(d, now, mac, at);

	if (l) {
		l->bound = true;
		l->until_ns = now + LR_DHCP_LEASE_S * LR_NS_PER_S;
	}
	return l != NULL;
}

/* --- the questions --- */

static size_t discover(struct lr_dhcp *d, uint64_t now, const struct question *q, uint8_t *out)
{
	const uint8_t *mac = q->bytes + CHADDR;
	struct lr_dhcp_lease *l = of_mac(d, mac);

	if (l && !is_good(d, now, l)) {
		*l = (struct lr_dhcp_lease){0};
		l = NULL;
	}
	if (!l)
		l = choose(d, now, mac);
	if (!l)
		return 0;
	if (!l->bound)
		l->until_ns = now + LR_DHCP_OFFER_S * LR_NS_PER_S;
	return answer(d, q, OFFER, &l->at, out);
}

static size_t request(struct lr_dhcp *d, uint64_t now, const struct question *q, uint8_t *out,
	struct lr_dhcp_lease *bound)
{
	const struct lr_ip *wanted = q->wanted.family ? &q->wanted : &q->client;
	const uint8_t *mac = q->bytes + CHADDR;
	struct lr_dhcp_lease *l = of_mac(d, mac);

	if (q->server.family && !lr_ip_equal(&q->server, &d->own.ip))
		return 0; /* it took another's offer; ours lapses */
	if (!l && lr_prefix_covers(&d->own, wanted) && !is_given(d, wanted) &&
		d->host.has(d->host.ctx, mac, wanted))
		l = give(d, now, mac, wanted);
	if (!l || !lr_ip_equal(&l->at, wanted) || !is_good(d, now, l)) {
		if (l && l->bound && !is_good(d, now, l))
			*l = (struct lr_dhcp_lease){0};
		return answer(d, q, NAK, NULL, out);
	}
	if (!l->bound)
		l->since_ns = now;
	l->bound = true;
	l->until_ns = now + LR_DHCP_LEASE_S * LR_NS_PER_S;
	*bound = *l;
	return answer(d, q, ACK, &l->at, out);
}

/* Its address is no longer the machine's; `bad`: nor anybody's for a while. */
static bool end_lease(struct lr_dhcp *d, uint64_t now, const struct question *q, bool bad,
	struct lr_dhcp_lease *was)
{
	struct lr_dhcp_lease *l = of_mac(d, q->bytes + CHADDR);
	const struct lr_ip *ip = bad ? &q->wanted : &q->client;

	if (!l || !lr_ip_equal(&l->at, ip))
		return false;
	*was = *l;
	l->bound = false;
	l->until_ns = now;
	if (bad) {
		d->bad[d->next_bad].at = *ip;
		d->bad[d->next_bad].until_ns = now + LR_DHCP_BAD_S * LR_NS_PER_S;
		d->next_bad = (d->next_bad + 1) % LR_DHCP_BAD;
		*l = (struct lr_dhcp_lease){0};
	}
	return was->bound;
}

size_t lr_dhcp_take(struct lr_dhcp *d, uint64_t now, const uint8_t *frame, size_t len,
	uint8_t out[LR_DHCP_FRAME], enum lr_dhcp_deed *deed, struct lr_dhcp_lease *lease)
{
	size_t n, size = 0;
	const uint8_t *m = message(frame, len, SERVER, &n);
	struct question q;

	*deed = LR_DHCP_NOTHING;
	*lease = (struct lr_dhcp_lease){0};
	if (!m || d->own.ip.family != 4 || !read_message(&q, m, n, ASKS) ||
		lr_get_be32(m + GIADDR) != 0 || memcmp(m + CHADDR, frame + 6, LR_DHCP_MAC) != 0)
		return 0;
	switch (q.type) {
	case DISCOVER:
		return discover(d, now, &q, out);
	case REQUEST:
		size = request(d, now, &q, out, lease);
		*deed = lease->bound ? LR_DHCP_BOUND : LR_DHCP_NOTHING;
		return size;
	case DECLINE:
	case RELEASE:
		if (end_lease(d, now, &q, q.type == DECLINE, lease))
			*deed = LR_DHCP_FREED;
		return 0;
	case INFORM:
		return q.client.family ? answer(d, &q, ACK, NULL, out) : 0;
	default:
		return 0;
	}
}

/* --- is there a server already? --- */

size_t lr_dhcp_ask(const uint8_t mac[LR_DHCP_MAC], uint32_t xid, uint8_t out[LR_DHCP_FRAME])
{
	static const struct lr_ip nobody = {.family = 4};
	static const uint8_t kind = DISCOVER;
	uint8_t *m = out + HEAD + 28, *end;

	memset(out, 0, LR_DHCP_FRAME);
	m[0] = ASKS;
	m[1] = 1;
	m[2] = LR_DHCP_MAC;
	lr_put_be32(m + XID, xid);
	lr_put_be16(m + FLAGS, BROADCAST);
	memcpy(m + CHADDR, mac, LR_DHCP_MAC);
	lr_put_be32(m + OPTIONS - 4, COOKIE);
	end = put_option(m + OPTIONS, OPT_TYPE, &kind, 1);
	*end++ = OPT_END;
	return put_heads(out, end, all_ones, mac, &nobody, UINT32_MAX, false);
}

bool lr_dhcp_answers(const uint8_t *frame, size_t len, uint32_t xid, struct lr_ip *server)
{
	size_t n;
	const uint8_t *m = message(frame, len, CLIENT, &n);
	struct question q;

	if (!m || !read_message(&q, m, n, ANSWERS) || lr_get_be32(m + XID) != xid ||
		(q.type != OFFER && q.type != ACK))
		return false;
	*server = q.server.family ? q.server : lr_packet_src(frame + HEAD);
	return true;
}
