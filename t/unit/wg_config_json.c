/*
 * wg_config_json.c - tests of a configuration as JSON, and of going round through both text forms
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/wg/config.h"
#include "t/unit/tap.h"

#define K0   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define K1   "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define K2   "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
#define PUB0 "j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=" /* public key of K0 */
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* --- what is refused --- */

static const struct {
	const char *name, *text, *error;
} refused[] = {
	{"an open brace", "{", "c:1: no JSON object: string or '}' expected"},
	{"words behind the value", "{} x", "c:1: no JSON object: end of file expected"},
	{"a member twice", "{\"mtu\":1400,\n\"mtu\":1400}",
		"c:2: no JSON object: duplicate object key"},
	{"what stands near an error may be a key", "{\"private_key\":" K0 "}",
		"c:1: no JSON object: invalid token"},
	{"a port that is text", "{\"listen_port\":\"1\"}",
		"c: listen_port: a number from 0 to 65535 is needed"},
	{"a port over 65535", "{\"listen_port\":65536}",
		"c: listen_port: a number from 0 to 65535 is needed"},
	{"an MTU below 576", "{\"mtu\":575}", "c: mtu: a number from 576 to 9000 is needed"},
	{"a negative mark", "{\"fwmark\":-1}",
		"c: fwmark: a number from 0 to 4294967295 is needed"},
	{"a small MTU with IPv6", "{\"mtu\":1000,\"addresses\":[\"fd00::1/64\"]}",
		"c: MTU 1000 is too small for an IPv6 address: 1280 is the least"},
	{"another table", "{\"table\":\"7\"}", "c: table: only \"auto\" and \"off\" are known"},
	{"a wrong private key", "{\"private_key\":\"secret\"}",
		"c: private_key: no key: 44 characters of base64 are needed"},
	{"a private key of zeros", "{\"private_key\":\"" ZERO "\"}",
		"c: private_key: all zeros: `wg genkey` makes one"},
	{"keys that are no pair", "{\"private_key\":\"" K0 "\",\"public_key\":\"" K1 "\"}",
		"c: public_key: does not belong to the private key"},
	{"a name with a line break", "{\"name\":\"a\\nb\"}",
		"c: name: the name has a control or invisible character"},
	{"an empty name", "{\"name\":\"\"}", "c: name: the name is empty"},
	{"addresses that are no list", "{\"addresses\":\"10.0.0.1\"}",
		"c: addresses: a list is needed"},
	{"an address that is none", "{\"addresses\":[\"10.0.0.1\",\"x\"]}",
		"c: addresses[1]: an IPv4 or IPv6 address with a prefix length is needed"},
	{"peers that are no list", "{\"peers\":{}}", "c: peers: a list is needed"},
	{"a peer that is no object", "{\"peers\":[1]}", "c: peers[0]: an object is needed"},
	{"a peer without key", "{\"peers\":[{\"peer\":\"bob\"}]}",
		"c: peers[0]: public_key: missing"},
	{"a peer's key of zeros", "{\"peers\":[{\"public_key\":\"" ZERO "\"}]}",
		"c: peers[0]: public_key: all zeros: no peer has that key"},
	{"an endpoint by name",
		"{\"peers\":[{\"public_key\":\"" K1 "\",\"endpoint\":\"a.example:1\"}]}",
		"c: peers[0]: endpoint: ADDRESS:PORT or [ADDRESS]:PORT is needed"},
	{"a keepalive that is too long",
		"{\"peers\":[{\"public_key\":\"" K1 "\",\"keepalive\":65536}]}",
		"c: peers[0]: keepalive: a number from 0 to 65535 is needed"},
	{"a name that is another's key",
		"{\"peers\":[{\"public_key\":\"" K1 "\",\"peer\":\"" K2 "\"}]}",
		"c: peers[0]: peer: the name looks like a public key"},
	{"a wrong prefix", "{\"peers\":[{\"public_key\":\"" K1 "\",\"allowed_ips\":[4]}]}",
		"c: peers[0]: allowed_ips[0]: an IPv4 or IPv6 address with a prefix length is "
		"needed"},
	{"a wrong address", "{\"peers\":[{\"public_key\":\"" K1 "\",\"address6\":\"x\"}]}",
		"c: peers[0]: address6: no IPv4 or IPv6 address"},
	{"two peers with one key",
		"{\"peers\":[{\"public_key\":\"" K1 "\"},{\"public_key\":\"" K1 "\"}]}",
		"c: peers[1] has the public key of peers[0]"},
	{"two peers with one name",
		"{\"peers\":[{\"public_key\":\"" K1 "\",\"peer\":\"b\"},{\"public_key\":\"" K2
		"\",\"peer\":\"b\"}]}",
		"c: peers[1] has the name of peers[0]"},
	{"a peer with our key",
		"{\"private_key\":\"" K0 "\",\"peers\":[{\"public_key\":\"" PUB0 "\"}]}",
		"c: peers[0] has our own key"},
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct lr_config c;
		struct lr_err err = {.text = ""};
		int rc = lr_config_parse(
			&c, refused[i].text, strlen(refused[i].text), "c", NULL, &err);
		ok(rc == -1 && !c.peers && !c.addresses && err.exit == LR_EXIT_USAGE, "refused: %s",
			refused[i].name);
		is_str(err.text, refused[i].error, refused[i].name);
	}
}

