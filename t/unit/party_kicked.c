/*
 * party_kicked.c - kicks: what the others get, and all that the kicked member tries afterwards
 */
#include "t/unit/party_people.h"

static struct party p;
static struct lr_directory *d, *second;
static struct person host, lou, max, rob;

/* Four members; `named` (or NULL) may kick beside the host. */
static void gather(const struct person *named, const struct person *also)
{
	static struct lr_charter c;
	struct person *all[] = {&host, &lou, &max, &rob};

	found(&p);
	for (unsigned i = 0; i < 4; i++)
		person_enter(all[i], &p, (const char *[]){"host", "lou", "max", "rob"}[i]);
	lr_charter_read(p.charter, (size_t)p.charter_len, p.id, &c);
	const struct person *kickers[] = {named, also};
	for (unsigned i = 0; i < 2 && kickers[i]; i++) {
		uint8_t secret[64];
		lr_keys_of_member(c.kickers[c.n_kickers++], secret, kickers[i]->priv, p.id);
	}
	p.charter_len = lr_charter_sign(&c, p.host_secret, p.charter);
	d = relay_with(&p);
	second = relay_with(&p);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 4; i++) {
			if (round == 0)
				person_join(all[i], d);
			person_get(all[i], d, 0);
		}
	}
}

static void part(void)
{
	person_leave(&host);
	person_leave(&lou);
	person_leave(&max);
	person_leave(&rob);
	lr_directory_free(d);
	lr_directory_free(second);
}

/* `by` kicks `whom`: the charter goes into `out`, and to the relay `at`. */
static int kick(struct person *by, const struct person *whom, const uint8_t *host_secret,
	struct lr_directory *at, uint8_t *out)
{
	uint8_t secret[16];

	lr_random(secret, sizeof(secret));
	int len = lr_roster_kick(by->r, lr_roster_keyhash(whom->r), secret, host_secret, out);
	if (len > 0 && at)
		lr_directory_put_charter(at, p.id, out, (size_t)len, false, &now);
	return len;
}

static bool same_psk(struct person *a, struct person *b, bool previous)
{
	uint8_t x[32], y[32];

	return lr_roster_psk(a->r, knows(a, b), previous, now.mono_ns, x) &&
	       lr_roster_psk(b->r, knows(b, a), previous, now.mono_ns, y) && !memcmp(x, y, 32);
}

/* How many records a member that asks for all gets. */
static unsigned records_told(void)
{
	struct lr_list_entry e;
	struct lr_list l;
	unsigned told = 0;
	size_t n;
	uint8_t *list = lr_directory_list(d, p.id, NULL, &now, &n);

	if (list && lr_list_read(list, n, &l) == 0) {
		while (lr_list_next(&l, &e))
			told += e.kind == LR_LIST_RECORD;
	}
	free(list);
	return told;
}

