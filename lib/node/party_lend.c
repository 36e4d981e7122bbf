/*
 * party_lend.c - ports that a relay lends us for guests, and what goes through them
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/log.h"
#include "lib/node/party_guests.h"
#include "lib/node/pump.h"
#include "lib/relay/lend.h"

#define AGAIN_NS (500 * LR_NS_PER_MS) /* LEND without an answer; then twice as long, and so on */
#define TRIES    5                    /* for a new guest; then it is given up */
#define DATA     4                    /* type of WireGuard's transport messages */

static struct lr_party_relay *relay_of(const struct lr_party_guest *g)
{
	struct lr_party *p = g->party;

	for (unsigned i = 0; i < p->n_relays; i++)
		if (strcmp(p->relays[i].place.text, g->relay) == 0)
			return &p->relays[i];
	return NULL;
}

static bool bound(const struct lr_party_relay *r)
{
	return r && lr_channel_bound(r);
}

/* ------------------------------------------------------------------ asking for a port */

static void say(struct lr_party_guest *g, struct lr_party_relay *r, enum lr_frame_kind kind)
{
	uint8_t frame[LR_FRAME_LEND_LEN];

	lr_channel_send(r, frame, lr_frame_lend(frame, kind, g->port, g->tag));
}

void lr_lend_begin(struct lr_party_guest *g, struct lr_party_relay *r)
{
	memcpy(g->relay, r->place.text, sizeof(g->relay));
	lr_random(&g->tag, sizeof(g->tag));
	g->due_ns = 0;
	lr_party_wake(g->party);
}

void lr_lend_end(struct lr_party_guest *g)
{
	struct lr_party_relay *r = g->relay[0] && g->port ? relay_of(g) : NULL;

	if (bound(r))
		say(g, r, LR_FRAME_RETURN);
	g->lent = false;
}

/* A guest that never had a port is none: whoever asked for it is told `error`. */
static void ask(struct lr_party_guest *g, struct lr_party_relay *r, uint64_t now)
{
	unsigned shift = g->tries < TRIES ? g->tries : TRIES;

	if (!g->port && g->tries >= TRIES) {
		snprintf(g->error, sizeof(g->error), "it does not answer");
		g->due_ns = LR_NEVER;
		return;
	}
	g->tries++;
	g->due_ns = now + (AGAIN_NS << shift);
	say(g, r, LR_FRAME_LEND);
}

void lr_lend_run(struct lr_party *p, uint64_t now)
{
	for (struct lr_party_guest *g = p->guests; g; g = g->next) {
		struct lr_party_relay *r = g->relay[0] ? relay_of(g) : NULL;
		if (g->lent && !bound(r)) { /* asked again as soon as it is */
			g->lent = false;
			g->tries = 0;
			g->due_ns = 0;
		}
		if (bound(r) && g->due_ns <= now)
			ask(g, r, now);
	}
}

uint64_t lr_lend_due(const struct lr_party *p)
{
	uint64_t due = LR_NEVER;

	for (const struct lr_party_guest *g = p->guests; g; g = g->next)
		if (g->relay[0] && g->due_ns < due && bound(relay_of(g)))
			due = g->due_ns;
	return due;
}

static void refused(struct lr_party_guest *g, const char *why, uint64_t now)
{
	if (strcmp(g->error, why) != 0)
		lr_log(LR_LOG_ERROR, "%s: guest %s: %s lends no port %u: %s", g->party->node->iface,
			g->name, g->relay, g->port, why);
	snprintf(g->error, sizeof(g->error), "%s", why);
	g->lent = false;
	g->tries = 0;
	g->due_ns = g->port ? now + LR_GUEST_RENEW_S * LR_NS_PER_S : LR_NEVER;
}

static void granted(struct lr_party_guest *g, struct lr_party_relay *r, uint16_t port, uint64_t now)
{
	char host[LR_PLACE_TEXT];

	if (!g->port) {
		lr_place_split(&r->place, host);
		bool six = strchr(host, ':') != NULL;
		snprintf(g->endpoint, sizeof(g->endpoint), "%s%s%s:%u", six ? "[" : "", host,
			six ? "]" : "", port);
		g->party->save = true;
	}
	g->port = port;
	g->lent = true;
	g->tries = 0;
	g->error[0] = '\0';
	g->due_ns = now + LR_GUEST_RENEW_S * LR_NS_PER_S;
}

void lr_lend_answered(struct lr_party_relay *r, const struct lr_frame_control *c)
{
	uint64_t now = lr_party_now(r->party);

	for (struct lr_party_guest *g = r->party->guests; g; g = g->next) {
		if (g->tag != c->tag || strcmp(g->relay, r->place.text) != 0 ||
			(g->port && g->port != c->port))
			continue;
		if (c->reason)
			refused(g, lr_frame_reason_name(c->reason), now);
		else if (c->port)
			granted(g, r, c->port, now);
	}
	lr_party_wake(r->party);
}

/* ------------------------------------------------------------------ packets */

size_t lr_lend_frame(
	struct lr_party_relay *r, const uint8_t *bytes, size_t len, struct lr_endpoint *via)
{
	struct lr_frame_guest f;

	if (lr_guest_read(bytes, len, &f) < 0) {
		r->party->foreign++;
		return 0;
	}
	for (struct lr_party_guest *g = r->party->guests; g; g = g->next) {
		if (g->port != f.port || strcmp(g->relay, r->place.text) != 0)
			continue;
		*via = f.at;
		via->guest = g->number;
		return LR_FRAME_GUEST_HEAD;
	}
	r->party->foreign++;
	return 0;
}

static struct lr_party_guest *by_number(const struct lr_party *p, uint16_t number)
{
	struct lr_party_guest *g = p->guests;

	while (g && g->number != number)
		g = g->next;
	return g;
}

int lr_party_send_guest(struct lr_party *p, const struct lr_endpoint *to, const uint8_t *msg,
	size_t len, size_t segment)
{
	uint8_t frame[LR_FRAME_GUEST_HEAD + LR_LENT_MESSAGE];
	const struct lr_party_guest *g = p ? by_number(p, to->guest) : NULL;
	struct lr_party_relay *r = g ? relay_of(g) : NULL;
	struct lr_frame_guest f = {.at = *to};

	if (!bound(r))
		return -EDESTADDRREQ;
	f.port = g->port;
	for (size_t at = 0; at < len; at += segment) {
		size_t n = len - at < segment ? len - at : segment;
		if (n > LR_LENT_MESSAGE)
			return -EMSGSIZE;
		f.named = msg[at] == DATA; /* only who has our session gets any */
		lr_frame_guest(frame, &f);
		memcpy(frame + LR_FRAME_GUEST_HEAD, msg + at, n);
		int error = lr_channel_send(r, frame, LR_FRAME_GUEST_HEAD + n);
		if (error < 0)
			return error;
	}
	return 0;
}
