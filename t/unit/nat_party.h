/*
 * nat_party.h - members with lr_reach on the simulated internet, and a relay between them
 *
 * A member finds out about its router first, as a node does, then learns of the others. The relay
 * hands frames over with the delay of both legs.
 */
#ifndef LR_T_UNIT_NAT_PARTY_H
#define LR_T_UNIT_NAT_PARTY_H

#include "lib/nat/reach.h"
#include "t/unit/nat_sim.h"

#define MS          LR_NS_PER_MS
#define PARTY_UNIX  1795000000000000000ull /* wall time at the simulation's zero */
#define PARTY_RELAY 0x05000001

struct party_frame {
	uint64_t at_ns;
	int from, to;
	size_t len;
	uint8_t bytes[1500];
};

struct party_member {
	struct sim_host host;
	struct sim_router router[2];
	struct lr_reach_host reach_host;
	struct lr_reach reach; /* of the other one */
	struct lr_behave behave;
	struct lr_prefix lan;
	struct party *party;
	int number;
	bool up;
	uint64_t changes, opened, most_open;
	uint64_t probes;        /* direct datagrams sent */
	int64_t wrong_s, lie_s; /* how far ahead its clock is, and what its relays tell */
};

struct party {
	struct sim sim;
	struct party_member member[2];
	struct party_frame *frames;
	size_t n_frames;
	bool relay_down, relay_clean; /* clean: loses nothing, whatever others lose */
	unsigned relay_extra_ms;
	size_t data_len; /* of what party_traffic() sends */
};

static inline struct lr_route party_relay_route(int member)
{
	return (struct lr_route){
		.to = sim_endpoint(PARTY_RELAY, 3478), .channel = 0x1000u + (uint32_t)member};
}

/* The clocks of member `i`. */
static inline struct lr_clocks party_clocks(const struct party *p, int i)
{
	const struct party_member *m = &p->member[i];

	return (struct lr_clocks){.unix_ns = {
					  [LR_CLOCK_RELAYS] = PARTY_UNIX + p->sim.now +
							      (uint64_t)m->lie_s * LR_NS_PER_S,
					  [LR_CLOCK_OWN] = PARTY_UNIX + p->sim.now +
							   (uint64_t)m->wrong_s * LR_NS_PER_S,
				  }};
}

static inline void party_send(
	void *ctx, const struct lr_route *route, const uint8_t *bytes, size_t len, bool big)
{
	struct party_member *m = ctx;
	struct party *p = m->party;

	(void)big;
	if (!route->channel) {
		m->probes++;
		sim_send(&p->sim, &m->host, route->socket, &route->to, bytes, len);
		return;
	}
	unsigned loss = p->relay_clean ? 0 : 2 * p->sim.loss_percent;
	if (p->relay_down || sim_random(&p->sim) % 100 < loss)
		return;
	p->frames = realloc(p->frames, (p->n_frames + 1) * sizeof(*p->frames));
	struct party_frame *f = &p->frames[p->n_frames++];
	f->at_ns = p->sim.now + p->member[0].host.leg_ns + p->member[1].host.leg_ns +
		   p->relay_extra_ms * LR_NS_PER_MS;
	f->from = m->number;
	f->to = !m->number;
	f->len = len;
	memcpy(f->bytes, bytes, len);
}

static inline int party_open(void *ctx)
{
	struct party_member *m = ctx;
	int socket = sim_open(&m->party->sim, &m->host);

	m->opened++;
	if (m->reach_host.budget.open + 1 > m->most_open)
		m->most_open = m->reach_host.budget.open + 1;
	return socket;
}

static inline void party_close(void *ctx, uint16_t socket)
{
	struct party_member *m = ctx;

	m->host.port[socket] = 0;
}

static inline void party_changed(void *ctx, struct lr_reach *r)
{
	struct party_member *m = ctx;

	(void)r;
	m->changes++;
}

