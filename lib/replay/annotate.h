/*
 * annotate.h - the packets that were played, written again with what each stage took as a comment
 *
 * The comment is that of lib/perf/pcapng_write.h; what was not timed keeps its own, unless
 * that has stage stamps, too. The interfaces of
 * the new capture are the link types of the old, in the order in which they came.
 */
#ifndef LR_REPLAY_ANNOTATE_H
#define LR_REPLAY_ANNOTATE_H

#include <stdio.h>

#include "lib/base/err.h"
#include "lib/replay/engine.h"

#define LR_ANNOTATE_LINKS 16 /* packets of further link types are left out */

struct lr_annotate {
	FILE *out; /* NULL: nothing is written */
	uint32_t links[LR_ANNOTATE_LINKS];
	unsigned n;
	int error; /* the first; 0 */
};

/* 0 or -1 with `err`. */
int lr_annotate_open(struct lr_annotate *a, const char *path, struct lr_err *err);
/* `frame` has just been through the engine. */
void lr_annotate_add(
	struct lr_annotate *a, const struct lr_engine *e, const struct lr_captured *frame);
/* 0, or -errno when not all was written. Does nothing when it is not open. */
int lr_annotate_close(struct lr_annotate *a);

#endif
