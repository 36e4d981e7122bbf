/*
 * client.h - talking to running nodes: which there are, a request and its answer, events
 */
#ifndef LR_NODE_CLIENT_H
#define LR_NODE_CLIENT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/json.h"

struct lr_client;

struct lr_client_node {
	char iface[IFNAMSIZ];
	bool denied; /* somebody listens, but we have no right to talk to it */
};

/* The nodes that run, by name of interface; stale sockets are left out. *out is malloc'd (NULL when
 * there are none). The count, or -1 with `err`. */
int lr_client_list(struct lr_client_node **out, struct lr_err *err);

/* Connects to the node of `iface`, or to the only one that runs when it is NULL.
 * NULL with `err`: no node (LR_EXIT_UNREACHABLE), several and none was named (LR_EXIT_USAGE, they
 * are listed), no right (LR_EXIT_RIGHTS). */
struct lr_client *lr_client_open(const char *iface, struct lr_err *err);
void lr_client_close(struct lr_client *c); /* NULL is fine */
const char *lr_client_iface(const struct lr_client *c);

/* Sends `request` (takes the reference) and waits for its answer, at most 10 s. A new reference
 * to the answer (without "ok"), or NULL with what the node said in `err`. */
json_t *lr_client_ask(struct lr_client *c, json_t *request, struct lr_err *err);
/* {"do": verb}, for more members to be set. */
json_t *lr_client_request(const char *verb);
/* The next line that comes (after `watch`), however long it takes; NULL with err->text "" when
 * the node has closed the connection, with a text when it broke. */
json_t *lr_client_next(struct lr_client *c, struct lr_err *err);
/* Waits until lr_client_next() has something to say, or nobody reads from the descriptor
 * `reader` any more: then false. */
bool lr_client_wait(const struct lr_client *c, int reader);

/* The pid of the node of `iface`, 0 when it does not say within 1 s. */
long lr_client_pid(const char *iface);
/* Ends the node (`iface` NULL: the only one) and waits until its process is gone, at most 10 s.
 * 0 or -1 with `err`. `ended` (IFNAMSIZ bytes, may be NULL) gets the interface's name. */
int lr_client_down(const char *iface, char *ended, struct lr_err *err);

#endif
