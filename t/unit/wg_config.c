/*
 * wg_config.c - tests of the wg-quick reader: what is understood, what is refused and how it is
 * said
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/wg/config.h"
#include "t/unit/tap.h"

#define K0   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" /* bytes 0..31: our private key */
#define K1   "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define K2   "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
#define PUB0 "j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=" /* public key of K0 */
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define I    "[Interface]\n"
#define P    "[Peer]\nPublicKey = "

static char notes[4096];

static void note(void *ctx, const char *line)
{
	(void)ctx;
	strncat(notes, line, sizeof(notes) - strlen(notes) - 2);
	strcat(notes, "\n");
}

static int resolve(
	void *ctx, const char *host, const char *port, struct lr_endpoint *out, struct lr_err *err)
{
	(void)ctx;
	if (strcmp(host, "bob.example") != 0)
		return lr_err_set(err, LR_EXIT_UNREACHABLE, "%s: not found", host);
	out->in = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(0xc0000207)};
	return 0;
}

static const struct lr_config_hooks hooks = {.note = note, .resolve = resolve};

/* --- what is refused --- */

static const struct {
	const char *name, *text, *error;
} refused[] = {
	{"an empty file", "", "c:1: there is no [Interface] section"},
	{"only comments", "# nothing\n\n", "c:1: there is no [Interface] section"},
	{"peers alone", P K1 "\n", "c:1: there is no [Interface] section"},
	{"a key outside a section", "\nListenPort = 1\n" I,
		"c:2: this line stands before any section: [Interface] comes first"},
	{"a second interface", I "\n" P K1 "\n[interface]\n",
		"c:5: a second [Interface]: the first is in line 1"},
	{"an unknown section", I "[Pear]\n",
		"c:2: [Pear] is no section: [Interface] and [Peer] are"},
	{"an unclosed section", I "[Peer\n", "c:2: a section is written [Interface] or [Peer]"},
	{"words behind a section", I "[Peer] x\n",
		"c:2: a section is written [Interface] or [Peer]"},
	{"an unknown field", I "Colour = blue\n", "c:2: Colour is no field of [Interface]"},
	{"a mistyped field", I "Adress = 10.0.0.1/24\n",
		"c:2: Adress is no field of [Interface]: is Address meant?"},
	{"a mistyped peer field", I "[Peer]\nAllowedIP = 10.0.0.1\n",
		"c:3: AllowedIP is no field of [Peer]: is AllowedIPs meant?"},
	{"a field of the other section", I P K1 "\nListenPort = 1\n",
		"c:4: ListenPort belongs in [Interface], not in [Peer]"},
	{"the other way round", I "Endpoint = 192.0.2.1:1\n",
		"c:2: Endpoint belongs in [Peer], not in [Interface]"},
	{"no equals sign", I "ListenPort 51820\n", "c:2: this line is not KEY = VALUE"},
	{"a key that stands alone is not repeated", I K1 "\n",
		"c:2: this line is no field of [Interface]"},
	{"a forgotten equals sign before a key", I "PrivateKey " K1 "\n",
		"c:2: this line is no field of [Interface]"},
	{"a peer without key", I "\n[Peer]\nAllowedIPs = 10.0.0.1\n\n[Peer]\nPublicKey = " K1 "\n",
		"c:3: this peer has no PublicKey"},
	{"a last peer without key", I P K1 "\n[Peer]\n", "c:4: this peer has no PublicKey"},
	{"a short private key", I "PrivateKey = AAECAwQFBgc=\n",
		"c:2: PrivateKey is no key: 44 base64 characters are needed, these are 12"},
	{"an empty private key", I "PrivateKey =\n",
		"c:2: PrivateKey is no key: 44 base64 characters are needed, these are 0"},
	{"a key that is no base64", I "PrivateKey = AAECAwQFBgcICQoLDA0O_xAREhMUFRYXGBkaGxwdHh8=\n",
		"c:2: PrivateKey is no key: these 44 characters are not the base64 of 32 bytes"},
	{"a long public key", I P K1 "A\n",
		"c:3: PublicKey is no key: 44 base64 characters are needed, these are 45"},
	{"a wrong preshared key", I P K1 "\nPresharedKey = secret\n",
		"c:4: PresharedKey is no key: 44 base64 characters are needed, these are 6"},
	{"a private key of zeros", I "PrivateKey = " ZERO "\n",
		"c:2: PrivateKey is all zeros: `wg genkey` makes one"},
	{"a public key of zeros", I P ZERO "\n",
		"c:3: PublicKey is all zeros: no peer has that key"},
	{"a second PrivateKey", I "PrivateKey = " K0 "\n\nPrivateKey = " K1 "\n",
		"c:4: a second PrivateKey: the first is in line 2"},
	{"a second Endpoint", I P K1 "\nEndpoint = 192.0.2.1:1\nendpoint = 192.0.2.1:2\n",
		"c:5: a second Endpoint: the first is in line 4"},
	{"two peers with one key", I P K1 "\n" P K2 "\n" P K1 "\n",
		"c:6: this peer has the public key of the peer at line 2"},
	{"two peers with one name", I P K1 "\n# Name = bob\n" P K2 "\n# Name = bob\n",
		"c:5: this peer has the name of the peer at line 2"},
	{"a peer with our key", I "PrivateKey = " K0 "\n" P PUB0 "\n",
		"c:3: this peer's key is our own: it belongs to the PrivateKey of [Interface]"},
	{"a port over 65535", I "ListenPort = 65536\n",
		"c:2: ListenPort is \"65536\", not a number from 0 to 65535"},
	{"a negative port", I "ListenPort = -1\n",
		"c:2: ListenPort is \"-1\", not a number from 0 to 65535"},
	{"an empty port", I "ListenPort =\n",
		"c:2: ListenPort is \"\", not a number from 0 to 65535"},
	{"a port with a tail", I "ListenPort = 51820x\n",
		"c:2: ListenPort is \"51820x\", not a number from 0 to 65535"},
	{"a private key as port is not repeated", I "ListenPort = " K0 "\n",
		"c:2: ListenPort is what looks like a key, not a number from 0 to 65535"},
	{"a long wrong value is cut",
		I "ListenPort = 123456789 123456789 123456789 123456789 123456789 123456789\n",
		"c:2: ListenPort is \"123456789 123456789 123456789 123456789 123456789 "
		"12345678...\", "
		"not a number from 0 to 65535"},
	{"a wrong mark", I "FwMark = 0x100000000\n",
		"c:2: FwMark is \"0x100000000\", not \"off\" or a number from 0 to 0xffffffff"},
	{"an MTU of 575", I "MTU = 575\n", "c:2: MTU is \"575\", not a number from 576 to 9000"},
	{"an MTU of 9001", I "MTU = 9001\n", "c:2: MTU is \"9001\", not a number from 576 to 9000"},
	{"an MTU too small for IPv6", I "MTU = 1279\nAddress = 10.0.0.1, fd00::1/64\n",
		"c:2: MTU 1279 is too small for an IPv6 address: 1280 is the least"},
	{"a routing table", I "Table = 51820\n",
		"c:2: Table is \"51820\": only \"auto\" and \"off\" are known; use \"off\" and set "
		"routes with "
		"ip-route(8)"},
	{"a wrong keepalive", I P K1 "\nPersistentKeepalive = 65536\n",
		"c:4: PersistentKeepalive is \"65536\", not \"off\" or seconds from 0 to 65535"},
	{"a wrong address", I "Address = 10.0.0.1/33\n",
		"c:2: Address has \"10.0.0.1/33\", which is no IPv4 or IPv6 address with a prefix "
		"length"},
	{"an empty address", I "Address =\n", "c:2: Address has an empty entry"},
	{"a stray comma", I P K1 "\nAllowedIPs = 10.0.0.0/8,, ::/0\n",
		"c:4: AllowedIPs has an empty entry"},
	{"a trailing comma", I P K1 "\nAllowedIPs = 10.0.0.0/8 ,\n",
		"c:4: AllowedIPs has an empty entry"},
	{"a wrong allowed prefix", I P K1 "\nAllowedIPs = ::/0, 10.0.0/8\n",
		"c:4: AllowedIPs has \"10.0.0/8\", which is no IPv4 or IPv6 address with a prefix "
		"length"},
	{"an endpoint without port", I P K1 "\nEndpoint = 192.0.2.1\n",
		"c:4: Endpoint is \"192.0.2.1\": HOST:PORT is needed, with a port from 1 to 65535"},
	{"an endpoint with port 0", I P K1 "\nEndpoint = 192.0.2.1:0\n",
		"c:4: Endpoint is \"192.0.2.1:0\": HOST:PORT is needed, with a port from 1 to "
		"65535"},
	{"an endpoint without brackets", I P K1 "\nEndpoint = 2001:db8::1:51820\n",
		"c:4: Endpoint is \"2001:db8::1:51820\": an IPv6 endpoint is written "
		"[ADDRESS]:PORT"},
	{"an endpoint that is nothing", I P K1 "\nEndpoint = 300.1.2.3:1\n",
		"c:4: Endpoint is \"300.1.2.3:1\": no address and no host name"},
	{"a shell's trick as host name", I P K1 "\nEndpoint = $(id):1\n",
		"c:4: Endpoint is \"$(id):1\": no address and no host name"},
	{"a host that is not found", I P K1 "\nEndpoint = eve.example:1\n",
		"c:4: Endpoint: eve.example: not found"},
	{"a name of 64 bytes",
		I "# Name = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		"c:2: the name is longer than 63 bytes"},
	{"a name with an escape", I P K1 "\n# Name = a\033[2Jb\n",
		"c:4: the name has a control or invisible character"},
	{"a name with an override of direction",
		I "# Name = a\xe2\x80\xae"
		  "b\n",
		"c:2: the name has a control or invisible character"},
	{"a name that is a key", I P K1 "\n# Name = " K2 "\n",
		"c:4: the name looks like a public key"},
	{"UTF-16", "\xff\xfe[\0I\0", "c:1: this is UTF-16: save the file as UTF-8"},
	{"broken JSON", "{\n\"peers\":[}", "c:2: no JSON object: unexpected token"},
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct lr_config c;
		struct lr_err err = {.text = ""};
		int rc = lr_config_parse(
			&c, refused[i].text, strlen(refused[i].text), "c", &hooks, &err);
		ok(rc == -1 && c.n_peers == 0 && !c.peers && !c.addresses, "refused: %s",
			refused[i].name);
		is_str(err.text, refused[i].error, refused[i].name);
	}
}

