/*
 * nat_sim.h - a small internet for unit tests: routers of every kind, delay, loss, on a clock of
 * its own
 *
 * A host has sockets and stands behind none, one or two routers. A router is a table of mappings
 * and one of filters, both with timeouts; how it makes and looks at them says `struct sim_kind`. A
 * datagram is translated on its way out at once and put into a queue; when its time has come it is
 * translated on its way in. Servers and relay stand on the open internet. Everything is IPv4.
 */
#ifndef LR_T_UNIT_NAT_SIM_H
#define LR_T_UNIT_NAT_SIM_H

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/nat/behave.h"
#include "lib/nat/stun_server.h"

enum sim_ports { SIM_PRESERVE, SIM_RANGE, SIM_RANDOM, SIM_SEQUENCE };

struct sim_kind {
	const char *name;
	bool translates; /* no: a firewall, or nothing */
	enum lr_behaviour mapping, filtering;
	enum sim_ports ports;
	bool forwards; /* what no mapping takes goes to the one host behind it (DMZ) */
	const struct sim_kind *carrier; /* one more router between */
};

struct sim_mapping {
	uint32_t in_ip, to_ip; /* to_ip and to_port: 0 unless the mapping depends on them */
	uint16_t in_port, to_port, out_port;
	uint64_t used_ns;
};

struct sim_filter {
	uint32_t to_ip;
	uint16_t out_port, to_port;
	uint64_t used_ns;
};

struct sim_router {
	struct sim_kind kind;
	uint32_t outside, behind; /* public address; of the one host, for DMZ */
	bool hairpin, drops;      /* drops: everything, silently */
	uint64_t timeout_ns;
	struct sim_mapping *map;
	struct sim_filter *filter;
	size_t n_map, n_filter;
	uint16_t counter;
};

struct sim_host {
	uint32_t ip; /* of its interface */
	struct sim_router *router[2];
	uint16_t port[2048]; /* of each socket; 0: closed */
	uint16_t n_sockets;
	uint64_t leg_ns; /* to the middle of the internet */
	unsigned mtu;    /* of its access link, 0: 1500 */
	void *owner;
	void (*receive)(struct sim_host *h, uint16_t socket, const struct lr_endpoint *from,
		const uint8_t *p, size_t len);
};

struct sim_packet {
	uint64_t at_ns;
	uint64_t order;
	uint32_t from_ip, to_ip;
	uint16_t from_port, to_port, len;
	struct sim_host *sender;
	uint8_t bytes[1500];
};

struct sim {
	uint64_t now;
	struct sim_host *host[4];
	int n_hosts;
	struct sim_packet **queue;
	size_t n, room;
	uint64_t order, sent, lost;
	unsigned loss_percent;
	uint64_t detour_ns; /* between hosts, beside their legs */
	struct lr_stun_server stun;
	struct lr_stun_site site;
	uint64_t random;
};

static inline uint32_t sim_random(struct sim *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (uint32_t)(s->random >> 16);
}

static inline struct lr_endpoint sim_endpoint(uint32_t ip, uint16_t port)
{
	struct lr_endpoint e = {.in = {.sin_family = AF_INET, .sin_port = htons(port)}};

	e.in.sin_addr.s_addr = htonl(ip);
	return e;
}

static inline uint32_t sim_ip(const struct lr_endpoint *e)
{
	return ntohl(e->in.sin_addr.s_addr);
}

/* --- one router --- */

static inline bool sim_port_taken(const struct sim_router *r, uint16_t port, uint64_t now)
{
	for (size_t i = 0; i < r->n_map; i++)
		if (r->map[i].out_port == port && now - r->map[i].used_ns < r->timeout_ns)
			return true;
	return false;
}

