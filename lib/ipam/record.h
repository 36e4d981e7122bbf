/*
 * record.h - one line of the log of a pool, and what a name may be
 *
 * The log is JSON, one object a line (jq reads it). Members that are not known are ignored.
 *
 *   {"op":"alloc","peer":"bob","address":"10.66.0.1","public_key":"...","reserved":true}
 *   {"op":"set","peer":"bob","name":"robert","public_key":"...","reserved":true}
 *   {"op":"release","peer":"bob","address":"10.66.0.1"}
 *   {"op":"former","peer":"bob","address":"10.66.0.1"}       who had it, in a compacted log
 *   {"op":"next","address":"10.66.0.2"}                      where the sequence goes on
 *   {"op":"pool","pool":"10.66.0.0/16","ula":"fd00:1::/64"}  when the ULA was chosen by hand
 *
 * public_key, name and reserved may be missing. Lines in exactly the form that lr_record_format
 * writes are read by a parser of our own in about 50 ns; all others by jansson. Both give the
 * same record (a test and the fuzzer hold them against each other).
 */
#ifndef LR_IPAM_RECORD_H
#define LR_IPAM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/net/addr.h"
#include "lib/net/nick.h"

#define LR_PEER_MAX   LR_NICK_MAX /* bytes of a name */
#define LR_KEY_CHARS  44          /* base64 text of a public key */
#define LR_RECORD_MAX 512         /* longest line that lr_record_format writes, newline included */

enum lr_record_op {
	LR_REC_NONE,
	LR_REC_ALLOC,
	LR_REC_SET,
	LR_REC_RELEASE,
	LR_REC_FORMER,
	LR_REC_NEXT,
	LR_REC_POOL,
};

struct lr_record {
	enum lr_record_op op;
	char peer[LR_PEER_MAX + 1];
	char name[LR_PEER_MAX + 1];        /* SET: the new name, or "" */
	char public_key[LR_KEY_CHARS + 1]; /* or "" */
	struct lr_ip address;              /* IPv4, family 0 when there is none */
	bool reserved;
	struct lr_prefix pool, ula; /* POOL */
};

/* Into a text of a record, which has `room` bytes: cut, never over the end. */
static inline void lr_record_copy(char *to, size_t room, const char *from)
{
	size_t len = strlen(from);

	if (len >= room)
		len = room - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}
#define LR_RECORD_PUT(field, from) lr_record_copy(field, sizeof(field), from)

/* Whether a peer may be called so (lib/net/nick.h). 0, or -1 with `err`. */
int lr_name_check(const char *name, struct lr_err *err);
/* 43 characters of base64 and '=', the unused bits zero. */
bool lr_name_is_key(const char *text);

/* Reads a line of `len` bytes, without its newline. 0, or -1 with `err`. */
int lr_record_parse(const char *line, size_t len, struct lr_record *out, struct lr_err *err);
/* The two ways in which lr_record_parse reads; the first says false when it does not know the form.
 */
bool lr_record_parse_fast(const char *line, size_t len, struct lr_record *out);
int lr_record_parse_json(const char *line, size_t len, struct lr_record *out, struct lr_err *err);
/* Writes the line with its newline; returns its length. */
size_t lr_record_format(const struct lr_record *r, char out[LR_RECORD_MAX]);

#endif
