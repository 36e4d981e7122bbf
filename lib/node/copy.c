/*
 * copy.c - see copy.h
 */
#include "lib/node/copy.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/node/party_wire.h"
#include "lib/relay/frame.h"
#include "lib/wg/messages.h"
#include "terms.h"

/* --- out --- */

bool lr_copy_wanted(
	const struct lr_node *node, struct lr_reach *reach, const uint8_t *packet, size_t len)
{
	return node->redundant == LR_REDUNDANT_ALL ||
	       lr_redundant_game(&reach->game, node->loop.now, packet, len);
}

/* Handshakes, since all hangs on them, and what waited for one. */
bool lr_copy_wanted_own(const struct lr_node *node, size_t len)
{
	const size_t small = LR_WG_OVERHEAD + 48 + LR_REDUNDANT_BYTES + LR_WG_PAD;

	return node->redundant == LR_REDUNDANT_ALL ||
	       (node->redundant == LR_REDUNDANT_GAME && len <= small);
}

bool lr_copy_fits(const struct lr_copy *c, const struct lr_path *second)
{
	return c->segment - c->head <= lr_pmtu_datagram(&second->pmtu);
}

size_t lr_copy_next(const struct lr_copy *c, size_t *at, const struct lr_path *second, uint8_t *out,
	size_t *segment)
{
	size_t head = second->route.channel ? LR_FRAME_HEADER : 0, used = 0;

	*segment = c->segment - c->head + head;
	for (unsigned n = 0; *at < c->len && n < LR_TRAIN_COUNT && used + *segment <= LR_COPY_ROOM;
		n++) {
		size_t left = c->len - *at, len = left < c->segment ? left : c->segment;
		if (head)
			lr_frame_header(out + used, 0, second->route.channel);
		memcpy(out + used + head, c->buf + *at + c->head, len - c->head);
		used += len - c->head + head;
		*at += len;
	}
	return used;
}

void lr_copy_sent(struct lr_node *node, struct lr_reach *reach, struct lr_path *second,
	const struct lr_copy *c, int error)
{
	if (error == 0)
		lr_reach_copied(reach, node->loop.now, second, c->count);
	else
		lr_party_sent(node->party, reach, second, error,
			c->segment - c->head + (second->route.channel ? LR_FRAME_HEADER : 0));
}

/* --- in --- */

void lr_copy_came(struct lr_node *node, struct lr_reach *reach, const struct lr_endpoint *src,
	uint16_t socket, const uint8_t *msg, size_t len, bool again)
{
	const struct lr_msg_data *m = (const struct lr_msg_data *)msg;
	struct lr_route route = {.to = *src, .channel = src->channel, .socket = socket};

	route.to.channel = 0;
	if (len < LR_MSG_DATA_MIN || lr_get_le32(msg) != LR_MSG_DATA)
		return;
	lr_reach_came(reach, node->loop.now, &route, lr_get_le32(m->receiver),
		lr_get_le64(m->counter), again);
}

/* --- shown --- */

json_t *lr_copy_json(const struct lr_reach *reach, uint64_t now)
{
	static const struct lr_copies none;
	const struct lr_copies *c = &none;
	json_t *o = json_object();

	if (reach->copies) {
		lr_copies_settle(reach->copies, now);
		c = reach->copies;
	}
	lr_json_put_int(o, LR_K_COPIES_SENT, (int64_t)reach->copies_sent);
	lr_json_put_int(o, LR_K_COPIES_RECEIVED, (int64_t)c->again);
	lr_json_put_int(o, LR_K_SECOND_FIRST, (int64_t)c->second_first);
	lr_json_put_int(o, LR_K_SECOND_ONLY, (int64_t)c->second_only);
	return o;
}
