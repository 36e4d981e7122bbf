/*
 * learn.c - see learn.h
 */
#include "lib/game/learn.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/net/ip.h"

#define BURST_NS    (50 * LR_NS_PER_MS)
#define FAST        10  /* datagrams a second */
#define SMALL       400 /* bytes of a packet that may go over two paths */
#define KEEP_S      25
#define KEEP_HARD_S 15

void lr_learn_init(struct lr_learn *l, uint64_t now, uint16_t first, uint16_t last)
{
	*l = (struct lr_learn){.began_ns = now, .auto_first = first, .auto_last = last};
}

/* --- what is seen --- */

void lr_learn_socket(struct lr_learn *l, const struct lr_detect_socket *s)
{
	const struct lr_learn_port p = {s->proto, s->port, s->peer_port};

	if (s->loopback || l->n_ports == LR_LEARN_PORTS)
		return;
	for (unsigned i = 0; i < l->n_ports; i++)
		if (l->ports[i].proto == p.proto && l->ports[i].own == p.own &&
			l->ports[i].peer == p.peer)
			return;
	l->ports[l->n_ports++] = p;
}

static bool is_own(const struct lr_learn *l, enum lr_game_proto proto, uint16_t port)
{
	for (unsigned i = 0; i < l->n_ports; i++)
		if (l->ports[i].proto == proto && l->ports[i].own == port)
			return true;
	return false;
}

/* The same datagrams; their times are not compared. */
static bool same(const struct lr_learn_flow *a, const struct lr_learn_flow *b)
{
	return a->own == b->own && a->other == b->other && a->out == b->out && a->kind == b->kind &&
	       lr_ip_equal(&a->group, &b->group);
}

static struct lr_learn_flow *find(struct lr_learn *l, const struct lr_learn_flow *f)
{
	if (l->hint < l->n_flows && same(&l->flows[l->hint], f))
		return &l->flows[l->hint];
	for (unsigned i = 0; i < l->n_flows; i++)
		if (same(&l->flows[i], f)) {
			l->hint = i;
			return &l->flows[i];
		}
	return NULL;
}

/* Room for one more; NULL: all are the game's. */
static struct lr_learn_flow *room(struct lr_learn *l)
{
	struct lr_learn_flow *oldest = NULL;

	if (l->n_flows < LR_LEARN_FLOWS)
		return &l->flows[l->n_flows++];
	for (unsigned i = 0; i < l->n_flows; i++)
		if (!is_own(l, LR_GAME_UDP, l->flows[i].own) &&
			(!oldest || l->flows[i].last_ns < oldest->last_ns))
			oldest = &l->flows[i];
	return oldest;
}

/* Whether the first datagram of `own`, whoever was at the other end, went out. */
static bool began_out(const struct lr_learn *l, const struct lr_learn_flow *f)
{
	for (unsigned i = 0; i < l->n_flows; i++)
		if (l->flows[i].own == f->own && l->flows[i].n)
			return l->flows[i].began_out;
	return f->out;
}

static void count(struct lr_learn_flow *f, uint64_t now, size_t len)
{
	uint64_t gap = now > f->last_ns ? now - f->last_ns : 0; /* interfaces are read in turn */

	if (f->n && gap >= BURST_NS)
		f->gaps_ms[f->n_gaps++ % LR_LEARN_GAPS] = (uint32_t)(gap / LR_NS_PER_MS);
	if (!f->n || now >= f->second_ns + LR_NS_PER_S) {
		f->second_ns = now;
		f->second_n = 0;
	}
	if (++f->second_n > f->most)
		f->most = f->second_n;
	if (!f->n || gap >= BURST_NS)
		f->last_ns = now;
	f->n++;
	f->bytes += (uint32_t)len;
}

static enum lr_game_kind kind_of(const struct lr_ip *to, bool broadcast)
{
	static const uint8_t all[4] = {255, 255, 255, 255};

	if (to->family == 4 && memcmp(to->b, all, 4) == 0)
		return LR_GAME_BROADCAST;
	if (to->family == 4 ? to->b[0] >> 4 == 0xe : to->b[0] == 0xff)
		return LR_GAME_MULTICAST;
	return broadcast ? LR_GAME_SUBNET : LR_GAME_NONE;
}

void lr_learn_packet(
	struct lr_learn *l, uint64_t now, bool out, bool broadcast, const uint8_t *ip, size_t len)
{
	struct lr_packet p;

