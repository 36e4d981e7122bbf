/*
 * lend.c - see lend.h
 */
#include "lib/relay/lend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/nat/classify.h"

#define KEY_LEN     sizeof(uint16_t)
#define MESSAGE_MIN 32 /* a keepalive: the shortest of WireGuard's messages */
#define CREDIT_MAX  (64u << 10)
#define NO_LIMIT    1000000 /* of all ports together: each has its own */
#define LIFE        (LR_LENT_LIFE_S * LR_NS_PER_S)
#define HEARD       (LR_LENT_HEARD_S * LR_NS_PER_S)

void lr_lends_init(struct lr_lends *l, const struct lr_lend_hooks *hooks, size_t max,
	const struct lr_rate *guest, const struct lr_rate *party)
{
	*l = (struct lr_lends){.hooks = *hooks,
		.max = max,
		.strangers = lr_rate_of(LR_LENT_ALL, 0),
		.guest = *guest,
		.party = *party};
	lr_limit_init(&l->networks, LR_LENT_STRANGERS, NO_LIMIT);
	lr_map_init(&l->by_port, KEY_LEN);
}

void lr_lends_release(struct lr_lends *l)
{
	lr_limit_release(&l->networks);
	lr_map_release(&l->by_port);
}

/* ------------------------------------------------------------------ lending */

static bool same_member(const struct lr_relay_channel *a, const struct lr_relay_channel *b)
{
	return a->party == b->party && memcmp(a->keyhash, b->keyhash, LR_FRAME_KEYHASH) == 0;
}

static struct lr_lent *by_port(const struct lr_lends *l, uint16_t port)
{
	return lr_map_get(&l->by_port, &port);
}

/* What the member of `c` has under that tag; how many it has, and its party. */
static struct lr_lent *of_member(
	const struct lr_relay_channel *c, uint32_t tag, unsigned *member, unsigned *party)
{
	struct lr_lent *found = NULL;
	*member = *party = 0;
	for (struct lr_relay_channel *k = c->party->channels; k; k = k->next) {
		bool own = same_member(k, c);
		for (struct lr_lent *lent = k->lents; lent; lent = lent->next) {
			(*party)++;
			*member += own;
			if (own && lent->tag == tag)
				found = lent;
		}
	}
	return found;
}

static void unlink_channel(struct lr_lent *lent)
{
	struct lr_lent **at = &lent->channel->lents;
	while (*at != lent)
		at = &(*at)->next;
	*at = lent->next;
}

static void link_channel(struct lr_lent *lent, struct lr_relay_channel *c)
{
	lent->channel = c;
	lent->next = c->lents;
	c->lents = lent;
}

static void end(struct lr_lends *l, struct lr_lent *lent)
{
	unlink_channel(lent);
	lr_map_remove(&l->by_port, &lent->port);
	l->n--;
	l->hooks.close(l->hooks.ctx, lent);
	free(lent);
}

static struct lr_lent *make(
	struct lr_lends *l, struct lr_relay_channel *c, uint16_t port, uint32_t tag)
{
	struct lr_lent *lent = calloc(1, sizeof(*lent));
	if (!lent)
		return NULL;
	lent->port = port;
	lent->tag = tag;
	if (l->hooks.open(l->hooks.ctx, lent) < 0) {
		free(lent);
		return NULL;
	}
	if (lr_map_put(&l->by_port, &lent->port, lent) < 0) {
		l->hooks.close(l->hooks.ctx, lent);
		free(lent);
		return NULL;
	}
	link_channel(lent, c);
	l->n++;
	return lent;
}

struct lr_lent *lr_lend_ask(struct lr_lends *l, struct lr_relay_channel *c, uint16_t port,
	uint32_t tag, uint64_t now, bool *fresh, int *why)
{
	unsigned member, party;
	struct lr_lent *lent = of_member(c, tag, &member, &party);

	*fresh = !lent || lent->channel != c;
	*why = !l->hooks.open                                       ? LR_REFUSED_PORTS
	       : member >= LR_LENT_MEMBER || party >= LR_LENT_PARTY ? LR_REFUSED_TOO_MANY
								    : LR_REFUSED_FULL;
	if (lent && port && lent->port != port)
		return NULL;
	if (lent && lent->channel != c) { /* the member binds another channel now */
		unlink_channel(lent);
		link_channel(lent, c);
	}
	if (!lent && *why == LR_REFUSED_FULL && l->n < l->max && !(port && by_port(l, port)))
		lent = make(l, c, port, tag);
	if (lent)
		lent->until = now + LIFE;
	return lent;
}

bool lr_lend_return(struct lr_lends *l, struct lr_relay_channel *c, uint16_t port, uint32_t tag)
{
	struct lr_lent *lent = by_port(l, port);
	if (!lent || lent->tag != tag || !same_member(lent->channel, c))
		return false;
	end(l, lent);
	return true;
}

void lr_lend_gone(struct lr_lends *l, struct lr_relay_channel *c)
{
	while (c->lents)
		end(l, c->lents);
}

