/*
 * server.h - a relay that runs: directory over HTTP, STUN, packets over UDP and TCP, state files
 *
 * Theory of operation. One loop owns everything but the disk: a second thread writes state files
 * (saver.h), so that no packet waits for an fsync; who asked for a change is answered when it is on
 * the disk. Changes of one wake-up are gathered: each party that changed is written once, its long
 * polls are answered, and its bound members get a signal frame.
 */
#ifndef LR_SERVER_SERVER_H
#define LR_SERVER_SERVER_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/net/addr.h"
#include "lib/party/directory.h"
#include "lib/relay/admission.h"

#define LR_SERVER_LISTEN_MAX 16
#define LR_SERVER_PORT       3478 /* RFC 8489 section 18.6 */
/* Below the ports that systems give to whoever asks for any (32768, RFC 6056 3.2). */
#define LR_SERVER_GUEST_FIRST 28000
#define LR_SERVER_GUEST_LAST  28999

struct lr_server_options {
	/* Where to listen, TCP and UDP. An address of family 0 is both wildcards. */
	struct lr_endpoint listen[LR_SERVER_LISTEN_MAX];
	unsigned n_listen;
	uint16_t second_port;   /* UDP only, for STUN; 0: none */
	struct lr_ip alternate; /* a second address of this machine, for STUN; family 0: none */
	const char *state;      /* folder; made when missing */
	const char *cert, *key; /* PEM text; NULL: HTTP only */
	const char *token;      /* NULL: whoever asks may found a party */
	const char *region;     /* shown in /v1/relay; NULL */
	const uint8_t *only;    /* the one party that is served; NULL: any */
	uint16_t guest_first, guest_last; /* UDP ports that are lent for guests; 0: none */
	struct lr_directory_limits directory;
	struct lr_admission_limits admission;
	size_t channels;
	unsigned connections, connections_network;
};
void lr_server_defaults(struct lr_server_options *o);
/* "[ADDR]:PORT", ":PORT", "ADDR:PORT" or "PORT"; port 0 is any. 0, or -1 with `err`. */
int lr_server_listen_parse(const char *text, struct lr_endpoint *out, struct lr_err *err);

struct lr_server;
/* Listens when it returns. NULL with `err`. lr_crypto_init() came before. */
struct lr_server *lr_server_new(const struct lr_server_options *o, struct lr_err *err);
/* Until SIGTERM or SIGINT. 0 or -errno. */
int lr_server_run(struct lr_server *s);
void lr_server_free(struct lr_server *s);
/* What `lr-relay --json` and GET /v1/relay print. New reference. */
json_t *lr_server_json(const struct lr_server *s);
/* GET /metrics; malloc'd, NULL: out of memory. */
char *lr_server_metrics(const struct lr_server *s);
/* The endpoints that are listened on, one after the other; false behind the last. */
bool lr_server_listens(const struct lr_server *s, unsigned i, struct lr_endpoint *out);

#endif