static inline uint16_t sim_new_port(struct sim *s, struct sim_router *r, uint16_t wish)
{
	for (int i = 0; i < 100000; i++) {
		uint16_t port =
			r->kind.ports == SIM_SEQUENCE ? (uint16_t)(30000 + r->counter++ % 4000)
			: r->kind.ports == SIM_RANGE  ? (uint16_t)(2000 + sim_random(s) % 8000)
			: r->kind.ports == SIM_PRESERVE && i == 0
				? wish
				: (uint16_t)(1024 + sim_random(s) % 64512);
		if (!sim_port_taken(r, port, s->now))
			return port;
	}
	return 0;
}

static inline uint16_t sim_map(struct sim *s, struct sim_router *r, const struct sim_packet *p)
{
	struct sim_mapping want = {.in_ip = p->from_ip,
		.in_port = p->from_port,
		.to_ip = r->kind.mapping >= LR_BEHAVE_AD ? p->to_ip : 0,
		.to_port = r->kind.mapping == LR_BEHAVE_APD ? p->to_port : 0};

	for (size_t i = 0; i < r->n_map; i++) {
		struct sim_mapping *m = &r->map[i];
		if (m->in_ip != want.in_ip || m->in_port != want.in_port ||
			m->to_ip != want.to_ip || m->to_port != want.to_port ||
			s->now - m->used_ns >= r->timeout_ns)
			continue;
		m->used_ns = s->now;
		return m->out_port;
	}
	want.out_port = sim_new_port(s, r, p->from_port);
	want.used_ns = s->now;
	r->map = realloc(r->map, (r->n_map + 1) * sizeof(*r->map));
	r->map[r->n_map++] = want;
	return want.out_port;
}

static inline void sim_let_in(
	struct sim *s, struct sim_router *r, const struct sim_packet *p, uint16_t out_port)
{
	for (size_t i = 0; i < r->n_filter; i++) {
		struct sim_filter *f = &r->filter[i];
		if (f->to_ip == p->to_ip && f->to_port == p->to_port && f->out_port == out_port) {
			f->used_ns = s->now;
			return;
		}
	}
	r->filter = realloc(r->filter, (r->n_filter + 1) * sizeof(*r->filter));
	r->filter[r->n_filter++] = (struct sim_filter){p->to_ip, out_port, p->to_port, s->now};
}

static inline void sim_out(struct sim *s, struct sim_router *r, struct sim_packet *p)
{
	uint16_t port = r->kind.translates ? sim_map(s, r, p) : p->from_port;

	sim_let_in(s, r, p, port);
	p->from_port = port;
	if (r->kind.translates)
		p->from_ip = r->outside;
}

static inline bool sim_passes(const struct sim *s, struct sim_router *r, const struct sim_packet *p)
{
	if (r->kind.filtering == LR_BEHAVE_EI)
		return true;
	for (size_t i = 0; i < r->n_filter; i++) {
		struct sim_filter *f = &r->filter[i];
		if (f->to_ip != p->from_ip || f->out_port != p->to_port ||
			(r->kind.filtering == LR_BEHAVE_APD && f->to_port != p->from_port) ||
			s->now - f->used_ns >= r->timeout_ns)
			continue;
		f->used_ns = s->now;
		return true;
	}
	return false;
}

static inline bool sim_in(const struct sim *s, struct sim_router *r, struct sim_packet *p)
{
	if (r->drops)
		return false;
	if (!r->kind.translates)
		return r->kind.filtering == LR_BEHAVE_EI || sim_passes(s, r, p);
	for (size_t i = 0; i < r->n_map; i++) {
		struct sim_mapping *m = &r->map[i];
		if (m->out_port != p->to_port || s->now - m->used_ns >= r->timeout_ns)
			continue;
		if (!sim_passes(s, r, p))
			return false;
		m->used_ns = s->now;
		p->to_ip = m->in_ip;
		p->to_port = m->in_port;
		return true;
	}
	if (r->kind.forwards)
		p->to_ip = r->behind;
	return r->kind.forwards;
}

/* --- the internet --- */

