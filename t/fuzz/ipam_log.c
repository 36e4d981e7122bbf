/*
 * ipam_log.c - fuzzer: the log of a pool
 *
 * Any bytes are replayed without harm, and say the same cut in two at any place. Whatever table
 * comes out keeps the rules (no address twice, none that is never given, each lease found by name,
 * key and both addresses), and what it dumps makes the same table without a flaw. A line that our
 * own parser takes, jansson reads alike.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/ipam/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static struct lr_ipam *table(void)
{
	struct lr_prefix pool;

	must(lr_ipam_pool_parse("10.66.0.0/22", &pool, NULL) == 0);
	struct lr_ipam *t = lr_ipam_new(&pool, NULL);
	must(t != NULL);
	return t;
}

static void found(void *ctx, const struct lr_finding *f)
{
	(*(size_t *)ctx)++;
	must(f->flaw != LR_FLAW_NONE && f->line > 0 && f->text[0] && !strchr(f->text, '\n'));
}

/* Replays in two pieces; what it said about the end, and how many findings. */
static int replay(struct lr_ipam *t, const char *bytes, size_t size, size_t cut, size_t *findings)
{
	struct lr_journal j;

	*findings = 0;
	lr_journal_init(&j, t);
	j.found = found;
	j.ctx = findings;
	lr_journal_feed(&j, bytes, cut);
	lr_journal_feed(&j, bytes + cut, size - cut);
	int tail = lr_journal_finish(&j);
	must(j.flaws == *findings && j.end <= size && !j.no_memory);
	lr_journal_release(&j);
	return tail;
}

static void same_lease(const struct lr_lease *a, const struct lr_lease *b)
{
	must(strcmp(a->peer, b->peer) == 0 && lr_ip_equal(&a->address, &b->address) &&
		lr_ip_equal(&a->address6, &b->address6) && a->reserved == b->reserved &&
		!a->public_key == !b->public_key);
	must(!a->public_key || strcmp(a->public_key, b->public_key) == 0);
}

static void same_table(const struct lr_ipam *a, const struct lr_ipam *b)
{
	const struct lr_lease *l = NULL, *m = NULL;
	struct lr_ipam_stats s, u;

	while ((l = lr_ipam_next(a, l))) {
		m = lr_ipam_next(b, m);
		must(m != NULL);
		same_lease(l, m);
	}
	lr_ipam_stats(a, &s);
	lr_ipam_stats(b, &u);
	must(s.used == u.used && s.reserved == u.reserved && s.former == u.former &&
		lr_ip_equal(&s.next, &u.next));
}

static void sound(const struct lr_ipam *t)
{
	struct lr_ipam_stats st;
	size_t n = 0, reserved = 0;
	uint32_t before = 0;

	for (const struct lr_lease *l = NULL; (l = lr_ipam_next(t, l)); n++) {
		const uint8_t *b = l->address.b;
		uint32_t a =
			(uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
		must(a > before && b[3] != 0 && b[3] != 255);
		must(lr_prefix_covers(lr_ipam_pool(t), &l->address));
		must(lr_name_check(l->peer, NULL) == 0);
		must(lr_ipam_by_peer(t, l->peer) == l && lr_ipam_by_address(t, &l->address) == l &&
			lr_ipam_by_address(t, &l->address6) == l);
		must(!l->public_key || lr_ipam_by_peer(t, l->public_key) == l);
		reserved += l->reserved;
		before = a;
	}
	lr_ipam_stats(t, &st);
	must(st.used == n && st.reserved == reserved && st.used + st.former <= st.capacity);
}

static int copy(void *ctx, const struct lr_record *r)
{
	char line[LR_RECORD_MAX];
	struct lr_record back;
	size_t len = lr_record_format(r, line);

	must(len <= LR_RECORD_MAX && line[len - 1] == '\n');
	must(lr_record_parse(line, len - 1, &back, NULL) == 0);
	must(lr_ipam_apply(ctx, &back, 1) == 0);
	return 0;
}

static void readers_agree(const char *line, size_t len)
{
	struct lr_record fast, json;

	if (!lr_record_parse_fast(line, len, &fast))
		return;
	must(lr_record_parse_json(line, len, &json, NULL) == 0);
	must(fast.op == json.op && strcmp(fast.peer, json.peer) == 0 &&
		strcmp(fast.public_key, json.public_key) == 0 && fast.reserved == json.reserved &&
		lr_ip_equal(&fast.address, &json.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct lr_ipam *one = table(), *two = table(), *three = table();
	size_t first, second;

	int tail = replay(one, bytes, size, size, &first);
	must(replay(two, bytes, size, size ? data[0] % size : 0, &second) == tail &&
		first == second);
	same_table(one, two);
	sound(one);
	must(lr_ipam_dump(one, copy, three) == 0);
	same_table(one, three);
	for (const char *at = bytes, *end = bytes + size; at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		readers_agree(at, (size_t)((nl ? nl : end) - at));
		at = nl ? nl + 1 : end;
	}
	lr_ipam_free(one);
	lr_ipam_free(two);
	lr_ipam_free(three);
	return 0;
}