static inline void party_receive(struct sim_host *h, uint16_t socket,
	const struct lr_endpoint *from, const uint8_t *bytes, size_t len)
{
	struct party_member *m = h->owner;
	uint64_t now = m->party->sim.now;
	struct lr_route route = {.to = *from, .socket = socket};
	struct lr_clocks clocks = party_clocks(m->party, m->number);

	switch (lr_classify(bytes, len)) {
	case LR_DATAGRAM_STUN:
		if (!lr_behave_receive(&m->behave, now, socket, from, bytes, len) && m->up)
			lr_reach_stun(&m->reach, now, socket, bytes, len);
		break;
	case LR_DATAGRAM_PROBE:
		lr_reach_receive(&m->reach_host, now, &clocks, &route, bytes, len);
		break;
	default:
		break;
	}
}

static inline void party_deliver_frames(struct party *p)
{
	for (size_t i = 0; i < p->n_frames;) {
		if (p->frames[i].at_ns > p->sim.now) {
			i++;
			continue;
		}
		struct party_frame f = p->frames[i];
		memmove(&p->frames[i], &p->frames[i + 1],
			(--p->n_frames - i) * sizeof(p->frames[0]));
		struct lr_route route = party_relay_route(f.from);
		struct lr_clocks clocks = party_clocks(p, f.to);
		lr_reach_receive(
			&p->member[f.to].reach_host, p->sim.now, &clocks, &route, f.bytes, f.len);
		i = 0;
	}
}

static inline void party_run_member(struct party_member *m)
{
	struct lr_behave_send send;
	struct sim *s = &m->party->sim;
	struct lr_clocks clocks = party_clocks(m->party, m->number);

	while (!m->behave.done && lr_behave_next(&m->behave, s->now, &send))
		sim_send(s, &m->host, send.socket, &send.to, send.bytes, sizeof(send.bytes));
	if (m->up && lr_reach_due(&m->reach) <= s->now)
		lr_reach_run(&m->reach, s->now, &clocks);
}

static inline uint64_t party_next(const struct party *p)
{
	uint64_t next = sim_next(&p->sim);

	for (size_t i = 0; i < p->n_frames; i++)
		if (p->frames[i].at_ns < next)
			next = p->frames[i].at_ns;
	for (int i = 0; i < 2; i++) {
		uint64_t due =
			p->member[i].behave.done ? LR_NEVER : lr_behave_due(&p->member[i].behave);
		if (p->member[i].up && lr_reach_due(&p->member[i].reach) < due)
			due = lr_reach_due(&p->member[i].reach);
		if (due < next)
			next = due;
	}
	return next;
}

/* Lets time pass until `until`, or until `done` says so; whether it did. */
static inline bool party_run(struct party *p, uint64_t until, bool (*done)(const struct party *))
{
	for (;;) {
		party_run_member(&p->member[0]);
		party_run_member(&p->member[1]);
		if (done && done(p))
			return true;
		uint64_t next = party_next(p);
		if (next > until) {
			sim_deliver(&p->sim, until);
			return done && done(p);
		}
		sim_deliver(&p->sim, next);
		party_deliver_frames(p);
	}
}

static inline void party_init(struct party *p, const struct sim_kind *a, const struct sim_kind *b)
{
	const struct sim_kind *kinds[] = {a, b};

	memset(p, 0, sizeof(*p));
	p->data_len = 100;
	sim_init(&p->sim);
	for (int i = 0; i < 2; i++) {
		struct party_member *m = &p->member[i];
		struct lr_reach_out out = {m, party_send, party_open, party_close, party_changed};
		sim_host_init(&p->sim, &m->host, m->router, kinds[i], (unsigned)i + 1);
		m->host.owner = m;
		m->host.receive = party_receive;
		m->party = p;
		m->number = i;
		lr_reach_host_init(&m->reach_host, &out);
		m->reach_host.stun = p->sim.site.at[0];
	}
}

