/*
 * party_directory.c - the relay's view: what it takes, tells, remembers and forgets
 */
#include "lib/party/directory.h"
#include "t/unit/party_people.h"

static struct {
	unsigned changed, gone, forgotten;
} seen;

static void on_changed(void *ctx, const uint8_t *id, uint64_t seq, void *owner)
{
	(void)ctx, (void)id, (void)seq, (void)owner;
	seen.changed++;
}
static void on_gone(void *ctx, const uint8_t *id, const uint8_t *keyhash, void *owner)
{
	(void)ctx, (void)id, (void)keyhash, (void)owner;
	seen.gone++;
}
static void on_forgotten(void *ctx, const uint8_t *id, void *owner)
{
	(void)ctx, (void)id, (void)owner;
	seen.forgotten++;
}

static const struct lr_directory_hooks hooks = {NULL, on_changed, on_gone, on_forgotten};

static struct lr_directory *fresh(const struct lr_directory_limits *limits)
{
	memset(&seen, 0, sizeof(seen));
	return lr_directory_new(limits ? limits : &lr_directory_defaults, 0x1234, &hooks);
}

/* A member without a roster: signs what the test wants. */
struct man {
	uint8_t priv[32], key[32], secret[64], hash[16];
	const struct party *of;
};

static struct man man_of(const struct party *p)
{
	struct man m = {.of = p};
	uint8_t pub[32];

	lr_keypair(m.priv, pub);
	lr_keys_of_member(m.key, m.secret, m.priv, p->id);
	lr_keyhash(m.hash, m.key);
	return m;
}

static int record(
	const struct man *m, uint64_t version, uint64_t expiry_s, bool leave, uint8_t *out)
{
	const struct lr_signer by = {m->of->id, &m->of->keys, m->key, m->secret};
	struct lr_record r = {.name = "someone"};
	uint8_t nonce[24] = {0};

	lr_record_own(&r, m->priv, m->of->id, m->key, m->key);
	return lr_record_sign(leave ? NULL : &r, version, expiry_s, &by, nonce, out);
}

static enum lr_directory_result put(
	struct lr_directory *d, const struct man *m, uint64_t version, uint64_t life_s, bool leave)
{
	uint8_t out[LR_RECORD_MAX];
	int len = record(m, version, now.unix_ms / 1000 + life_s, leave, out);

	return lr_directory_put_record(d, m->of->id, m->hash, out, (size_t)len, &now);
}

/* Entries of each kind in the answer, and the sequence number. */
static struct lr_since count(const struct lr_directory *d, const struct party *p,
	const struct lr_since *since, unsigned n[4])
{
	size_t len;
	uint8_t *bytes = lr_directory_list(d, p->id, since, &now, &len);
	struct lr_list_entry e;
	struct lr_list l = {0};

	memset(n, 0, 4 * sizeof(*n));
	if (bytes && lr_list_read(bytes, len, &l) == 0) {
		n[0] = l.whole;
		while (lr_list_next(&l, &e))
			n[e.kind]++;
	}
	free(bytes);
	return l.now;
}

static void charters(void)
{
	struct party p, other;
	struct lr_directory *d = fresh(NULL);
	uint8_t bad[LR_CHARTER_MAX];
	size_t len;

	found(&p);
	found(&other);
	size_t n = (size_t)p.charter_len;
	is_int(lr_directory_put_charter(d, p.id, p.charter, n, false, &now), LR_DIRECTORY_CLOSED,
		"no new party from whom may not");
	is_int(lr_directory_put_charter(d, other.id, p.charter, n, true, &now), LR_DIRECTORY_FORGED,
		"none under another id");
	memcpy(bad, p.charter, n);
	bad[n - 70] ^= 1;
	ok(lr_directory_put_charter(d, p.id, bad, n, true, &now) != LR_DIRECTORY_OK,
		"none that is altered");
	is_int(lr_directory_put_charter(d, p.id, p.charter, n - 1, true, &now),
		LR_DIRECTORY_MALFORMED, "none that is cut");
	is_int(lr_directory_put_charter(d, p.id, bad, LR_CHARTER_MAX + 1, true, &now),
		LR_DIRECTORY_TOO_LARGE, "none that is too large");
	ok(!lr_directory_charter(d, p.id, &len) && !len, "nothing of this left a party");
	is_int(lr_directory_put_charter(d, p.id, p.charter, n, true, &now), LR_DIRECTORY_OK,
		"a good one");
	is_int(lr_directory_put_charter(d, p.id, p.charter, n, false, &now), LR_DIRECTORY_SAME,
		"and again");
	is_mem(lr_directory_charter(d, p.id, &len), p.charter, n, "anyone may read it");
	is_int(seen.changed, 1, "one change");

	static struct lr_charter c;
	uint8_t next[LR_CHARTER_MAX];
	lr_charter_read(p.charter, n, p.id, &c);
	lr_charter_fold(&c);
	c.flags = LR_CHARTER_HIDE;
	int next_len = lr_charter_sign(&c, p.host_secret, next);
	is_int(lr_directory_put_charter(d, p.id, next, (size_t)next_len, false, &now),
		LR_DIRECTORY_OK, "the next number");
	is_int(lr_directory_put_charter(d, p.id, p.charter, n, false, &now), LR_DIRECTORY_STALE,
		"the one before does not come back");
	uint8_t *held = lr_directory_refusal(d, p.id, NULL, LR_DIRECTORY_STALE, &now, &len);
	ok(held && len > (size_t)next_len && !memcmp(held + len - next_len, next, (size_t)next_len),
		"the refusal has the one held");
	free(held);
	lr_directory_free(d);
}

