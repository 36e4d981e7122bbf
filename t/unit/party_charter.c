/*
 * party_charter.c - charters: what is read, who may sign, which of two counts
 */
#include "lib/party/charter.h"
#include "t/unit/party_people.h"

/* A member as charters see it. */
struct man {
	uint8_t priv[32], pub[32], party_key[32], party_secret[64], keyhash[16];
};

static struct party home;
static struct man host, kim, lou, max;

static void make_man(struct man *m)
{
	lr_keypair(m->priv, m->pub);
	lr_keys_of_member(m->party_key, m->party_secret, m->priv, home.id);
	lr_keyhash(m->keyhash, m->party_key);
}

static size_t all_but(const struct man *out, struct lr_remaining *to)
{
	const struct man *men[] = {&host, &kim, &lou, &max};
	size_t n = 0;

	for (size_t i = 0; i < 4; i++) {
		if (men[i] == out)
			continue;
		memcpy(to[n].keyhash, men[i]->keyhash, 16);
		memcpy(to[n++].public_key, men[i]->pub, 32);
	}
	return n;
}

/* The first charter, which names kim and lou as kickers. */
static int first(uint8_t *out, struct lr_charter *c)
{
	lr_charter_read(home.charter, (size_t)home.charter_len, home.id, c);
	c->number = 5;
	memcpy(c->kickers[0], kim.party_key, 32);
	memcpy(c->kickers[1], lou.party_key, 32);
	c->n_kickers = 2;
	c->n_confirmed = 2;
	memcpy(c->confirmed[0].keyhash, kim.keyhash, 16);
	c->confirmed[0].address = lr_ip4(0x0a420005);
	memcpy(c->confirmed[1].keyhash, max.keyhash, 16);
	c->confirmed[1].address = lr_ip4(0x0a420006);
	return lr_charter_sign(c, home.host_secret, out);
}

static int kick(
	const uint8_t *from, int len, const struct man *by, const struct man *whom, uint8_t *out)
{
	struct lr_remaining to[4];
	uint8_t secret[16];

	lr_random(secret, sizeof(secret));
	return lr_charter_link(from, (size_t)len, whom->keyhash, secret, to, all_but(whom, to),
		by->party_secret, out);
}

static void reading(void)
{
	static uint8_t bytes[LR_CHARTER_MAX];
	struct lr_charter *c = calloc(1, sizeof(*c)), *again = calloc(1, sizeof(*again));
	uint8_t other[32] = {1};
	unsigned taken = 0;
	int len = first(bytes, c);

	ok(len > 0, "a charter is signed: %d bytes", len);
	is_int(lr_charter_read(bytes, (size_t)len, home.id, again), 0, "and read");
	ok(again->epoch == 1 && again->number == 5 && again->n_relays == 1 &&
			again->n_kickers == 2 && again->n_confirmed == 2 && again->n_links == 0 &&
			again->n_boxes == 0,
		"with all that was in it");
	is_str(again->relays[0].text, "relay.example", "its relay");
	is_mem(lr_charter_access(again), home.keys.access_public, 32, "the access key in force");
	ok(lr_charter_may_kick(again, kim.party_key) && !lr_charter_may_kick(again, max.party_key),
		"kim may kick, max may not");
	ok(lr_charter_holder(again, &again->confirmed[1].address) == &again->confirmed[1] &&
			lr_charter_confirmed(again, kim.keyhash) == &again->confirmed[0],
		"confirmed pairs are found");
	is_int(lr_charter_read(bytes, (size_t)len, other, again), -EACCES, "not of another party");
	for (int cut = 0; cut < len; cut++)
		taken += lr_charter_read(bytes, (size_t)cut, home.id, again) == 0;
	is_int(taken, 0, "nothing shorter is read");
	bytes[len] = 0;
	is_int(lr_charter_read(bytes, (size_t)len + 1, home.id, again), -EBADMSG, "nothing longer");
	for (int bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		taken += lr_charter_read(bytes, (size_t)len, home.id, again) == 0;
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	is_int(taken, 0, "no bit can be flipped");
	free(c);
	free(again);
}

/* What the host's own program must not sign. */
static void refused(void)
{
	static uint8_t bytes[LR_CHARTER_MAX];
	struct lr_charter *c = calloc(1, sizeof(*c)), good;

	first(bytes, c);
	good = *c;
	is_int(lr_charter_sign(c, kim.party_secret, bytes), -EINVAL, "only the host signs");
	c->epoch = 0;
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "epochs begin with 1");
	*c = good;
	c->flags = 4;
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "no unknown flags");
	c->flags = LR_CHARTER_HIDE | LR_CHARTER_TLS;
	ok(lr_charter_sign(c, home.host_secret, bytes) > 0, "but those that are known");
	*c = good;
	c->confirmed[1].address = c->confirmed[0].address;
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "no address twice");
	*c = good;
	c->confirmed[1].address = lr_ip4(0x0b000001);
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "none outside the pool");
	*c = good;
	memcpy(c->confirmed[1].keyhash, c->confirmed[0].keyhash, 16);
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "no member twice");
	*c = good;
	snprintf(c->relays[0].text, LR_PLACE_TEXT, "Relay.example");
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "relays in canonical form");
	*c = good;
	c->pool.len = 31;
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "a pool of /8 to /30");
	*c = good;
	c->pool.ip.b[3] = 1;
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "a pool without host bits");
	*c = good;
	c->n_kickers = LR_KICKERS_MAX + 1;
	is_int(lr_charter_sign(c, home.host_secret, bytes), -EINVAL, "not too many kickers");
	free(c);
}

