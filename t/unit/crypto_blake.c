/*
 * crypto_blake.c - BLAKE2s, its keyed form, HMAC and Kdf
 */
#include "lib/crypto/crypto.h"
#include "t/unit/crypto_hex.h"

static uint8_t count[256]; /* 0, 1, 2, ... */

static void hash(void)
{
	uint8_t out[32];

	lr_hash(out, (struct lr_span[]){{"abc", 3}}, 1);
	is_hex(out, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
		"RFC 7693, appendix B");
	/* blake2-kat of the reference code, unkeyed. */
	lr_hash(out, NULL, 0);
	is_hex(out, "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9", "nothing");
	lr_hash(out, (struct lr_span[]){{count, 64}}, 1);
	is_hex(out, "56f34e8b96557e90c1f24b52d0c89d51086acf1b00f634cf1dde9233b8eaaa3e",
		"a whole block");
	lr_hash(out, (struct lr_span[]){{count, 1}, {NULL, 0}, {count + 1, 200}, {count + 201, 54}},
		4);
	is_hex(out, "f03f5789d3336b80d002d59fdf918bdb775b00956ed5528e86aa994acb38fe2d",
		"255 bytes in four spans");
}

/* Values by Python's hashlib, which is the reference code and, run over RFC 7693's appendix E,
 * gives the RFC's grand hash. */
static void mac(void)
{
	static const struct {
		size_t key_len, len;
		const char *want;
	} cases[] = {
		{32, 0, "9536f9b267655743dee97b8a670f9f53"},
		{32, 64, "f1efa90d2547036841ecd3627fafbc36"},
		{32, 116, "072e94ffbfc684bd8ab2a1b9dade2fd5"},
		{16, 132, "b03d1196bdcfaad40f911db86b79ac7e"},
	};
	uint8_t out[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[64];
		snprintf(name, sizeof(name), "keyed with %zu bytes over %zu", cases[i].key_len,
			cases[i].len);
		lr_mac(out, count, cases[i].key_len, count, cases[i].len);
		is_hex(out, cases[i].want, name);
	}
	lr_mac(out, "k", 1, "abc", 3);
	is_hex(out, "f335237426ff5582d0c607ef240684b5", "a key of one byte");
}

/* wireguard-go, device/kdf_test.go. A key shorter than the block is padded with zeros by HMAC
 * itself, so it may be padded to 32 bytes before. */
static void kdf(void)
{
	static const struct {
		const char *key, *input, *t[3];
	} cases[] = {
		{"test-key", "test-input",
			{"6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
				"df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
				"fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c2"
				"4"}},
		{"wireguard", "wireguard",
			{"491d43bbfdaa8750aaf535e334ecbfe5129967cd64635101c566d4caefda96e8",
				"1e71a379baefd8a79aa4662212fcafe19a23e2b609a3db7d6bcba8f560e3d25f",
				"31e1ae48bddfbe5de38f295e5452b1909a1b4e38e183926af3780b0c1e1f016"
				"0"}},
		{"", "",
			{"8387b46bf43eccfcf349552a095d8315c4055beb90208fb1be23b894bc2ed5d0",
				"58a0e5f6faefccf4807bff1f05fa8a9217945762040bcec2f4b4a62bdfe0e86e",
				"0ce6ea98ec548f8e281e93e32db65621c45eb18dc6f0a7ad94178610a2f7338"
				"e"}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t key[32] = {0}, t1[32], t2[32], t3[32];
		size_t len = strlen(cases[i].input);
		memcpy(key, cases[i].key, strlen(cases[i].key));
		lr_kdf(t1, t2, t3, key, cases[i].input, len);
		is_hex(t1, cases[i].t[0], "Kdf3, first");
		is_hex(t2, cases[i].t[1], "Kdf3, second");
		is_hex(t3, cases[i].t[2], "Kdf3, third");
		memset(t2, 0, sizeof(t2));
		lr_kdf(key, t2, NULL, key, cases[i].input, len);
		is_hex(key, cases[i].t[0], "Kdf2 over its own key");
		is_hex(t2, cases[i].t[1], "Kdf2, second");
	}
}

int main(void)
{
	for (int i = 0; i < 256; i++)
		count[i] = (uint8_t)i;
	lr_crypto_init();
	hash();
	mac();
	kdf();
	return tap_done();
}
