/*
 * control.h - the node's socket: one JSON request a line, one JSON answer a line
 *
 * $LR_RUN_DIR/IFACE.sock, mode 0600. Requests are objects {"do": VERB, ...}. Answers are
 * {"ok": true, ...} or {"ok": false, "exit": N, "error": "one line"}.
 *
 *   hello   -> iface, pid, version, started
 *   status  -> the object of share/schema/status.json ("peers": false leaves those out)
 *   peers, peer-set, peer-remove, config: book.h
 *   play-set, play-remove, play: play.h
 *   down    -> the node ends behind the answer
 *   profile: profile.h
 *   watch   -> {"ok": true}, then event lines (share/schema/event.json) until either end goes; the
 *              first of them, "watching", at once
 *
 * A client that sends rubbish gets an error line. A line over LR_JSON_LINE_MAX is answered with an
 * error and the end. Requests are answered one after the other: the next is looked at when the last
 * answer has been read, so that at most one answer waits for a client, of whatever size was
 * asked for. Event lines are not asked for: a client that lets 256 KiB of them wait is dropped.
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
