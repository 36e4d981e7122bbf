/*
 * charter.c - fuzzer: charters, as they come, and with signatures that are right
 *
 * What is read is written again as the same bytes, when it was the host's to sign. Comparing two is
 * free of contradictions: what is newer one way is older the other way. Each input is taken as it
 * is, and once more with the id, the hash of its boxes and a signature of the host put in, so
 * that what stands behind the signatures is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/party/charter.h"
#include "lib/party/charter_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static uint8_t id[32], host_secret[64], base[LR_CHARTER_MAX];
static int base_len;

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
	c.epoch = 3;
	c.number = 4;
	memcpy(c.id, id, 32);
	c.pool = lr_keys_pool(id, false);
	base_len = lr_charter_sign(&c, host_secret, base);
	must(base_len > 0);
	return 0;
}

static void compare(const uint8_t *bytes, size_t len)
{
	enum lr_charter_order there = lr_charter_against(base, (size_t)base_len, bytes, len);
	enum lr_charter_order back = lr_charter_against(bytes, len, base, (size_t)base_len);

	must(lr_charter_against(bytes, len, bytes, len) == LR_CHARTER_SAME);
	must(there != LR_CHARTER_NEWER || back == LR_CHARTER_OLDER);
	must(back != LR_CHARTER_NEWER || there == LR_CHARTER_OLDER);
}

static void read_good(const uint8_t *bytes, size_t len)
{
	static struct lr_charter c;
	static uint8_t out[LR_CHARTER_MAX];
	static const uint8_t hash[LR_KEYHASH_LEN], priv[32] = {0x50};
	uint8_t secret[LR_SECRET_LEN];

	if (lr_charter_read(bytes, len, NULL, &c) < 0)
		return;
	must(lr_charter_open_box(&c, hash, priv, secret) != 0);
	if (memcmp(c.id, id, 32) != 0)
		return;
	if (!c.n_links) {
		int n = lr_charter_sign(&c, host_secret, out);
		must(n == (int)len && memcmp(out, bytes, len) == 0);
	}
	if (c.number < UINT32_MAX) {
		lr_charter_fold(&c);
		must(lr_charter_sign(&c, host_secret, out) > 0);
	}
}

/* Puts the party's id, the boxes' hash and the host's signature where they belong. */
static void sign(uint8_t *bytes, size_t len)
{
	struct lr_charter_layout l;
	struct lr_span spans[LR_HEAD_SPANS];

	if (lr_charter_scan(bytes, len, &l) < 0)
		return;
	memcpy(bytes + LR_HEAD_ID, id, 32);
	if (!l.n_links)
		lr_charter_boxes_hash((uint8_t *)l.boxes_hash, l.boxes, l.n_boxes);
	lr_charter_head_spans(spans, bytes, l.head_len);
	lr_sign(bytes + l.head_len, spans, LR_HEAD_SPANS, host_secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	must(copy != NULL);
	memcpy(copy, data, size);
	read_good(copy, size);
	compare(copy, size);
	sign(copy, size);
	read_good(copy, size);
	compare(copy, size);
	free(copy);
	return 0;
}
