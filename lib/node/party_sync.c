/*
 * party_sync.c - charter, records and lists to and from each relay, over HTTP
 *
 * Theory of operation. A relay has a set of jobs that are wanted and one of those under way. A job
 * is started when it is wanted, not under way, and the relay is not being left alone after a
 * failure. Every answer that has a list, refusals too, goes to the roster, which decides what it is
 * worth; what it then wants to publish is wanted at all relays.
 *
 * Whatever a relay answers or signals, it makes us ask no faster than our own pace, and a record is
 * signed only when some relay can be sent it: a relay that lies costs no more than that.
 *
 * Our address is settled when all relays that answer have answered to a record with it: until then
 * somebody may have it (lib/party/roster.h). What else became known of us meanwhile, such as our
 * address outside, is published, but not waited for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/node/party_inside.h"
#include "terms.h"

#define TIMEOUT_MS 10000
#define WAIT_S     25 /* of a long poll */
#define POLL_AFTER 4  /* s: how long the channel may take before a connection is held */
#define RETRY_MS   500ull
#define RETRY_S    30
#define LEAVE_MS   900
#define PACE       (LR_NS_PER_S / 4) /* between two requests to one relay, */
#define AT_ONCE    32                /* but for so many */
#define JOIN_TRIES 3                 /* refusals before an invite is given up */
#define SILENT_MS                                                                                  \
	1000 /* a relay that says nothing for so long is not waited for when another answers */

static uint8_t bit(enum lr_sync_job job)
{
	return (uint8_t)(1u << job);
}

/* --- what is sent --- */

void lr_sync_url(const struct lr_party_relay *r, const char *path, char *out)
{
	char host[LR_PLACE_TEXT];
	uint16_t port = lr_place_split(&r->place, host);
	bool v6 = strchr(host, ':') != NULL;

	snprintf(out, LR_SYNC_URL, "%s://%s%s%s:%u%s", lr_https_wanted(r) ? "https" : "http",
		v6 ? "[" : "", host, v6 ? "]" : "", port, path);
}

static void path_of(const struct lr_party_relay *r, enum lr_sync_job job, char *out)
{
	const struct lr_party *p = r->party;
	char id[LR_PARTY_ID_TEXT] = "", own[LR_KEYHASH_TEXT] = "", since[LR_SINCE_TEXT + 8] = "";
	char text[LR_SINCE_TEXT];

	if (p->roster) {
		lr_party_id_text(lr_roster_id(p->roster), id);
		lr_keyhash_text(lr_roster_keyhash(p->roster), own);
	}
	if (r->since.epoch)
		snprintf(since, sizeof(since), "?since=%s", lr_since_text(&r->since, text));
	if (job == LR_SYNC_PUT || job == LR_SYNC_LEAVE)
		snprintf(out, LR_SYNC_PATH, "/v1/parties/%s/members/%s%s", id, own, since);
	else if (job == LR_SYNC_LIST && r->polling)
		snprintf(out, LR_SYNC_PATH, "/v1/parties/%s/members%s&wait=%u", id, since, WAIT_S);
	else if (job == LR_SYNC_LIST)
		snprintf(out, LR_SYNC_PATH, "/v1/parties/%s/members%s", id, since);
	else if (job == LR_SYNC_OFFER)
		snprintf(out, LR_SYNC_PATH, "/v1/parties/%s/invites", id);
	else
		snprintf(out, LR_SYNC_PATH, "/v1/parties/%s", id);
}

static void claim_path(const struct lr_party *p, char *out)
{
	uint8_t hash[LR_TOKEN_HASH_LEN];
	char text[LR_TOKEN_HASH_TEXT];

	lr_token_hash(hash, p->invite.token);
	snprintf(out, LR_SYNC_PATH, "/v1/invites/%s/claim", lr_token_hash_text(hash, text));
}

