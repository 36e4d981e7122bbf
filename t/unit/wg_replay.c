/*
 * wg_replay.c - the replay window, by cases and against a model that remembers everything
 */
#include <stdlib.h>

#include "lib/crypto/crypto.h"
#include "lib/wg/replay.h"
#include "t/unit/tap.h"

static struct lr_replay *window(unsigned bits)
{
	struct lr_replay *r = calloc(1, lr_replay_size(bits));
	lr_replay_init(r, bits);
	return r;
}

static void cases(void)
{
	static const struct {
		uint64_t counter;
		bool good;
		const char *name;
	} steps[] = {
		{0, true, "the first"},
		{0, false, "the first again"},
		{1, true, "the second"},
		{9, true, "a jump"},
		{8, true, "one in the gap"},
		{7, true, "another"},
		{7, false, "again"},
		{9, false, "the newest again"},
		{8191, true, "the window's end"},
		{2, true, "still inside"},
		{8192, true, "one step on"},
		{0, false, "now outside"},
		{1, false, "seen, the oldest inside"},
		{3, true, "not seen, inside"},
		{16384, true, "a window further"},
		{8192, false, "just outside"},
		{8193, true, "just inside"},
		{8193, false, "once only"},
		{1ull << 40, true, "far ahead"},
		{(1ull << 40) - 8191, true, "the oldest inside, all forgotten"},
		{(1ull << 40) - 8192, false, "one older"},
		{16384, false, "long ago"},
		{UINT64_MAX - (1ull << 13) - 1, true, "the last counter there is"},
		{UINT64_MAX - (1ull << 13) - 1, false, "once"},
		{UINT64_MAX - (1ull << 13) - 2, true, "the one before"},
	};
	struct lr_replay *r = window(8192);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		is_int(lr_replay_accept(r, steps[i].counter), steps[i].good, steps[i].name);
	free(r);
}

/* Random walks; the model is the set of all counters seen and the greatest. */
static void model(unsigned bits)
{
	enum { SPAN = 1 << 20 };
	struct lr_replay *r = window(bits);
	bool *seen = calloc(SPAN, sizeof(*seen));
	uint64_t top = 0, wrong = 0;

	for (int i = 0; i < 100000; i++) {
		uint64_t at = lr_random_below(10) ? top : top + lr_random_below(2 * bits);
		uint64_t back = lr_random_below(bits + bits / 4);
		at = at > back ? at - back : 0;
		at = at < SPAN ? at : SPAN - 1;
		bool want = !seen[at] && (at >= top || top - at < bits);
		wrong += lr_replay_accept(r, at) != want;
		seen[at] |= want;
		top = at > top ? at : top;
	}
	is_int(wrong, 0, "as the model, 100,000 times");
	ok(top > 4 * bits, "over several windows (%llu)", (unsigned long long)top);
	free(seen);
	free(r);
}

int main(void)
{
	lr_crypto_init();
	cases();
	model(64);
	model(8192);
	model(65536);
	return tap_done();
}
