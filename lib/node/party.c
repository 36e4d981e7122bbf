/*
 * party.c - a node's party: its life, and what changes it
 */
#include "lib/node/party.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/io/child.h"
#include "lib/node/party_guests.h"

#define SAVE_MS   300 /* changes come in bursts */
#define LEAVE_MS  1000
#define CONFIRM_S (LR_ROSTER_GRACE_S + 5) /* after that nobody gives an address up any more */

/* ------------------------------------------------------------------ phases */

void lr_party_up(struct lr_party *p)
{
	struct lr_err err;

	p->save = true;
	if (p->hosted)
		p->confirm_ns = lr_party_now(p) + CONFIRM_S * LR_NS_PER_S;
	if (lr_party_set_address(p, &err) < 0) {
		lr_party_out(p, err.text);
		p->error.exit = err.exit;
		return;
	}
	if (p->phase == LR_PARTY_STARTING)
		p->phase = LR_PARTY_READY;
	lr_party_wake(p);
}

/* A node without a party has nothing to do: it ends. */
void lr_party_out(struct lr_party *p, const char *why)
{
	if (p->phase == LR_PARTY_OUT)
		return;
	p->phase = LR_PARTY_OUT;
	lr_err_set(&p->error, LR_EXIT_FAILED, "%s: %s", p->name[0] ? p->name : "party", why);
	if (!p->waiting)
		lr_log(LR_LOG_ERROR, "%s: %s", p->node->iface, p->error.text);
	lr_party_tell_out(p);
	p->dropping = true; /* the roster may be in the middle of something */
	lr_party_wake(p);
}

/* Host: the pairs of member and address that have stood for a while go into the charter, and that
 * its relays speak TLS. */
static void confirm(struct lr_party *p, uint64_t now)
{
	const struct lr_charter *rules = lr_roster_rules(p->roster);
	bool may = p->hosted && p->phase == LR_PARTY_READY && rules;
	struct lr_charter *c = may ? malloc(sizeof(*c)) : NULL;
	uint8_t *bytes = malloc(LR_CHARTER_MAX);
	int len = -ENOMEM;

	p->confirm_ns = LR_NEVER;
	if (c && bytes) {
		*c = *rules;
		len = 0;
		if (lr_https_all(p))
			c->flags |= LR_CHARTER_TLS;
		if (lr_roster_confirm(p->roster, c) > 0 || c->flags != rules->flags) {
			lr_charter_fold(c);
			len = lr_charter_sign(c, p->host_secret, bytes);
		}
	}
	if (len > 0 && lr_roster_charter(p->roster, bytes, (size_t)len, now) > 0)
		lr_sync_charter(p);
	free(c);
	free(bytes);
}

static void expect_confirm(struct lr_party *p, uint64_t now)
{
	if (p->hosted && p->joined && p->phase == LR_PARTY_READY)
		p->confirm_ns = now + CONFIRM_S * LR_NS_PER_S;
}

/* ------------------------------------------------------------------ what is due */

static void run(struct lr_party *p, uint64_t now)
{
	if (p->dropping) {
		p->dropping = false;
		lr_party_drop_all(p);
	}
	lr_helper_run(&p->helper, now);
	if (p->roster && p->phase != LR_PARTY_OUT)
		lr_roster_tick(p->roster, now);
	lr_sync_run(p, now);
	if (p->roster)
		lr_party_map_run(p, now);
	for (unsigned i = 0; i < p->n_relays && p->roster; i++)
		lr_channel_run(&p->relays[i], now);
	if (p->touched && p->roster)
		lr_party_restore(p);
	if (p->roster)
		lr_lend_run(p, now);
	if (p->reroute)
		lr_party_reroute(p);
	if (p->joined) {
		expect_confirm(p, now);
		lr_party_replay_held(p, now);
	}
	if (p->confirm_ns <= now)
		confirm(p, now);
	if (p->roster)
		lr_party_paths_run(p, now);
	lr_party_tell_relays(p);
}

/* Nothing is left to be said, to relays and the router. */
static bool has_left(const struct lr_party *p)
{
	return lr_sync_left(p) && lr_party_map_gone(p);
}

