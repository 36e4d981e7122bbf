/*
 * store.h - a pool on disk: the log, its lock, its repair
 *
 * Theory of operation. `ipam/POOL.jsonl` under the folder of state, POOL with '_' for '/', is
 * only appended to. A writer takes the lock, replays what others appended since it looked last (or
 * all, when the file was replaced), decides, and writes all its records with one write and one
 * fdatasync:
 *
 *   lr_store_begin  ->  lr_store_alloc / lr_store_release ...  ->  lr_store_commit
 *
 * Nothing may be told to anybody before commit has returned 0. When it fails, what was written is
 * cut off again, and nothing of the batch has happened. A process that dies in between leaves at
 * most a torn last line, which the next writer cuts off. Readers take no lock, unless they find a
 * torn line: then they look again when the writer is done.
 *
 * A log of more than COMPACT_LINES lines of which more than half are dead is written anew.
 */
#ifndef LR_IPAM_STORE_H
#define LR_IPAM_STORE_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/ipam/ipam.h"
#include "lib/ipam/journal.h"

struct lr_store;

/* `state_dir`: the folder of state (lr_state_dir). `ula` NULL: the log's, else derived. Makes and
 * reads nothing yet. NULL with `err`. */
struct lr_store *lr_store_new(const char *state_dir, const struct lr_prefix *pool,
	const struct lr_prefix *ula, struct lr_err *err);
void lr_store_free(struct lr_store *s); /* gives the lock back; NULL is fine */
const char *lr_store_path(const struct lr_store *s);

/* Reads the log as it is now; no file is an empty pool. Findings go to `found`, which may be
 * NULL. 0, or -1 with `err`. */
int lr_store_read(struct lr_store *s, void (*found)(void *ctx, const struct lr_finding *f),
	void *ctx, struct lr_err *err);
/* The table, after lr_store_read or lr_store_begin; valid until the next call of one of them. */
const struct lr_ipam *lr_store_table(const struct lr_store *s);
/* What the last read met: findings, and among them a torn last line. */
size_t lr_store_flaws(const struct lr_store *s);
bool lr_store_torn(const struct lr_store *s);

/* Locks and brings the table up to date. 0, or -1 with `err` (then nothing is locked). */
int lr_store_begin(struct lr_store *s, struct lr_err *err);
/* Between begin and commit. The lease stays valid until commit, and after it until the next begin.
 */
const struct lr_lease *lr_store_alloc(
	struct lr_store *s, const struct lr_want *want, struct lr_err *err);
int lr_store_release(struct lr_store *s, const struct lr_lease *lease, struct lr_err *err);
/* Writes, syncs, unlocks. 0, or -1 with `err`: nothing happened, and no lease may be used. */
int lr_store_commit(struct lr_store *s, struct lr_err *err);

/* Looks for flaws under the lock and tells them; when there are any, writes the log anew from what
 * its replay gives. The old one stays as FILE.bad (FILE.bad.2 and so on when that is there); its
 * path goes into `copy` (PATH_MAX), "" when nothing was wrong. 0, or -1 with `err`. */
int lr_store_repair(struct lr_store *s, void (*found)(void *ctx, const struct lr_finding *f),
	void *ctx, char *copy, struct lr_err *err);

#endif