/* What the others get, also who comes back later. */
static void rotation(void)
{
	static uint8_t charter[LR_CHARTER_MAX];
	uint8_t before[32], after[32];

	gather(NULL, NULL);
	lr_roster_psk(lou.r, knows(&lou, &max), false, now.mono_ns, before);
	is_int(kick(&lou, &rob, NULL, d, charter), -EPERM, "lou, whom nobody named, cannot kick");
	is_int(lr_roster_kick(host.r, p.secret, p.secret, p.host_secret, charter), -ENOENT,
		"nobody can kick a stranger");
	int len = kick(&host, &rob, p.host_secret, d, charter);
	ok(len > 0, "the host kicks rob: %d bytes", len);
	is_int(lr_roster_charter(host.r, charter, (size_t)len, now.mono_ns), 1,
		"takes its own charter");
	is_int(records_told(), 0, "what is sealed under the old secret is told to nobody");
	is_int(person_get(&lou, d, 0), LR_DIRECTORY_EPOCH, "lou's next question is refused");
	ok(lr_roster_keys(lou.r)->epoch == 2 && lou.events[LR_ROSTER_EPOCH] == 1,
		"with the new secret in the answer");
	ok(!knows(&lou, &rob) && lou.events[LR_ROSTER_KICKED] == 1, "rob is dropped at once");
	ok(knows(&lou, &max) && knows(&lou, &max)->state == LR_MEMBER_LIVE &&
			lou.events[LR_ROSTER_LAPSED] + lou.events[LR_ROSTER_LEFT] == 0,
		"nobody else is");
	ok(lr_roster_wants_publish(lou.r, now.mono_ns), "lou publishes anew");
	is_int(person_put(&lou, d, 0), LR_DIRECTORY_OK, "which the relay takes");
	ok(lr_directory_member(d, p.id, lr_roster_keyhash(max.r)) != NULL,
		"max, silent so far, keeps its channels");
	ok(!lr_directory_member(d, p.id, lr_roster_keyhash(rob.r)), "rob does not");

	lr_roster_psk(lou.r, knows(&lou, &max), false, now.mono_ns, after);
	ok(memcmp(before, after, 32) != 0, "there are new preshared keys");
	ok(lr_roster_psk(lou.r, knows(&lou, &max), true, now.mono_ns, after) &&
			!memcmp(before, after, 32),
		"the one before is still tried");
	pass(100000);
	person_get(&max, d, 0);
	ok(same_psk(&lou, &max, false) && same_psk(&lou, &max, true), "max, later, has the same");
	pass(LR_ROSTER_PREVIOUS_S * 1000 - 100001);
	lr_roster_tick(lou.r, now.mono_ns);
	ok(lr_roster_psk(lou.r, knows(&lou, &max), true, now.mono_ns, after), "for 180 s");
	pass(1);
	ok(!lr_roster_psk(lou.r, knows(&lou, &max), true, now.mono_ns, after), "not longer");
	lr_roster_tick(lou.r, now.mono_ns);
	ok(lr_roster_due(lou.r) > now.mono_ns, "nothing is due any more");

	person_get(&rob, d, 0);
	ok(lr_roster_out(rob.r) && rob.events[LR_ROSTER_OUT] == 1, "rob learns it, too");

	/* Two kicks while one was away: one box is enough. */
	json_t *state = lr_roster_export(max.r);
	lr_roster_charter(host.r, charter, (size_t)len, now.mono_ns);
	struct person late;
	struct lr_err err;
	for (unsigned i = 0; i < 2; i++) {
		struct person tmp;
		struct lr_prefix pool = lr_keys_pool(p.id, false);
		person_with(&tmp, p.id, "tmp", NULL);
		lr_roster_enter(tmp.r, lr_roster_keys(host.r)->epoch,
			lr_roster_keys(host.r)->secret, &pool);
		lr_roster_join(tmp.r, NULL, now.mono_ns);
		is_int(person_put(&tmp, d, 0), LR_DIRECTORY_OK,
			"somebody joins with the new invite");
		person_get(&host, d, 0);
		len = kick(&host, &tmp, p.host_secret, d, charter);
		is_int(lr_roster_charter(host.r, charter, (size_t)len, now.mono_ns), 1,
			"and is kicked");
		person_leave(&tmp);
	}
	person_with(&late, p.id, "max", max.priv);
	is_int(lr_roster_import(late.r, state, now.mono_ns, &err), 0,
		"max comes back with a state two epochs old");
	lr_roster_join(late.r, NULL, now.mono_ns);
	is_int(person_put(&late, d, 0), LR_DIRECTORY_EPOCH, "is refused");
	ok(lr_roster_keys(late.r)->epoch == 4 && !lr_roster_out(late.r),
		"and told the newest secret");
	is_int(person_put(&late, d, 0), LR_DIRECTORY_OK, "and in");
	json_decref(state);
	person_leave(&late);
	part();
}

