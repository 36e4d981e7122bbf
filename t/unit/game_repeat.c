/*
 * game_repeat.c - what is said once is said again, for so long; on a clock of the test's own
 */
#include "lib/game/repeat.h"

#include "t/unit/tap.h"

#define MS LR_NS_PER_MS

static struct lr_repeats r;
static const struct lr_game_repeat rule = {
	.port = 6112, .every_ms = 1000, .for_ms = 5500, .until = {0xf7, 0x33}, .n_until = 2};

/* A datagram 6112 -> 6112 of `kind` with `text` behind. */
static void say(uint64_t now, uint8_t kind, const char *text)
{
	uint8_t udp[64] = {0x17, 0xe0, 0x17, 0xe0, 0, 0, 0, 0, 0xf7, kind, 8, 0};
	size_t n = 12 + strlen(text);

	memcpy(udp + 12, text, strlen(text));
	lr_repeats_take(&r, now, &rule, udp, n, udp + 12, strlen(text));
}

/* How many are due in [from, to), looked at each ms; the last is in `last`. */
static char last[64];
static unsigned due(uint64_t from, uint64_t to)
{
	unsigned n = 0;
	size_t len;
	const uint8_t *p;

	for (uint64_t at = from; at < to; at += MS) {
		while ((p = lr_repeats_next(&r, at, &len)) != NULL) {
			n++;
			memcpy(last, p, len);
			last[len] = '\0';
		}
	}
	return n;
}

int main(void)
{
	uint8_t large[LR_REPEAT_BYTES + 1] = {0};
	size_t len;

	ok(lr_repeats_due(&r) == LR_NEVER && !lr_repeats_next(&r, 1, &len), "nothing was said");
	say(1, 0x31, "created");
	is_int(lr_repeats_due(&r), 1 + 1000 * MS, "it is due after a second");
	is_int(due(1, 1000 * MS), 0, "and not before");
	is_int(due(1000 * MS, 60000 * MS), 5, "then each second, for so long");
	is_str(last, "created", "as it was");
	is_int(lr_repeats_due(&r), LR_NEVER, "and no longer");
	say(100000 * MS, 0x31, "created");
	say(100000 * MS, 0x2f, "search");
	is_int(due(100001 * MS, 102500 * MS), 4, "two kinds are kept beside each other");
	say(102500 * MS, 0x31, "created anew");
	is_int(due(102501 * MS, 103600 * MS), 2,
		"a newer one of a kind stands in the older's place");
	is_str(last, "created anew", "as it is now");
	lr_repeats_forget(&r, 6112);
	is_int(due(103600 * MS, 200000 * MS), 0, "what is forgotten is not said again");
	for (unsigned k = 0; k < 3 * LR_REPEAT_ITEMS; k++)
		say(200000 * MS + k, (uint8_t)(k + 0x40), "x");
	is_int(due(200000 * MS, 201003 * MS), LR_REPEAT_ITEMS, "so many are kept, the newest");
	say(300000 * MS, 1, "slept");
	is_int(due(304000 * MS, 304001 * MS), 1, "who slept says it once");
	say(400000 * MS, 0x31, "created");
	say(400000 * MS, 0x2f, "search");
	say(400100 * MS, 0x33, "closed");
	is_int(due(400000 * MS, 420000 * MS), 0, "what ends them ends all, and is not said again");
	say(420000 * MS, 0x31, "created");
	is_int(due(420000 * MS, 440000 * MS), 5, "the next begins anew");
	r = (struct lr_repeats){0};
	lr_repeats_take(&r, 1, &rule, large, 4, large, 4);
	lr_repeats_take(&r, 1, &rule, large, sizeof(large), large, sizeof(large));
	is_int(lr_repeats_due(&r), LR_NEVER, "no header, or too long: not kept");
	return tap_done();
}
