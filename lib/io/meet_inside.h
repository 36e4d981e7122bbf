/*
 * meet_inside.h - what the files behind meet.h share
 */
#ifndef LR_IO_MEET_INSIDE_H
#define LR_IO_MEET_INSIDE_H

#include "lib/io/http_client.h"
#include "lib/io/http_upgrade.h"
#include "lib/io/line_reader.h"
#include "lib/io/lookup.h"
#include "lib/io/meet_out.h"
#include "lib/io/portmap.h"

struct lr_meet {
	struct lr_loop loop;
	struct lr_source in, signals;
	struct lr_meet_out out;
	void (*told)(void *ctx, const json_t *answer); /* lr_meet_one(): instead of `out` */
	void *told_ctx;
	struct lr_http_client *client;
	struct lr_portmaps *portmaps; /* NULL until one is asked for */
	struct lr_lookups *lookups;   /* the same */
	struct lr_meet_request *requests;
	unsigned n_requests;
	struct lr_line_reader lines;
	bool in_file;   /* epoll refuses it, and it never makes us wait */
	bool in_node;   /* a socket: whoever wrote is gone when it ends */
	bool held;      /* no more is read until answers have gone */
	bool ended;     /* no more input */
	bool bad;       /* a line was no request */
	uint64_t until; /* after the end: how long for mappings */
};

/* One of these is what the request waits for. */
struct lr_meet_request {
	struct lr_meet *meet;
	struct lr_meet_request *next, **at;
	json_int_t id;
	struct lr_http_call *call;
	struct lr_upgrade *upgrade;
	struct lr_portmap *map;
	struct lr_lookup *lookup;
};

/* What a line asks for. Answers it, or leaves a request open. */
void lr_meet_take(struct lr_meet *m, const json_t *ask);
/* An answer about `id`, or about a line without one (NULL). `attempts` is taken, may be NULL. */
void lr_meet_refuse(struct lr_meet *m, const json_int_t *id, const char *error, bool temporary,
	json_t *attempts);
/* Ends it without an answer. */
void lr_meet_forget(struct lr_meet_request *q);
/* Asks for the removal of all mappings, and forgets the other requests that are open if `all`. */
void lr_meet_wind_up(struct lr_meet *m, bool all);

#endif
