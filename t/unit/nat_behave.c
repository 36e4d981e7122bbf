/*
 * nat_behave.c - what lr_behave finds behind routers of every kind
 */
#include "lib/nat/behave.h"

#include "t/unit/nat_sim.h"
#include "t/unit/tap.h"

struct asker {
	struct sim *s;
	struct lr_behave b;
};

static void receive(struct sim_host *h, uint16_t socket, const struct lr_endpoint *from,
	const uint8_t *p, size_t len)
{
	struct asker *a = h->owner;

	lr_behave_receive(&a->b, a->s->now, socket, from, p, len);
}

static void run(struct sim *s, struct sim_host *h, struct asker *a)
{
	struct lr_behave_send send;
	int turns = 0;

	while (!a->b.done && turns++ < 10000) {
		while (lr_behave_next(&a->b, s->now, &send))
			sim_send(s, h, send.socket, &send.to, send.bytes, sizeof(send.bytes));
		if (a->b.done)
			break;
		uint64_t next = lr_behave_due(&a->b);
		sim_deliver(s, sim_next(s) < next ? sim_next(s) : next);
	}
}

struct world {
	struct sim s;
	struct sim_host h;
	struct sim_router router[2];
	struct asker a;
};

static void begin(struct world *w, const struct sim_kind *kind)
{
	sim_init(&w->s);
	sim_host_init(&w->s, &w->h, w->router, kind, 1);
	w->h.port[1] = 40001;
	w->h.receive = receive;
	w->h.owner = &w->a;
	w->a.s = &w->s;
}

static void ask(struct world *w, size_t servers)
{
	struct lr_endpoint local = sim_endpoint(w->h.ip, w->h.port[0]);
	struct lr_endpoint at[2] = {w->s.site.at[0], w->s.site.at[2]};

	lr_behave_init(&w->a.b, at, servers, &local);
	run(&w->s, &w->h, &w->a);
}

static void end(struct world *w)
{
	sim_router_release(&w->router[0]);
	sim_router_release(&w->router[1]);
	sim_release(&w->s);
}

static void every_kind(void)
{
	for (size_t i = 0; i < SIM_KINDS; i++) {
		const struct sim_kind *k = &sim_kinds[i];
		struct sim_kind t = sim_together(k);
		struct world w;
		begin(&w, k);
		ask(&w, 1);
		const struct lr_nat *nat = &w.a.b.nat;
		char text[LR_NAT_TEXT];
		ok(w.a.b.done && nat->mapping == t.mapping && nat->filtering == t.filtering,
			"%s: %s", k->name, lr_nat_text(nat, text));
		bool preserves = t.ports == SIM_PRESERVE && t.mapping == LR_BEHAVE_EI;
		is_int((nat->flags & LR_NAT_PRESERVES) != 0, preserves, "  keeps the port");
		is_int((nat->flags & LR_NAT_NONE) != 0, !k->translates, "  translates");
		is_int(nat->delta, t.ports == SIM_SEQUENCE, "  ports in sequence");
		is_int(nat->flags & (LR_NAT_HAIRPIN | LR_NAT_BLOCKED), 0,
			"  no hairpin, not blocked");
		is_int(w.a.b.rtt_us, 20000, "  round trip to the server");
		end(&w);
	}
}

static void hairpin(void)
{
	struct world w;

	begin(&w, &sim_kinds[0]);
	w.router[0].hairpin = true;
	ask(&w, 1);
	ok(w.a.b.nat.flags & LR_NAT_HAIRPIN, "hairpin is noticed");
	end(&w);
}

static void blocked(void)
{
	struct world w;

	begin(&w, &sim_kinds[2]);
	w.router[0].drops = true;
	ask(&w, 2);
	ok(w.a.b.done && w.a.b.nat.flags == LR_NAT_BLOCKED, "no answer at all: blocked");
	is_int(w.a.b.mapped.sa.sa_family, AF_UNSPEC, "and no address outside");
	ok(w.s.now < 5 * LR_NS_PER_S, "found out within 4 s");
	end(&w);
}

