/*
 * crypto_x25519.c - X25519 against RFC 7748, points of low order, random
 */
#include "lib/crypto/crypto.h"
#include "t/unit/crypto_hex.h"

static void vectors(void)
{
	static const char *const cases[][3] = {
		{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
	};
	uint8_t k[32], u[32], out[32];

	for (int i = 0; i < 2; i++) {
		unhex(k, cases[i][0]);
		unhex(u, cases[i][1]);
		ok(lr_dh(out, k, u), "section 5.2, vector %d", i + 1);
		is_hex(out, cases[i][2], "gives its value");
	}
}

static void iterated(void)
{
	uint8_t k[32] = {9}, u[32] = {9}, out[32];

	for (int i = 1; i <= 1000; i++) {
		lr_dh(out, k, u);
		memcpy(u, k, 32);
		memcpy(k, out, 32);
		if (i == 1)
			is_hex(k,
				"422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
				"section 5.2, once");
	}
	is_hex(k, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51",
		"section 5.2, a thousand times");
}

/* Section 6.1, Bob's keys and what Alice's public key makes of them. */
static void agreement(void)
{
	uint8_t bob[32], alice_public[32], out[32];

	unhex(bob, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
	unhex(alice_public, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	lr_public_key(out, bob);
	is_hex(out, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		"section 6.1: Bob's public key");
	ok(lr_dh(out, bob, alice_public), "section 6.1: agreement");
	is_hex(out, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
		"section 6.1: the secret");
}

/* All points of order 1, 2, 4 and 8 and their spellings below 2^255 (section 6.1 asks for this). */
static void low_order(void)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t k[32], p[32], u[32], out[32];

	lr_keypair(k, p);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		unhex(u, points[i]);
		ok(!lr_dh(out, k, u), "refused: %s", points[i]);
	}
}

static void keys(void)
{
	uint8_t a[32], a_public[32], b[32], b_public[32], one[32], two[32];

	lr_keypair(a, a_public);
	lr_keypair(b, b_public);
	ok((a[0] & 7) == 0 && (a[31] & 0xc0) == 0x40, "a fresh key is clamped");
	ok(memcmp(a, b, 32) != 0, "and not the last one again");
	ok(lr_dh(one, a, b_public) && lr_dh(two, b, a_public), "two agree");
	ok(lr_same(one, two, 32), "on the same");
	two[31] ^= 1;
	ok(!lr_same(one, two, 32), "lr_same() sees one bit");
	lr_wipe(one, 32);
	is_hex(one, "0000000000000000000000000000000000000000000000000000000000000000",
		"lr_wipe() leaves zeros");
	unsigned seen = 0;
	for (int i = 0; i < 1000; i++) {
		uint32_t r = lr_random_below(5);
		seen |= r < 5 ? 1u << r : 1u << 31;
	}
	is_int(seen, 31, "lr_random_below(5) gives 0..4, each of them");
}

int main(void)
{
	lr_crypto_init();
	vectors();
	iterated();
	agreement();
	low_order();
	keys();
	return tap_done();
}
