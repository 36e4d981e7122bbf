/*
 * wg_uapi.c - tests of the cross-platform UAPI: framing, every line of "set", the text of "get"
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/wg/uapi.h"
#include "t/unit/tap.h"

#define H0                                                                                         \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e5f" /* clamped: our key     \
									    */
#define PUB0                                                                                       \
	"8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f" /* its public key       \
									    */
#define H1   "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define H2   "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
#define H3   "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define NONE "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"
#define BARE "protocol_version=1\n" NONE "persistent_keepalive_interval=0\n"

/* --- a device and its owner --- */

struct owner {
	uint16_t port;
	uint32_t mark;
	char seen[4096]; /* one letter a call of changed(): first hex digit of the key, + or - */
};

static uint16_t port(void *ctx)
{
	return ((struct owner *)ctx)->port;
}

static uint32_t fwmark(void *ctx)
{
	return ((struct owner *)ctx)->mark;
}

static int set_port(void *ctx, uint16_t to)
{
	if (to == 80)
		return -EADDRINUSE;
	((struct owner *)ctx)->port = to;
	return 0;
}

static int set_fwmark(void *ctx, uint32_t to)
{
	((struct owner *)ctx)->mark = to;
	return 0;
}

static void changed(void *ctx, struct lr_wg_peer *peer, bool removed)
{
	struct owner *o = ctx;
	size_t len = strlen(o->seen);

	if (len + 3 < sizeof(o->seen))
		snprintf(o->seen + len, 3, "%x%c", peer->public_key[0] >> 4, removed ? '-' : '+');
}

struct device {
	struct lr_wg *wg;
	struct owner owner;
	struct lr_uapi_host host;
};

static void device_init(struct device *d)
{
	static const struct lr_wg_host quiet;

	memset(d, 0, sizeof(*d));
	d->wg = lr_wg_new(&quiet);
	d->host = (struct lr_uapi_host){.ctx = &d->owner,
		.port = port,
		.fwmark = fwmark,
		.set_port = set_port,
		.set_fwmark = set_fwmark,
		.changed = changed};
}

static char *ask(struct device *d, const char *request, size_t len)
{
	size_t answer_len = 0;
	char *answer = lr_uapi_answer(d->wg, 1000, &d->host, request, len, &answer_len);

	if (!answer || strlen(answer) != answer_len)
		ok(false, "an answer and its length");
	return answer;
}

static void does(struct device *d, const char *request, const char *answer, const char *name)
{
	char *got = ask(d, request, strlen(request));

	is_str(got, answer, name);
	free(got);
}

/* --- framing --- */

static void test_request_len(void)
{
	is_int(lr_uapi_request_len("", 0), 0, "nothing yet");
	is_int(lr_uapi_request_len("get=1\n", 6), 0, "half a request");
	is_int(lr_uapi_request_len("get=1\n\n", 7), 7, "a whole one");
	is_int(lr_uapi_request_len("get=1\n\nget=1\n\n", 14), 7, "the first of two");
	is_int(lr_uapi_request_len("\n", 1), 1, "an empty line alone");
	is_int(lr_uapi_request_len("a\0b\n\n", 5), 5, "NUL bytes are bytes");
	char *big = malloc(LR_UAPI_MAX_BYTES + 2);
	memset(big, 'a', LR_UAPI_MAX_BYTES + 2);
	is_int(lr_uapi_request_len(big, LR_UAPI_MAX_BYTES - 1), 0, "long, but not yet too long");
	is_int(lr_uapi_request_len(big, LR_UAPI_MAX_BYTES), -EMSGSIZE, "too long");
	memcpy(big + LR_UAPI_MAX_BYTES, "\n\n", 2);
	is_int(lr_uapi_request_len(big, LR_UAPI_MAX_BYTES + 2), -EMSGSIZE,
		"an end that comes too late");
	memcpy(big + LR_UAPI_MAX_BYTES - 2, "\n\n", 2);
	is_int(lr_uapi_request_len(big, LR_UAPI_MAX_BYTES + 2), LR_UAPI_MAX_BYTES, "just in time");
	free(big);
}

/* --- get --- */