static void body_of(const struct lr_party_relay *r, enum lr_sync_job job, struct lr_helper_http *h)
{
	const struct lr_party *p = r->party;

	if (job == LR_SYNC_PUT || job == LR_SYNC_LEAVE) {
		h->body = p->record;
		h->len = p->record_len;
	} else if (job == LR_SYNC_CHARTER) {
		h->body = lr_roster_charter_bytes(p->roster, &h->len);
	} else if (job == LR_SYNC_OFFER) {
		h->body = p->offer;
		h->len = sizeof(p->offer);
	}
}

static void done(void *ctx, const struct lr_helper_answer *a);

static void start(struct lr_party_relay *r, enum lr_sync_job job, uint64_t now)
{
	static const char *const methods[LR_SYNC_JOBS] = {
		[LR_SYNC_PUT] = "PUT",
		[LR_SYNC_LIST] = "GET",
		[LR_SYNC_CHARTER] = "PUT",
		[LR_SYNC_CLAIM] = "POST",
		[LR_SYNC_OFFER] = "POST",
		[LR_SYNC_LEAVE] = "DELETE",
	};
	struct lr_party *p = r->party;
	char path[LR_SYNC_PATH], url[LR_SYNC_URL], access[LR_ACCESS_TEXT],
		header[LR_ACCESS_TEXT + 16];
	struct lr_helper_http h = {.method = methods[job], .url = url, .timeout_ms = TIMEOUT_MS};

	if (job == LR_SYNC_CLAIM)
		claim_path(p, path);
	else
		path_of(r, job, path);
	lr_sync_url(r, path, url);
	body_of(r, job, &h);
	if (job == LR_SYNC_LIST) {
		uint64_t time_s = lr_roster_time(p->roster, now, lr_wall() / LR_NS_PER_S);
		snprintf(header, sizeof(header), "LR-Access: %s",
			lr_access_text(lr_roster_id(p->roster), lr_roster_keys(p->roster), time_s,
				access));
		h.header = header;
		h.timeout_ms += r->polling ? WAIT_S * 1000 : 0;
	}
	if (job == LR_SYNC_LEAVE)
		h.timeout_ms = LEAVE_MS;
	if (job == LR_SYNC_PUT)
		r->put_sent = p->record_serial;
	r->contexts[job].relay = r;
	r->contexts[job].job = (uint8_t)job;
	r->contexts[job].tls = lr_https_wanted(r);
	if (lr_helper_http(&p->helper, &h, done, &r->contexts[job]) < 0) {
		r->retry_ns = now + RETRY_MS * LR_NS_PER_MS;
		return;
	}
	r->paced_ns = (r->paced_ns > now ? r->paced_ns : now) + PACE;
	r->want &= (uint8_t)~bit(job);
	r->busy |= bit(job);
}

/* --- what comes back --- */

/* While joining: no relay lets us in, and at least one says why. */
static const char *shut_out(const struct lr_party *p)
{
	const char *why = NULL;

	if (p->phase != LR_PARTY_STARTING || p->hosted || !p->invite.n_relays)
		return NULL;
	for (unsigned i = 0; i < p->n_relays; i++) {
		if (p->relays[i].failures < JOIN_TRIES)
			return NULL;
		why = p->relays[i].no ? p->relays[i].no : why;
	}
	return why;
}

static void failed(struct lr_party_relay *r, enum lr_sync_job job, const char *why)
{
	uint64_t now = lr_party_now(r->party);
	uint64_t wait = RETRY_MS * LR_NS_PER_MS << (r->failures < 6 ? r->failures : 6);

	r->failures++;
	r->want |= bit(job);
	r->retry_ns = now + (wait < RETRY_S * LR_NS_PER_S ? wait : RETRY_S * LR_NS_PER_S);
	snprintf(r->error, sizeof(r->error), "%s", why);
	if (lr_move_given_up(r))
		lr_channel_release(r);
	if (shut_out(r->party))
		lr_party_out(r->party, shut_out(r->party));
}

static void refused(struct lr_party_relay *r, enum lr_sync_job job, unsigned status)
{
	char why[64];

	if (status == 403)
		r->no = "the relay refuses the invite's secret: ask for a new invite";
	snprintf(why, sizeof(why), "the relay answered %u", status);
	failed(r, job, why);
}

