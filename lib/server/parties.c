/*
 * parties.c - what happens when a party changes: its file, long polls, signals
 *
 * A change marks its party; settle() looks at the marked ones once a wake-up, so that many changes
 * cost one write and one answer. Requests that changed something wait in the order of the jobs that
 * write it.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/state.h"
#include "lib/server/server_inside.h"
#include "terms.h"

#define FILE_MAX_BYTES (8u << 20) /* a charter, 2 x 256 records, 64 offers, in base64, and room */
#define PARTY_FILE     ".json"

struct lr_directory_now lr_server_now(const struct lr_server *s)
{
	return (struct lr_directory_now){s->loop.now, lr_wall() / LR_NS_PER_MS};
}

/* ------------------------------------------------------------------ the pointer beside a party */

static struct lr_server_party *party_at(
	struct lr_server *s, const uint8_t id[LR_PARTY_ID_LEN], void **owner)
{
	if (!owner || *owner)
		return owner ? *owner : NULL;
	struct lr_server_party *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	memcpy(p->relay.id, id, LR_PARTY_ID_LEN);
	p->relay.seq = lr_directory_now_at(s->directory, id).seq;
	*owner = p;
	return p;
}

struct lr_server_party *lr_party_of(struct lr_server *s, const uint8_t id[LR_PARTY_ID_LEN])
{
	return party_at(s, id, lr_directory_owner(s->directory, id));
}

static void mark(struct lr_server *s, struct lr_server_party *p)
{
	if (p->dirty)
		return;
	p->dirty = true;
	p->next_dirty = s->dirty;
	s->dirty = p;
}

static void unmark(struct lr_server *s, struct lr_server_party *p)
{
	struct lr_server_party **at = &s->dirty;
	while (*at && *at != p)
		at = &(*at)->next_dirty;
	if (*at)
		*at = p->next_dirty;
	p->dirty = false;
}

/* ------------------------------------------------------------------ requests that wait */

static struct lr_wait *wait_new(struct lr_http_request *q, struct lr_server_party *p)
{
	struct lr_wait *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->request = q;
	w->party = p;
	*lr_http_owner(q) = w;
	return w;
}

static void wait_link(struct lr_wait *w, struct lr_wait **at)
{
	w->prev = at;
	w->next = *at;
	*at = w;
	if (w->next)
		w->next->prev = &w->next;
}

static void wait_free(struct lr_server *s, struct lr_wait *w)
{
	if (w->poll) {
		lr_timer_remove(&s->polls, &w->timer);
		w->party->n_polls--;
		s->n_polls--;
	} else if (s->last_save == &w->next) {
		s->last_save = w->prev;
	}
	*w->prev = w->next;
	if (w->next)
		w->next->prev = w->prev;
	*lr_http_owner(w->request) = NULL;
	free(w->bytes);
	free(w);
}

void lr_parties_forget(struct lr_server *s, struct lr_http_request *q)
{
	struct lr_wait *w = *lr_http_owner(q);
	if (w)
		wait_free(s, w);
}

static void answer_poll(struct lr_server *s, struct lr_wait *w)
{
	struct lr_http_request *q = w->request;
	struct lr_since since = w->since;
	const uint8_t *id = w->party->relay.id;
	bool has = w->has_since;
	lr_api_answer_list(s, q, id, has ? &since : NULL);
	wait_free(s, w);
}

void lr_parties_poll(struct lr_server *s, struct lr_http_request *q, struct lr_server_party *p,
	const struct lr_since *since, uint64_t deadline)
{
	struct lr_wait *w = NULL;
	if (lr_timers_reserve(&s->polls, s->n_polls + 1) == 0)
		w = wait_new(q, p);
	if (!w) {
		lr_api_answer(s, q, 503, "text/plain", NULL, 0);
		return;
	}
	w->poll = true;
	w->since = *since;
	w->has_since = true;
	wait_link(w, &p->polls);
	p->n_polls++;
	s->n_polls++;
	lr_timer_set(&s->polls, &w->timer, deadline);
}

static void answer_save(struct lr_server *s, struct lr_wait *w, bool failed)
{
	struct lr_wait gone = *w;
	w->bytes = NULL;
	wait_free(s, w);
	if (failed) {
		free(gone.bytes);
		lr_api_answer(s, gone.request, 500, "text/plain", NULL, 0);
	} else if (gone.list) {
		lr_api_answer_list(s, gone.request, gone.id, gone.has_since ? &gone.since : NULL);
	} else {
		lr_api_answer(
			s, gone.request, 200, "application/octet-stream", gone.bytes, gone.len);
	}
}

