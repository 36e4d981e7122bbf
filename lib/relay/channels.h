/*
 * channels.h - who has which channel, and from where
 *
 * Theory of operation. A channel is a random 32-bit number that belongs to one member of one party
 * as long as the member is in the party; a member has at most four. It is *bound* while the
 * relay knows an address (or a TCP connection) for it that answered a cookie: LR_CHANNEL_LIFE_NS
 * after the last frame from there it is not bound any more, but still the member's. One address
 * has at most one channel: who binds from it last has proved that it is his, so the one before is
 * unbound (a home router gave the port to somebody else).
 *
 * Cost: a look-up is one keyed hash, which for a small packet would be 2 % of all that it costs; so
 * the channels that were looked for last stand in two small tables in front of the maps, without a
 * chain that somebody could make long. A channel takes about 300 bytes with its places in both
 * maps.
 */
#ifndef LR_RELAY_CHANNELS_H
#define LR_RELAY_CHANNELS_H

#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/net/addr.h"
#include "lib/relay/admission.h"
#include "lib/relay/frame.h"

#define LR_CHANNELS_MEMBER 4
#define LR_CHANNEL_LIFE_NS (120 * LR_NS_PER_S)
#define LR_SOURCE_KEY      24
#define LR_CHANNELS_NEAR   1024 /* places of the tables in front; a power of two */

/* Where something came from. */
struct lr_relay_source {
	struct lr_endpoint at; /* remote address, and the local one it came to */
	uint64_t conn;         /* number of the TCP connection, 0: UDP */
	uint8_t socket;        /* number of the server's socket */
};

/* The source as a key: kind, socket, port, address or connection, scope. */
void lr_source_key(uint8_t key[LR_SOURCE_KEY], const struct lr_relay_source *s);

struct lr_relay_party;
struct lr_lent;
struct lr_relay_channel {
	uint32_t number;
	bool bound;
	uint8_t socket;
	uint16_t slot;  /* for the sender: where in its batch the last frame for it is, */
	uint32_t batch; /* and in which batch that was */
	struct lr_relay_party *party;
	struct lr_relay_channel *next; /* of the party */
	struct lr_endpoint at;         /* where it is, when bound over UDP */
	uint64_t conn;                 /* the connection, when bound over TCP */
	uint64_t heard;                /* ns, last frame from there */
	uint64_t bind_ms;              /* time of the last BIND */
	uint64_t acked;                /* the party's number that the member knows */
	struct lr_meters meters;
	struct lr_lent *lents; /* ports that its guests come to (lend.h) */
	uint8_t keyhash[LR_FRAME_KEYHASH];
	uint8_t key[LR_SOURCE_KEY]; /* in by_source, when bound */
};

/* A party, as far as packets are concerned; its owner keeps it. Zeroed at first. */
struct lr_relay_party {
	uint8_t id[LR_FRAME_ID_LEN];
	struct lr_relay_channel *channels;
	struct lr_meters meters;
	uint64_t seq; /* of the last change */
	/* Signals that were not acknowledged yet. */
	struct lr_relay_party *next_signal, **prev_signal; /* in the list of such parties */
	uint64_t signal_due;
	unsigned signal_tries;
};

struct lr_channels {
	struct lr_map by_number, by_source;
	struct lr_relay_channel *near_number[LR_CHANNELS_NEAR], *near_source[LR_CHANNELS_NEAR];
	size_t n, n_bound, max;
	/* Called for a channel that is about to go; may be NULL. */
	void (*gone)(void *ctx, struct lr_relay_channel *c);
	void *gone_ctx;
};

void lr_channels_init(struct lr_channels *t, size_t max);
/* Every party must have been released before. */
void lr_channels_release(struct lr_channels *t);

struct lr_relay_channel *lr_channels_by_number(struct lr_channels *t, uint32_t number);
/* The channel bound to that source, or NULL. */
struct lr_relay_channel *lr_channels_by_source(
	struct lr_channels *t, const struct lr_relay_source *src);
/* A channel for a member: with `number` not 0 that one (restoring a state file), else a random free
 * one. NULL: the table is full, the number is taken, or no memory. Not bound. */
struct lr_relay_channel *lr_channels_open(struct lr_channels *t, struct lr_relay_party *p,
	const uint8_t keyhash[LR_FRAME_KEYHASH], uint32_t number);
/* The member's channel that was heard of longest ago, and how many it has. */
struct lr_relay_channel *lr_channels_oldest(
	const struct lr_relay_party *p, const uint8_t keyhash[LR_FRAME_KEYHASH], unsigned *count);
/* Binds to a source that was verified; unbinds what was there. 0 or -ENOMEM. */
int lr_channels_bind(struct lr_channels *t, struct lr_relay_channel *c,
	const struct lr_relay_source *src, uint64_t now);
void lr_channels_unbind(struct lr_channels *t, struct lr_relay_channel *c);
/* Gives the number back. */
void lr_channels_drop(struct lr_channels *t, struct lr_relay_channel *c);
/* All of a member; all of a party (`keyhash` NULL). */
void lr_channels_drop_member(
	struct lr_channels *t, struct lr_relay_party *p, const uint8_t *keyhash);
/* Unbinds what was not heard of for LR_CHANNEL_LIFE_NS. O(channels). */
void lr_channels_sweep(struct lr_channels *t, uint64_t now);

#endif
