/* base_map.c - SipHash against its authors' vectors, the map against a plain array */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/base/map.h"
#include "t/unit/tap.h"

#define KEYS  300
#define STEPS 100000

static uint64_t seed = 42;

static uint64_t rnd(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* Key 00 01 .. 0f; message 00 01 .. of 0 to 15 bytes (15: the paper, appendix A; the others:
 * the vectors published with the reference code). */
static void siphash(void)
{
	static const uint64_t want[16] = {
		0x726fdb47dd0e0e31,
		0x74f839c593dc67fd,
		0x0d6c8009d9a94f5a,
		0x85676696d7fb7e2d,
		0xcf2794e0277187b7,
		0x18765564cd99a68d,
		0xcbc9466e58fee3ce,
		0xab0200f58b01d137,
		0x93f5f5799a932462,
		0x9e0082df0ba9e4b0,
		0x7a5dbbc594ddb9f3,
		0xf4b32f46226bada7,
		0x751e8fbc860ee5fb,
		0x14ea5627c0843d90,
		0xf723ca908e7af2ee,
		0xa129ca6149be45e5,
	};
	uint8_t bytes[17];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	const uint64_t key[2] = {lr_get_le64(bytes), lr_get_le64(bytes + 8)};
	for (size_t n = 0; n < 16; n++)
		ok(lr_siphash(key, bytes, n) == want[n], "SipHash-2-4 of %zu bytes", n);
	memmove(bytes + 1, bytes, 16);
	ok(lr_siphash(key, bytes + 1, 15) == want[15], "at an odd address");
}

static void make_key(uint8_t *key, size_t len, uint64_t n)
{
	memset(key, 0xa5, len);
	for (size_t i = 0; i < len && i < 8; i++)
		key[i] = (uint8_t)(n >> 8 * i);
}

static bool whole_model_agrees(struct lr_map *m, size_t len, void *const model[KEYS])
{
	uint8_t key[64];
	size_t n = 0;

	for (uint64_t i = 0; i < KEYS; i++) {
		make_key(key, len, i);
		if (lr_map_get(m, key) != model[i])
			return false;
		n += model[i] != NULL;
	}
	return m->n == n && m->room >= 2 * n;
}

static bool step(struct lr_map *m, size_t len, void *model[KEYS], char *values)
{
	uint64_t i = rnd(len == 1 ? 256 : KEYS);
	uint8_t key[64];

	make_key(key, len, i);
	switch (rnd(5)) {
	case 0:
	case 1:
		model[i] = values + rnd(KEYS);
		return lr_map_put(m, key, model[i]) == 0;
	case 2:
	case 3: {
		void *was = model[i];
		model[i] = NULL;
		return lr_map_remove(m, key) == was;
	}
	}
	return lr_map_get(m, key) == model[i];
}

static void against_model(size_t len)
{
	static char values[KEYS];
	void *model[KEYS] = {0};
	struct lr_map m;
	int at = 0;

	lr_map_init(&m, len);
	while (at < STEPS && step(&m, len, model, values))
		at++;
	is_int(at, STEPS, "100,000 random operations agree with the model");
	if (len > 1)
		ok(whole_model_agrees(&m, len, model), "keys of %zu bytes: at the end, all", len);
	lr_map_release(&m);
}

static void basics(void)
{
	struct lr_map a, b;
	uint32_t key = 7;
	char x, y;

	lr_map_init(&a, sizeof(key));
	lr_map_init(&b, sizeof(key));
	ok(a.seed[0] != b.seed[0] && a.seed[1] != b.seed[1], "each map has its own seed");
	ok(lr_map_get(&a, &key) == NULL && lr_map_remove(&a, &key) == NULL, "empty");
	ok(a.room == 0, "an empty map holds no memory");
	is_int(lr_map_put(&a, &key, &x), 0, "put");
	is_int(lr_map_put(&a, &key, &y), 0, "put again");
	ok(a.n == 1 && lr_map_get(&a, &key) == &y, "the newer value, once");
	key = 8;
	ok(lr_map_get(&a, &key) == NULL, "keys are copied, not pointed to");
	key = 7;
	ok(lr_map_remove(&a, &key) == &y && a.n == 0, "what was there comes out");
	ok(lr_map_get(&a, &key) == NULL, "and is gone");
	for (key = 0; key < 10000; key++)
		if (lr_map_put(&a, &key, &x) < 0)
			break;
	ok(a.n == 10000 && a.room == 32768, "at most half of the slots are taken");
	lr_map_release(&a);
	lr_map_release(&b);
	ok(a.n == 0 && a.values == NULL, "released");
}

int main(void)
{
	siphash();
	basics();
	against_model(1);
	against_model(4);
	against_model(32);
	against_model(64);
	return tap_done();
}