static void test_get(void)
{
	struct device d;

	device_init(&d);
	does(&d, "get=1\n\n", "errno=0\n\n", "an empty device");
	does(&d,
		"set=1\nprivate_key=" H0
		"\nlisten_port=51820\nfwmark=7\nreplace_peers=true\npublic_key=" H1
		"\npreshared_key=" H3 "\nendpoint=192.0.2.1:51820\npersistent_keepalive_interval="
		"25\nreplace_allowed_ips=true\n"
		"allowed_ip=10.1.2.3/8\npublic_key=" H2 "\nendpoint=[2001:db8::1]:7\n\n",
		"errno=0\n\n", "set as `wg setconf` does");
	is_str(d.owner.seen, "2+4+", "the owner hears of both peers");
	struct lr_wg_peer *p = lr_wg_peers(d.wg);
	p->stats.tx_bytes = 18446744073709551615ull;
	p->stats.rx_bytes = 148;
	p->stats.last_handshake_unix_ns = 1795420800000000042ull;
	char *first = ask(&d, "get=1\n\n", 7);
	is_str(first,
		"private_key=" H0 "\nlisten_port=51820\nfwmark=7\npublic_key=" H1
		"\npreshared_key=" H3 "\nprotocol_version=1\nendpoint=192.0.2.1:51820\nlast_"
		"handshake_time_sec=1795420800\n"
		"last_handshake_time_nsec=42\ntx_bytes=18446744073709551615\nrx_bytes=148\n"
		"persistent_keepalive_interval=25\nallowed_ip=10.0.0.0/8\npublic_key=" H2
		"\npreshared_key=" ZERO "\nprotocol_version=1\nendpoint=[2001:db8::1]:7\n" NONE
		"persistent_keepalive_interval=0\n"
		"errno=0\n\n",
		"all that is known");
	free(first);
	does(&d, "get=1\nx\n\n", "errno=22\n\n", "a get with more lines");
	lr_wg_free(d.wg);
}

/* --- set: one request on a device that has our key and peer H1 with 10.0.0.0/8 --- */