static void records(void)
{
	struct party p, other;
	struct lr_directory *d;
	uint8_t out[LR_RECORD_MAX + 1];
	size_t len;

	found(&p);
	found(&other);
	d = fresh(NULL);
	struct man kim = man_of(&p), lou = man_of(&p), spy = man_of(&other);
	is_int(put(d, &kim, 1, 900, false), LR_DIRECTORY_UNKNOWN, "no record without a party");
	lr_directory_put_charter(d, p.id, p.charter, (size_t)p.charter_len, true, &now);
	is_int(put(d, &kim, 5, 900, false), LR_DIRECTORY_OK, "a record");
	is_int(put(d, &kim, 5, 900, false), LR_DIRECTORY_SAME,
		"the same once more changes nothing");
	is_int(put(d, &kim, 5, 901, false), LR_DIRECTORY_STALE,
		"another with the version does not count");
	is_int(put(d, &kim, 4, 900, false), LR_DIRECTORY_STALE, "nor an older one");
	uint8_t *held = lr_directory_refusal(d, p.id, kim.hash, LR_DIRECTORY_STALE, &now, &len);
	int n = record(&kim, 5, now.unix_ms / 1000 + 900, false, out);
	ok(held && len == (size_t)n + 34 && !memcmp(held + 34, out, (size_t)n),
		"the answer is the one held");
	free(held);

	n = record(&kim, 6, now.unix_ms / 1000 + 900, false, out);
	is_int(lr_directory_put_record(d, p.id, lou.hash, out, (size_t)n, &now),
		LR_DIRECTORY_FORGED, "not under another's keyhash");
	out[n - 1] ^= 1;
	is_int(lr_directory_put_record(d, p.id, kim.hash, out, (size_t)n, &now),
		LR_DIRECTORY_FORGED, "not with a wrong access signature");
	is_int(lr_directory_put_record(d, p.id, kim.hash, out, (size_t)n - 1, &now),
		LR_DIRECTORY_MALFORMED, "not cut");
	is_int(lr_directory_put_record(d, p.id, kim.hash, out, LR_RECORD_MAX + 1, &now),
		LR_DIRECTORY_TOO_LARGE, "not too large");
	n = record(&spy, 6, now.unix_ms / 1000 + 900, false, out);
	is_int(lr_directory_put_record(d, p.id, spy.hash, out, (size_t)n, &now),
		LR_DIRECTORY_FORGED, "not of another party");
	/* Whoever has the party's secret, but not kim's key. */
	const struct lr_signer thief = {p.id, &p.keys, kim.key, lou.secret};
	struct lr_record r = {.name = "kim", .public_key = {1}};
	n = lr_record_sign(&r, 9, now.unix_ms / 1000 + 900, &thief, (uint8_t[24]){0}, out);
	is_int(lr_directory_put_record(d, p.id, kim.hash, out, (size_t)n, &now),
		LR_DIRECTORY_FORGED, "not signed by another member");
	n = lr_record_sign(NULL, 9, now.unix_ms / 1000 + 900, &thief, (uint8_t[24]){0}, out);
	is_int(lr_directory_put_record(d, p.id, kim.hash, out, (size_t)n, &now),
		LR_DIRECTORY_FORGED, "nor sent away by one");

	is_int(put(d, &kim, 7, 3605, false), LR_DIRECTORY_OK, "an hour ahead is the most");
	is_int(put(d, &kim, 8, 3606, false), LR_DIRECTORY_EXPIRY, "more is refused");
	is_int(put(d, &kim, 8, 0, false), LR_DIRECTORY_EXPIRY, "what is over as well");
	ok(lr_directory_member(d, p.id, kim.hash) &&
			!memcmp(lr_directory_member(d, p.id, kim.hash), kim.key, 32),
		"kim is a member");
	ok(!lr_directory_member(d, p.id, lou.hash), "lou is not");
	lr_directory_free(d);
}