	if (lr_packet_parse(ip, len, &p) != LR_IP_FINE || p.proto != LR_UDP || !p.first ||
		p.len < p.l4_at + 8u)
		return;
	const struct lr_ip to = lr_packet_dst(ip);
	const uint16_t sport = lr_get_be16(ip + p.l4_at), dport = lr_get_be16(ip + p.l4_at + 2);
	struct lr_learn_flow seen = {.kind = kind_of(&to, broadcast),
		.own = out ? sport : dport,
		.other = out ? dport : sport,
		.out = out};
	if (seen.kind == LR_GAME_MULTICAST)
		seen.group = to;
	struct lr_learn_flow *f = find(l, &seen);
	if (!f) {
		seen.began_out = began_out(l, &seen);
		f = room(l);
		if (!f)
			return;
		*f = seen;
	}
	count(f, now, p.len);
}

/* --- what it means --- */

static bool is_auto(const struct lr_learn *l, uint16_t port)
{
	return port >= l->auto_first && port <= l->auto_last;
}

/* Of the system: DNS, DHCP, the web, NTP, NetBIOS, SSDP, mDNS, LLMNR. */
static bool is_service(uint16_t port)
{
	static const uint16_t ports[] = {53, 67, 68, 80, 123, 137, 138, 443, 1900, 5353, 5355};

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		if (ports[i] == port)
			return true;
	return false;
}