static inline bool sim_private(uint32_t ip)
{
	return ip >> 16 == 0xc0a8 || ip >> 22 == 0x6440 >> 6;
}

static inline bool sim_before(const struct sim_packet *a, const struct sim_packet *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static inline void sim_put(struct sim *s, struct sim_packet *p)
{
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->queue = realloc(s->queue, s->room * sizeof(*s->queue));
	}
	p->order = s->order++;
	size_t i = s->n++;
	for (; i > 0 && sim_before(p, s->queue[(i - 1) / 2]); i = (i - 1) / 2)
		s->queue[i] = s->queue[(i - 1) / 2];
	s->queue[i] = p;
}

static inline struct sim_packet *sim_take(struct sim *s)
{
	struct sim_packet *top = s->queue[0], *last = s->queue[--s->n];
	size_t i = 0, k;

	for (; (k = 2 * i + 1) < s->n; i = k) {
		if (k + 1 < s->n && sim_before(s->queue[k + 1], s->queue[k]))
			k++;
		if (!sim_before(s->queue[k], last))
			break;
		s->queue[i] = s->queue[k];
	}
	s->queue[i] = last;
	return top;
}

static inline struct sim_packet *sim_packet(struct sim *s, uint32_t from_ip, uint16_t from_port,
	const struct lr_endpoint *to, const uint8_t *bytes, size_t len)
{
	struct sim_packet *p = calloc(1, sizeof(*p));

	p->from_ip = from_ip;
	p->from_port = from_port;
	p->to_ip = sim_ip(to);
	p->to_port = lr_endpoint_port(to);
	p->len = (uint16_t)len;
	memcpy(p->bytes, bytes, len);
	p->at_ns = s->now;
	return p;
}

/* Which host's outermost router (or own interface) has the address; NULL: none. */
static inline struct sim_host *sim_at(struct sim *s, uint32_t ip)
{
	for (int i = 0; i < s->n_hosts; i++) {
		struct sim_host *h = s->host[i];
		struct sim_router *r = h->router[1] ? h->router[1] : h->router[0];
		if ((r && r->kind.translates ? r->outside : h->ip) == ip)
			return h;
	}
	return NULL;
}

static inline bool sim_fits(const struct sim_host *h, size_t len)
{
	return len + 28 <= (h->mtu ? h->mtu : 1500);
}

/* A datagram leaves a socket of a host. */
static inline void sim_send(struct sim *s, struct sim_host *h, uint16_t socket,
	const struct lr_endpoint *to, const uint8_t *bytes, size_t len)
{
	struct sim_packet *p;

	if (to->sa.sa_family != AF_INET || !h->port[socket])
		return;
	p = sim_packet(s, h->ip, h->port[socket], to, bytes, len);
	p->sender = h;
	s->sent++;
	bool lan = sim_private(p->to_ip) && p->to_ip >> 8 == h->ip >> 8;
	bool gone = !sim_fits(h, len) || sim_random(s) % 100 < s->loss_percent;
	for (int i = 0; i < 2 && h->router[i] && !lan; i++) {
		gone |= h->router[i]->drops;
		if (!gone)
			sim_out(s, h->router[i], p);
	}
	if (gone || (!lan && sim_private(p->to_ip))) {
		s->lost++;
		free(p);
		return;
	}
	struct sim_host *other = lan ? NULL : sim_at(s, p->to_ip);
	p->at_ns += lan ? LR_NS_PER_MS / 2 : h->leg_ns + (other ? other->leg_ns + s->detour_ns : 0);
	sim_put(s, p);
}

static inline void sim_hand_over(struct sim *s, const struct sim_packet *p)
{
	for (int i = 0; i < s->n_hosts; i++)
		for (uint16_t k = 0; s->host[i]->ip == p->to_ip && k < s->host[i]->n_sockets; k++)
			if (s->host[i]->port[k] == p->to_port) {
				struct lr_endpoint from = sim_endpoint(p->from_ip, p->from_port);
				s->host[i]->receive(s->host[i], k, &from, p->bytes, p->len);
				return;
			}
}