/* A version is remembered as long as any record of the member could come back. */
static void memory(void)
{
	struct party p;
	struct lr_directory *d;
	uint8_t old[LR_RECORD_MAX];
	unsigned n[4];

	found(&p);
	d = fresh(NULL);
	lr_directory_put_charter(d, p.id, p.charter, (size_t)p.charter_len, true, &now);
	struct man kim = man_of(&p), lou = man_of(&p);
	int len = record(&kim, 1, now.unix_ms / 1000 + 3000, false, old);
	lr_directory_put_record(d, p.id, kim.hash, old, (size_t)len, &now);
	is_int(put(d, &kim, 2, 10, true), LR_DIRECTORY_OK, "kim leaves");
	is_int(seen.gone, 1, "and is gone");
	ok(!lr_directory_member(d, p.id, kim.hash), "no member any more");
	count(d, &p, NULL, n);
	is_int(n[LR_LIST_RECORD], 1, "that is told");
	pass(11000);
	lr_directory_sweep(d, &now);
	is_int(lr_directory_put_record(d, p.id, kim.hash, old, (size_t)len, &now),
		LR_DIRECTORY_STALE, "whoever kept the old record cannot bring kim back");
	is_int(put(d, &kim, 3, 5, false), LR_DIRECTORY_OK, "kim can");
	pass(6000);
	lr_directory_sweep(d, &now);
	is_int(seen.gone, 2, "a record that is not refreshed lapses");
	is_int(lr_directory_put_record(d, p.id, kim.hash, old, (size_t)len, &now),
		LR_DIRECTORY_STALE, "its version is remembered, too");
	count(d, &p, NULL, n);
	is_int(n[LR_LIST_RECORD], 0, "but it is told to nobody");
	pass(3000000);
	lr_directory_sweep(d, &now);
	is_int(lr_directory_put_record(d, p.id, kim.hash, old, (size_t)len, &now),
		LR_DIRECTORY_EXPIRY, "until it is over anyway");
	struct lr_directory_stats s;
	lr_directory_stats(d, &s);
	ok(s.members == 0 && s.bytes == (size_t)p.charter_len, "and nothing of kim is left");

	/* A wall clock that jumps lapses nobody. */
	is_int(put(d, &lou, 1, 900, false), LR_DIRECTORY_OK, "lou is there");
	now.unix_ms += 86400000;
	lr_directory_sweep(d, &now);
	ok(lr_directory_member(d, p.id, lou.hash) != NULL,
		"and stays when the clock jumps a day ahead");
	now.unix_ms -= 2 * 86400000ull;
	lr_directory_sweep(d, &now);
	ok(lr_directory_member(d, p.id, lou.hash) != NULL, "or back");
	now.unix_ms += 86400000;
	pass(901000);
	lr_directory_sweep(d, &now);
	ok(!lr_directory_member(d, p.id, lou.hash), "but not for longer than its record says");
	lr_directory_free(d);
}