/* --- what is written --- */

static void test_written(void)
{
	static const char from[] =
		"[Interface]\n# Name = ann\nPrivateKey = " K0
		"\nMTU = 1400\nAddress = 10.0.0.1/24\n[Peer]\n# Name = bob\nPublicKey = " K1
		"\nPresharedKey = " K2 "\nEndpoint = 192.0.2.1:7\nPersistentKeepalive = 25\n"
		"AllowedIPs = 10.0.0.2/32, fd00::/64\n[Peer]\nPublicKey = " K2 "\n";
	struct lr_config c;
	struct lr_err err = {.text = ""};

	is_int(lr_config_parse(&c, from, strlen(from), "c", NULL, &err), 0, "parsed");
	json_t *obj = lr_config_json(&c, true);
	char *text = lr_json_text(obj);
	is_str(text,
		"{\"name\":\"ann\",\"public_key\":\"" PUB0 "\",\"private_key\":\"" K0
		"\",\"listen_port\":0,\"fwmark\":0,\"mtu\":1400,\"table\":\"auto\","
		"\"addresses\":[\"10.0.0.1/24\"],\"peers\":[{\"peer\":\"bob\",\"public_key\":\"" K1
		"\",\"preshared_key\":\"" K2
		"\",\"endpoint\":\"192.0.2.1:7\",\"keepalive\":25,\"allowed_ips\":[\"10.0.0.2/"
		"32\",\"fd00::/64\"]},{\"peer\":\"" K2 "\",\"public_key\":\"" K2
		"\",\"preshared_key\":null,\"endpoint\":null,\"keepalive\":0,\"allowed_ips\":[]}]}",
		"a configuration as JSON");
	free(text);
	json_decref(obj);
	obj = lr_config_json(&c, false);
	ok(!json_object_get(obj, "private_key"), "the private key is left out");
	is_str(json_string_value(json_object_get(obj, "public_key")), PUB0,
		"the public key is not");
	json_decref(obj);
	text = lr_config_text(&c, false);
	is_str(text,
		"[Interface]\n# Name = ann\nMTU = 1400\nAddress = 10.0.0.1/24\n\n[Peer]\n# Name = "
		"bob\nPublicKey = " K1 "\nPresharedKey = " K2
		"\nEndpoint = 192.0.2.1:7\nPersistentKeepalive = 25\nAllowedIPs = 10.0.0.2/32, "
		"fd00::/64\n\n[Peer]\nPublicKey = " K2 "\n",
		"as text, without the private key");
	free(text);
	lr_config_release(&c);
}