/* rob keeps everything that it knew, and its keys. */
static void tries(void)
{
	static uint8_t charter[LR_CHARTER_MAX], old[LR_CHARTER_MAX], x[LR_CHARTER_MAX];
	static struct lr_charter c;
	uint8_t rec[LR_RECORD_MAX], key[32], secret[64], offer[LR_OFFER_LEN], hash[32],
		sealed[LR_TOKEN_SEALED], nonce[24] = {4};
	struct lr_since none = {0};
	struct lr_invite v = {.flags = LR_INVITE_TOKEN, .token = {1}};
	struct lr_epoch_keys stale;
	char header[LR_ACCESS_TEXT];
	size_t n;

	gather(NULL, NULL);
	memcpy(old, p.charter, (size_t)p.charter_len);
	uint8_t *old_list = lr_directory_list(d, p.id, NULL, &now, &n);
	memcpy(v.id, p.id, 32);
	lr_token_hash(hash, v.token);
	lr_offer_sign(&v, &p.keys, 5, now.unix_ms / 1000 + 600, nonce, offer);
	lr_directory_offer(d, p.id, offer, sizeof(offer), &now);
	stale = *lr_roster_keys(rob.r);
	lr_keys_of_member(key, secret, rob.priv, p.id);
	int len = kick(&host, &rob, p.host_secret, d, charter);
	lr_roster_charter(host.r, charter, (size_t)len, now.mono_ns);
	person_get(&lou, d, 0);
	person_put(&lou, d, 0);
	person_put(&host, d, 0);

	is_int(person_put(&rob, d, 0), LR_DIRECTORY_EPOCH, "its record is refused");
	struct lr_epoch_keys pretended = stale;
	pretended.epoch = 2;
	struct lr_record r = *lr_roster_self(rob.r);
	struct lr_signer by = {p.id, &pretended, key, secret};
	int rl = lr_record_sign(&r, now.unix_ms + 5000, now.unix_ms / 1000 + 900, &by, nonce, rec);
	is_int(lr_directory_put_record(d, p.id, lr_roster_keyhash(rob.r), rec, (size_t)rl, &now),
		LR_DIRECTORY_FORGED, "with the new epoch's number under the old access key, too");
	is_int(lr_roster_record(lou.r, rec, (size_t)rl, now.unix_ms / 1000, now.mono_ns), -EACCES,
		"members do not take it either");
	rl = lr_record_sign(NULL, now.unix_ms + 5000, now.unix_ms / 1000 + 900, &by, nonce, rec);
	is_int(lr_directory_put_record(d, p.id, lr_roster_keyhash(lou.r), rec, (size_t)rl, &now),
		LR_DIRECTORY_FORGED, "it cannot send lou away");
	lr_access_text(p.id, &stale, now.unix_ms / 1000, header);
	is_int(lr_directory_check_access(d, p.id, header, &now), LR_DIRECTORY_EPOCH,
		"nor ask for the list");
	lr_access_text(p.id, &pretended, now.unix_ms / 1000, header);
	is_int(lr_directory_check_access(d, p.id, header, &now), LR_DIRECTORY_FORGED,
		"however it signs");
	is_int(lr_directory_claim(d, hash, "rob", &now, sealed), LR_DIRECTORY_UNKNOWN,
		"earlier invites are void");
	is_int(lr_directory_offer(d, p.id, offer, sizeof(offer), &now), LR_DIRECTORY_FORGED,
		"and stay so");
	v.token[0] = 2;
	lr_offer_sign(&v, &pretended, 5, now.unix_ms / 1000 + 600, nonce, offer);
	is_int(lr_directory_offer(d, p.id, offer, sizeof(offer), &now), LR_DIRECTORY_FORGED,
		"it makes no new one");

	is_int(lr_directory_put_charter(d, p.id, old, (size_t)p.charter_len, true, &now),
		LR_DIRECTORY_STALE, "the charter from before does not come back");
	is_int(lr_roster_charter(lou.r, old, (size_t)p.charter_len, now.mono_ns), -ESTALE,
		"at no member");
	uint8_t fake_host[32], fake_secret[64];
	lr_sign_keypair(fake_host, fake_secret);
	lr_charter_read(charter, (size_t)len, p.id, &c);
	lr_charter_fold(&c);
	memcpy(c.id, fake_host, 32);
	int xl = lr_charter_sign(&c, fake_secret, x);
	memcpy(x + 8, p.id, 32); /* the id, behind format, flags, epoch and number */
	is_int(lr_directory_put_charter(d, p.id, x, (size_t)xl, true, &now), LR_DIRECTORY_FORGED,
		"a charter of its own is forged");
	is_int(lr_roster_charter(lou.r, x, (size_t)xl, now.mono_ns), -EACCES,
		"for members as well");
	is_int(lr_roster_kick(rob.r, lr_roster_keyhash(lou.r), stale.secret, NULL, x), -ENOKEY,
		"it cannot kick");

	/* A relay of rob's own repeats how things were. */
	lr_roster_absorb(lou.r, old_list, n, now.mono_ns, &none);
	ok(!knows(&lou, &rob) && lr_roster_keys(lou.r)->epoch == 2 && !lr_roster_out(lou.r),
		"a relay that tells old times is not believed");
	/* A relay that missed the kick takes rob's record; members do not take it from there, and
	 * bring it the charter. */
	is_int(person_put(&rob, second, 1), LR_DIRECTORY_OK,
		"a relay that missed the kick serves rob");
	n = 0;
	free(old_list);
	old_list = lr_directory_list(second, p.id, NULL, &now, &n);
	lr_roster_absorb(lou.r, old_list, n, now.mono_ns, &none);
	ok(!knows(&lou, &rob), "lou does not take it from there");
	is_int(lr_directory_put_charter(second, p.id, charter, (size_t)len, false, &now),
		LR_DIRECTORY_OK, "but brings the charter");
	ok(!lr_directory_member(second, p.id, lr_roster_keyhash(rob.r)),
		"then rob is out there, too");
	free(old_list);

	struct person joiner;
	person_enter(&joiner, &p, "joiner");
	is_int(person_put(&joiner, d, 0), LR_DIRECTORY_EPOCH, "an invite from before is void");
	ok(lr_roster_out(joiner.r), "and the joiner is told");
	person_leave(&joiner);

	/* Whoever has the new secret may let rob in again: that is for people to decide. */
	struct lr_prefix pool = lr_keys_pool(p.id, false);
	is_int(lr_roster_enter(rob.r, 2, lr_roster_keys(host.r)->secret, &pool), 0,
		"rob is invited anew");
	lr_roster_join(rob.r, NULL, now.mono_ns);
	is_int(person_put(&rob, d, 0), LR_DIRECTORY_OK, "and in");
	person_get(&lou, d, 0);
	ok(knows(&lou, &rob) != NULL, "lou sees rob again");
	part();
}

