/*
 * saver.h - a thread that writes state files
 *
 * Theory of operation. A job is a path and the JSON that shall be there, or that the file shall go.
 * The text is made by the thread too. Jobs are done in their order; each has a number, and the
 * greatest number that is done is what the loop looks at when the descriptor becomes readable.
 * Nothing is shared: the loop gives a value away and never looks at it again.
 */
#ifndef LR_SERVER_SAVER_H
#define LR_SERVER_SAVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/json.h"

struct lr_saver;
struct lr_saver *lr_saver_new(void); /* NULL: out of memory, threads or descriptors */
/* Does what is left, then ends. */
void lr_saver_free(struct lr_saver *s);
int lr_saver_fd(const struct lr_saver *s);
/* Takes the only reference to `value` (NULL: remove the file); copies `path`. The job's number, 0:
 * no memory. */
uint64_t lr_saver_put(struct lr_saver *s, const char *path, json_t *value);
/* After the descriptor became readable: all jobs up to this number are done. *failed: the newest
 * number that failed so far, 0 for none. `why` gets the text of the last failure, "" none new. */
uint64_t lr_saver_done(struct lr_saver *s, uint64_t *failed, char why[200]);

#endif