/* --- a peer as other programs print it --- */

static void test_foreign_peer(void)
{
	static const char text[] = "{\"peer\":\"bob\",\"public_key\":\"" K1
				   "\",\"address\":\"10.66.0.2\",\"address6\":\"fd00::2\","
				   "\"allowed_ips\":[\"10.66.0.2/32\",\"10.1.2.3/"
				   "8\"],\"rtt_us\":12.5,\"endpoint\":null,"
				   "\"drops\":{}}";
	struct lr_config_peer p = {0};
	struct lr_err err = {.text = ""};
	json_t *obj = lr_json_parse(text, strlen(text), &err);
	char buf[LR_ADDR_TEXT];

	is_int(lr_config_peer_from_json(&p, obj, &err), 0, "an object with more than is asked for");
	is_str(p.name, "bob", "name");
	is_int(p.n_allowed, 3, "addresses are allowed IPs, once");
	is_str(lr_prefix_text(&p.allowed[1], buf), "10.0.0.0/8", "host bits go");
	is_str(lr_prefix_text(&p.allowed[2], buf), "fd00::2/128", "a host prefix");
	lr_config_peer_release(&p);
	json_decref(obj);
}

/* --- round and round --- */

static uint64_t dice = 88172645463325252ull;

static unsigned roll(unsigned sides) /* xorshift64, Marsaglia 2003 */
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice >> 20) % sides;
}

static void roll_bytes(uint8_t *out, size_t len)
{
	while (len--)
		*out++ = (uint8_t)roll(256);
}

static struct lr_prefix roll_prefix(bool mask)
{
	struct lr_prefix p = {.ip.family = roll(2) ? 4 : 6};

	roll_bytes(p.ip.b, p.ip.family == 4 ? 4 : 16);
	p.len = (uint8_t)roll(lr_ip_bits(&p.ip) + 1);
	if (mask)
		lr_prefix_mask(&p);
	return p;
}

static void roll_name(char name[LR_NAME_MAX + 1], unsigned number)
{
	static const char *const parts[] = {
		"bob", " ", "#", "=", "\xc3\xa9", "[x]", "\"", "\\", "\xf0\x9f\x8e\xae"};

	sprintf(name, "n%u", number); /* names are unique */
	for (unsigned i = roll(8); i > 0; i--)
		strcat(name, parts[roll(9)]);
	strcat(name, ".");
}

static void roll_endpoint(struct lr_endpoint *e)
{
	if (roll(2)) {
		e->in.sin_family = AF_INET;
		e->in.sin_port = htons((uint16_t)(1 + roll(65535)));
		roll_bytes((uint8_t *)&e->in.sin_addr, 4);
	} else {
		e->in6.sin6_family = AF_INET6;
		e->in6.sin6_port = htons((uint16_t)(1 + roll(65535)));
		roll_bytes((uint8_t *)&e->in6.sin6_addr, 16);
	}
}

static void roll_peer(struct lr_config *c, unsigned number)
{
	uint8_t key[LR_KEY_LEN];

	roll_bytes(key, sizeof(key));
	struct lr_config_peer *p = lr_config_add_peer(c, key);
	if (roll(2))
		roll_name(p->name, number);
	p->has_psk = roll(2);
	if (p->has_psk)
		roll_bytes(p->preshared_key, LR_KEY_LEN);
	if (roll(2))
		roll_endpoint(&p->endpoint);
	p->keepalive_s = roll(2) ? (uint16_t)roll(65536) : 0;
	for (unsigned n = roll(10) ? roll(5) : roll(200); n > 0; n--) {
		struct lr_prefix prefix = roll_prefix(true);
		lr_config_peer_allow(p, &prefix);
	}
}