/* A kicker that is kicked signs on from before its kick. */
static void fork_of_a_kicker(void)
{
	static uint8_t k1[LR_CHARTER_MAX], fork[LR_CHARTER_MAX], heal[LR_CHARTER_MAX];

	gather(&lou, &rob);
	is_int(kick(&max, &rob, NULL, NULL, k1), -EPERM, "max is not named");
	int fl = kick(&rob, &max, NULL, NULL, fork); /* kept in the pocket */
	int kl = kick(&lou, &rob, NULL, d, k1);
	ok(kl > 0 && fl > 0, "lou, who is named, kicks rob, who is named");
	is_int(lr_roster_charter(lou.r, k1, (size_t)kl, now.mono_ns), 1, "lou takes it");
	person_get(&max, d, 0);
	ok(lr_roster_keys(max.r)->epoch == 2 && !knows(&max, &rob), "max learns it");
	is_int(lr_directory_put_charter(d, p.id, fork, (size_t)fl, false, &now), LR_DIRECTORY_STALE,
		"rob's fork is refused at the relay");
	is_int(lr_roster_charter(max.r, fork, (size_t)fl, now.mono_ns), -ESTALE, "and by members");
	ok(!lr_roster_out(max.r), "who stay");
	is_int(kick(&rob, &lou, NULL, NULL, fork), fl, "rob goes on, for itself");
	lr_roster_charter(rob.r, fork, (size_t)fl, now.mono_ns);
	int f2 = kick(&rob, &max, NULL, NULL, fork);
	ok(f2 > fl, "twice");
	is_int(lr_directory_put_charter(second, p.id, fork, (size_t)f2, false, &now),
		LR_DIRECTORY_OK, "a relay that missed lou's kick believes it");
	person_get(&max, second, 1);
	person_get(&lou, second, 1);
	ok(!lr_roster_out(max.r) && !lr_roster_out(lou.r) && lr_roster_keys(max.r)->epoch == 2,
		"no member does that knew better");

	/* The host saw lou's kick and then the fork: its own kick goes further than both. */
	person_get(&host, d, 0);
	person_get(&host, second, 1);
	struct person *all[] = {&host, &lou, &max};
	is_int(lr_roster_keys(host.r)->epoch, 2, "the host knows lou's kick");
	struct person tmp;
	struct lr_prefix pool = lr_keys_pool(p.id, false);
	person_with(&tmp, p.id, "tmp", NULL);
	lr_roster_enter(tmp.r, 2, lr_roster_keys(lou.r)->secret, &pool);
	lr_roster_join(tmp.r, NULL, now.mono_ns);
	person_put(&tmp, d, 0);
	person_put(&host, d, 0);
	int hl = kick(&host, &tmp, p.host_secret, d, heal);
	ok(hl > 0, "it signs: %d", hl);
	is_int(lr_directory_put_charter(second, p.id, heal, (size_t)hl, false, &now),
		LR_DIRECTORY_OK, "that counts at both relays");
	lr_roster_charter(host.r, heal, (size_t)hl, now.mono_ns);
	for (unsigned i = 0; i < 3; i++) {
		person_get(all[i], d, 0);
		person_put(all[i], d, 0);
		is_int(person_put(all[i], second, 1), LR_DIRECTORY_OK, "all are one party again");
		ok(lr_roster_keys(all[i]->r)->epoch == 4, "in an epoch beyond the fork");
	}
	is_int(lr_directory_put_charter(second, p.id, fork, (size_t)f2, false, &now),
		LR_DIRECTORY_STALE, "and rob's fork is over");
	uint8_t robs[32], secret[64];
	lr_keys_of_member(robs, secret, rob.priv, p.id);
	ok(!lr_charter_may_kick(lr_roster_rules(max.r), robs), "rob may not kick any more");
	is_int(lr_roster_rules(max.r)->n_kickers, 1, "lou may");
	person_leave(&tmp);
	part();
}

