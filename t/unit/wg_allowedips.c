/*
 * wg_allowedips.c - longest prefix match, by cases and against a list that is searched
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/crypto/crypto.h"
#include "lib/wg/allowedips.h"
#include "lib/wg/peer.h"
#include "t/unit/tap.h"

enum { PEERS = 20, MODEL = 300 };

static struct lr_peer peers[PEERS];
static struct lr_allowedips trie;

static struct lr_prefix prefix(const char *text)
{
	struct lr_prefix p;
	if (lr_prefix_parse(text, &p) != 0)
		abort();
	return p;
}

static int allow(int peer, const char *text)
{
	struct lr_prefix p = prefix(text);
	return lr_allowedips_insert(&trie, &peers[peer], &p);
}

static int disallow(int peer, const char *text)
{
	struct lr_prefix p = prefix(text);
	return lr_allowedips_remove(&trie, &peers[peer], &p);
}

static int who(const char *text)
{
	struct lr_prefix p = prefix(text);
	struct lr_peer *peer = lr_allowedips_lookup(&trie, p.ip.family, p.ip.b);
	return peer ? (int)(peer - peers) : -1;
}

static void count(void *ctx, const struct lr_prefix *p)
{
	(void)p;
	++*(int *)ctx;
}

static int prefixes_of(int peer)
{
	int n = 0;
	lr_allowedips_each(&trie, &peers[peer], count, &n);
	return n;
}

static void cases(void)
{
	is_int(who("10.0.0.1"), -1, "an empty trie");
	is_int(allow(0, "0.0.0.0/0"), 0, "a default route");
	is_int(allow(1, "10.0.0.0/8"), 0, "a net");
	allow(2, "10.66.0.0/16");
	allow(3, "10.66.0.7/32");
	allow(4, "10.66.0.6/31");
	allow(5, "128.0.0.0/1");
	is_int(who("1.2.3.4"), 0, "the default");
	is_int(who("10.1.2.3"), 1, "/8");
	is_int(who("10.66.1.1"), 2, "/16");
	is_int(who("10.66.0.7"), 3, "/32");
	is_int(who("10.66.0.6"), 4, "/31");
	is_int(who("255.255.255.255"), 5, "/1");
	is_int(who("::1"), -1, "IPv6 is another trie");
	is_int(allow(6, "10.66.0.99/16"), 0, "the same net, claimed with host bits");
	is_int(who("10.66.1.1"), 6, "is the last claimer's");
	is_int(prefixes_of(2), 0, "and no longer the first's");
	is_int(disallow(2, "10.66.0.0/16"), -ENOENT, "who cannot give it back");
	is_int(disallow(6, "10.66.0.0/16"), 0, "the owner can");
	is_int(who("10.66.1.1"), 1, "the next shorter one takes over");
	is_int(who("10.66.0.7"), 3, "longer ones stay");
	allow(7, "10.66.0.7/32");
	is_int(who("10.66.0.7"), 7, "a whole address changes hands");
	is_int(disallow(7, "10.66.0.7/32"), 0, "and is given back");
	is_int(who("10.66.0.7"), 4, "to the /31");

	allow(8, "fd00::/8");
	allow(9, "fd00::1/128");
	allow(10, "fd00:0:0:0:8000::/65");
	allow(11, "fd00::/64");
	allow(12, "::/0");
	is_int(who("fd00::1"), 9, "/128");
	is_int(who("fd00::2"), 11, "/64");
	is_int(who("fd00::8000:0:0:1"), 10, "/65");
	is_int(who("fd01::"), 8, "/8");
	is_int(who("2001:db8::1"), 12, "::/0");
	for (int i = 0; i < PEERS; i++)
		lr_allowedips_remove_all(&trie, &peers[i]);
	is_int(who("10.0.0.1"), -1, "all gone");
	ok(trie.root[0] == 0 && trie.root[1] == 0 && trie.n_hosts == 0, "and nothing left behind");
	struct lr_prefix p = prefix("10.0.0.0/8");
	p.len = 33;
	is_int(lr_allowedips_insert(&trie, &peers[0], &p), -EINVAL, "a /33 is no prefix");
	p.ip.family = 0;
	is_int(lr_allowedips_insert(&trie, &peers[0], &p), -EINVAL, "nor is nothing");
}

/* --- against a list --- */

