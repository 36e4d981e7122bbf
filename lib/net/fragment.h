/*
 * fragment.h - a packet that is too long for a path, cut as the host that sent it would
 *
 * Theory of operation. lr_fragment_begin() looks at the packet, lr_fragment_next() writes one
 * fragment after the other, each a packet of its own; the receiver's kernel puts them together. The
 * tunnel is a link that takes more than it carries, and its node the one that cuts, so DF is no
 * obstacle: it speaks to routers. A packet with DF has no identification that can be relied on
 * (RFC 6864 4.1), so it is given one; one without keeps its own. IPv6 gets a fragment header behind
 * what every node on the way must see. What is a fragment already is cut into smaller ones of the
 * same packet.
 *
 * Source: RFC 791 3.2, RFC 8200 4.5, RFC 6864, RFC 7112.
 */
#ifndef LR_NET_FRAGMENT_H
#define LR_NET_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LR_FRAGMENT_HEADER 8 /* of IPv6 */

struct lr_fragment {
	const uint8_t *packet;
	size_t len;     /* of the packet */
	size_t head;    /* bytes of header that are repeated (IPv4: in the first fragment) */
	size_t at;      /* next byte of data */
	size_t data_at; /* the first */
	size_t limit;
	size_t base; /* what data_at is in the whole datagram, when this is a fragment of one */
	bool more;   /* and not its last */
	bool v6;
	size_t next_at; /* IPv6: where in the head the type of what follows is */
	uint8_t next;   /* and what follows */
	uint32_t id;
	uint8_t later[60]; /* IPv4: the header of all fragments but the first */
	size_t later_len;
};

/* `packet` (its checksums finished) stays until all fragments are out. `limit`: the longest that
 * may come out. `id`: for a packet that needs one; IPv4 uses the low 16 bits. 0; -EINVAL no
 * well-formed packet; -EMSGSIZE the limit leaves no room behind its headers. */
int lr_fragment_begin(
	struct lr_fragment *f, const uint8_t *packet, size_t len, size_t limit, uint32_t id);
/* Writes the next one to `dst`, which has room for `limit` bytes. Its length; 0: all are out. */
size_t lr_fragment_next(struct lr_fragment *f, uint8_t *dst);

#endif
