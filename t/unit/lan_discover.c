/*
 * lan_discover.c - questions and answers of the self-test: who answers, whom, how much
 */
#include "lib/lan/discover.h"
#include "lib/net/fragment.h"
#include "t/unit/lan_two.h"

static struct lr_discover d;
static uint8_t packet[LR_DISCOVER_PACKET], answer[LR_DISCOVER_PACKET];
static const uint8_t ours[4] = {10, 66, 0, 1}, theirs[4] = {10, 66, 0, 2};
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
		size_t m = lr_discover_answer(ours, question, size, kinds[i], answer);
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
	is_int(lr_discover_answer(ours, question, size, LR_DISCOVER_ECHO, answer), n,
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
