/*
 * batch.c - see batch.h
 */
#include "lib/ipam/batch.h"

#include <stdlib.h>

int lr_ipam_batch_begin(struct lr_ipam_batch *b, bool *fresh, struct lr_err *err)
{
	if (fresh)
		*fresh = false;
	if (b->failed)
		return -1;
	if (b->open)
		return 0;
	int rc = b->writes ? lr_store_begin(b->store, err)
			   : lr_store_read(b->store, NULL, NULL, err);
	if (rc < 0) {
		b->failed = err->exit;
		return -1;
	}
	b->open = true;
	if (fresh)
		*fresh = true;
	return 0;
}

int lr_ipam_batch_answer(struct lr_ipam_batch *b, const struct lr_lease *l, struct lr_err *err)
{
	if (b->n == b->room) {
		size_t room = b->room ? b->room * 2 : 64;
		void *wide = reallocarray(b->answers, room, sizeof(*b->answers));
		if (!wide)
			return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		b->answers = wide;
		b->room = room;
	}
	b->answers[b->n++] = l;
	return 0;
}

int lr_ipam_batch_end(struct lr_ipam_batch *b, struct lr_err *err)
{
	int rc = b->open && b->writes ? lr_store_commit(b->store, err) : 0;

	if (rc < 0)
		b->failed = err->exit;
	return rc;
}

void lr_ipam_batch_clear(struct lr_ipam_batch *b)
{
	b->n = 0;
	b->open = false;
}

void lr_ipam_batch_release(struct lr_ipam_batch *b)
{
	free(b->answers);
	lr_store_free(b->store);
	*b = (struct lr_ipam_batch){0};
}
