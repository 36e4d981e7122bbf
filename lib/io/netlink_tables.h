/*
 * netlink_tables.h - has nftables any rules in this network namespace?
 */
#ifndef LR_IO_NETLINK_TABLES_H
#define LR_IO_NETLINK_TABLES_H

/* How many tables nftables has, those of iptables-nft included; 0 also in a kernel without it;
 * -errno: -EPERM without CAP_NET_ADMIN. */
int lr_netlink_tables(void);

#endif
