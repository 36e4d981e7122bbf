/*
 * link.h - from a captured frame to the IP packet inside it
 *
 * What a link type's header looks like, for every type that carries IP and that captures of
 * LANs are made of. Numbers are LINKTYPE_ and DLT_ values of tcpdump.org's list, both where they
 * differ.
 */
#ifndef LR_NET_LINK_H
#define LR_NET_LINK_H

#include <stddef.h>
#include <stdint.h>

enum lr_link {
	LR_LINK_NULL = 0,     /* 4 bytes address family, in the capturing host's byte order */
	LR_LINK_ETHERNET = 1, /* with 802.1Q and 802.1ad tags, 802.3 SNAP, PPPoE sessions */
	LR_LINK_PPP = 9,      /* with or without address and control */
	LR_LINK_RAW_DLT = 12, /* raw IP, the number that libpcap uses */
	LR_LINK_RAW_BSD = 14, /* the same on OpenBSD */
	LR_LINK_RAW = 101,    /* the same in files */
	LR_LINK_LOOP = 108,   /* as NULL, network byte order */
	LR_LINK_COOKED = 113, /* Linux "any" device, version 1 */
	LR_LINK_IPV4 = 228,
	LR_LINK_IPV6 = 229,
	LR_LINK_COOKED2 = 276, /* version 2 */
};

enum lr_link_found {
	LR_LINK_IP,     /* the frame says that IP follows */
	LR_LINK_NOT_IP, /* it says something else, or the link type is not one of the above */
	LR_LINK_SHORT,  /* it ends before that can be known */
};

/* Looks at the `len` kept bytes of a frame of link type `link`. On LR_LINK_IP, *at is where the
 * packet begins (<= len) and *family is 4 or 6, as the link header says; the packet itself may say
 * something else. No allocation, a few ns. */
enum lr_link_found lr_link_find_ip(
	uint32_t link, const uint8_t *frame, size_t len, size_t *at, uint8_t *family);

#endif