void lr_lends_sweep(struct lr_lends *l, uint64_t now, void *ctx,
	void (*changed)(void *ctx, struct lr_relay_party *p))
{
	for (size_t i = 0; i < l->by_port.room; i++) {
		struct lr_lent *lent = l->by_port.values[i];
		if (!lent || now < lent->until)
			continue;
		changed(ctx, lent->channel->party);
		end(l, lent);
		i--; /* another may have moved here */
	}
}

/* ------------------------------------------------------------------ packets */

static struct lr_lent_source *source_at(struct lr_lent *lent, const struct lr_endpoint *at)
{
	for (unsigned i = 0; i < LR_LENT_SOURCES; i++)
		if (lent->sources[i].at.sa.sa_family != AF_UNSPEC &&
			lr_endpoint_equal(&lent->sources[i].at, at))
			return &lent->sources[i];
	return NULL;
}

static bool same_network(const struct lr_endpoint *a, const struct lr_endpoint *b)
{
	struct lr_ip x = lr_endpoint_ip(a), y = lr_endpoint_ip(b);

	return x.family == y.family && memcmp(x.b, y.b, x.family == 4 ? 3 : 7) == 0;
}

/* The address that was silent longest, of all or of the network of `of`; never the guest's while it
 * is there. *n: how many there are. */
static struct lr_lent_source *oldest_source(
	struct lr_lent *lent, const struct lr_endpoint *of, uint64_t now, unsigned *n)
{
	struct lr_lent_source *oldest = NULL;

	*n = 0;
	for (unsigned i = 0; i < LR_LENT_SOURCES; i++) {
		struct lr_lent_source *s = &lent->sources[i];
		if ((s == lent->named && now < s->heard + HEARD) ||
			(of && !same_network(&s->at, of)))
			continue;
		(*n)++;
		if (!oldest || s->heard < oldest->heard)
			oldest = s;
	}
	return oldest;
}

/* A place for an address: one of its network's, when that has its share, else anybody's. */
static struct lr_lent_source *new_source(
	struct lr_lent *lent, const struct lr_endpoint *from, uint64_t now)
{
	unsigned n;
	struct lr_lent_source *oldest = oldest_source(lent, from, now, &n);

	if (n < LR_LENT_NETWORK)
		oldest = oldest_source(lent, NULL, now, &n);
	if (lent->named == oldest)
		lent->named = NULL;
	memset(oldest, 0, sizeof(*oldest));
	return oldest;
}

static bool is_message(const uint8_t *p, size_t len)
{
	return len >= MESSAGE_MIN && len <= LR_LENT_MESSAGE &&
	       lr_classify(p, len) == LR_DATAGRAM_WG;
}

enum lr_lend_verdict lr_lend_in(struct lr_lends *l, struct lr_lent *lent,
	const struct lr_endpoint *from, const uint8_t *message, size_t len, uint64_t now,
	uint8_t head[LR_FRAME_GUEST_HEAD])
{
	struct lr_lent_source *s = source_at(lent, from);
	bool named = s && s == lent->named;
	const struct lr_frame_guest g = {.port = lent->port, .at = *from};
	const struct lr_ip ip = lr_endpoint_ip(from);

	if (!is_message(message, len) || !lr_endpoint_port(from))
		return LR_LEND_FOREIGN;
	if (!named && !lr_limit_allow(&l->networks, now, &ip))
		return LR_LEND_RATE;
	if (!lr_meters_allow(named ? &lent->guest : &lent->strangers,
		    named ? &l->guest : &l->strangers, len, now) ||
		!lr_meters_allow(&lent->channel->party->meters, &l->party, len, now))
		return LR_LEND_RATE;
	if (!s)
		s = new_source(lent, from, now);
	s->at = *from;
	s->heard = now;
	s->credit = s->credit + len < CREDIT_MAX ? s->credit + (uint32_t)len : CREDIT_MAX;
	lr_frame_guest(head, &g);
	return LR_LEND_PASS;
}

enum lr_lend_verdict lr_lend_out(struct lr_lends *l, const struct lr_relay_channel *c,
	const uint8_t *frame, size_t len, uint64_t now, struct lr_lent **lent,
	const struct lr_endpoint **to)
{
	struct lr_frame_guest g;

	if (lr_guest_read(frame, len, &g) < 0)
		return LR_LEND_FOREIGN;
	len -= LR_FRAME_GUEST_HEAD;
	struct lr_lent *k = by_port(l, g.port);
	if (!k || !same_member(k->channel, c) || !is_message(frame + LR_FRAME_GUEST_HEAD, len))
		return LR_LEND_FOREIGN;
	struct lr_lent_source *s = source_at(k, &g.at);
	if (!s || now > s->heard + HEARD)
		return LR_LEND_CREDIT;
	if (g.named)
		k->named = s;
	if (s != k->named && s->credit < len)
		return LR_LEND_CREDIT;
	if (s != k->named)
		s->credit -= (uint32_t)len;
	*lent = k;
	*to = &s->at;
	return LR_LEND_PASS;
}
