/*
 * config.c - a configuration as a value: its parts come, go and are wiped
 *
 * Lists of prefixes keep no separate room: they are reallocated whenever their length reaches a
 * power of two. The list of peers is moved by hand, not by realloc, so that no preshared key
 * stays behind in freed memory.
 */
#include "lib/wg/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wg/config_reader.h"

bool lr_config_prefix_equal(const struct lr_prefix *a, const struct lr_prefix *b)
{
	return a->len == b->len && lr_ip_equal(&a->ip, &b->ip);
}

bool lr_config_key_is_zero(const uint8_t key[LR_KEY_LEN])
{
	static const uint8_t zero[LR_KEY_LEN];

	return lr_same(key, zero, LR_KEY_LEN);
}

int lr_config_prefix_append(struct lr_prefix **list, size_t *n, const struct lr_prefix *prefix)
{
	if ((*n & (*n - 1)) == 0) { /* 0, 1, 2, 4, ...: the room is used up */
		struct lr_prefix *more = realloc(*list, (*n ? 2 * *n : 1) * sizeof(**list));
		if (!more)
			return -ENOMEM;
		*list = more;
	}
	(*list)[(*n)++] = *prefix;
	return 0;
}

int lr_config_address_append(struct lr_config *c, const struct lr_prefix *prefix)
{
	for (size_t i = 0; i < c->n_addresses; i++)
		if (lr_config_prefix_equal(&c->addresses[i], prefix))
			return 0;
	if (c->n_addresses >= LR_CONFIG_MAX_ADDRESSES)
		return -ENOSPC;
	return lr_config_prefix_append(&c->addresses, &c->n_addresses, prefix);
}

int lr_config_peer_allow(struct lr_config_peer *p, const struct lr_prefix *prefix)
{
	for (size_t i = 0; i < p->n_allowed; i++)
		if (lr_config_prefix_equal(&p->allowed[i], prefix))
			return 0;
	return lr_config_prefix_append(&p->allowed, &p->n_allowed, prefix);
}

void lr_config_peer_release(struct lr_config_peer *p)
{
	free(p->allowed);
	lr_wipe(p, sizeof(*p));
}

void lr_config_release(struct lr_config *c)
{
	for (size_t i = 0; i < c->n_peers; i++)
		lr_config_peer_release(&c->peers[i]);
	free(c->peers);
	free(c->addresses);
	lr_wipe(c, sizeof(*c));
}

static int grow_peers(struct lr_config *c)
{
	size_t room = c->room_peers ? 2 * c->room_peers : 4;
	struct lr_config_peer *more = calloc(room, sizeof(*more));

	if (!more)
		return -ENOMEM;
	if (c->n_peers) {
		memcpy(more, c->peers, c->n_peers * sizeof(*more));
		lr_wipe(c->peers, c->n_peers * sizeof(*more));
	}
	free(c->peers);
	c->peers = more;
	c->room_peers = room;
	return 0;
}

struct lr_config_peer *lr_config_add_peer(struct lr_config *c, const uint8_t public_key[LR_KEY_LEN])
{
	if (c->n_peers == c->room_peers && grow_peers(c) != 0)
		return NULL;
	struct lr_config_peer *p = &c->peers[c->n_peers++];
	memset(p, 0, sizeof(*p));
	memcpy(p->public_key, public_key, LR_KEY_LEN);
	return p;
}

struct lr_config_peer *lr_config_find_peer(
	const struct lr_config *c, const uint8_t public_key[LR_KEY_LEN])
{
	for (size_t i = 0; i < c->n_peers; i++)
		if (memcmp(c->peers[i].public_key, public_key, LR_KEY_LEN) == 0)
			return &c->peers[i];
	return NULL;
}

void lr_config_remove_peer(struct lr_config *c, struct lr_config_peer *p)
{
	size_t behind = (size_t)(&c->peers[c->n_peers] - (p + 1));

	lr_config_peer_release(p);
	memmove(p, p + 1, behind * sizeof(*p));
	c->n_peers--;
	lr_wipe(&c->peers[c->n_peers], sizeof(*p));
}

static bool is_json(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && strchr(" \t\r\n\v\f", text[at]) && text[at])
		at++;
	return at < len && text[at] == '{';
}

static int read_either(struct lr_config_reader *r, const char *text, size_t len)
{
	if (len > LR_CONFIG_MAX_BYTES)
		return lr_config_reader_fail(
			r, 1, "the file has more than %u bytes", LR_CONFIG_MAX_BYTES);
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return lr_config_reader_fail(r, 1, "this is UTF-16: save the file as UTF-8");
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* as Windows editors write */
		text += 3;
		len -= 3;
	}
	if (is_json(text, len))
		return lr_config_read_json(r, text, len);
	return lr_config_read_text(r, text, len);
}

int lr_config_parse(struct lr_config *out, const char *text, size_t len, const char *file,
	const struct lr_config_hooks *hooks, struct lr_err *err)
{
	struct lr_config_reader r = {.out = out, .file = file, .hooks = hooks, .err = err};

	memset(out, 0, sizeof(*out));
	int rc = read_either(&r, text, len);
	if (rc == 0)
		rc = lr_config_reader_finish(&r);
	free(r.peer_lines);
	if (rc != 0)
		lr_config_release(out);
	return rc;
}
