/*
 * lan_captured.c - what was sent on other interfaces: once, from our address, with right checksums
 */
#include "lib/lan/captured.h"
#include "t/unit/lan_two.h"

static struct lr_captured c;
static uint8_t room_of[LR_LAN_HEAD + 256];
static uint8_t *const packet = room_of + LR_LAN_HEAD;

static size_t datagram(const char *src, const char *dst, const char *text)
{
	return put_udp(packet, src, dst, 6112, 6112, text);
}
static void put(int card, const char *text)
{
	const char *src = card == 2 ? "192.168.1.9" : "172.16.0.9";
	const char *dst = card == 2 ? "192.168.1.255" : "255.255.255.255";
	size_t len = datagram(src, dst, text);

	packet[26] ^= 0x5a; /* its checksum is not filled in */
	lr_captured_put(&c, now, card, packet, len);
}
static unsigned carried(void)
{
	unsigned n = 0;
	size_t len;

	now += LR_CAPTURED_HOLD_NS;
	while (lr_captured_next(&c, now, &len))
		n++;
	return n;
}

static void once(void)
{
	size_t len;

	is_int(lr_captured_due(&c) == LR_NEVER, 1, "nothing is due");
	put(2, "a");
	is_int(lr_captured_due(&c), now + LR_CAPTURED_HOLD_NS, "held for a moment");
	ok(!lr_captured_next(&c, now, &len), "not carried before");
	is_int(carried(), 1, "then carried");
	put(2, "a");
	put(2, "a");
	is_int(carried(), 2, "the same again on that card is a new one");
	put(3, "a");
	is_int(carried(), 0, "on another card it is a copy");
	is_int(c.copies, 1, "which is counted");
	now += LR_CAPTURED_SAME_NS;
	put(3, "a");
	is_int(carried(), 1, "but not later");
	put(2, "b");
	lr_captured_own(&c, now, packet, datagram("10.66.0.1", "255.255.255.255", "b"));
	is_int(carried(), 0, "what then goes out by our interface is not carried");
	put(2, "b");
	is_int(carried(), 0, "nor what went out there before");
	put(2, "c");
	is_int(carried(), 1, "another payload is");
	for (int i = 0; i < LR_CAPTURED_HELD + 1; i++)
		put(2, (char[]){(char)('0' + i % 64), (char)('0' + i / 64), 0});
	is_int(c.lost, 1, "more than can be held is counted");
	is_int(carried(), LR_CAPTURED_HELD, "the rest is carried");
	lr_captured_put(&c, now, 2, packet, put_tcp(packet, "10.0.0.1", "10.0.0.255", 1, 2, 2));
	is_int(carried(), 0, "no UDP, nothing");
}

static bool sums_right(const uint8_t *p)
{
	size_t head = p[0] >> 4 == 4 ? 20 : 40, len = v.len - head;

	return (head == 40 || lr_sum_fold(lr_sum(p, 20, 0)) == 0) &&
	       l4_sum(p, head, LR_UDP, len) == 0;
}
static enum lr_lan_act captured(const char *src, const char *dst)
{
	size_t len = datagram(src, dst, "lobby"), at = strchr(src, ':') ? 46 : 26;

	packet[at] ^= 0x5a;
	lr_lan_out_captured(us.lan, now, packet, len, &v);
	return v.act;
}
static bool source_is(const char *text)
{
	struct lr_ip is = lr_packet_src(packet), wanted = ip_of(text);

	return lr_ip_equal(&is, &wanted);
}

static void rewritten(void)
{
	static const uint8_t ours[] = {10, 66, 255, 255}, all[] = {255, 255, 255, 255};
	const struct lr_ip game = ip_of("ff15::42");

	is_int(captured("192.168.1.9", "255.255.255.255"), LR_LAN_COPIES, "a broadcast");
	ok(source_is("10.66.0.1") && sums_right(v.bytes), "is ours, its checksums anew");
	is_mem(v.bytes + 16, all, 4, "to all");
	is_int(captured("192.168.1.9", "192.168.1.63"), LR_LAN_COPIES, "that of a /26");
	is_mem(v.bytes + 16, ours, 4, "becomes the LAN's");
	ok(source_is("10.66.0.1") && sums_right(v.bytes), "with right checksums");
	is_int(captured("fe80::9", "ff15::42"), LR_LAN_DROP, "a group that nobody joined");
	lr_lan_group(us.lan, &game, true);
	is_int(captured("fe80::9", "ff15::42"), LR_LAN_COPIES, "one that a guest gets");
	ok(source_is("fd66::1") && sums_right(v.bytes), "from our IPv6 address");
	captured("10.66.0.2", "255.255.255.255");
	is_int(v.drop, LR_LAN_DROP_ADDRESS, "what a member sent is not carried");
	is_int(captured("10.66.0.1", "255.255.255.255"), LR_LAN_COPIES,
		"what we sent from our address, by another card, is");
	captured("192.168.1.9", "10.66.0.2");
	is_int(v.drop, LR_LAN_DROP_ADDRESS, "nor what is for one");
	size_t len = put_udp(packet, "192.168.1.9", "255.255.255.255", 68, 67, "dhcp");
	lr_lan_out_captured(us.lan, now, packet, len, &v);
	is_int(v.drop, LR_LAN_DROP_DHCP, "the rules are the same");
	len = put_tcp(packet, "192.168.1.9", "255.255.255.255", 1, 2, 2);
	lr_lan_out_captured(us.lan, now, packet, len, &v);
	is_int(v.drop, LR_LAN_DROP_PACKET, "UDP only");
}

/* With a segment of the house: its machines hear it as from our interface. */
static void bridged(void)
{
	static const uint8_t all[LR_MAC] = {255, 255, 255, 255, 255, 255};
	const struct lr_ip game = ip_of("239.5.5.5");

	is_int(v.also, 0, "no segment, nothing goes there");
	is_int(lr_lan_bridge(us.lan), 0, "a bridge");
	captured("192.168.1.9", "255.255.255.255");
	ok(v.act == LR_LAN_COPIES && v.also == LR_LAN_SEGMENT, "a broadcast goes there, too");
	is_mem(v.bytes - LR_LAN_HEAD, all, LR_MAC, "as a frame to all");
	is_mem(v.bytes - LR_LAN_HEAD + LR_MAC, us.mac, LR_MAC, "from our MAC");
	is_int(lr_get_be16(v.bytes - 2), 0x0800, "of IPv4");
	lr_lan_group(us.lan, &game, true);
	captured("192.168.1.9", "239.5.5.5");
	is_mem(v.bytes - LR_LAN_HEAD, "\1\0\x5e\5\5\5", LR_MAC, "a group's frame is one");
	captured("192.168.1.9", "10.66.0.2");
	is_int(v.also, 0, "what is dropped goes nowhere");
}

int main(void)
{
	both_up();
	once();
	rewritten();
	bridged();
	both_down();
	return tap_done();
}
