/*
 * bundle.h - a few texts as one FILE.tar.gz, in memory
 *
 * The archive is POSIX ustar (IEEE Std 1003.1-1988, 10.1.1), the packing gzip (RFC 1952) with
 * stored blocks (RFC 1951, 3.2.4): nothing is compressed, which a few texts can do without, and
 * everyone can open it.
 */
#ifndef LR_RESULTS_BUNDLE_H
#define LR_RESULTS_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

struct lr_bundle {
	uint8_t *tar;
	size_t len, room;
};

/* Zeroed memory is an empty one. Adds a file; `name` up to 99 bytes. 0, -EINVAL or -ENOMEM. */
int lr_bundle_add(
	struct lr_bundle *b, const char *name, const void *bytes, size_t len, uint64_t unix_s);
/* All of it, packed: malloc'd, *len bytes. NULL: out of memory. */
uint8_t *lr_bundle_pack(struct lr_bundle *b, size_t *len);
void lr_bundle_release(struct lr_bundle *b);

#endif
