/*
 * state_book.h - the peers in the state files as a book, for when no node runs
 *
 * The file is $LR_STATE_DIR/config.json (schema share/schema/config.json), which `lr-up --config`
 * runs. A book that was opened for writing holds the file's lock until it is closed, and nothing
 * is on disk before lr_state_book_commit().
 */
#ifndef LR_NODE_STATE_BOOK_H
#define LR_NODE_STATE_BOOK_H

#include <limits.h>

#include "lib/node/book.h"

struct lr_state_book {
	struct lr_book book; /* what lr_book_answer() takes */
	struct lr_config config;
	char path[PATH_MAX];
	int lock;
	bool changed;
};

/* Reads the file; a missing one is an empty configuration. 0 or -1 with `err` (LR_EXIT_USAGE for a
 * file that is damaged: it is left as it is). */
int lr_state_book_open(struct lr_state_book *b, bool write, struct lr_err *err);
/* Replaces the file when something changed. 0 or -1 with `err`. */
int lr_state_book_commit(struct lr_state_book *b, struct lr_err *err);
void lr_state_book_close(struct lr_state_book *b); /* wipes keys, gives the lock back */

/* Takes from `from` what our own interface has not got: name, addresses, port, MTU; never a
 * key. True when something was taken. */
bool lr_state_book_adopt(struct lr_state_book *b, const struct lr_config *from);

#endif
