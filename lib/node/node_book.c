/*
 * node_book.c - the peers of a running node as a book
 *
 * A tunnel gives a peer's allowed IPs in no stated order; here they are sorted, IPv4 first, so that
 * what is printed twice is the same twice, and the first of them is the peer's address.
 */
#include "lib/node/node_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lr_book_peer describe(struct lr_wg_peer *p)
{
	if (!p)
		return (struct lr_book_peer){0};
	const struct lr_node_peer *owner = p->owner;
	return (struct lr_book_peer){owner ? owner->name : "", p->public_key, p};
}

static struct lr_book_peer next(void *ctx, void *who)
{
	struct lr_node_book *b = ctx;
	struct lr_wg_peer *p = who;

	return describe(p ? p->next : lr_wg_peers(b->node->wg));
}

static struct lr_book_peer find(void *ctx, const uint8_t public_key[LR_KEY_LEN])
{
	struct lr_node_book *b = ctx;

	return describe(lr_wg_peer_find(b->node->wg, public_key));
}

static int by_order(const void *a, const void *b)
{
	const struct lr_prefix *x = a, *y = b;
	int d = (int)x->ip.family - (int)y->ip.family;

	if (d == 0)
		d = memcmp(x->ip.b, y->ip.b, sizeof(x->ip.b));
	return d ? d : (int)x->len - (int)y->len;
}

static void sort(struct lr_config_peer *p)
{
	if (p->n_allowed > 1)
		qsort(p->allowed, p->n_allowed, sizeof(*p->allowed), by_order);
}

struct collect {
	struct lr_config_peer *into;
	bool failed;
};

static void collect(void *ctx, const struct lr_prefix *prefix)
{
	struct collect *c = ctx;

	if (lr_config_peer_allow(c->into, prefix) != 0)
		c->failed = true;
}

static const struct lr_config_peer *view(void *ctx, void *who)
{
	static const uint8_t none[LR_KEY_LEN];
	struct lr_node_book *b = ctx;
	const struct lr_wg_peer *p = who;
	struct collect c = {&b->view, false};

	lr_config_peer_release(&b->view);
	snprintf(b->view.name, sizeof(b->view.name), "%s", describe(who).name);
	memcpy(b->view.public_key, p->public_key, LR_KEY_LEN);
	b->view.has_psk = !lr_same(p->preshared_key, none, LR_KEY_LEN);
	b->view.endpoint = p->endpoint;
	b->view.keepalive_s = p->keepalive_s;
	lr_wg_allowed(b->node->wg, p, collect, &c);
	sort(&b->view);
	return c.failed ? NULL : &b->view;
}

static const struct lr_wg_peer *live(void *ctx, void *who)
{
	(void)ctx;
	return who;
}

static int set(void *ctx, const struct lr_config_peer *p, struct lr_err *err)
{
	struct lr_node_book *b = ctx;

	return lr_node_peer_set(b->node, p, err);
}

static int drop(void *ctx, void *who, struct lr_err *err)
{
	struct lr_node_book *b = ctx;

	if (lr_node_peer_is_member(who))
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: is a member of the party; `lr-peer kick` puts one out",
			describe(who).name);
	lr_node_peer_remove(b->node, who);
	return 0;
}

static int config(void *ctx, struct lr_config *out)
{
	struct lr_node_book *b = ctx;
	int rc = lr_node_config(b->node, out);

	for (size_t i = 0; rc == 0 && i < out->n_peers; i++)
		sort(&out->peers[i]);
	return rc;
}

void lr_node_book_init(struct lr_node_book *b, struct lr_node *node)
{
	const uint8_t *own = lr_wg_public_key(node->wg);

	memset(b, 0, sizeof(*b));
	b->node = node;
	b->book = (struct lr_book){.ctx = b,
		.next = next,
		.find = find,
		.view = view,
		.live = live,
		.set = set,
		.remove = drop,
		.config = config,
		.own_name = node->name};
	b->book.has_own_key = own != NULL;
	if (own)
		memcpy(b->book.own_key, own, LR_KEY_LEN);
}

void lr_node_book_release(struct lr_node_book *b)
{
	lr_config_peer_release(&b->view);
}
