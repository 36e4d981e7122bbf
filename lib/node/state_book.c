/*
 * state_book.c - the peers in $LR_STATE_DIR/config.json as a book
 */
#include "lib/node/state_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/state.h"
#include "lib/node/identity.h"

static struct lr_book_peer describe(struct lr_config_peer *p)
{
	if (!p)
		return (struct lr_book_peer){0};
	return (struct lr_book_peer){p->name, p->public_key, p};
}

static struct lr_book_peer next(void *ctx, void *who)
{
	struct lr_state_book *b = ctx;
	struct lr_config_peer *p = who ? (struct lr_config_peer *)who + 1 : b->config.peers;

	return describe(p < b->config.peers + b->config.n_peers ? p : NULL);
}

static struct lr_book_peer find(void *ctx, const uint8_t public_key[LR_KEY_LEN])
{
	struct lr_state_book *b = ctx;

	return describe(lr_config_find_peer(&b->config, public_key));
}

static const struct lr_config_peer *view(void *ctx, void *who)
{
	(void)ctx;
	return who;
}

static const struct lr_wg_peer *live(void *ctx, void *who)
{
	(void)ctx;
	(void)who;
	return NULL;
}

/* A prefix belongs to one peer, the last that claimed it, as in a running node. */
static void take_from_others(
	struct lr_config *c, const struct lr_config_peer *owner, const struct lr_prefix *prefix)
{
	for (size_t i = 0; i < c->n_peers; i++) {
		struct lr_config_peer *p = &c->peers[i];
		for (size_t k = 0; p != owner && k < p->n_allowed; k++) {
			if (p->allowed[k].len != prefix->len ||
				!lr_ip_equal(&p->allowed[k].ip, &prefix->ip))
				continue;
			memmove(&p->allowed[k], &p->allowed[k + 1],
				(p->n_allowed - k - 1) * sizeof(*prefix));
			p->n_allowed--;
			return;
		}
	}
}

/* Allows it; prefixes are kept masked, as routes are. */
static int allow(struct lr_config *c, struct lr_config_peer *p, const struct lr_prefix *prefix)
{
	struct lr_prefix masked = *prefix;

	lr_prefix_mask(&masked);
	take_from_others(c, p, &masked);
	return lr_config_peer_allow(p, &masked);
}

static int set(void *ctx, const struct lr_config_peer *given, struct lr_err *err)
{
	struct lr_state_book *b = ctx;
	struct lr_config_peer *p = lr_config_find_peer(&b->config, given->public_key);

	if (!p)
		p = lr_config_add_peer(&b->config, given->public_key);
	if (!p)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	b->changed = true;
	if (*given->name)
		memcpy(p->name, given->name, sizeof(p->name));
	if (given->has_psk) {
		memcpy(p->preshared_key, given->preshared_key, LR_KEY_LEN);
		p->has_psk = true;
	}
	if (given->endpoint.sa.sa_family != AF_UNSPEC)
		p->endpoint = given->endpoint;
	if (given->keepalive_s)
		p->keepalive_s = given->keepalive_s;
	for (size_t i = 0; i < given->n_allowed; i++)
		if (allow(&b->config, p, &given->allowed[i]) != 0)
			return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	return 0;
}

static int drop(void *ctx, void *who, struct lr_err *err)
{
	struct lr_state_book *b = ctx;

	(void)err;
	lr_config_remove_peer(&b->config, who);
	b->changed = true;
	return 0;
}

static int copy_addresses(struct lr_config *out, const struct lr_config *from)
{
	size_t room = 1;

	while (room < from->n_addresses) /* lists have room for a power of two (config.c) */
		room *= 2;
	out->addresses = calloc(room, sizeof(*out->addresses));
	if (!out->addresses)
		return -ENOMEM;
	if (from->n_addresses)
		memcpy(out->addresses, from->addresses,
			from->n_addresses * sizeof(*from->addresses));
	out->n_addresses = from->n_addresses;
	return 0;
}

static int copy_peer(struct lr_config *out, const struct lr_config_peer *from)
{
	struct lr_config_peer *p = lr_config_add_peer(out, from->public_key);

	if (!p)
		return -ENOMEM;
	*p = *from;
	p->allowed = NULL;
	p->n_allowed = 0;
	for (size_t i = 0; i < from->n_allowed; i++)
		if (lr_config_peer_allow(p, &from->allowed[i]) != 0)
			return -ENOMEM;
	return 0;
}

