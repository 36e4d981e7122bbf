/*
 * netlink_watch.h - hearing that addresses, links or routes of this machine changed; rtnetlink(7)
 */
#ifndef LR_IO_NETLINK_WATCH_H
#define LR_IO_NETLINK_WATCH_H

/* A non-blocking descriptor that becomes readable when one did; or -errno. */
int lr_netlink_watch(void);
/* Takes what it has to say, which does not matter: look at the addresses again. */
void lr_netlink_watch_drain(int fd);

#endif