static void numbers(void)
{
	struct party p;
	struct lr_directory *d;
	struct lr_since s;
	unsigned n[4];

	found(&p);
	d = fresh(NULL);
	lr_directory_put_charter(d, p.id, p.charter, (size_t)p.charter_len, true, &now);
	struct man men[8];
	for (unsigned i = 0; i < 8; i++) {
		men[i] = man_of(&p);
		put(d, &men[i], 1, 900, false);
	}
	s = count(d, &p, NULL, n);
	ok(n[0] && n[LR_LIST_RECORD] == 8 && n[LR_LIST_CHARTER] == 1,
		"the whole: a charter, 8 records");
	ok(!lr_directory_news(d, p.id, &s), "no news since");
	count(d, &p, &s, n);
	ok(!n[0] && n[LR_LIST_RECORD] == 0 && n[LR_LIST_CHARTER] == 0, "so nothing is told");
	put(d, &men[3], 2, 900, false);
	ok(lr_directory_news(d, p.id, &s), "news");
	struct lr_since later = count(d, &p, &s, n);
	ok(n[LR_LIST_RECORD] == 1 && n[LR_LIST_CHARTER] == 0 && later.seq > s.seq, "one record");
	count(d, &p, &(struct lr_since){later.epoch + 1, later.seq}, n);
	ok(n[0] && n[LR_LIST_RECORD] == 8, "a number of another relay: the whole");
	count(d, &p, &(struct lr_since){later.epoch, UINT64_MAX}, n);
	ok(n[0] && n[LR_LIST_RECORD] == 8, "a number from the future: the whole");
	ok(lr_directory_news(d, p.id, &(struct lr_since){later.epoch, UINT64_MAX}),
		"for which nobody waits");
	size_t len;
	uint8_t none[32] = {0};
	ok(!lr_directory_list(d, none, NULL, &now, &len), "of an unknown party: no list");
	ok(lr_directory_news(d, none, &s), "a poll for it does not wait");
	lr_directory_free(d);
}

static void limits(void)
{
	struct lr_directory_limits small = {.parties = 2,
		.members = 3,
		.offers = 1,
		.record_bytes = 500,
		.bytes = 1 << 20,
		.idle_s = 100};
	struct lr_directory *d = fresh(&small);
	struct party p[3];
	struct man men[8];

	for (unsigned i = 0; i < 3; i++)
		found(&p[i]);
	for (unsigned i = 0; i < 8; i++)
		men[i] = man_of(&p[0]);
	lr_directory_put_charter(d, p[0].id, p[0].charter, (size_t)p[0].charter_len, true, &now);
	lr_directory_put_charter(d, p[1].id, p[1].charter, (size_t)p[1].charter_len, true, &now);
	is_int(lr_directory_put_charter(
		       d, p[2].id, p[2].charter, (size_t)p[2].charter_len, true, &now),
		LR_DIRECTORY_FULL, "the third party is one too many");
	for (unsigned i = 0; i < 3; i++)
		put(d, &men[i], 1, 900, false);
	is_int(put(d, &men[3], 1, 900, false), LR_DIRECTORY_FULL, "so is the fourth member");
	is_int(put(d, &men[0], 2, 900, false), LR_DIRECTORY_OK, "who is there is served");
	is_int(put(d, &men[0], 3, 900, true), LR_DIRECTORY_OK, "one leaves");
	is_int(put(d, &men[3], 1, 900, false), LR_DIRECTORY_OK, "another takes the place");
	is_int(put(d, &men[0], 4, 900, false), LR_DIRECTORY_FULL, "who left has none");
	for (unsigned i = 1; i < 8; i++) {
		put(d, &men[i], 5, 900, true);
		put(d, &men[i], 6, 900, false);
		put(d, &men[i], 7, 900, true);
	}
	is_int(put(d, &men[7], 8, 900, false), LR_DIRECTORY_FULL,
		"nobody fills the memory by coming and going");
	struct lr_directory_stats s;
	lr_directory_stats(d, &s);
	is_int(s.parties, 2, "two parties");
	pass(101000);
	lr_directory_sweep(d, &now);
	is_int(seen.forgotten, 2, "a party without members is forgotten after its time");
	lr_directory_stats(d, &s);
	ok(s.parties == 0 && s.bytes == 0 && s.members == 0, "as a whole");
	is_int(lr_directory_put_charter(
		       d, p[2].id, p[2].charter, (size_t)p[2].charter_len, true, &now),
		LR_DIRECTORY_OK, "now the third has room");
	struct man one = man_of(&p[2]);
	put(d, &one, 1, 3600, false);
	pass(101000);
	lr_directory_sweep(d, &now);
	ok(lr_directory_member(d, p[2].id, one.hash) != NULL,
		"a party with a member is not forgotten");
	lr_directory_free(d);

	small.bytes = (size_t)p[0].charter_len + 900;
	d = fresh(&small);
	lr_directory_put_charter(d, p[0].id, p[0].charter, (size_t)p[0].charter_len, true, &now);
	for (unsigned i = 0; i < 2; i++)
		put(d, &men[i], 1, 900, false);
	is_int(put(d, &men[2], 1, 900, false), LR_DIRECTORY_FULL,
		"no bytes left for a third record");
	is_int(put(d, &men[0], 2, 900, false), LR_DIRECTORY_OK,
		"those that are there are refreshed");
	lr_directory_free(d);
}

