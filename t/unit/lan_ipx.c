/*
 * lan_ipx.c - the IPX server for DOSBox: who is taken in, what goes to whom, who is forgotten
 */
#include "lib/lan/ipx.h"

#include "lib/base/bytes.h"
#include "t/unit/tap.h"

enum { PING = 2, GAME = 0x869c };

static struct lr_ipx x;
static uint64_t now;
static uint8_t packet[600], last[600];
static size_t last_len;
static unsigned sent;
static uint64_t sent_to; /* a bit for each host 10.66.0.N that was sent something */

static void out(void *ctx, const uint8_t to[LR_IPX_NODE], const uint8_t *bytes, size_t len)
{
	(void)ctx;
	sent++;
	sent_to |= 1ull << to[3];
	memcpy(last, bytes, len);
	last_len = len;
}
static const struct lr_ipx_host host = {NULL, out};

static void node(uint8_t *at, unsigned n)
{
	struct lr_ip ip = lr_ip4(0x0a420000u + n);

	lr_ipx_node(at, &ip, n == 1 ? LR_IPX_PORT : (uint16_t)(20000 + n));
}
/* A packet from host n to host `to` (0: to nobody, as a registration is; 255: to all), said to be
 * from `as`. */
static void says_as(unsigned n, unsigned as, unsigned to, uint16_t socket, size_t len)
{
	uint8_t from[LR_IPX_NODE];

	memset(packet, 0, sizeof(packet));
	lr_put_be16(packet, 0xffff);
	lr_put_be16(packet + 2, (uint16_t)len);
	if (to == 255)
		memset(packet + 10, 0xff, LR_IPX_NODE);
	else if (to)
		node(packet + 10, to);
	lr_put_be16(packet + 16, socket);
	node(packet + 22, as);
	node(from, n);
	sent = 0;
	sent_to = 0;
	lr_ipx_take(&x, now, &host, from, packet, len);
}
static void says(unsigned n, unsigned to, uint16_t socket)
{
	says_as(n, n, to, socket, LR_IPX_HEAD + 10);
}
static void registers(unsigned n)
{
	says_as(n, 200, 0, PING, LR_IPX_HEAD);
}
static bool reaches(unsigned n, uint64_t whom)
{
	return sent == n && sent_to == whom;
}
static uint64_t dropped(enum lr_ipx_drop why)
{
	return x.drops[why];
}

static void start(void)
{
	const struct lr_prefix pool = {lr_ip4(0x0a420001), 16};
	uint8_t own[LR_IPX_NODE];

	x = (struct lr_ipx){0};
	node(own, 1);
	lr_ipx_start(&x, own, &pool);
	now = 1000 * LR_NS_PER_S;
}

static void registration(void)
{
	static const uint8_t answer[LR_IPX_HEAD] = {0xff, 0xff, 0, 30, 0, 0, 0, 0, 0, 0, 10, 66, 0,
		2, 0x4e, 0x22, 0, 2, 0, 0, 0, 1, 10, 66, 0, 1, 0, 213, 0, 2};

	start();
	is_int(lr_ipx_due(&x), LR_NEVER, "nobody is there, nothing is due");
	registers(2);
	ok(reaches(1, 1 << 2), "who registers is answered, alone");
	is_int(last_len, LR_IPX_HEAD, "with a header");
	is_mem(last, answer, LR_IPX_HEAD, "that tells its number, as DOSBox reads it");
	registers(2);
	ok(reaches(1, 1 << 2) && x.n == 1, "twice is once");
	for (unsigned n = 3; n < 6; n++)
		registers(n);
	is_int(x.n, 4, "four of them");
}

static void ways(void)
{
	says(2, 255, GAME);
	ok(reaches(3, 7 << 3), "to all: to each but who sent it");
	is_mem(last, packet, LR_IPX_HEAD + 10, "as it came");
	says(2, 4, GAME);
	ok(reaches(1, 1 << 4), "to one: to that one");
	says(2, 9, GAME);
	ok(sent == 0 && dropped(LR_IPX_DROP_NOBODY) == 1, "to nobody here: dropped, by name");
	says(2, 255, PING);
	ok(sent == 4 && sent_to == (15 << 2), "a ping goes to all, and is answered by the server");
	ok(last[10 + 3] == 2 && last[22 + 3] == 1, "to who asked, from the server");
	says(3, 1, PING);
	ok(sent == 0 && dropped(LR_IPX_DROP_NOBODY) == 1, "an answer to the server ends here");
	packet[600 - 1] = 1;
	says_as(2, 2, 4, GAME, 576);
	is_int(last_len, 576, "long ones, too");
}