static const struct {
	const char *name, *request, *answer, *seen, *then; /* `then`: get, without our key */
} sets[] = {
	{"nothing to set", "set=1\n\n", "errno=0\n\n", "",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "allowed_ip=10.0.0.0/8\n"},
	{"a line without =", "set=1\nfwmark\n\n", "errno=-71\n\n", "", NULL},
	{"an unknown operation", "put=1\n\n", "errno=-71\n\n", "", NULL},
	{"an empty request", "\n", "errno=-71\n\n", "", NULL},
	{"set without a line end", "set=1\nfwmark=1", "errno=-71\n\n", "", NULL},
	{"an unknown key", "set=1\ncolour=blue\n\n", "errno=-22\n\n", "", NULL},
	{"a peer's line before a peer", "set=1\nallowed_ip=10.0.0.0/8\n\n", "errno=-22\n\n", "",
		NULL},
	{"a device's line behind a peer", "set=1\npublic_key=" H1 "\nfwmark=1\n\n", "errno=-22\n\n",
		"2+", NULL},
	{"a port over 65535", "set=1\nlisten_port=65536\n\n", "errno=-22\n\n", "", NULL},
	{"a port with a sign", "set=1\nlisten_port=+1\n\n", "errno=-22\n\n", "", NULL},
	{"a port that is taken", "set=1\nlisten_port=80\n\n", "errno=-98\n\n", "", NULL},
	{"a mark over 32 bits", "set=1\nfwmark=4294967296\n\n", "errno=-22\n\n", "", NULL},
	{"an empty mark", "set=1\nfwmark=\n\n", "errno=-22\n\n", "", NULL},
	{"a short private key", "set=1\nprivate_key=00\n\n", "errno=-22\n\n", "", NULL},
	{"a public key that is no hex", "set=1\npublic_key=g" H1 "\n\n", "errno=-22\n\n", "", NULL},
	{"replace_peers=false", "set=1\nreplace_peers=false\n\n", "errno=-22\n\n", "", NULL},
	{"replace_peers", "set=1\nreplace_peers=true\n\n", "errno=0\n\n", "2-", ""},
	{"a new peer", "set=1\npublic_key=" H2 "\n\n", "errno=0\n\n", "4+",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE
		"allowed_ip=10.0.0.0/8\npublic_key=" H2 "\npreshared_key=" ZERO "\n" BARE},
	{"a prefix moves to the last peer that claims it",
		"set=1\npublic_key=" H2 "\nallowed_ip=10.9.9.9/8\n\n", "errno=0\n\n", "4+",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "public_key=" H2
		"\npreshared_key=" ZERO "\n" BARE "allowed_ip=10.0.0.0/8\n"},
	{"update_only of nobody",
		"set=1\npublic_key=" H2 "\nupdate_only=true\nallowed_ip=10.0.0.0/8\n\n",
		"errno=0\n\n", "",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "allowed_ip=10.0.0.0/8\n"},
	{"update_only of somebody",
		"set=1\npublic_key=" H1 "\nupdate_only=true\nallowed_ip=::/0\n\n", "errno=0\n\n",
		"2+", NULL},
	{"update_only that comes late",
		"set=1\npublic_key=" H2 "\nallowed_ip=11.0.0.0/8\nupdate_only=true\n\n",
		"errno=0\n\n", "",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "allowed_ip=10.0.0.0/8\n"},
	{"values for nobody are checked too",
		"set=1\npublic_key=" H2 "\nupdate_only=true\nallowed_ip=x/8\n\n", "errno=-22\n\n",
		"", NULL},
	{"remove", "set=1\npublic_key=" H1 "\nremove=true\nallowed_ip=::/0\n\n", "errno=0\n\n",
		"2-", ""},
	{"remove nobody", "set=1\npublic_key=" H2 "\nremove=true\n\n", "errno=0\n\n", "",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "allowed_ip=10.0.0.0/8\n"},
	{"remove=1", "set=1\npublic_key=" H1 "\nremove=1\n\n", "errno=-22\n\n", "2+", NULL},
	{"our own key as a peer",
		"set=1\npublic_key=" PUB0 "\nallowed_ip=10.0.0.0/8\nendpoint=192.0.2.1:1\n"
		"preshared_key=" H1 "\npersistent_keepalive_interval=1\n\n",
		"errno=0\n\n", "",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "allowed_ip=10.0.0.0/8\n"},
	{"replace_allowed_ips",
		"set=1\npublic_key=" H1 "\nreplace_allowed_ips=true\nallowed_ip=fd00::1/64\n\n",
		"errno=0\n\n", "2+",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "allowed_ip=fd00::/64\n"},
	{"a prefix taken away", "set=1\npublic_key=" H1 "\nallowed_ip=-10.0.0.0/8\n\n",
		"errno=0\n\n", "2+", "public_key=" H1 "\npreshared_key=" ZERO "\n" BARE},
	{"a prefix taken away that is not there",
		"set=1\npublic_key=" H1 "\nallowed_ip=-11.0.0.0/8\n\n", "errno=0\n\n", "2+",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "allowed_ip=10.0.0.0/8\n"},
	{"a prefix without length", "set=1\npublic_key=" H1 "\nallowed_ip=10.0.0.1\n\n",
		"errno=-22\n\n", "2+", NULL},
	{"an endpoint without port", "set=1\npublic_key=" H1 "\nendpoint=192.0.2.1\n\n",
		"errno=-22\n\n", "2+", NULL},
	{"a keepalive over 65535",
		"set=1\npublic_key=" H1 "\npersistent_keepalive_interval=65536\n\n",
		"errno=-22\n\n", "2+", NULL},
	{"protocol version 2", "set=1\npublic_key=" H1 "\nprotocol_version=2\n\n", "errno=-22\n\n",
		"2+", NULL},
	{"our own key once more", "set=1\nprivate_key=" H0 "\n\n", "errno=0\n\n", "",
		"public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "allowed_ip=10.0.0.0/8\n"},
	{"protocol version 1", "set=1\npublic_key=" H1 "\nprotocol_version=1\n\n", "errno=0\n\n",
		"2+", NULL},
	{"what stands before a bad line has happened",
		"set=1\nfwmark=9\npublic_key=" H2
		"\npersistent_keepalive_interval=9\nallowed_ip=x\n\n",
		"errno=-22\n\n", "4+",
		"fwmark=9\npublic_key=" H1 "\npreshared_key=" ZERO "\n" BARE
		"allowed_ip=10.0.0.0/8\npublic_key=" H2 "\npreshared_key=" ZERO
		"\nprotocol_version=1\n" NONE "persistent_keepalive_interval=9\n"},
};

#define OURS "private_key=" H0 "\n"

static void test_set(void)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct device d;
		device_init(&d);
		does(&d, "set=1\n" OURS "public_key=" H1 "\nallowed_ip=10.0.0.0/8\n\n",
			"errno=0\n\n", sets[i].name);
		d.owner.seen[0] = '\0';
		does(&d, sets[i].request, sets[i].answer, sets[i].name);
		is_str(d.owner.seen, sets[i].seen, sets[i].name);
		if (sets[i].then) {
			char want[2048];
			snprintf(want, sizeof(want), OURS "%serrno=0\n\n", sets[i].then);
			does(&d, "get=1\n\n", want, sets[i].name);
		}
		lr_wg_free(d.wg);
	}
}

