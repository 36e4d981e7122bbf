/*
 * backend.h - where requests about peers go: the running node, or the state files when none runs
 */
#ifndef LR_NODE_BACKEND_H
#define LR_NODE_BACKEND_H

#include "lib/node/client.h"
#include "lib/node/state_book.h"

struct lr_backend {
	struct lr_client *client; /* NULL: the state files */
	struct lr_state_book state;
};

/* `iface` NULL: the only node that runs, else the state files; they are locked when `write` is
 * set. 0 or -1 with `err`. */
int lr_backend_open(struct lr_backend *b, const char *iface, bool write, struct lr_err *err);
/* As lr_client_ask(), for the requests of book.h. */
json_t *lr_backend_ask(struct lr_backend *b, json_t *request, struct lr_err *err);
/* What was asked for so far is on disk after this. 0 or -1 with `err`. */
int lr_backend_commit(struct lr_backend *b, struct lr_err *err);
void lr_backend_close(struct lr_backend *b);

#endif
