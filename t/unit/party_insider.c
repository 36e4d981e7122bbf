/*
 * party_insider.c - somebody with the party's secret, who makes members up: against who joins later
 */
#include "t/unit/party_people.h"

#define MADE_UP 40

static struct party p;
static struct lr_directory *d;

/* One more party key of the thief's, which says that the WireGuard key `pub` is its own. */
static enum lr_directory_result claim_key(const uint8_t pub[32], const uint8_t proof[LR_PROOF_LEN])
{
	struct lr_record r = {.name = "thief"};
	uint8_t made_up[32], key[32], secret[64], hash[16], out[LR_RECORD_MAX], nonce[24] = {0};
	const struct lr_signer by = {p.id, &p.keys, key, secret};

	lr_random(made_up, sizeof(made_up));
	lr_keys_of_member(key, secret, made_up, p.id);
	lr_keyhash(hash, key);
	lr_record_own(&r, made_up, p.id, key, made_up);
	memcpy(r.public_key, pub, 32);
	if (proof)
		memcpy(r.proof, proof, LR_PROOF_LEN);
	int len = lr_record_sign(&r, now.unix_ms, now.unix_ms / 1000 + 900, &by, nonce, out);
	return lr_directory_put_record(d, p.id, hash, out, (size_t)len, &now);
}

static void first_come(void)
{
	struct person kim, lou, max;

	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	person_join(&kim, d);
	is_int(claim_key(lou.pub, NULL), LR_DIRECTORY_OK,
		"lou's key is claimed before lou is here");
	is_int(claim_key(lou.pub, lr_roster_self(lou.r)->proof), LR_DIRECTORY_OK,
		"with lou's proof, out of an earlier record");
	is_int(claim_key(lou.pub, lr_roster_self(kim.r)->proof), LR_DIRECTORY_OK, "with kim's");
	person_get(&kim, d, 0);
	is_int(lr_roster_stats(kim.r)->unproven, 3, "kim is told of a key without its proof");
	is_int(lr_roster_count(kim.r), 0, "and takes nobody in");
	person_join(&lou, d);
	person_get(&kim, d, 0);
	is_str(knows(&kim, &lou) ? knows(&kim, &lou)->r.name : "", "lou", "lou joins unharmed");
	ok(knows(&lou, &kim) && lr_roster_count(lou.r) == 1, "and finds kim, and no thief");
	is_int(claim_key(lou.pub, NULL), LR_DIRECTORY_OK, "later it is claimed once more");
	person_get(&kim, d, 0);
	ok(knows(&kim, &lou) && lr_roster_stats(kim.r)->duplicate == 1, "lou keeps it");
	person_enter(&max, &p, "max");
	person_join(&max, d);
	ok(lr_roster_count(max.r) == 2 && knows(&max, &lou) && knows(&max, &kim),
		"who comes last meets the two that are true");
	person_leave(&kim);
	person_leave(&lou);
	person_leave(&max);
}

/* Sealed under no key: the relay cannot see that, and keeps it. */
static enum lr_directory_result put_rubbish(bool leave)
{
	struct lr_record r = {.name = "rubbish"};
	uint8_t made_up[32], key[32], secret[64], hash[16], out[LR_RECORD_MAX], nonce[24] = {0};
	struct lr_epoch_keys other = p.keys;
	const struct lr_signer by = {p.id, &other, key, secret};

	lr_random(made_up, sizeof(made_up));
	memcpy(other.record_key, made_up, 32);
	lr_keys_of_member(key, secret, made_up, p.id);
	lr_keyhash(hash, key);
	lr_record_own(&r, made_up, p.id, key, made_up);
	int len = lr_record_sign(
		leave ? NULL : &r, now.unix_ms, now.unix_ms / 1000 + 3600, &by, nonce, out);
	return lr_directory_put_record(d, p.id, hash, out, (size_t)len, &now);
}

/* A list is put down after a few entries that no honest relay delivers; those that a member made
 * are not among them, or a member could keep all who join from everybody that stands behind. */
