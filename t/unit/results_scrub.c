/* What may be given to strangers, and the archive that it goes into. */
#include "lib/results/scrub.h"

#include <stdlib.h>

#include "lib/net/addr.h"
#include "lib/results/bundle.h"
#include "t/unit/tap.h"

static void texts(void)
{
	static const char *const secret[] = {"lr://203.0.113.7/alice#AAAA",
		"see 198.51.100.9 there", "8.8.8.8:51820", "[2001:db8::1]:51820",
		"2a00:1450:4001::200e",
		"qfOJ9v0gPFlWHJy1XfDpZkXj4LQ7cAgtSxbTtQl3q2A=", "via 1.1.1.1.",
		"::ffff:198.51.100.9", "::ffff:c633:6409", "udp:198.51.100.11:51820",
		"https://203.0.113.7/x", "http://myrelay/", "tcp/198.51.100.10:443", "peer-8.8.8.8",
		"x2a01:4f8::1", "face2a01:4f8::1", "fd66::2 2a01:4f8::1", "fd66::2.2a01:4f8::1",
		"dead:2a01:4f8::1", "port:2a01:4f8::1", "2a01:4f8::1%eth0", "[2a01:4f8::1]:51820",
		"2a01:4f8:0:0:0:0:0:1:51820", "64:ff9b::c633:6409", "12348.8.8.8", "8.8.8.81234",
		"10.66.8.8.8.8", "relay.example.org:3478", "to relay.example.org.",
		"alice@example.org", "doom.pcap:3478", "relay/alice#EAABAgMEBQYHCAkKCwwNDg8Q0bbc"};
	static const char *const plain[] = {"alice", "10.66.0.1", "10.66.0.0/16", "fd66::2/128",
		"192.168.1.5:51820", "2026-11-23T16:00:00.123Z", "12.2.0", "OpenSSL 3.0.17",
		"05b40daf76bc-dirty", "growth_ipam_lookup_address", "Linux 6.18.44-1", "",
		"share/traces/doom.pcap", "libcrypto.so.3", "12:34:56", "02:00:00:00:00:01",
		"6.1.0-18-amd64", "5.14.0-427.el9.x86_64", "Debian GNU/Linux 12 (bookworm)",
		"Intel(R) Xeon(R) CPU E5-2670 v3 @ 2.30GHz", "fe80::1%lr0", "::1",
		"::", "fd12:3456:789a::1/64", "udp:10.66.0.1:51820", "::ffff:10.66.0.1", "a.b",
		"the end. Then: more", "poll;udp;open", "1.2", "..."};

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		ok(lr_scrub_secret(secret[i]), "goes: %s", secret[i]);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ok(!lr_scrub_secret(plain[i]), "stays: %s", plain[i]);
}

static uint64_t state = 7;

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint32_t draw(uint32_t below)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) % below);
}

/* Printable characters; the last one does not continue an address of that family to its left. */
static size_t around(char *out, bool before, bool six)
{
	size_t n = draw(12);

	for (size_t i = 0; i < n; i++)
		out[i] = (char)(' ' + draw(95));
	if (before && n)
		while (six ? strchr("0123456789abcdefABCDEF:", out[n - 1]) != NULL
			   : strchr("0123456789", out[n - 1]) != NULL)
			out[n - 1] = (char)(' ' + draw(95));
	return n;
}

static void random_ip(struct lr_ip *ip, bool six)
{
	do {
		*ip = (struct lr_ip){.family = six ? 6 : 4};
		for (size_t i = 0; i < (six ? 16 : 4); i++)
			ip->b[i] = draw(4) ? (uint8_t)draw(256) : 0;
		if (six)
			ip->b[0] = (uint8_t)(0x20 | draw(32));
	} while (!lr_ip_public(ip));
}

/* Addresses of the internet in any surroundings go; and those of a LAN stay in such as can say
 * nothing else. */
static void surroundings(void)
{
	static const char *const plain[] = {
		"", " ", "udp:", "tcp/", "peer-", "(", "[", "x", "via "};
	unsigned kept = 0, gone = 0;
	char text[120], word[LR_ADDR_TEXT];
	struct lr_ip ip;

	for (unsigned i = 0; i < 40000; i++) {
		bool six = i % 2;
		random_ip(&ip, six);
		size_t n = around(text, true, six);
		n += (size_t)sprintf(text + n, "%s", lr_ip_text(&ip, word));
		n += around(text + n, false, six);
		text[n] = '\0';
		if (!lr_scrub_secret(text) && kept++ < 3)
			printf("# %s\n", text);
	}
	is_int(kept, 0, "no address of the internet stays, whatever stands around it");
	for (unsigned i = 0; i < 20000; i++) {
		bool six = i % 2;
		random_ip(&ip, six);
		ip.b[0] = six ? 0xfd : 10;
		sprintf(text, "%s%s%s", plain[draw(9)], lr_ip_text(&ip, word),
			six ? "]:51820" : ":51820");
		if (lr_scrub_secret(text) && gone++ < 3)
			printf("# %s\n", text);
	}
	is_int(gone, 0, "every address of a LAN stays");
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
	surroundings();
	objects();
	archive();
	return tap_done();
}