/* The relay does not know the party, or an older charter. */
static void give_charter(struct lr_party_relay *r, enum lr_sync_job then)
{
	size_t len;

	if (lr_roster_charter_bytes(r->party->roster, &len)) {
		r->want |= bit(LR_SYNC_CHARTER) | bit(then);
		return;
	}
	r->no = "the relay does not know this party, or not as the invite says: ask for a new "
		"invite";
	failed(r, then, "the relay does not know this party");
}

static void after_put(struct lr_party_relay *r, const struct lr_helper_answer *a)
{
	struct lr_party *p = r->party;

	if (a->status == 200) {
		r->answered = true;
		r->put_serial = r->put_sent;
	} else if (a->status == 404) {
		give_charter(r, LR_SYNC_PUT);
	} else if (a->status == 409 && !lr_roster_wants_publish(p->roster, lr_party_now(p))) {
		give_charter(r, LR_SYNC_PUT);
	} else if (a->status == 422) {
		lr_roster_touch(p->roster); /* its time is known now */
	} else if (a->status != 409) {
		refused(r, LR_SYNC_PUT, a->status);
	}
}

static void after_charter(struct lr_party_relay *r, const struct lr_helper_answer *a)
{
	if (a->status == 200) {
		r->want |= bit(LR_SYNC_PUT);
		lr_move_done(r);
	} else if (a->status != 409)
		refused(r, LR_SYNC_CHARTER, a->status);
}

static void after_list(struct lr_party_relay *r, const struct lr_helper_answer *a)
{
	if (a->status == 404)
		give_charter(r, LR_SYNC_PUT);
	else if (a->status == 409)
		r->want |= bit(LR_SYNC_PUT); /* our time or epoch; a PUT needs no time */
	else if (a->status != 200)
		refused(r, LR_SYNC_LIST, a->status);
}

/* The next relay of the invite is asked, until one hands it out. */
static void after_claim(struct lr_party_relay *r, const struct lr_helper_answer *a)
{
	struct lr_party *p = r->party;
	unsigned next = (unsigned)(r - p->relays) + 1;

	if (a->status == 200 && lr_token_open(&p->invite, a->body, a->len) == 0) {
		p->claiming = false;
		if (lr_party_enter(p, &p->error) < 0)
			lr_party_out(p, p->error.text);
		return;
	}
	if (next < p->n_relays) {
		p->relays[next].want |= bit(LR_SYNC_CLAIM);
		return;
	}
	if (a->status == 404 || a->status == 200 || a->status == 403)
		lr_party_out(p, "the invite is used up, expired or not of this relay; ask for "
				"another");
	else
		refused(r, LR_SYNC_CLAIM, a->status);
}

static void after_offer(struct lr_party_relay *r, const struct lr_helper_answer *a)
{
	if (a->status != 200)
		refused(r, LR_SYNC_OFFER, a->status);
}

static void done(void *ctx, const struct lr_helper_answer *a)
{
	const struct lr_sync_context *c = ctx;
	struct lr_party_relay *r = c->relay;
	struct lr_party *p = r->party;
	enum lr_sync_job job = c->job;
	uint64_t now = lr_party_now(p);
	const char *why = a->error;

	r->busy &= (uint8_t)~bit(job);
	if (job == LR_SYNC_LIST)
		r->polling = false;
	lr_party_wake(p);
	if (a->status == 0 && lr_https_give_up(r, a, &why)) {
		r->want |= bit(job);
		return;
	}
	if (a->status == 0) {
		failed(r, job, why);
		return;
	}
	if (c->tls)
		lr_https_spoken(r);
	if (a->status == 200) {
		r->failures = 0;
		r->no = NULL;
		r->error[0] = '\0';
	}
	if (p->roster && job != LR_SYNC_CLAIM && a->len)
		lr_roster_absorb(p->roster, a->body, a->len, now, &r->since);
	if (p->phase == LR_PARTY_OUT)
		return;
	if (job == LR_SYNC_PUT)
		after_put(r, a);
	else if (job == LR_SYNC_CHARTER)
		after_charter(r, a);
	else if (job == LR_SYNC_LIST)
		after_list(r, a);
	else if (job == LR_SYNC_CLAIM)
		after_claim(r, a);
	else if (job == LR_SYNC_OFFER)
		after_offer(r, a);
	p->save = true;
}

