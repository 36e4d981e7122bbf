/*
 * party_address.c - who has which address: joining at once, disputes, confirmed pairs, guests
 */
#include "t/unit/party_people.h"

/* Both want the same address. */
static struct lr_ip wanted = {4, {10, 66, 9, 9}};

static bool differ(const struct person *a, const struct person *b)
{
	return !lr_ip_equal(&lr_roster_self(a->r)->address, &lr_roster_self(b->r)->address);
}

static void put_all(struct person *p, struct lr_directory *d[2])
{
	person_put(p, d[0], 0);
	person_put(p, d[1], 1);
}

static void get_all(struct person *p, struct lr_directory *d[2])
{
	person_get(p, d[0], 0);
	person_get(p, d[1], 1);
}

static void settle(struct person *p)
{
	if (!lr_roster_wants_publish(p->r, now.mono_ns))
		lr_roster_settle(p->r, now.mono_ns, now.unix_ms / 1000);
}

/* What a node does, one step of it: publish when there is something, settle, else ask. */
static void step(struct person *p, struct lr_directory *d[2], unsigned which)
{
	if (lr_roster_wants_publish(p->r, now.mono_ns)) {
		if (which & 1)
			put_all(p, d);
		else {
			person_put(p, d[1], 1);
			person_put(p, d[0], 0);
		}
	} else if (lr_roster_joining(p->r)) {
		settle(p);
	} else {
		get_all(p, d);
	}
}

/* Two that join in the same millisecond, by two relays, each step in any order: 300 times. In the
 * end their addresses differ, all agree on them, and nobody who was settled before moved. */
static void same_millisecond(void)
{
	unsigned same = 0, disagree = 0, moved = 0, unsettled = 0;

	for (unsigned round = 0; round < 300; round++) {
		struct party p;
		struct person kim, lou, old;
		found(&p);
		struct lr_directory *d[2] = {relay_with(&p), relay_with(&p)};
		person_enter(&old, &p, "old");
		put_all(&old, d);
		settle(&old);
		put_all(&old, d);
		struct lr_ip before = lr_roster_self(old.r)->address;
		pass((LR_ROSTER_GRACE_S + 1) * 1000);
		if (round % 3 == 0)
			wanted = before;
		person_enter(&kim, &p, "kim");
		person_enter(&lou, &p, "lou");
		lr_roster_join(kim.r, &wanted, now.mono_ns);
		lr_roster_join(lou.r, &wanted, now.mono_ns);
		same += differ(&kim, &lou); /* as it should not be at first */
		for (unsigned i = 0; i < 40; i++) {
			uint32_t which = lr_random_below(8);
			step(which & 4 ? &kim : &lou, d, which);
			if (i > 30)
				step(&old, d, which);
			pass(which % 5);
		}
		for (unsigned i = 0; i < 6; i++) {
			step(&kim, d, i);
			step(&lou, d, i);
			step(&old, d, i);
		}
		same += !differ(&kim, &lou) || !differ(&kim, &old) || !differ(&lou, &old);
		moved += !lr_ip_equal(&before, &lr_roster_self(old.r)->address);
		unsettled += lr_roster_joining(kim.r) || lr_roster_joining(lou.r);
		const struct lr_member *k = knows(&old, &kim), *l = knows(&old, &lou);
		disagree += !k || !l || !k->holds || !l->holds ||
			    !lr_ip_equal(&k->r.address, &lr_roster_self(kim.r)->address) ||
			    !lr_ip_equal(&l->r.address, &lr_roster_self(lou.r)->address);
		wanted = (struct lr_ip){4, {10, 66, 9, 9}};
		person_leave(&kim);
		person_leave(&lou);
		person_leave(&old);
		lr_directory_free(d[0]);
		lr_directory_free(d[1]);
	}
	is_int(same, 0, "in the end all addresses differ, always");
	is_int(disagree, 0, "and the third agrees");
	is_int(moved, 0, "who was there before never moved");
	is_int(unsettled, 0, "all are settled");
}