static void offers(void)
{
	struct party p;
	struct lr_directory *d;
	uint8_t bytes[LR_OFFER_LEN], hash[32], sealed[LR_TOKEN_SEALED], nonce[24] = {2};
	struct lr_invite v = {.flags = LR_INVITE_TOKEN, .token = {5}};
	unsigned n[4];

	found(&p);
	d = fresh(NULL);
	memcpy(v.id, p.id, 32);
	lr_token_hash(hash, v.token);
	lr_offer_sign(&v, &p.keys, 2, now.unix_ms / 1000 + 600, nonce, bytes);
	is_int(lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now), LR_DIRECTORY_UNKNOWN,
		"no offer without a party");
	lr_directory_put_charter(d, p.id, p.charter, (size_t)p.charter_len, true, &now);
	struct lr_since s = count(d, &p, NULL, n);
	is_int(lr_directory_claim(d, hash, "x", &now, sealed), LR_DIRECTORY_UNKNOWN,
		"nothing to claim yet");
	is_int(lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now), LR_DIRECTORY_OK,
		"an offer");
	is_int(lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now), LR_DIRECTORY_SAME, "once");
	is_int(lr_directory_claim(d, hash, "198.51.100.1", &now, sealed), LR_DIRECTORY_OK,
		"claimed");
	is_int(lr_token_open(&v, sealed, sizeof(sealed)), 0, "what was handed out opens");
	is_int(lr_directory_claim(d, hash, "198.51.100.2", &now, sealed), LR_DIRECTORY_OK,
		"and once more");
	is_int(lr_directory_claim(d, hash, "198.51.100.3", &now, sealed), LR_DIRECTORY_UNKNOWN,
		"then not");
	is_int(lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now), LR_DIRECTORY_SAME,
		"who kept the offer cannot renew it");
	is_int(lr_directory_claim(d, hash, "x", &now, sealed), LR_DIRECTORY_UNKNOWN,
		"it stays spent");
	count(d, &p, &s, n);
	is_int(n[LR_LIST_CLAIM], 2, "the party learns of both");

	v.token[0] = 6;
	lr_token_hash(hash, v.token);
	lr_offer_sign(&v, &p.keys, 1, now.unix_ms / 1000 + 600, nonce, bytes);
	is_int(lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now), LR_DIRECTORY_OK,
		"a second offer");
	pass(601000);
	is_int(lr_directory_claim(d, hash, "x", &now, sealed), LR_DIRECTORY_UNKNOWN, "expires");
	lr_directory_sweep(d, &now);
	is_int(lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now), LR_DIRECTORY_EXPIRY,
		"and does not come back");
	struct lr_directory_stats st;
	lr_directory_stats(d, &st);
	is_int(st.offers, 0, "nothing of it is left");
	lr_offer_sign(&v, &p.keys, 1, now.unix_ms / 1000 + LR_OFFER_MAX_S + 1, nonce, bytes);
	is_int(lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now), LR_DIRECTORY_EXPIRY,
		"none for good");
	for (unsigned i = 0; i < 20; i++) {
		v.token[0] = (uint8_t)(50 + i);
		lr_token_hash(hash, v.token);
		lr_offer_sign(&v, &p.keys, 1, now.unix_ms / 1000 + 600, nonce, bytes);
		lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now);
		lr_directory_claim(d, hash, "x", &now, sealed);
	}
	count(d, &p, NULL, n);
	is_int(n[LR_LIST_CLAIM], 16, "only the last claims are kept");
	lr_directory_free(d);
}

