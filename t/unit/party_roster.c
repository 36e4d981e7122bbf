/*
 * party_roster.c - a member's view: merging, time, keys, state; relays that lie
 */
#include "t/unit/party_people.h"

static void meeting(void)
{
	struct party p;
	struct lr_directory *d;
	struct person kim, lou;
	uint8_t a[32], b[32];

	found(&p);
	d = relay_with(&p);
	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	is_int(person_put(&kim, d, 0), LR_DIRECTORY_OK, "kim's first PUT");
	ok(lr_roster_rules(kim.r) != NULL, "its answer has the charter");
	is_int(person_put(&lou, d, 0), LR_DIRECTORY_OK, "lou's first PUT");
	ok(knows(&lou, &kim) && lou.events[LR_ROSTER_JOINED] == 1, "its answer has kim");
	ok(!knows(&kim, &lou), "kim does not know lou yet");
	is_int(person_get(&kim, d, 0), LR_DIRECTORY_OK, "kim asks");
	struct lr_member *m = knows(&kim, &lou);
	ok(m && m->state == LR_MEMBER_LIVE, "and knows lou");
	if (!m)
		return;
	is_str(m->r.name, "lou", "by name");
	ok(m->holds && lr_roster_holder(kim.r, &m->r.address) == m &&
			lr_roster_holder(kim.r, &m->address6) == m,
		"by both addresses");
	ok(lr_roster_by_keyhash(kim.r, lr_roster_keyhash(lou.r)) == m &&
			lr_roster_first(kim.r) == m && !lr_roster_next(kim.r, m) &&
			lr_roster_count(kim.r) == 1,
		"and in the list");
	ok(lr_roster_psk(kim.r, m, false, now.mono_ns, a) &&
			lr_roster_psk(lou.r, knows(&lou, &kim), false, now.mono_ns, b) &&
			!memcmp(a, b, 32),
		"they have one preshared key");
	ok(!lr_roster_psk(kim.r, m, true, now.mono_ns, a), "and none from before");
	person_get(&kim, d, 0);
	is_int(kim.events[LR_ROSTER_JOINED] + kim.events[LR_ROSTER_CHANGED], 1,
		"nothing new, no event");
	snprintf(lr_roster_self(lou.r)->name, LR_MEMBER_NAME, "louise");
	lr_roster_touch(lou.r);
	ok(lr_roster_wants_publish(lou.r, now.mono_ns), "lou has another name");
	person_put(&lou, d, 0);
	ok(!lr_roster_wants_publish(lou.r, now.mono_ns), "and told it");
	person_get(&kim, d, 0);
	is_str(m->r.name, "louise", "kim knows");
	is_int(kim.events[LR_ROSTER_CHANGED], 1, "by an event");

	uint8_t nonce[24] = {0}, out[LR_RECORD_MAX];
	int len = lr_roster_publish(lou.r, true, now.mono_ns, now.unix_ms / 1000, nonce, out);
	lr_directory_put_record(d, p.id, lr_roster_keyhash(lou.r), out, (size_t)len, &now);
	person_get(&kim, d, 0);
	ok(m->state == LR_MEMBER_LEFT && kim.events[LR_ROSTER_LEFT] == 1, "lou leaves");
	person_put(&lou, d, 0);
	person_get(&kim, d, 0);
	ok(m->state == LR_MEMBER_LIVE && knows(&kim, &lou) == m, "and comes back as the same");
	person_leave(&kim);
	person_leave(&lou);
	lr_directory_free(d);
}

