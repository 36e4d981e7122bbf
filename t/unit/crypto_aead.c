/*
 * crypto_aead.c - ChaCha20-Poly1305 by both libraries, and XChaCha20-Poly1305
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/crypto/crypto.h"
#include "t/unit/crypto_hex.h"

/* RFC 8439, appendix A.5; the nonce is 0 0 0 0 and this counter, little-endian. */
#define A5_KEY     "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"
#define A5_COUNTER 0x0807060504030201ull
#define A5_AD      "f33388860000000000004e91"
#define A5_TAG     "eead9d67890cbb22392336fea1851f38"
#define A5_SEALED                                                                                  \
	"64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"                         \
	"4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"                         \
	"332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"                         \
	"9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"                         \
	"b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"                         \
	"af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"                         \
	"0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"                         \
	"49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"                         \
	"a6ad5cb4022b02709b"
static const char a5_plain[] = "Internet-Drafts are draft documents valid for a maximum of six "
			       "months and may be updated, replaced, or obsoleted by other "
			       "documents at any time. It is inappropriate to use Internet-Drafts "
			       "as reference material or to cite them other than as "
			       "/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
#define A5_LEN (sizeof(a5_plain) - 1)

static void rfc8439(void)
{
	uint8_t key[32], ad[12], out[512], back[512];

	unhex(key, A5_KEY);
	unhex(ad, A5_AD);
	is_int(A5_LEN, 265, "A.5 has 265 bytes");
	lr_seal_once(out, a5_plain, A5_LEN, ad, sizeof(ad), A5_COUNTER, key);
	is_hex(out, A5_SEALED, "A.5: one-shot ciphertext");
	is_hex(out + A5_LEN, A5_TAG, "A.5: one-shot tag");
	ok(lr_open_once(back, out, A5_LEN + 16, ad, sizeof(ad), A5_COUNTER, key), "A.5: opens");
	is_mem(back, a5_plain, A5_LEN, "A.5: to the plaintext");
	ad[0] ^= 1;
	ok(!lr_open_once(back, out, A5_LEN + 16, ad, sizeof(ad), A5_COUNTER, key),
		"not with other associated data");
	ok(!lr_open_once(back, out, 15, NULL, 0, A5_COUNTER, key), "nor shorter than a tag");

	/* The cipher text does not depend on associated data, which the tunnel has none of. */
	struct lr_aead *seal = lr_aead_new(key);
	memcpy(out, a5_plain, A5_LEN);
	is_int(lr_aead_seal(seal, A5_COUNTER, out, out, A5_LEN), 0, "the tunnel's context seals");
	is_hex(out, A5_SEALED, "A.5: the same ciphertext");
	lr_aead_free(seal);
}

/* No associated data, nothing inside: enc_*002 of Linux's chacha20poly1305 self test. */
static void empty(void)
{
	uint8_t key[32], tag[16];

	unhex(key, "4cf5968338e6ae7f2d292576d5752786919a277afb46c5ef9481795714594068");
	struct lr_aead *seal = lr_aead_new(key), *open = lr_aead_new(key);
	is_int(lr_aead_seal(seal, 0x8e7745327133bfcaull, tag, tag, 0), 0, "nothing can be sealed");
	is_hex(tag, "eae01e9e2c91aae1db5d993f8af76992", "to this tag");
	is_int(lr_aead_open(open, 0x8e7745327133bfcaull, tag, tag, 16), 0, "and opened");
	is_int(lr_aead_open(open, 1, tag, tag, 16), -EBADMSG, "not with another counter");
	is_int(lr_aead_open(open, 1, tag, tag, 15), -EBADMSG, "nor shorter than a tag");
	lr_aead_free(seal);
	lr_aead_free(open);
	lr_aead_free(NULL);
}

/* The two libraries agree at every length around the sizes of blocks and of what is done at once,
 * in place and not; what is forged changes nothing. */
static void agree(void)
{
	static uint8_t plain[65535], one[65551], two[65551], kept[65551];
	uint8_t key[32];
	unsigned bad = 0, forged = 0, tried = 0;

	lr_random(key, sizeof(key));
	lr_random(plain, sizeof(plain));
	struct lr_aead *seal = lr_aead_new(key), *open = lr_aead_new(key);
	for (size_t len = 0; len <= sizeof(plain); tried++) {
		uint64_t counter = len * 0x123456789abcdefull;
		lr_seal_once(one, plain, len, NULL, 0, counter, key);
		bad += lr_aead_seal(seal, counter, two, plain, len) != 0;
		bad += memcmp(one, two, len + 16) != 0;
		two[len + len % 16] ^= 1;
		memcpy(kept, two, len + 16);
		forged += lr_aead_open(open, counter, two, two, len + 16) == -EBADMSG &&
			  memcmp(kept, two, len + 16) == 0;
		bad += lr_aead_open(open, counter, one, one, len + 16) != 0;
		bad += memcmp(one, plain, len) != 0;
		bad += lr_aead_seal(seal, counter, one, one, len) != 0;
		bad += lr_aead_open(seal, counter, two, one, len + 16) != 0;
		bad += memcmp(two, plain, len) != 0;
		len += len < 300 || (len > 1980 && len < 2120) ? 1 : len < 4200 ? 13 : 4719;
	}
	ok(tried > 700, "%u lengths", tried);
	is_int(bad, 0, "libcrypto and libsodium agree at every length");
	is_int(forged, tried,
		"a flipped bit of the tag is noticed at each, and nothing is written");
	lr_aead_free(seal);
	lr_aead_free(open);
}

/* draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
static void xchacha(void)
{
	static const char plain[] =
		"Ladies and Gentlemen of the class of '99: If I could offer you "
		"only one tip for the future, sunscreen would be it.";
	uint8_t key[32], nonce[24], ad[12], out[200], back[200];
	size_t len = sizeof(plain) - 1;

	unhex(key, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
	unhex(nonce, "404142434445464748494a4b4c4d4e4f5051525354555657");
	unhex(ad, "50515253c0c1c2c3c4c5c6c7");
	lr_xseal_once(out, plain, len, ad, sizeof(ad), nonce, key);
	is_hex(out,
		"bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
		"731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
		"2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
		"21f9664c97637da9768812f615c68b13b52e"
		"c0875924c1c7987947deafd8780acf49",
		"XChaCha20-Poly1305 A.3.1");
	ok(lr_xopen_once(back, out, len + 16, ad, sizeof(ad), nonce, key), "it opens");
	is_mem(back, plain, len, "to the plaintext");
	nonce[23] ^= 0x80;
	ok(!lr_xopen_once(back, out, len + 16, ad, sizeof(ad), nonce, key),
		"not with another nonce");
}

int main(void)
{
	is_int(lr_crypto_init(), 0, "init");
	is_int(lr_crypto_load(), 0, "load");
	is_int(lr_crypto_load(), 0, "load again");
	rfc8439();
	empty();
	agree();
	xchacha();
	return tap_done();
}
