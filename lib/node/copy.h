/*
 * copy.h - redundancy in a running node: messages that go out, and come in, a second time
 *
 * lib/nat/redundant.h decides which and over which path, lib/nat/copies.h what it was worth. The
 * pump calls these only while redundancy is on (sending), or for members that send copies.
 */
#ifndef LR_NODE_COPY_H
#define LR_NODE_COPY_H

#include "lib/base/json.h"
#include "lib/io/udp.h"
#include "lib/nat/reach.h"
#include "lib/node/node.h"

#define LR_COPY_ROOM LR_TRAIN_BYTES

/* Sealed messages as they went over the first path. */
struct lr_copy {
	const uint8_t *buf;
	size_t len, segment; /* of all; of each with its head but the last */
	size_t head;         /* bytes of relay frame in front of each, 0: none */
	unsigned count;
};

/* Whether a packet from the device goes twice to the member. */
bool lr_copy_wanted(
	const struct lr_node *node, struct lr_reach *reach, const uint8_t *packet, size_t len);
/* Whether a message of `len` bytes that the tunnel sends by itself does. */
bool lr_copy_wanted_own(const struct lr_node *node, size_t len);
/* Whether they are short enough for the path. */
bool lr_copy_fits(const struct lr_copy *c, const struct lr_path *second);
/* Writes the next train of them, from *at on, with the heads of the path `second`; *at moves behind
 * it. `out` has LR_COPY_ROOM bytes. Its length, 0 when all are out; *segment: that of each but the
 * last. */
size_t lr_copy_next(const struct lr_copy *c, size_t *at, const struct lr_path *second, uint8_t *out,
	size_t *segment);
/* All are out, or `error` is what sending them came to. */
void lr_copy_sent(struct lr_node *node, struct lr_reach *reach, struct lr_path *second,
	const struct lr_copy *c, int error);

/* A WireGuard message of `len` bytes came from the member; `again`: as a copy. */
void lr_copy_came(struct lr_node *node, struct lr_reach *reach, const struct lr_endpoint *src,
	uint16_t socket, const uint8_t *msg, size_t len, bool again);

/* {"copies_sent":..., "copies_received":..., "second_first":..., "second_only":...} */
json_t *lr_copy_json(const struct lr_reach *reach, uint64_t now);

#endif
