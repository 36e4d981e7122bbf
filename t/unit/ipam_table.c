/*
 * ipam_table.c - the table of leases: order, stability, limits, names and keys
 */
#include "lib/ipam/ipam.h"

#include <errno.h>
#include <stdlib.h>

#include "t/unit/tap.h"

#define KEY1 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY2 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="

static struct lr_ipam *pool(const char *text)
{
	struct lr_prefix p;

	return lr_ipam_pool_parse(text, &p, NULL) == 0 ? lr_ipam_new(&p, NULL) : NULL;
}

static const char *address(const struct lr_lease *l)
{
	static char text[LR_ADDR_TEXT];

	return l ? lr_ip_text(&l->address, text) : "(none)";
}

static const char *give(struct lr_ipam *t, const char *peer)
{
	bool fresh;

	return address(lr_ipam_alloc(t, peer, &fresh));
}

/* Decides and applies. */
static int want(struct lr_ipam *t, struct lr_want w, struct lr_err *err)
{
	struct lr_record r;

	if (lr_ipam_want(t, &w, &r, err) < 0)
		return -1;
	return lr_ipam_apply(t, &r, 0);
}

static struct lr_ip ip(const char *text)
{
	struct lr_ip out = {0};

	lr_ip_parse(text, &out);
	return out;
}