static void answer_later(struct lr_server *s, struct lr_wait *w)
{
	wait_link(w, s->last_save);
	s->last_save = &w->next;
}

void lr_parties_answer_saved(
	struct lr_server *s, struct lr_http_request *q, void *bytes, size_t len)
{
	struct lr_wait *w = wait_new(q, NULL);
	if (!w) {
		free(bytes);
		lr_api_answer(s, q, 503, "text/plain", NULL, 0);
		return;
	}
	w->bytes = bytes;
	w->len = len;
	answer_later(s, w);
}

void lr_parties_list_saved(struct lr_server *s, struct lr_http_request *q,
	const uint8_t id[LR_PARTY_ID_LEN], const struct lr_since *since)
{
	struct lr_wait *w = wait_new(q, NULL);
	if (!w) {
		lr_api_answer(s, q, 503, "text/plain", NULL, 0);
		return;
	}
	w->list = true;
	memcpy(w->id, id, sizeof(w->id));
	w->has_since = since != NULL;
	if (since)
		w->since = *since;
	answer_later(s, w);
}

/* Those whose changes are on the disk. */
static void answer_saves(struct lr_server *s)
{
	for (struct lr_wait *w; (w = s->saves) && w->placed && w->job <= s->saved_job;)
		answer_save(s, w, w->job && w->job <= s->save_failed);
}

void lr_parties_saved(struct lr_source *source, uint32_t events)
{
	struct lr_server *s = source->ctx;
	char why[200];
	(void)events;
	uint64_t done = lr_saver_done(s->saver, &s->save_failed, why);
	if (why[0])
		lr_log(LR_LOG_ERROR, "state is not saved: %s", why);
	s->saved_job = done;
	answer_saves(s);
}

/* ------------------------------------------------------------------ the file of a party */

static char *path_of(const struct lr_server *s, const uint8_t id[LR_PARTY_ID_LEN])
{
	char text[LR_PARTY_ID_TEXT], *path;
	if (asprintf(&path, "%s/%s" PARTY_FILE, s->dir, lr_party_id_text(id, text)) < 0)
		return NULL;
	return path;
}

