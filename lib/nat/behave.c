/*
 * behave.c - the questions to STUN servers, and what their answers mean
 */
#include "lib/nat/behave.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"

#define STEP_MAX 16 /* a router's step between ports, other hosts' mappings between included */

enum purpose { MAPPING, FILTER_FIRST, FILTER_BOTH, FILTER_PORT, HAIRPIN };

enum { OTHERS_ASKED = 1, FILTER_ASKED = 2, HAIRPIN_ASKED = 4 }; /* bits of stage */

static void ask(struct lr_behave *b, enum purpose purpose, const struct lr_endpoint *to)
{
	if (b->n == LR_BEHAVE_ASKS)
		return;
	struct lr_behave_ask *a = &b->asks[b->n++];

	*a = (struct lr_behave_ask){
		.to = *to, .purpose = (uint8_t)purpose, .socket = purpose != MAPPING};
	if (purpose == FILTER_BOTH)
		a->change = LR_STUN_CHANGE_IP | LR_STUN_CHANGE_PORT;
	else if (purpose == FILTER_PORT)
		a->change = LR_STUN_CHANGE_PORT;
	lr_random(a->id, sizeof(a->id));
}

static bool asked(const struct lr_behave *b, const struct lr_endpoint *to)
{
	for (int i = 0; i < b->n; i++)
		if (b->asks[i].purpose == MAPPING && lr_endpoint_equal(&b->asks[i].to, to))
			return true;
	return false;
}

void lr_behave_init(struct lr_behave *b, const struct lr_endpoint *servers, size_t n,
	const struct lr_endpoint *local)
{
	*b = (struct lr_behave){.local = *local};
	for (size_t i = 0; i < n && i < LR_BEHAVE_SERVERS; i++)
		ask(b, MAPPING, &servers[i]);
	for (size_t i = 0; i < n && i < LR_BEHAVE_SERVERS; i++)
		ask(b, FILTER_FIRST, &servers[i]);
	b->done = n == 0;
}

/* --- sending --- */

static bool patient(const struct lr_behave_ask *a)
{
	return a->purpose == MAPPING || a->purpose == FILTER_FIRST;
}

/* How long to wait after sending number `sends` (from 1); 0: that was the last, give up then. */
static uint64_t wait_ns(const struct lr_behave *b, const struct lr_behave_ask *a, bool *last)
{
	static const uint16_t waits[] = {200, 400, 800, 2000};
	unsigned sends = patient(a) ? 4 : 3;
	uint64_t rtts = 3 * (uint64_t)b->rtt_us * LR_NS_PER_US;

	*last = a->sends == sends;
	if (patient(a))
		return waits[a->sends - 1] * LR_NS_PER_MS;
	if (!*last)
		return 200 * LR_NS_PER_MS;
	return rtts > 300 * LR_NS_PER_MS ? rtts : 300 * LR_NS_PER_MS;
}

static void settle(struct lr_behave *b);

static void give_up(struct lr_behave *b, uint64_t now)
{
	for (int i = 0; i < b->n; i++) {
		struct lr_behave_ask *a = &b->asks[i];
		bool last = false;
		if (a->answered || a->gave_up || !a->sends)
			continue;
		wait_ns(b, a, &last);
		a->gave_up = last && a->again_ns <= now;
	}
	settle(b);
}

bool lr_behave_next(struct lr_behave *b, uint64_t now, struct lr_behave_send *out)
{
	give_up(b, now);
	for (int i = 0; i < b->n; i++) {
		struct lr_behave_ask *a = &b->asks[i];
		bool last;
		if (a->answered || a->gave_up || a->again_ns > now)
			continue;
		if (!a->sends++)
			a->sent_ns = now;
		a->again_ns = now + wait_ns(b, a, &last);
		out->to = a->to;
		out->socket = a->socket;
		lr_stun_request(out->bytes, a->id, a->change);
		return true;
	}
	return false;
}

uint64_t lr_behave_due(const struct lr_behave *b)
{
	uint64_t due = LR_NEVER;

	for (int i = 0; i < b->n; i++)
		if (!b->asks[i].answered && !b->asks[i].gave_up && b->asks[i].again_ns < due)
			due = b->asks[i].again_ns;
	return due;
}

/* --- what answers mean --- */

static bool same_ip(const struct lr_endpoint *a, const struct lr_endpoint *b)
{
	struct lr_ip x = lr_endpoint_ip(a), y = lr_endpoint_ip(b);

	return lr_ip_equal(&x, &y);
}

