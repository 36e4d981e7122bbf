/*
 * link.c - link headers: Ethernet and what nests in it, cooked, null, PPP, raw
 *
 * Source: IEEE 802.3, 802.1Q, RFC 1042 (SNAP), RFC 2516 (PPPoE), RFC 1661/1662 (PPP), and
 * tcpdump.org/linktypes for the cooked and null headers.
 */
#include "lib/net/link.h"

#include "lib/base/bytes.h"

enum ether_type {
	ETHER_IPV4 = 0x0800,
	ETHER_VLAN = 0x8100,
	ETHER_IPV6 = 0x86dd,
	ETHER_PPPOE = 0x8864,
	ETHER_QINQ = 0x88a8,
	ETHER_QINQ_OLD = 0x9100,
	ETHER_QINQ_OLD2 = 0x9200,
};

#define ETHER_LENGTH_MAX 1500 /* a type field up to this is a length: 802.3 */
#define PPP_IPV4         0x0021
#define PPP_IPV6         0x0057

static bool is_tag(uint16_t type)
{
	return type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD ||
	       type == ETHER_QINQ_OLD2;
}

static enum lr_link_found found(uint8_t *family, uint8_t version)
{
	*family = version;
	return LR_LINK_IP;
}

static enum lr_link_found by_ppp(struct lr_cursor *c, uint8_t *family)
{
	const uint8_t *p = lr_take(c, 2);

	if (p && p[0] == 0xff && p[1] == 0x03) /* address and control, RFC 1662 */
		p = lr_take(c, 2);
	if (!p)
		return LR_LINK_SHORT;
	switch (lr_get_be16(p)) {
	case PPP_IPV4:
		return found(family, 4);
	case PPP_IPV6:
		return found(family, 6);
	default:
		return LR_LINK_NOT_IP;
	}
}

/* PPPoE session header: version, code, session, length; then the PPP protocol. */
static enum lr_link_found by_pppoe(struct lr_cursor *c, uint8_t *family)
{
	return lr_take(c, 6) ? by_ppp(c, family) : LR_LINK_SHORT;
}

/* Behind an 802.3 length: LLC AA AA 03, organisation 00 00 00, and an Ethernet type. */
static enum lr_link_found by_snap(struct lr_cursor *c, uint16_t *type)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
	const uint8_t *p = lr_take(c, 8);

	if (!p)
		return c->left >= 2 && memcmp(c->at, snap, 2) != 0 ? LR_LINK_NOT_IP : LR_LINK_SHORT;
	if (memcmp(p, snap, sizeof(snap)) != 0)
		return LR_LINK_NOT_IP;
	*type = lr_get_be16(p + 6);
	return LR_LINK_IP;
}

/* From an Ethernet type on, through any number of tags. */
static enum lr_link_found by_type(struct lr_cursor *c, uint16_t type, uint8_t *family)
{
	while (is_tag(type)) {
		const uint8_t *tag = lr_take(c, 4);
		if (!tag)
			return LR_LINK_SHORT;
		type = lr_get_be16(tag + 2);
	}
	if (type <= ETHER_LENGTH_MAX) {
		enum lr_link_found r = by_snap(c, &type);
		if (r != LR_LINK_IP)
			return r;
	}
	switch (type) {
	case ETHER_IPV4:
		return found(family, 4);
	case ETHER_IPV6:
		return found(family, 6);
	case ETHER_PPPOE:
		return by_pppoe(c, family);
	default:
		return LR_LINK_NOT_IP;
	}
}

/* A header of `skip` bytes that has an Ethernet type at `type_at`. */
static enum lr_link_found by_header(
	struct lr_cursor *c, size_t skip, size_t type_at, uint8_t *family)
{
	const uint8_t *head = lr_take(c, skip);
	return head ? by_type(c, lr_get_be16(head + type_at), family) : LR_LINK_SHORT;
}

/* Address families differ by system for IPv6: 10 Linux, 23 Windows, 24, 28 and 30 the BSDs. */
static enum lr_link_found by_address_family(struct lr_cursor *c, bool either_order, uint8_t *family)
{
	const uint8_t *p = lr_take(c, 4);
	if (!p)
		return LR_LINK_SHORT;
	uint32_t af = lr_get_be32(p);
	if (either_order && af > 0xffff)
		af = lr_get_le32(p);
	switch (af) {
	case 2:
		return found(family, 4);
	case 10:
	case 23:
	case 24:
	case 28:
	case 30:
		return found(family, 6);
	default:
		return LR_LINK_NOT_IP;
	}
}

static enum lr_link_found by_version(struct lr_cursor *c, uint8_t *family)
{
	if (c->left == 0)
		return LR_LINK_SHORT;
	uint8_t version = c->at[0] >> 4;
	return version == 4 || version == 6 ? found(family, version) : LR_LINK_NOT_IP;
}

static enum lr_link_found find_ip(uint32_t link, struct lr_cursor *c, uint8_t *family)
{
	switch (link) {
	case LR_LINK_ETHERNET:
		return by_header(c, 14, 12, family);
	case LR_LINK_RAW:
	case LR_LINK_RAW_DLT:
	case LR_LINK_RAW_BSD:
		return by_version(c, family);
	case LR_LINK_IPV4:
		return found(family, 4);
	case LR_LINK_IPV6:
		return found(family, 6);
	case LR_LINK_COOKED:
		return by_header(c, 16, 14, family);
	case LR_LINK_COOKED2:
		return by_header(c, 20, 0, family);
	case LR_LINK_NULL:
		return by_address_family(c, true, family);
	case LR_LINK_LOOP:
		return by_address_family(c, false, family);
	case LR_LINK_PPP:
		return by_ppp(c, family);
	default:
		return LR_LINK_NOT_IP;
	}
}

enum lr_link_found lr_link_find_ip(
	uint32_t link, const uint8_t *frame, size_t len, size_t *at, uint8_t *family)
{
	struct lr_cursor c = lr_cursor(frame, len);
	enum lr_link_found r = find_ip(link, &c, family);

	*at = len - c.left;
	return r;
}
