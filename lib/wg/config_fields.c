/*
 * config_fields.c - what each field of a wg-quick file means
 *
 * One table: name, section, whether it may be repeated, reader. A value is repeated in an error
 * only where it cannot hold a secret: never for keys, and never when it looks like one.
 *
 * Source: wg(8), "CONFIGURATION FILE FORMAT", and wg-quick(8).
 */
#include "lib/wg/config_fields.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/wg/config_value.h"

static struct lr_config_peer *current_peer(const struct lr_config_reader *r)
{
	return &r->out->peers[r->out->n_peers - 1];
}

typedef const struct lr_config_field field;

/* --- keys --- */

static int read_key(const struct lr_config_reader *r, const char *value, field *self, uint8_t *key)
{
	if (lr_key_parse(value, key) == 0)
		return 0;
	if (strlen(value) != LR_KEY_TEXT - 1)
		return lr_config_reader_fail(r, r->line,
			"%s is no key: 44 base64 characters are needed, these are %zu", self->name,
			strlen(value));
	return lr_config_reader_fail(r, r->line,
		"%s is no key: these 44 characters are not the base64 of 32 bytes", self->name);
}

static int read_private_key(struct lr_config_reader *r, char *value, field *self)
{
	if (read_key(r, value, self, r->out->private_key) != 0)
		return -1;
	if (lr_config_key_is_zero(r->out->private_key))
		return lr_config_reader_fail(
			r, r->line, "PrivateKey is all zeros: `wg genkey` makes one");
	r->out->has_key = true;
	return 0;
}

static int read_public_key(struct lr_config_reader *r, char *value, field *self)
{
	struct lr_config_peer *p = current_peer(r);

	if (read_key(r, value, self, p->public_key) != 0)
		return -1;
	if (lr_config_key_is_zero(p->public_key))
		return lr_config_reader_fail(
			r, r->line, "PublicKey is all zeros: no peer has that key");
	return 0;
}

static int read_preshared_key(struct lr_config_reader *r, char *value, field *self)
{
	struct lr_config_peer *p = current_peer(r);

	if (read_key(r, value, self, p->preshared_key) != 0)
		return -1;
	p->has_psk = !lr_config_key_is_zero(p->preshared_key); /* all zeros: none, as for wg */
	return 0;
}

/* --- numbers --- */

static int read_port(struct lr_config_reader *r, char *value, field *self)
{
	char show[LR_CONFIG_SHOWN];
	uint64_t v;

	if (lr_config_number(value, 10, 65535, &v) != 0)
		return lr_config_reader_fail(r, r->line, "%s is %s, not a number from 0 to 65535",
			self->name, lr_config_shown(value, show));
	r->out->listen_port = (uint16_t)v;
	return 0;
}

static int read_fwmark(struct lr_config_reader *r, char *value, field *self)
{
	bool hex = strncasecmp(value, "0x", 2) == 0;
	char show[LR_CONFIG_SHOWN];
	uint64_t v = 0;

	if (strcasecmp(value, "off") != 0 &&
		lr_config_number(hex ? value + 2 : value, hex ? 16 : 10, UINT32_MAX, &v) != 0)
		return lr_config_reader_fail(r, r->line,
			"%s is %s, not \"off\" or a number from 0 to 0xffffffff", self->name,
			lr_config_shown(value, show));
	r->out->fwmark = (uint32_t)v;
	return 0;
}

static int read_mtu(struct lr_config_reader *r, char *value, field *self)
{
	char show[LR_CONFIG_SHOWN];
	uint64_t v;

	if (lr_config_number(value, 10, LR_CONFIG_MTU_MAX, &v) != 0 || v < LR_CONFIG_MTU_MIN)
		return lr_config_reader_fail(r, r->line, "%s is %s, not a number from %d to %d",
			self->name, lr_config_shown(value, show), LR_CONFIG_MTU_MIN,
			LR_CONFIG_MTU_MAX);
	r->out->mtu = (unsigned)v;
	r->mtu_line = r->line;
	return 0;
}

static int read_keepalive(struct lr_config_reader *r, char *value, field *self)
{
	char show[LR_CONFIG_SHOWN];
	uint64_t v = 0;

	if (strcasecmp(value, "off") != 0 && lr_config_number(value, 10, 65535, &v) != 0)
		return lr_config_reader_fail(r, r->line,
			"%s is %s, not \"off\" or seconds from 0 to 65535", self->name,
			lr_config_shown(value, show));
	current_peer(r)->keepalive_s = (uint16_t)v;
	return 0;
}