static struct {
	struct lr_prefix p;
	int peer; /* -1: unused */
} list[MODEL];

static struct lr_prefix some_prefix(void)
{
	struct lr_prefix p = {.ip.family = lr_random_below(2) ? 4 : 6};
	uint8_t bytes[16];
	lr_random(bytes, sizeof(bytes));
	for (unsigned i = 0; i < lr_ip_bits(&p.ip) / 8; i++)
		p.ip.b[i] = i % 4 == 3 ? bytes[i] : bytes[i] & 1; /* dense: prefixes nest */
	unsigned all = lr_ip_bits(&p.ip);
	p.len = (uint8_t)(lr_random_below(3) ? lr_random_below(all + 1) : all);
	lr_prefix_mask(&p);
	return p;
}

static int list_find(const struct lr_prefix *p)
{
	for (int i = 0; i < MODEL; i++)
		if (list[i].peer >= 0 && list[i].p.len == p->len &&
			lr_ip_equal(&list[i].p.ip, &p->ip))
			return i;
	return -1;
}

static int list_lookup(const struct lr_ip *ip)
{
	int best = -1;
	for (int i = 0; i < MODEL; i++)
		if (list[i].peer >= 0 && lr_prefix_covers(&list[i].p, ip) &&
			(best < 0 || list[i].p.len > list[best].p.len))
			best = i;
	return best < 0 ? -1 : list[best].peer;
}

static unsigned step(void)
{
	struct lr_prefix p = some_prefix();
	int slot = (int)lr_random_below(MODEL), peer = (int)lr_random_below(PEERS);
	int there = list_find(&p);

	if (lr_random_below(200) == 0) { /* a peer goes */
		lr_allowedips_remove_all(&trie, &peers[peer]);
		for (int i = 0; i < MODEL; i++)
			if (list[i].peer == peer)
				list[i].peer = -1;
	} else if (list[slot].peer >= 0 && lr_random_below(3) == 0) { /* a prefix goes */
		int got = lr_allowedips_remove(&trie, &peers[list[slot].peer], &list[slot].p);
		list[slot].peer = -1;
		return got != 0;
	} else if (there >= 0) { /* it changes hands */
		list[there].peer = peer;
		return lr_allowedips_insert(&trie, &peers[peer], &p) != 0;
	} else if (list[slot].peer < 0) { /* it comes */
		list[slot].p = p;
		list[slot].peer = peer;
		return lr_allowedips_insert(&trie, &peers[peer], &p) != 0;
	}
	struct lr_ip ip = some_prefix().ip;
	struct lr_peer *got = lr_allowedips_lookup(&trie, ip.family, ip.b);
	return (got ? (int)(got - peers) : -1) != list_lookup(&ip);
}

static void model(void)
{
	unsigned wrong = 0, owned[PEERS] = {0}, miscounted = 0;

	for (int i = 0; i < MODEL; i++)
		list[i].peer = -1;
	for (int i = 0; i < 60000; i++)
		wrong += step();
	is_int(wrong, 0, "as the list, 60,000 steps");
	for (int i = 0; i < MODEL; i++)
		if (list[i].peer >= 0)
			owned[list[i].peer]++;
	for (int i = 0; i < PEERS; i++)
		miscounted += (unsigned)prefixes_of(i) != owned[i];
	is_int(miscounted, 0, "each peer's list is right");
	/* Glue has two children, so nodes cannot exceed twice the prefixes. */
	ok(trie.n < 4 * MODEL, "freed nodes are used again (%u)", trie.n);
}

int main(void)
{
	lr_crypto_init();
	cases();
	model();
	lr_allowedips_release(&trie);
	return tap_done();
}
