/*
 * relay_channels.c - channels whose places in the tables in front of the maps are the same
 */
#include <string.h>

#include "lib/crypto/crypto.h"
#include "lib/relay/channels.h"
#include "t/unit/tap.h"

enum { MANY = 4 * LR_CHANNELS_NEAR };

static struct lr_channels t;
static struct lr_relay_party party;
static struct lr_relay_channel *c[MANY];
static const uint8_t keyhash[LR_FRAME_KEYHASH];

static struct lr_relay_source from(unsigned i)
{
	struct lr_relay_source s = {.at = {.in = {.sin_family = AF_INET,
						   .sin_port = htons((uint16_t)(1 + i % 60000)),
						   .sin_addr.s_addr = htonl(0x0a000000 + i / 7)}}};
	return s;
}

/* How many of from..MANY-1 are found by number and by source as what they are. */
static int found(unsigned first, bool there)
{
	int n = 0;
	for (unsigned i = first; i < MANY; i++) {
		struct lr_relay_source s = from(i);
		n += lr_channels_by_number(&t, i + 1) == (there ? c[i] : NULL) &&
		     lr_channels_by_source(&t, &s) == (there ? c[i] : NULL);
	}
	return n;
}

static void many_share_a_place(void)
{
	int opened = 0;
	for (unsigned i = 0; i < MANY; i++) {
		struct lr_relay_source s = from(i);
		c[i] = lr_channels_open(&t, &party, keyhash, i + 1);
		opened += c[i] && lr_channels_bind(&t, c[i], &s, 1) == 0;
	}
	is_int(opened, MANY, "four times as many channels as places");
	is_int(found(0, true), MANY, "each is found by number and by source");
	is_int(found(0, true), MANY, "and again, when another was in its place before");
}

static void one_moves_to_the_source_of_another(void)
{
	struct lr_relay_source a = from(0), b = from(1);
	lr_channels_by_source(&t, &a);
	lr_channels_by_source(&t, &b);
	lr_channels_bind(&t, c[0], &b, 2);
	ok(lr_channels_by_source(&t, &b) == c[0], "the later one has it");
	ok(!lr_channels_by_source(&t, &a), "nobody is where it was before");
	ok(!c[1]->bound && lr_channels_by_number(&t, 2) == c[1], "the other is bound nowhere");
}

static void dropped_ones_are_not_found(void)
{
	is_int(found(2, true), MANY - 2, "all are in use");
	for (unsigned i = 2; i < MANY; i++)
		lr_channels_drop(&t, c[i]);
	is_int(found(2, false), MANY - 2, "and none is found when they are gone");
}

int main(void)
{
	if (lr_crypto_init() < 0)
		return 1;
	lr_channels_init(&t, MANY);
	many_share_a_place();
	one_moves_to_the_source_of_another();
	dropped_ones_are_not_found();
	lr_channels_drop_member(&t, &party, NULL);
	is_int((long)(t.n + t.n_bound), 0, "nothing is left");
	lr_channels_release(&t);
	return tap_done();
}