static int copy_config(struct lr_config *out, const struct lr_config *from)
{
	*out = *from;
	out->addresses = NULL;
	out->peers = NULL;
	out->n_addresses = out->n_peers = out->room_peers = 0;
	int rc = copy_addresses(out, from);
	for (size_t i = 0; rc == 0 && i < from->n_peers; i++)
		rc = copy_peer(out, &from->peers[i]);
	if (rc != 0)
		lr_config_release(out);
	return rc;
}

/* The identity is our key unless the file names one. */
static int config(void *ctx, struct lr_config *out)
{
	struct lr_state_book *b = ctx;
	int rc = copy_config(out, &b->config);

	if (rc == 0 && !out->has_key)
		out->has_key = lr_identity_load(out->private_key, false, NULL) == 0;
	return rc;
}

static int read_config(struct lr_state_book *b, struct lr_err *err)
{
	size_t len;
	char *text = lr_read_file(b->path, LR_CONFIG_MAX_BYTES, &len, err);

	if (!text && errno == ENOENT) {
		if (err)
			*err = (struct lr_err){0};
		return 0;
	}
	if (!text)
		return -1;
	int rc = lr_config_parse(&b->config, text, len, b->path, NULL, err);
	lr_wipe(text, len);
	free(text);
	return rc;
}

static void know_ourselves(struct lr_state_book *b)
{
	uint8_t key[LR_KEY_LEN];
	const uint8_t *own = b->config.has_key ? b->config.private_key : NULL;

	if (!own && lr_identity_load(key, false, NULL) == 0)
		own = key;
	b->book.has_own_key = own != NULL;
	if (own)
		lr_public_key(b->book.own_key, own);
	b->book.own_name = b->config.name;
	lr_wipe(key, sizeof(key));
}

int lr_state_book_open(struct lr_state_book *b, bool write, struct lr_err *err)
{
	char dir[PATH_MAX - 16];

	memset(b, 0, sizeof(*b));
	b->lock = -1;
	b->book = (struct lr_book){.ctx = b,
		.next = next,
		.find = find,
		.view = view,
		.live = live,
		.set = set,
		.remove = drop,
		.config = config};
	if (lr_state_dir(dir, sizeof(dir), err) != 0)
		return -1;
	snprintf(b->path, sizeof(b->path), "%s/config.json", dir);
	if (write && lr_make_dirs(dir, 0700, err) != 0)
		return -1;
	if (write && (b->lock = lr_lock_file(b->path, err)) < 0)
		return -1;
	if (read_config(b, err) != 0) {
		lr_state_book_close(b);
		return -1;
	}
	know_ourselves(b);
	return 0;
}

int lr_state_book_commit(struct lr_state_book *b, struct lr_err *err)
{
	if (!b->changed)
		return 0;
	json_t *obj = lr_config_json(&b->config, true);
	char *text = obj ? lr_json_text(obj) : NULL;
	int rc = -1;

	if (!text)
		lr_err_set(err, LR_EXIT_FAILED, "%s: out of memory", b->path);
	else
		rc = lr_replace_file(b->path, text, strlen(text), 0600, err);
	if (rc == 0)
		b->changed = false;
	if (text)
		lr_wipe(text, strlen(text));
	free(text);
	json_decref(obj);
	return rc;
}

void lr_state_book_close(struct lr_state_book *b)
{
	lr_config_release(&b->config);
	if (b->lock >= 0)
		close(b->lock);
	b->lock = -1;
}

bool lr_state_book_adopt(struct lr_state_book *b, const struct lr_config *from)
{
	struct lr_config *c = &b->config;
	bool taken = false;

	if (!*c->name && *from->name) {
		memcpy(c->name, from->name, sizeof(c->name));
		taken = true;
	}
	if (!c->listen_port && from->listen_port) {
		c->listen_port = from->listen_port;
		taken = true;
	}
	if (!c->mtu && from->mtu) {
		c->mtu = from->mtu;
		taken = true;
	}
	if (!c->n_addresses && from->n_addresses) {
		free(c->addresses);
		taken |= copy_addresses(c, from) == 0;
	}
	b->changed |= taken;
	return taken;
}