/* The larger keyhash gives way, whoever was first by a hair. */
static void tie(void)
{
	struct party p;
	struct person a, b;

	found(&p);
	struct lr_directory *d = relay_with(&p);
	person_enter(&a, &p, "a");
	person_enter(&b, &p, "b");
	bool a_larger = memcmp(lr_roster_keyhash(a.r), lr_roster_keyhash(b.r), 16) > 0;
	struct person *small = a_larger ? &b : &a, *large = a_larger ? &a : &b;
	lr_roster_join(small->r, &wanted, now.mono_ns);
	lr_roster_join(large->r, &wanted, now.mono_ns);
	person_put(large, d, 0); /* joining, not settled */
	person_put(small, d, 0);
	ok(lr_ip_equal(&lr_roster_self(small->r)->address, &wanted), "the smaller keeps it");
	person_get(large, d, 0);
	ok(!lr_ip_equal(&lr_roster_self(large->r)->address, &wanted), "the larger moves");
	is_int(large->events[LR_ROSTER_MOVED], 1, "and is told");
	ok(lr_roster_wants_publish(large->r, now.mono_ns) && lr_roster_joining(large->r),
		"to publish");
	person_leave(&a);
	person_leave(&b);
	lr_directory_free(d);
}

/* Relays were apart: two settled members have one address. Nobody moves; whoever was known first
 * is the holder, until the host confirms. */
static void dispute(void)
{
	struct party p;
	struct person kim, lou, old, late;
	static struct lr_charter c;
	static uint8_t next[LR_CHARTER_MAX];

	found(&p);
	struct lr_directory *d[2] = {relay_with(&p), relay_with(&p)};
	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	person_enter(&old, &p, "old");
	person_enter(&late, &p, "late");
	lr_roster_join(kim.r, &wanted, now.mono_ns);
	lr_roster_join(lou.r, &wanted, now.mono_ns);
	person_put(&kim, d[0], 0);
	settle(&kim);
	person_put(&kim, d[0], 0);
	person_put(&lou, d[1], 1);
	settle(&lou);
	person_put(&lou, d[1], 1);
	person_put(&old, d[0], 0);
	settle(&old);
	person_put(&late, d[1], 1);
	settle(&late);
	pass((LR_ROSTER_GRACE_S + 5) * 1000);
	for (unsigned i = 0; i < 2; i++) {
		put_all(&kim, d);
		put_all(&lou, d);
		get_all(&old, d);
		get_all(&late, d);
	}
	ok(lr_ip_equal(&lr_roster_self(kim.r)->address, &wanted) &&
			lr_ip_equal(&lr_roster_self(lou.r)->address, &wanted),
		"neither gives up what it had for long");
	ok(knows(&old, &kim)->holds && !knows(&old, &lou)->holds, "old knew kim first");
	ok(knows(&late, &lou)->holds && !knows(&late, &kim)->holds, "late knew lou first");
	ok(lr_roster_holder(old.r, &wanted) == knows(&old, &kim), "packets go there");

	lr_charter_read(p.charter, (size_t)p.charter_len, p.id, &c);
	lr_charter_fold(&c);
	is_int(lr_roster_confirm(old.r, &c), 2, "old, as the host, confirms kim and itself");
	int len = lr_charter_sign(&c, p.host_secret, next);
	for (unsigned i = 0; i < 2; i++)
		lr_directory_put_charter(d[i], p.id, next, (size_t)len, false, &now);
	get_all(&kim, d);
	get_all(&lou, d);
	get_all(&late, d);
	ok(lr_ip_equal(&lr_roster_self(kim.r)->address, &wanted), "kim keeps it");
	ok(!lr_ip_equal(&lr_roster_self(lou.r)->address, &wanted), "lou moves");
	ok(knows(&late, &kim)->holds && !knows(&late, &lou)->holds, "late agrees");
	put_all(&lou, d);
	get_all(&late, d);
	ok(knows(&late, &lou)->holds, "and learns lou's new one");

	/* Confirmed for good: kim leaves for a week, nobody gets the address, kim gets it back. */
	struct person new;
	person_enter(&new, &p, "new");
	lr_roster_charter(new.r, next, (size_t)len, now.mono_ns);
	lr_roster_join(new.r, &wanted, now.mono_ns);
	ok(!lr_ip_equal(&lr_roster_self(new.r)->address, &wanted),
		"a newcomer who wants it gets another");
	lr_roster_self(new.r)->address = wanted;
	lr_roster_touch(new.r);
	person_put(&new, d[0], 0);
	get_all(&late, d);
	ok(knows(&late, &new) && !knows(&late, &new)->holds, "and who takes it is not believed");
	struct person fresh;
	person_enter(&fresh, &p, "fresh");
	lr_roster_charter(fresh.r, next, (size_t)len, now.mono_ns);
	uint8_t nonce[24] = {0}, rec[LR_RECORD_MAX];
	lr_roster_self(new.r)->address = wanted;
	len = lr_roster_publish(new.r, false, now.mono_ns, now.unix_ms / 1000, nonce, rec);
	lr_roster_record(fresh.r, rec, (size_t)len, now.unix_ms / 1000, now.mono_ns);
	ok(knows(&fresh, &new) && !knows(&fresh, &new)->holds,
		"not even where kim is known from the charter alone");
	person_leave(&fresh);
	person_leave(&new);
	person_leave(&kim);
	person_leave(&lou);
	person_leave(&old);
	person_leave(&late);
	lr_directory_free(d[0]);
	lr_directory_free(d[1]);
}

