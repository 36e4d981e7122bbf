/*
 * server_inside.h - the inside of struct lr_server; for lib/server only
 */
#ifndef LR_SERVER_SERVER_INSIDE_H
#define LR_SERVER_SERVER_INSIDE_H

#include "lib/base/clock.h"
#include "lib/base/timer.h"
#include "lib/io/http_server.h"
#include "lib/io/loop.h"
#include "lib/io/udp_batch.h"
#include "lib/nat/stun_server.h"
#include "lib/relay/relay.h"
#include "lib/relay/stream.h"
#include "lib/server/saver.h"
#include "lib/server/server.h"

#define LR_SERVER_SOCKETS     (LR_SERVER_LISTEN_MAX * 4)
#define LR_SERVER_GUEST_SLOTS 64

/* What a request waits for: news of a party (a long poll), or that a change is on the disk. */
struct lr_wait {
	struct lr_timer timer; /* of a poll; first */
	struct lr_http_request *request;
	struct lr_server_party *party; /* of a poll */
	struct lr_wait *next, **prev;  /* in the party's polls, or in the server's saves */
	struct lr_since since;         /* what the client knows */
	uint64_t job;                  /* a save: the last job that it waits for, */
	bool placed;                   /* known from the end of the wake-up on */
	bool poll, has_since, list;    /* list: the answer is the party's list, else `bytes` */
	uint8_t id[LR_PARTY_ID_LEN];   /* of the list */
	void *bytes;
	size_t len;
};

/* Beside each party of the directory. */
struct lr_server_party {
	struct lr_relay_party relay; /* first */
	struct lr_wait *polls;
	unsigned n_polls;
	struct lr_server_party *next_dirty;
	bool dirty; /* in the list: to be written */
	bool news;  /* its number changed: polls and signals */
};

struct lr_server_socket {
	struct lr_source source;
	struct lr_server *server;
	struct lr_endpoint at;
	bool gso;
	uint8_t number;
};

struct lr_tunnel {
	struct lr_source source;
	struct lr_server *server;
	struct lr_http_tunnel *http;
	struct lr_relay_source from;
	uint64_t opened;
	struct lr_tunnel *next, **prev;
	struct lr_tunnel *next_dirty;
	bool dirty, full; /* to be written; waits for the socket */
	struct lr_queue queue;
	struct lr_stream stream;
};

struct lr_server {
	struct lr_server_options options;
	char *dir, *token; /* STATE/relay */
	int lock;
	struct lr_loop loop;
	struct lr_source signals, saved;
	struct lr_directory *directory;
	struct lr_relay relay;
	struct lr_stun_server stun;
	struct lr_http *http;
	struct lr_saver *saver;
	/* packets */
	struct lr_batch *batch;
	struct lr_server_socket sockets[LR_SERVER_SOCKETS];
	unsigned n_sockets, n_listens;
	struct lr_endpoint listens[LR_SERVER_LISTEN_MAX * 2];
	struct lr_ip main[2]; /* IPv4, IPv6: the address beside options.alternate */
	uint8_t *answers;     /* bytes of our own that wait for the flush */
	unsigned n_answers;
	uint8_t *
		guest_slots; /* frames from guests that wait for the flush; NULL: no port is lent */
	unsigned n_guest_slots;
	/* tunnels */
	struct lr_map by_conn;
	struct lr_tunnel *tunnels, *dirty_tunnels;
	uint64_t next_conn, tunnels_due;
	unsigned n_tunnels;
	/* parties */
	struct lr_server_party *dirty;
	struct lr_wait *saves, **last_save; /* in the order of their jobs */
	struct lr_timers polls;
	size_t n_polls;
	uint64_t last_job, saved_job, save_failed; /* given; done up to; the last that failed */
	uint64_t requests[6];                      /* answered, by the first digit of the status */
	uint64_t limited;                          /* answered with 429 */
	uint64_t founded;
};

struct lr_directory_now lr_server_now(const struct lr_server *s);

/* packets.c */
int lr_server_sockets(struct lr_server *s, struct lr_err *err);
void lr_server_sockets_close(struct lr_server *s);
/* Sends a frame over UDP; copied. Leaves with the next flush. */
void lr_server_send(
	struct lr_server *s, const struct lr_relay_source *to, const uint8_t *bytes, size_t len);
void lr_server_flush(struct lr_server *s);

/* lent.c */
/* Fills the hooks for lib/relay/lend.h as the options say. 0 or -ENOMEM. */
int lr_server_lends(struct lr_server *s, struct lr_lend_hooks *hooks);
/* Sends the message in a member's frame (step->lent) to its guest. The frame stays where it is
 * until the next flush. */
void lr_server_to_guest(
	struct lr_server *s, const struct lr_relay_step *step, const uint8_t *frame, size_t len);

/* tunnels.c */
void lr_tunnels_init(struct lr_server *s);
void lr_tunnels_release(struct lr_server *s);
void lr_tunnel_upgraded(void *ctx, struct lr_http_tunnel *t, int fd, const struct lr_endpoint *peer,
	const void *extra, size_t len);
/* Queues a frame for the connection. */
void lr_tunnel_push(struct lr_server *s, uint64_t conn, const uint8_t *frame, size_t len);
/* Writes what was queued, and closes connections that nobody bound. */
void lr_tunnels_settle(struct lr_server *s, uint64_t now);

/* parties.c */
int lr_parties_load(struct lr_server *s, struct lr_err *err);
extern const struct lr_directory_hooks lr_parties_directory_hooks; /* without ctx */
extern const struct lr_relay_hooks lr_parties_relay_hooks;
struct lr_server_party *lr_party_of(struct lr_server *s, const uint8_t id[LR_PARTY_ID_LEN]);
/* Writes what changed, wakes polls, sends signals, answers polls whose time is over. */
void lr_parties_settle(struct lr_server *s, uint64_t now);
void lr_parties_saved(struct lr_source *source, uint32_t events);
/* Answers when all that was changed by now is on the disk: with `bytes` (malloc'd or NULL, taken),
 * or with the list since `since` (NULL: the whole). */
void lr_parties_answer_saved(
	struct lr_server *s, struct lr_http_request *q, void *bytes, size_t len);
void lr_parties_list_saved(struct lr_server *s, struct lr_http_request *q,
	const uint8_t id[LR_PARTY_ID_LEN], const struct lr_since *since);
/* A long poll until there is news or `deadline` comes. */
void lr_parties_poll(struct lr_server *s, struct lr_http_request *q, struct lr_server_party *p,
	const struct lr_since *since, uint64_t deadline);
void lr_parties_forget(struct lr_server *s, struct lr_http_request *q);
void lr_parties_release(struct lr_server *s);

/* api.c */
extern const struct lr_http_hooks lr_api_hooks; /* without ctx */
void lr_api_answer(struct lr_server *s, struct lr_http_request *q, unsigned status,
	const char *type, void *bytes, size_t len);
/* The list since `since` as an answer. */
void lr_api_answer_list(struct lr_server *s, struct lr_http_request *q,
	const uint8_t id[LR_PARTY_ID_LEN], const struct lr_since *since);

#endif