static void refreshing(void)
{
	struct party p;
	struct lr_directory *d;
	struct person kim, lou;

	found(&p);
	d = relay_with(&p);
	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	person_join(&kim, d);
	person_join(&lou, d);
	person_get(&kim, d, 0);
	pass(LR_ROSTER_LIFE_S / 2 * 1000 - 1);
	ok(!lr_roster_wants_publish(kim.r, now.mono_ns), "not before half of the time");
	ok(lr_roster_due(kim.r) == now.mono_ns + 1000000, "which is when it is due");
	pass(1);
	ok(lr_roster_wants_publish(kim.r, now.mono_ns), "then it is refreshed");
	person_put(&kim, d, 0);
	lr_roster_tick(kim.r, now.mono_ns);
	ok(knows(&kim, &lou)->state == LR_MEMBER_LIVE, "lou is there for the other half");
	pass(LR_ROSTER_LIFE_S / 2 * 1000);
	lr_roster_tick(kim.r, now.mono_ns);
	ok(knows(&kim, &lou)->state == LR_MEMBER_LAPSED && kim.events[LR_ROSTER_LAPSED] == 1,
		"without a refresh, not longer");
	struct lr_ip ip = knows(&kim, &lou)->r.address;
	ok(lr_roster_holder(kim.r, &ip) == knows(&kim, &lou), "the address stays lou's");
	person_put(&lou, d, 0);
	person_get(&kim, d, 0);
	ok(knows(&kim, &lou)->state == LR_MEMBER_LIVE, "until lou is back");

	/* A relay that lost everything: the charter first, then all are there again. */
	lr_directory_free(d);
	d = relay_with(NULL);
	is_int(person_put(&kim, d, 0), LR_DIRECTORY_UNKNOWN, "a relay that lost everything");
	ok(!lr_roster_wants_publish(kim.r, now.mono_ns), "does not make us try in vain");
	size_t n;
	const uint8_t *charter = lr_roster_charter_bytes(kim.r, &n);
	is_int(lr_directory_put_charter(d, p.id, charter, n, true, &now), LR_DIRECTORY_OK,
		"any member brings it the charter");
	is_int(person_put(&kim, d, 0), LR_DIRECTORY_OK, "and its record");
	pass(11000);
	is_int(person_get(&lou, d, 0), LR_DIRECTORY_OK, "another asks");
	ok(lr_roster_wants_publish(lou.r, now.mono_ns), "and sees that its own is missing");
	person_leave(&kim);
	person_leave(&lou);
	lr_directory_free(d);
}

/* Our clock is hours off; the relay's jumps. */
static void clocks(void)
{
	struct party p;
	struct lr_directory *d;
	struct person kim, lou;
	uint8_t nonce[24] = {0}, out[LR_RECORD_MAX];
	uint64_t wrong = now.unix_ms / 1000 - 86400;

	found(&p);
	d = relay_with(&p);
	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	int len = lr_roster_publish(kim.r, false, now.mono_ns, wrong, nonce, out);
	enum lr_directory_result res =
		lr_directory_put_record(d, p.id, lr_roster_keyhash(kim.r), out, (size_t)len, &now);
	is_int(res, LR_DIRECTORY_EXPIRY, "a clock that is a day slow");
	answer(&kim, d, 0, res);
	is_int(lr_roster_time(kim.r, now.mono_ns, wrong), now.unix_ms / 1000,
		"the refusal tells the time");
	len = lr_roster_publish(kim.r, false, now.mono_ns, wrong, nonce, out);
	is_int(lr_directory_put_record(d, p.id, lr_roster_keyhash(kim.r), out, (size_t)len, &now),
		LR_DIRECTORY_OK, "with which it is taken");
	person_join(&lou, d);
	ok(knows(&lou, &kim) && knows(&lou, &kim)->state == LR_MEMBER_LIVE, "lou knows kim");
	now.unix_ms += 7200000;
	person_get(&lou, d, 0);
	is_int(person_get(&lou, d, 0), LR_DIRECTORY_OK, "the relay's clock jumps: asked twice");
	lr_roster_tick(lou.r, now.mono_ns);
	ok(knows(&lou, &kim)->state == LR_MEMBER_LIVE, "and nobody is lost");

	/* One relay of two lies about the time. */
	struct lr_directory *liar = relay_with(&p);
	struct lr_directory_now then = now;
	then.unix_ms += 400ull * 86400000;
	size_t n;
	uint8_t *list = lr_directory_list(liar, p.id, NULL, &then, &n);
	lr_roster_absorb(lou.r, list, n, now.mono_ns, &lou.since[1]);
	is_int(lr_roster_time(lou.r, now.mono_ns, now.unix_ms / 1000), now.unix_ms / 1000,
		"the time of the one that lies does not count");
	lr_roster_touch(lou.r);
	is_int(person_put(&lou, d, 0), LR_DIRECTORY_OK, "and keeps nobody from publishing");
	free(list);
	person_leave(&kim);
	person_leave(&lou);
	lr_directory_free(d);
	lr_directory_free(liar);
}

