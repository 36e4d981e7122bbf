/*
 * config_reader.c - error texts, notes, nicknames, and the checks that need a whole configuration
 *
 * Duplicates are found through hash maps under a random key, so that a file of 60,000 peers, or
 * a hostile one of a million prefixes, costs linear time.
 */
#include "lib/wg/config_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/base/text.h"

#define FILE_SHOWN 160 /* bytes of a file's name in an error; of a longer one the end is shown */

/* "FILE:LINE: " or "FILE: "; `out` holds FILE_SHOWN + 32. */
static void write_place(char *out, size_t room, const char *file, unsigned line)
{
	size_t len = strlen(file);
	const char *tail = len > FILE_SHOWN ? file + len - FILE_SHOWN : file;

	if (line)
		snprintf(out, room, "%s%s:%u: ", tail == file ? "" : "...", tail, line);
	else
		snprintf(out, room, "%s%s: ", tail == file ? "" : "...", tail);
}

int lr_config_reader_fail(const struct lr_config_reader *r, unsigned line, const char *fmt, ...)
{
	char place[FILE_SHOWN + 32], what[300];
	va_list ap;

	write_place(place, sizeof(place), r->file, line);
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	lr_err_set(r->err, LR_EXIT_USAGE, "%s%s", place, what);
	return -1;
}

int lr_config_reader_no_memory(const struct lr_config_reader *r)
{
	lr_err_set(r->err, LR_EXIT_FAILED, "%s: out of memory", r->file);
	return -1;
}

static void hand_note(const struct lr_config_reader *r, char *line)
{
	lr_text_clean(line, true);
	r->hooks->note(r->hooks->ctx, line);
}

void lr_config_reader_note(struct lr_config_reader *r, unsigned line, const char *fmt, ...)
{
	char place[FILE_SHOWN + 32], what[300], whole[sizeof(place) + sizeof(what)];
	va_list ap;

	if (!r->hooks || !r->hooks->note || r->notes > LR_CONFIG_MAX_NOTES)
		return;
	write_place(place, sizeof(place), r->file, line);
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (r->notes++ == LR_CONFIG_MAX_NOTES)
		snprintf(what, sizeof(what), "there are more notes, which are left out");
	snprintf(whole, sizeof(whole), "%s%s", place, what);
	hand_note(r, whole);
}

/* --- nicknames --- */

const char *lr_config_name_fault(const char *name)
{
	const char *fault = lr_nick_fault(name);
	uint8_t key[LR_KEY_LEN];

	if (fault)
		return fault;
	return lr_key_parse(name, key) == 0 ? "looks like a public key" : NULL;
}

/* --- checks on the whole value --- */

static unsigned peer_line(const struct lr_config_reader *r, size_t i)
{
	return r->peer_lines ? r->peer_lines[i] : 0;
}

/* "the peer at line 5" or "peers[2]". */
static const char *peer_label(const struct lr_config_reader *r, size_t i, char out[40])
{
	if (r->peer_lines)
		snprintf(out, 40, "the peer at line %u", r->peer_lines[i]);
	else
		snprintf(out, 40, "peers[%zu]", i);
	return out;
}

static int fail_twice(const struct lr_config_reader *r, size_t i, size_t first, const char *what)
{
	char a[40], b[40];

	if (r->peer_lines)
		return lr_config_reader_fail(r, peer_line(r, i), "this peer has the %s of %s", what,
			peer_label(r, first, a));
	return lr_config_reader_fail(
		r, 0, "%s has the %s of %s", peer_label(r, i, a), what, peer_label(r, first, b));
}

/* Values in the maps are indices of peers, counted from 1, as pointers. */
static void *as_value(size_t i)
{
	return (void *)(uintptr_t)(i + 1);
}

static size_t as_index(const void *value)
{
	return (size_t)(uintptr_t)value - 1;
}