static void test_bytes(void)
{
	static const char nul[] = "set=1\nfwmark=7\0\n\n",
			  late[] = "set=1\npublic_key=" H1 "\0\n\n";
	char big[4096] = "set=1\nfwmark=";
	struct device d;

	device_init(&d);
	char *answer = ask(&d, nul, sizeof(nul) - 1);
	is_str(answer, "errno=-22\n\n", "a NUL byte in a value");
	free(answer);
	answer = ask(&d, late, sizeof(late) - 1);
	is_str(answer, "errno=-22\n\n", "a NUL byte behind a key");
	free(answer);
	memset(big + 13, '0', 4000);
	strcpy(big + 4013, "\n\n");
	does(&d, big, "errno=-22\n\n", "a line that is too long");
	is_int(lr_wg_peer_count(d.wg), 0, "nothing came of it");
	lr_wg_free(d.wg);
}

static void test_own_key(void)
{
	struct device d;

	device_init(&d);
	does(&d, "set=1\npublic_key=" PUB0 "\npublic_key=" H1 "\n\n", "errno=0\n\n",
		"peers, and no key yet");
	is_str(d.owner.seen, "8+2+", "both are there");
	does(&d, "set=1\nprivate_key=" H0 "\n\n", "errno=0\n\n",
		"the key of one of them becomes ours");
	is_str(d.owner.seen, "8+2+8-", "that peer goes, and the owner hears of it");
	is_int(lr_wg_peer_count(d.wg), 1, "the other stays");
	does(&d, "set=1\nprivate_key=" ZERO "\n\n", "errno=0\n\n", "zeros take the key away");
	ok(!lr_wg_private_key(d.wg), "it is gone");
	lr_wg_free(d.wg);
}

/* Without hooks: a device whose owner has no socket. */
static void test_no_hooks(void)
{
	struct device d;

	device_init(&d);
	d.host = (struct lr_uapi_host){0};
	does(&d, "set=1\nlisten_port=1\n\n", "errno=-95\n\n", "no port to set");
	does(&d, "set=1\nfwmark=1\n\n", "errno=-95\n\n", "no mark to set");
	does(&d, "set=1\npublic_key=" H1 "\n\n", "errno=0\n\n", "peers are the device's");
	does(&d, "get=1\n\n", "public_key=" H1 "\npreshared_key=" ZERO "\n" BARE "errno=0\n\n",
		"no port to tell");
	lr_wg_free(d.wg);
}

/* A device whose key others know it by. */
static void test_fixed_key(void)
{
	struct device d;

	device_init(&d);
	does(&d, "set=1\nprivate_key=" H0 "\n\n", "errno=0\n\n", "a key");
	d.host.fixed_key = true;
	does(&d, "set=1\nprivate_key=" H1 "\n\n", "errno=-1\n\n", "another one is refused");
	does(&d, "set=1\nprivate_key=" ZERO "\n\n", "errno=-1\n\n", "so is none");
	does(&d, "set=1\nprivate_key=" H0 "\npublic_key=" H2 "\n\n", "errno=0\n\n",
		"the same is fine, and what follows it");
	ok(lr_wg_private_key(d.wg) && lr_wg_peers(d.wg), "it has its key and its peer");
	lr_wg_free(d.wg);
}

/* Lines that begin so. No strstr(): a sanitizer's takes the length of all that follows each time.
 */
static unsigned lines_of(const char *text, const char *head)
{
	unsigned n = 0;
	size_t len = strlen(head);

	for (const char *at = text; *at; at++)
		n += (at == text || at[-1] == '\n') && strncmp(at, head, len) == 0;
	return n;
}

static void test_many(void)
{
	char *request = malloc(8u << 20), *to = stpcpy(request, "set=1\n");
	struct device d;

	device_init(&d);
	for (unsigned i = 0; i < 20000; i++)
		to += sprintf(to, "public_key=%08x%s\nallowed_ip=10.%u.%u.%u/32\n", i + 1, H1 + 8,
			i >> 16, i >> 8 & 255, i & 255);
	strcpy(to, "\n");
	does(&d, request, "errno=0\n\n", "20,000 peers in one request");
	is_int(lr_wg_peer_count(d.wg), 20000, "all are there");
	char *answer = ask(&d, "get=1\n\n", 7);
	is_int(lines_of(answer, "public_key="), 20000, "and are told");
	is_int(lines_of(answer, "allowed_ip="), 20000, "with what they may send");
	free(answer);
	free(request);
	lr_wg_free(d.wg);
}

int main(void)
{
	lr_crypto_init();
	test_request_len();
	test_get();
	test_set();
	test_bytes();
	test_own_key();
	test_no_hooks();
	test_fixed_key();
	test_many();
	return tap_done();
}
