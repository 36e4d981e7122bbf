/*
 * select.c - see select.h
 */
#include "lib/replay/select.h"

#include <string.h>

#include "lib/net/ip.h"
#include "lib/net/link.h"

#define LINK_COOKED  113
#define LINK_COOKED2 276
#define OUTGOING     4 /* PACKET_OUTGOING of packet(7), the same in both cooked headers */

static int usage(struct lr_err *err, const char *map)
{
	return lr_err_set(err, LR_EXIT_USAGE,
		"--peers %s: it is ADDRESS=NAME,ADDRESS=NAME,..., at most %d of them", map,
		LR_SELECT_PEERS);
}

/* One "ADDR=NAME" of `len` bytes. */
static bool add_peer(struct lr_select *s, const char *text, size_t len)
{
	struct lr_select_peer *p = &s->peers[s->n];
	const char *equals = memchr(text, '=', len);
	char address[LR_ADDR_TEXT];
	size_t addr_len = equals ? (size_t)(equals - text) : 0, name_len = len - addr_len - 1;

	if (!equals || s->n == LR_SELECT_PEERS || addr_len >= sizeof(address) || !name_len ||
		name_len >= sizeof(p->name))
		return false;
	*p = (struct lr_select_peer){0};
	memcpy(address, text, addr_len);
	address[addr_len] = '\0';
	memcpy(p->name, equals + 1, name_len);
	if (lr_ip_parse(address, &p->address) < 0)
		return false;
	s->n++;
	return true;
}

int lr_select_peers(struct lr_select *s, const char *map, struct lr_err *err)
{
	s->n = 0;
	for (const char *at = map;; at++) {
		size_t len = strcspn(at, ",");
		if (!add_peer(s, at, len))
			return usage(err, map);
		at += len;
		if (!*at)
			return 0;
	}
}

int lr_select_direction(struct lr_select *s, const char *text, struct lr_err *err)
{
	if (strcmp(text, "in") == 0)
		s->direction = LR_DIRECTION_IN;
	else if (strcmp(text, "out") == 0)
		s->direction = LR_DIRECTION_OUT;
	else if (strcmp(text, "both") == 0)
		s->direction = LR_DIRECTION_UNKNOWN;
	else
		return lr_err_set(
			err, LR_EXIT_USAGE, "--direction %s: it is in, out or both", text);
	return 0;
}

enum lr_direction lr_select_direction_of(const struct lr_captured *f)
{
	uint8_t type;

	if (f->direction != LR_DIRECTION_UNKNOWN)
		return f->direction;
	if (f->link == LINK_COOKED && f->caplen >= 2)
		type = f->bytes[1];
	else if (f->link == LINK_COOKED2 && f->caplen >= 11)
		type = f->bytes[10];
	else
		return LR_DIRECTION_UNKNOWN;
	return type == OUTGOING ? LR_DIRECTION_OUT : LR_DIRECTION_IN;
}

static struct lr_select_peer *peer_of(struct lr_select *s, uint8_t family, const uint8_t *addr)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->peers[i].address.family == family &&
			memcmp(s->peers[i].address.b, addr, family == 4 ? 4 : 16) == 0)
			return &s->peers[i];
	return NULL;
}

/* Whose packet it is: false when it is nobody's of the map. */
static bool of_peers(struct lr_select *s, const struct lr_captured *f, struct lr_select_peer **from,
	struct lr_select_peer **to)
{
	uint8_t family = 0;
	size_t at = 0;
	struct lr_packet p;

	*from = *to = NULL;
	if (lr_link_find_ip(f->link, f->bytes, f->caplen, &at, &family) != LR_LINK_IP ||
		lr_packet_parse(f->bytes + at, f->caplen - at, &p) != LR_IP_FINE)
		return false;
	*from = peer_of(s, p.family, f->bytes + at + p.src_at);
	*to = peer_of(s, p.family, f->bytes + at + p.dst_at);
	return *from || *to;
}

bool lr_select_wants(struct lr_select *s, const struct lr_captured *f)
{
	struct lr_select_peer *from = NULL, *to = NULL;

	if (s->n && !of_peers(s, f, &from, &to))
		return false;
	if (s->direction != LR_DIRECTION_UNKNOWN) {
		enum lr_direction d = lr_select_direction_of(f);
		if (d == LR_DIRECTION_UNKNOWN && s->n)
			d = from == s->peers ? LR_DIRECTION_OUT : LR_DIRECTION_IN;
		if (d != s->direction)
			return false;
	}
	if (from) {
		from->tx_packets++;
		from->tx_bytes += f->len;
	}
	if (to) {
		to->rx_packets++;
		to->rx_bytes += f->len;
	}
	return true;
}
