/*
 * pcp.c - PCP MAP messages
 */
#include "lib/nat/pcp.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"

#define VERSION 2
#define OP_MAP  1
#define ANSWER  0x80
#define LEN_MAX 1100 /* RFC 6887, section 7 */

static void put_ip(uint8_t out[16], const struct lr_ip *ip, uint8_t family)
{
	memset(out, 0, 16);
	if (ip->family == 6) {
		memcpy(out, ip->b, 16);
	} else if (family == 4) { /* also for none: IPv4-mapped zero asks for any IPv4 address */
		out[10] = out[11] = 0xff;
		memcpy(out + 12, ip->b, 4);
	}
}

static struct lr_ip get_ip(const uint8_t in[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct lr_ip ip = {.family = 6};

	if (memcmp(in, mapped, 12) == 0) {
		ip.family = 4;
		memcpy(ip.b, in + 12, 4);
	} else {
		memcpy(ip.b, in, 16);
	}
	return ip;
}

void lr_pcp_request(uint8_t out[LR_PCP_MAP_LEN], const struct lr_pcp_map *map)
{
	memset(out, 0, LR_PCP_MAP_LEN);
	out[0] = VERSION;
	out[1] = OP_MAP;
	lr_put_be32(out + 4, map->lifetime_s);
	put_ip(out + 8, &map->internal, map->internal.family);
	memcpy(out + 24, map->nonce, LR_PCP_NONCE_LEN);
	out[36] = map->protocol;
	lr_put_be16(out + 40, map->internal_port);
	lr_put_be16(out + 42, map->external_port);
	put_ip(out + 44, &map->external, map->internal.family);
}

int lr_pcp_parse(const uint8_t *p, size_t len, struct lr_pcp_map *out)
{
	if (len >= 2 && p[0] == 0 && p[1] & ANSWER)
		return -EPROTONOSUPPORT;
	if (len < LR_PCP_MAP_LEN || len > LEN_MAX || len % 4 || p[0] != VERSION ||
		p[1] != (ANSWER | OP_MAP))
		return -EBADMSG;
	*out = (struct lr_pcp_map){
		.result = p[3],
		.lifetime_s = lr_get_be32(p + 4),
		.epoch_s = lr_get_be32(p + 8),
		.protocol = p[36],
		.internal_port = lr_get_be16(p + 40),
		.external_port = lr_get_be16(p + 42),
		.external = get_ip(p + 44),
	};
	memcpy(out->nonce, p + 24, LR_PCP_NONCE_LEN);
	return 0;
}

const char *lr_pcp_result_name(unsigned result)
{
	static const char *const names[] = {"success", "version not supported", "not authorized",
		"malformed request", "operation not supported", "option not supported",
		"malformed option", "network failure", "no resources", "protocol not supported",
		"quota exceeded", "external address not available", "address mismatch",
		"too many remote peers"};

	return result < sizeof(names) / sizeof(names[0]) ? names[result] : "unknown result";
}

bool lr_pcp_rebooted(uint32_t previous_epoch, uint32_t epoch, uint64_t previous_now, uint64_t now)
{
	uint64_t client = now - previous_now;

	if (epoch < previous_epoch)
		return previous_epoch - epoch > 1;
	uint64_t server = epoch - previous_epoch;
	return client + 2 < server - server / 16 || server + 2 < client - client / 16;
}

uint32_t lr_pcp_again_ms(unsigned n, uint8_t random)
{
	uint32_t base = n < 9 ? 3000u << n : 1024000u;

	if (base > 1024000u)
		base = 1024000u;
	return base - base / 10 + (uint32_t)((uint64_t)(base / 5) * random / 255);
}

uint32_t lr_pcp_renew_s(uint32_t lifetime_s, uint8_t random)
{
	uint32_t at = lifetime_s / 2 + (uint32_t)((uint64_t)(lifetime_s / 8) * random / 255);

	return at < 4 ? 4 : at;
}