/* A member that takes the addresses of others on purpose gets none of them. */
static void robber(void)
{
	struct party p;
	struct person kim, lou, rob;

	found(&p);
	struct lr_directory *d = relay_with(&p);
	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	person_enter(&rob, &p, "rob");
	person_join(&kim, d);
	person_join(&lou, d);
	person_join(&rob, d);
	person_get(&kim, d, 0);
	pass((LR_ROSTER_GRACE_S + 1) * 1000);
	struct lr_record *self = lr_roster_self(rob.r);
	struct lr_ip own = lr_roster_self(lou.r)->address, host = lr_roster_self(kim.r)->address;
	static const struct {
		struct lr_ip ip;
		const char *what;
	} cases[] = {{{4, {10, 66, 0, 0}}, "the network's"}, {{4, {10, 66, 7, 255}}, "a broadcast"},
		{{4, {10, 67, 0, 1}}, "one outside the pool"}, {{4, {127, 0, 0, 1}}, "loopback"}};
	self->address = own;
	self->since_s = 1;
	person_put(&rob, d, 0);
	person_get(&kim, d, 0);
	ok(!knows(&kim, &rob)->holds && knows(&kim, &lou)->holds, "lou's address is not taken");
	self->address = host;
	person_put(&rob, d, 0);
	person_get(&kim, d, 0);
	ok(!knows(&kim, &rob)->holds, "nor kim's own");
	ok(lr_ip_equal(&lr_roster_self(kim.r)->address, &host), "which kim keeps");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		self->address = cases[i].ip;
		person_put(&rob, d, 0);
		person_get(&kim, d, 0);
		ok(!knows(&kim, &rob)->holds, "nor %s", cases[i].what);
	}
	self->address = (struct lr_ip){4, {10, 66, 77, 77}};
	self->n_guests = 2;
	self->guests[0] = (struct lr_guest){"a", own};
	self->guests[1] = (struct lr_guest){"b", {4, {10, 66, 77, 78}}};
	person_put(&rob, d, 0);
	person_get(&kim, d, 0);
	is_int(knows(&kim, &rob)->guests_held, 2, "nor as a guest's; a guest of its own is one");
	struct lr_ip guest = {4, {10, 66, 77, 78}};
	ok(lr_roster_holder(kim.r, &guest) == knows(&kim, &rob), "and found at its hub");
	person_leave(&kim);
	person_leave(&lou);
	person_leave(&rob);
	lr_directory_free(d);
}