/* The first ask of `purpose` that was answered, NULL when none. */
static struct lr_behave_ask *answered(struct lr_behave *b, enum purpose purpose)
{
	for (int i = 0; i < b->n; i++)
		if (b->asks[i].purpose == purpose && b->asks[i].answered)
			return &b->asks[i];
	return NULL;
}

static bool settled(const struct lr_behave *b, enum purpose purpose)
{
	for (int i = 0; i < b->n; i++)
		if (b->asks[i].purpose == purpose && !b->asks[i].answered && !b->asks[i].gave_up)
			return false;
	return true;
}

static enum lr_behaviour mapping_of(const struct lr_behave *b)
{
	enum lr_behaviour found = LR_BEHAVE_UNKNOWN;

	for (int i = 0; i < b->n; i++)
		for (int k = 0; k < i; k++) {
			const struct lr_behave_ask *x = &b->asks[i], *y = &b->asks[k];
			if (x->purpose != MAPPING || y->purpose != MAPPING || !x->answered ||
				!y->answered)
				continue;
			enum lr_behaviour says = LR_BEHAVE_EI;
			if (!lr_endpoint_equal(&x->mapped, &y->mapped))
				says = same_ip(&x->to, &y->to) ? LR_BEHAVE_APD : LR_BEHAVE_AD;
			if (says > found)
				found = says;
		}
	return found;
}

/* The step between ports given one after the other: asks stand in the order of sending, and each
 * pair of socket and place is a new mapping at a symmetric router. One step of three may be
 * disturbed by others behind the same router. */
static int8_t delta_of(const struct lr_behave *b)
{
	int up = 0, down = 0, n = 0, least = STEP_MAX + 1;
	const struct lr_behave_ask *before = NULL;

	for (int i = 0; i < b->n; i++) {
		const struct lr_behave_ask *a = &b->asks[i];
		if (!patient(a) || !a->answered || a->sends > 1)
			continue;
		int step = before ? lr_endpoint_port(&a->mapped) - lr_endpoint_port(&before->mapped)
				  : 0;
		before = a;
		if (step == 0)
			continue;
		n++;
		up += step > 0 && step <= STEP_MAX;
		down += step < 0 && step >= -STEP_MAX;
		int size = step < 0 ? -step : step;
		if (size < least)
			least = size;
	}
	if (n == 0 || least > STEP_MAX)
		return 0;
	return (int8_t)(3 * up >= 2 * n ? least : 3 * down >= 2 * n ? -least : 0);
}

static enum lr_behaviour filtering_of(struct lr_behave *b)
{
	if (answered(b, FILTER_BOTH))
		return LR_BEHAVE_EI;
	if (answered(b, FILTER_PORT))
		return LR_BEHAVE_AD;
	if (!(b->stage & FILTER_ASKED) || !settled(b, FILTER_BOTH) || !settled(b, FILTER_PORT))
		return LR_BEHAVE_UNKNOWN;
	for (int i = 0; i < b->n; i++) /* no answer counts only where the question was understood */
		if (b->asks[i].purpose == FILTER_PORT && b->asks[i].gave_up && b->asks[i].sends)
			return LR_BEHAVE_APD;
	return LR_BEHAVE_UNKNOWN;
}

static void conclude(struct lr_behave *b)
{
	const struct lr_behave_ask *first = answered(b, MAPPING);
	struct lr_nat nat = {.mapping = mapping_of(b), .filtering = filtering_of(b)};

	if (first) {
		b->mapped = first->mapped;
		if (lr_endpoint_equal(&b->mapped, &b->local)) {
			nat.flags |= LR_NAT_NONE;
			if (nat.mapping == LR_BEHAVE_UNKNOWN)
				nat.mapping = LR_BEHAVE_EI;
		}
		if (!lr_nat_symmetric(&nat) && b->local.sa.sa_family &&
			lr_endpoint_port(&b->local) == lr_endpoint_port(&b->mapped))
			nat.flags |= LR_NAT_PRESERVES;
		if (answered(b, HAIRPIN))
			nat.flags |= LR_NAT_HAIRPIN;
		if (lr_nat_symmetric(&nat))
			nat.delta = delta_of(b);
	} else if (settled(b, MAPPING) && !answered(b, FILTER_FIRST)) {
		nat.flags |= LR_NAT_BLOCKED;
	}
	b->nat = nat;
}

