/*
 * udp.h - the tunnel's UDP sockets: one IPv4, one IPv6, same port; trains in and out
 *
 * A train is a run of datagrams to or from one endpoint, all of one length but the last:
 * UDP_SEGMENT sends up to 64 of them with one call, UDP_GRO receives them so (Linux 4.18, 5.0).
 * Where the kernel or the device refuses, the same calls send one by one. Environment:
 * LR_NO_UDP_GSO, LR_NO_UDP_GRO.
 */
#ifndef LR_IO_UDP_H
#define LR_IO_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/addr.h"

#define LR_TRAIN_BYTES 65507 /* UDP over IPv4: 65535 - 20 - 8; IPv6 allows 20 more */
#define LR_TRAIN_COUNT 64    /* UDP_MAX_SEGMENTS before Linux 6.9 */

struct lr_udp {
	int fd4, fd6; /* -1: that family is not there */
	uint16_t port;
	bool gso, gro; /* granted */
	uint8_t tos;   /* of what is sent from now on: DSCP and ECN bits */
	bool whole;    /* no router may fragment what is sent: see lr_udp_whole() */
};

/* Binds both families to `port`, 0: any. 0 or -1 with `err` ("port 51820 is in use ..."). */
int lr_udp_open(struct lr_udp *u, uint16_t port, uint32_t fwmark, struct lr_err *err);
/* One more socket like them, of one family (AF_INET, AF_INET6), on a fresh port. 0 or -errno. */
int lr_udp_open_more(struct lr_udp *u, int family, uint32_t fwmark);
void lr_udp_close(struct lr_udp *u);
int lr_udp_set_mark(struct lr_udp *u, uint32_t fwmark); /* 0 or -errno */

/* Receives one train from `fd` into `buf`. Bytes, or -errno (-EAGAIN: none, -EMSGSIZE: it was
 * cut). *segment: length of each datagram (the last may be shorter). `src` gets the local
 * address too. */
long lr_udp_recv(int fd, uint8_t *buf, size_t room, size_t *segment, struct lr_endpoint *src);

/* Sends `len` bytes as datagrams of `segment` bytes. The sticky source in `to` is used; if the
 * system says that it is no more, it is forgotten and the kernel chooses. 0, or -errno when
 * (some of) it was not sent; -EMSGSIZE (lr_udp_whole() only): nothing was. */
int lr_udp_send(
	struct lr_udp *u, struct lr_endpoint *to, const uint8_t *buf, size_t len, size_t segment);

/* Whether datagrams from now on have DF set, so that no router fragments them, and are refused with
 * -EMSGSIZE when longer than the MTU of the interface that they leave by, whatever ICMP said
 * (IP_PMTUDISC_PROBE). Off at first: then whoever must fragments. A system call or two when it is
 * another than before, else nothing. */
void lr_udp_set_whole(struct lr_udp *u, bool whole);
static inline void lr_udp_whole(struct lr_udp *u, bool whole)
{
	if (u->whole != whole)
		lr_udp_set_whole(u, whole);
}

#endif