/* A pool that is nearly full, and one that is. */
static void crowded(void)
{
	struct party p;
	static struct lr_charter c;
	static uint8_t next[LR_CHARTER_MAX];
	struct person men[8];
	unsigned same = 0, none = 0;

	found(&p);
	lr_charter_read(p.charter, (size_t)p.charter_len, p.id, &c);
	lr_charter_fold(&c);
	c.pool = (struct lr_prefix){{4, {10, 1, 2, 0}}, 29}; /* .1 to .6; .1 is the host's */
	int len = lr_charter_sign(&c, p.host_secret, next);
	struct lr_directory *d = relay_with(NULL);
	lr_directory_put_charter(d, p.id, next, (size_t)len, true, &now);
	for (unsigned i = 0; i < 8; i++) {
		person_enter(&men[i], &p, "one of many");
		if (i == 0) {
			struct lr_ip host = lr_keys_host_address(&c.pool);
			lr_roster_charter(men[i].r, next, (size_t)len, now.mono_ns);
			lr_roster_join(men[i].r, &host, now.mono_ns);
		}
		person_join(&men[i], d);
	}
	ok(lr_ip_equal(&lr_roster_self(men[0].r)->address, &(struct lr_ip){4, {10, 1, 2, 1}}),
		"the host's");
	for (unsigned i = 0; i < 8; i++) {
		none += !lr_roster_self(men[i].r)->address.family;
		for (unsigned k = 0; k < i; k++)
			same += !differ(&men[i], &men[k]) &&
				lr_roster_self(men[i].r)->address.family;
	}
	is_int(same, 0, "no address twice");
	is_int(none, 2, "six of eight have one");
	for (unsigned i = 0; i < 8; i++)
		person_leave(&men[i]);
	lr_directory_free(d);
}

/* Guests get addresses that nobody has; who joins later leaves them alone. */
static void guests(void)
{
	struct party p;
	struct lr_directory *d;
	struct person hub, late;
	struct lr_ip ip[4], taken, want;
	uint8_t key[32] = {7}, hash[LR_KEYHASH_LEN];
	unsigned bad = 0;

	found(&p);
	d = relay_with(&p);
	person_enter(&hub, &p, "hub");
	person_join(&hub, d);
	struct lr_record *self = lr_roster_self(hub.r);
	for (unsigned i = 0; i < 4; i++) { /* the same key again: only its address is not free */
		bad += !lr_roster_choose_guest(hub.r, key, &ip[i]);
		bad += lr_ip_equal(&ip[i], &self->address);
		for (unsigned k = 0; k < i; k++)
			bad += lr_ip_equal(&ip[i], &ip[k]);
		self->guests[self->n_guests++] = (struct lr_guest){"g", ip[i]};
		if (i & 1) { /* known by the roster, or only in the record */
			lr_roster_touch(hub.r);
			lr_roster_tick(hub.r, now.mono_ns);
		}
	}
	is_int(bad, 0, "four guests have four addresses, none of them the hub's");
	struct lr_prefix pool = lr_roster_pool(hub.r);
	lr_keyhash(hash, key);
	want = lr_keys_address(&pool, hash, 0);
	ok(lr_ip_equal(&ip[0], &want), "chosen as a member's is");
	ok(lr_roster_ours(hub.r, &ip[3]) && lr_roster_ours(hub.r, &self->address),
		"they are the hub's");
	person_put(&hub, d, 0);
	person_with(&late, p.id, "late", NULL);
	lr_roster_enter(late.r, 1, p.secret, &pool);
	lr_roster_join(late.r, &ip[1], now.mono_ns);
	ok(lr_ip_equal(&lr_roster_self(late.r)->address, &ip[1]), "a joiner claims a guest's");
	person_put(&late, d, 0);
	ok(!lr_ip_equal(&lr_roster_self(late.r)->address, &ip[1]), "and takes another");
	person_join(&late, d);
	person_get(&hub, d, 0);
	ok(lr_roster_ours(hub.r, &ip[1]), "the guest keeps it");
	ok(lr_roster_choose_guest(late.r, key, &taken) && !lr_ip_equal(&taken, &ip[0]) &&
			!lr_ip_equal(&taken, &ip[3]),
		"another hub's guest gets none of them either");
	person_leave(&hub);
	person_leave(&late);
	lr_directory_free(d);
}

