/*
 * helper.h - the helper program lr-meet: requests out, answers in
 *
 * Theory of operation. One stream socket is the helper's standard input and output. A request is a
 * line {"id": N, "do": "http", ...} (lib/io/meet.h), its answers are lines with the same id, in any
 * order. A long body and a stream come as descriptors, each with the first byte of its line. When
 * the helper ends, all that it was asked is answered with an error, and it is started again: at
 * once, then after 1, 2, 4 ... 30 s while it does no good.
 *
 * A helper that still holds a port of the router when it is released is not ended: it gives the
 * port back first, for which it takes 2 s at most.
 */
#ifndef LR_NODE_HELPER_H
#define LR_NODE_HELPER_H

#include "lib/base/json.h"
#include "lib/io/loop.h"
#include "lib/net/addr.h"

struct lr_helper_answer {
	unsigned status;   /* HTTP; 0: there was no answer, see `error` */
	const char *error; /* one line */
	const uint8_t *body;
	size_t len;
	const json_t *line; /* as the helper gave it (lib/io/meet.h); NULL: it has ended */
	int *fd;            /* that came along, or NULL; whoever takes it sets it to -1 */
};
typedef void (*lr_helper_done)(void *ctx, const struct lr_helper_answer *a);

#define LR_HELPER_FDS 8   /* that came before their lines were read */
struct lr_helper_request; /* on its way */
struct lr_helper {
	struct lr_loop *loop;
	const char *name; /* of the node's interface, for notes */
	const char *path; /* of the program */
	int pid;          /* 0: it does not run */
	struct lr_source source;
	struct lr_helper_request *requests;
	uint64_t next_id, due_ns; /* when to start it again */
	unsigned starts;          /* in a row that did no good */
	char *in;
	size_t in_len, in_room;
	int fds[LR_HELPER_FDS];
	unsigned n_fds;
	char *out; /* what the socket did not take yet */
	size_t out_len, out_room;
};
struct lr_helper_http {
	const char *method, *url;
	const char *header; /* a line, or NULL */
	const uint8_t *body;
	size_t len;
	unsigned timeout_ms;
};

/* A helper that was started before there is a loop: it loads (libcurl takes some ms) while the rest
 * begins. */
struct lr_helper_early {
	int pid; /* 0: none */
	int fd;
};
/* Starts the program at `path`, and the connection to where its first request will go, unless NULL.
 * When that fails there is none, and the first request says why. */
void lr_helper_start_early(
	struct lr_helper_early *e, const char *path, const struct lr_endpoint *first);
/* Ends it, unless lr_helper_init() took it. */
void lr_helper_end_early(struct lr_helper_early *e);

/* `loop`, `name` and `path` must outlive it. `early` is taken; NULL: it starts with the first
 * request. */
void lr_helper_init(struct lr_helper *m, struct lr_loop *loop, const char *name, const char *path,
	struct lr_helper_early *early);
/* Ends the helper; requests under way are forgotten without a call. */
void lr_helper_release(struct lr_helper *m);
/* 0, and `done` is called exactly once unless lr_helper_release() comes first; or -errno. */
int lr_helper_http(
	struct lr_helper *m, const struct lr_helper_http *http, lr_helper_done done, void *ctx);
/* Any request of lib/io/meet.h but for its id: takes the reference to it. As lr_helper_http(). */
int lr_helper_ask(struct lr_helper *m, json_t *request, lr_helper_done done, void *ctx);
/* The same for one that has several answers, of which the one with `error` is the last. Its id, for
 * lr_helper_about(); 0: the helper cannot be had now. */
uint64_t lr_helper_hold(struct lr_helper *m, json_t *request, lr_helper_done done, void *ctx);
/* A request about that one ("unmap", "renew"), which has no answer of its own. */
void lr_helper_about(struct lr_helper *m, const char *verb, uint64_t id);
/* Starts it again when that is due. */
void lr_helper_run(struct lr_helper *m, uint64_t now);
void lr_helper_forget(struct lr_helper *m, const void *ctx); /* no calls for `ctx` any more */
/* Outside of the loop: waits until the helper says something, at most until `until_ns`, and takes
 * it. False: it says nothing in time, or has ended. */
bool lr_helper_wait(struct lr_helper *m, uint64_t until_ns);

#endif
