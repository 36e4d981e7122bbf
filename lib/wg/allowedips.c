/*
 * allowedips.c - path-compressed tries from prefix to peer
 */
#include "lib/wg/allowedips.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/crypto/crypto.h"
#include "lib/wg/peer.h"

#define FIRST_ROOM 32

struct key {
	uint64_t hi, lo;
};

static struct key key_of(uint8_t family, const uint8_t *addr)
{
	if (family == 4)
		return (struct key){.hi = (uint64_t)lr_get_be32(addr) << 32};
	return (struct key){lr_get_be64(addr), lr_get_be64(addr + 8)};
}

static struct key masked(struct key k, unsigned len)
{
	if (len < 64)
		return (struct key){len ? k.hi & (~0ull << (64 - len)) : 0, 0};
	return (struct key){k.hi, len > 64 ? k.lo & (~0ull << (128 - len)) : 0};
}

/* How many leading bits are the same, 0..128. */
static unsigned common(struct key a, struct key b)
{
	if (a.hi != b.hi)
		return (unsigned)__builtin_clzll(a.hi ^ b.hi);
	return a.lo == b.lo ? 128 : 64 + (unsigned)__builtin_clzll(a.lo ^ b.lo);
}

/* Bit `at`, 0 is the first; at < 128. */
static unsigned bit(struct key k, unsigned at)
{
	return (at < 64 ? k.hi >> (63 - at) : k.lo >> (127 - at)) & 1;
}

static struct key node_key(const struct lr_allowed_node *n)
{
	return (struct key){n->hi, n->lo};
}

void lr_allowedips_release(struct lr_allowedips *t)
{
	free(t->nodes);
	free(t->buckets);
	*t = (struct lr_allowedips){0};
}

/* --- nodes --- */