/* The largest that there may be: everything full. */
static void full(void)
{
	static uint8_t bytes[LR_CHARTER_MAX], linked[LR_CHARTER_MAX];
	static struct lr_remaining to[LR_MEMBERS_MAX];
	struct lr_charter *c = calloc(1, sizeof(*c));
	uint8_t secret[16] = {9}, opened[16];
	int len;

	first(bytes, c);
	c->n_relays = LR_PLACES_MAX;
	for (unsigned i = 0; i < LR_PLACES_MAX; i++) {
		memset(c->relays[i].text, 'a' + (int)i, 120);
		c->relays[i].text[120] = '\0';
	}
	c->n_kickers = LR_KICKERS_MAX;
	for (unsigned i = 2; i < LR_KICKERS_MAX; i++)
		lr_random(c->kickers[i], 32);
	c->n_confirmed = LR_MEMBERS_MAX;
	for (unsigned i = 0; i < LR_MEMBERS_MAX; i++) {
		lr_random(to[i].keyhash, 16);
		memcpy(to[i].public_key, max.pub, 32);
		memcpy(c->confirmed[i].keyhash, to[i].keyhash, 16);
		c->confirmed[i].address = lr_ip4(0x0a420001 + i);
	}
	memcpy(to[0].keyhash, max.keyhash, 16);
	len = lr_charter_kick(
		c, lou.party_key, secret, to, LR_MEMBERS_MAX, home.host_secret, bytes);
	ok(len > 25000 && len <= LR_CHARTER_MAX, "a full charter fits: %d bytes", len);
	is_int(lr_charter_read(bytes, (size_t)len, home.id, c), 0, "and is read");
	is_int(lr_charter_open_box(c, max.keyhash, max.priv, opened), 0, "a box of it opens");
	is_mem(opened, secret, 16, "and holds the secret");
	for (unsigned i = 0; i < LR_LINKS_MAX && len > 0; i++) {
		len = lr_charter_link(bytes, (size_t)len, lou.keyhash, secret, to, LR_MEMBERS_MAX,
			kim.party_secret, linked);
		memcpy(bytes, linked, len > 0 ? (size_t)len : 0);
	}
	ok(len > 0, "with all its links too: %d bytes", len);
	is_int(lr_charter_checks(bytes, (size_t)len), LR_LINKS_MAX + 1,
		"which costs so many checks");
	is_int(lr_charter_checks(bytes, 20), 1, "what is none costs one");
	is_int(lr_charter_link(
		       bytes, (size_t)len, lou.keyhash, secret, to, 1, kim.party_secret, linked),
		-ENOSPC, "one more is too many: the host must sign");
	free(c);
}

static void kicks(void)
{
	static uint8_t h[LR_CHARTER_MAX], k1[LR_CHARTER_MAX], k2[LR_CHARTER_MAX], x[LR_CHARTER_MAX];
	struct lr_charter *c = calloc(1, sizeof(*c));
	uint8_t secret[16];
	int hl = first(h, c), l1, l2;

	is_int(kick(h, hl, &max, &lou, x), -EPERM, "max, whom nobody named, cannot kick");
	is_int(kick(h, hl, &host, &lou, x), -EPERM, "nor the host without its key");
	l1 = kick(h, hl, &kim, &max, k1);
	is_int(lr_charter_read(k1, (size_t)l1, home.id, c), 0, "kim kicks max");
	ok(lr_charter_epoch(c) == 2 && c->n_links == 1 && c->n_boxes == 3,
		"that is the next epoch");
	is_int(lr_charter_open_box(c, lou.keyhash, lou.priv, secret), 0, "lou gets the secret");
	is_int(lr_charter_open_box(c, max.keyhash, max.priv, secret), -ENOENT, "max does not");
	is_int(lr_charter_open_box(c, lou.keyhash, max.priv, secret), -EACCES,
		"nor with lou's box");
	is_int(lr_charter_against(h, (size_t)hl, k1, (size_t)l1), LR_CHARTER_NEWER, "it counts");
	is_int(lr_charter_against(k1, (size_t)l1, h, (size_t)hl), LR_CHARTER_OLDER, "from then on");
	is_int(lr_charter_against(k1, (size_t)l1, k1, (size_t)l1), LR_CHARTER_SAME, "is itself");

	l2 = kick(k1, l1, &lou, &kim, k2);
	is_int(lr_charter_read(k2, (size_t)l2, home.id, c), 0, "lou kicks kim");
	ok(!lr_charter_may_kick(c, kim.party_key) && lr_charter_may_kick(c, lou.party_key),
		"who may kick no more");
	is_int(kick(k2, l2, &kim, &lou, x), -EPERM, "kim cannot go on from there");
	int fork = kick(k1, l1, &kim, &lou, x);
	is_int(lr_charter_read(x, (size_t)fork, home.id, c), 0, "kim can still sign from before");
	is_int(lr_charter_against(k2, (size_t)l2, x, (size_t)fork), LR_CHARTER_FORK,
		"but who knows better refuses");
	int longer = kick(x, fork, &kim, &max, x);
	is_int(lr_charter_against(k2, (size_t)l2, x, (size_t)longer), LR_CHARTER_FORK,
		"however long it gets");

	/* The host settles it, whatever chain it has seen, as long as the epoch does not go back.
	 */
	lr_charter_read(k2, (size_t)l2, home.id, c);
	lr_charter_fold(c);
	ok(c->number == 6 && c->epoch == 3 && c->n_kickers == 1 && c->n_confirmed == 0,
		"folded: no kim, and no address for kim or max");
	int folded = lr_charter_sign(c, home.host_secret, h);
	is_int(lr_charter_against(k2, (size_t)l2, h, (size_t)folded), LR_CHARTER_NEWER,
		"the host's next head counts");
	is_int(lr_charter_against(x, (size_t)longer, h, (size_t)folded), LR_CHARTER_FORK,
		"not where a fork is an epoch further");
	c->epoch = 4;
	c->number = 7;
	folded = lr_charter_sign(c, home.host_secret, h);
	is_int(lr_charter_against(x, (size_t)longer, h, (size_t)folded), LR_CHARTER_FORK,
		"nor with another key for its epoch");
	c->epoch = 5;
	folded = lr_charter_sign(c, home.host_secret, h);
	is_int(lr_charter_against(x, (size_t)longer, h, (size_t)folded), LR_CHARTER_NEWER,
		"but with a greater one");
	free(c);
}