/* A kicker makes a link with garbage in the boxes, or a key that fits none: members do not follow
 * blindly, and the host repairs it. */
static void sabotage(void)
{
	static uint8_t bad[LR_CHARTER_MAX], heal[LR_CHARTER_MAX];
	struct lr_remaining to[2];
	uint8_t secret[16] = {1}, key[32], sign[64];

	gather(&rob, NULL);
	/* Boxes for lou under max's key: lou cannot open its own. */
	memcpy(to[0].keyhash, lr_roster_keyhash(lou.r), 16);
	memcpy(to[0].public_key, max.pub, 32);
	memcpy(to[1].keyhash, lr_roster_keyhash(host.r), 16);
	memcpy(to[1].public_key, host.pub, 32);
	lr_keys_of_member(key, sign, rob.priv, p.id);
	int len = lr_charter_link(p.charter, (size_t)p.charter_len, lr_roster_keyhash(max.r),
		secret, to, 2, sign, bad);
	is_int(lr_directory_put_charter(d, p.id, bad, (size_t)len, false, &now), LR_DIRECTORY_OK,
		"rob, who is named, boxes for the wrong key");
	person_get(&lou, d, 0);
	ok(lr_roster_out(lou.r) && lr_roster_keys(lou.r)->epoch == 1, "lou is out, as rob wanted");
	person_get(&host, d, 0);
	is_int(lr_roster_keys(host.r)->epoch, 2, "the host has a box");
	/* The host still knows lou by its key, but was made to drop it; lou's next record brings it
	 * back as soon as the host signs with a box for it. */
	struct lr_charter *c = malloc(sizeof(*c));
	*c = *lr_roster_rules(host.r);
	memcpy(to[0].public_key, lou.pub, 32);
	len = lr_charter_kick(c, key, (uint8_t[16]){7}, to, 2, p.host_secret, heal);
	free(c);
	is_int(lr_directory_put_charter(d, p.id, heal, (size_t)len, false, &now), LR_DIRECTORY_OK,
		"the host kicks rob");
	is_int(lr_roster_charter(lou.r, heal, (size_t)len, now.mono_ns), 1, "and lou is in again");
	ok(!lr_roster_out(lou.r) && lr_roster_keys(lou.r)->epoch == 3, "with the newest secret");
	is_int(person_put(&lou, d, 0), LR_DIRECTORY_OK, "which counts");
	part();
}

int main(void)
{
	lr_crypto_init();
	rotation();
	tries();
	fork_of_a_kicker();
	sabotage();
	return tap_done();
}
