/*
 * crypto_sign.c - Ed25519ph, sealed boxes, BLAKE2b, key derivation, base64url
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/crypto/sign.h"
#include "t/unit/crypto_hex.h"

/* RFC 8032, section 7.3: TEST abc of Ed25519ph. */
static void rfc8032(void)
{
	uint8_t seed[32], pub[32], secret[64], sig[64], again[32];
	const struct lr_span whole = {"abc", 3}, parts[] = {{"a", 1}, {"", 0}, {"bc", 2}};

	unhex(seed, "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
	lr_sign_seeded(pub, secret, seed);
	is_hex(pub, "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
		"the seed gives the public key");
	lr_sign_public(again, secret);
	is_mem(again, pub, 32, "which the secret knows as well");
	lr_sign(sig, &whole, 1, secret);
	is_hex(sig,
		"98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
		"31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
		"and the signature of the RFC");
	ok(lr_sign_check(sig, parts, 3, pub), "the cut into spans does not matter");
}

static void forged(void)
{
	uint8_t pub[32], secret[64], sig[64], zero[32] = {0};
	const struct lr_span msg = {"hello", 5}, other = {"hellp", 5};
	unsigned taken = 0;

	lr_sign_keypair(pub, secret);
	lr_sign(sig, &msg, 1, secret);
	ok(lr_sign_check(sig, &msg, 1, pub), "a fresh key signs");
	ok(!lr_sign_check(sig, &other, 1, pub), "not for another message");
	for (unsigned bit = 0; bit < 512; bit++) {
		sig[bit / 8] ^= 1 << bit % 8;
		taken += lr_sign_check(sig, &msg, 1, pub);
		sig[bit / 8] ^= 1 << bit % 8;
	}
	is_int(taken, 0, "no bit of a signature can be flipped");
	memset(sig, 0, sizeof(sig));
	ok(!lr_sign_check(sig, &msg, 1, zero), "a key of small order signs nothing");
}

static void boxes(void)
{
	uint8_t priv[32], pub[32], other_priv[32], other_pub[32], box[16 + 48], out[16],
		zero[32] = {0};
	unsigned taken = 0;

	lr_keypair(priv, pub);
	lr_keypair(other_priv, other_pub);
	ok(lr_box_seal(box, "sixteen letters.", 16, pub), "a box is made");
	ok(lr_box_open(out, box, sizeof(box), priv), "its owner opens it");
	is_mem(out, "sixteen letters.", 16, "and reads what was put in");
	ok(!lr_box_open(out, box, sizeof(box), other_priv), "nobody else does");
	for (unsigned bit = 0; bit < sizeof(box) * 8; bit++) {
		box[bit / 8] ^= 1 << bit % 8;
		taken += lr_box_open(out, box, sizeof(box), priv);
		box[bit / 8] ^= 1 << bit % 8;
	}
	/* The highest bit of a public key is ignored by X25519, but the nonce depends on it. */
	is_int(taken, 0, "nor when a bit was flipped");
	ok(!lr_box_open(out, box, 47, priv), "nor when it is too short");
	ok(!lr_box_seal(box, "x", 1, zero), "no box for a key of low order");
}

static void pairs(void)
{
	uint8_t a[32], A[32], b[32], B[32], ab[32], ba[32], zero[32] = {0};

	lr_keypair(a, A);
	lr_keypair(b, B);
	ok(lr_pair_secret(ab, "x", a, B) && lr_pair_secret(ba, "x", b, A), "a pair has a secret");
	is_mem(ab, ba, 32, "the same at both ends");
	ok(lr_pair_secret(ba, "y", b, A) && memcmp(ab, ba, 32) != 0, "another in another context");
	ok(!lr_pair_secret(ba, "x", b, zero), "none with a point of low order");
}

/* RFC 7693, appendix A; crypto_kdf by its definition: keyed BLAKE2b with number and context as
 * salt and personal parameter, computed with Python's hashlib. */
static void digests(void)
{
	uint8_t out[64], key[32];

	lr_digest(out, 64, NULL, 0, (struct lr_span[]){{"a", 1}, {"bc", 2}}, 2);
	is_hex(out,
		"ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
		"7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
		"BLAKE2b-512 of abc");
	for (unsigned i = 0; i < 32; i++)
		key[i] = (uint8_t)i;
	lr_subkey(out, 64, 0, "KDF test", key);
	is_hex(out,
		"a0c724404728c8bb95e5433eb6a9716171144d61efb23e74b873fcbeda51d807"
		"1b5d70aae12066dfc94ce943f145aa176c055040c3dd73b0a15e36254d450614",
		"crypto_kdf's first subkey");
}

static void base64(void)
{
	static const struct {
		const char *text;
		size_t len;
		int rc;
	} cases[] = {
		{"Zg", 1, 0},
		{"Zm8", 2, 0},
		{"Zm9v", 3, 0},
		{"-_-_", 3, 0},
		{"Zh", 1, -EINVAL},
		{"Zg==", 1, -EINVAL},
		{"+/+/", 3, -EINVAL},
		{"Zm9", 3, -EINVAL},
		{"Zm9vY", 3, -EINVAL},
		{"Z 9v", 3, -EINVAL},
		{"", 0, 0},
	};
	uint8_t out[8];
	char text[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc =
			lr_base64url_parse(cases[i].text, strlen(cases[i].text), out, cases[i].len);
		ok(rc == cases[i].rc, "\"%s\" as %zu bytes: %d", cases[i].text, cases[i].len, rc);
		if (rc == 0)
			is_str(lr_base64url(out, cases[i].len, text), cases[i].text, "and back");
	}
}

int main(void)
{
	lr_crypto_init();
	rfc8032();
	forged();
	boxes();
	pairs();
	digests();
	base64();
	return tap_done();
}