static void test_exit_codes(void)
{
	static const char bad[] = I "X = 1\n", away[] = I P K1 "\nEndpoint = eve.example:1\n";
	struct lr_config c;
	struct lr_err err = {.text = ""};

	lr_config_parse(&c, bad, strlen(bad), "c", &hooks, &err);
	is_int(err.exit, LR_EXIT_USAGE, "a wrong file is a usage error");
	lr_config_parse(&c, away, strlen(away), "c", &hooks, &err);
	is_int(err.exit, LR_EXIT_UNREACHABLE, "a resolver's own exit code is kept");
	is_int(lr_config_parse(&c, away, strlen(away), "c", NULL, &err), -1, "no resolver");
	is_str(err.text,
		"c:4: Endpoint has the host name \"eve.example\": an address is needed here",
		"without a resolver a host name is an error");
}

static void parse_bytes(const char *text, size_t len, const char *error, const char *name)
{
	struct lr_config c;
	struct lr_err err = {.text = ""};

	is_int(lr_config_parse(&c, text, len, "c", &hooks, &err), -1, name);
	is_str(err.text, error, name);
}

static void test_hostile_bytes(void)
{
	static const char nul[] = I "ListenPort = 1\0\n";
	size_t room = LR_CONFIG_MAX_BYTES + 1;
	char *big = malloc(room), file[300];
	struct lr_config c;
	struct lr_err err = {.text = ""};

	parse_bytes(nul, sizeof(nul) - 1, "c:2: there is a NUL byte: this is no text file",
		"a NUL byte");
	memset(big, '#', room);
	parse_bytes(big, room, "c:1: the file has more than 16777216 bytes",
		"a file that is too large");
	parse_bytes(
		big, 65537, "c:1: the line has more than 65536 bytes", "a line that is too long");
	memcpy(big, I, strlen(I));
	big[strlen(I) + 65536] = '\n';
	is_int(lr_config_parse(&c, big, strlen(I) + 65537, "c", &hooks, &err), 0,
		"a line of 65536 bytes");
	lr_config_release(&c);
	free(big);
	memset(file, 'd', sizeof(file) - 1);
	file[sizeof(file) - 1] = '\0';
	is_int(lr_config_parse(&c, "x", 1, file, &hooks, &err), -1, "a file with a long name");
	ok(strstr(err.text, "d:1: this line stands before any section"),
		"the end of the name is shown");
}

