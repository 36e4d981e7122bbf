/*
 * relay.h - the packet relay: what to do with a frame
 *
 * Theory of operation. A frame from a bound source goes to another channel of the same party, with
 * its own channel written over the destination's; nothing else is forwarded. Everything else
 * that can come is a control message (frame.h) and is answered or dropped. To a source that is not
 * bound no answer is longer than what came from it, and answers and signature checks are
 * limited by its network. What was dropped has a reason with a counter.
 *
 * Nothing here reads a clock or a socket; `now` is monotonic, in ns. The owner sends what it is
 * told to.
 */
#ifndef LR_RELAY_RELAY_H
#define LR_RELAY_RELAY_H

#include "lib/relay/channels.h"
#include "lib/relay/lend.h"

enum lr_relay_drop {
	LR_RELAY_PASSED,
	LR_RELAY_MALFORMED,    /* no frame, or no control message that we know */
	LR_RELAY_UNBOUND,      /* from an address that no channel has */
	LR_RELAY_NO_CHANNEL,   /* to a channel that is not there, or of another party */
	LR_RELAY_ASLEEP,       /* to a channel that is bound nowhere now */
	LR_RELAY_SOURCE_RATE,  /* the sender is over its limit */
	LR_RELAY_PARTY_RATE,   /* the party is over its limit */
	LR_RELAY_ANSWER_RATE,  /* too many answers to this network */
	LR_RELAY_CHECK_RATE,   /* too many signatures from this network */
	LR_RELAY_QUEUE_FULL,   /* a TCP client takes less than it is sent */
	LR_RELAY_SEND_REFUSED, /* the system did not take it */
	LR_RELAY_FOREIGN,      /* neither relay frame nor STUN */
	LR_RELAY_LENT_FOREIGN, /* at a lent port, or to one: not WireGuard, or not his */
	LR_RELAY_LENT_RATE,    /* too much from strangers, or from a guest */
	LR_RELAY_LENT_CREDIT,  /* to somebody who sent less to the lent port, or nothing */
	LR_RELAY_DROPS
};
/* "malformed", "unbound" ...: keys of status and metrics. */
const char *lr_relay_drop_name(enum lr_relay_drop why);

struct lr_relay_hooks {
	void *ctx;
	/* The party key of a member that is in that party now, and the party's packet half; NULL:
	 * there is none. */
	const uint8_t *(*member)(void *ctx, const uint8_t id[LR_FRAME_ID_LEN],
		const uint8_t keyhash[LR_FRAME_KEYHASH], struct lr_relay_party **party);
	/* A channel was given or taken back: the party's state is to be written. */
	void (*changed)(void *ctx, struct lr_relay_party *party);
	/* Sends a frame of `len` bytes to the channel, which is bound. */
	void (*send)(void *ctx, struct lr_relay_channel *to, const uint8_t *frame, size_t len);
	/* A channel was bound to an address: its owner may settle in `c->at` how that is reached.
	 * May be NULL. */
	void (*bound)(void *ctx, struct lr_relay_channel *c);
};

struct lr_relay_stats {
	uint64_t packets, bytes; /* forwarded; bytes with headers */
	uint64_t answers, binds, signals;
	uint64_t drops[LR_RELAY_DROPS];
	uint64_t refused[LR_REFUSED_REASONS];
};

struct lr_relay {
	struct lr_channels channels;
	struct lr_lends lends;
	struct lr_admission admission;
	struct lr_relay_hooks hooks;
	struct lr_relay_stats stats;
	struct lr_relay_party *signals; /* parties whose members have not all answered */
	uint64_t epoch;                 /* of the directory, told in BOUND, KEEPALIVE, SIGNAL */
	uint64_t sweep_due, due;
	uint8_t id[LR_RELAY_ID_LEN];
	uint8_t secret[LR_KEY_LEN]; /* of the cookies; of this process */
};

struct lr_relay_config {
	const struct lr_admission_limits *limits;
	struct lr_relay_hooks hooks;
	struct lr_lend_hooks lend; /* without `open`: no port is lent */
	size_t channels, ports;    /* at most */
	uint64_t epoch;
	uint8_t id[LR_RELAY_ID_LEN];
};
void lr_relay_init(struct lr_relay *r, const struct lr_relay_config *config);
void lr_relay_release(struct lr_relay *r);

/* What to do with one frame. At most one of `to`, `lent` and `answer_len`. */
struct lr_relay_step {
	struct lr_relay_channel *to; /* send the frame, which was rewritten in place, there */
	/* Send what lies behind LR_FRAME_GUEST_HEAD bytes out from there, to `outside`. */
	struct lr_lent *lent;
	const struct lr_endpoint *outside;
	size_t answer_len;       /* send `answer` back to the source */
	enum lr_relay_drop drop; /* why not, if neither; counted already */
	uint8_t answer[LR_FRAME_ANSWER_MAX];
};
/* The channel of a source, to be looked up once for a train; NULL: none. */
static inline struct lr_relay_channel *lr_relay_from(
	struct lr_relay *r, const struct lr_relay_source *src)
{
	return lr_channels_by_source(&r->channels, src);
}
/* `from` is lr_relay_from() of `src`. A control frame may change what it would say: look it up
 * again behind one. Hot for messages: two counters, four meters, one look-up. */
void lr_relay_input(struct lr_relay *r, const struct lr_relay_source *src,
	struct lr_relay_channel *from, uint8_t *frame, size_t len, uint64_t now,
	struct lr_relay_step *out);
/* A message came to a lent port. The channel to which it goes with `head` in front, or NULL: it was
 * dropped, and counted. */
struct lr_relay_channel *lr_relay_guest(struct lr_relay *r, struct lr_lent *lent,
	const struct lr_endpoint *from, const uint8_t *message, size_t len, uint64_t now,
	uint8_t head[LR_FRAME_GUEST_HEAD]);
/* A port that a state file says was lent; it stays if the member asks for it again. False: the port
 * cannot be had. */
bool lr_relay_lend(
	struct lr_relay *r, struct lr_relay_channel *c, uint16_t port, uint32_t tag, uint64_t now);
/* The greeting of a TCP connection: a COOKIE. */
size_t lr_relay_greet(struct lr_relay *r, const struct lr_relay_source *src, uint64_t now,
	uint8_t out[LR_FRAME_COOKIE_LEN]);
/* A TCP connection ended. */
void lr_relay_gone(struct lr_relay *r, const struct lr_relay_source *src);

/* The party has a new number: its bound members are sent a SIGNAL now, and again until they
 * answer. */
void lr_relay_signal(struct lr_relay *r, struct lr_relay_party *p, uint64_t seq, uint64_t now);
/* A member left, or (`keyhash` NULL) the party is to be forgotten. */
void lr_relay_leave(struct lr_relay *r, struct lr_relay_party *p, const uint8_t *keyhash);
/* Signals again, expiries; and when that is due next. */
void lr_relay_tick(struct lr_relay *r, uint64_t now);
static inline uint64_t lr_relay_due(const struct lr_relay *r)
{
	return r->due;
}

#endif
