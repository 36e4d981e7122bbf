/*
 * lan_discover.c - questions and answers of the self-test: who answers, whom, how much
 */
#include "lib/lan/discover.h"
#include "lib/net/fragment.h"
#include "t/unit/lan_two.h"

static struct lr_discover d;
static uint8_t packet[LR_DISCOVER_PACKET], answer[LR_DISCOVER_PACKET];
static const uint8_t ours[4] = {10, 66, 0, 1}, theirs[4] = {10, 66, 0, 2};
static const struct lr_ip our_ip = {4, {10, 66, 0, 1}};
static const uint8_t *question;
static size_t size;

/* A question of our friend to us (or to `to`), sent to `dst`. */
static size_t asks(const char *dst, const uint8_t *to, size_t len)
{
	size_t head = put_ip(packet, "10.66.0.2", dst, LR_UDP, 64, 8 + len);

	lr_put_be16(packet + head, 6112);
	lr_put_be16(packet + head + 2, 6113);
	lr_put_be16(packet + head + 4, (uint16_t)(8 + len));
	lr_put_be16(packet + head + 6, 0);
	lr_discover_put(packet + head + 8, len, LR_DISCOVER_ASK, to, 7);
	return head + 8 + len;
}
static bool took(const uint8_t *p, size_t len)
{
	return lr_discover_took(&d, ours, p, len, &question, &size);
}

static void answered(const char *dst, const char *back, size_t len)
{
	static const enum lr_discover_what kinds[] = {LR_DISCOVER_ACK, LR_DISCOVER_ECHO};
	size_t n = asks(dst, ours, len);

	if (!ok(took(packet, n) && question, "a question to %s is ours", dst))
		return;
	for (int i = 0; i < 2; i++) {
		size_t m = lr_discover_answer(&our_ip, question, size, kinds[i], answer);
		struct lr_ip to = lr_packet_dst(answer), is = ip_of(i ? back : "10.66.0.2");
		enum lr_discover_what what;
		uint64_t number;
		is_int(m, i ? n : 20 + 8 + LR_DISCOVER_LEN, i ? "echo" : "acknowledgement");
		ok(lr_ip_equal(&to, &is), "to whom it should");
		ok(lr_get_be16(answer + 20) == 6113 && lr_get_be16(answer + 22) == 6112, "ports");
		ok(lr_sum_fold(lr_sum(answer, 20, 0)) == 0 &&
				l4_sum(answer, 20, LR_UDP, m - 20) == 0,
			"checksums");
		ok(lr_discover_read(answer + 28, m - 28, &what, &number) && what == kinds[i] &&
				number == 7 && memcmp(answer + 28 + 16, theirs, 4) == 0,
			"for the asker");
	}
}

/* By IPv6, to a group: the question says whose it is. */
static void six(void)
{
	const struct lr_ip own = ip_of("fd66::1"), group = ip_of("ff04::7"),
			   asker = ip_of("fd66::2");
	size_t head = put_ip(packet, "fd66::2", "ff04::7", LR_UDP, 64, 8 + LR_DISCOVER_LEN6);
	size_t n = head + 8 + LR_DISCOVER_LEN6;

	memset(packet + head, 0, 8);
	lr_put_be16(packet + head + 4, 8 + LR_DISCOVER_LEN6);
	lr_discover_put(packet + head + 8, LR_DISCOVER_LEN6, LR_DISCOVER_ASK, ours, 7);
	lr_discover_put_from(packet + head + 8, theirs);
	ok(!took(packet, n - 1), "too short for one by IPv6");
	if (!ok(took(packet, n) && question, "a question to an IPv6 group is ours"))
		return;
	for (unsigned what = LR_DISCOVER_ACK; what <= LR_DISCOVER_ECHO; what++) {
		size_t m = lr_discover_answer(&own, question, size, what, answer);
		struct lr_ip to = lr_packet_dst(answer), from = lr_packet_src(answer);
		is_int(m, n, "its answer");
		ok(lr_ip_equal(&from, &own) &&
				lr_ip_equal(&to, what == LR_DISCOVER_ECHO ? &group : &asker),
			"from us, to whom it should");
		is_int(l4_sum(answer, 40, LR_UDP, m - 40), 0, "its checksum");
		is_mem(answer + 48 + 16, theirs, 4, "for the asker");
	}
	is_int(lr_discover_answer(&our_ip, question, size, LR_DISCOVER_ACK, answer), 0,
		"no answer in another family");
}

