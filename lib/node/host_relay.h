/*
 * host_relay.h - a relay on this machine, for the party that this node hosts
 *
 * Theory of operation. Who hosts without a relay of anybody's runs lr-relay beside the node: it
 * serves only the one party, and ends with the node, however that ends. Its standard error comes to
 * the node's log, line by line; the end of it is the end of the relay, which is then started again.
 * It may neither configure networks nor touch other processes, also when we are root.
 */
#ifndef LR_NODE_HOST_RELAY_H
#define LR_NODE_HOST_RELAY_H

#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/party/keys.h"

struct lr_host_relay;

/* A port that no other program has, TCP and UDP: LR_PLACE_PORT, else one of the next. 0 with `err`
 * when all are taken. */
uint16_t lr_host_relay_port(struct lr_err *err);
/* Whether a program can listen on it now. */
bool lr_host_relay_can_have(uint16_t port);

/* Starts it and waits until it listens, at most 10 s. NULL with `err`: the program is not there, or
 * what it said. `loop` must outlive it or be released before. */
struct lr_host_relay *lr_host_relay_start(
	struct lr_loop *loop, const uint8_t id[LR_PARTY_ID_LEN], uint16_t port, struct lr_err *err);
/* Ends it and waits for that. NULL is fine. */
void lr_host_relay_stop(struct lr_host_relay *r);

#endif
