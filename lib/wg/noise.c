/*
 * noise.c - Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s with WireGuard's identifier
 */
#include "lib/wg/noise.h"

#include <string.h>

#define CONSTRUCTION "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
#define IDENTIFIER   "WireGuard v1 zx2c4 Jason@zx2c4.com"

static const uint8_t no_psk[LR_KEY_LEN];

/* H := Hash(H || data) */
static void mix_hash(struct lr_noise *n, const void *data, size_t len)
{
	lr_hash(n->hash, (struct lr_span[]){{n->hash, LR_HASH_LEN}, {data, len}}, 2);
}

/* C := Kdf1(C, input) */
static void mix_key(struct lr_noise *n, const void *input, size_t len)
{
	lr_kdf(n->chaining_key, NULL, NULL, n->chaining_key, input, len);
}

/* (C, k) := Kdf2(C, input) */
static void derive_key(struct lr_noise *n, uint8_t key[LR_KEY_LEN], const uint8_t input[LR_KEY_LEN])
{
	lr_kdf(n->chaining_key, key, NULL, n->chaining_key, input, LR_KEY_LEN);
}

/* (C, k) := Kdf2(C, DH(private, public)); false when the point is of low order. */
static bool mix_dh(
	struct lr_noise *n, uint8_t *key, const uint8_t *private_key, const uint8_t *public_key)
{
	uint8_t shared[LR_KEY_LEN];
	bool good = lr_dh(shared, private_key, public_key);
	if (good && key)
		derive_key(n, key, shared);
	else if (good)
		mix_key(n, shared, sizeof(shared));
	lr_wipe(shared, sizeof(shared));
	return good;
}

/* msg.field := Aead(k, 0, plain, H); H := Hash(H || msg.field) */
static void encrypt(struct lr_noise *n, const uint8_t key[LR_KEY_LEN], uint8_t *out,
	const void *plain, size_t len)
{
	lr_seal_once(out, plain, len, n->hash, LR_HASH_LEN, 0, key);
	mix_hash(n, out, len + LR_TAG_LEN);
}

/* `len` counts the tag. */
static bool decrypt(struct lr_noise *n, const uint8_t key[LR_KEY_LEN], uint8_t *plain,
	const uint8_t *in, size_t len)
{
	if (!lr_open_once(plain, in, len, n->hash, LR_HASH_LEN, 0, key))
		return false;
	mix_hash(n, in, len);
	return true;
}

/* C := Hash(Construction); H := Hash(Hash(C || Identifier) || responder's static public key) */
static void start(struct lr_noise *n, const uint8_t responder[LR_KEY_LEN])
{
	lr_hash(n->chaining_key, (struct lr_span[]){{CONSTRUCTION, sizeof(CONSTRUCTION) - 1}}, 1);
	lr_hash(n->hash,
		(struct lr_span[]){
			{n->chaining_key, LR_HASH_LEN}, {IDENTIFIER, sizeof(IDENTIFIER) - 1}},
		2);
	mix_hash(n, responder, LR_KEY_LEN);
}

/* E_priv, E_pub := DH-Generate(); C := Kdf1(C, E_pub); H := Hash(H || E_pub) */
static void write_ephemeral(struct lr_noise *n, uint8_t out[LR_KEY_LEN], const uint8_t *given)
{
	if (given) {
		memcpy(n->ephemeral, given, LR_KEY_LEN);
		lr_public_key(out, given);
	} else {
		lr_keypair(n->ephemeral, out);
	}
	mix_key(n, out, LR_KEY_LEN);
	mix_hash(n, out, LR_KEY_LEN);
}

bool lr_noise_write_initiation(struct lr_noise *n, struct lr_msg_initiation *msg,
	const struct lr_identity *own, const uint8_t theirs[LR_KEY_LEN],
	const uint8_t ss[LR_KEY_LEN], const uint8_t timestamp[LR_TIMESTAMP_LEN],
	const uint8_t *ephemeral)
{
	uint8_t key[LR_KEY_LEN];

	start(n, theirs);
	write_ephemeral(n, msg->ephemeral, ephemeral);
	bool good = mix_dh(n, key, n->ephemeral, theirs);
	if (good) {
		encrypt(n, key, msg->remote_static, own->public_key, LR_KEY_LEN);
		derive_key(n, key, ss);
		encrypt(n, key, msg->timestamp, timestamp, LR_TIMESTAMP_LEN);
	} else {
		lr_wipe(n, sizeof(*n));
	}
	lr_wipe(key, sizeof(key));
	return good;
}