static int by_size(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* As a person would say it: to 10 ms, from a second on to 50 ms. 0: there is none. */
static uint32_t cadence(const struct lr_learn_flow *f)
{
	unsigned n = f->n_gaps < LR_LEARN_GAPS ? f->n_gaps : LR_LEARN_GAPS, near = 0;
	uint32_t gaps[LR_LEARN_GAPS];

	if (n < 2)
		return 0;
	memcpy(gaps, f->gaps_ms, n * sizeof(*gaps));
	qsort(gaps, n, sizeof(*gaps), by_size);
	const uint32_t middle = gaps[(n - 1) / 2], step = middle < 1000 ? 10 : 50;
	for (unsigned i = 0; i < n; i++)
		near += gaps[i] >= middle - middle / 4 && gaps[i] <= middle + middle / 4;
	return near * 2 >= n && near >= 2 ? (middle + step / 2) / step * step : 0;
}

static enum lr_game_by speaker(const struct lr_learn *l, const struct lr_learn_flow *f)
{
	const uint16_t sport = f->out ? f->own : f->other;

	if (f->own == f->other)
		return LR_GAME_BY_BOTH;
	return is_auto(l, sport) ? LR_GAME_BY_CLIENT : LR_GAME_BY_HOST;
}

/* Adds a flow to what is known of discovery. */
static void discovered(const struct lr_learn *l, const struct lr_learn_flow *f,
	uint32_t counts[LR_GAME_FACTS], struct lr_learned *out)
{
	const uint16_t to = f->out ? f->other : f->own;
	const enum lr_game_by by = speaker(l, f);
	const uint32_t every = cadence(f);
	unsigned i = 0;

	for (; i < out->game.n_discovery; i++)
		if (out->discovery[i].kind == f->kind && out->discovery[i].ports.first == to &&
			lr_ip_equal(&out->discovery[i].group, &f->group))
			break;
	if (i == LR_GAME_FACTS)
		return;
	struct lr_game_discovery *d = &out->discovery[i];
	if (i == out->game.n_discovery) {
		*d = (struct lr_game_discovery){.kind = f->kind,
			.by = by,
			.ports = {LR_GAME_UDP, to, to, 1},
			.group = f->group,
			.every_ms = every,
			.source = out->facts[i]};
		out->game.n_discovery++;
	}
	if (d->by != by)
		d->by = LR_GAME_BY_BOTH;
	if (every && (!d->every_ms || every < d->every_ms))
		d->every_ms = every;
	counts[i] += f->n;
}

static void discoveries(
	const struct lr_learn *l, unsigned seconds, const char *day, struct lr_learned *out)
{
	uint32_t counts[LR_GAME_FACTS] = {0};

	for (unsigned i = 0; i < l->n_flows; i++) {
		const struct lr_learn_flow *f = &l->flows[i];
		if (f->kind != LR_GAME_NONE && is_own(l, LR_GAME_UDP, f->own) &&
			!is_service(f->out ? f->other : f->own))
			discovered(l, f, counts, out);
	}
	for (unsigned i = 0; i < out->game.n_discovery; i++)
		snprintf(out->facts[i], sizeof(out->facts[i]),
			"learned on %s: %u datagrams in %u s", day, counts[i], seconds);
}

/* A port of play, into the lists of ports in their order; neighbours are one range. */
static void playable(
	struct lr_learned *out, enum lr_game_proto proto, uint16_t port, const char *source)
{
	unsigned at = 0;

	if (is_service(port))
		return;
	for (; at < out->game.n_ports; at++) {
		const struct lr_game_ports *p = &out->play[at].ports;
		if (lr_game_has_port(p, proto, port))
			return;
		if (p->proto > proto || (p->proto == proto && p->first > port))
			break;
	}
	if (at > 0 && out->play[at - 1].ports.proto == proto &&
		out->play[at - 1].ports.last + 1 == port) {
		out->play[at - 1].ports.last = port;
		return;
	}
	if (at < out->game.n_ports && out->play[at].ports.proto == proto &&
		out->play[at].ports.first == port + 1) {
		out->play[at].ports.first = port;
		return;
	}
	if (out->game.n_ports == LR_GAME_FACTS)
		return;
	memmove(&out->play[at + 1], &out->play[at], (out->game.n_ports - at) * sizeof(*out->play));
	out->play[at] = (struct lr_game_play){{proto, port, port, 1}, source};
	out->game.n_ports++;
}

static bool listens(const struct lr_learn *l, uint16_t port)
{
	for (unsigned i = 0; i < l->n_ports; i++)
		if (l->ports[i].proto == LR_GAME_TCP && l->ports[i].own == port &&
			!l->ports[i].peer)
			return true;
	return false;
}

/* Somebody sent to it before it sent anything. */
static bool was_called(const struct lr_learn *l, uint16_t port)
{
	for (unsigned i = 0; i < l->n_flows; i++)
		if (l->flows[i].own == port)
			return !l->flows[i].began_out;
	return false;
}

static void play(const struct lr_learn *l, struct lr_learned *out)
{
	for (unsigned i = 0; i < l->n_ports; i++) {
		const struct lr_learn_port *p = &l->ports[i];
		const bool tcp = p->proto == LR_GAME_TCP;
		if (tcp ? !p->peer : !is_auto(l, p->own) || was_called(l, p->own))
			playable(out, p->proto, p->own, out->socket_source);
		else if (p->peer && !(tcp && listens(l, p->own)) && !is_auto(l, p->peer))
			playable(out, p->proto, p->peer, out->socket_source);
	}
	for (unsigned i = 0; i < l->n_flows; i++) {
		const struct lr_learn_flow *f = &l->flows[i];
		if (f->kind == LR_GAME_NONE && f->out && f->began_out && !is_auto(l, f->other) &&
			is_own(l, LR_GAME_UDP, f->own))
			playable(out, LR_GAME_UDP, f->other, out->flow_source);
	}
}

static void demands(const struct lr_learn *l, struct lr_game *g)
{
	bool fast = false, small = true;

	for (unsigned i = 0; i < l->n_flows; i++) {
		const struct lr_learn_flow *f = &l->flows[i];
		if (f->kind != LR_GAME_NONE || f->most < FAST || !is_own(l, LR_GAME_UDP, f->own))
			continue;
		fast = true;
		small = small && f->bytes / f->n <= SMALL;
	}
	g->latency = fast ? LR_GAME_FAST : LR_GAME_NORMAL;
	g->dscp = fast ? LR_GAME_DSCP_EF : 0;
	g->redundant = fast && small;
	g->keep_s = KEEP_S;
	g->keep_hard_s = KEEP_HARD_S;
}

void lr_learn_profile(const struct lr_learn *l, uint64_t now, const struct lr_learn_who *who,
	struct lr_learned *out)
{
	const unsigned seconds = (unsigned)((now - l->began_ns + LR_NS_PER_S / 2) / LR_NS_PER_S);

	*out = (struct lr_learned){.game = {.name = who->name, .title = who->name}};
	out->game.discovery = out->discovery;
	out->game.ports = out->play;
	out->game.executables = &out->executable;
	out->game.notes = out->notes;
	snprintf(out->socket_source, sizeof(out->socket_source), "learned on %s: a socket of it",
		who->day);
	snprintf(out->flow_source, sizeof(out->flow_source), "learned on %s: it sent there",
		who->day);
	snprintf(out->process_source, sizeof(out->process_source), "learned on %s: the process",
		who->day);
	out->executable = (struct lr_game_executable){who->executable,
		who->argument[0] ? who->argument : NULL, who->system, out->process_source};
	out->game.n_executables = 1;
	discoveries(l, seconds, who->day, out);
	play(l, out);
	demands(l, &out->game);
	snprintf(out->watched, sizeof(out->watched),
		"Watched for %u s: what it does at other times is not known.", seconds);
	out->notes[out->game.n_notes++] = out->watched;
	if (who->deaf)
		out->notes[out->game.n_notes++] = "Its packets were not seen, only its sockets.";
	else if (!out->game.n_discovery)
		out->notes[out->game.n_notes++] =
			"It sent no broadcast and no multicast, and got none.";
}
