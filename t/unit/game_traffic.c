/*
 * game_traffic.c - the class of packets by the active profiles' ports
 */
#include "lib/game/traffic.h"

#include <stdlib.h>

#include "lib/base/bytes.h"
#include "t/unit/tap.h"

static struct lr_traffic t;
static struct lr_games all;

static const struct lr_game *game(const char *name)
{
	const struct lr_game *g = lr_games_find(&all, name, NULL);

	if (!g)
		abort();
	return g;
}

static unsigned flags4(uint8_t protocol, uint16_t frag, uint16_t sport, uint16_t dport)
{
	uint8_t p[28] = {0x45};

	lr_put_be16(p + 6, frag);
	p[9] = protocol;
	lr_put_be16(p + 20, sport);
	lr_put_be16(p + 22, dport);
	return lr_traffic_of(&t, p, sizeof(p))->flags;
}

static unsigned flags6(uint8_t next, uint16_t sport, uint16_t dport)
{
	uint8_t p[56] = {0x60};
	size_t at = next == 44 ? 48 : 40;

	p[6] = next;
	p[40] = 17;
	lr_put_be16(p + at, sport);
	lr_put_be16(p + at + 2, dport);
	return lr_traffic_of(&t, p, sizeof(p))->flags;
}

static void none(void)
{
	lr_traffic_clear(&t);
	is_int(flags4(17, 0, 6112, 6112), 0, "nothing is active: no port is a game's");
	is_int(flags4(1, 0, 0, 0), LR_TRAFFIC_CONTROL, "ICMP");
	is_int(flags4(17, 100, 1, 1), LR_TRAFFIC_FRAGMENT, "a later fragment");
}

static void some(void)
{
	const struct lr_game *games[] = {game("warcraft-3"), game("flatout-2"), game("freeciv"),
		game("openttd"), game("minecraft-java"), game("doom-3")};
	unsigned wc3 =
		LR_TRAFFIC_PLAY | LR_TRAFFIC_DISCOVERY | LR_TRAFFIC_TWO_PATHS | LR_TRAFFIC_REPEAT;

	lr_traffic_build(&t, games, 6);
	is_int(flags4(17, 0, 6112, 6112), wc3, "Warcraft III: discovered, played, repeated");
	is_int(flags4(17, 0, 6112, 40000), wc3, "by the port that it comes from");
	is_int(flags4(6, 0, 40000, 6113), LR_TRAFFIC_PLAY | LR_TRAFFIC_TWO_PATHS, "TCP is its own");
	is_int(flags4(17, 0, 40000, 6113), 0, "and UDP of that port is not");
	is_int(flags4(17, 0x2000, 40000, 6112), wc3, "a first fragment has ports");
	ok(flags4(17, 0, 1, 23757) & LR_TRAFFIC_REWRITE, "FlatOut 2: rewritten");
	is_int(flags6(17, 40000, 3979), LR_TRAFFIC_PLAY | LR_TRAFFIC_DISCOVERY, "IPv6");
	is_int(flags6(44, 40000, 3979), LR_TRAFFIC_PLAY | LR_TRAFFIC_DISCOVERY,
		"IPv6, a first fragment");
	is_int(flags6(58, 0, 0), LR_TRAFFIC_CONTROL, "ICMPv6");
	is_int(lr_traffic_ports(&t, LR_GAME_UDP, 1, 6112)->dscp, 46, "the DSCP");
	is_int(t.n_groups, 2, "groups, each once");
	is_int(t.n_repeats, 1, "one that repeats");
	is_int(lr_traffic_repeat(&t, 6112)->every_ms, 1000, "how often");
	ok(!lr_traffic_repeat(&t, 6113), "another port does not");
	is_int(lr_traffic_rewrite(&t, 23757)->from_end, 15, "where the address stands");
	ok(!t.ipx, "no IPX");
	for (unsigned p = 27666; p <= 27669; p++)
		ok(lr_traffic_ports(&t, LR_GAME_UDP, 1, (uint16_t)p)->flags & LR_TRAFFIC_FAST,
			"port %u of a range", p);
}

static void odd(void)
{
	static const uint8_t bytes[60] = {0x4f, [6] = 0, [9] = 17};
	static const uint8_t six[60] = {0x60};

	for (size_t n = 0; n <= sizeof(bytes); n++)
		ok(lr_traffic_of(&t, bytes, n)->flags == 0 || n == 60, "cut off at %zu", n);
	for (size_t n = 0; n <= 44; n += 4)
		ok(lr_traffic_of(&t, six, n) != NULL, "IPv6 cut off at %zu", n);
}

static void everything(void)
{
	static const struct lr_game *many[400];
	size_t n = 0;

	for (size_t i = 0; i < all.n && n < 400; i++)
		many[n++] = all.list[i];
	lr_traffic_build(&t, many, n);
	ok(t.n_classes < 256, "all %zu games: %u classes", n, t.n_classes);
	unsigned wrong = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < many[i]->n_ports; k++) {
			const struct lr_game_ports *p = &many[i]->ports[k].ports;
			for (unsigned at = p->first; at <= p->last; at += p->step)
				wrong += !(lr_traffic_ports(&t, p->proto, 0, (uint16_t)at)->flags &
					   LR_TRAFFIC_PLAY);
		}
	is_int(wrong, 0, "each port of each is one");
	ok(t.ipx, "some speak IPX");
}

int main(void)
{
	if (lr_games_load(&all, NULL, NULL, NULL) != 0)
		return 1;
	none();
	some();
	odd();
	everything();
	lr_games_release(&all);
	return tap_done();
}