static void stop_waiting(struct lr_party *p, uint64_t now)
{
	if (p->waiting && (p->phase != LR_PARTY_STARTING || p->wait_ns <= now)) {
		p->waited = true;
		p->node->loop.stop = true;
	}
	if (p->leaving && (has_left(p) || p->wait_ns <= now))
		p->node->loop.stop = true;
	if (p->phase == LR_PARTY_OUT && !p->waiting)
		p->node->loop.stop = true;
}

static void save(struct lr_party *p, uint64_t now)
{
	if (p->moving)
		return;
	if (p->save && p->save_ns == LR_NEVER)
		p->save_ns = now + SAVE_MS * LR_NS_PER_MS;
	if (p->save_ns <= now)
		lr_party_save(p);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_due(const struct lr_party *p, uint64_t now)
{
	uint64_t due = least(lr_sync_due(p, now), least(p->save_ns, p->confirm_ns));

	if (p->helper.due_ns)
		due = least(due, p->helper.due_ns);
	if (p->waiting || p->leaving)
		due = least(due, p->wait_ns);
	if (!p->roster)
		return due;
	due = least(due, lr_party_map_due(p));
	for (unsigned i = 0; i < p->n_relays; i++)
		due = least(due, lr_channel_due(&p->relays[i]));
	return least(due, least(lr_lend_due(p), lr_party_paths_due(p)));
}

void lr_party_settle(struct lr_party *p, uint64_t now)
{
	if (p->due_ns > now)
		return;
	p->due_ns = LR_NEVER;
	run(p, now);
	save(p, now);
	stop_waiting(p, now);
	p->due_ns = least(p->due_ns, next_due(p, now));
	if (p->due_ns <= now)
		p->due_ns = now + 1; /* what is ready comes first */
}

uint64_t lr_party_due(const struct lr_party *p)
{
	return p->due_ns;
}

/* ------------------------------------------------------------------ life */

int lr_party_begin(struct lr_party *p, struct lr_err *err)
{
	struct lr_record *self = lr_roster_self(p->roster);
	const struct lr_prefix pool = lr_roster_pool(p->roster);
	struct lr_ip host = lr_keys_host_address(&pool);
	bool known = self->address.family != 0;

	(void)err;
	lr_party_default_nick(p);
	memcpy(self->name, p->nick, sizeof(self->name));
	memcpy(p->node->name, p->nick, sizeof(p->nick));
	lr_guests_start(p);
	lr_party_paths_start(p);
	lr_roster_join(p->roster, p->new_host ? &host : NULL, lr_party_now(p));
	/* An invite may be void, and so may other relays: one is asked first. */
	if (known && !p->invite.n_relays && !p->moving)
		lr_party_up(p);
	p->save = true;
	lr_party_wake(p);
	return 0;
}

static void release(struct lr_party *p)
{
	lr_party_drop_all(p);
	lr_guests_release(p);
	lr_party_paths_stop(p);
	for (unsigned i = 0; i < p->n_relays; i++)
		lr_party_stream_hang_up(&p->relays[i]);
	lr_helper_release(&p->helper);
	lr_roster_free(p->roster);
	p->node->party = NULL;
	lr_wipe(p, sizeof(*p));
	free(p);
}

struct lr_party *lr_party_open(
	struct lr_node *node, const struct lr_party_options *o, struct lr_err *err)
{
	struct lr_party *p = calloc(1, sizeof(*p));

	if (!p) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	node->loop.now = lr_now();
	p->node = node;
	p->opened_ns = node->loop.now;
	p->save_ns = p->confirm_ns = p->look_ns = p->reach_due_ns = LR_NEVER;
	p->watch.fd = -1;
	lr_party_paths_init(p, o->budget);
	p->map.off = o->no_map;
	if (o->meet)
		snprintf(p->meet_path, sizeof(p->meet_path), "%s", o->meet);
	else
		lr_child_program("lr-meet", p->meet_path);
	lr_helper_init(&p->helper, &node->loop, node->iface, p->meet_path, o->helper);
	node->party = p;
	if (lr_party_load(p, o, err) < 0) {
		release(p);
		return NULL;
	}
	if (p->roster && !p->moving)
		lr_party_save(p);
	return p;
}

int lr_party_wait(struct lr_party *p, unsigned timeout_ms, struct lr_err *err)
{
	struct lr_node *node = p->node;

	p->waiting = true;
	p->waited = false;
	p->wait_ns = lr_now() + timeout_ms * LR_NS_PER_MS;
	lr_party_wake(p);
	node->loop.now = lr_now();
	lr_party_settle(p, node->loop.now);
	lr_node_warm_up(); /* while the relay is asked */
	int r = lr_node_loop(node);
	p->waiting = false;
	if (p->waited)
		node->loop.stop = false;
	if (r < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "event loop: %s", strerror(-r));
	if (p->phase == LR_PARTY_READY) {
		lr_party_save(p); /* what is told to be done is on the disk */
		return 0;
	}
	if (p->phase == LR_PARTY_OUT) {
		*err = p->error;
		return -1;
	}
	if (!p->waited) { /* a signal */
		err->exit = LR_EXIT_FAILED;
		err->text[0] = '\0';
		return -1;
	}
	const struct lr_party_relay *first = lr_move_first(p);
	return lr_err_set(err, LR_EXIT_UNREACHABLE, "%s: %s", first->place.text,
		first->error[0] ? first->error : "the relay does not answer");
}

void lr_party_close(struct lr_party *p)
{
	if (!p)
		return;
	struct lr_node *node = p->node;
	node->loop.now = lr_now();
	lr_party_map_end(p);
	if (p->roster && p->phase != LR_PARTY_OUT) {
		for (unsigned i = 0; i < p->n_relays; i++)
			lr_channel_release(&p->relays[i]);
		lr_sync_leave(p);
		p->wait_ns = node->loop.now + LEAVE_MS * LR_NS_PER_MS;
		lr_party_wake(p);
		node->loop.stop = false;
		if (!has_left(p))
			lr_node_loop(node);
		if (!p->moving)
			lr_party_save(p);
	}
	release(p);
}

/* ------------------------------------------------------------------ what commands ask for */

const char *lr_party_name(const struct lr_party *p)
{
	return p->name;
}

bool lr_party_may_kick(const struct lr_party *p)
{
	const struct lr_charter *rules = p->roster ? lr_roster_rules(p->roster) : NULL;
	uint8_t key[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN];

	if (!rules)
		return false;
	if (p->hosted)
		return true;
	lr_keys_of_member(key, secret, lr_wg_private_key(p->node->wg), lr_roster_id(p->roster));
	lr_wipe(secret, sizeof(secret));
	return lr_charter_may_kick(rules, key);
}

static int no_party(const struct lr_party *p, struct lr_err *err)
{
	if (p->roster && p->phase != LR_PARTY_OUT)
		return 0;
	return lr_err_set(err, LR_EXIT_FAILED, "the party has not been joined (yet)");
}

/* All but the secret. */
static void begin_invite(const struct lr_party *p, struct lr_invite *v)
{
	const uint8_t *id = lr_roster_id(p->roster);
	const struct lr_prefix pool = lr_roster_pool(p->roster);
	const struct lr_prefix first = lr_keys_pool(id, false);
	const struct lr_charter *rules = lr_roster_rules(p->roster);

	memset(v, 0, sizeof(*v));
	v->flags = lr_ip_equal(&pool.ip, &first.ip) ? 0 : LR_INVITE_POOL;
	if (rules && rules->flags & LR_CHARTER_HIDE)
		v->flags |= LR_INVITE_HIDE;
	if (lr_https_all(p))
		v->flags |= LR_INVITE_TLS;
	for (unsigned i = 0; i < p->n_relays && v->n_relays < LR_PLACES_MAX; i++)
		if (!p->relays[i].former)
			v->relays[v->n_relays++] = p->relays[i].place;
	memcpy(v->name, p->name, sizeof(v->name));
	memcpy(v->id, id, sizeof(v->id));
}

static int write_invite(const struct lr_invite *v, char out[LR_INVITE_TEXT], struct lr_err *err)
{
	if (lr_invite_text(v, out) < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: the invite cannot be written", v->name);
	return 0;
}

int lr_party_invite(const struct lr_party *p, char out[LR_INVITE_TEXT], struct lr_err *err)
{
	struct lr_invite v;

	if (no_party(p, err) < 0)
		return -1;
	const struct lr_epoch_keys *keys = lr_roster_keys(p->roster);
	begin_invite(p, &v);
	v.epoch = keys->epoch;
	memcpy(v.secret, keys->secret, sizeof(v.secret));
	int r = write_invite(&v, out, err);
	lr_wipe(&v, sizeof(v));
	return r;
}

int lr_party_offer(struct lr_party *p, unsigned uses, uint64_t life_s, char out[LR_INVITE_TEXT],
	struct lr_err *err)
{
	const uint8_t job = 1u << LR_SYNC_OFFER;
	uint64_t now = lr_party_now(p);
	uint8_t nonce[LR_XNONCE_LEN];
	struct lr_party_relay *at = lr_move_first(p);
	struct lr_invite v;

	if (no_party(p, err) < 0)
		return -1;
	if (uses < 1 || uses > 255 || life_s < 1 || life_s > LR_OFFER_MAX_S)
		return lr_err_set(err, LR_EXIT_USAGE,
			"an invite is for 1 to 255 joiners and at most %d days",
			LR_OFFER_MAX_S / 86400);
	if ((at->want | at->busy) & job)
		return lr_err_set(err, LR_EXIT_FAILED,
			"the invite before this one is not at the relay yet; try again");
	begin_invite(p, &v);
	v.flags |= LR_INVITE_TOKEN;
	lr_random(v.token, sizeof(v.token));
	lr_random(nonce, sizeof(nonce));
	lr_offer_sign(&v, lr_roster_keys(p->roster), (uint8_t)uses,
		lr_roster_time(p->roster, now, lr_wall() / LR_NS_PER_S) + life_s, nonce, p->offer);
	at->want |= job;
	lr_party_wake(p);
	int r = write_invite(&v, out, err);
	lr_wipe(&v, sizeof(v));
	return r;
}

int lr_party_kick(struct lr_party *p, const uint8_t public_key[LR_KEY_LEN], struct lr_err *err)
{
	uint8_t secret[LR_SECRET_LEN], *bytes = malloc(LR_CHARTER_MAX);
	struct lr_member *m = p->roster ? lr_roster_by_key(p->roster, public_key) : NULL;
	int r = -ENOMEM;

	if (!m || !bytes || no_party(p, err) < 0) {
		free(bytes);
		return lr_err_set(err, LR_EXIT_FAILED, "not a member of this party");
	}
	lr_random(secret, sizeof(secret));
	r = lr_roster_kick(p->roster, m->keyhash, secret, p->hosted ? p->host_secret : NULL, bytes);
	if (r > 0)
		r = lr_roster_charter(p->roster, bytes, (size_t)r, lr_party_now(p));
	free(bytes);
	lr_wipe(secret, sizeof(secret));
	if (r == -EPERM)
		return lr_err_set(
			err, LR_EXIT_FAILED, "only the host, and whom the charter names, may kick");
	if (r == -ENOSPC)
		return lr_err_set(err, LR_EXIT_FAILED,
			"%d members were kicked since the host was there; the host must come first",
			LR_LINKS_MAX);
	if (r < 0)
		return lr_err_set(err, LR_EXIT_FAILED, "cannot kick: %s", strerror(-r));
	lr_sync_charter(p);
	lr_party_save(p);
	return 0;
}

int lr_party_rename(struct lr_party *p, const char *nick, struct lr_err *err)
{
	if (no_party(p, err) < 0 || lr_party_set_nick(p, nick, err) < 0)
		return -1;
	struct lr_record *self = lr_roster_self(p->roster);
	memcpy(self->name, p->nick, sizeof(self->name));
	memcpy(p->node->name, p->nick, sizeof(p->nick));
	lr_roster_touch(p->roster);
	p->save = true;
	lr_party_wake(p);
	return 0;
}
