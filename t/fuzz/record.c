/*
 * record.c - fuzzer: what comes from a member or a relay: records, lists of them, offers
 *
 * The first byte says what the rest is. Contents of a record are sealed by anybody who has the
 * party's secret, so they are read as they are, and also through a good envelope: a roster takes
 * them from its relay, and whatever it then believes can be published again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/party/directory.h"
#include "lib/party/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static uint8_t id[32], host_secret[64], charter[LR_CHARTER_MAX];
static int charter_len;
static struct lr_epoch_keys keys;
static const uint8_t secret[LR_SECRET_LEN] = {1};

static void must(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint8_t seed[32] = {5};
	static struct lr_charter c;

	(void)argc;
	(void)argv;
	must(lr_crypto_init() == 0);
	lr_sign_seeded(id, host_secret, seed);
	lr_keys_of_epoch(&keys, id, 1, secret);
	c.epoch = 1;
	c.number = 1;
	memcpy(c.id, id, 32);
	memcpy(c.access_public, keys.access_public, 32);
	c.pool = lr_keys_pool(id, false);
	charter_len = lr_charter_sign(&c, host_secret, charter);
	return 0;
}

static void contents(const uint8_t *data, size_t size)
{
	struct lr_record r, back;
	uint8_t out[LR_RECORD_MAX];

	if (lr_record_decode(data, size, &r) < 0)
		return;
	int len = lr_record_encode(&r, out, sizeof(out));
	must(len == -E2BIG || len > 0);
	if (len > 0)
		must(lr_record_decode(out, (size_t)len, &back) == 0 &&
			!memcmp(&back, &r, sizeof(r)));
}

/* A member signs whatever it likes; another takes it from a list, together with the rest. */
static void sealed(const uint8_t *data, size_t size, bool raw_list)
{
	static const uint8_t wg[32] = {9}, other[32] = {8};
	static const struct lr_roster_hooks none;
	struct lr_prefix pool = lr_keys_pool(id, false);
	struct lr_roster *r = lr_roster_new(id, wg, &none);
	struct lr_since since = {0};
	uint8_t key[32], sign[64], out[LR_RECORD_MAX], nonce[24] = {0};
	struct lr_record rec;

	must(r && lr_roster_enter(r, 1, secret, &pool) == 0);
	lr_roster_charter(r, charter, (size_t)charter_len, 1);
	lr_roster_self(r)->name[0] = 'x';
	lr_roster_join(r, NULL, 1);
	lr_keys_of_member(key, sign, other, id);
	const struct lr_signer by = {id, &keys, key, sign};
	if (raw_list) {
		lr_roster_absorb(r, data, size, 1, &since);
	} else if (lr_record_decode(data, size, &rec) == 0) {
		if (rec.name[0] & 1) /* else it is somebody else's key, or none */
			lr_record_own(&rec, other, id, key, wg);
		int len = lr_record_sign(&rec, 7, 900, &by, nonce, out);
		if (len > 0)
			must(lr_roster_record(r, out, (size_t)len, 1, 1) != -EACCES);
	}
	must(lr_roster_publish(r, false, 2, 1, nonce, out) > 0);
	const struct lr_member *m = lr_roster_first(r);
	must(!m || !m->holds || lr_prefix_covers(&pool, &m->r.address));
	json_decref(lr_roster_export(r));
	lr_roster_free(r);
}

static void directory(const uint8_t *data, size_t size)
{
	static const struct lr_directory_hooks none;
	struct lr_directory *d = lr_directory_new(&lr_directory_defaults, 1, &none);
	const struct lr_directory_now now = {1, 1000};
	uint8_t hash[LR_KEYHASH_LEN] = {0};
	struct lr_envelope e;
	size_t len;

	must(d && lr_directory_put_charter(d, id, charter, (size_t)charter_len, true, &now) ==
			  LR_DIRECTORY_OK);
	size_t want = LR_LIST_HEAD + 5 + (size_t)charter_len;
	if (lr_envelope_read(data, size, &e) == 0)
		memcpy(hash, e.keyhash, sizeof(hash));
	if (lr_directory_put_record(d, id, hash, data, size, &now) == LR_DIRECTORY_OK)
		want += 5 + size;
	lr_directory_offer(d, id, data, size, &now);
	uint8_t *list = lr_directory_list(d, id, NULL, &now, &len);
	must(list && len == want);
	free(list);
	lr_directory_free(d);
}

/* A state file that somebody edited. */
static void state(const uint8_t *data, size_t size)
{
	static const struct lr_directory_hooks none;
	static const struct lr_roster_hooks quiet;
	static const uint8_t wg[32] = {9};
	const struct lr_directory_now now = {1, 1000};
	struct lr_err err = {.text = ""};
	json_t *o = lr_json_parse((const char *)data, size, &err);
	struct lr_directory *d = lr_directory_new(&lr_directory_defaults, 1, &none);
	struct lr_roster *r = lr_roster_new(id, wg, &quiet);

	if (json_is_object(o)) {
		must(lr_directory_import(d, o, &now, &err) == 0 || err.text[0]);
		must(lr_roster_import(r, o, 1, &err) == 0 || err.text[0]);
	}
	json_decref(o);
	lr_roster_free(r);
	lr_directory_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	switch (data[0] % 5) {
	case 0:
		contents(data + 1, size - 1);
		break;
	case 1:
		sealed(data + 1, size - 1, false);
		break;
	case 2:
		sealed(data + 1, size - 1, true);
		break;
	case 3:
		directory(data + 1, size - 1);
		break;
	case 4:
		state(data + 1, size - 1);
	}
	return 0;
}
