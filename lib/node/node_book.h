/*
 * node_book.h - the peers of a running node as a book
 */
#ifndef LR_NODE_NODE_BOOK_H
#define LR_NODE_NODE_BOOK_H

#include "lib/node/book.h"
#include "lib/node/node.h"

struct lr_node_book {
	struct lr_book book; /* what lr_book_answer() takes; filled by init */
	struct lr_node *node;
	struct lr_config_peer view; /* of the last peer looked at */
};

void lr_node_book_init(struct lr_node_book *b, struct lr_node *node);
void lr_node_book_release(struct lr_node_book *b);

#endif
