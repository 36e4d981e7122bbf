/*
 * crypto_proof.c - proofs of X25519 keys: vectors, tampering, other keys, points of small order
 *
 * The vectors are from a second implementation (affine, in Python's integers); OpenSSL's Ed25519
 * verifies the signature in each, those under odd points as well.
 */
#include "lib/crypto/proof.h"
#include "t/unit/crypto_hex.h"

struct proven {
	uint8_t priv[32], pub[32], proof[LR_PROOF_LEN];
};

static struct proven fresh(const char *msg)
{
	struct proven p;
	uint8_t random[32];

	lr_keypair(p.priv, p.pub);
	lr_random(random, sizeof(random));
	lr_proof_make(p.proof, msg, strlen(msg), p.priv, random);
	return p;
}

static void vectors(void)
{
	static const struct {
		const char *priv, *random, *msg, *pub, *proof;
	} cases[] = {
		{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			"0000000000000000000000000000000000000000000000000000000000000000", "abc",
			"8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f",
			"1ac105ea144728da5ebea01e5ee75d70584f1f3cd448b1ec7c2bddda3fbd1f0e"
			"3acc0fa6df150a781bb50ae567a5f207ea6bb89e9ede49732b839692e74d61cc"
			"868e5ba2f4ffeed496d977fa272bace03d703b610cc27a73eac5b1f2cdf59708"},
		/* Its clamped form is far above L. */
		{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
			"1111111111111111111111111111111111111111111111111111111111111111", "",
			"847c0d2c375234f365e660955187a3735a0f7613d1609d3a6a4d8c53aeaa5a22",
			"12e9a68b73fd5aacdbcaf3e88c46fea6ebedb1aa84eed1842f07f8edab65e3a7"
			"81ea0cbfcd9334d8f03f7020e01168c8de8374ff4f61ec374fd30b4965eaca4e"
			"54adb6bbdc2560600a6a43683f678782a76d8ea7454d16fbac53bf72316dce05"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t priv[32], random[32], pub[32], proof[LR_PROOF_LEN];
		size_t len = strlen(cases[i].msg);

		unhex(priv, cases[i].priv);
		unhex(random, cases[i].random);
		lr_public_key(pub, priv);
		is_hex(pub, cases[i].pub, "the key");
		lr_proof_make(proof, cases[i].msg, len, priv, random);
		is_hex(proof, cases[i].proof, "its proof, to the bit");
		ok(lr_proof_check(proof, cases[i].msg, len, pub), "which is one");
	}
}

static void agreement(void)
{
	unsigned good = 0, signs = 0;

	for (int i = 0; i < 200; i++) {
		struct proven p = fresh("of whatever key");
		good += lr_proof_check(p.proof, "of whatever key", 15, p.pub);
		signs += p.proof[31] >> 7;
	}
	is_int(good, 200, "every key can be proven");
	ok(signs > 0 && signs < 200, "with points of either sign: %u of 200", signs);
}

static void tampered(void)
{
	struct proven p = fresh("hello"), other = fresh("hello");
	uint8_t mixed[LR_PROOF_LEN];
	unsigned taken = 0;

	ok(!lr_proof_check(p.proof, "hellp", 5, p.pub), "not over another message");
	ok(!lr_proof_check(p.proof, "hell", 4, p.pub), "nor a shorter one");
	ok(!lr_proof_check(p.proof, "hello", 5, other.pub), "not of another's key");
	memcpy(mixed, p.proof, sizeof(mixed));
	memcpy(mixed, other.proof, 32);
	ok(!lr_proof_check(mixed, "hello", 5, p.pub), "not with another's point");
	ok(!lr_proof_check(mixed, "hello", 5, other.pub), "nor under the other's key");
	for (unsigned bit = 0; bit < LR_PROOF_LEN * 8; bit++) {
		p.proof[bit / 8] ^= 1 << bit % 8;
		taken += lr_proof_check(p.proof, "hello", 5, p.pub);
		p.proof[bit / 8] ^= 1 << bit % 8;
	}
	is_int(taken, 0, "no bit can be flipped");
	/* WireGuard would take u + p or a set top bit for the same key. */
	p.pub[31] ^= 0x80;
	ok(!lr_proof_check(p.proof, "hello", 5, p.pub),
		"nor is a second spelling of the key proven");
}

/* Points with a part of small order: their signatures verify as Ed25519, under no key of ours. */
static void odd_points(void)
{
	static const struct {
		const char *name, *pub, *proof;
	} cases[] = {
		{"a key and a point of order 8",
			"4bccf87523680f38820e85a5956f1dba2bd9564dc8a92bf395b8996f41ce724a",
			"d943dddcac4f556d45bc84b68314d4162d19e868f63cfe7e662abad78a8ea0a6"
			"f7c7c2cbe5e61f770e947bf9d29cee2205245140d94d49eae1c0c6be138f697d"
			"f8949fd29b3a8a233c7e68dcec7cd70ee46eabe28402ce0780cc90470bd2b502"},
		{"a point of order 8 alone, which needs no private key",
			"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
			"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
			"8980c46efce4d1fd7407b4186eed85ee94f3df36d0bfe16d005dce51e532badf"
			"ef97dc1ede44f476a69f4eae4d7827a3b40e8b41c38de1b8c84f22b831bfaa09"},
	};
	uint8_t pub[32], proof[LR_PROOF_LEN] = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unhex(pub, cases[i].pub);
		unhex(proof, cases[i].proof);
		ok(!lr_proof_check(proof, "abc", 3, pub), "%s", cases[i].name);
	}
	memset(pub, 0, sizeof(pub));
	memset(proof, 0, sizeof(proof));
	ok(!lr_proof_check(proof, "abc", 3, pub), "nothing is no proof of nothing");
	proof[0] = proof[32] = 1; /* the neutral element */
	ok(!lr_proof_check(proof, "abc", 3, pub), "nor is the neutral element");
}

int main(void)
{
	lr_crypto_init();
	vectors();
	agreement();
	tampered();
	odd_points();
	return tap_done();
}
