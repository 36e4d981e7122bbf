/*
 * pump_inside.h - the inside of struct lr_pump; for lib/node/pump*.c only
 */
#ifndef LR_NODE_PUMP_INSIDE_H
#define LR_NODE_PUMP_INSIDE_H

#include "lib/io/cut.h"
#include "lib/io/merge.h"
#include "lib/io/tun.h"
#include "lib/io/udp.h"
#include "lib/node/pump.h"
#include "lib/node/sockets.h"
#include "lib/relay/frame.h"

#define LR_PUMP_FRAME (65536 + LR_ETH_HEAD)
#define LR_PUMP_ARENA (256 << 10) /* datagrams that are opened before they are written */

/* Sealed messages for one peer, one behind the other, all of `segment` bytes but the last. Through
 * a relay each has its frame's header in front, `head` bytes. */
struct lr_train {
	struct lr_wg_peer *peer;
	struct lr_path *path; /* of a member; NULL: to the peer's endpoint */
	size_t head;
	size_t len, segment;
	unsigned count;
	bool closed; /* the last one is shorter */
	bool twice;  /* goes over a second path, too */
	uint8_t buf[LR_TRAIN_BYTES + LR_FRAME_HEADER + LR_WG_OVERHEAD + LR_WG_PAD];
};

struct lr_pump {
	struct lr_node *node;
	struct lr_tun tun;
	struct lr_udp udp;
	struct lr_source on_device, on_udp4, on_udp6;
	uint64_t device_at, udp_at; /* when they were ready last */
	struct lr_sockets sockets;
	uint8_t eth[LR_ETH_HEAD]; /* TAP: in front of every packet that we write */
	struct lr_train train;
	struct lr_merge merge;
	struct iovec iov[LR_MERGE_PACKETS + 2];
	uint8_t frame[LR_PUMP_FRAME];
	uint8_t relayed[LR_FRAME_HEADER + 65536]; /* what lib/wg sends by itself, and copies, with
						     their headers */
	uint8_t arena[LR_PUMP_ARENA];
	struct lr_cut cut; /* a packet, or what is in `frame` */
};

/* pump.c */
void lr_pump_device_ready(struct lr_source *src, uint32_t events);
void lr_pump_udp_ready(struct lr_source *src, uint32_t events);

#endif