static int read_table(struct lr_config_reader *r, char *value, field *self)
{
	char show[LR_CONFIG_SHOWN];

	if (strcasecmp(value, "auto") == 0)
		r->out->table = LR_TABLE_AUTO;
	else if (strcasecmp(value, "off") == 0)
		r->out->table = LR_TABLE_OFF;
	else
		return lr_config_reader_fail(r, r->line,
			"%s is %s: only \"auto\" and \"off\" are known; use \"off\" and set routes "
			"with ip-route(8)",
			self->name, lr_config_shown(value, show));
	return 0;
}

/* --- addresses --- */

static int read_prefix(
	const struct lr_config_reader *r, const char *word, field *self, struct lr_prefix *out)
{
	char show[LR_CONFIG_SHOWN];

	if (*word == '\0')
		return lr_config_reader_fail(r, r->line, "%s has an empty entry", self->name);
	if (lr_prefix_parse(word, out) != 0)
		return lr_config_reader_fail(r, r->line,
			"%s has %s, which is no IPv4 or IPv6 address with a prefix length",
			self->name, lr_config_shown(word, show));
	return 0;
}

static int read_address(struct lr_config_reader *r, char *value, field *self)
{
	struct lr_prefix prefix;

	for (char *word; (word = lr_config_next_word(&value));) {
		if (read_prefix(r, word, self, &prefix) != 0)
			return -1;
		int rc = lr_config_address_append(r->out, &prefix);
		if (rc == -ENOSPC)
			return lr_config_reader_fail(r, r->line, "there are more than %d addresses",
				LR_CONFIG_MAX_ADDRESSES);
		if (rc != 0)
			return lr_config_reader_no_memory(r);
	}
	return 0;
}

static int read_allowed_ips(struct lr_config_reader *r, char *value, field *self)
{
	struct lr_config_peer *p = current_peer(r);
	struct lr_prefix prefix;

	if (*value == '\0')
		return 0;
	for (char *word; (word = lr_config_next_word(&value));) {
		if (read_prefix(r, word, self, &prefix) != 0)
			return -1;
		lr_prefix_mask(&prefix);
		if (lr_config_prefix_append(&p->allowed, &p->n_allowed, &prefix) != 0)
			return lr_config_reader_no_memory(r);
	}
	return 0;
}

/* A host name as RFC 1123 has it, with the underscores that are seen in the wild. */
static bool is_host_name(const char *host)
{
	size_t len = strlen(host);

	return len > 0 && len <= 253 && isalnum((unsigned char)host[0]) &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
		       len &&
	       strspn(host, "0123456789.") < len;
}

static int resolve(
	struct lr_config_reader *r, const char *host, const char *port, struct lr_endpoint *out)
{
	struct lr_err why = {.text = ""};

	if (!r->hooks || !r->hooks->resolve)
		return lr_config_reader_fail(r, r->line,
			"Endpoint has the host name \"%s\": an address is needed here", host);
	if (r->hooks->resolve(r->hooks->ctx, host, port, out, &why) == 0)
		return 0;
	lr_config_reader_fail(
		r, r->line, "Endpoint: %s", why.text[0] ? why.text : "the name was not found");
	if (r->err && why.exit != LR_EXIT_OK)
		r->err->exit = why.exit;
	return -1;
}

static int read_endpoint(struct lr_config_reader *r, char *value, field *self)
{
	struct lr_config_peer *p = current_peer(r);
	char show[LR_CONFIG_SHOWN], *colon = strrchr(value, ':');
	uint64_t port;

	if (lr_endpoint_parse(value, &p->endpoint) == 0)
		return 0;
	lr_config_shown(value, show);
	if (value[0] != '[' && colon && colon != strchr(value, ':'))
		return lr_config_reader_fail(r, r->line,
			"%s is %s: an IPv6 endpoint is written [ADDRESS]:PORT", self->name,
			lr_config_shown(value, show));
	if (!colon || lr_config_number(colon + 1, 10, 65535, &port) != 0 || port == 0)
		return lr_config_reader_fail(r, r->line,
			"%s is %s: HOST:PORT is needed, with a port from 1 to 65535", self->name,
			lr_config_shown(value, show));
	*colon = '\0';
	if (is_host_name(value))
		return resolve(r, value, colon + 1, &p->endpoint);
	*colon = ':';
	return lr_config_reader_fail(r, r->line, "%s is %s: no address and no host name",
		self->name, lr_config_shown(value, show));
}