/* --- what is understood --- */

static bool has_prefix(const struct lr_prefix *p, const char *text)
{
	char buf[LR_ADDR_TEXT];

	return strcmp(lr_prefix_text(p, buf), text) == 0;
}

static bool has_endpoint(const struct lr_endpoint *e, const char *text)
{
	char buf[LR_ENDPOINT_TEXT];

	return strcmp(lr_endpoint_text(e, buf), text) == 0;
}

static bool has_key(const uint8_t key[LR_KEY_LEN], const char *text)
{
	char buf[LR_KEY_TEXT];

	return strcmp(lr_key_text(key, buf), text) == 0;
}

static void read_good(struct lr_config *c, const char *text)
{
	struct lr_err err = {.text = ""};

	notes[0] = '\0';
	if (lr_config_parse(c, text, strlen(text), "c", &hooks, &err) != 0)
		ok(false, "read: %s", err.text);
}

static void test_everything(void)
{
	struct lr_config c;

	read_good(&c, "\xef\xbb\xbf# a comment\r\n"
		      "[ interface ]  # ours\r\n"
		      "  #name=ann b. #1 \r\n"
		      "PRIVATEKEY=" K0 "\r\n"
		      "\tListenPort\t=\t51820 # port\r\n"
		      "fwmark = 0xCA6C\r\n"
		      "mtu = 1280\r\n"
		      "table = OFF\r\n"
		      "Address = 10.66.0.1/24,fd00::1/64\r\n"
		      "address = 10.66.0.9 10.66.0.1/24\r\n"
		      "\r\n"
		      "[Peer]\r\n"
		      "# Name = Jos\xc3\xa9\r\n"
		      "# Name = the second is a comment\r\n"
		      "PublicKey = " K1 "\r\n"
		      "PresharedKey = " K2 "\r\n"
		      "Endpoint = [2001:db8::1]:7\r\n"
		      "PersistentKeepalive = 25\r\n"
		      "AllowedIPs = 10.66.1.9/24 , fd00::2\r\n"
		      "AllowedIPs = 10.66.1.0/24\r\n"
		      "AllowedIPs = 0.0.0.0/0\r\n"
		      "[PEER]\r\n"
		      "publickey = " K2 "\r\n"
		      "endpoint = bob.example:443\r\n"
		      "PersistentKeepalive = off\r\n"
		      "PresharedKey = " ZERO "\r\n"
		      "AllowedIPs ="); /* no end of line */
	is_str(notes, "", "nothing to note");
	is_str(c.name, "ann b. #1", "our name");
	ok(c.has_key && has_key(c.private_key, K0), "private key");
	is_int(c.listen_port, 51820, "port");
	is_int(c.fwmark, 0xca6c, "mark");
	is_int(c.mtu, 1280, "MTU");
	is_int(c.table, LR_TABLE_OFF, "table");
	is_int(c.n_addresses, 3, "addresses, one of them given twice");
	ok(has_prefix(&c.addresses[0], "10.66.0.1/24") &&
			has_prefix(&c.addresses[1], "fd00::1/64") &&
			has_prefix(&c.addresses[2], "10.66.0.9/32"),
		"addresses keep their host bits");
	is_int(c.n_peers, 2, "peers");
	const struct lr_config_peer *p = &c.peers[0], *q = &c.peers[1];
	is_str(p->name, "Jos\xc3\xa9", "nickname");
	ok(has_key(p->public_key, K1) && p->has_psk && has_key(p->preshared_key, K2), "keys");
	ok(has_endpoint(&p->endpoint, "[2001:db8::1]:7"), "endpoint");
	is_int(p->keepalive_s, 25, "keepalive");
	is_int(p->n_allowed, 3, "allowed IPs, one of them given twice");
	ok(has_prefix(&p->allowed[0], "10.66.1.0/24") &&
			has_prefix(&p->allowed[1], "fd00::2/128") &&
			has_prefix(&p->allowed[2], "0.0.0.0/0"),
		"allowed IPs lose their host bits");
	is_str(q->name, "", "no nickname");
	ok(!q->has_psk && q->keepalive_s == 0 && q->n_allowed == 0, "off, zeros and nothing");
	ok(has_endpoint(&q->endpoint, "192.0.2.7:443"), "a host name goes through the resolver");
	lr_config_release(&c);
	ok(!c.peers && !c.addresses && !c.has_key, "released");
}

