/*
 * config_reader.h - what the readers of a configuration's two text forms share (private to lib/wg)
 *
 * A reader carries the value that grows, the place in the file for error texts, and the notes
 * that were given. Errors name a line in a wg-quick file ("FILE:LINE: ...") and a member in our
 * JSON ("FILE: peers[3]: ..."), because a JSON file is often one line.
 */
#ifndef LR_WG_CONFIG_READER_H
#define LR_WG_CONFIG_READER_H

#include "lib/wg/config.h"

#define LR_CONFIG_MAX_ADDRESSES 256  /* own addresses of one interface */
#define LR_CONFIG_MAX_NOTES     32   /* then one last note says that there are more */
#define LR_CONFIG_MTU_MIN       576  /* RFC 791: what every host takes */
#define LR_CONFIG_MTU_MAX       9000 /* jumbo frames */

struct lr_config_reader {
	struct lr_config *out;
	const char *file;
	unsigned line; /* of the wg-quick file, 1-based; 0 while reading JSON */
	const struct lr_config_hooks *hooks; /* may be NULL */
	struct lr_err *err;
	unsigned notes;
	unsigned *peer_lines; /* line of each peer's section; NULL for JSON */
	size_t room_lines;
	unsigned mtu_line; /* where the MTU was given, 0 for JSON */
};

/* Write "FILE:LINE: text" (LR_EXIT_USAGE), or "FILE: text" for line 0. Always -1. */
int lr_config_reader_fail(const struct lr_config_reader *r, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int lr_config_reader_no_memory(const struct lr_config_reader *r); /* LR_EXIT_FAILED, -1 */
void lr_config_reader_note(struct lr_config_reader *r, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The checks that need the whole value: duplicate keys, names and prefixes, our own key as a
 * peer, the MTU beside IPv6. 0, or -1 with the reader's error. */
int lr_config_reader_finish(struct lr_config_reader *r);

/* Readers of the two forms. 0, or -1 with the reader's error. */
int lr_config_read_text(struct lr_config_reader *r, const char *text, size_t len);
int lr_config_read_json(struct lr_config_reader *r, const char *text, size_t len);

/* Why `name` cannot be a nickname, or NULL when it can. */
const char *lr_config_name_fault(const char *name);

bool lr_config_prefix_equal(const struct lr_prefix *a, const struct lr_prefix *b);
/* Appends to a list whose room is its length rounded up to a power of two. 0 or -ENOMEM. */
int lr_config_prefix_append(struct lr_prefix **list, size_t *n, const struct lr_prefix *prefix);
/* Drops what stands in the list twice; linear. 0 or -ENOMEM. */
int lr_config_prefix_unique(struct lr_prefix *list, size_t *n);
/* Appends to our own addresses: one of them once, at most LR_CONFIG_MAX_ADDRESSES.
 * 0, -ENOMEM, -ENOSPC. */
int lr_config_address_append(struct lr_config *c, const struct lr_prefix *prefix);
bool lr_config_key_is_zero(const uint8_t key[LR_KEY_LEN]);

#endif