/* What lists a lying relay can make: none of it gets a record in, or an old one back. */
static uint8_t *put_entry(uint8_t *at, enum lr_list_kind kind, const uint8_t *bytes, size_t len)
{
	at[0] = (uint8_t)kind;
	lr_put_be32(at + 1, (uint32_t)len);
	memcpy(at + 5, bytes, len);
	return at + 5 + len;
}

static void liars(void)
{
	struct party p;
	struct lr_directory *d;
	struct person kim, lou;
	size_t n, n2;
	struct lr_since none = {0};

	found(&p);
	d = relay_with(&p);
	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	person_join(&lou, d);
	uint8_t *old = lr_directory_list(d, p.id, NULL, &now, &n);
	snprintf(lr_roster_self(lou.r)->name, LR_MEMBER_NAME, "louise");
	lr_roster_touch(lou.r);
	person_put(&lou, d, 0);
	uint8_t *list = lr_directory_list(d, p.id, NULL, &now, &n2);

	/* Altered: every byte of the answer behind its head. */
	unsigned wrong = 0;
	for (size_t i = LR_LIST_HEAD; i < n2; i++) {
		list[i] ^= 0x10;
		lr_roster_absorb(kim.r, list, n2, now.mono_ns, &none);
		list[i] ^= 0x10;
		wrong += knows(&kim, &lou) && strcmp(knows(&kim, &lou)->r.name, "louise") != 0;
	}
	is_int(wrong, 0, "whatever is altered, no wrong name is believed");
	ok(lr_roster_stats(kim.r)->refused_charters > 200, "altered charters are counted");
	struct person max;
	person_enter(&max, &p, "max");
	uint8_t nonce[24] = {0}, rec[LR_RECORD_MAX];
	int len = lr_roster_publish(lou.r, false, now.mono_ns, now.unix_ms / 1000, nonce, rec);
	for (int bit = 0; bit < len * 8; bit++) {
		rec[bit / 8] ^= 1 << bit % 8;
		wrong += lr_roster_record(
				 max.r, rec, (size_t)len, now.unix_ms / 1000, now.mono_ns) == 1;
		rec[bit / 8] ^= 1 << bit % 8;
	}
	ok(!wrong && lr_roster_count(max.r) == 0, "of a record no bit can be flipped");
	ok(lr_roster_stats(max.r)->forged > 2000, "forged ones are counted");
	is_int(lr_roster_record(max.r, rec, (size_t)len, now.unix_ms / 1000 + 901, now.mono_ns), 0,
		"nor is one taken that is over");
	is_int(lr_roster_record(max.r, rec, (size_t)len, now.unix_ms / 1000, now.mono_ns), 1,
		"a good one is");
	person_leave(&max);
	lr_roster_absorb(kim.r, list, n2, now.mono_ns, &none);
	is_str(knows(&kim, &lou)->r.name, "louise", "the true one is taken");
	/* Brought back, repeated. */
	for (unsigned i = 0; i < 3; i++) {
		lr_roster_absorb(kim.r, old, n, now.mono_ns, &none);
		lr_roster_absorb(kim.r, list, n2, now.mono_ns, &none);
	}
	lr_roster_absorb(kim.r, old, n, now.mono_ns, &none);
	is_str(knows(&kim, &lou)->r.name, "louise", "an older record does not come back");
	for (size_t cut = 0; cut < n2; cut++)
		lr_roster_absorb(kim.r, list, cut, now.mono_ns, &none);
	is_str(knows(&kim, &lou)->r.name, "louise", "nor by cutting");
	/* Hidden: an empty list, as "whole". */
	uint8_t empty[LR_LIST_HEAD];
	memcpy(empty, list, sizeof(empty));
	lr_roster_absorb(kim.r, empty, sizeof(empty), now.mono_ns, &none);
	ok(knows(&kim, &lou)->state == LR_MEMBER_LIVE, "who is left out is there all the same");
	/* Long: 1,000 forged records do not cost 1,000 checks, and who is told 1,000 claims
	 * hears 16. */
	uint64_t forged = lr_roster_stats(kim.r)->forged;
	uint8_t *many = malloc(LR_LIST_HEAD + 1000 * (5 + LR_RECORD_MAX)), *at = many;
	lr_roster_touch(lou.r);
	len = lr_roster_publish(lou.r, false, now.mono_ns, now.unix_ms / 1000, nonce, rec);
	rec[len - 1] ^= 1;
	memcpy(at, list, LR_LIST_HEAD);
	at += LR_LIST_HEAD;
	for (unsigned i = 0; i < 1000; i++)
		at = put_entry(at, LR_LIST_RECORD, rec, (size_t)len);
	lr_roster_absorb(kim.r, many, (size_t)(at - many), now.mono_ns, &none);
	ok(lr_roster_stats(kim.r)->forged - forged < 20,
		"a long list of forged records is put down");
	unsigned told = kim.events[LR_ROSTER_CLAIMED];
	at = many + LR_LIST_HEAD;
	for (unsigned i = 1; i <= 1000; i++) {
		uint8_t claim[60] = {[40] = 0xff, [41] = 'x'};
		memcpy(claim, &i, sizeof(i));
		lr_put_be64(claim + LR_TOKEN_HASH_LEN + 1, now.unix_ms / 1000);
		at = put_entry(at, LR_LIST_CLAIM, claim, sizeof(claim));
	}
	lr_roster_absorb(kim.r, many, (size_t)(at - many), now.mono_ns, &none);
	is_int(kim.events[LR_ROSTER_CLAIMED] - told, 16, "of a long list of claims 16 are told");
	lr_roster_absorb(kim.r, list, n2, now.mono_ns, &none);
	is_str(knows(&kim, &lou)->r.name, "louise", "and all is as before");
	free(many);
	free(old);
	free(list);
	person_leave(&kim);
	person_leave(&lou);
	lr_directory_free(d);
}