static void test_least(void)
{
	struct lr_config c;

	read_good(&c, "[Interface]");
	ok(!c.has_key && !c.listen_port && !c.mtu && c.table == LR_TABLE_AUTO && !c.n_peers,
		"an empty interface");
	lr_config_release(&c);
	read_good(&c, P K1 "\n" I "FwMark = off\nListenPort = 0\n");
	ok(c.n_peers == 1 && c.fwmark == 0, "a peer may come first");
	lr_config_release(&c);
}

static void test_notes(void)
{
	struct lr_config c;

	read_good(&c, I "DNS = 1.1.1.1\nPostUp = rm -rf /\nPostUp = b\nPreUp = c\nPreDown = d\n"
			"postdown = e\nSaveConfig = true\n# Name = J\xf6rg\n" P K1
			"\nAllowedIPs = 10.0.0.0/8, ::/0\n" P K2 "\nAllowedIPs = 10.1.2.3/8\n");
	is_str(notes,
		"c:2: DNS is ignored: lr-up leaves the resolver as it is\n"
		"c:3: PostUp is refused: lr-up runs no commands out of a configuration file\n"
		"c:4: PostUp is refused: lr-up runs no commands out of a configuration file\n"
		"c:5: PreUp is refused: lr-up runs no commands out of a configuration file\n"
		"c:6: PreDown is refused: lr-up runs no commands out of a configuration file\n"
		"c:7: PostDown is refused: lr-up runs no commands out of a configuration file\n"
		"c:8: SaveConfig is ignored: lr-up never writes to a configuration file\n"
		"c:9: the name is not UTF-8: it is read as \"J?rg\"\n"
		"c:13: this peer takes 10.0.0.0/8 from the peer at line 10: the last one has it\n",
		"what is ignored or refused is said");
	is_int(c.n_peers, 2, "and reading goes on");
	lr_config_release(&c);
	char text[4096] = I;
	for (int i = 0; i < 100; i++)
		strcat(text, "PostUp = x\n");
	read_good(&c, text);
	ok(strstr(notes, "c:34: there are more notes, which are left out\n") &&
			!strstr(notes, "c:35:"),
		"there is an end to notes");
	lr_config_release(&c);
	read_good(&c, I "SaveConfig = false\n");
	is_str(notes, "", "SaveConfig = false asks for nothing");
	lr_config_release(&c);
}

