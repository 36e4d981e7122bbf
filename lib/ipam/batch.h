/*
 * batch.h - requests that come at once as one batch: one lock, one write, one fdatasync
 *
 * A batch begins with its first request. Answers are kept until lr_ipam_batch_end() has everything
 * on the disk; only then may they be told. No lock is held between batches.
 */
#ifndef LR_IPAM_BATCH_H
#define LR_IPAM_BATCH_H

#include "lib/base/err.h"
#include "lib/ipam/store.h"

#define LR_IPAM_BATCH_MAX 65536 /* answers that wait for one fdatasync */

struct lr_ipam_batch {
	struct lr_store *store;
	bool writes;         /* a batch of changes; else the log is only read */
	bool open;           /* it has begun */
	enum lr_exit failed; /* what ended all further work; LR_EXIT_OK: nothing */
	const struct lr_lease **answers;
	size_t n, room;
};

/* Begins unless it has begun. *fresh (may be NULL): it began now, the table is new. 0 or -1 with
 * `err`. */
int lr_ipam_batch_begin(struct lr_ipam_batch *b, bool *fresh, struct lr_err *err);
/* Keeps an answer. 0 or -1 with `err`. */
int lr_ipam_batch_answer(struct lr_ipam_batch *b, const struct lr_lease *l, struct lr_err *err);
static inline bool lr_ipam_batch_full(const struct lr_ipam_batch *b)
{
	return b->n == LR_IPAM_BATCH_MAX;
}
/* Puts everything on the disk. 0: the answers may be told, then lr_ipam_batch_clear(). */
int lr_ipam_batch_end(struct lr_ipam_batch *b, struct lr_err *err);
void lr_ipam_batch_clear(struct lr_ipam_batch *b);
void lr_ipam_batch_release(struct lr_ipam_batch *b); /* and the store */

#endif
