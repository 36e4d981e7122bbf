/*
 * store_inside.h - the inside of struct lr_store; for lib/ipam only
 */
#ifndef LR_IPAM_STORE_INSIDE_H
#define LR_IPAM_STORE_INSIDE_H

#include <limits.h>

#include "lib/ipam/store.h"

#define LR_STORE_MODE 0644

struct lr_store {
	char path[PATH_MAX];
	struct lr_prefix pool, ula;
	bool has_ula;
	int fd;        /* of the log, or -1 */
	bool writable; /* fd was opened for appending, and the tail was healed */
	int lock;      /* held while >= 0 */
	struct lr_ipam *table;
	struct lr_journal journal;
	int tail;      /* what lr_journal_finish said */
	bool stale;    /* the table has what the log has not: read all again */
	char *pending; /* lines to append */
	size_t pending_len, pending_room;
};

/* "PATH: why" from errno; exit 77 when it is about rights. -1. */
int lr_store_fail(struct lr_err *err, const char *path);
int lr_store_lock(struct lr_store *s, struct lr_err *err);
void lr_store_unlock(struct lr_store *s);
void lr_store_close_log(struct lr_store *s);
/* A new table from the log that is open (none: an empty one). */
int lr_store_load(struct lr_store *s, void (*found)(void *ctx, const struct lr_finding *f),
	void *ctx, struct lr_err *err);
/* A record that is applied already goes into the batch. */
int lr_store_write_later(struct lr_store *s, const struct lr_record *r, struct lr_err *err);
/* Replaces the log by one that has just what the table has. Under the lock. */
int lr_store_rewrite(struct lr_store *s, struct lr_err *err);

#endif
