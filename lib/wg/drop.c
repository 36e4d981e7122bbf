/*
 * drop.c - the names of what can go wrong with a packet
 */
#include "lib/wg/wg.h"

/* Stable: they are keys of `lr-peer status --json` and labels of its metrics. */
static const char *const names[LR_WG_DROPS] = {
	[LR_WG_DROP_NONE] = "none",
	[LR_WG_DROP_TYPE] = "type",
	[LR_WG_DROP_LENGTH] = "length",
	[LR_WG_DROP_MAC1] = "mac1",
	[LR_WG_DROP_MAC2] = "mac2",
	[LR_WG_DROP_RATE] = "rate",
	[LR_WG_DROP_HANDSHAKE] = "handshake",
	[LR_WG_DROP_UNKNOWN_PEER] = "unknown_peer",
	[LR_WG_DROP_TIMESTAMP] = "timestamp",
	[LR_WG_DROP_FLOOD] = "flood",
	[LR_WG_DROP_UNKNOWN_INDEX] = "unknown_index",
	[LR_WG_DROP_EXPIRED] = "expired",
	[LR_WG_DROP_COUNTER] = "counter",
	[LR_WG_DROP_REPLAY] = "replay",
	[LR_WG_DROP_AUTH] = "auth",
	[LR_WG_DROP_COOKIE] = "cookie",
	[LR_WG_DROP_INNER] = "inner",
	[LR_WG_DROP_ALLOWED_IP] = "allowed_ip",
	[LR_WG_DROP_NO_PEER] = "no_peer",
	[LR_WG_DROP_NO_ENDPOINT] = "no_endpoint",
	[LR_WG_DROP_STAGED_FULL] = "staged_full",
	[LR_WG_DROP_NO_SESSION] = "no_session",
};

const char *lr_wg_drop_name(enum lr_wg_drop drop)
{
	return (unsigned)drop < LR_WG_DROPS ? names[drop] : "unknown";
}