/* A member that is no longer what it was: the same identity after a restart, with and without its
 * state; somebody who takes a stranger's WireGuard key for its own. */
static void identities(void)
{
	struct party p;
	struct lr_directory *d;
	struct person kim, lou, again;
	struct lr_err err = {.text = ""};
	struct lr_prefix pool;

	found(&p);
	pool = lr_keys_pool(p.id, false);
	d = relay_with(&p);
	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	person_join(&kim, d);
	person_join(&lou, d);
	person_get(&kim, d, 0);
	struct lr_ip ip = lr_roster_self(lou.r)->address;
	json_t *state = lr_roster_export(lou.r);
	uint8_t priv[32];
	memcpy(priv, lou.priv, 32);
	person_leave(&lou);

	person_with(&again, p.id, "lou", priv);
	is_int(lr_roster_import(again.r, state, now.mono_ns, &err), 0, "a restart with the state");
	ok(lr_roster_count(again.r) == 1 && knows(&again, &kim)->state == LR_MEMBER_LAPSED &&
			lr_roster_rules(again.r) && lr_roster_keys(again.r)->epoch == 1,
		"members, charter and keys are back");
	lr_roster_join(again.r, NULL, now.mono_ns);
	ok(lr_ip_equal(&lr_roster_self(again.r)->address, &ip), "and the address");
	is_int(person_put(&again, d, 0), LR_DIRECTORY_OK, "the first PUT is taken");
	ok(knows(&again, &kim)->state == LR_MEMBER_LIVE, "its answer finds kim");
	person_leave(&again);

	pass(3000);
	person_with(&again, p.id, "lou", priv);
	lr_roster_enter(again.r, 1, p.secret, &pool);
	lr_roster_join(again.r, NULL, now.mono_ns);
	is_int(person_put(&again, d, 0), LR_DIRECTORY_OK,
		"without the state, the time is a good version");
	person_leave(&again);

	/* Without the state and with a slow clock: the relay's refusal tells the version. */
	person_with(&again, p.id, "lou", priv);
	lr_roster_enter(again.r, 1, p.secret, &pool);
	lr_roster_join(again.r, NULL, now.mono_ns);
	uint8_t nonce[24] = {0}, out[LR_RECORD_MAX];
	int len = lr_roster_publish(again.r, false, now.mono_ns, 1000, nonce, out);
	enum lr_directory_result res = lr_directory_put_record(
		d, p.id, lr_roster_keyhash(again.r), out, (size_t)len, &now);
	is_int(res, LR_DIRECTORY_STALE, "without it, an old version is refused");
	answer(&again, d, 0, res);
	ok(lr_roster_wants_publish(again.r, now.mono_ns), "and tried anew");
	is_int(person_put(&again, d, 0), LR_DIRECTORY_OK, "from the one held");
	person_get(&again, d, 0);
	ok(!lr_roster_wants_publish(again.r, now.mono_ns), "once");

	/* A thief who publishes lou's WireGuard key under a party key of its own. */
	struct person thief;
	person_enter(&thief, &p, "thief");
	memcpy(lr_roster_self(thief.r)->public_key, again.pub, 32);
	person_put(&thief, d, 0);
	person_get(&kim, d, 0);
	is_str(knows(&kim, &again)->r.name, "lou", "the key stays with whom we knew first");
	is_int(lr_roster_stats(kim.r)->duplicate, 1, "and is counted");
	person_get(&again, d, 0);
	ok(lr_roster_count(again.r) == 1, "nobody believes to be another");

	for (unsigned i = 0; i < 6; i++) {
		static const char *const keys[] = {
			"id", "secret", "charter", "known", "serial", "address"};
		json_t *bad = json_deep_copy(state);
		json_object_set_new(bad, keys[i],
			i == 3 ? json_pack("[{s:s}]", "name", "x") : json_string("!"));
		struct person fresh;
		person_with(&fresh, p.id, "x", priv);
		ok(lr_roster_import(fresh.r, bad, now.mono_ns, &err) < 0, "bad \"%s\": %s", keys[i],
			err.text);
		person_leave(&fresh);
		json_decref(bad);
	}
	json_decref(state);
	person_leave(&kim);
	person_leave(&again);
	person_leave(&thief);
	lr_directory_free(d);
}

