/*
 * binding.h - a member's channel at one relay, over UDP or over a stream where UDP does not pass
 *
 * Theory of operation (the messages: frame.h). Each of the two ways to the relay is, by itself,
 *   NONE   not usable: no address is known, no stream is open
 *   ASKED  an ASK is out (on a fresh stream the relay's greeting is awaited), or its cookie is here
 *          and our record is not at the relay yet
 *   SENT   a BIND is out
 *   BOUND  the channel leads here: KEEPALIVEs hold mappings and tell the party's number
 * and at most one is BOUND. Frames need not wait for BOUND: what leaves behind a BIND over UDP
 * finds the channel bound, and a round trip is saved (lr_binding_carries()). Should the network
 * turn the two around, the relay refuses the frame, and we are told with BOUND that some were lost.
 *
 * Whatever goes wrong leads back to asking, with the number of the
 * channel that we had, so that members need not learn another one. Both ways bind the same channel,
 * and with the relay the last BIND counts; so a BOUND that does not answer our last one is ignored.
 *
 * UDP comes first. When something that was sent over it stays unanswered for LR_BINDING_PATIENCE_MS
 * the stream is dialled, and UDP is asked on beside it. Once UDP is bound the stream is left: it
 * stays open for a moment, for what is still in it. While the stream carries, UDP is asked every
 * LR_BINDING_TRIAL_S; twice as long each time that it was lost soon after it was taken back.
 *
 * No bytes and no sockets here: lr_binding_next() says what to do, the owner does it.
 */
#ifndef LR_RELAY_BINDING_H
#define LR_RELAY_BINDING_H

#include "lib/base/clock.h"
#include "lib/relay/frame.h"

#define LR_BINDING_PATIENCE_MS 1000
#define LR_BINDING_TRIAL_S     10
#define LR_BINDING_TRIAL_MAX_S 160

enum lr_way { LR_WAY_UDP, LR_WAY_STREAM, LR_WAYS };
enum lr_bind_state { LR_BIND_NONE, LR_BIND_ASKED, LR_BIND_SENT, LR_BIND_BOUND };
enum lr_dial_state { LR_DIAL_IDLE, LR_DIAL_UNDER_WAY, LR_DIAL_OPEN };

struct lr_binding_way {
	enum lr_bind_state state;
	bool usable, has_cookie;
	bool overtaken; /* a frame came to the relay before the BIND that went ahead of it */
	unsigned tries; /* without an answer */
	uint64_t nonce, asked_ns, sent_ns;
	uint64_t keep_ns;   /* of the KEEPALIVE that is out, 0: none */
	uint64_t answer_ns; /* of the last answer */
	uint64_t silent_ns; /* of the first message that was not answered, 0: all were */
	uint64_t due_ns;
	uint8_t cookie[LR_COOKIE_LEN];
};

struct lr_binding {
	struct lr_binding_way ways[LR_WAYS];
	enum lr_way bind_way; /* of our last BIND */
	bool known;           /* our record is at the relay: it lets us bind */
	uint32_t channel;     /* ours; 0: none yet */
	uint32_t rtt_us;      /* on the way in use, 0 unknown */
	uint8_t id[LR_RELAY_ID_LEN];
	uint64_t time_offset_ms; /* the relay's time less our monotonic clock, modulo 2^64 */
	uint64_t bind_ms;        /* time of our last BIND */
	/* the stream */
	enum lr_dial_state dial;
	bool wanted;
	unsigned dial_tries;
	uint64_t dial_ns;  /* not before */
	uint64_t leave_ns; /* when to hang up; LR_NEVER */
	/* UDP, while the stream carries */
	uint64_t trial_ns, taken_ns; /* between two attempts; when UDP was bound last */
};

enum lr_binding_act {
	LR_BINDING_NOTHING,
	LR_BINDING_ASK,       /* send an ASK with `control.nonce` */
	LR_BINDING_BIND,      /* send a BIND: `control` lacks id and keyhash */
	LR_BINDING_KEEPALIVE, /* send one for `control.channel` */
	LR_BINDING_DIAL,      /* open a stream; say lr_binding_opened() or lr_binding_ended() */
	LR_BINDING_HANG_UP,   /* close the stream, or forget that it is being opened */
};
struct lr_binding_step {
	enum lr_binding_act act;
	enum lr_way way;
	struct lr_frame_control control;
};

/* What a message of the relay means for the owner; a set. */
enum {
	LR_BINDING_BOUND = 1,   /* another channel, another way, or bound again */
	LR_BINDING_NUMBER = 2,  /* the party's number at the relay counts */
	LR_BINDING_ECHO = 4,    /* a SIGNAL: send it back the same way */
	LR_BINDING_UNKNOWN = 8, /* the relay has not got our record */
	LR_BINDING_LOST = 16,   /* beside BOUND: frames that were sent behind the BIND */
};

void lr_binding_init(struct lr_binding *b);
/* UDP: the relay's address is known, or another one. Begins on that way. */
void lr_binding_addressed(struct lr_binding *b, uint64_t now);
/* The stream that was asked for is open. */
void lr_binding_opened(struct lr_binding *b, uint64_t now);
/* It could not be opened, or has ended. `hopeless`: the relay does not have such. */
void lr_binding_ended(struct lr_binding *b, uint64_t now, bool hopeless);
/* Our record is at the relay. */
void lr_binding_known(struct lr_binding *b, uint64_t now);
/* Everything anew: our network is another. */
void lr_binding_reset(struct lr_binding *b, uint64_t now);
/* A path through the relay does not answer: is it the relay? Looks at most every few seconds. */
void lr_binding_doubt(struct lr_binding *b, uint64_t now);
/* No more: nothing is due. */
void lr_binding_stop(struct lr_binding *b);

/* What to do now; call until it is NOTHING. */
enum lr_binding_act lr_binding_next(
	struct lr_binding *b, uint64_t now, struct lr_binding_step *step);
uint64_t lr_binding_due(const struct lr_binding *b);
/* A control message that came that way. A set of the above. */
unsigned lr_binding_receive(
	struct lr_binding *b, uint64_t now, enum lr_way way, const struct lr_frame_control *c);
/* A BIND or RELEASE now, as in a step; only while bound. */
struct lr_frame_control lr_binding_signed(
	struct lr_binding *b, uint64_t now, enum lr_way way, enum lr_frame_kind kind);

static inline bool lr_binding_bound(const struct lr_binding *b)
{
	return b->ways[LR_WAY_UDP].state == LR_BIND_BOUND ||
	       b->ways[LR_WAY_STREAM].state == LR_BIND_BOUND;
}
/* Frames may be sent: the channel is bound, or will be when they come there. */
static inline bool lr_binding_carries(const struct lr_binding *b)
{
	return lr_binding_bound(b) || b->ways[LR_WAY_UDP].state == LR_BIND_SENT;
}
/* Where frames go. */
static inline enum lr_way lr_binding_way(const struct lr_binding *b)
{
	return b->ways[LR_WAY_STREAM].state == LR_BIND_BOUND ? LR_WAY_STREAM : LR_WAY_UDP;
}

#endif