static inline void sim_serve(struct sim *s, const struct sim_packet *p, unsigned here)
{
	uint8_t out[LR_STUN_ANSWER_MAX];
	struct lr_endpoint src = sim_endpoint(p->from_ip, p->from_port);
	unsigned from;
	size_t n = lr_stun_answer(
		&s->stun, s->now, &s->site, here, &src, p->bytes, p->len, out, &from);

	if (!n)
		return;
	struct sim_packet *answer = sim_packet(
		s, sim_ip(&s->site.at[from]), lr_endpoint_port(&s->site.at[from]), &src, out, n);
	struct sim_host *h = sim_at(s, p->from_ip);
	answer->at_ns += h ? h->leg_ns : 0;
	sim_put(s, answer);
}

/* A datagram arrives: at a server, or through routers at a host. */
static inline void sim_arrive(struct sim *s, struct sim_packet *p)
{
	for (unsigned i = 0; i < LR_STUN_PLACES; i++)
		if (s->site.at[i].sa.sa_family && sim_ip(&s->site.at[i]) == p->to_ip &&
			lr_endpoint_port(&s->site.at[i]) == p->to_port) {
			sim_serve(s, p, i);
			return;
		}
	if (sim_private(p->to_ip)) {
		sim_hand_over(s, p);
		return;
	}
	struct sim_host *h = sim_at(s, p->to_ip);
	if (!h || !sim_fits(h, p->len) || sim_random(s) % 100 < s->loss_percent)
		return;
	struct sim_router *outer = h->router[1] ? h->router[1] : h->router[0];
	struct sim_router *own =
		p->sender ? (p->sender->router[1] ? p->sender->router[1] : p->sender->router[0])
			  : NULL;
	if (outer && outer == own && !outer->hairpin)
		return;
	if (outer && !sim_in(s, outer, p))
		return;
	/* Behind a carrier's router that several share, the address inside tells the home. */
	for (int i = 0; i < s->n_hosts; i++) {
		struct sim_host *g = s->host[i];
		if (g->router[1] && g->router[1] == outer && g->router[0]->outside == p->to_ip) {
			if (sim_in(s, g->router[0], p))
				sim_hand_over(s, p);
			return;
		}
	}
	sim_hand_over(s, p);
}

/* Everything that arrives up to and at `until`; the clock stands there then. */
static inline void sim_deliver(struct sim *s, uint64_t until)
{
	while (s->n && s->queue[0]->at_ns <= until) {
		struct sim_packet *p = sim_take(s);
		if (p->at_ns > s->now)
			s->now = p->at_ns;
		sim_arrive(s, p);
		free(p);
	}
	if (s->now < until)
		s->now = until;
}

static inline uint64_t sim_next(const struct sim *s)
{
	return s->n ? s->queue[0]->at_ns : LR_NEVER;
}

static inline void sim_init(struct sim *s)
{
	memset(s, 0, sizeof(*s));
	s->now = LR_NS_PER_S;
	lr_random(&s->random, sizeof(s->random));
	s->random |= 1;
	lr_stun_server_init(&s->stun);
	for (unsigned i = 0; i < LR_STUN_PLACES; i++)
		s->site.at[i] = sim_endpoint(i & 2 ? 0x05000002 : 0x05000001, i & 1 ? 3479 : 3478);
}

static inline void sim_release(struct sim *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->queue[i]);
	free(s->queue);
	lr_stun_server_release(&s->stun);
}

static inline void sim_router_init(
	struct sim_router *r, const struct sim_kind *kind, uint32_t outside)
{
	*r = (struct sim_router){.kind = *kind, .outside = outside, .timeout_ns = 30 * LR_NS_PER_S};
}

static inline void sim_router_release(struct sim_router *r)
{
	free(r->map);
	free(r->filter);
}

