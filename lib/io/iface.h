/*
 * iface.h - what kind of thing a network interface is
 */
#ifndef LR_IO_IFACE_H
#define LR_IO_IFACE_H

#include <stdbool.h>

/* Whether another program's packets, not a cable's, come out of it: TUN, TAP and WireGuard
 * interfaces, of ours and of others. By the name of its driver (SIOCETHTOOL), which needs no
 * rights. */
bool lr_iface_tunnel(const char *name);
/* net.ipvFAMILY.conf.NAME.WHAT = value (ip-sysctl). 0: it stands there, or -errno: not every
 * container may. */
int lr_iface_set(const char *name, int family, const char *what, int value);

#endif