static void strangers(void)
{
	struct party p;
	struct lr_directory *d;
	struct person kim, lou;
	struct lr_prefix pool;
	uint8_t wrong[16] = {1};

	found(&p);
	d = relay_with(&p);
	pool = lr_keys_pool(p.id, false);
	person_with(&kim, p.id, "kim", NULL);
	uint8_t nonce[24] = {0}, out[LR_RECORD_MAX];
	is_int(lr_roster_publish(kim.r, false, now.mono_ns, START_S, nonce, out), -ENOKEY,
		"without an invite nothing is published");
	lr_roster_enter(kim.r, 1, wrong, &pool);
	lr_roster_join(kim.r, NULL, now.mono_ns);
	is_int(person_put(&kim, d, 0), LR_DIRECTORY_FORGED, "with a wrong secret it is refused");
	size_t n;
	const uint8_t *charter = lr_directory_charter(d, p.id, &n);
	is_int(lr_roster_charter(kim.r, charter, n, now.mono_ns), -EKEYREJECTED,
		"the charter says so, too");
	ok(lr_roster_out(kim.r) && kim.events[LR_ROSTER_OUT] == 1, "and kim knows");
	ok(!lr_roster_wants_publish(kim.r, now.mono_ns), "and does not try on");
	is_int(lr_roster_enter(kim.r, 1, p.secret, &pool), 0, "with the right one");
	lr_roster_join(kim.r, NULL, now.mono_ns);
	is_int(person_put(&kim, d, 0), LR_DIRECTORY_OK, "kim gets in");

	person_with(&lou, p.id, "lou", NULL);
	lr_roster_enter(lou.r, 9, p.secret, &pool);
	is_int(lr_roster_charter(lou.r, charter, n, now.mono_ns), -ESTALE,
		"a relay that is behind is not believed");
	is_int(lr_roster_enter(lou.r, 8, p.secret, &pool), -ESTALE, "nor an older invite");
	person_leave(&kim);
	person_leave(&lou);
	lr_directory_free(d);
}

int main(void)
{
	lr_crypto_init();
	meeting();
	refreshing();
	clocks();
	liars();
	identities();
	strangers();
	return tap_done();
}
