/*
 * tun.c - see tun.h; Linux Documentation/networking/tuntap, <linux/if_tun.h>
 */
#include "lib/io/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/io/env.h"

/* Newer than Debian 12's header (Linux 6.2). */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static int open_error(const char *name, struct lr_err *err)
{
	switch (errno) {
	case EBUSY:
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: an interface of that name is in use (choose another with --iface)",
			name);
	case EPERM:
		return lr_err_set(err, LR_EXIT_RIGHTS,
			"%s: may not make an interface: run as root or with CAP_NET_ADMIN", name);
	case EINVAL:
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: an interface of that name exists and is no tunnel (choose another "
			"with "
			"--iface)",
			name);
	default:
		return lr_err_set(err, LR_EXIT_FAILED, "%s: TUNSETIFF: %s", name, strerror(errno));
	}
}

/* What TUNSETOFFLOAD is asked for. Checksum offload must stand before TSO. */
static unsigned offloads(bool uso)
{
	return TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN |
	       (uso ? TUN_F_USO4 | TUN_F_USO6 : 0);
}

/* As much as the kernel grants. */
static void offload(struct lr_tun *t)
{
	if (lr_env_set("LR_NO_TSO"))
		return;
	if (!lr_env_set("LR_NO_USO") && ioctl(t->fd, TUNSETOFFLOAD, offloads(true)) == 0)
		t->tso = t->uso = true;
	else if (ioctl(t->fd, TUNSETOFFLOAD, offloads(false)) == 0)
		t->tso = true;
}

void lr_tun_single(struct lr_tun *t, bool single)
{
	if (t->tso)
		ioctl(t->fd, TUNSETOFFLOAD, single ? TUN_F_CSUM : offloads(t->uso));
}

int lr_tun_open(struct lr_tun *t, const char *name, bool tap, struct lr_err *err)
{
	*t = (struct lr_tun){.tap = tap};
	t->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (t->fd < 0)
		return lr_err_set(err, LR_EXIT_RIGHTS,
			"/dev/net/tun: %s (load the tun module, or run as root)", strerror(errno));
	struct ifreq ifr = {
		.ifr_flags = (short)((tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_VNET_HDR)};
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0) {
		open_error(name, err);
		lr_tun_close(t);
		return -1;
	}
	memcpy(t->name, ifr.ifr_name, IFNAMSIZ);
	offload(t);
	return 0;
}

int lr_tun_set_mac(struct lr_tun *t, const uint8_t mac[6])
{
	struct ifreq ifr = {.ifr_hwaddr = {.sa_family = ARPHRD_ETHER}};
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	return ioctl(t->fd, SIOCSIFHWADDR, &ifr) < 0 ? -errno : 0;
}

void lr_tun_close(struct lr_tun *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

ssize_t lr_tun_read(struct lr_tun *t, struct lr_vnet *h, void *buf, size_t room)
{
	struct iovec iov[2] = {{h, sizeof(*h)}, {buf, room}};
	ssize_t n = readv(t->fd, iov, 2);
	if (n < 0)
		return -errno;
	return n < LR_VNET_LEN ? 0 : n - LR_VNET_LEN;
}

int lr_tun_write(struct lr_tun *t, const struct lr_vnet *h, struct iovec *iov, int n)
{
	iov[0] = (struct iovec){(void *)(uintptr_t)h, sizeof(*h)};
	return writev(t->fd, iov, n) < 0 ? -errno : 0;
}
