/*
 * tun.h - a TUN or TAP device with offloads
 *
 * Opened with IFF_VNET_HDR: every read and write carries a struct lr_vnet before the frame, and
 * frames may be TSO or USO up to 64 KiB, as far as the kernel grants it (USO since Linux 6.2).
 * Environment, for tests and for kernels that misbehave: LR_NO_USO, LR_NO_TSO (set and not
 * empty) leave an offload out; it then only costs speed.
 */
#ifndef LR_IO_TUN_H
#define LR_IO_TUN_H

#include <net/if.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "lib/base/err.h"
#include "lib/io/vnet.h"

#define LR_ETH_HEAD 14

struct lr_tun {
	int fd; /* non-blocking */
	char name[IFNAMSIZ];
	bool tap;
	bool tso, uso; /* granted */
};

/* Makes the device, down and without an address. -1 with `err`: LR_EXIT_RIGHTS when rights or
 * /dev/net/tun are missing, LR_EXIT_FAILED when the name is taken or no interface name. */
int lr_tun_open(struct lr_tun *t, const char *name, bool tap, struct lr_err *err);
/* Whether every frame that is read is one packet; what may be written is not touched. */
void lr_tun_single(struct lr_tun *t, bool single);
/* TAP, while it is down: its address. 0 or -errno. */
int lr_tun_set_mac(struct lr_tun *t, const uint8_t mac[6]);
void lr_tun_close(struct lr_tun *t); /* the interface is gone with it */

/* One frame: header into *h, the rest into `buf`. Bytes in buf, or -errno (-EAGAIN: none). */
ssize_t lr_tun_read(struct lr_tun *t, struct lr_vnet *h, void *buf, size_t room);
/* One frame; iov[0] is overwritten with the header (and the caller's Ethernet header belongs
 * into iov[1] for a TAP). 0 or -errno. */
int lr_tun_write(struct lr_tun *t, const struct lr_vnet *h, struct iovec *iov, int n);

#endif