static void refused(void)
{
	uint8_t from[LR_IPX_NODE] = {192, 168, 1, 5, 1, 1};

	says_as(2, 3, 255, GAME, 40);
	ok(sent == 0 && dropped(LR_IPX_DROP_SOURCE) == 1, "nobody speaks as another");
	says_as(2, 2, 255, GAME, LR_IPX_HEAD - 1);
	ok(sent == 0 && dropped(LR_IPX_DROP_PACKET) == 1, "half a header");
	says(2, 4, GAME);
	node(from, 2);
	sent = 0;
	lr_ipx_take(&x, now, &host, from, packet, LR_IPX_HEAD + 9);
	ok(sent == 0 && dropped(LR_IPX_DROP_PACKET) == 2, "longer than what came");
	memcpy(from, (const uint8_t[]){192, 168, 1, 5}, 4);
	lr_ipx_take(&x, now, &host, from, packet, LR_IPX_HEAD);
	ok(sent == 0 && dropped(LR_IPX_DROP_FOREIGN) == 1, "from outside the virtual network");
	lr_ipx_take(&x, now, &host, x.own, packet, LR_IPX_HEAD);
	ok(sent == 0 && dropped(LR_IPX_DROP_FOREIGN) == 2, "in the server's own name");
}

static void limits(void)
{
	const struct lr_ip one = lr_ip4(0x0a420007);
	uint8_t from[LR_IPX_NODE];
	unsigned n = 0;

	start();
	says_as(7, 200, 0, PING, LR_IPX_HEAD);
	for (unsigned i = 0; i < 20; i++) {
		lr_ipx_node(from, &one, (uint16_t)(30000 + i));
		lr_ipx_take(&x, now, &host, from, packet, LR_IPX_HEAD);
	}
	ok(x.n == LR_IPX_OF_ONE && dropped(LR_IPX_DROP_FULL) == 21 - LR_IPX_OF_ONE,
		"so many at one address");
	for (n = 8; n < 250; n++)
		registers(n);
	is_int(x.n, LR_IPX_CLIENTS, "so many in all");
	start();
	registers(2);
	registers(3);
	n = 0;
	for (unsigned i = 0; i < 10000; i++) {
		says(2, 255, GAME);
		n += sent;
		now += LR_NS_PER_S / 10000;
	}
	ok(n >= LR_IPX_TO_ALL && n <= 2 * LR_IPX_TO_ALL + 1, "10,000 to all in a second: %u", n);
	is_int(dropped(LR_IPX_DROP_STORM), 10000 - n, "the others are dropped by name");
	says(3, 255, GAME);
	ok(reaches(1, 1 << 2), "another's pass");
	says(2, 3, GAME);
	ok(reaches(1, 1 << 3), "and its own to one");
}

static void lapses(void)
{
	start();
	registers(2);
	registers(3);
	is_int(lr_ipx_due(&x), now + LR_IPX_QUIET_NS, "both are asked when they were quiet");
	for (unsigned i = 0; i < 10; i++) {
		now = lr_ipx_due(&x);
		sent = 0;
		lr_ipx_settle(&x, now, &host);
		says(2, 1, PING);
	}
	is_int(x.n, 1, "who does not answer is forgotten");
	says(2, 3, GAME);
	is_int(dropped(LR_IPX_DROP_NOBODY), 1, "and gets nothing more");
	says(3, 255, GAME);
	ok(reaches(1, 1 << 2) && x.n == 2, "who speaks under its own number is taken in again");
	now = lr_ipx_due(&x);
	sent = 0;
	lr_ipx_settle(&x, now, &host);
	ok(sent == 2 && last[10] == 0xff && last[17] == PING && last[22 + 3] == 1,
		"asked by a ping of the server");
	now += LR_IPX_LIFE_NS;
	lr_ipx_settle(&x, now, &host);
	ok(x.n == 0 && lr_ipx_due(&x) == LR_NEVER, "all are gone");
}

int main(void)
{
	registration();
	ways();
	refused();
	limits();
	lapses();
	return tap_done();
}