bool lr_noise_read_static(struct lr_noise *n, const struct lr_msg_initiation *msg,
	const struct lr_identity *own, uint8_t theirs[LR_KEY_LEN])
{
	uint8_t key[LR_KEY_LEN];

	start(n, own->public_key);
	memcpy(n->remote_ephemeral, msg->ephemeral, LR_KEY_LEN);
	mix_key(n, msg->ephemeral, LR_KEY_LEN);
	mix_hash(n, msg->ephemeral, LR_KEY_LEN);
	bool good = mix_dh(n, key, own->private_key, msg->ephemeral) &&
		    decrypt(n, key, theirs, msg->remote_static, sizeof(msg->remote_static));
	lr_wipe(key, sizeof(key));
	return good;
}

bool lr_noise_read_timestamp(struct lr_noise *n, const struct lr_msg_initiation *msg,
	const uint8_t ss[LR_KEY_LEN], uint8_t timestamp[LR_TIMESTAMP_LEN])
{
	uint8_t key[LR_KEY_LEN];

	derive_key(n, key, ss);
	bool good = decrypt(n, key, timestamp, msg->timestamp, sizeof(msg->timestamp));
	lr_wipe(key, sizeof(key));
	return good;
}

/* (C, t, k) := Kdf3(C, Q); H := Hash(H || t) */
static void mix_psk(struct lr_noise *n, uint8_t key[LR_KEY_LEN], const uint8_t *psk)
{
	uint8_t t[LR_HASH_LEN];
	lr_kdf(n->chaining_key, t, key, n->chaining_key, psk ? psk : no_psk, LR_KEY_LEN);
	mix_hash(n, t, sizeof(t));
	lr_wipe(t, sizeof(t));
}

bool lr_noise_write_response(struct lr_noise *n, struct lr_msg_response *msg,
	const uint8_t theirs[LR_KEY_LEN], const uint8_t psk[LR_KEY_LEN], const uint8_t *ephemeral)
{
	uint8_t key[LR_KEY_LEN];

	write_ephemeral(n, msg->ephemeral, ephemeral);
	bool good = mix_dh(n, NULL, n->ephemeral, n->remote_ephemeral) &&
		    mix_dh(n, NULL, n->ephemeral, theirs);
	if (good) {
		mix_psk(n, key, psk);
		encrypt(n, key, msg->nothing, NULL, 0);
	}
	lr_wipe(key, sizeof(key));
	return good;
}

bool lr_noise_read_response(struct lr_noise *n, const struct lr_msg_response *msg,
	const struct lr_identity *own, const uint8_t psk[LR_KEY_LEN])
{
	struct lr_noise trial = *n;
	uint8_t key[LR_KEY_LEN], nothing[1];

	mix_key(&trial, msg->ephemeral, LR_KEY_LEN);
	mix_hash(&trial, msg->ephemeral, LR_KEY_LEN);
	bool good = mix_dh(&trial, NULL, trial.ephemeral, msg->ephemeral) &&
		    mix_dh(&trial, NULL, own->private_key, msg->ephemeral);
	if (good) {
		mix_psk(&trial, key, psk);
		good = decrypt(&trial, key, nothing, msg->nothing, sizeof(msg->nothing));
	}
	if (good)
		*n = trial;
	lr_wipe(&trial, sizeof(trial));
	lr_wipe(key, sizeof(key));
	return good;
}

void lr_noise_split(
	struct lr_noise *n, uint8_t to_responder[LR_KEY_LEN], uint8_t to_initiator[LR_KEY_LEN])
{
	lr_kdf(to_responder, to_initiator, NULL, n->chaining_key, NULL, 0);
	lr_wipe(n, sizeof(*n));
}