/* --- many --- */

static void number_key(uint8_t key[LR_KEY_LEN], unsigned i)
{
	memset(key, 0, LR_KEY_LEN);
	key[0] = 1;
	memcpy(key + 4, &i, sizeof(i));
}

static void test_many(void)
{
	struct lr_config c;
	struct lr_err err = {.text = ""};
	char *text = malloc(LR_CONFIG_MAX_BYTES), *to = stpcpy(text, I), buf[LR_KEY_TEXT];
	uint8_t key[LR_KEY_LEN];

	for (unsigned i = 0; i < 60000; i++) {
		number_key(key, i);
		to += sprintf(to, P "%s\n# Name = n%u\nAllowedIPs = 10.%u.%u.%u/32\n",
			lr_key_text(key, buf), i, i >> 16, i >> 8 & 255, i & 255);
	}
	is_int(lr_config_parse(&c, text, (size_t)(to - text), "c", NULL, &err), 0, "60,000 peers");
	is_int(c.n_peers, 60000, "are all there");
	is_str(c.peers[59999].name, "n59999", "in their order");
	number_key(key, 40000);
	ok(lr_config_find_peer(&c, key) == &c.peers[40000], "and are found");
	lr_config_release(&c);
	number_key(key, 17);
	sprintf(to, P "%s\n", lr_key_text(key, buf));
	is_int(lr_config_parse(&c, text, strlen(text), "c", NULL, &err), -1, "one of them twice");
	is_str(err.text, "c:240002: this peer has the public key of the peer at line 70",
		"is found");
	free(text);
}

static void test_value(void)
{
	struct lr_config c = {0};
	struct lr_prefix prefix;
	uint8_t key[LR_KEY_LEN];

	for (unsigned i = 0; i < 9; i++) {
		number_key(key, i);
		struct lr_config_peer *p = lr_config_add_peer(&c, key);
		for (unsigned k = 0; k < 2 * i; k++) {
			prefix = (struct lr_prefix){.ip = lr_ip4(0x0a000000 + k / 2), .len = 32};
			lr_config_peer_allow(p, &prefix);
		}
	}
	bool all = true;
	for (unsigned i = 0; i < 9; i++)
		all &= c.peers[i].n_allowed == i;
	ok(all, "a prefix is kept once");
	lr_config_remove_peer(&c, &c.peers[3]);
	is_int(c.n_peers, 8, "a peer goes");
	number_key(key, 3);
	ok(!lr_config_find_peer(&c, key), "and is not found");
	number_key(key, 8);
	ok(lr_config_find_peer(&c, key) == &c.peers[7] && c.peers[7].n_allowed == 8,
		"the others move up");
	lr_config_release(&c);
	ok(!c.peers && c.n_peers == 0, "released");
}

int main(void)
{
	lr_crypto_init();
	test_refused();
	test_exit_codes();
	test_hostile_bytes();
	test_everything();
	test_least();
	test_notes();
	test_many();
	test_value();
	return tap_done();
}
