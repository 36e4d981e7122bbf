/*
 * channels.c - see channels.h
 */
#include "lib/relay/channels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"

#define NUMBER_LEN 4
#define TRIES      8 /* random numbers, before a table of at most 2^24 is called full */

void lr_channels_init(struct lr_channels *t, size_t max)
{
	*t = (struct lr_channels){.max = max};
	lr_map_init(&t->by_number, NUMBER_LEN);
	lr_map_init(&t->by_source, LR_SOURCE_KEY);
}

void lr_channels_release(struct lr_channels *t)
{
	lr_map_release(&t->by_number);
	lr_map_release(&t->by_source);
}

void lr_source_key(uint8_t key[LR_SOURCE_KEY], const struct lr_relay_source *s)
{
	memset(key, 0, LR_SOURCE_KEY);
	key[1] = s->socket;
	if (s->conn) {
		key[0] = 'T';
		memcpy(key + 4, &s->conn, sizeof(s->conn));
	} else if (s->at.sa.sa_family == AF_INET) {
		key[0] = 4;
		memcpy(key + 2, &s->at.in.sin_port, 2);
		memcpy(key + 4, &s->at.in.sin_addr, 4);
	} else {
		key[0] = 6;
		memcpy(key + 2, &s->at.in6.sin6_port, 2);
		memcpy(key + 4, &s->at.in6.sin6_addr, 16);
		memcpy(key + 20, &s->at.in6.sin6_scope_id, 4);
	}
}

/* ------------------------------------------------------------------ the tables in front */

static struct lr_relay_channel **near_number(struct lr_channels *t, uint32_t number)
{
	return &t->near_number[number & (LR_CHANNELS_NEAR - 1)];
}

static struct lr_relay_channel **near_source(
	struct lr_channels *t, const uint8_t key[LR_SOURCE_KEY])
{
	uint64_t w[LR_SOURCE_KEY / 8];
	memcpy(w, key, sizeof(w));
	return &t->near_source[((w[0] ^ w[1] ^ w[2]) * 0x9e3779b97f4a7c15ull >> 32) &
			       (LR_CHANNELS_NEAR - 1)];
}

struct lr_relay_channel *lr_channels_by_number(struct lr_channels *t, uint32_t number)
{
	struct lr_relay_channel **near = near_number(t, number);
	if (*near && (*near)->number == number)
		return *near;
	struct lr_relay_channel *c = lr_map_get(&t->by_number, &number);
	if (c)
		*near = c;
	return c;
}

struct lr_relay_channel *lr_channels_by_source(
	struct lr_channels *t, const struct lr_relay_source *src)
{
	uint8_t key[LR_SOURCE_KEY];
	lr_source_key(key, src);
	struct lr_relay_channel **near = near_source(t, key);
	if (*near && memcmp((*near)->key, key, sizeof(key)) == 0)
		return *near;
	struct lr_relay_channel *c = lr_map_get(&t->by_source, key);
	if (c)
		*near = c;
	return c;
}

/* ------------------------------------------------------------------ channels */

/* 0: none is free. */
static uint32_t free_number(struct lr_channels *t)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t number;
		lr_random(&number, sizeof(number));
		if (number && !lr_channels_by_number(t, number))
			return number;
	}
	return 0;
}

struct lr_relay_channel *lr_channels_open(struct lr_channels *t, struct lr_relay_party *p,
	const uint8_t keyhash[LR_FRAME_KEYHASH], uint32_t number)
{
	if (t->n >= t->max || (number && lr_channels_by_number(t, number)))
		return NULL;
	if (!number)
		number = free_number(t);
	struct lr_relay_channel *c = number ? calloc(1, sizeof(*c)) : NULL;
	if (!c || lr_map_put(&t->by_number, &number, c) < 0) {
		free(c);
		return NULL;
	}
	c->number = number;
	c->party = p;
	memcpy(c->keyhash, keyhash, LR_FRAME_KEYHASH);
	c->next = p->channels;
	p->channels = c;
	t->n++;
	return c;
}

struct lr_relay_channel *lr_channels_oldest(
	const struct lr_relay_party *p, const uint8_t keyhash[LR_FRAME_KEYHASH], unsigned *count)
{
	struct lr_relay_channel *oldest = NULL;
	*count = 0;
	for (struct lr_relay_channel *c = p->channels; c; c = c->next) {
		if (memcmp(c->keyhash, keyhash, LR_FRAME_KEYHASH) != 0)
			continue;
		(*count)++;
		if (!oldest || c->heard < oldest->heard)
			oldest = c;
	}
	return oldest;
}

void lr_channels_unbind(struct lr_channels *t, struct lr_relay_channel *c)
{
	if (!c->bound)
		return;
	lr_map_remove(&t->by_source, c->key);
	if (*near_source(t, c->key) == c)
		*near_source(t, c->key) = NULL;
	c->bound = false;
	c->conn = 0;
	t->n_bound--;
}

int lr_channels_bind(struct lr_channels *t, struct lr_relay_channel *c,
	const struct lr_relay_source *src, uint64_t now)
{
	uint8_t key[LR_SOURCE_KEY];
	lr_source_key(key, src);
	struct lr_relay_channel *before = lr_map_get(&t->by_source, key);
	if (before && before != c)
		lr_channels_unbind(t, before);
	lr_channels_unbind(t, c);
	if (lr_map_put(&t->by_source, key, c) < 0)
		return -ENOMEM;
	memcpy(c->key, key, sizeof(key));
	c->bound = true;
	c->batch = 0;
	c->at = src->at;
	c->conn = src->conn;
	c->socket = src->socket;
	c->heard = now;
	t->n_bound++;
	return 0;
}

void lr_channels_drop(struct lr_channels *t, struct lr_relay_channel *c)
{
	struct lr_relay_channel **at = &c->party->channels;
	if (t->gone)
		t->gone(t->gone_ctx, c);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	lr_channels_unbind(t, c);
	lr_map_remove(&t->by_number, &c->number);
	if (*near_number(t, c->number) == c)
		*near_number(t, c->number) = NULL;
	t->n--;
	free(c);
}

void lr_channels_drop_member(
	struct lr_channels *t, struct lr_relay_party *p, const uint8_t *keyhash)
{
	for (struct lr_relay_channel *c = p->channels, *next; c; c = next) {
		next = c->next;
		if (!keyhash || memcmp(c->keyhash, keyhash, LR_FRAME_KEYHASH) == 0)
			lr_channels_drop(t, c);
	}
}

void lr_channels_sweep(struct lr_channels *t, uint64_t now)
{
	for (size_t i = 0; i < t->by_number.room; i++) {
		struct lr_relay_channel *c = t->by_number.values[i];
		if (c && c->bound && now > c->heard + LR_CHANNEL_LIFE_NS)
			lr_channels_unbind(t, c);
	}
}
