/*
 * udp_batch.h - UDP for a server: many datagrams, from and to many, with one system call
 *
 * Theory of operation. recvmmsg takes up to LR_BATCH messages, each of them a datagram or, where
 * UDP_GRO joined some of one sender, a train. What is sent is gathered as pointers into the
 * buffers that were received, nothing is copied: datagrams of one length to one destination become
 * one message with UDP_SEGMENT, and sendmmsg sends all messages. So what was received stays where
 * it is until lr_batch_flush(). Where the system refuses a train its datagrams go one by one.
 *
 * Outer packets have DF set and the path's MTU is not guessed from ICMP (IP_PMTUDISC_PROBE).
 * Environment: LR_NO_UDP_GSO, LR_NO_UDP_GRO.
 */
#ifndef LR_IO_UDP_BATCH_H
#define LR_IO_UDP_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/err.h"
#include "lib/net/addr.h"

#define LR_BATCH       64
#define LR_BATCH_TRAIN 64 /* datagrams in one message: UDP_MAX_SEGMENTS before Linux 6.9 */

/* On a socket bound to the wildcard the local address comes with each datagram and is given with
 * each that is sent, so that a machine with several answers from the one that was asked. That costs
 * 5 % of a small packet's time. On a socket bound to one address it is left out, and `from` of what
 * came is of family 0; and so may the owner leave it out for a destination to which the system
 * would send from that address anyway (lr_batch_source_usual()).
 */
/* A socket bound to `at` (family, address or wildcard, port), IPv6 ones for IPv6 only.
 * Non-blocking; sets *gso to whether trains may be sent. A descriptor, or -errno. */
int lr_batch_socket(const struct lr_endpoint *at, bool *gso);

/* Whether the system sends to that address from `to->from` of its own accord, as its routes and
 * addresses are now. Four system calls. */
bool lr_batch_source_usual(const struct lr_endpoint *to);

struct lr_batch_in {
	uint8_t *bytes;
	size_t len, segment;   /* of all, and of each datagram (the last may be shorter) */
	struct lr_endpoint at; /* who sent it, and the local address that it came to (above) */
};
struct lr_batch;
struct lr_batch *lr_batch_new(void); /* NULL: out of memory */
void lr_batch_free(struct lr_batch *b);
/* How many messages came, 0: none, or -errno. They are in lr_batch_at(b, 0..n-1) until the next
 * call. */
int lr_batch_recv(struct lr_batch *b, int fd);
struct lr_batch_in *lr_batch_at(struct lr_batch *b, size_t i);

/* Where in the outgoing batch the last datagram to somebody is: kept by the caller for each
 * destination, so that the next can join it. Zeroed at first. */
struct lr_batch_slot {
	uint32_t batch;
	uint16_t at;
};
/* Adds one datagram. `to` is copied. `slot` may be NULL. Sends by itself what is full. */
void lr_batch_send(struct lr_batch *b, int fd, bool gso, const struct lr_endpoint *to,
	const uint8_t *bytes, size_t len, struct lr_batch_slot *slot);
/* Sends all. How many datagrams the system did not take since the last call. */
size_t lr_batch_flush(struct lr_batch *b);

#endif