static json_t *channels_json(const struct lr_server_party *p)
{
	json_t *list = json_array();
	for (const struct lr_relay_channel *c = p->relay.channels; c; c = c->next) {
		char text[LR_KEYHASH_TEXT];
		json_t *o = json_object();
		lr_json_put_int(o, LR_K_CHANNEL, c->number);
		lr_json_put_str(o, LR_K_KEYHASH, lr_keyhash_text(c->keyhash, text));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *lent_json(const struct lr_server_party *p)
{
	json_t *list = json_array();
	for (const struct lr_relay_channel *c = p->relay.channels; c; c = c->next) {
		for (const struct lr_lent *lent = c->lents; lent; lent = lent->next) {
			json_t *o = json_object();
			lr_json_put_int(o, LR_K_PORT, lent->port);
			lr_json_put_int(o, LR_K_CHANNEL, c->number);
			lr_json_put_int(o, LR_K_TAG, lent->tag);
			json_array_append_new(list, o);
		}
	}
	return list;
}

/* Takes `value`. */
static void put_job(struct lr_server *s, const char *path, json_t *value)
{
	uint64_t job = lr_saver_put(s->saver, path, value);
	if (job)
		s->last_job = job;
}

static void save(struct lr_server *s, struct lr_server_party *p)
{
	struct lr_directory_now now = lr_server_now(s);
	char *path = path_of(s, p->relay.id);
	json_t *o = path ? lr_directory_export(s->directory, p->relay.id, &now) : NULL;
	if (o) {
		lr_json_put(o, LR_K_CHANNELS, channels_json(p));
		lr_json_put(o, LR_K_LENT, lent_json(p));
		put_job(s, path, o);
	}
	free(path);
}

static void load_channels(struct lr_server *s, struct lr_server_party *p, const json_t *list)
{
	const json_t *o;
	size_t i;
	json_array_foreach (list, i, o) {
		bool bad = false;
		uint8_t keyhash[LR_KEYHASH_LEN];
		const char *text = lr_json_str(o, LR_K_KEYHASH, &bad);
		int64_t number = lr_json_int(o, LR_K_CHANNEL, 0, &bad);
		unsigned count;
		if (bad || !text || number <= 0 || number > UINT32_MAX ||
			lr_keyhash_parse(text, strlen(text), keyhash) < 0 ||
			!lr_directory_member(s->directory, p->relay.id, keyhash))
			continue;
		lr_channels_oldest(&p->relay, keyhash, &count);
		if (count < LR_CHANNELS_MEMBER)
			(void)!lr_channels_open(
				&s->relay.channels, &p->relay, keyhash, (uint32_t)number);
	}
}

/* The ports that guests know: nobody else may have them. */
static void load_lent(struct lr_server *s, struct lr_server_party *p, const json_t *list)
{
	const json_t *o;
	size_t i;
	json_array_foreach (list, i, o) {
		bool bad = false;
		int64_t port = lr_json_int(o, LR_K_PORT, 0, &bad);
		int64_t number = lr_json_int(o, LR_K_CHANNEL, 0, &bad);
		int64_t tag = lr_json_int(o, LR_K_TAG, 0, &bad);
		struct lr_relay_channel *c =
			lr_channels_by_number(&s->relay.channels, (uint32_t)number);
		if (bad || port <= 0 || port > UINT16_MAX || tag < 0 || tag > UINT32_MAX || !c ||
			c->party != &p->relay)
			continue;
		if (!lr_relay_lend(&s->relay, c, (uint16_t)port, (uint32_t)tag, lr_now()))
			lr_log(LR_LOG_ERROR, "port %u, lent for a guest, is in use now",
				(unsigned)port);
	}
}

static int load_object(struct lr_server *s, const json_t *o, const uint8_t *id, struct lr_err *err)
{
	struct lr_directory_now now = lr_server_now(s);
	if (lr_directory_import(s->directory, o, &now, err) < 0)
		return -1;
	struct lr_server_party *p = lr_party_of(s, id);
	if (!p)
		return lr_err_set(err, LR_EXIT_FAILED, "it is of another party, or out of memory");
	load_channels(s, p, json_object_get(o, LR_K_CHANNELS));
	load_lent(s, p, json_object_get(o, LR_K_LENT));
	return 0;
}

/* What cannot be read is kept beside, and said. */
static void load_file(struct lr_server *s, const char *path, const uint8_t *id)
{
	struct lr_err err = {.text = ""};
	size_t len = 0;
	char *text = lr_read_file(path, FILE_MAX_BYTES, &len, &err);
	json_error_t where;
	json_t *o = text ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &where) : NULL;
	bool good = o && load_object(s, o, id, &err) == 0;
	json_decref(o);
	free(text);
	if (good)
		return;
	char *aside = NULL;
	if (asprintf(&aside, "%s.bad", path) >= 0 && rename(path, aside) == 0)
		lr_log(LR_LOG_ERROR, "%s: %s: kept as %s", path,
			err.text[0] ? err.text : "not JSON", aside);
	free(aside);
}

int lr_parties_load(struct lr_server *s, struct lr_err *err)
{
	DIR *dir = opendir(s->dir);
	if (!dir)
		return lr_err_set(err, LR_EXIT_FAILED, "%.300s: %s", s->dir, strerror(errno));
	for (struct dirent *e; (e = readdir(dir));) {
		uint8_t id[LR_PARTY_ID_LEN];
		size_t chars = LR_PARTY_ID_TEXT - 1;
		char *path = NULL;
		if (strlen(e->d_name) != chars + strlen(PARTY_FILE) ||
			strcmp(e->d_name + chars, PARTY_FILE) != 0 ||
			lr_party_id_parse(e->d_name, chars, id) < 0 ||
			(s->options.only && memcmp(id, s->options.only, sizeof(id)) != 0))
			continue;
		if (asprintf(&path, "%s/%s", s->dir, e->d_name) >= 0)
			load_file(s, path, id);
		free(path);
	}
	closedir(dir);
	return 0;
}

/* ------------------------------------------------------------------ what the directory tells */

static void changed(void *ctx, const uint8_t id[LR_PARTY_ID_LEN], uint64_t seq, void *owner)
{
	struct lr_server *s = ctx;
	struct lr_server_party *p = owner ? owner : lr_party_of(s, id);
	(void)seq;
	if (!p)
		return;
	p->news = true;
	mark(s, p);
}

static void member_gone(void *ctx, const uint8_t id[LR_PARTY_ID_LEN],
	const uint8_t keyhash[LR_KEYHASH_LEN], void *owner)
{
	struct lr_server *s = ctx;
	struct lr_server_party *p = owner;
	(void)id;
	if (!p)
		return;
	lr_relay_leave(&s->relay, &p->relay, keyhash);
	mark(s, p);
}

static void forgotten(void *ctx, const uint8_t id[LR_PARTY_ID_LEN], void *owner)
{
	struct lr_server *s = ctx;
	struct lr_server_party *p = owner;
	char *path = path_of(s, id);
	if (path)
		put_job(s, path, NULL);
	free(path);
	if (!p)
		return;
	while (p->polls) {
		lr_api_answer(s, p->polls->request, 404, "text/plain", NULL, 0);
		wait_free(s, p->polls);
	}
	lr_relay_leave(&s->relay, &p->relay, NULL);
	unmark(s, p);
	free(p);
}

const struct lr_directory_hooks lr_parties_directory_hooks = {
	.changed = changed, .gone = member_gone, .forgotten = forgotten};

/* ------------------------------------------------------------------ what the relay asks */

static const uint8_t *member(void *ctx, const uint8_t id[LR_FRAME_ID_LEN],
	const uint8_t keyhash[LR_FRAME_KEYHASH], struct lr_relay_party **party)
{
	struct lr_server *s = ctx;
	const uint8_t *key = lr_directory_member(s->directory, id, keyhash);
	struct lr_server_party *p = key ? lr_party_of(s, id) : NULL;
	struct lr_directory_now now = lr_server_now(s);
	if (!p)
		return NULL;
	lr_directory_touch(s->directory, id, &now);
	*party = &p->relay;
	return key;
}

static void channels_changed(void *ctx, struct lr_relay_party *party)
{
	mark(ctx, (struct lr_server_party *)party);
}

static void send_frame(void *ctx, struct lr_relay_channel *to, const uint8_t *frame, size_t len)
{
	const struct lr_relay_source at = {.at = to->at, .socket = to->socket};
	if (to->conn)
		lr_tunnel_push(ctx, to->conn, frame, len);
	else
		lr_server_send(ctx, &at, frame, len);
}

/* Where the system sends from the right address of its own accord it is not told to. If routes
 * change later, the member hears no answer from the address that it asks, and binds again. */
static void channel_bound(void *ctx, struct lr_relay_channel *c)
{
	(void)ctx;
	if (!c->conn && c->at.from.family && lr_batch_source_usual(&c->at))
		c->at.from.family = 0;
}

const struct lr_relay_hooks lr_parties_relay_hooks = {
	.member = member, .bound = channel_bound, .changed = channels_changed, .send = send_frame};

/* ------------------------------------------------------------------ once a wake-up */

static void tell(struct lr_server *s, struct lr_server_party *p, uint64_t now)
{
	struct lr_since at = lr_directory_now_at(s->directory, p->relay.id);
	p->news = false;
	for (struct lr_wait *w = p->polls, *next; w; w = next) {
		next = w->next;
		if (lr_directory_news(s->directory, p->relay.id, &w->since))
			answer_poll(s, w);
	}
	lr_relay_signal(&s->relay, &p->relay, at.seq, now);
}

void lr_parties_settle(struct lr_server *s, uint64_t now)
{
	for (struct lr_server_party *p; (p = s->dirty);) {
		s->dirty = p->next_dirty;
		p->dirty = false;
		save(s, p);
		if (p->news)
			tell(s, p, now);
	}
	/* Jobs are done in their order: what was changed before now is saved with the last. */
	for (struct lr_wait *w = s->saves; w; w = w->next) {
		w->job = w->placed ? w->job : s->last_job;
		w->placed = true;
	}
	answer_saves(s);
	for (struct lr_timer *t; (t = lr_timers_pop(&s->polls, now));)
		answer_poll(s, (struct lr_wait *)t);
}

static void release_one(void *ctx, const uint8_t id[LR_PARTY_ID_LEN])
{
	struct lr_server *s = ctx;
	void **owner = lr_directory_owner(s->directory, id);
	struct lr_server_party *p = owner ? *owner : NULL;
	if (!p)
		return;
	lr_relay_leave(&s->relay, &p->relay, NULL);
	*owner = NULL;
	free(p);
}

void lr_parties_release(struct lr_server *s)
{
	lr_directory_each(s->directory, release_one, s);
	lr_timers_release(&s->polls);
}
