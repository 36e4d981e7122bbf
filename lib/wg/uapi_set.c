/*
 * uapi_set.c - carries out the lines of a "set" request
 *
 * Theory of operation: lines come one by one and take effect at once; a bad line ends the
 * request, what stood before it has happened. "public_key" selects a peer. A peer that does
 * not exist is made only when the next line is neither "update_only" nor "remove", so that
 * such a section leaves no trace; a section about a peer that shall not exist, or about our own
 * key, is read and checked but changes nothing (`nobody`). The keepalive is set when the
 * section ends, since it may send a message to an endpoint that stands in a later line.
 *
 * Errors are those of wireguard-go: EPROTO for a line without '=', EINVAL for a key or value
 * that is not understood, the socket's own for port and mark.
 *
 * Source: https://www.wireguard.com/xplatform/, "Configuration Protocol".
 */
#include "lib/wg/uapi_set.h"

#include <errno.h>
#include <string.h>

#include "lib/wg/config_value.h"

#define LINE_ROOM 256 /* the longest sensible line has under 100 bytes */

struct set {
	struct lr_wg *wg;
	uint64_t now;
	const struct lr_uapi_host *host;
	bool in_peer;            /* a public_key line was seen */
	struct lr_wg_peer *peer; /* NULL: not made yet, or nobody */
	bool nobody;             /* the section changes nothing */
	bool made;               /* the peer was made by this section */
	int keepalive_s;         /* to be set at the section's end; -1: not given */
	uint8_t key[LR_KEY_LEN];
};

static void tell(const struct set *s, struct lr_wg_peer *peer, bool removed)
{
	if (s->host->changed)
		s->host->changed(s->host->ctx, peer, removed);
}

static void remove_peer(struct set *s, struct lr_wg_peer *peer)
{
	tell(s, peer, true);
	lr_wg_peer_remove(s->wg, peer);
}

/* Makes the selected peer unless it exists. 0 (also for nobody) or -errno. */
static int make_peer(struct set *s)
{
	if (s->peer || s->nobody)
		return 0;
	s->peer = lr_wg_peer_add(s->wg, s->key);
	if (!s->peer)
		return errno == EINVAL ? (s->nobody = true, 0) : -errno;
	s->made = true;
	return 0;
}

static int end_section(struct set *s)
{
	if (!s->in_peer)
		return 0;
	int rc = make_peer(s);
	if (s->peer && s->keepalive_s >= 0)
		lr_wg_peer_set_keepalive(s->wg, s->now, s->peer, (uint16_t)s->keepalive_s);
	if (s->peer)
		tell(s, s->peer, false);
	s->in_peer = false;
	return rc;
}

/* --- values --- */

static int need_true(const char *value)
{
	return strcmp(value, "true") == 0 ? 0 : -EINVAL;
}

/* --- lines about the device --- */

static int set_private_key(struct set *s, const char *value)
{
	static const uint8_t zero[LR_KEY_LEN];
	uint8_t key[LR_KEY_LEN], own[LR_KEY_LEN];
	const uint8_t *now = lr_wg_public_key(s->wg);
	int rc = lr_key_parse_hex(value, key);

	if (rc != 0)
		goto out;
	lr_public_key(own, key);
	if (now && memcmp(now, own, LR_KEY_LEN) == 0) /* the same again: sessions go on */
		goto out;
	if (s->host->fixed_key) {
		rc = -EPERM;
		goto out;
	}
	if (lr_same(key, zero, LR_KEY_LEN)) { /* "no key" */
		lr_wg_set_key(s->wg, NULL);
		goto out;
	}
	struct lr_wg_peer *self = lr_wg_peer_find(s->wg, own);
	if (self)
		remove_peer(s, self);
	lr_wg_set_key(s->wg, key);
out:
	lr_wipe(key, sizeof(key));
	return rc;
}

static int set_listen_port(struct set *s, const char *value)
{
	uint64_t port;

	if (lr_config_number(value, 10, 65535, &port) != 0)
		return -EINVAL;
	return s->host->set_port ? s->host->set_port(s->host->ctx, (uint16_t)port) : -EOPNOTSUPP;
}

static int set_fwmark(struct set *s, const char *value)
{
	uint64_t mark;

	if (lr_config_number(value, 10, UINT32_MAX, &mark) != 0)
		return -EINVAL;
	return s->host->set_fwmark ? s->host->set_fwmark(s->host->ctx, (uint32_t)mark)
				   : -EOPNOTSUPP;
}

static int replace_peers(struct set *s, const char *value)
{
	if (need_true(value) != 0)
		return -EINVAL;
	for (struct lr_wg_peer *p; (p = lr_wg_peers(s->wg));)
		remove_peer(s, p);
	return 0;
}

/* --- lines about a peer --- */

static int select_peer(struct set *s, const char *value)
{
	const uint8_t *own = lr_wg_public_key(s->wg);
	int rc = end_section(s);

	if (rc != 0)
		return rc;
	if (lr_key_parse_hex(value, s->key) != 0)
		return -EINVAL;
	s->in_peer = true;
	s->made = false;
	s->keepalive_s = -1;
	s->nobody = own && memcmp(own, s->key, LR_KEY_LEN) == 0;
	s->peer = lr_wg_peer_find(s->wg, s->key);
	return 0;
}

