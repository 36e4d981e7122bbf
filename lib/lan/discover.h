/*
 * discover.h - questions and answers that show whether games would find each other
 *
 * Theory of operation. Who wants to know (lib/node/discover.h) sends what a game would send,
 * through the interface as a game does: a datagram from a game's port to the same port, to all, to
 * a group or to one member, with a payload that is a question to one member. That member's node
 * looks at what its rules would deliver: a question to it is answered with an acknowledgement, to
 * the asker alone: it came; an echo, as long as the question and to the same kind of address: so
 * the way back is tried. No member's interface but the asker's gets question or echo, so no game
 * sees them. A question that was cut on the way counts as come when all of it did; one at a
 * time is put together.
 *
 *     0            12    13     16        20            28       32
 *     | magic      | what | 0    | to      | number      | from   | zeros ...
 *
 * `to` is the IPv4 address that it is meant for, in a question as in an answer, also when it comes
 * by IPv6, to a group: `from`, which only a question by IPv6 has, is the asker's. `number` is the
 * asker's, too. What is asked is what the destination address says, never a field: nobody gets a
 * broadcast for something that was sent to one. A node answers at most LR_DISCOVER_RATE questions a
 * second, whoever asks, and never with more bytes than it costs to ask: but for the
 * acknowledgement, of 28 bytes.
 */
#ifndef LR_LAN_DISCOVER_H
#define LR_LAN_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/addr.h"

#define LR_DISCOVER_LEN    28   /* shortest */
#define LR_DISCOVER_LEN6   32   /* by IPv6 */
#define LR_DISCOVER_LARGE  1400 /* longest */
#define LR_DISCOVER_RATE   16   /* a second; as many at once */
#define LR_DISCOVER_PACKET (40 + 8 + LR_DISCOVER_LARGE)

enum lr_discover_what { LR_DISCOVER_ASK, LR_DISCOVER_ACK, LR_DISCOVER_ECHO };

/* A payload; `len` from LR_DISCOVER_LEN to LR_DISCOVER_LARGE. */
void lr_discover_put(uint8_t *payload, size_t len, enum lr_discover_what what, const uint8_t to[4],
	uint64_t number);
/* The asker's own address into a question by IPv6, of LR_DISCOVER_LEN6 or more. */
void lr_discover_put_from(uint8_t *payload, const uint8_t from[4]);
/* Whether it is one; then *what and *number. */
bool lr_discover_read(
	const uint8_t *payload, size_t len, enum lr_discover_what *what, uint64_t *number);

struct lr_discover {
	uint64_t at_ns; /* when all that was answered would be at the allowed rate */
	/* A question that comes in fragments: how it began, what came of it and what there is, in
	 * bytes behind the IP header; `whole` 0: not known yet. */
	uint8_t begin[20 + 8 + LR_DISCOVER_LEN];
	size_t came, whole;
};

/* A packet that is to be delivered. Whether it stays here, and is not. *question, of *size bytes,
 * is what is to be answered, NULL: nothing; only its headers and LR_DISCOVER_LEN bytes may be read,
 * until the next call. A few ns for other packets. */
bool lr_discover_took(struct lr_discover *d, const uint8_t own[4], const uint8_t *packet,
	size_t len, const uint8_t **question, size_t *size);
/* Whether this question is answered now. */
bool lr_discover_may(struct lr_discover *d, uint64_t now);
/* The answer to a question that lr_discover_took(), into LR_DISCOVER_PACKET bytes; its length; 0:
 * there is no such. `what`: ACK or ECHO. `own`: our address of the question's family. */
size_t lr_discover_answer(const struct lr_ip *own, const uint8_t *question, size_t len,
	enum lr_discover_what what, uint8_t *packet);

/* --- the same as an IPX frame of Ethernet II, to all: the payload is one by IPv6 --- */

#define LR_DISCOVER_FRAME (14 + 30 + LR_DISCOVER_LEN6)

struct lr_discover_ipx {
	uint8_t to[6], from[6]; /* MACs */
	uint16_t socket;
	enum lr_discover_what what;
	uint8_t member[4], asker[4]; /* whom it is meant for; whose question it is */
	uint64_t number;
};
/* LR_DISCOVER_FRAME bytes. */
void lr_discover_put_frame(uint8_t *frame, const struct lr_discover_ipx *x);
/* Whether it is one. */
bool lr_discover_read_frame(const uint8_t *frame, size_t len, struct lr_discover_ipx *x);

#endif
