/*
 * pcp.h - PCP MAP: asking a router for a port, the messages
 *
 *    | 2 |R|op 1 | reserved (request) or result code | lifetime in s (4) |
 *    | request: our address (16) | answer: epoch time (4), zero (12)     |
 *    | mapping nonce (12) | protocol | 0 0 0 | internal port | external port |
 *    | external address (16) |
 *
 * 60 bytes, to port 5351 of the router; IPv4 addresses are IPv4-mapped. Renewing and deleting
 * (lifetime 0) need the nonce of the first request. A router that already gave the port to
 * another answers with a different port and success: the answer is what counts.
 * Source: RFC 6887, sections 7, 11.
 */
#ifndef LR_NAT_PCP_H
#define LR_NAT_PCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/addr.h"

#define LR_PCP_PORT      5351
#define LR_PCP_MAP_LEN   60
#define LR_PCP_NONCE_LEN 12

struct lr_pcp_map {
	uint8_t nonce[LR_PCP_NONCE_LEN];
	uint8_t protocol;                      /* 17 UDP, 6 TCP */
	uint16_t internal_port, external_port; /* external: wished for, or given */
	struct lr_ip internal;                 /* request: our own address */
	struct lr_ip external; /* wished for (family 0: any of internal's family), or given */
	uint32_t lifetime_s;   /* wished for, or given; for an error: do not ask again before */
	/* Answers only. */
	uint8_t result; /* 0 success; lr_pcp_result_name() */
	uint32_t epoch_s;
};

void lr_pcp_request(uint8_t out[LR_PCP_MAP_LEN], const struct lr_pcp_map *map);
/* 0; -EBADMSG when it is not an answer to a MAP; -EPROTONOSUPPORT when the router speaks NAT-PMP
 * only (version 0). The caller compares the nonce. Options behind the answer are skipped. */
int lr_pcp_parse(const uint8_t *p, size_t len, struct lr_pcp_map *out);
/* "success", "not authorized", "no resources", ... */
const char *lr_pcp_result_name(unsigned result);
/* Whether the router has forgotten its mappings (rebooted) between two answers (RFC 6887, 8.5).
 * Times in s: its epochs, and our clock when they came. */
bool lr_pcp_rebooted(uint32_t previous_epoch, uint32_t epoch, uint64_t previous_now, uint64_t now);
/* How long to wait before try number `n` (0: the first repetition), in ms: 3 s doubled up to 1,024
 * s (RFC 6887, 8.1.1), spread by `random` in 0..255 over +-10 %. */
uint32_t lr_pcp_again_ms(unsigned n, uint8_t random);
/* When to renew after an answer: between half and five eighths of the lifetime, in s, at least 4.
 */
uint32_t lr_pcp_renew_s(uint32_t lifetime_s, uint8_t random);

#endif
