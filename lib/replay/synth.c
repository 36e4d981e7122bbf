/*
 * synth.c - see synth.h
 */
#include "lib/replay/synth.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/net/ip.h"
#include "lib/net/link.h"

#define ETH_HEAD 14
#define UDP_HEAD 8
#define TCP_HEAD 20
#define ACK_PUSH 0x18
#define STREAMS  (4 * LR_SYNTH_PLAYERS * 4)
#define BEACON   (2 * LR_NS_PER_S) /* announcements of which the profile does not say how often */

/* What somebody says again and again. */
struct stream {
	struct lr_ip from, to;
	uint8_t to_mac[6];
	uint16_t sport, dport;
	enum lr_game_proto proto;
	uint16_t least, most; /* bytes of payload */
	uint64_t every_ns, next_ns;
	uint32_t seq;
};

struct lr_synth {
	uint64_t random;
	unsigned players;
	size_t n;
	struct stream streams[STREAMS];
	uint8_t frame[LR_SYNTH_FRAME];
};

/* How often and how much, each way. */
static const struct {
	unsigned a_second;
	uint16_t up_least, up_most, down_least, down_most;
} paces[LR_GAME_LATENCIES] = {
	[LR_GAME_FAST] = {60, 24, 90, 60, 400},
	[LR_GAME_NORMAL] = {20, 30, 150, 60, 600},
	[LR_GAME_SLOW] = {2, 40, 300, 80, 1200},
};

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(struct lr_synth *s)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t between(struct lr_synth *s, uint64_t least, uint64_t most)
{
	return least + next_random(s) % (most - least + 1);
}

static void mac_of(unsigned player, uint8_t out[6])
{
	static const uint8_t own[5] = {0x02, 'l', 'r', 0, 0}; /* locally administered */
	memcpy(out, own, 5);
	out[5] = (uint8_t)(player + 1);
}

static struct lr_ip address_of(unsigned player, uint8_t family)
{
	struct lr_ip ip = lr_ip4(0x0a420001u + player);

	if (family == 6) {
		ip = (struct lr_ip){.family = 6, .b = {0xfd, 0x66}};
		ip.b[15] = (uint8_t)(player + 1);
	}
	return ip;
}

static struct stream *add(struct lr_synth *s, const struct lr_game_ports *ports, unsigned from)
{
	struct stream *k;

	if (s->n == STREAMS)
		return NULL;
	k = &s->streams[s->n++];
	*k = (struct stream){.from = address_of(from, 4),
		.sport = ports->first,
		.dport = ports->first,
		.proto = ports->proto,
		.seq = (uint32_t)next_random(s)};
	return k;
}

/* A stream begins somewhere in its first interval. */
static void begin(struct lr_synth *s, struct stream *k, uint64_t every_ns)
{
	k->every_ns = every_ns;
	k->next_ns = between(s, 0, every_ns);
}

static void to_player(struct stream *k, unsigned player)
{
	k->to = address_of(player, k->from.family);
	mac_of(player, k->to_mac);
}

static void to_all(struct stream *k, const struct lr_game_discovery *d, unsigned from)
{
	memset(k->to_mac, 0xff, 6);
	k->to = lr_ip4(d->kind == LR_GAME_SUBNET ? 0x0a42ffffu : 0xffffffffu);
	if (d->kind != LR_GAME_MULTICAST || !d->group.family)
		return;
	k->to = d->group;
	k->from = address_of(from, d->group.family);
	if (d->group.family == 4) { /* RFC 1112, 6.4 */
		const uint8_t mac[6] = {
			1, 0, 0x5e, d->group.b[1] & 0x7f, d->group.b[2], d->group.b[3]};
		memcpy(k->to_mac, mac, 6);
	} else { /* RFC 2464, 7 */
		k->to_mac[0] = k->to_mac[1] = 0x33;
		memcpy(k->to_mac + 2, d->group.b + 12, 4);
	}
}

static void add_discovery(struct lr_synth *s, const struct lr_game_discovery *d)
{
	bool spoken = d->kind == LR_GAME_BROADCAST || d->kind == LR_GAME_SUBNET ||
		      d->kind == LR_GAME_MULTICAST || d->kind == LR_GAME_QUERY;

	if (!d->ports.first || !spoken)
		return;
	for (unsigned i = 0; i < s->players; i++) {
		bool host = i == 0;
		if (d->by == (host ? LR_GAME_BY_CLIENT : LR_GAME_BY_HOST) ||
			(host && d->kind == LR_GAME_QUERY))
			continue;
		struct stream *k = add(s, &d->ports, i);
		if (!k)
			return;
		if (d->kind == LR_GAME_QUERY)
			to_player(k, 0);
		else
			to_all(k, d, i);
		k->least = host ? 40 : 2;
		k->most = host ? 200 : 40;
		begin(s, k, d->every_ms ? d->every_ms * LR_NS_PER_MS : BEACON);
	}
}

