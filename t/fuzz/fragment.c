/*
 * fragment.c - fuzzer: any packet cut to any length, and the MSS of anything that looks like a SYN
 *
 * Two bytes are the limit, the rest is a packet. What comes out fits, is well-formed, and has the
 * packet's data in order; fragments are cut once more, as a path that becomes narrower does. A SYN
 * changes in its MSS and checksum only, and its sum over all stays what it was.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/fragment.h"
#include "lib/net/mss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

struct seen {
	const uint8_t *data; /* what must come next */
	size_t left;
};

static void check(struct seen *s, const uint8_t *piece, size_t n, size_t limit, size_t head)
{
	struct lr_packet p;

	must(n <= limit && lr_packet_parse(piece, n, &p) == LR_IP_FINE && p.len == n);
	must(n - head <= s->left && memcmp(piece + head, s->data, n - head) == 0);
	s->data += n - head;
	s->left -= n - head;
}

/* Where the data begins: behind the part that is repeated, and IPv6's fragment header. */
static size_t head_of(const struct lr_fragment *f, bool first)
{
	return f->v6 ? f->head + LR_FRAGMENT_HEADER : first ? f->head : f->later_len;
}

static void again(const uint8_t *packet, size_t len, size_t limit)
{
	static uint8_t piece[65536];
	struct lr_fragment f;
	struct seen s;

	if (lr_fragment_begin(&f, packet, len, limit, 1) != 0)
		return;
	s = (struct seen){packet + f.data_at, len - f.data_at};
	bool first = true;
	for (size_t n; (n = lr_fragment_next(&f, piece)); first = false)
		check(&s, piece, n, limit, head_of(&f, first));
	must(s.left == 0);
}

static void fragments(const uint8_t *packet, size_t len, size_t limit)
{
	static uint8_t piece[65536];
	struct lr_fragment f;
	struct lr_packet p;
	struct seen s;
	bool first = true;

	if (lr_fragment_begin(&f, packet, len, limit, 0x01020304) != 0)
		return;
	must(lr_packet_parse(packet, len, &p) == LR_IP_FINE);
	s = (struct seen){packet + f.data_at, p.len - f.data_at};
	for (size_t n; (n = lr_fragment_next(&f, piece)); first = false) {
		check(&s, piece, n, limit, head_of(&f, first));
		again(piece, n, limit / 2 + 60);
	}
	must(s.left == 0);
}

static void clamp(const uint8_t *packet, size_t len, size_t limit)
{
	static uint8_t copy[65536];
	struct lr_packet p;

	if (lr_packet_parse(packet, len, &p) != LR_IP_FINE || !lr_mss_is_syn(packet, p.len))
		return;
	memcpy(copy, packet, len);
	if (!lr_mss_clamp(copy, p.len, limit)) {
		must(memcmp(copy, packet, len) == 0);
		return;
	}
	size_t l4 = packet[0] >> 4 == 4 ? (packet[0] & 0xfu) * 4 : 40, others = 0;
	for (size_t i = 0; i < len; i++)
		others += copy[i] != packet[i] && i - l4 - 16 > 1;
	must(others >= 1 && others <= 2);
	must(lr_sum(copy + l4, p.len - l4, 0) % 0xffff ==
		lr_sum(packet + l4, p.len - l4, 0) % 0xffff);
	must(!lr_mss_clamp(copy, p.len, limit));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 65535)
		return 0;
	size_t limit = lr_get_be16(data);
	fragments(data + 2, size - 2, limit);
	clamp(data + 2, size - 2, limit);
	return 0;
}
