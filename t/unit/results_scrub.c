/* What may be given to strangers, and the archive that it goes into. */
#include "lib/results/scrub.h"

#include <stdlib.h>

#include "lib/results/bundle.h"
#include "t/unit/tap.h"

static void texts(void)
{
	static const char *const secret[] = {"lr://203.0.113.7/alice#AAAA",
		"see 198.51.100.9 there", "8.8.8.8:51820", "[2001:db8::1]:51820",
		"2a00:1450:4001::200e",
		"qfOJ9v0gPFlWHJy1XfDpZkXj4LQ7cAgtSxbTtQl3q2A=", "via 1.1.1.1."};
	static const char *const plain[] = {"alice", "10.66.0.1", "10.66.0.0/16", "fd66::2/128",
		"192.168.1.5:51820", "2026-11-23T16:00:00.123Z", "12.2.0", "OpenSSL 3.0.17",
		"05b40daf76bc-dirty", "growth_ipam_lookup_address", "Linux 6.18.44-1", ""};

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		ok(lr_scrub_secret(secret[i]), "goes: %s", secret[i]);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ok(!lr_scrub_secret(plain[i]), "stays: %s", plain[i]);
}

static void objects(void)
{
	json_t *o = json_pack("{s:s,s:s,s:n,s:[{s:s,s:i},s],s:s}", "endpoint", "192.168.1.5:7",
		"peer", "bob", "public_key", "peers", "private_key", "short", "rx_bytes", 7,
		"8.8.8.8", "address", "10.66.0.1");
	json_t *clean = lr_scrub(o);
	char *text = json_dumps(clean, JSON_COMPACT);

	is_str(text,
		"{\"endpoint\":\"removed\",\"peer\":\"bob\",\"public_key\":null,"
		"\"peers\":[{\"private_key\":\"removed\",\"rx_bytes\":7},\"removed\"],"
		"\"address\":\"10.66.0.1\"}",
		"by name, by form, and nothing else");
	free(text);
	json_decref(o);
	json_decref(clean);
}

/* Beyond a stored block's 65,535 bytes; what tar and gzip make of it, t/bench.bats sees. */
static void archive(void)
{
	static char big[100000];
	struct lr_bundle b = {0};
	size_t len = 0;
	char name[120];

	memset(big, 'x', sizeof(big));
	is_int(lr_bundle_add(&b, "a", "hello", 5, 0), 0, "a file");
	is_int(lr_bundle_add(&b, "b", big, sizeof(big), 0), 0, "a large one");
	memset(name, 'n', sizeof(name));
	name[100] = '\0';
	ok(lr_bundle_add(&b, name, "", 0, 0) < 0, "a name that does not fit");
	uint8_t *bytes = lr_bundle_pack(&b, &len);
	ok(bytes && bytes[0] == 0x1f && bytes[1] == 0x8b, "gzip");
	is_int(len, 10 + (512 + 512 + 512 + 100352 + 1024) + 5 * 2 + 8, "as long as its parts");
	free(bytes);
	lr_bundle_release(&b);
}

int main(void)
{
	texts();
	objects();
	archive();
	return tap_done();
}