static int check_unique(struct lr_config_reader *r, bool names)
{
	size_t offset = names ? offsetof(struct lr_config_peer, name)
			      : offsetof(struct lr_config_peer, public_key);
	struct lr_map seen;
	int rc = 0;

	lr_map_init(&seen, names ? LR_NAME_MAX + 1 : LR_KEY_LEN);
	for (size_t i = 0; i < r->out->n_peers && rc == 0; i++) {
		const char *key = (const char *)&r->out->peers[i] + offset;
		if (names && !*key)
			continue;
		const void *first = lr_map_get(&seen, key);
		if (first)
			rc = fail_twice(r, i, as_index(first), names ? "name" : "public key");
		else if (lr_map_put(&seen, key, as_value(i)) != 0)
			rc = lr_config_reader_no_memory(r);
	}
	lr_map_release(&seen);
	return rc;
}

static int check_own_key(struct lr_config_reader *r)
{
	uint8_t own[LR_KEY_LEN];
	char label[40];

	if (!r->out->has_key || r->out->n_peers == 0)
		return 0;
	lr_public_key(own, r->out->private_key);
	const struct lr_config_peer *p = lr_config_find_peer(r->out, own);
	if (!p)
		return 0;
	size_t i = (size_t)(p - r->out->peers);
	if (r->peer_lines)
		return lr_config_reader_fail(r, peer_line(r, i),
			"this peer's key is our own: it belongs to the PrivateKey of [Interface]");
	return lr_config_reader_fail(r, 0, "%s has our own key", peer_label(r, i, label));
}

static void note_taken(
	struct lr_config_reader *r, size_t i, size_t first, const struct lr_prefix *p)
{
	char text[LR_ADDR_TEXT], a[40], b[40];

	lr_prefix_text(p, text);
	if (r->peer_lines)
		lr_config_reader_note(r, peer_line(r, i),
			"this peer takes %s from %s: the last one has it", text,
			peer_label(r, first, a));
	else
		lr_config_reader_note(r, 0, "%s takes %s from %s: the last one has it",
			peer_label(r, i, a), text, peer_label(r, first, b));
}

/* Keeps of a peer's list what it has not yet in `owners`; tells what another has there. */
static int sift_prefixes(struct lr_config_reader *r, struct lr_prefix *list, size_t *n, size_t i,
	struct lr_map *owners)
{
	size_t kept = 0;

	for (size_t k = 0; k < *n; k++) {
		uint8_t key[18] = {list[k].ip.family, list[k].len};
		memcpy(key + 2, list[k].ip.b, 16);
		const void *first = lr_map_get(owners, key);
		if (first && as_index(first) == i)
			continue;
		if (first)
			note_taken(r, i, as_index(first), &list[k]);
		if (lr_map_put(owners, key, as_value(i)) != 0)
			return -ENOMEM;
		list[kept++] = list[k];
	}
	*n = kept;
	return 0;
}

int lr_config_prefix_unique(struct lr_prefix *list, size_t *n)
{
	struct lr_map owners;

	if (*n < 2)
		return 0;
	lr_map_init(&owners, 18);
	int rc = sift_prefixes(NULL, list, n, 0, &owners);
	lr_map_release(&owners);
	return rc;
}

static int check_prefixes(struct lr_config_reader *r)
{
	struct lr_map owners;
	int rc = 0;

	lr_map_init(&owners, 18);
	for (size_t i = 0; i < r->out->n_peers && rc == 0; i++) {
		struct lr_config_peer *p = &r->out->peers[i];
		rc = sift_prefixes(r, p->allowed, &p->n_allowed, i, &owners);
	}
	lr_map_release(&owners);
	return rc == 0 ? 0 : lr_config_reader_no_memory(r);
}

/* RFC 8200, section 5: IPv6 needs links of 1280 bytes; the kernel takes it off smaller ones. */
static int check_mtu(struct lr_config_reader *r)
{
	const struct lr_config *c = r->out;

	if (c->mtu == 0 || c->mtu >= 1280)
		return 0;
	for (size_t i = 0; i < c->n_addresses; i++)
		if (c->addresses[i].ip.family == 6)
			return lr_config_reader_fail(r, r->mtu_line,
				"MTU %u is too small for an IPv6 address: 1280 is the least",
				c->mtu);
	return 0;
}

int lr_config_reader_finish(struct lr_config_reader *r)
{
	if (check_mtu(r) != 0 || check_unique(r, false) != 0 || check_unique(r, true) != 0)
		return -1;
	if (check_own_key(r) != 0)
		return -1;
	return check_prefixes(r);
}
