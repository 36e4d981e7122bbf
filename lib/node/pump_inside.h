/*
 * pump_inside.h - the inside of struct lr_pump; for lib/node/pump*.c only
 */
#ifndef LR_NODE_PUMP_INSIDE_H
#define LR_NODE_PUMP_INSIDE_H

#include "lib/io/cut.h"
#include "lib/io/merge.h"
#include "lib/io/tun.h"
#include "lib/io/udp.h"
#include "lib/lan/discover.h"
#include "lib/lan/lan.h"
#include "lib/node/copy.h"
#include "lib/net/pace.h"
#include "lib/net/queue.h"
#include "lib/node/pump.h"
#include "lib/node/sockets.h"
#include "lib/relay/frame.h"

#define LR_PUMP_FRAME (65536 + LR_ETH_HEAD)
#define LR_PUMP_ARENA (256 << 10) /* datagrams that are opened before they are written */

/* What is done for a packet beyond sending it. */
struct lr_service {
	bool twice;  /* it goes over a second path, too */
	uint8_t tos; /* of the datagram: a game's mark is not lost inside (RFC 2983, 4.1) */
};

#define LR_FAN_COPIES 64
#define LR_FAN_PACKET 9216 /* the longest that goes to many */
#define LR_FAN_BYTES  (LR_FAN_COPIES * 2048)

/* Sealed messages for one peer, one behind the other, all of `segment` bytes but the last. Through
 * a relay each has its frame's header in front, `head` bytes. */
struct lr_train {
	struct lr_wg_peer *peer;
	struct lr_path *path; /* of a member; NULL: to the peer's endpoint */
	size_t head;
	size_t len, segment;
	unsigned count;
	bool closed; /* the last one is shorter */
	struct lr_service service;
	uint8_t buf[LR_TRAIN_BYTES + LR_FRAME_HEADER + LR_WG_OVERHEAD + LR_WG_PAD];
};

/* A frame as the device gave it; that long. */
struct lr_pump_frame {
	struct lr_vnet vnet;
	uint8_t bytes[LR_PUMP_FRAME];
};
_Static_assert(sizeof(struct lr_pump_frame) <= LR_QUEUE_FRAME, "a frame fits into the queue");

/* Sealed copies of one packet for many peers. */
struct lr_fan_copy {
	struct lr_wg_peer *peer;
	struct lr_path *path; /* as in a train */
	size_t at, len, head; /* in `buf`; of the message with its head; of that */
	struct lr_service service;
};
struct lr_fan {
	unsigned count;
	size_t len;
	struct lr_fan_copy copies[LR_FAN_COPIES];
	uint8_t buf[LR_FAN_BYTES];
};

struct lr_pump {
	struct lr_node *node;
	struct lr_tun tun;
	struct lr_udp udp;
	struct lr_source on_device, on_udp4, on_udp6;
	struct lr_source on_segment; /* of the house; fd -1: none is bridged */
	uint64_t device_at, udp_at;  /* when they were ready last */
	struct lr_sockets sockets;
	struct lr_train train;
	struct lr_merge merge;
	struct iovec iov[LR_MERGE_PACKETS + 2];
	struct lr_fan fan;
	struct lr_queue queue;
	struct lr_pace pace;
	struct lr_discover discover;
	uint8_t tos;                                 /* of what is being sent */
	uint8_t waiting[LR_QUEUE_BUFFER];            /* frames, in the queue's order */
	uint8_t packet[LR_LAN_ROOM + LR_PUMP_FRAME]; /* one for many */
	uint8_t relayed[LR_FRAME_HEADER + 65536]; /* what lib/wg sends by itself, and copies, with
						     their headers */
	uint8_t arena[LR_PUMP_ARENA];
	struct lr_cut cut; /* a packet, or a frame that waited */
};

/* The paths to a member of the party; NULL: the peer is none. */
static inline struct lr_reach *lr_pump_reach(const struct lr_wg_peer *peer)
{
	const struct lr_node_peer *own = peer->owner;
	return own ? own->reach : NULL;
}