/* Every place of the server that told its other address. */
static void ask_others(struct lr_behave *b, const struct lr_endpoint *main_place)
{
	struct lr_endpoint corners[3] = {*main_place, b->other, b->other};

	b->stage |= OTHERS_ASKED;
	/* sin_port and sin6_port lie at the same offset, but say it in their own terms. */
	if (main_place->sa.sa_family == AF_INET) {
		corners[0].in.sin_port = b->other.in.sin_port;
		corners[1].in.sin_port = main_place->in.sin_port;
	} else {
		corners[0].in6.sin6_port = b->other.in6.sin6_port;
		corners[1].in6.sin6_port = main_place->in6.sin6_port;
	}
	for (int i = 0; i < 3; i++)
		if (!asked(b, &corners[i]))
			ask(b, MAPPING, &corners[i]);
}

static void ask_filter(struct lr_behave *b, const struct lr_endpoint *main_place)
{
	bool known = same_ip(main_place, &b->other);

	/* The filter must not know the other address by one of the first questions. */
	for (int i = 0; i < b->n; i++)
		known |= b->asks[i].purpose == FILTER_FIRST && same_ip(&b->asks[i].to, &b->other);
	b->stage |= FILTER_ASKED;
	if (!known)
		ask(b, FILTER_BOTH, main_place);
	ask(b, FILTER_PORT, main_place);
}

/* New questions that follow from answers; then what all mean. */
static void settle(struct lr_behave *b)
{
	const struct lr_behave_ask *first = answered(b, MAPPING);

	conclude(b);
	if (first && answered(b, FILTER_FIRST) && !(b->stage & HAIRPIN_ASKED)) {
		b->stage |= HAIRPIN_ASKED;
		if (!(b->nat.flags & LR_NAT_NONE))
			ask(b, HAIRPIN, &b->mapped);
	}
	b->done = lr_behave_due(b) == LR_NEVER;
}

static void note_answer(
	struct lr_behave *b, uint64_t now, struct lr_behave_ask *a, const struct lr_stun *m)
{
	a->answered = true;
	a->mapped = m->mapped;
	if (a->sends == 1)
		a->rtt_us = (uint32_t)((now - a->sent_ns) / LR_NS_PER_US);
	if (!b->rtt_us)
		b->rtt_us = a->rtt_us;
	if (a->purpose == FILTER_FIRST)
		b->filter_mapped = m->mapped;
	if (!patient(a) || m->other.sa.sa_family != a->to.sa.sa_family)
		return;
	/* One server's places are used for both: the one that tells first. */
	if (b->other.sa.sa_family == AF_UNSPEC)
		b->other = m->other;
	if (!lr_endpoint_equal(&b->other, &m->other))
		return;
	struct lr_endpoint main_place = a->to; /* ask() may not move it, but says nothing of it */
	if (a->purpose == MAPPING && !(b->stage & OTHERS_ASKED))
		ask_others(b, &main_place);
	if (a->purpose == FILTER_FIRST && !(b->stage & FILTER_ASKED))
		ask_filter(b, &main_place);
}

/* Whether the answer came from where the question wanted it. */
static bool right_place(const struct lr_behave_ask *a, const struct lr_endpoint *from)
{
	bool port = lr_endpoint_port(&a->to) == lr_endpoint_port(from);

	if (a->purpose == FILTER_BOTH)
		return !port && !same_ip(&a->to, from);
	if (a->purpose == FILTER_PORT)
		return !port && same_ip(&a->to, from);
	return lr_endpoint_equal(&a->to, from);
}

static void receive_answer(struct lr_behave *b, uint64_t now, struct lr_behave_ask *a,
	const struct lr_endpoint *from, const struct lr_stun *m)
{
	if (a->answered || a->gave_up || !a->sends)
		return;
	if (m->class == LR_STUN_ERROR) { /* does not know how: as if never asked */
		a->gave_up = lr_endpoint_equal(&a->to, from);
		if (a->gave_up)
			a->sends = 0;
	} else if (right_place(a, from) && m->mapped.sa.sa_family == a->to.sa.sa_family &&
		   !m->n_unknown) {
		note_answer(b, now, a, m);
	}
	settle(b);
}

bool lr_behave_receive(struct lr_behave *b, uint64_t now, unsigned socket,
	const struct lr_endpoint *from, const uint8_t *p, size_t len)
{
	struct lr_stun m;

	if (lr_stun_parse(p, len, &m) < 0)
		return false;
	for (int i = 0; i < b->n; i++) {
		struct lr_behave_ask *a = &b->asks[i];
		if (!lr_same(a->id, m.id, sizeof(m.id)))
			continue;
		if (m.class == LR_STUN_REQUEST && a->purpose == HAIRPIN && socket == 0) {
			a->answered = true;
			settle(b);
		} else if (m.class >= LR_STUN_SUCCESS && socket == a->socket) {
			receive_answer(b, now, a, from, &m);
		}
		return true;
	}
	return false;
}