static void many(void)
{
	struct person kim, lou;
	unsigned good = 0;

	for (unsigned i = 0; i < MADE_UP; i++)
		good += put_rubbish(false) == LR_DIRECTORY_OK;
	is_int(good, MADE_UP, "records are made up that nobody can read");
	person_enter(&kim, &p, "kim");
	person_join(&kim, d);
	person_enter(&lou, &p, "lou");
	person_join(&lou, d);
	is_int(lr_roster_stats(lou.r)->unreadable % MADE_UP, 0, "all of them are looked at");
	ok(lr_roster_stats(lou.r)->unreadable >= MADE_UP, "and counted");
	ok(knows(&lou, &kim) && lr_roster_count(lou.r) == 1, "kim, behind them, is found");
	person_leave(&kim);
	person_leave(&lou);
}

/* All places of the party, and all in which the relay remembers who left, are taken by members that
 * nobody can read; one kick, of whomever it is that makes them up, gives them back. */
static void crowded(void)
{
	static uint8_t charter[LR_CHARTER_MAX];
	struct person host, rob, lou;
	uint8_t secret[LR_SECRET_LEN];
	unsigned there = 0, left = 0;

	person_enter(&host, &p, "host");
	person_join(&host, d);
	person_enter(&rob, &p, "rob");
	person_join(&rob, d);
	person_get(&host, d, 0);
	while (put_rubbish(false) == LR_DIRECTORY_OK)
		there++;
	while (put_rubbish(true) == LR_DIRECTORY_OK)
		left++;
	is_int(there, LR_MEMBERS_MAX - 2, "all places are taken");
	is_int(left, LR_MEMBERS_MAX, "and as many of who left");
	person_enter(&lou, &p, "lou");
	is_int(person_put(&lou, d, 0), LR_DIRECTORY_FULL, "lou finds no room");
	lr_random(secret, sizeof(secret));
	int len = lr_roster_kick(host.r, lr_roster_keyhash(rob.r), secret, p.host_secret, charter);
	is_int(lr_directory_put_charter(d, p.id, charter, (size_t)len, false, &now),
		LR_DIRECTORY_OK, "rob is kicked");
	lr_roster_charter(host.r, charter, (size_t)len, now.mono_ns);
	is_int(person_put(&host, d, 0), LR_DIRECTORY_OK, "the host goes on");
	struct lr_prefix pool = lr_keys_pool(p.id, false);
	lr_roster_enter(lou.r, 2, secret, &pool);
	lr_roster_join(lou.r, NULL, now.mono_ns);
	is_int(person_put(&lou, d, 0), LR_DIRECTORY_OK, "lou has room with a new invite");
	ok(knows(&lou, &host) && lr_roster_count(lou.r) == 1, "and finds the host");
	struct lr_directory_stats s;
	lr_directory_stats(d, &s);
	is_int(s.members, 2, "nobody else is left");
	person_leave(&host);
	person_leave(&rob);
	person_leave(&lou);
}

/* Who says that an address has been its own for ever is believed by those that have just settled;
 * but it cannot drive somebody on from address to address. */
static void chased(void)
{
	struct person kim, rob, lou;
	unsigned moves = 0;

	person_enter(&kim, &p, "kim");
	person_join(&kim, d);
	person_enter(&rob, &p, "rob");
	person_join(&rob, d);
	person_enter(&lou, &p, "lou");
	person_join(&lou, d);
	person_get(&kim, d, 0);
	for (unsigned i = 0; i < 40; i++) {
		struct lr_ip before = lr_roster_self(lou.r)->address;
		pass(100);
		lr_roster_self(rob.r)->address = before;
		lr_roster_self(rob.r)->since_s = 1;
		person_put(&rob, d, 0);
		person_get(&lou, d, 0);
		if (lr_roster_joining(lou.r))
			person_join(&lou, d);
		moves += !lr_ip_equal(&lr_roster_self(lou.r)->address, &before);
		person_get(&kim, d, 0);
	}
	ok(moves > 0 && moves <= 4, "lou gives way %u times", moves);
	ok(knows(&kim, &lou)->holds &&
			lr_ip_equal(&knows(&kim, &lou)->r.address, &lr_roster_self(lou.r)->address),
		"then keeps its address, and is believed");
	ok(!knows(&kim, &rob)->holds, "rob is not");
	person_leave(&kim);
	person_leave(&rob);
	person_leave(&lou);
}

int main(void)
{
	lr_crypto_init();
	found(&p);
	d = relay_with(&p);
	first_come();
	lr_directory_free(d);
	d = relay_with(&p);
	many();
	lr_directory_free(d);
	d = relay_with(&p);
	crowded();
	lr_directory_free(d);
	found(&p);
	d = relay_with(&p);
	chased();
	lr_directory_free(d);
	return tap_done();
}
