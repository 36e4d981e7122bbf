/*
 * split.c - see split.h
 *
 * TCP segmentation as a NIC does it: sequence number and IPv4 identification go up, FIN and PSH
 * only on the last segment, CWR only on the first (RFC 3168 6.1.2). UDP: each segment a datagram of
 * its own with its own length (Linux udp(7), UDP_SEGMENT).
 */
#include "lib/io/split.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"

enum { TCP_FIN = 0x01, TCP_PSH = 0x08, TCP_CWR = 0x80 };
enum { TCP_FLAGS_AT = 13, TCP_CSUM_AT = 16, UDP_CSUM_AT = 6 };

/* The device left `start .. end` to be summed; the field holds the pseudo header's sum. */
static int finish_checksum(const struct lr_vnet *h, uint8_t *frame, size_t len)
{
	if (!(h->flags & LR_VNET_NEEDS_CSUM))
		return 0;
	size_t field = (size_t)h->csum_start + h->csum_offset;
	if (field + 2 > len || h->csum_start >= len)
		return -EINVAL;
	uint16_t sum = lr_sum_fold(lr_sum(frame + h->csum_start, len - h->csum_start, 0));
	if (sum == 0 && h->csum_offset == UDP_CSUM_AT)
		sum = 0xffff; /* RFC 768: zero means "no checksum" */
	memcpy(frame + field, &sum, sizeof(sum));
	return 0;
}

static int begin_tcp(struct lr_split *s)
{
	if (s->l4 + 20 > s->len)
		return -EINVAL;
	size_t doff = (size_t)(s->frame[s->l4 + 12] >> 4) * 4;
	if (doff < 20 || s->l4 + doff > s->len)
		return -EINVAL;
	s->proto = LR_TCP;
	s->head = s->l4 + doff;
	s->seq = lr_get_be32(s->frame + s->l4 + 4);
	s->tcp_flags = s->frame[s->l4 + TCP_FLAGS_AT];
	return 0;
}

int lr_split_begin(struct lr_split *s, const struct lr_vnet *h, uint8_t *frame, size_t len)
{
	struct lr_packet p;
	*s = (struct lr_split){.frame = frame, .len = len, .head = len};
	if (lr_packet_parse(frame, len, &p) != LR_IP_FINE)
		return -EINVAL;
	s->len = p.len;
	s->head = p.len;
	s->v6 = p.family == 6;
	uint8_t type = h->gso_type & (uint8_t)~LR_VNET_GSO_ECN;
	if (type == LR_VNET_GSO_NONE)
		return finish_checksum(h, frame, s->len);
	if (p.fragment || h->gso_size == 0)
		return -EINVAL;
	s->l4 = p.l4_at;
	if ((type == LR_VNET_GSO_TCP4 || type == LR_VNET_GSO_TCP6) && p.proto == LR_TCP) {
		if (begin_tcp(s) < 0)
			return -EINVAL;
	} else if (type == LR_VNET_GSO_UDP && p.proto == LR_UDP && s->l4 + 8 <= s->len) {
		s->proto = LR_UDP;
		s->head = s->l4 + 8;
	} else {
		return -EINVAL;
	}
	if (s->len == s->head) /* nothing to cut */
		return finish_checksum(h, frame, s->len);
	s->gso = h->gso_size;
	s->id = s->v6 ? 0 : lr_get_be16(frame + 4);
	s->at = s->head;
	return 0;
}

void lr_split_fit(struct lr_split *s, size_t limit)
{
	if (s->gso && s->proto == LR_TCP && limit > s->head && s->gso > limit - s->head)
		s->gso = limit - s->head;
}

size_t lr_split_packet_max(const struct lr_split *s)
{
	if (!s->gso)
		return s->len;
	size_t body = s->len - s->head;
	return s->head + (body < s->gso ? body : s->gso);
}

static void patch_ip(const struct lr_split *s, uint8_t *dst, size_t len, unsigned nth)
{
	if (s->v6) {
		lr_put_be16(dst + 4, (uint16_t)(len - 40));
		return;
	}
	lr_put_be16(dst + 2, (uint16_t)len);
	lr_put_be16(dst + 4, (uint16_t)(s->id + nth));
	lr_ip4_checksum(dst);
}

static void patch_tcp(const struct lr_split *s, uint8_t *l4, size_t done, bool last)
{
	uint8_t flags = s->tcp_flags;
	if (!last)
		flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (done > 0)
		flags &= (uint8_t)~TCP_CWR;
	l4[TCP_FLAGS_AT] = flags;
	lr_put_be32(l4 + 4, s->seq + (uint32_t)done);
}

size_t lr_split_next(struct lr_split *s, uint8_t *dst)
{
	if (!s->gso) {
		size_t len = s->head;
		memcpy(dst, s->frame, len);
		s->head = 0;
		return len;
	}
	size_t left = s->len - s->at;
	if (left == 0)
		return 0;
	size_t done = s->at - s->head, body = left < s->gso ? left : s->gso;
	size_t len = s->head + body, csum_at = s->proto == LR_TCP ? TCP_CSUM_AT : UDP_CSUM_AT;
	uint8_t *l4 = dst + s->l4;
	memcpy(dst, s->frame, s->head);
	memcpy(dst + s->head, s->frame + s->at, body);
	s->at += body;
	patch_ip(s, dst, len, (unsigned)(done / s->gso));
	if (s->proto == LR_TCP)
		patch_tcp(s, l4, done, s->at == s->len);
	else
		lr_put_be16(l4 + 4, (uint16_t)(len - s->l4));
	memset(l4 + csum_at, 0, 2);
	uint32_t l4_len = (uint32_t)(len - s->l4);
	uint16_t sum = lr_sum_fold(lr_sum(l4, l4_len, lr_sum_pseudo(dst, s->proto, l4_len)));
	if (sum == 0 && s->proto == LR_UDP)
		sum = 0xffff;
	memcpy(l4 + csum_at, &sum, sizeof(sum));
	return len;
}
