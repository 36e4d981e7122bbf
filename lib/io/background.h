/*
 * background.h - a process that goes to the background once it works
 *
 * Theory of operation. The caller forks before it has made anything. The child does the work with
 * the caller's stderr still in hand; the parent waits on a pipe. When the child is ready it hands
 * over the line that the parent shall print, lets go of every descriptor of the caller, and the
 * parent ends with 0; when the child ends before that, the parent ends with the child's code.
 */
#ifndef LR_IO_BACKGROUND_H
#define LR_IO_BACKGROUND_H

#include <stdbool.h>

/* In the child: 0, and *ready is where to say it. In the parent, only after the child said
 * it or ended: 1, and *code is what to exit with. -errno when there is no child. */
int lr_background_fork(int *ready, int *code);
/* `line` (may be "") is printed by the parent to stdout. Then stdin, stdout, stderr are
 * /dev/null, and the session is our own. Closes `ready`. */
void lr_background_ready(int ready, const char *line);
/* Closes what the caller left open beyond stderr, but for two descriptors (-1: none). */
void lr_background_close_inherited(int keep, int keep_too);

#endif
