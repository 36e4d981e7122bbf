/*
 * directory_member.c - the relay's view: records of members
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/party/directory_inside.h"
#include "lib/party/record_wire.h"

#define SLACK_S 5 /* a clock that ran ahead while the record was under way */

struct lr_directory_member *lr_directory_member_of(
	const struct lr_directory_party *p, const uint8_t keyhash[LR_KEYHASH_LEN])
{
	return lr_map_get(&p->members, keyhash);
}

/* It is in the party no longer. */
static void set_gone(struct lr_directory *d, struct lr_directory_member *m)
{
	if (!m->live)
		return;
	m->live = false;
	m->party->live--;
	d->n_members--;
	if (d->hooks.gone)
		d->hooks.gone(d->hooks.ctx, m->party->id, m->keyhash, m->party->owner);
}

/* Members count the time down themselves, so a lapse is told to nobody. */
void lr_directory_member_lapse(struct lr_directory *d, struct lr_directory_member *m)
{
	set_gone(d, m);
	m->told = false;
	if (m->forget_ns > m->until_ns)
		lr_timer_set(&d->timers, &m->timer, m->forget_ns);
	else
		lr_directory_member_free(d, m);
}

void lr_directory_member_free(struct lr_directory *d, struct lr_directory_member *m)
{
	set_gone(d, m);
	lr_directory_unmark(m->party, &m->change);
	lr_map_remove(&m->party->members, m->keyhash);
	lr_timer_remove(&d->timers, &m->timer);
	d->n_timers--;
	d->bytes -= m->len;
	free(m->bytes);
	free(m);
}

void lr_directory_member_sift(
	struct lr_directory *d, struct lr_directory_party *p, const struct lr_charter *c)
{
	for (struct lr_change *at = p->oldest, *next; at; at = next) {
		struct lr_directory_member *m = (struct lr_directory_member *)at;
		next = at->next;
		if (at->kind == LR_LIST_RECORD && !lr_charter_box(c, m->keyhash))
			lr_directory_member_free(d, m);
	}
}

static struct lr_directory_member *member_new(
	struct lr_directory *d, struct lr_directory_party *p, const uint8_t *keyhash)
{
	struct lr_directory_member *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->party = p;
	m->timer.kind = LR_DUE_MEMBER;
	m->change.kind = LR_LIST_RECORD;
	memcpy(m->keyhash, keyhash, LR_KEYHASH_LEN);
	if (lr_directory_timer(d) < 0 || lr_map_put(&p->members, keyhash, m) < 0) {
		free(m);
		return NULL;
	}
	return m;
}

static void set_live(struct lr_directory *d, struct lr_directory_member *m)
{
	if (m->live)
		return;
	m->live = true;
	m->party->live++;
	d->n_members++;
}

bool lr_directory_member_take(struct lr_directory *d, struct lr_directory_party *p,
	const struct lr_envelope *e, const uint8_t *bytes, size_t len,
	const struct lr_directory_now *now)
{
	struct lr_directory_member *m = lr_directory_member_of(p, e->keyhash);
	uint8_t *copy = malloc(len);

	if (!copy || (!m && !(m = member_new(d, p, e->keyhash)))) {
		free(copy);
		return false;
	}
	memcpy(copy, bytes, len);
	d->bytes += len - m->len;
	free(m->bytes);
	m->bytes = copy;
	m->len = (uint16_t)len;
	m->epoch = e->epoch;
	m->version = e->version;
	m->told = true;
	m->until_ns = lr_directory_deadline(now, e->expiry_s);
	if (m->forget_ns < m->until_ns)
		m->forget_ns = m->until_ns;
	if (e->leave)
		set_gone(d, m);
	else
		set_live(d, m);
	lr_timer_set(&d->timers, &m->timer, m->live ? m->until_ns : m->forget_ns);
	lr_directory_used(d, p, now);
	lr_directory_mark(d, p, &m->change);
	return true;
}

/* Whether there is room for a record of `len` bytes. Those who left still count for a while, so
 * that nobody fills the memory by coming and going. */
static bool room_for(const struct lr_directory *d, const struct lr_directory_party *p,
	const struct lr_directory_member *m, const struct lr_envelope *e, size_t len)
{
	if ((!m || !m->live) && !e->leave && p->live >= d->limits.members)
		return false;
	if (!m && p->members.n >= 2 * (size_t)d->limits.members)
		return false;
	return (m && len <= m->len) || d->bytes + len <= d->limits.bytes;
}

/* An envelope whose form and keyhash are right. */
static enum lr_directory_result put_envelope(struct lr_directory *d, struct lr_directory_party *p,
	const struct lr_envelope *e, const uint8_t *bytes, size_t len,
	const struct lr_directory_now *now)
{
	const struct lr_directory_member *m = lr_directory_member_of(p, e->keyhash);
	uint64_t now_s = now->unix_ms / 1000;
	int rc = lr_envelope_check(e, bytes, len, p->id, p->epoch, p->access);

	if (rc < 0)
		return rc == -ESTALE ? LR_DIRECTORY_EPOCH : LR_DIRECTORY_FORGED;
	if (m && m->len == len && m->told && memcmp(m->bytes, bytes, len) == 0)
		return LR_DIRECTORY_SAME;
	if (m && e->version <= m->version)
		return LR_DIRECTORY_STALE;
	if (e->expiry_s <= now_s || e->expiry_s - now_s > LR_RECORD_EXPIRY_S + SLACK_S)
		return LR_DIRECTORY_EXPIRY;
	if (!room_for(d, p, m, e, len) || !lr_directory_member_take(d, p, e, bytes, len, now))
		return LR_DIRECTORY_FULL;
	return LR_DIRECTORY_OK;
}

enum lr_directory_result lr_directory_put_record(struct lr_directory *d,
	const uint8_t id[LR_PARTY_ID_LEN], const uint8_t keyhash[LR_KEYHASH_LEN],
	const uint8_t *bytes, size_t len, const struct lr_directory_now *now)
{
	struct lr_directory_party *p = lr_directory_find(d, id);
	enum lr_directory_result r;
	struct lr_envelope e;

	if (!p)
		r = LR_DIRECTORY_UNKNOWN;
	else if (len > d->limits.record_bytes || len > LR_RECORD_MAX)
		r = LR_DIRECTORY_TOO_LARGE;
	else if (lr_envelope_read(bytes, len, &e) < 0)
		r = LR_DIRECTORY_MALFORMED;
	else if (memcmp(e.keyhash, keyhash, LR_KEYHASH_LEN) != 0)
		r = LR_DIRECTORY_FORGED;
	else
		r = put_envelope(d, p, &e, bytes, len, now);
	return lr_directory_count(d, r);
}

const uint8_t *lr_directory_member(const struct lr_directory *d, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t keyhash[LR_KEYHASH_LEN])
{
	const struct lr_directory_party *p = lr_directory_find(d, id);
	const struct lr_directory_member *m = p ? lr_directory_member_of(p, keyhash) : NULL;

	return m && m->live ? m->bytes + LR_RECORD_KEY : NULL;
}