static void forget_peer(struct set *s)
{
	if (s->peer && s->made) /* the owner has not heard of it yet */
		lr_wg_peer_remove(s->wg, s->peer);
	else if (s->peer)
		remove_peer(s, s->peer);
	s->peer = NULL;
	s->nobody = true;
}

static int set_update_only(struct set *s, const char *value)
{
	if (need_true(value) != 0)
		return -EINVAL;
	if (!s->peer || s->made)
		forget_peer(s);
	return 0;
}

static int set_remove(struct set *s, const char *value)
{
	if (need_true(value) != 0)
		return -EINVAL;
	forget_peer(s);
	return 0;
}

static int set_preshared_key(struct set *s, const char *value)
{
	uint8_t key[LR_KEY_LEN];
	int rc = lr_key_parse_hex(value, key);

	if (rc == 0 && s->peer && !lr_same(key, s->peer->preshared_key, LR_KEY_LEN))
		lr_wg_peer_set_psk(s->peer, key);
	lr_wipe(key, sizeof(key));
	return rc;
}

static int set_endpoint(struct set *s, const char *value)
{
	struct lr_endpoint endpoint;

	if (lr_endpoint_parse(value, &endpoint) != 0)
		return -EINVAL;
	if (s->peer && !lr_endpoint_equal(&s->peer->endpoint, &endpoint))
		lr_wg_peer_set_endpoint(s->peer, &endpoint);
	return 0;
}

static int set_keepalive(struct set *s, const char *value)
{
	uint64_t seconds;

	if (lr_config_number(value, 10, 65535, &seconds) != 0)
		return -EINVAL;
	s->keepalive_s = (int)seconds;
	return 0;
}

static int replace_allowed_ips(struct set *s, const char *value)
{
	if (need_true(value) != 0)
		return -EINVAL;
	if (s->peer)
		lr_wg_disallow_all(s->wg, s->peer);
	return 0;
}

/* "10.0.0.0/8" gives the prefix to the peer, "-10.0.0.0/8" takes it from the peer. */
static int set_allowed_ip(struct set *s, const char *value)
{
	bool away = *value == '-';
	struct lr_prefix prefix;

	if (!strchr(value, '/') || lr_prefix_parse(value + away, &prefix) != 0)
		return -EINVAL;
	lr_prefix_mask(&prefix);
	if (!s->peer)
		return 0;
	if (!away)
		return lr_wg_allow(s->wg, s->peer, &prefix);
	lr_wg_disallow(s->wg, s->peer, &prefix); /* that it was not there is no error */
	return 0;
}

static int set_protocol_version(struct set *s, const char *value)
{
	(void)s;
	return strcmp(value, "1") == 0 ? 0 : -EINVAL;
}

/* --- the table --- */

static const struct line {
	const char *key;
	bool of_peer;
	bool makes; /* the peer is made before the line is carried out */
	int (*set)(struct set *s, const char *value);
} lines_known[] = {
	{"allowed_ip", true, true, set_allowed_ip},
	{"preshared_key", true, true, set_preshared_key},
	{"endpoint", true, true, set_endpoint},
	{"persistent_keepalive_interval", true, true, set_keepalive},
	{"replace_allowed_ips", true, true, replace_allowed_ips},
	{"protocol_version", true, false, set_protocol_version},
	{"update_only", true, false, set_update_only},
	{"remove", true, false, set_remove},
	{"private_key", false, false, set_private_key},
	{"listen_port", false, false, set_listen_port},
	{"fwmark", false, false, set_fwmark},
	{"replace_peers", false, false, replace_peers},
};

static int carry_out(struct set *s, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return -EPROTO;
	*value++ = '\0';
	if (strcmp(line, "public_key") == 0)
		return select_peer(s, value);
	for (size_t i = 0; i < sizeof(lines_known) / sizeof(lines_known[0]); i++) {
		const struct line *known = &lines_known[i];
		if (known->of_peer != s->in_peer || strcmp(line, known->key) != 0)
			continue;
		int rc = known->makes ? make_peer(s) : 0;
		return rc == 0 ? known->set(s, value) : rc;
	}
	return -EINVAL;
}

/* The next line as a string in `out`: its length, 0 for the empty line, or -errno. */
static int take_line(const char **at, const char *end, char out[LINE_ROOM])
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));

	if (!stop)
		return -EPROTO;
	size_t len = (size_t)(stop - *at);
	if (len >= LINE_ROOM || memchr(*at, '\0', len))
		return -EINVAL;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at = stop + 1;
	return (int)len;
}

int lr_uapi_set(struct lr_wg *wg, uint64_t now, const struct lr_uapi_host *host, const char *lines,
	size_t len)
{
	struct set s = {.wg = wg, .now = now, .host = host};
	const char *end = lines + len;
	char line[LINE_ROOM];
	int rc;

	while ((rc = take_line(&lines, end, line)) > 0) {
		rc = carry_out(&s, line);
		if (rc != 0)
			break;
	}
	int last = end_section(&s);
	lr_wipe(line, sizeof(line));
	return rc ? rc : last;
}
