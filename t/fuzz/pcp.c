/*
 * pcp.c - fuzzer: a router's answers to PCP MAP
 *
 * Whatever an answer says, it is printable, and what follows from it (when to renew, to ask again,
 * whether the router forgot us) stays in bounds. The last 16 bytes give the times.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/nat/pcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* What was read goes out again as a request, and comes back as an answer would. */
static void round_trip(const struct lr_pcp_map *map)
{
	uint8_t bytes[LR_PCP_MAP_LEN];
	struct lr_pcp_map asked = *map, back;

	asked.internal = map->external;
	lr_pcp_request(bytes, &asked);
	must(lr_pcp_parse(bytes, sizeof(bytes), &back) == -EBADMSG);
	bytes[1] |= 0x80;
	must(lr_pcp_parse(bytes, sizeof(bytes), &back) == 0);
	must(memcmp(back.nonce, map->nonce, sizeof(map->nonce)) == 0 &&
		back.protocol == map->protocol && back.internal_port == map->internal_port &&
		back.external_port == map->external_port && back.lifetime_s == map->lifetime_s &&
		lr_ip_equal(&back.external, &map->external));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lr_pcp_map map;
	char text[LR_ADDR_TEXT];

	if (size < 16)
		return 0;
	size -= 16;
	const uint8_t *more = data + size;
	if (lr_pcp_parse(data, size, &map) < 0)
		return 0;
	must(map.external.family == 4 || map.external.family == 6);
	must(strlen(lr_ip_text(&map.external, text)) > 0);
	must(strlen(lr_pcp_result_name(map.result)) > 0);
	round_trip(&map);
	uint32_t renew = lr_pcp_renew_s(map.lifetime_s, more[0]);
	must(renew >= 4 && (renew == 4 || renew < map.lifetime_s));
	uint32_t again = lr_pcp_again_ms(more[1], more[2]);
	must(again >= 2700 && again <= 1126400);
	uint64_t then = lr_get_be32(more + 4), now = then + lr_get_be32(more + 8);
	uint32_t previous = lr_get_be32(more + 12);
	bool rebooted = lr_pcp_rebooted(previous, map.epoch_s, then, now);
	must(!rebooted || map.epoch_s != previous || now - then > 2);
	return 0;
}