static void roll_config(struct lr_config *c)
{
	*c = (struct lr_config){
		.has_key = roll(2), .table = roll(2) ? LR_TABLE_OFF : LR_TABLE_AUTO};
	if (roll(2))
		roll_name(c->name, 0);
	if (c->has_key)
		roll_bytes(c->private_key, LR_KEY_LEN);
	c->listen_port = (uint16_t)roll(65536);
	c->fwmark = roll(2) ? (uint32_t)roll(UINT32_MAX) : 0;
	c->mtu = roll(2) ? 1280 + roll(7000) : 0;
	struct lr_config_peer addresses = {0};
	for (unsigned n = roll(4); n > 0; n--) {
		struct lr_prefix prefix = roll_prefix(false);
		lr_config_peer_allow(&addresses, &prefix);
	}
	c->addresses = addresses.allowed;
	c->n_addresses = addresses.n_allowed;
	for (unsigned i = 1, n = roll(10); i <= n; i++)
		roll_peer(c, i);
}

static bool same_prefixes(const struct lr_prefix *a, const struct lr_prefix *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].len != b[i].len || !lr_ip_equal(&a[i].ip, &b[i].ip))
			return false;
	return true;
}

static bool same_peer(const struct lr_config_peer *a, const struct lr_config_peer *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       memcmp(a->public_key, b->public_key, LR_KEY_LEN) == 0 &&
	       memcmp(a->preshared_key, b->preshared_key, LR_KEY_LEN) == 0 &&
	       a->has_psk == b->has_psk && lr_endpoint_equal(&a->endpoint, &b->endpoint) &&
	       a->keepalive_s == b->keepalive_s && a->n_allowed == b->n_allowed &&
	       same_prefixes(a->allowed, b->allowed, a->n_allowed);
}

static bool same(const struct lr_config *a, const struct lr_config *b)
{
	if (strcmp(a->name, b->name) != 0 ||
		memcmp(a->private_key, b->private_key, LR_KEY_LEN) != 0 ||
		a->has_key != b->has_key || a->listen_port != b->listen_port ||
		a->fwmark != b->fwmark || a->mtu != b->mtu || a->table != b->table ||
		a->n_addresses != b->n_addresses || a->n_peers != b->n_peers ||
		!same_prefixes(a->addresses, b->addresses, a->n_addresses))
		return false;
	for (size_t i = 0; i < a->n_peers; i++)
		if (!same_peer(&a->peers[i], &b->peers[i]))
			return false;
	return true;
}

/* Frees `text`; what it says must be `c`, and be written as `text` again. */
static bool comes_back(const struct lr_config *c, char *text, bool json)
{
	struct lr_config back;
	struct lr_err err = {.text = ""};
	char *again = NULL;

	if (lr_config_parse(&back, text, strlen(text), "c", NULL, &err) != 0) {
		printf("# %s\n%s\n", err.text, text);
		free(text);
		return false;
	}
	if (json) {
		json_t *obj = lr_config_json(&back, true);
		again = lr_json_text(obj);
		json_decref(obj);
	} else {
		again = lr_config_text(&back, true);
	}
	bool good = same(c, &back) && strcmp(text, again) == 0;
	if (!good)
		printf("# %s\n# %s\n", text, again);
	free(again);
	free(text);
	lr_config_release(&back);
	return good;
}

static void test_round(void)
{
	unsigned text_bad = 0, json_bad = 0, peers = 0;

	for (int i = 0; i < 500; i++) {
		struct lr_config c;
		roll_config(&c);
		peers += (unsigned)c.n_peers;
		text_bad += !comes_back(&c, lr_config_text(&c, true), false);
		json_t *obj = lr_config_json(&c, true);
		json_bad += !comes_back(&c, lr_json_text(obj), true);
		json_decref(obj);
		lr_config_release(&c);
	}
	is_int(text_bad, 0, "500 random configurations come back from text");
	is_int(json_bad, 0, "and from JSON");
	ok(peers > 1000, "which had %u peers", peers);
}

int main(void)
{
	lr_crypto_init();
	test_refused();
	test_written();
	test_foreign_peer();
	test_round();
	return tap_done();
}