/* Makes sure that two nodes can be taken: an insertion needs a leaf and at most one glue. */
static int reserve(struct lr_allowedips *t)
{
	if (t->free && t->nodes[t->free].child[0])
		return 0;
	if (t->n + 2 < t->room)
		return 0;
	uint32_t room = t->room ? 2 * t->room : FIRST_ROOM;
	struct lr_allowed_node *nodes = reallocarray(t->nodes, room, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	t->nodes = nodes;
	t->room = room;
	if (t->n == 0)
		t->n = 1; /* index 0 means none */
	return 0;
}

static uint32_t take(struct lr_allowedips *t, uint8_t family, struct key k, unsigned len)
{
	uint32_t i = t->free;
	if (i)
		t->free = t->nodes[i].child[0];
	else
		i = t->n++;
	k = masked(k, len);
	t->nodes[i] = (struct lr_allowed_node){
		.hi = k.hi, .lo = k.lo, .len = (uint8_t)len, .family = family};
	return i;
}

static void give(struct lr_allowedips *t, uint32_t i)
{
	t->nodes[i] = (struct lr_allowed_node){.child[0] = t->free};
	t->free = i;
}

/* The place that refers to node `i`: its parent's child, or the root. */
static uint32_t *place_of(struct lr_allowedips *t, uint32_t i)
{
	struct lr_allowed_node *n = &t->nodes[i];
	if (n->parent == 0)
		return &t->root[n->family == 6];
	uint32_t *child = t->nodes[n->parent].child;
	return child[0] == i ? &child[0] : &child[1];
}

static void hang(struct lr_allowedips *t, uint32_t parent, uint32_t i)
{
	t->nodes[parent].child[bit(node_key(&t->nodes[i]), t->nodes[parent].len)] = i;
	t->nodes[i].parent = parent;
}

/* --- whole addresses --- */

static bool is_host(const struct lr_allowed_node *n)
{
	return n->len == (n->family == 4 ? 32 : 128);
}

static uint32_t *bucket(const struct lr_allowedips *t, struct key k)
{
	uint64_t h = (k.hi ^ t->seed) * 0x9e3779b97f4a7c15ull; /* 2^64 / golden ratio */
	h = ((h ^ h >> 32) + k.lo) * 0x9e3779b97f4a7c15ull;
	return &t->buckets[h >> 32 & (t->n_buckets - 1)];
}

static void add_host(struct lr_allowedips *t, uint32_t i)
{
	uint32_t *head = bucket(t, node_key(&t->nodes[i]));
	t->nodes[i].chain = *head;
	*head = i;
}

static void remove_host(struct lr_allowedips *t, uint32_t i)
{
	uint32_t *at = bucket(t, node_key(&t->nodes[i]));
	while (*at != i)
		at = &t->nodes[*at].chain;
	*at = t->nodes[i].chain;
	t->n_hosts--;
}

/* Room for one more, at most one a bucket on average. */
static int reserve_host(struct lr_allowedips *t)
{
	if (t->n_hosts < t->n_buckets)
		return 0;
	uint32_t n = t->n_buckets ? 2 * t->n_buckets : FIRST_ROOM;
	uint32_t *buckets = calloc(n, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	if (!t->n_buckets)
		lr_random(&t->seed, sizeof(t->seed));
	free(t->buckets);
	t->buckets = buckets;
	t->n_buckets = n;
	for (uint32_t i = 1; i < t->n; i++)
		if (t->nodes[i].peer && is_host(&t->nodes[i]))
			add_host(t, i);
	return 0;
}

static struct lr_peer *find_host(const struct lr_allowedips *t, uint8_t family, struct key k)
{
	if (!t->n_hosts)
		return NULL;
	for (uint32_t i = *bucket(t, k); i; i = t->nodes[i].chain) {
		const struct lr_allowed_node *n = &t->nodes[i];
		if (n->hi == k.hi && n->lo == k.lo && n->family == family)
			return n->peer;
	}
	return NULL;
}

/* --- peers --- */

static void link_peer(struct lr_allowedips *t, uint32_t i, struct lr_peer *peer)
{
	struct lr_allowed_node *n = &t->nodes[i];
	n->peer = peer;
	n->prev = 0;
	n->next = peer->allowed;
	if (n->next)
		t->nodes[n->next].prev = i;
	peer->allowed = i;
}

static void unlink_peer(struct lr_allowedips *t, uint32_t i)
{
	struct lr_allowed_node *n = &t->nodes[i];
	if (n->prev)
		t->nodes[n->prev].next = n->next;
	else
		n->peer->allowed = n->next;
	if (n->next)
		t->nodes[n->next].prev = n->prev;
	n->peer = NULL;
	n->next = n->prev = 0;
}

/* --- the trie --- */

/* The last node on the way to (k, len) whose prefix begins it; 0 when there is none. */
static uint32_t nearest(const struct lr_allowedips *t, uint8_t family, struct key k, unsigned len)
{
	uint32_t i = t->root[family == 6], best = 0;
	while (i) {
		const struct lr_allowed_node *n = &t->nodes[i];
		if (n->len > len || common(node_key(n), k) < n->len)
			break;
		best = i;
		if (n->len == len)
			break;
		i = n->child[bit(k, n->len)];
	}
	return best;
}

/* Puts a new node under `above` (0: as the root), over or beside what hangs there. */
static uint32_t graft(
	struct lr_allowedips *t, uint32_t above, uint8_t family, struct key k, unsigned len)
{
	uint32_t *place =
		above ? &t->nodes[above].child[bit(k, t->nodes[above].len)] : &t->root[family == 6];
	uint32_t below = *place, leaf = take(t, family, k, len), top = leaf;

	if (below) {
		unsigned same = common(node_key(&t->nodes[below]), k);
		if (same < len && same < t->nodes[below].len) {
			top = take(t, family, k, same); /* glue: they part here */
			hang(t, top, leaf);
			hang(t, top, below);
		} else {
			hang(t, leaf, below); /* the new prefix begins the old one */
		}
	}
	*place = top;
	t->nodes[top].parent = above;
	return leaf;
}

int lr_allowedips_insert(struct lr_allowedips *t, struct lr_peer *peer, const struct lr_prefix *p)
{
	if ((p->ip.family != 4 && p->ip.family != 6) || p->len > lr_ip_bits(&p->ip))
		return -EINVAL;
	if (reserve(t) != 0 || reserve_host(t) != 0)
		return -ENOMEM;
	struct key k = masked(key_of(p->ip.family, p->ip.b), p->len);
	uint32_t i = nearest(t, p->ip.family, k, p->len);
	if (i == 0 || t->nodes[i].len != p->len) {
		i = graft(t, i, p->ip.family, k, p->len);
		if (is_host(&t->nodes[i])) {
			add_host(t, i);
			t->n_hosts++;
		}
	} else if (t->nodes[i].peer) {
		unlink_peer(t, i);
	}
	link_peer(t, i, peer);
	return 0;
}

/* Takes a node without a peer out of the trie unless it has two children. */
static void splice(struct lr_allowedips *t, uint32_t i)
{
	struct lr_allowed_node *n = &t->nodes[i];
	if (n->child[0] && n->child[1])
		return;
	uint32_t child = n->child[0] ? n->child[0] : n->child[1];
	*place_of(t, i) = child;
	if (child)
		t->nodes[child].parent = n->parent;
	give(t, i);
}

static void cut(struct lr_allowedips *t, uint32_t i)
{
	uint32_t parent = t->nodes[i].parent;
	if (is_host(&t->nodes[i]))
		remove_host(t, i);
	unlink_peer(t, i);
	splice(t, i);
	if (parent && !t->nodes[parent].peer)
		splice(t, parent); /* glue that may have lost its second child */
}

int lr_allowedips_remove(struct lr_allowedips *t, struct lr_peer *peer, const struct lr_prefix *p)
{
	if ((p->ip.family != 4 && p->ip.family != 6) || p->len > lr_ip_bits(&p->ip))
		return -ENOENT;
	struct key k = masked(key_of(p->ip.family, p->ip.b), p->len);
	uint32_t i = nearest(t, p->ip.family, k, p->len);
	if (i == 0 || t->nodes[i].len != p->len || t->nodes[i].peer != peer)
		return -ENOENT;
	cut(t, i);
	return 0;
}

void lr_allowedips_remove_all(struct lr_allowedips *t, struct lr_peer *peer)
{
	while (peer->allowed)
		cut(t, peer->allowed);
}

void lr_allowedips_each(const struct lr_allowedips *t, const struct lr_peer *peer,
	void (*each)(void *ctx, const struct lr_prefix *prefix), void *ctx)
{
	for (uint32_t i = peer->allowed, next; i; i = next) {
		const struct lr_allowed_node *n = &t->nodes[i];
		struct lr_prefix p = {.ip.family = n->family, .len = n->len};
		if (n->family == 4) {
			lr_put_be32(p.ip.b, (uint32_t)(n->hi >> 32));
		} else {
			lr_put_be64(p.ip.b, n->hi);
			lr_put_be64(p.ip.b + 8, n->lo);
		}
		next = n->next; /* `each` may take this prefix away */
		each(ctx, &p);
	}
}

static struct lr_peer *lookup4(const struct lr_allowedips *t, uint64_t hi)
{
	struct lr_peer *best = NULL;
	for (uint32_t i = t->root[0]; i;) {
		const struct lr_allowed_node *n = &t->nodes[i];
		if (n->len && (n->hi ^ hi) >> (64 - n->len))
			break;
		struct lr_peer *here = n->peer;
		best = here ? here : best;
		i = n->child[hi >> (63 - n->len) & 1];
	}
	return best;
}

static struct lr_peer *lookup6(const struct lr_allowedips *t, struct key k)
{
	struct lr_peer *best = NULL;
	for (uint32_t i = t->root[1]; i;) {
		const struct lr_allowed_node *n = &t->nodes[i];
		if (common(node_key(n), k) < n->len)
			break;
		if (n->peer)
			best = n->peer;
		if (n->len == 128)
			break;
		i = n->child[bit(k, n->len)];
	}
	return best;
}

struct lr_peer *lr_allowedips_lookup(
	const struct lr_allowedips *t, uint8_t family, const uint8_t *addr)
{
	if (family != 4 && family != 6)
		return NULL;
	struct key k = key_of(family, addr);
	struct lr_peer *host = find_host(t, family, k);
	if (host)
		return host;
	return family == 4 ? lookup4(t, k.hi) : lookup6(t, k);
}