static void add_play(struct lr_synth *s, const struct lr_game_ports *ports, enum lr_game_latency l)
{
	uint64_t every = LR_NS_PER_S / paces[l].a_second;

	for (unsigned i = 1; i < s->players; i++) {
		struct stream *up = add(s, ports, i), *down = add(s, ports, 0);
		if (!up || !down)
			return;
		to_player(up, 0);
		to_player(down, i);
		if (ports->proto == LR_GAME_TCP)
			up->sport = down->dport = (uint16_t)(49152 + i);
		up->least = paces[l].up_least;
		up->most = paces[l].up_most;
		down->least = paces[l].down_least;
		down->most = paces[l].down_most;
		begin(s, up, every);
		begin(s, down, every);
	}
}

struct lr_synth *lr_synth_new(
	const struct lr_game *game, unsigned players, uint64_t seed, struct lr_err *err)
{
	struct lr_synth *s = calloc(1, sizeof(*s));

	if (!s) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	s->random = seed;
	s->players = players;
	for (unsigned i = 0; i < game->n_discovery; i++)
		add_discovery(s, &game->discovery[i]);
	for (unsigned i = 0; i < game->n_ports; i++)
		if (game->ports[i].ports.first) {
			add_play(s, &game->ports[i].ports, game->latency);
			break;
		}
	if (s->n)
		return s;
	lr_err_set(err, LR_EXIT_FAILED, "%s: its profile knows no port", game->name);
	free(s);
	return NULL;
}

void lr_synth_free(struct lr_synth *s)
{
	free(s);
}

/* --- packets --- */

static size_t put_ip(uint8_t *p, const struct stream *k, size_t l4)
{
	size_t head =
		lr_ip_head(p, &k->from, &k->to, 0, k->proto == LR_GAME_UDP ? LR_UDP : LR_TCP, l4);

	if (k->from.family == 4) {
		p[6] = 0x40; /* DF */
		lr_ip4_checksum(p);
	}
	return head;
}

/* Header and payload behind the IP header at `ip`. */
static void put_l4(struct lr_synth *s, struct stream *k, uint8_t *ip, uint8_t *p, size_t payload)
{
	size_t head = k->proto == LR_GAME_UDP ? UDP_HEAD : TCP_HEAD,
	       sum_at = head == UDP_HEAD ? 6 : 16;

	memset(p, 0, head);
	lr_put_be16(p, k->sport);
	lr_put_be16(p + 2, k->dport);
	if (head == UDP_HEAD) {
		lr_put_be16(p + 4, (uint16_t)(head + payload));
	} else {
		lr_put_be32(p + 4, k->seq);
		lr_put_be32(p + 8, 1);
		p[12] = TCP_HEAD / 4 << 4;
		p[13] = ACK_PUSH;
		lr_put_be16(p + 14, 0xffff);
		k->seq += (uint32_t)payload;
	}
	for (size_t i = 0; i < payload; i++)
		p[head + i] = (uint8_t)next_random(s);
	uint8_t proto = k->proto == LR_GAME_UDP ? LR_UDP : LR_TCP;
	uint16_t sum = lr_sum_fold(
		lr_sum(p, head + payload, lr_sum_pseudo(ip, proto, (uint32_t)(head + payload))));
	if (sum == 0 && head == UDP_HEAD)
		sum = 0xffff; /* none would mean: not computed (RFC 768) */
	memcpy(p + sum_at, &sum, sizeof(sum));
}

static struct stream *earliest(struct lr_synth *s)
{
	struct stream *k = s->streams;

	for (size_t i = 1; i < s->n; i++)
		if (s->streams[i].next_ns < k->next_ns)
			k = &s->streams[i];
	return k;
}

void lr_synth_next(struct lr_synth *s, struct lr_captured *out)
{
	struct stream *k = earliest(s);
	size_t payload = between(s, k->least, k->most);
	size_t l4 = (k->proto == LR_GAME_UDP ? UDP_HEAD : TCP_HEAD) + payload;
	uint8_t *ip = s->frame + ETH_HEAD;

	memcpy(s->frame, k->to_mac, 6);
	mac_of(k->from.b[k->from.family == 4 ? 3 : 15] - 1u, s->frame + 6);
	lr_put_be16(s->frame + 12, k->from.family == 4 ? 0x0800 : 0x86dd);
	size_t head = put_ip(ip, k, l4);
	put_l4(s, k, ip, ip + head, payload);
	*out = (struct lr_captured){
		.time_ns = LR_SYNTH_EPOCH_NS + k->next_ns,
		.caplen = (uint32_t)(ETH_HEAD + head + l4),
		.len = (uint32_t)(ETH_HEAD + head + l4),
		.link = LR_LINK_ETHERNET,
		.bytes = s->frame,
		.direction = k->from.b[k->from.family == 4 ? 3 : 15] == 1 ? LR_DIRECTION_OUT
									  : LR_DIRECTION_IN,
	};
	k->next_ns += between(s, k->every_ns * 9 / 10, k->every_ns * 11 / 10);
}