/* Written down, read by another process at another monotonic time: all that counts is the same. */
static void restart(void)
{
	struct party p;
	struct lr_directory *d, *e;
	struct lr_err err = {.text = ""};
	uint8_t bytes[LR_OFFER_LEN], hash[32], sealed[LR_TOKEN_SEALED], nonce[24] = {2},
									old[LR_RECORD_MAX];
	struct lr_invite v = {.flags = LR_INVITE_TOKEN, .token = {5}};
	unsigned n[4];

	found(&p);
	d = fresh(NULL);
	memcpy(v.id, p.id, 32);
	lr_token_hash(hash, v.token);
	lr_directory_put_charter(d, p.id, p.charter, (size_t)p.charter_len, true, &now);
	struct man kim = man_of(&p), lou = man_of(&p), max = man_of(&p), zoe = man_of(&p);
	int len = record(&kim, 1, now.unix_ms / 1000 + 900, false, old);
	lr_directory_put_record(d, p.id, kim.hash, old, (size_t)len, &now);
	put(d, &lou, 9, 900, false);
	put(d, &lou, 10, 10, true);
	put(d, &max, 1, 3, false);
	put(d, &zoe, 6, 900, true);
	lr_offer_sign(&v, &p.keys, 2, now.unix_ms / 1000 + 600, nonce, bytes);
	lr_directory_offer(d, p.id, bytes, sizeof(bytes), &now);
	lr_directory_claim(d, hash, "x", &now, sealed);
	json_t *state = lr_directory_export(d, p.id, &now);
	lr_directory_free(d);

	now.mono_ns = 5; /* another boot */
	now.unix_ms += 20000;
	e = fresh(NULL);
	is_int(lr_directory_import(e, state, &now, &err), 0, "the state is read");
	is_int(seen.changed + seen.gone, 0, "which is no news");
	count(e, &p, NULL, n);
	ok(n[LR_LIST_CHARTER] == 1 && n[LR_LIST_RECORD] == 3,
		"kim is there, lou and zoe left, max lapsed");
	ok(lr_directory_member(e, p.id, kim.hash) && !lr_directory_member(e, p.id, lou.hash),
		"as before");
	is_int(put(e, &lou, 9, 900, false), LR_DIRECTORY_STALE, "lou's version is known");
	is_int(put(e, &zoe, 6, 900, false), LR_DIRECTORY_STALE, "zoe's as well");
	is_int(put(e, &kim, 1, 900, false), LR_DIRECTORY_STALE, "and kim's");
	is_int(put(e, &kim, 2, 900, false), LR_DIRECTORY_OK, "and goes on");
	is_int(lr_directory_claim(e, hash, "x", &now, sealed), LR_DIRECTORY_OK, "one use is left");
	is_int(lr_directory_claim(e, hash, "x", &now, sealed), LR_DIRECTORY_UNKNOWN, "only one");
	ok(lr_directory_import(e, state, &now, &err) < 0, "not twice: %s", err.text);
	lr_directory_free(e);

	e = fresh(NULL);
	json_t *bad = json_deep_copy(state);
	json_object_set_new(bad, "charter", json_string("AAAA"));
	ok(lr_directory_import(e, bad, &now, &err) < 0, "a broken charter: %s", err.text);
	json_decref(bad);
	json_t *empty = json_object();
	ok(lr_directory_import(e, empty, &now, &err) < 0, "an empty object: %s", err.text);
	json_decref(empty);
	json_decref(state);
	lr_directory_free(e);
}

/* What an idle member costs: its record, its entry, its place in maps and timers. */
static void many(void)
{
	struct party p;
	struct lr_directory *d;
	unsigned good = 0;

	found(&p);
	d = fresh(NULL);
	lr_directory_put_charter(d, p.id, p.charter, (size_t)p.charter_len, true, &now);
	for (unsigned i = 0; i < LR_MEMBERS_MAX; i++) {
		struct man m = man_of(&p);
		good += put(d, &m, 1, 900, false) == LR_DIRECTORY_OK;
	}
	is_int(good, LR_MEMBERS_MAX, "a party of 256");
	struct man last = man_of(&p);
	is_int(put(d, &last, 1, 900, false), LR_DIRECTORY_FULL, "not of 257");
	struct lr_directory_stats s;
	lr_directory_stats(d, &s);
	ok(s.members == 256 && s.bytes < 256 * 600, "%zu bytes of records", s.bytes);
	is_int(s.results[LR_DIRECTORY_FULL], 1, "results are counted");
	pass(901000);
	lr_directory_sweep(d, &now);
	is_int(seen.gone, 256, "all lapse in one sweep");
	lr_directory_free(d);
}

int main(void)
{
	lr_crypto_init();
	charters();
	records();
	memory();
	numbers();
	limits();
	offers();
	restart();
	many();
	return tap_done();
}