/* A kicker takes apart what it may put together: no part can be exchanged. */
static void stitched(void)
{
	static uint8_t h[LR_CHARTER_MAX], a[LR_CHARTER_MAX], b[LR_CHARTER_MAX];
	struct lr_charter *c = calloc(1, sizeof(*c));
	unsigned taken = 0;
	int hl = first(h, c), al = kick(h, hl, &kim, &max, a), bl = kick(h, hl, &kim, &max, b);

	is_int(al, bl, "two kicks of one length");
	size_t boxes = 3 * (16 + 64);
	memcpy(b + bl - boxes, a + al - boxes, boxes);
	is_int(lr_charter_read(b, (size_t)bl, home.id, c), -EACCES,
		"boxes of another kick do not fit");
	bl = kick(a, al, &kim, &max, b);
	/* Without its first link the second stands alone. */
	size_t link = 1 + 16 + 32 + 32 + 64, at = (size_t)hl - 3 + 1;
	memmove(b + at, b + at + link, (size_t)bl - at - link);
	b[at - 1] = 1;
	is_int(lr_charter_read(b, (size_t)bl - link, home.id, c), -EACCES,
		"nor a link out of its chain");
	for (int bit = (int)at * 8; bit < al * 8; bit++) {
		a[bit / 8] ^= 1 << bit % 8;
		taken += lr_charter_read(a, (size_t)al, home.id, c) == 0;
		a[bit / 8] ^= 1 << bit % 8;
	}
	is_int(taken, 0, "no bit of a link or a box can be flipped");
	free(c);
}

static void host_kicks(void)
{
	static uint8_t h[LR_CHARTER_MAX], out[LR_CHARTER_MAX];
	struct lr_charter *c = calloc(1, sizeof(*c));
	struct lr_remaining to[5];
	uint8_t secret[16] = {3}, opened[16];
	int hl = first(h, c), len;
	size_t n = all_but(NULL, to);

	memset(&to[n++], 0, sizeof(to[0])); /* no key at all */
	len = lr_charter_kick(c, kim.party_key, secret, to, n, home.host_secret, out);
	is_int(lr_charter_read(out, (size_t)len, home.id, c), 0, "the host kicks kim");
	is_int(lr_charter_against(h, (size_t)hl, out, (size_t)len), LR_CHARTER_NEWER,
		"that counts");
	ok(c->epoch == 2 && c->number == 6 && c->n_boxes == 3, "the next epoch, a box for each");
	ok(!lr_charter_may_kick(c, kim.party_key) && !lr_charter_confirmed(c, kim.keyhash) &&
			lr_charter_confirmed(c, max.keyhash),
		"kim has neither right nor address");
	is_mem(c->kicked, kim.keyhash, 16, "and is named");
	is_int(lr_charter_open_box(c, max.keyhash, max.priv, opened), 0, "max opens");
	is_mem(opened, secret, 16, "the secret");
	c->epoch = UINT16_MAX;
	is_int(lr_charter_kick(c, lou.party_key, secret, to, n, home.host_secret, out), -EOVERFLOW,
		"epochs end");
	free(c);
}

int main(void)
{
	lr_crypto_init();
	found(&home);
	make_man(&host);
	make_man(&kim);
	make_man(&lou);
	make_man(&max);
	reading();
	refused();
	full();
	kicks();
	stitched();
	host_kicks();
	return tap_done();
}
