/*
 * game_learn.c - profiles out of what games do, on a clock and with packets of the test's own
 */
#include "lib/game/learn.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "t/unit/tap.h"

#define MS LR_NS_PER_MS

static struct lr_learn l;
static struct lr_learned got;
static const struct lr_learn_who who = {
	.executable = "a-game", .system = LR_GAME_LINUX, .name = "a-game", .day = "2026-11-23"};
static uint64_t now;

static void begin(void)
{
	now = 1000 * LR_NS_PER_S;
	lr_learn_init(&l, now, 32768, 60999);
}

static void have(enum lr_game_proto proto, uint16_t port, uint16_t peer)
{
	const struct lr_detect_socket s = {.proto = proto, .port = port, .peer_port = peer};
	lr_learn_socket(&l, &s);
}

/* A UDP packet; `to`: its IPv4 destination. */
static void packet(bool out, bool broadcast, uint32_t to, uint16_t sport, uint16_t dport)
{
	uint8_t p[40] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17};

	lr_put_be32(p + 12, 0x0a000001);
	lr_put_be32(p + 16, to);
	lr_put_be16(p + 20, sport);
	lr_put_be16(p + 22, dport);
	lr_put_be16(p + 24, 20);
	lr_learn_packet(&l, now, out, broadcast, p, sizeof(p));
}

static void learn(void)
{
	struct lr_err err = {0};

	lr_learn_profile(&l, now, &who, &got);
	json_t *json = lr_game_to_json(&got.game);
	struct lr_game *g = lr_game_from_json(json, &err);
	ok(g != NULL, "a profile that can be read: %s", err.text);
	lr_game_free(g);
	json_decref(json);
}

static void finds(
	unsigned i, enum lr_game_kind kind, uint16_t port, enum lr_game_by by, uint32_t every_ms)
{
	const struct lr_game_discovery *d = &got.discovery[i];

	ok(i < got.game.n_discovery && d->kind == kind && d->ports.first == port &&
			d->ports.last == port && d->by == by && d->every_ms == every_ms,
		"%s to %u by %s each %u ms", lr_game_kind_name(d->kind), d->ports.first,
		lr_game_by_name(d->by), d->every_ms);
}

static void plays(unsigned i, enum lr_game_proto proto, uint16_t first, uint16_t last)
{
	const struct lr_game_ports *p = &got.play[i].ports;

	ok(i < got.game.n_ports && p->proto == proto && p->first == first && p->last == last,
		"plays on %s %u to %u", lr_game_proto_name(p->proto), p->first, p->last);
}

/* It announces itself from its port each second, on two interfaces at once, with some delay. */
static void host(void)
{
	begin();
	packet(true, true, 0xffffffff, 7000, 7001); /* before its socket was seen */
	have(LR_GAME_UDP, 7000, 0);
	have(LR_GAME_TCP, 7002, 0);
	have(LR_GAME_TCP, 7002, 50000); /* who plays with us */
	for (unsigned i = 0; i < 10; i++) {
		now += (i % 2 ? 1004 : 993) * MS;
		packet(true, true, 0xffffffff, 7000, 7001);
		now += 3 * MS;
		packet(true, true, 0xffffffff, 7000, 7001);
		packet(true, true, 0xffffffff, 9000, 9001); /* another program's */
		packet(true, false, 0xe00000fb, 7000, 5353);
	}
	learn();
	is_int(got.game.n_discovery, 1, "one way of discovery");
	finds(0, LR_GAME_BROADCAST, 7001, LR_GAME_BY_HOST, 1000);
	is_str(got.discovery[0].source, "learned on 2026-11-23: 21 datagrams in 10 s", "the fact");
	is_int(got.game.n_ports, 2, "its ports, not those of who came");
	plays(0, LR_GAME_UDP, 7000, 7000);
	plays(1, LR_GAME_TCP, 7002, 7002);
	is_int(got.game.latency, LR_GAME_NORMAL, "nothing is fast");
	is_int(got.game.n_notes, 1, "it was watched");
}