/* pump.c */
/* How much to take in this wake-up, of at most `most`; *last: when the one before was. */
int lr_pump_take_most(struct lr_pump *p, uint64_t *last, int most);
struct lr_udp *lr_pump_socket(struct lr_pump *p, uint16_t number); /* 0: the tunnel's own */
/* Sealed messages of `segment` bytes but the last, on a path or to the peer's endpoint. 0, -errno.
 */
int lr_pump_on_path(
	struct lr_pump *p, struct lr_path *path, const uint8_t *msg, size_t len, size_t segment);
int lr_pump_to_peer(
	struct lr_pump *p, struct lr_wg_peer *peer, const uint8_t *msg, size_t len, size_t segment);
/* The same messages over a second path. 0 or -errno. */
int lr_pump_copy(
	struct lr_pump *p, struct lr_reach *reach, struct lr_path *second, const struct lr_copy *c);
/* The path took less than it was thought to: those messages cut again. How many were lost. */
unsigned lr_pump_refit(struct lr_pump *p, struct lr_wg_peer *peer, const uint8_t *msgs, size_t len,
	size_t segment, size_t head);

/* pump_device.c */
void lr_pump_device_ready(struct lr_source *src, uint32_t events);

/* pump_out.c */
/* A frame as it came from the device, to whom it is for. */
void lr_pump_frame(struct lr_pump *p, struct lr_vnet *h, uint8_t *frame, size_t len);
/* What the lan said of a frame, done, but for what it also goes to. */
void lr_pump_by_verdict(
	struct lr_pump *p, struct lr_vnet *h, const uint8_t *frame, const struct lr_lan_verdict *v);
/* The peer that has the packet's destination. */
struct lr_wg_peer *lr_pump_route(const struct lr_node *node, const uint8_t *packet);
/* What a packet to the peer asks for. */
struct lr_service lr_pump_service(
	struct lr_node *node, const struct lr_wg_peer *peer, const uint8_t *packet, size_t len);
/* What was begun to be cut, to that peer. How many packets it became. */
unsigned lr_pump_send_cut(struct lr_pump *p, struct lr_wg_peer *peer);
void lr_pump_flush(struct lr_pump *p); /* the train leaves */

/* pump_fan.c */
/* The packet, or frame, of the verdict to each member that it means; it was the device's. */
void lr_pump_fan_out(struct lr_pump *p, const struct lr_vnet *h, const struct lr_lan_verdict *v);
/* A packet that came from a member, to those that we are the hub for. */
void lr_pump_fan_on(struct lr_pump *p, const struct lr_lan_verdict *v);
void lr_pump_fan_frame(struct lr_pump *p, const struct lr_vnet *h, const struct lr_lan_verdict *v);

/* pump_bridge.c */
void lr_pump_segment(struct lr_pump *p, const struct lr_vnet *h, const uint8_t *frame, size_t len);
/* A frame that came as it is, to LR_LAN_DEVICE, LR_LAN_SEGMENT. */
void lr_pump_whole(struct lr_pump *p, const uint8_t *frame, size_t len, unsigned to);
/* The party hears of machines of the house that are new. */
void lr_pump_machines(struct lr_pump *p);
void lr_pump_bridge_close(struct lr_pump *p);

/* pump_discover.c */
/* A packet that is to be delivered. Whether it was a question of lr-peer discover, or an answer for
 * somebody else; then it is not. */
bool lr_pump_discovered(struct lr_pump *p, const uint8_t *packet, size_t len);
bool lr_pump_discovered_frame(struct lr_pump *p, const uint8_t *frame, size_t len);

/* pump_in.c */
void lr_pump_udp_ready(struct lr_source *src, uint32_t events);
void lr_pump_write(struct lr_pump *p, const uint8_t *frame, size_t len); /* to the device */
void lr_pump_more_ready(struct lr_source *src, uint32_t events); /* a socket beside the tunnel's */

#endif