/* --- when --- */

/* A connection is held only where no signal can reach us. */
static bool wants_poll(const struct lr_party_relay *r, uint64_t now)
{
	return r->answered && r->since.epoch && !lr_channel_bound(r) &&
	       now - r->party->opened_ns > POLL_AFTER * LR_NS_PER_S;
}

static void run_relay(struct lr_party_relay *r, uint64_t now)
{
	struct lr_party *p = r->party;

	if (r->retry_ns <= now && r->paced_ns > now + AT_ONCE * PACE)
		r->retry_ns = r->paced_ns - AT_ONCE * PACE;
	if (r->retry_ns > now || lr_move_rests(r))
		return;
	if (p->roster && p->record_len && r->put_serial < p->record_serial)
		r->want |= bit(LR_SYNC_PUT);
	if (r->want & bit(LR_SYNC_CLAIM) && !(r->busy & bit(LR_SYNC_CLAIM)))
		start(r, LR_SYNC_CLAIM, now);
	if (!p->roster)
		return;
	if (r->busy & bit(LR_SYNC_CHARTER))
		return; /* what else there is waits for it */
	if (r->want & bit(LR_SYNC_CHARTER)) {
		start(r, LR_SYNC_CHARTER, now);
		return;
	}
	if (r->want & bit(LR_SYNC_PUT) && !(r->busy & bit(LR_SYNC_PUT)) && p->record_len)
		start(r, LR_SYNC_PUT, now);
	if (r->want & bit(LR_SYNC_OFFER) && !(r->busy & bit(LR_SYNC_OFFER)))
		start(r, LR_SYNC_OFFER, now);
	if (r->busy & bit(LR_SYNC_LIST) || r->busy & bit(LR_SYNC_PUT))
		return; /* its answer is a list */
	r->polling = !(r->want & bit(LR_SYNC_LIST)) && wants_poll(r, now);
	if (r->want & bit(LR_SYNC_LIST) || r->polling)
		start(r, LR_SYNC_LIST, now);
}

/* Some relay can be sent our record now. */
static bool may_put(const struct lr_party *p, uint64_t now)
{
	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		if (r->retry_ns <= now && r->paced_ns <= now + AT_ONCE * PACE &&
			!lr_move_rests(r) && !(r->busy & (bit(LR_SYNC_PUT) | bit(LR_SYNC_CHARTER))))
			return true;
	}
	return false;
}

static void publish(struct lr_party *p, uint64_t now)
{
	uint8_t nonce[LR_XNONCE_LEN];

	if (!p->roster || p->leaving || !lr_roster_wants_publish(p->roster, now) ||
		!may_put(p, now))
		return;
	lr_random(nonce, sizeof(nonce));
	int len =
		lr_roster_publish(p->roster, false, now, lr_wall() / LR_NS_PER_S, nonce, p->record);
	if (len < 0) {
		lr_log(LR_LOG_ERROR, "%s: own record: %s", p->node->iface, strerror(-len));
		p->record_len = 0;
		return;
	}
	p->record_len = (size_t)len;
	p->record_serial++;
	if (!lr_ip_equal(&p->claimed, &lr_roster_self(p->roster)->address)) {
		p->claimed = lr_roster_self(p->roster)->address;
		p->claim_serial = p->record_serial;
	}
	p->save = true;
}

static uint64_t silent_ns(const struct lr_party *p)
{
	return p->opened_ns + SILENT_MS * LR_NS_PER_MS;
}

/* All relays that can be reached have answered to a record with our address. */
static bool all_answered(const struct lr_party *p, uint64_t now)
{
	unsigned answered = 0;

	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		if (r->put_serial >= p->claim_serial)
			answered++;
		else if (!r->failures && now < silent_ns(p))
			return false;
	}
	return answered > 0;
}

