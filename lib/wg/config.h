/*
 * config.h - an interface's configuration as a value, and its text forms
 *
 * One value, three texts: the wg-quick file ([Interface], [Peer]), our JSON object, and what
 * the UAPI sets. `# Name = bob` in a peer section is the peer's nickname.
 */
#ifndef LR_WG_CONFIG_H
#define LR_WG_CONFIG_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/net/addr.h"
#include "lib/net/nick.h"
#include "lib/wg/wg.h"

#define LR_CONFIG_MAX_BYTES (16u << 20) /* 60,000 peers are about 8 MB as text, 11 MB as JSON */
#define LR_NAME_MAX         LR_NICK_MAX /* bytes of a nickname */

struct lr_config_peer {
	char name[LR_NAME_MAX + 1]; /* "" when it has none */
	uint8_t public_key[LR_KEY_LEN];
	uint8_t preshared_key[LR_KEY_LEN];
	bool has_psk;
	struct lr_endpoint endpoint; /* AF_UNSPEC when none */
	uint16_t keepalive_s;
	struct lr_prefix *allowed; /* n_allowed, malloc'd */
	size_t n_allowed;
};

struct lr_config {
	char name[LR_NAME_MAX + 1]; /* our own nickname, `# Name =` in [Interface] */
	uint8_t private_key[LR_KEY_LEN];
	bool has_key;         /* else the identity is used */
	uint16_t listen_port; /* 0: any */
	uint32_t fwmark;
	unsigned mtu; /* 0: not given */
	enum lr_config_table { LR_TABLE_AUTO, LR_TABLE_OFF } table;
	struct lr_prefix *addresses;
	size_t n_addresses;
	struct lr_config_peer *peers;
	size_t n_peers, room_peers;
};

/* Notes are lines for stderr about what was ignored or refused (DNS, PostUp). */
typedef void lr_config_note(void *ctx, const char *line);

/* Reads a wg-quick file, or our JSON when the first byte that is no white space is '{'.
 * `file` is for error texts: "FILE:LINE: what is wrong". 0, or -1 with `err`
 * (LR_EXIT_USAGE). *out is initialised and, on error, released. Host names in Endpoint are
 * an error here (numeric only): the shell resolves them first with `resolve`, which may be
 * NULL; it returns 0 or -1 with err. */
struct lr_config_hooks {
	lr_config_note *note;
	int (*resolve)(void *ctx, const char *host, const char *port, struct lr_endpoint *out,
		struct lr_err *err);
	void *ctx;
};
int lr_config_parse(struct lr_config *out, const char *text, size_t len, const char *file,
	const struct lr_config_hooks *hooks, struct lr_err *err);
void lr_config_release(struct lr_config *c); /* wipes keys */

/* Adds a peer (zeroed but for the key). NULL: out of memory. Pointers to older ones may move. */
struct lr_config_peer *lr_config_add_peer(
	struct lr_config *c, const uint8_t public_key[LR_KEY_LEN]);
struct lr_config_peer *lr_config_find_peer(
	const struct lr_config *c, const uint8_t public_key[LR_KEY_LEN]);
void lr_config_remove_peer(struct lr_config *c, struct lr_config_peer *p);
int lr_config_peer_allow(
	struct lr_config_peer *p, const struct lr_prefix *prefix); /* no duplicates; 0, -ENOMEM */

/* wg-quick text, malloc'd. `with_key`: PrivateKey is written. NULL: out of memory. */
char *lr_config_text(const struct lr_config *c, bool with_key);
/* Our JSON object (schema share/schema/config.json): name, public_key, private_key (with_key),
 * listen_port, fwmark, mtu, addresses, peers [ {peer, public_key, preshared_key, endpoint,
 * keepalive, allowed_ips} ]. */
json_t *lr_config_json(const struct lr_config *c, bool with_key);
/* One peer to and from JSON, in the vocabulary of all programs. An object needs `public_key`;
 * `address`, `address6` (as lr-ipam prints them) become host prefixes in allowed_ips.
 * Unknown members are ignored. 0 or -1 with err. `out` zeroed by the caller. */
json_t *lr_config_peer_json(const struct lr_config_peer *p);
int lr_config_peer_from_json(struct lr_config_peer *out, const json_t *obj, struct lr_err *err);
void lr_config_peer_release(struct lr_config_peer *p);

/* Brings a device to the configuration: adds, changes, removes peers (like `wg syncconf`: sessions
 * of unchanged peers go on). Nicknames are the caller's. 0 or -ENOMEM. */
int lr_config_apply(const struct lr_config *c, struct lr_wg *wg, uint64_t now);

#endif