/* What a node does before and when a party begins: behaviour, candidates. */
static inline void party_discover(struct party *p)
{
	for (int i = 0; i < 2; i++) {
		struct party_member *m = &p->member[i];
		struct lr_endpoint local = sim_endpoint(m->host.ip, m->host.port[0]);
		m->host.port[1] = (uint16_t)(40001 + i);
		lr_behave_init(&m->behave, p->sim.site.at, 1, &local);
	}
	party_run(p, p->sim.now + 5 * LR_NS_PER_S, NULL);
	for (int i = 0; i < 2; i++) {
		struct party_member *m = &p->member[i];
		struct lr_reach_host *h = &m->reach_host;
		struct lr_endpoint local = sim_endpoint(m->host.ip, m->host.port[0]);
		struct lr_candidate c = lr_candidate_of(LR_CANDIDATE_HOST, &local);
		lr_candidates_add(&h->own, &c);
		c = lr_candidate_of(LR_CANDIDATE_REFLEXIVE, &m->behave.mapped);
		if (c.ip.family)
			lr_candidates_add(&h->own, &c);
		h->nat = m->behave.nat;
		m->lan = (struct lr_prefix){.ip = lr_ip4(m->host.ip), .len = 24};
		h->rules.lans = &m->lan;
		h->rules.n_lans = 1;
		h->rules.outside = lr_endpoint_ip(&m->behave.mapped);
	}
}

/* Member `i` learns of the other one: keys, relay channel, record. */
static inline void party_meet(struct party *p, int i)
{
	static const uint8_t secret[LR_KEY_LEN] = {42};
	struct party_member *m = &p->member[i], *peer = &p->member[!i];
	struct lr_route relay = party_relay_route(!i);
	struct lr_clocks clocks = party_clocks(p, i);

	lr_reach_init(&m->reach, &m->reach_host, secret, i == 0, m, &clocks);
	m->up = true;
	lr_reach_relays(&m->reach, p->sim.now, &relay, 1);
	lr_reach_peer(&m->reach, p->sim.now, &peer->reach_host.own, &peer->reach_host.nat, false);
}

static inline void party_release(struct party *p)
{
	for (int i = 0; i < 2; i++) {
		if (p->member[i].up)
			lr_reach_release(&p->member[i].reach);
		lr_reach_host_release(&p->member[i].reach_host);
		sim_router_release(&p->member[i].router[0]);
		sim_router_release(&p->member[i].router[1]);
	}
	sim_release(&p->sim);
	free(p->frames);
}

static inline bool party_direct_at(const struct party *p, int i)
{
	const struct lr_paths *s = &p->member[i].reach.paths;

	return p->member[i].up && s->current >= 0 && lr_path_direct(&s->at[s->current]);
}

static inline bool party_direct(const struct party *p)
{
	return party_direct_at(p, 0) && party_direct_at(p, 1);
}

static inline const struct sim_kind *party_kind(const char *name)
{
	const struct sim_kind *k = sim_kinds;

	while (strcmp(k->name, name) != 0)
		k++;
	return k;
}

/* Two behind routers of the kinds of these names, who have found out about them. */
static inline void party_begin(struct party *p, const char *a, const char *b)
{
	party_init(p, party_kind(a), party_kind(b));
	party_discover(p);
}

static inline void party_meet_both(struct party *p)
{
	party_meet(p, 0);
	party_meet(p, 1);
}

/* Both send data every 20 ms until `done` or for `ms`. */
static inline bool party_traffic(struct party *p, unsigned ms, bool (*done)(const struct party *))
{
	uint64_t end = p->sim.now + ms * MS;

	while (p->sim.now < end) {
		for (int i = 0; i < 2; i++)
			lr_reach_sent(&p->member[i].reach, p->sim.now, p->data_len);
		if (party_run(p, p->sim.now + 20 * MS, done))
			return true;
	}
	return false;
}

#endif