static void settle(struct lr_party *p, uint64_t now)
{
	if (!p->roster || !p->record_serial || p->moving || !lr_roster_joining(p->roster) ||
		!lr_ip_equal(&p->claimed, &lr_roster_self(p->roster)->address) ||
		!all_answered(p, now))
		return;
	lr_roster_settle(p->roster, now, lr_wall() / LR_NS_PER_S);
	lr_party_up(p);
}

void lr_sync_run(struct lr_party *p, uint64_t now)
{
	if (p->phase == LR_PARTY_OUT || p->leaving)
		return;
	settle(p, now);
	publish(p, now);
	for (unsigned i = 0; i < p->n_relays; i++)
		run_relay(&p->relays[i], now);
}

uint64_t lr_sync_due(const struct lr_party *p, uint64_t now)
{
	uint64_t due = p->roster ? lr_roster_due(p->roster) : LR_NEVER;

	if (p->phase == LR_PARTY_OUT || p->leaving)
		return LR_NEVER;
	if (due <= now && !may_put(p, now))
		due = LR_NEVER; /* a refresh that waits for a relay */
	if (p->phase == LR_PARTY_STARTING && silent_ns(p) > now && silent_ns(p) < due)
		due = silent_ns(p);
	for (unsigned i = 0; i < p->n_relays; i++) {
		const struct lr_party_relay *r = &p->relays[i];
		uint64_t poll = p->opened_ns + POLL_AFTER * LR_NS_PER_S + 1;
		if (lr_move_rests(r))
			continue;
		if (r->retry_ns > now && r->retry_ns < due)
			due = r->retry_ns;
		if (r->paced_ns > now + AT_ONCE * PACE && r->paced_ns - AT_ONCE * PACE < due)
			due = r->paced_ns - AT_ONCE * PACE;
		if (r->answered && !lr_channel_bound(r) && poll > now && poll < due)
			due = poll;
	}
	return due;
}

void lr_sync_ask(struct lr_party *p)
{
	for (unsigned i = 0; i < p->n_relays; i++)
		if (p->relays[i].answered)
			p->relays[i].want |= bit(LR_SYNC_LIST);
	lr_party_wake(p);
}

void lr_sync_charter(struct lr_party *p)
{
	for (unsigned i = 0; i < p->n_relays; i++) {
		p->relays[i].want |= bit(LR_SYNC_CHARTER);
		p->relays[i].retry_ns = 0;
	}
	lr_party_wake(p);
}

struct lr_party_relay *lr_sync_find(struct lr_party *p, const struct lr_place *place)
{
	for (unsigned i = 0; i < p->n_relays; i++)
		if (strcmp(p->relays[i].place.text, place->text) == 0)
			return &p->relays[i];
	return NULL;
}

void lr_sync_add(struct lr_party *p, const struct lr_place *place)
{
	if (lr_sync_find(p, place))
		return;
	struct lr_party_relay *r = lr_move_room(p);
	if (!r)
		return;
	memset(r, 0, sizeof(*r));
	r->party = p;
	r->place = *place;
	r->former = lr_move_former(p, place);
	lr_channel_init(r);
}

/* --- leaving --- */

void lr_sync_leave(struct lr_party *p)
{
	uint64_t now = lr_party_now(p);
	uint8_t nonce[LR_XNONCE_LEN];

	p->leaving = true;
	lr_random(nonce, sizeof(nonce));
	int len =
		lr_roster_publish(p->roster, true, now, lr_wall() / LR_NS_PER_S, nonce, p->record);
	p->record_len = len > 0 ? (size_t)len : 0;
	for (unsigned i = 0; i < p->n_relays && p->record_len; i++)
		if (p->relays[i].answered)
			start(&p->relays[i], LR_SYNC_LEAVE, now);
}

bool lr_sync_left(const struct lr_party *p)
{
	for (unsigned i = 0; i < p->n_relays; i++)
		if (p->relays[i].busy & bit(LR_SYNC_LEAVE))
			return false;
	return true;
}