static void ipx(void)
{
	struct lr_discover_ipx x = {.to = {1, 2, 3, 4, 5, 6},
				       .from = {2, 2, 2, 2, 2, 2},
				       .socket = 0x869c,
				       .what = LR_DISCOVER_ECHO,
				       .member = {10, 66, 0, 1},
				       .asker = {10, 66, 0, 2},
				       .number = 9},
			       y = {.number = 0};
	uint8_t frame[LR_DISCOVER_FRAME];

	lr_discover_put_frame(frame, &x);
	ok(lr_get_be16(frame + 12) == 0x8137 && lr_get_be16(frame + 14) == 0xffff &&
			lr_get_be16(frame + 16) == 62,
		"an IPX frame of its length");
	ok(lr_discover_read_frame(frame, sizeof(frame), &y) && y.number == 9 &&
			y.what == LR_DISCOVER_ECHO && y.socket == 0x869c &&
			memcmp(y.to, x.to, 6) == 0 && memcmp(y.from, x.from, 6) == 0 &&
			memcmp(y.member, x.member, 4) == 0 && memcmp(y.asker, x.asker, 4) == 0,
		"is read as it was written");
	ok(!lr_discover_read_frame(frame, sizeof(frame) - 1, &y), "not when it is cut off");
	frame[13] ^= 1;
	ok(!lr_discover_read_frame(frame, sizeof(frame), &y), "nor of another type");
}

static void others(void)
{
	size_t n = asks("255.255.255.255", theirs, LR_DISCOVER_LEN);

	ok(took(packet, n) && !question, "a question to another stays here, and is not answered");
	n = asks("10.66.0.1", ours, LR_DISCOVER_LEN);
	packet[28 + 12] = LR_DISCOVER_ECHO;
	ok(!took(packet, n), "an echo for us goes to who asked");
	packet[28 + 12] = 9;
	ok(!took(packet, n), "what is no question is delivered");
	n = asks("10.66.0.1", ours, LR_DISCOVER_LEN);
	ok(!took(packet, n - 1), "nor is a shorter one");
	packet[28] ^= 1;
	ok(!took(packet, n), "another payload is delivered");
	ok(!took(packet, put_tcp(packet, "10.66.0.2", "10.66.0.1", 1, 2, 2)), "so is TCP");
}

static void pieces(void)
{
	static uint8_t cut[3][800];
	struct lr_fragment f;
	size_t lens[3], n = asks("10.66.0.1", ours, LR_DISCOVER_LARGE);

	if (!ok(lr_fragment_begin(&f, packet, n, 600, 5) == 0, "a question that is cut"))
		return;
	for (int i = 0; i < 3; i++)
		lens[i] = lr_fragment_next(&f, cut[i]);
	ok(!took(cut[1], lens[1]), "a piece of nothing is delivered");
	ok(took(cut[0], lens[0]) && !question, "begins");
	ok(took(cut[1], lens[1]) && !question, "goes on");
	ok(took(cut[2], lens[2]) && question && size == n, "and is answered when it is whole");
	is_int(lr_discover_answer(&our_ip, question, size, LR_DISCOVER_ECHO, answer), n,
		"as long as it was");
	took(cut[0], lens[0]);
	took(cut[2], lens[2]);
	ok(!question, "not without its middle");
	cut[1][15] ^= 1;
	ok(!took(cut[1], lens[1]), "another's piece is delivered");
	took(cut[0], lens[0]);
	for (int i = 0; i < 9; i++)
		took(cut[2], lens[2]);
	ok(!question, "nor by its end alone");
}

int main(void)
{
	unsigned n = 0;

	answered("255.255.255.255", "255.255.255.255", LR_DISCOVER_LEN);
	answered("10.66.255.255", "255.255.255.255", LR_DISCOVER_LEN);
	answered("224.0.2.60", "224.0.2.60", LR_DISCOVER_LEN);
	answered("10.66.0.1", "10.66.0.2", LR_DISCOVER_LEN);
	answered("10.66.0.1", "10.66.0.2", LR_DISCOVER_LARGE);
	six();
	ipx();
	others();
	pieces();
	for (int i = 0; i < 1000; i++)
		n += lr_discover_may(&d, now);
	is_int(n, LR_DISCOVER_RATE, "a second's worth at once");
	n = 0;
	for (int i = 0; i < 1000; i++)
		n += lr_discover_may(&d, now + LR_NS_PER_S / 2);
	is_int(n, LR_DISCOVER_RATE / 2, "and then at that rate");
	return tap_done();
}