static void carries(struct person *p, struct lr_directory *d, struct lr_ip machine,
	const uint8_t token[16], const uint8_t before[16])
{
	struct lr_record *self = lr_roster_self(p->r);

	self->n_guests = 1;
	self->guests[0] = (struct lr_guest){"bridged-9-9", machine};
	lr_record_carry(self, token, before);
	lr_roster_touch(p->r);
	lr_roster_tick(p->r, now.mono_ns);
	person_put(p, d, 0);
}

/* Of two bridges at one segment the second takes over at once, and nobody else can. */
static void bridges(void)
{
	static const uint8_t none[16], one[16] = {1}, two[16] = {2}, three[16] = {3}, bad[16] = {9};
	struct lr_ip machine = {4, {10, 66, 9, 9}};
	struct person kim, lou, see;
	struct party p;

	found(&p);
	struct lr_directory *d = relay_with(&p);
	person_enter(&kim, &p, "kim");
	person_enter(&lou, &p, "lou");
	person_enter(&see, &p, "see");
	person_join(&kim, d);
	person_join(&lou, d);
	person_join(&see, d);
	carries(&kim, d, machine, one, none);
	person_get(&lou, d, 0);
	carries(&lou, d, machine, two, bad);
	person_get(&see, d, 0);
	ok(lr_roster_holder(see.r, &machine) == knows(&see, &kim) && !knows(&see, &kim)->succeeded,
		"who did not hear a bridge's token does not take its machines");
	ok(!lr_roster_ours(lou.r, &machine), "nor thinks so");
	unsigned before = see.events[LR_ROSTER_HOLDS];
	carries(&lou, d, machine, two, one);
	person_get(&see, d, 0);
	ok(lr_roster_holder(see.r, &machine) == knows(&see, &lou) && knows(&see, &kim)->succeeded,
		"who did has them at once, with the other's record as good as ever");
	ok(see.events[LR_ROSTER_HOLDS] > before, "which is told");
	ok(lr_roster_ours(lou.r, &machine), "and knows it");
	person_get(&kim, d, 0);
	ok(!lr_roster_ours(kim.r, &machine), "the other, too");
	carries(&kim, d, machine, three, two);
	person_get(&see, d, 0);
	ok(lr_roster_holder(see.r, &machine) == knows(&see, &kim) && knows(&see, &lou)->succeeded &&
			!knows(&see, &kim)->succeeded,
		"and back, with a fresh token");
	carries(&lou, d, machine, two, three);
	person_get(&see, d, 0);
	ok(lr_roster_holder(see.r, &machine) == knows(&see, &kim) &&
			!knows(&see, &lou)->succeeded && !knows(&see, &kim)->succeeded,
		"two that say it of each other are not believed");
	person_leave(&kim);
	person_leave(&lou);
	person_leave(&see);
	lr_directory_free(d);
}

int main(void)
{
	lr_crypto_init();
	same_millisecond();
	tie();
	dispute();
	robber();
	crowded();
	guests();
	bridges();
	return tap_done();
}
