/*
 * relay_http.c - fuzzer: bodies, headers and queries of the relay's HTTP requests, to the directory
 *
 * The input is a list of requests: kind (1), length (2), bytes. Bit 7 of the kind: the bytes are
 * XORed over a true charter, record or offer of the party. Whatever comes, answers are lists that
 * can be read, nothing of another party changes, and the state that is written is read back to
 * the same list.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/party/directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define START_S 1800000000ull

enum { CHARTER, RECORD, OFFER, CLAIM, ACCESS, SINCE, KINDS };

static uint8_t id[32], host_secret[64], party_key[32], party_secret[64], keyhash[16];
static uint8_t true_bytes[3][LR_CHARTER_MAX];
static size_t true_len[3];
static struct lr_epoch_keys keys;
static const struct lr_directory_now now = {1000 * LR_NS_PER_S, START_S * 1000};

static void must(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct lr_charter c;
	static struct lr_record r;
	static const uint8_t seed[32] = "host", secret[16] = "secret", wg[32] = "wireguard",
			     nonce[24] = "nonce";
	struct lr_invite v = {.flags = LR_INVITE_TOKEN};
	(void)argc;
	(void)argv;
	must(lr_crypto_init() == 0);
	lr_sign_seeded(id, host_secret, seed);
	lr_keys_of_epoch(&keys, id, 1, secret);
	lr_keys_of_member(party_key, party_secret, wg, id);
	lr_keyhash(keyhash, party_key);
	memcpy(c.id, id, 32);
	c.epoch = c.number = 1;
	memcpy(c.access_public, keys.access_public, 32);
	c.pool = lr_keys_pool(id, false);
	true_len[CHARTER] = (size_t)lr_charter_sign(&c, host_secret, true_bytes[CHARTER]);
	const struct lr_signer by = {id, &keys, party_key, party_secret};
	memcpy(r.name, "a", 2);
	lr_record_own(&r, wg, id, party_key, seed);
	true_len[RECORD] =
		(size_t)lr_record_sign(&r, 1, START_S + 600, &by, nonce, true_bytes[RECORD]);
	memcpy(v.id, id, 32);
	lr_offer_sign(&v, &keys, 2, START_S + 600, nonce, true_bytes[OFFER]);
	true_len[OFFER] = LR_OFFER_LEN;
	return 0;
}

static size_t list_entries(uint8_t *bytes, size_t len)
{
	struct lr_list l;
	struct lr_list_entry e;
	size_t n = 0;
	must(bytes && lr_list_read(bytes, len, &l) == 0);
	while (lr_list_next(&l, &e))
		n++;
	free(bytes);
	return n;
}

static void text_of(const uint8_t *p, size_t len, char *out, size_t room)
{
	size_t n = len < room - 1 ? len : room - 1;
	memcpy(out, p, n);
	out[n] = '\0';
}

static void request(struct lr_directory *d, unsigned kind, const uint8_t *p, size_t len)
{
	enum lr_directory_result r = LR_DIRECTORY_OK;
	uint8_t hash[LR_TOKEN_HASH_LEN] = {0}, sealed[LR_TOKEN_SEALED];
	char text[LR_ACCESS_TEXT * 2];
	struct lr_since since;
	size_t n = 0;
	text_of(p, len, text, sizeof(text));
	if (kind == CHARTER) {
		r = lr_directory_put_charter(d, id, p, len, true, &now);
	} else if (kind == RECORD) {
		r = lr_directory_put_record(d, id, keyhash, p, len, &now);
	} else if (kind == OFFER) {
		r = lr_directory_offer(d, id, p, len, &now);
	} else if (kind == CLAIM) {
		memcpy(hash, p, len < sizeof(hash) ? len : sizeof(hash));
		r = lr_directory_claim(d, hash, text, &now, sealed);
	} else if (kind == ACCESS) {
		r = lr_directory_check_access(d, id, text, &now);
	} else if (lr_since_parse(text, &since) == 0) {
		uint8_t *list = lr_directory_list(d, id, &since, &now, &n);
		if (list)
			(void)list_entries(list, n);
	}
	must(r < LR_DIRECTORY_RESULTS);
	unsigned status = lr_directory_result_status(r);
	must(status >= 200 && status < 600);
	if (status != 200) {
		uint8_t *no = lr_directory_refusal(d, id, keyhash, r, &now, &n);
		(void)list_entries(no, n);
	}
}

/* What is written is read back, and says the same. */
static void again(const struct lr_directory *d)
{
	size_t n = 0, m = 0;
	json_t *state = lr_directory_export(d, id, &now);
	if (!state)
		return;
	const struct lr_directory_hooks none = {0};
	struct lr_directory *other = lr_directory_new(&lr_directory_defaults, 8, &none);
	must(other && lr_directory_import(other, state, &now, NULL) == 0);
	json_decref(state);
	uint8_t *first = lr_directory_list(d, id, NULL, &now, &n);
	uint8_t *second = lr_directory_list(other, id, NULL, &now, &m);
	size_t records = list_entries(first, n);
	must(list_entries(second, m) <= records); /* claims are not kept */
	lr_directory_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t body[LR_CHARTER_MAX];
	const struct lr_directory_hooks none = {0};
	struct lr_directory *d = lr_directory_new(&lr_directory_defaults, 7, &none);
	must(d != NULL);
	while (size >= 3) {
		unsigned kind = data[0] % 0x80 % KINDS;
		size_t len = (size_t)data[1] << 8 | data[2];
		len = len < size - 3 ? len : size - 3;
		len = len < sizeof(body) ? len : sizeof(body);
		size_t whole = len;
		memcpy(body, data + 3, len);
		if (data[0] & 0x80 && kind <= OFFER) {
			whole = true_len[kind];
			memset(body + (len < whole ? len : whole), 0,
				len < whole ? whole - len : 0);
			for (size_t i = 0; i < whole; i++)
				body[i] ^= true_bytes[kind][i];
		}
		request(d, kind, body, whole);
		data += 3 + len;
		size -= 3 + len;
	}
	again(d);
	lr_directory_free(d);
	return 0;
}