/* --- what is not done --- */

static int read_ignored(struct lr_config_reader *r, char *value, field *self)
{
	if (strcasecmp(self->name, "SaveConfig") == 0 && strcasecmp(value, "false") == 0)
		return 0;
	lr_config_reader_note(r, r->line,
		strcasecmp(self->name, "DNS") == 0
			? "%s is ignored: lr-up leaves the resolver as it is"
			: "%s is ignored: lr-up never writes to a configuration file",
		self->name);
	return 0;
}

static int read_refused(struct lr_config_reader *r, char *value, field *self)
{
	(void)value;
	lr_config_reader_note(r, r->line,
		"%s is refused: lr-up runs no commands out of a configuration file", self->name);
	return 0;
}

/* --- the table --- */

static field fields[] = {
	{"PublicKey", LR_SECTION_PEER, false, read_public_key},
	{"AllowedIPs", LR_SECTION_PEER, true, read_allowed_ips},
	{"Endpoint", LR_SECTION_PEER, false, read_endpoint},
	{"PresharedKey", LR_SECTION_PEER, false, read_preshared_key},
	{"PersistentKeepalive", LR_SECTION_PEER, false, read_keepalive},
	{"PrivateKey", LR_SECTION_INTERFACE, false, read_private_key},
	{"ListenPort", LR_SECTION_INTERFACE, false, read_port},
	{"Address", LR_SECTION_INTERFACE, true, read_address},
	{"MTU", LR_SECTION_INTERFACE, false, read_mtu},
	{"FwMark", LR_SECTION_INTERFACE, false, read_fwmark},
	{"Table", LR_SECTION_INTERFACE, false, read_table},
	{"DNS", LR_SECTION_INTERFACE, true, read_ignored},
	{"SaveConfig", LR_SECTION_INTERFACE, false, read_ignored},
	{"PreUp", LR_SECTION_INTERFACE, true, read_refused},
	{"PostUp", LR_SECTION_INTERFACE, true, read_refused},
	{"PreDown", LR_SECTION_INTERFACE, true, read_refused},
	{"PostDown", LR_SECTION_INTERFACE, true, read_refused},
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))
_Static_assert(N_FIELDS <= LR_CONFIG_FIELDS, "LR_CONFIG_FIELDS is too small");

size_t lr_config_field_index(const struct lr_config_field *f)
{
	return (size_t)(f - fields);
}

size_t lr_config_field_public_key(void)
{
	return 0;
}

/* Levenshtein distance of two words of at most 32 letters, without regard to case. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[33], n = (unsigned)strlen(b);

	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned corner = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned swap = corner + (tolower((unsigned char)*a) !=
							 tolower((unsigned char)b[j - 1]));
			corner = row[j];
			unsigned skip = (corner < row[j - 1] ? corner : row[j - 1]) + 1;
			row[j] = swap < skip ? swap : skip;
		}
	}
	return row[n];
}

static field *nearest(enum lr_config_section section, const char *name)
{
	unsigned best = 4; /* three wrong letters: still the same word */
	field *found = NULL;

	for (size_t i = 0; i < N_FIELDS; i++) {
		unsigned d = fields[i].section == section ? distance(name, fields[i].name) : best;
		if (d < best && d < strlen(fields[i].name) - 1) {
			best = d;
			found = &fields[i];
		}
	}
	return found;
}

static void fail_unknown(
	const struct lr_config_reader *r, enum lr_config_section section, const char *name)
{
	const char *where = section == LR_SECTION_PEER ? "[Peer]" : "[Interface]";

	if (!lr_config_is_word(name)) {
		lr_config_reader_fail(r, r->line, "this line is no field of %s", where);
		return;
	}
	for (size_t i = 0; i < N_FIELDS; i++)
		if (strcasecmp(fields[i].name, name) == 0) {
			lr_config_reader_fail(r, r->line, "%s belongs in %s, not in %s",
				fields[i].name,
				section == LR_SECTION_PEER ? "[Interface]" : "[Peer]", where);
			return;
		}
	field *like = nearest(section, name);
	lr_config_reader_fail(r, r->line,
		like ? "%s is no field of %s: is %s meant?" : "%s is no field of %s", name, where,
		like ? like->name : "");
}

const struct lr_config_field *lr_config_field_find(
	const struct lr_config_reader *r, enum lr_config_section section, const char *name)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		if (fields[i].section == section && strcasecmp(fields[i].name, name) == 0)
			return &fields[i];
	fail_unknown(r, section, name);
	return NULL;
}
