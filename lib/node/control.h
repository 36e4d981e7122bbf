/*
 * control.h - the node's socket: one JSON request a line, one JSON answer a line
 *
 * $LR_RUN_DIR/IFACE.sock, mode 0600. Requests are objects {"do": VERB, ...}. Answers are {"ok": true,
 * ...} or {"ok": false, "exit": N, "error": "one line"}. `watch` answers with event lines until
 * the client goes. A client that sends rubbish gets an error line; one that does not read is
 * dropped when 256 KiB wait for it.
 */
#ifndef LR_NODE_CONTROL_H
#define LR_NODE_CONTROL_H

#include "lib/base/err.h"
#include "lib/node/node.h"

struct lr_control;

/* Listens. A stale socket is replaced; one that a live node holds is an error: -1 with `err`
 * ("lr0: a node runs already (pid 123)"). */
struct lr_control *lr_control_open(struct lr_node *node, struct lr_err *err);
/* Closes, removes the socket file if it is still ours. NULL is fine. */
void lr_control_close(struct lr_control *c);

#endif
