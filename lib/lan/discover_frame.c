/*
 * discover_frame.c - questions and answers of the self-test as IPX
 *
 * Source: RFC 1132, RFC 1634 (IPX header), Novell's for the rest.
 */
#include "lib/lan/discover.h"

#include <string.h>

#include "lib/base/bytes.h"

enum { MACS = 12, TYPE = 0x8137, HEAD = 30, PAYLOAD = 14 + HEAD };
enum { AT_LEN = 2, AT_TO = 10, AT_TO_SOCKET = 16, AT_FROM = 22, AT_FROM_SOCKET = 28 };

void lr_discover_put_frame(uint8_t *frame, const struct lr_discover_ipx *x)
{
	uint8_t *ipx = frame + 14;

	memcpy(frame, x->to, 6);
	memcpy(frame + 6, x->from, 6);
	lr_put_be16(frame + MACS, TYPE);
	memset(ipx, 0, HEAD);
	lr_put_be16(ipx, 0xffff); /* no checksum */
	lr_put_be16(ipx + AT_LEN, HEAD + LR_DISCOVER_LEN6);
	memcpy(ipx + AT_TO, x->to, 6);
	lr_put_be16(ipx + AT_TO_SOCKET, x->socket);
	memcpy(ipx + AT_FROM, x->from, 6);
	lr_put_be16(ipx + AT_FROM_SOCKET, x->socket);
	lr_discover_put(frame + PAYLOAD, LR_DISCOVER_LEN6, x->what, x->member, x->number);
	lr_discover_put_from(frame + PAYLOAD, x->asker);
}

bool lr_discover_read_frame(const uint8_t *frame, size_t len, struct lr_discover_ipx *x)
{
	const uint8_t *payload = frame + PAYLOAD;

	if (len < LR_DISCOVER_FRAME || lr_get_be16(frame + MACS) != TYPE ||
		!lr_discover_read(payload, LR_DISCOVER_LEN6, &x->what, &x->number))
		return false;
	memcpy(x->to, frame, 6);
	memcpy(x->from, frame + 6, 6);
	x->socket = lr_get_be16(frame + 14 + AT_TO_SOCKET);
	memcpy(x->member, payload + 16, 4);
	memcpy(x->asker, payload + 28, 4);
	return true;
}