static void pools(void)
{
	static const struct {
		const char *text;
		size_t usable; /* 0: refused */
	} cases[] = {
		{"10.66.0.0/16", 65024},
		{"10.0.0.0/8", 16646144},
		{"192.168.7.0/24", 254},
		{"192.168.7.0/25", 126},
		{"192.168.7.128/25", 126},
		{"192.168.7.4/30", 2},
		{"192.168.7.8/29", 6},
		{"10.66.3.7/16", 65024},
		{"10.66.0.0/23", 508},
		{"10.66.0.0/31", 0},
		{"10.66.0.0/32", 0},
		{"10.66.0.0", 0},
		{"10.0.0.0/7", 0},
		{"300.1.2.3/16", 0},
		{"10.66.0.0/", 0},
		{"10.66.0.0/16x", 0},
		{"fd00::/16", 0},
		{"", 0},
		{"127.0.0.0/8", 0},
		{"224.0.0.0/8", 0},
		{"0.0.0.0/8", 0},
		{"255.255.255.0/24", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_prefix p;
		struct lr_err err = {0};
		int rc = lr_ipam_pool_parse(cases[i].text, &p, &err);
		if (cases[i].usable)
			ok(rc == 0 && lr_ipam_usable(&p) == cases[i].usable,
				"%s gives %zu addresses", cases[i].text, cases[i].usable);
		else
			ok(rc < 0 && err.exit == LR_EXIT_USAGE && err.text[0], "'%s' is refused",
				cases[i].text);
	}
}

/* Every address of a pool, in order, each once; then none. */
static void exhaust(const char *text)
{
	struct lr_ipam *t = pool(text);
	struct lr_ipam_stats st;
	size_t n = 0, wrong = 0;
	uint32_t before = 0;
	bool fresh;
	char name[32];

	lr_ipam_stats(t, &st);
	for (;; n++) {
		snprintf(name, sizeof(name), "p%zu", n);
		const struct lr_lease *l = lr_ipam_alloc(t, name, &fresh);
		if (!l)
			break;
		const uint8_t *b = l->address.b;
		uint32_t a =
			(uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
		wrong += a <= before || b[3] == 0 || b[3] == 255 || !fresh ||
			 !lr_prefix_covers(lr_ipam_pool(t), &l->address);
		before = a;
	}
	ok(n == st.capacity && wrong == 0 && errno == ENOSPC, "%s gives %zu addresses in order",
		text, n);
	lr_ipam_stats(t, &st);
	ok(st.used == st.capacity && st.next.family == 0, "%s is full and says so", text);
	lr_ipam_release(t, "p1");
	is_str(give(t, "late"), address(lr_ipam_by_peer(t, "late")), "a released one can be given");
	ok(lr_ipam_count(t) == st.capacity, "and the pool is full again");
	ok(strcmp(give(t, "p0"), "(none)") != 0, "a full pool still knows its peers");
	is_str(give(t, "p1"), "(none)", "but has nothing for one whose address went to another");
	lr_ipam_free(t);
}

static void edges(void)
{
	struct lr_ipam *t = pool("10.66.0.0/16");
	char name[16];

	is_str(give(t, "first"), "10.66.0.1", "the first address");
	for (int i = 0; i < 253; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		give(t, name);
	}
	is_str(address(lr_ipam_by_peer(t, "n252")), "10.66.0.254", "the last of the first /24");
	is_str(give(t, "over"), "10.66.1.1", "then the next /24, without .255 and .0");
	lr_ipam_free(t);
	t = pool("192.168.7.128/25");
	is_str(give(t, "a"), "192.168.7.129", "a /25 without its network address");
	lr_ipam_free(t);
}

static void stability(void)
{
	struct lr_ipam *t = pool("192.168.7.0/29");
	bool fresh;

	give(t, "a"), give(t, "b"), give(t, "c");
	lr_ipam_alloc(t, "b", &fresh);
	ok(!fresh, "the same name has its lease already");
	is_int(lr_ipam_release(t, "b"), 0, "released");
	is_int(lr_ipam_release(t, "b"), -ENOENT, "released once");
	ok(!lr_ipam_by_peer(t, "b"), "a released peer is not found");
	struct lr_ip two = ip("192.168.7.2");
	ok(!lr_ipam_by_address(t, &two), "nor its address");
	is_str(give(t, "d"), "192.168.7.4", "a new peer does not get the released address");
	is_str(give(t, "b"), "192.168.7.2", "who comes back gets it again");
	is_str(give(t, "e"), "192.168.7.5", "and the sequence goes on where it was");
	lr_ipam_release(t, "b");
	lr_ipam_release(t, "a");
	is_str(give(t, "f"), "192.168.7.6", "first all addresses are given once");
	is_str(give(t, "g"), "192.168.7.1", "then the sequence goes round the pool");
	is_str(give(t, "a"), "192.168.7.2", "who comes back too late gets what is left");
	is_str(give(t, "b"), "(none)", "or nothing");
	lr_ipam_free(t);
}

static void six(void)
{
	struct lr_ipam *t = pool("10.66.0.0/16");
	char text[LR_ADDR_TEXT];
	struct lr_prefix p, q, ula;
	bool fresh;

	lr_ipam_pool_parse("10.66.0.0/16", &p, NULL);
	lr_ipam_pool_parse("10.66.0.0/17", &q, NULL);
	is_str(lr_prefix_text(lr_ipam_ula(t), text), "fd2f:66fc:c5d7:fb32::/64",
		"the prefix of the default pool, the same on every machine");
	struct lr_prefix a = lr_ipam_ula_of(&p), b = lr_ipam_ula_of(&q);
	ok(!lr_ip_equal(&a.ip, &b.ip), "another pool, another prefix");
	const struct lr_lease *l = lr_ipam_alloc(t, "a", &fresh);
	is_str(lr_ip_text(&l->address6, text), "fd2f:66fc:c5d7:fb32::a42:1", "address6");
	ok(lr_ipam_by_address(t, &l->address6) == l, "found by it");
	struct lr_ip other = l->address6;
	other.b[8] = 1;
	ok(!lr_ipam_by_address(t, &other), "not by another interface identifier");
	lr_ipam_free(t);
	is_int(lr_ipam_ula_parse("fd12:3456:789a:1::/64", &ula, NULL), 0, "a /64");
	is_int(lr_ipam_ula_parse("fd12::/48", &ula, NULL), 0, "a /48");
	is_int(ula.len, 64, "is used as a /64");
	is_int(lr_ipam_ula_parse("2001:db8::/64", &ula, NULL), -1, "not a global one");
	is_int(lr_ipam_ula_parse("fd12::/65", &ula, NULL), -1, "not a /65");
	is_int(lr_ipam_ula_parse("10.0.0.0/8", &ula, NULL), -1, "not an IPv4 one");
}

static void reservations(void)
{
	struct lr_ipam *t = pool("10.66.0.0/16");
	struct lr_err err = {0};
	struct lr_ip seven = ip("10.66.3.7");

	is_int(want(t, (struct lr_want){"bob", .address = seven, .exact = true, .reserve = true},
		       &err),
		0, "an address set aside");
	is_int(want(t, (struct lr_want){"eve", .address = seven, .exact = true}, &err), -1,
		"is not given to another");
	ok(strstr(err.text, "held by bob"), "and the holder is named");
	is_int(want(t, (struct lr_want){"eve", .address = seven}, &err), 0,
		"as a wish it may fail");
	is_str(address(lr_ipam_by_peer(t, "eve")), "10.66.0.1", "then the sequence serves");
	is_int(want(t, (struct lr_want){"bob", .address = ip("10.66.3.8"), .exact = true}, &err),
		-1, "a second address for one peer");
	ok(strstr(err.text, "has 10.66.3.7 already"), "names the first");
	static const char *const bad[] = {"10.66.3.0", "10.66.3.255", "10.66.0.0", "10.67.0.1"};
	for (size_t i = 0; i < 4; i++) {
		is_int(want(t, (struct lr_want){"x", .address = ip(bad[i]), .exact = true}, &err),
			-1, bad[i]);
		is_int(err.exit, LR_EXIT_USAGE, "is a mistake of the caller");
	}
	is_int(want(t, (struct lr_want){"x", .address = ip("10.66.0.2")}, &err), 0,
		"a wish in sequence");
	is_str(give(t, "y"), "10.66.0.3", "moves it");
	struct lr_ipam_stats st;
	lr_ipam_stats(t, &st);
	ok(st.used == 4 && st.reserved == 1, "counted");
	want(t, (struct lr_want){"y", .reserve = true}, &err);
	lr_ipam_stats(t, &st);
	ok(st.reserved == 2, "a lease can be reserved later");
	lr_ipam_release(t, "y");
	lr_ipam_stats(t, &st);
	ok(st.reserved == 1 && st.used == 3 && st.former == 1, "and released");
	lr_ipam_free(t);
}

static void keys(void)
{
	struct lr_ipam *t = pool("10.66.0.0/16");
	struct lr_err err = {0};
	bool several;

	is_int(want(t, (struct lr_want){"bob", KEY1}, &err), 0, "with a key");
	is_str(address(lr_ipam_by_peer(t, KEY1)), "10.66.0.1", "found by it");
	is_int(want(t, (struct lr_want){"rob", KEY1}, &err), 0, "the key under another name");
	is_str(address(lr_ipam_by_peer(t, "rob")), "10.66.0.1", "keeps the address");
	ok(!lr_ipam_by_peer(t, "bob") && lr_ipam_count(t) == 1, "the old name is gone");
	is_int(want(t, (struct lr_want){"rob", KEY2}, &err), -1, "the name with another key");
	ok(strstr(err.text, "another public key"), "is told");
	give(t, "alice");
	is_int(want(t, (struct lr_want){"alice", KEY1}, &err), -1, "name and key of two leases");
	ok(strstr(err.text, "10.66.0.2") && strstr(err.text, "rob with 10.66.0.1"), "names both");
	is_int(want(t, (struct lr_want){"alice", KEY2}, &err), 0, "a key learnt later");
	is_str(lr_ipam_by_peer(t, KEY2)->peer, "alice", "leads to the lease");
	is_int(want(t, (struct lr_want){KEY2}, &err), 0, "asked for by key");
	is_int(lr_ipam_count(t), 2, "it is the same peer");
	ok(lr_ipam_by_prefix(t, "BBBBBB", &several) == lr_ipam_by_peer(t, "alice"), "by a prefix");
	ok(!lr_ipam_by_prefix(t, "BBBBB", &several) && !several, "of six characters");
	lr_ipam_release(t, "alice");
	is_int(want(t, (struct lr_want){.public_key = KEY2}, &err), 0,
		"a known key without a name");
	is_str(address(lr_ipam_by_peer(t, KEY2)), "10.66.0.2", "gets its address again");
	is_str(lr_ipam_by_peer(t, KEY2)->peer, KEY2, "is its own name");
	is_int(want(t, (struct lr_want){"alice", KEY2}, &err), 0, "until it has one");
	ok(lr_ipam_by_peer(t, "alice") == lr_ipam_by_peer(t, KEY2), "both lead to it");
	is_int(want(t, (struct lr_want){KEY1, KEY2}, &err), -1, "two keys for one peer");
	is_int(want(t, (struct lr_want){"x", "no key"}, &err), -1, "a key that is none");
	lr_ipam_release(t, "alice");
	lr_ipam_release(t, "rob");
	ok(lr_ipam_count(t) == 0 && !lr_ipam_by_peer(t, KEY1) && !lr_ipam_by_peer(t, KEY2),
		"all gone");
	lr_ipam_free(t);
}

struct copy {
	struct lr_ipam *t;
	size_t n;
};

static int copy_record(void *ctx, const struct lr_record *r)
{
	struct copy *c = ctx;

	return lr_ipam_apply(c->t, r, ++c->n);
}

static bool same_tables(const struct lr_ipam *a, const struct lr_ipam *b)
{
	const struct lr_lease *l = NULL, *m = NULL;
	struct lr_ipam_stats s, u;

	do {
		l = lr_ipam_next(a, l);
		m = lr_ipam_next(b, m);
		if (!l != !m || (l && (strcmp(l->peer, m->peer) != 0 ||
					      !lr_ip_equal(&l->address, &m->address) ||
					      !lr_ip_equal(&l->address6, &m->address6) ||
					      l->reserved != m->reserved ||
					      !l->public_key != !m->public_key)))
			return false;
	} while (l);
	lr_ipam_stats(a, &s);
	lr_ipam_stats(b, &u);
	return s.used == u.used && s.reserved == u.reserved && s.former == u.former &&
	       lr_ip_equal(&s.next, &u.next);
}

/* A long random life against a plain array; now and then the dump must make the same table. */
static void random_life(void)
{
	enum { NAMES = 300, STEPS = 20000 };
	struct lr_ipam *t = pool("172.16.0.0/24");
	uint8_t has[NAMES] = {0};
	unsigned wrong = 0, full = 0, unlike = 0;
	uint64_t x = 88172645463325252ull;

	for (int i = 0; i < STEPS; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		unsigned n = (unsigned)(x % NAMES);
		char name[16];
		bool fresh = false;
		snprintf(name, sizeof(name), "p%u", n);
		if (x >> 40 & 1) {
			const struct lr_lease *l = lr_ipam_alloc(t, name, &fresh);
			full += !l;
			wrong += l && (fresh != !has[n] || (has[n] && has[n] != l->address.b[3]));
			for (unsigned k = 0; l && k < NAMES; k++)
				wrong += k != n && has[k] == l->address.b[3];
			if (l)
				has[n] = l->address.b[3];
		} else {
			wrong += (lr_ipam_release(t, name) == 0) != (has[n] != 0);
			has[n] = 0;
		}
		if (i % 500 == 0) {
			struct copy c = {pool("172.16.0.0/24"), 0};
			unlike += lr_ipam_dump(t, copy_record, &c) != 0 || !same_tables(t, c.t);
			lr_ipam_free(c.t);
		}
	}
	ok(wrong == 0, "%d steps: no address twice, none changed", STEPS);
	ok(unlike == 0, "each dump makes the same table");
	is_int(full, 0, "254 are enough for half of 300");
	lr_ipam_free(t);
}

static void flaws(void)
{
	struct lr_ipam *t = pool("10.66.0.0/16");
	struct lr_record r = {.op = LR_REC_ALLOC, .peer = "a", .address = ip("10.66.0.1")};

	is_int(lr_ipam_apply(t, &r, 1), 0, "a record");
	is_int(lr_ipam_apply(t, &r, 2), LR_FLAW_DUPLICATE_PEER, "twice");
	LR_RECORD_PUT(r.peer, "b");
	is_int(lr_ipam_apply(t, &r, 3), LR_FLAW_DUPLICATE_ADDRESS, "for two peers");
	r.address = ip("10.66.1.0");
	is_int(lr_ipam_apply(t, &r, 4), LR_FLAW_STRAY, "of .0");
	r.address = ip("11.0.0.1");
	is_int(lr_ipam_apply(t, &r, 5), LR_FLAW_STRAY, "outside");
	r.op = LR_REC_RELEASE;
	is_int(lr_ipam_apply(t, &r, 6), LR_FLAW_UNKNOWN, "the release of nobody");
	r.op = LR_REC_SET;
	is_int(lr_ipam_apply(t, &r, 7), LR_FLAW_UNKNOWN, "a change of nobody");
	r.op = LR_REC_NEXT;
	is_int(lr_ipam_apply(t, &r, 8), LR_FLAW_STRAY, "a sequence outside");
	r.op = LR_REC_POOL;
	is_int(lr_ipam_apply(t, &r, 9), LR_FLAW_MALFORMED, "another pool");
	r = (struct lr_record){.op = LR_REC_SET, .peer = "a", .name = KEY1};
	is_int(lr_ipam_apply(t, &r, 10), LR_FLAW_MALFORMED, "a key for a name");
	is_int(lr_ipam_count(t), 1, "none of them changed anything");
	is_int(lr_ipam_line(lr_ipam_by_peer(t, "a")), 1, "the line is kept");
	lr_ipam_free(t);
}

int main(void)
{
	pools();
	exhaust("192.168.7.4/30");
	exhaust("192.168.7.8/29");
	exhaust("192.168.7.128/25");
	exhaust("192.168.6.0/23");
	exhaust("10.66.0.0/16");
	edges();
	stability();
	six();
	reservations();
	keys();
	random_life();
	flaws();
	return tap_done();
}