/* Every kind of router that homes have. */
static const struct sim_kind sim_kinds[] = {
#define KIND(n, m, f, p)                                                                           \
	{                                                                                          \
		.name = n, .translates = true, .mapping = m, .filtering = f, .ports = p            \
	}
	KIND("fullcone", LR_BEHAVE_EI, LR_BEHAVE_EI, SIM_PRESERVE),
	KIND("adf", LR_BEHAVE_EI, LR_BEHAVE_AD, SIM_PRESERVE),
	KIND("prc", LR_BEHAVE_EI, LR_BEHAVE_APD, SIM_PRESERVE),
	KIND("prcrange", LR_BEHAVE_EI, LR_BEHAVE_APD, SIM_RANGE),
	KIND("addrmap", LR_BEHAVE_AD, LR_BEHAVE_APD, SIM_RANDOM),
	KIND("symrand", LR_BEHAVE_APD, LR_BEHAVE_APD, SIM_RANDOM),
	KIND("symseq", LR_BEHAVE_APD, LR_BEHAVE_APD, SIM_SEQUENCE),
	{.name = "dmz",
		.translates = true,
		.mapping = LR_BEHAVE_EI,
		.filtering = LR_BEHAVE_EI,
		.ports = SIM_PRESERVE,
		.forwards = true},
	{.name = "fw", .mapping = LR_BEHAVE_EI, .filtering = LR_BEHAVE_APD},
	{.name = "open", .mapping = LR_BEHAVE_EI, .filtering = LR_BEHAVE_EI},
	{.name = "prc+cg=symrand",
		.translates = true,
		.mapping = LR_BEHAVE_EI,
		.filtering = LR_BEHAVE_APD,
		.ports = SIM_PRESERVE,
		.carrier = &sim_kinds[5]},
	{.name = "prc+cg=prc",
		.translates = true,
		.mapping = LR_BEHAVE_EI,
		.filtering = LR_BEHAVE_APD,
		.ports = SIM_PRESERVE,
		.carrier = &sim_kinds[2]},
#undef KIND
};
#define SIM_KINDS (sizeof(sim_kinds) / sizeof(sim_kinds[0]))

/* What a host behind such routers is, taken together. */
static inline struct sim_kind sim_together(const struct sim_kind *k)
{
	struct sim_kind t = *k;

	if (k->carrier && k->carrier->mapping > t.mapping)
		t.mapping = k->carrier->mapping;
	if (k->carrier && k->carrier->filtering > t.filtering)
		t.filtering = k->carrier->filtering;
	return t;
}

/* A host on its own behind routers of `kind`; `number` makes its addresses differ from others'. */
static inline void sim_host_init(struct sim *s, struct sim_host *h, struct sim_router router[2],
	const struct sim_kind *kind, unsigned number)
{
	uint32_t public = 0x02000000 + (number << 8), carrier = 0x64400000 + number;

	*h = (struct sim_host){.ip = kind->translates ? 0xc0a8000a + (number << 8) : public,
		.leg_ns = 10 * LR_NS_PER_MS};
	sim_router_init(&router[0], kind, kind->carrier ? carrier : public);
	router[1] = (struct sim_router){0};
	router[0].behind = h->ip;
	if (kind->carrier)
		sim_router_init(&router[1], kind->carrier, public);
	h->router[0] = &router[0];
	h->router[1] = kind->carrier ? &router[1] : NULL;
	h->port[0] = 51820;
	h->n_sockets = 2; /* 1 is kept for lr_behave */
	s->host[s->n_hosts++] = h;
}

static inline int sim_open(struct sim *s, struct sim_host *h)
{
	uint16_t i = 2;

	while (i < h->n_sockets && h->port[i])
		i++;
	if (i == sizeof(h->port) / sizeof(h->port[0]))
		return -1;
	if (i == h->n_sockets)
		h->n_sockets++;
	h->port[i] = (uint16_t)(33000 + sim_random(s) % 1000 * 30 + i % 30);
	return i;
}

#endif