/* 10 % loss each way: retransmission makes the verdict right all the same, but for filtering, where
 * no answer is an answer; that errs to the strict side only. */
static void loss(void)
{
	int right = 0, strict = 0;

	for (int i = 0; i < 200; i++) {
		struct world w;
		begin(&w, &sim_kinds[i % 2 ? 0 : 5]);
		w.s.loss_percent = 10;
		ask(&w, 1);
		enum lr_behaviour mapping = i % 2 ? LR_BEHAVE_EI : LR_BEHAVE_APD;
		right += w.a.b.nat.mapping == mapping;
		strict += w.a.b.nat.filtering == LR_BEHAVE_UNKNOWN ||
			  w.a.b.nat.filtering >= w.router[0].kind.filtering;
		end(&w);
	}
	ok(right >= 195, "with 10 %% loss the mapping is right in %d of 200", right);
	is_int(strict, 200, "and filtering is never taken for more lenient than it is");
}

static void places(void)
{
	struct world w;

	begin(&w, &sim_kinds[5]);
	w.s.site.at[2].sa.sa_family = w.s.site.at[3].sa.sa_family = AF_UNSPEC;
	ask(&w, 1);
	is_int(w.a.b.nat.mapping, LR_BEHAVE_APD, "one address, two ports: symmetric is found");
	is_int(w.a.b.nat.filtering, LR_BEHAVE_APD, "and filtering by port");
	end(&w);
	begin(&w, &sim_kinds[4]);
	w.s.site.at[1].sa.sa_family = w.s.site.at[3].sa.sa_family = AF_UNSPEC;
	ask(&w, 2);
	is_int(w.a.b.nat.mapping, LR_BEHAVE_AD,
		"two addresses, one port: dependent on the address");
	end(&w);
	begin(&w, &sim_kinds[0]);
	for (int i = 1; i < LR_STUN_PLACES; i++)
		w.s.site.at[i].sa.sa_family = AF_UNSPEC;
	ask(&w, 1);
	ok(w.a.b.done && w.a.b.nat.mapping == LR_BEHAVE_UNKNOWN &&
			w.a.b.nat.filtering == LR_BEHAVE_UNKNOWN,
		"a server with one place tells neither");
	ok(sim_ip(&w.a.b.mapped) == w.router[0].outside, "but the address outside");
	end(&w);
}

/* Answers from elsewhere, with another id or to the other socket count for nothing. */
static void forged(void)
{
	struct world w;
	struct lr_behave_send send;
	struct lr_stun m;
	uint8_t p[LR_STUN_ANSWER_MAX];
	struct lr_endpoint local = sim_endpoint(1, 1), lie = sim_endpoint(0x09090909, 99);

	begin(&w, &sim_kinds[0]);
	lr_behave_init(&w.a.b, &w.s.site.at[0], 1, &local);
	ok(lr_behave_next(&w.a.b, w.s.now, &send) && send.socket == 0, "first from socket 0");
	lr_stun_parse(send.bytes, sizeof(send.bytes), &m);
	size_t n = lr_stun_success(p, m.id, &lie, NULL, NULL, false);
	ok(lr_behave_receive(&w.a.b, w.s.now, 0, &lie, p, n) && !w.a.b.asks[0].answered,
		"an answer from another address is not believed");
	ok(lr_behave_receive(&w.a.b, w.s.now, 1, &send.to, p, n) && !w.a.b.asks[0].answered,
		"nor one to another socket");
	m.id[0] ^= 1;
	n = lr_stun_success(p, m.id, &lie, NULL, NULL, false);
	ok(!lr_behave_receive(&w.a.b, w.s.now, 0, &send.to, p, n), "another id is not ours");
	m.id[0] ^= 1;
	n = lr_stun_success(p, m.id, &lie, NULL, NULL, false);
	ok(lr_behave_receive(&w.a.b, w.s.now, 0, &send.to, p, n) && w.a.b.asks[0].answered,
		"the server's own is");
	end(&w);
}

int main(void)
{
	lr_crypto_init();
	every_kind();
	hairpin();
	blocked();
	loss();
	places();
	forged();
	return tap_done();
}