/* It searches from a port of the kernel's, then plays at 30 a second. */
static void client(void)
{
	begin();
	have(LR_GAME_UDP, 40000, 0);
	have(LR_GAME_TCP, 40001, 443);
	have(LR_GAME_TCP, 40002, 3979);
	for (unsigned i = 0; i < 2; i++, now += 700 * MS)
		packet(true, true, 0x0a0000ff, 40000, 2342);
	packet(true, false, 0xe1010101, 40000, 4555);
	for (unsigned i = 0; i < 60; i++, now += 33 * MS) {
		packet(true, false, 0x0a000002, 40000, 2342);
		packet(false, false, 0x0a000001, 2342, 40000);
	}
	learn();
	is_int(got.game.n_discovery, 2, "two ways");
	finds(0, LR_GAME_SUBNET, 2342, LR_GAME_BY_CLIENT, 0);
	finds(1, LR_GAME_MULTICAST, 4555, LR_GAME_BY_CLIENT, 0);
	is_int(got.discovery[1].group.b[0], 225, "its group");
	is_int(got.game.n_ports, 2, "where it plays, and no web");
	plays(0, LR_GAME_UDP, 2342, 2342);
	plays(1, LR_GAME_TCP, 3979, 3979);
	ok(got.game.latency == LR_GAME_FAST && got.game.dscp == 46 && got.game.redundant,
		"a fast game of small packets");
}

/* Hosts on a port that the kernel might have given: others knew it. Neighbours are a range. */
static void called(void)
{
	begin();
	have(LR_GAME_UDP, 34197, 0);
	have(LR_GAME_UDP, 40000, 0);
	for (uint16_t port = 6114; port >= 6112; port--)
		have(LR_GAME_UDP, port, 0);
	packet(false, true, 0xffffffff, 6112, 6112);
	packet(false, false, 0x0a000001, 50001, 34197);
	packet(true, false, 0x0a000002, 34197, 50001);
	learn();
	finds(0, LR_GAME_BROADCAST, 6112, LR_GAME_BY_BOTH, 0);
	is_int(got.game.n_ports, 2, "two places to play");
	plays(0, LR_GAME_UDP, 6112, 6114);
	plays(1, LR_GAME_UDP, 34197, 34197);
}

static void nothing(void)
{
	const uint8_t rubbish[3] = {0x45};
	struct lr_learn_who deaf = who;

	begin();
	lr_learn_packet(&l, now, true, true, rubbish, sizeof(rubbish));
	learn();
	ok(got.game.n_discovery == 0 && got.game.n_ports == 0, "nothing was seen");
	is_str(got.notes[1], "It sent no broadcast and no multicast, and got none.", "and says so");
	deaf.deaf = true;
	lr_learn_profile(&l, now, &deaf, &got);
	is_str(got.notes[1], "Its packets were not seen, only its sockets.", "nor could it be");
}

/* A busy machine: other programs' flows give way, the game's stay. */
static void crowd(void)
{
	begin();
	have(LR_GAME_UDP, 7000, 0);
	packet(true, true, 0xffffffff, 7000, 7001);
	for (unsigned i = 0; i < 5000; i++, now += MS)
		packet(true, false, 0x0a000002, (uint16_t)(10000 + i), 9);
	learn();
	is_int(l.n_flows, LR_LEARN_FLOWS, "no more flows than there is room for");
	finds(0, LR_GAME_BROADCAST, 7001, LR_GAME_BY_HOST, 0);
}

static void names(void)
{
	char name[LR_GAME_NAME_MAX];
	struct lr_learn_who self = {0};
	int proc = open("/proc", O_RDONLY | O_DIRECTORY);

	lr_learn_name("The Game: 2nd (Demo)", name);
	is_str(name, "the-game-2nd-demo", "a name out of a title");
	lr_learn_name("!?", name);
	is_str(name, "game", "out of none");
	is_int(lr_learn_who(proc, getpid(), &self), 0, "who we are");
	is_str(self.executable, "game_learn", "our executable");
	is_str(self.name, "game-learn", "and its profile's name");
	is_int(lr_learn_look(&l, proc, getpid()), 0, "our sockets");
	ok(lr_learn_look(&l, proc, 0x7ffffff0) < 0, "nobody's sockets");
	close(proc);
}

int main(void)
{
	host();
	client();
	called();
	nothing();
	crowd();
	names();
	return tap_done();
}
