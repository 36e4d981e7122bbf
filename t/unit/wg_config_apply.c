/*
 * wg_config_apply.c - tests of bringing a device to a configuration: what changes, what goes on
 */
#include <arpa/inet.h>
#include <errno.h>

#include "lib/wg/config.h"
#include "t/unit/tap.h"

#define KA "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" /* our private key, and another */
#define KB "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define KC "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
#define KD "YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8="
#define I  "[Interface]\nPrivateKey = " KA "\n"

static struct lr_wg *ours, *theirs;
static char pub_b[LR_KEY_TEXT]; /* public key of KB, the other device */
static uint64_t now = 1000000000;

static const struct lr_endpoint at_a = {
	.in = {.sin_family = AF_INET, .sin_port = 0x0100, .sin_addr.s_addr = 0x010200c0}};
static const struct lr_endpoint at_b = {
	.in = {.sin_family = AF_INET, .sin_port = 0x0200, .sin_addr.s_addr = 0x020200c0}};

static void apply(const char *text, const char *name)
{
	struct lr_config c;
	struct lr_err err = {.text = ""};

	if (lr_config_parse(&c, text, strlen(text), "c", NULL, &err) != 0) {
		ok(false, "%s: %s", name, err.text);
		return;
	}
	is_int(lr_config_apply(&c, ours, now), 0, name);
	lr_config_release(&c);
}

static struct lr_wg_peer *peer(const char *key_text)
{
	uint8_t key[LR_KEY_LEN];

	lr_key_parse(key_text, key);
	return lr_wg_peer_find(ours, key);
}

/* Whom a packet for 10.0.0.`last` goes to. */
static struct lr_wg_peer *route(uint8_t last)
{
	const uint8_t dst[4] = {10, 0, 0, last};

	return lr_wg_route(ours, 4, dst);
}

/* Hands what one device wants to send to the other; false when there was nothing. */
static bool carry(struct lr_wg *from, struct lr_wg *to, const struct lr_endpoint *src)
{
	uint8_t msg[2048];
	struct lr_wg_tx tx;
	struct lr_wg_rx rx;
	bool any = false;

	while (lr_wg_poll(from, now, &tx)) {
		memcpy(msg, tx.msg, tx.len);
		lr_wg_receive(to, now, src, msg, tx.len, &rx);
		any = true;
	}
	return any;
}

static void talk(void)
{
	bool more = true;

	for (int i = 0; i < 10 && more; i++) {
		more = carry(ours, theirs, &at_a);
		more |= carry(theirs, ours, &at_b);
	}
}

/* A packet to the other device can be sealed without a handshake. */
static bool has_session(void)
{
	uint8_t msg[LR_WG_HEAD + 64 + LR_TAG_LEN] = {0};

	return lr_wg_seal(ours, now, peer(pub_b), msg, 32, 32) > 0;
}

static void other_device(void)
{
	static const struct lr_wg_host quiet;
	uint8_t key[LR_KEY_LEN];

	ours = lr_wg_new(&quiet);
	theirs = lr_wg_new(&quiet);
	lr_key_parse(KB, key);
	lr_wg_set_key(theirs, key);
	lr_key_text(lr_wg_public_key(theirs), pub_b);
	lr_key_parse(KA, key);
	lr_public_key(key, key);
	lr_wg_peer_add(theirs, key);
}

static const char *with(const char *format)
{
	static char text[2048];

	snprintf(text, sizeof(text), format, pub_b);
	return text;
}

static void test_first(void)
{
	apply(with(I "[Peer]\nPublicKey = %s\nEndpoint = 192.0.2.2:2\nAllowedIPs = 10.0.0.2, "
		     "10.0.0.3\n"
		     "PersistentKeepalive = 25\n[Peer]\nPublicKey = " KC "\nPresharedKey = " KD
		     "\nAllowedIPs = 10.0.0.3\n"),
		"onto an empty device");
	is_int(lr_wg_peer_count(ours), 2, "two peers");
	uint8_t key[LR_KEY_LEN];
	lr_key_parse(KD, key);
	is_mem(peer(KC)->preshared_key, key, LR_KEY_LEN, "with its preshared key");
	is_int(peer(pub_b)->keepalive_s, 25, "with its keepalive");
	ok(route(2) == peer(pub_b) && route(3) == peer(KC),
		"of two peers with one prefix the last has it");
	talk();
	ok(has_session(), "a session stands");
}

static void test_again(void)
{
	struct lr_wg_peer *b = peer(pub_b);
	struct lr_endpoint before = b->endpoint;

	apply(with(I "[Peer]\nPublicKey = " KD "\nAllowedIPs = 10.0.0.4\n[Peer]\nPublicKey = %s\n"
		     "AllowedIPs = 10.0.0.5\n"),
		"another configuration");
	ok(peer(pub_b) == b && has_session(), "the session of a peer that stays goes on");
	ok(lr_endpoint_equal(&before, &b->endpoint), "an endpoint that is not stated stays");
	is_int(b->keepalive_s, 0, "a keepalive that is not stated goes");
	ok(!peer(KC) && peer(KD), "peers go and come");
	ok(route(5) == b && !route(2) && !route(3) && route(4) == peer(KD),
		"allowed IPs are the new ones");
}

static void test_changes(void)
{
	apply(with("[Interface]\n[Peer]\nPublicKey = %s\nEndpoint = [2001:db8::1]:9\n"),
		"no key: the device's stays");
	ok(has_session(), "and its sessions");
	char text[LR_ENDPOINT_TEXT];
	is_str(lr_endpoint_text(&peer(pub_b)->endpoint, text), "[2001:db8::1]:9",
		"a stated endpoint is set");
	apply(with("[Interface]\nPrivateKey = " KC "\n[Peer]\nPublicKey = %s\n"), "another key");
	ok(!has_session(), "ends the sessions");
	lr_key_text(lr_wg_public_key(ours), text);
	char own[200];
	snprintf(own, sizeof(own), "[Interface]\n[Peer]\nPublicKey = %s\n", text);
	apply(own, "a peer with the device's own key is passed over");
	is_int(lr_wg_peer_count(ours), 0, "nobody is left");
	apply("[Interface]\n", "an empty configuration");
}

int main(void)
{
	lr_crypto_init();
	other_device();
	test_first();
	test_again();
	test_changes();
	lr_wg_free(ours);
	lr_wg_free(theirs);
	return tap_done();
}
