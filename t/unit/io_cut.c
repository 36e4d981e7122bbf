/*
 * io_cut.c - frames from the device become packets that fit
 */
#include "lib/base/bytes.h"
#include "lib/io/cut.h"
#include "lib/net/mss.h"
#include "t/unit/tap.h"

static struct lr_cut c;
static uint8_t frame[65536], out[65536];

/* A TCP or UDP frame over IPv4 with DF; its checksum is left to us. */
static struct lr_vnet build(uint8_t proto, size_t body, uint16_t gso, uint8_t flags)
{
	size_t head = proto == LR_TCP ? 44 : 28, len = head + body;

	memset(frame, 0, head);
	frame[0] = 0x45;
	lr_put_be16(frame + 2, (uint16_t)len);
	frame[6] = 0x40;
	frame[8] = 64;
	frame[9] = proto;
	memset(frame + 12, 10, 8);
	if (proto == LR_TCP) {
		frame[32] = 0x60;
		frame[33] = flags;
		memcpy(frame + 40, (const uint8_t[]){2, 4, 5, 180}, 4);
	} else {
		lr_put_be16(frame + 24, (uint16_t)(8 + body));
	}
	for (size_t i = head; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + i / 256);
	uint16_t pseudo = (uint16_t)~lr_sum_fold(lr_sum_pseudo(frame, proto, (uint32_t)(len - 20)));
	memcpy(frame + 20 + (proto == LR_TCP ? 16 : 6), &pseudo, 2);
	return (struct lr_vnet){.flags = LR_VNET_NEEDS_CSUM,
		.gso_type = !gso              ? LR_VNET_GSO_NONE
			    : proto == LR_TCP ? LR_VNET_GSO_TCP4
					      : LR_VNET_GSO_UDP,
		.gso_size = gso,
		.csum_start = 20,
		.csum_offset = proto == LR_TCP ? 16 : 6};
}

static size_t length(uint8_t proto, size_t body)
{
	return (proto == LR_TCP ? 44 : 28) + body;
}

static void tso(void)
{
	struct lr_vnet h = build(LR_TCP, 20000, 1456, 16);
	size_t len = length(LR_TCP, 20000), n, sum = 0, most = 0, count = 0;
	bool right = true;

	is_int(lr_cut_begin(&c, &h, frame, len), 0, "a TSO frame");
	lr_cut_fit(&c, 1220);
	is_int(lr_cut_max(&c), 1220, "its segments fill what there is");
	for (; (n = lr_cut_next(&c, out)); count++) {
		right &= lr_sum_fold(lr_sum(out + 20, n - 20,
				 lr_sum_pseudo(out, LR_TCP, (uint32_t)n - 20))) == 0 &&
			 lr_get_be32(out + 24) == sum && !(lr_get_be16(out + 6) & 0x3fff);
		sum += n - 44;
		most = n > most ? n : most;
	}
	ok(right && sum == 20000 && most == 1220 && count == 18,
		"18 segments, none a fragment, sequence and checksums right");
	is_int(lr_cut_begin(&c, &h, frame, len), 0, "the same");
	lr_cut_fit(&c, 1600);
	is_int(lr_cut_max(&c), 1500, "a longer limit changes nothing");
	is_int(lr_cut_begin(&c, &h, frame, len), 0, "the same");
	is_int(lr_cut_max(&c), 1500, "and so does none");
}

static void syn(void)
{
	struct lr_vnet h = build(LR_TCP, 0, 0, LR_TCP_SYN);
	size_t n;

	is_int(lr_cut_begin(&c, &h, frame, 44), 0, "a SYN");
	lr_cut_fit(&c, 1220);
	n = lr_cut_next(&c, out);
	is_int(lr_get_be16(out + 42), 1180, "asks for segments that fit");
	is_int(lr_sum_fold(lr_sum(out + 20, n - 20, lr_sum_pseudo(out, LR_TCP, (uint32_t)n - 20))),
		0, "checksum right");
	is_int(lr_cut_next(&c, out), 0, "and that is all");
}

/* Fragments of the datagrams in a frame, put together; how many packets came. */
static unsigned collect(uint8_t *whole, size_t *len, bool *right)
{
	unsigned count = 0;

	*len = 0;
	for (size_t n; (n = lr_cut_next(&c, out)); count++) {
		size_t head = 20;
		*right &= n <= 1220;
		memcpy(whole + *len, out + head, n - head);
		*len += n - head;
	}
	return count;
}

static void udp(void)
{
	static uint8_t whole[65536];
	struct lr_vnet h = build(LR_UDP, 1472, 0, 0);
	size_t len;
	bool right = true;
	uint32_t id = c.id;

	is_int(lr_cut_begin(&c, &h, frame, 1500), 0, "a datagram of 1,472 bytes");
	lr_cut_fit(&c, 1220);
	is_int(lr_cut_max(&c), 1220, "fits in");
	is_int(collect(whole, &len, &right), 2, "two fragments");
	ok(right && len == 1480 && memcmp(whole + 8, frame + 28, 1472) == 0, "with all its bytes");
	is_int(lr_sum_fold(lr_sum(whole, 1480, lr_sum_pseudo(frame, LR_UDP, 1480))), 0,
		"its checksum was finished before");
	is_int(c.id, id + 1, "an identification was used");
	is_int(lr_cut_refused(&c), 0, "nothing was refused");

	h = build(LR_UDP, 1472 * 3 + 100, 1472, 0);
	is_int(lr_cut_begin(&c, &h, frame, length(LR_UDP, 1472 * 3 + 100)), 0, "a USO frame");
	lr_cut_fit(&c, 1220);
	is_int(collect(whole, &len, &right), 7, "three datagrams in two fragments each, one whole");
	is_int(len, 1480 * 3 + 108, "with all their bytes");
	bool sums = right;
	for (unsigned i = 0; i < 4; i++) {
		uint32_t size = i < 3 ? 1480 : 108;
		sums &= lr_sum_fold(lr_sum(
				whole + i * 1480, size, lr_sum_pseudo(frame, LR_UDP, size))) == 0;
	}
	ok(sums, "each datagram with its own checksum");

	h = build(LR_UDP, 1472, 0, 0);
	is_int(lr_cut_begin(&c, &h, frame, 1500), 0, "a limit below any header");
	lr_cut_fit(&c, 20);
	is_int(lr_cut_next(&c, out), 0, "lets nothing through");
	is_int(lr_cut_refused(&c), 1, "and it is counted");
}

int main(void)
{
	tso();
	syn();
	udp();
	return tap_done();
}
