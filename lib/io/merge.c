/*
 * merge.c - see merge.h; the rules are those of the kernel's own GRO (tcp_offload.c, udp_offload.c)
 */
#include "lib/io/merge.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/net/ip.h"

enum { TCP_PSH = 0x08, TCP_ACK = 0x10 };
enum { TCP_CSUM_AT = 16, UDP_CSUM_AT = 6 };
enum { LOOK_BACK = 16 }; /* flows that are interleaved in one train */
enum { FRAME_MAX = 65535 };
enum { DATAGRAMS_MAX = 64 }; /* UDP_MAX_SEGMENTS: what the kernel takes in one USO frame */

void lr_merge_init(struct lr_merge *m, bool tcp, bool udp)
{
	m->tcp = tcp;
	m->udp = udp;
	lr_merge_reset(m);
}

void lr_merge_reset(struct lr_merge *m)
{
	m->n_groups = 0;
	m->n_slices = 0;
}

/* The transport whose flow the packet belongs to, and where it begins; 0 for all others. */
static uint8_t flow_of(const uint8_t *p, size_t len, uint16_t *l4_at)
{
	uint8_t proto;
	if (p[0] == 0x45) {
		proto = p[9];
		*l4_at = 20;
		if (lr_get_be16(p + 6) & 0x3fff) /* a fragment */
			return 0;
	} else if (p[0] >> 4 == 6) {
		proto = p[6];
		*l4_at = 40;
	} else {
		return 0;
	}
	return (proto == LR_TCP || proto == LR_UDP) && len >= *l4_at + 8u ? proto : 0;
}

/* Whether it may be merged at all, and where its payload begins. */
static bool joinable(const struct lr_merge *m, const uint8_t *p, size_t len, uint8_t proto,
	uint16_t l4, uint16_t *head)
{
	if (proto == LR_UDP) {
		*head = (uint16_t)(l4 + 8);
		return m->udp && len > *head && lr_get_be16(p + l4 + 4) == len - l4 &&
		       lr_get_be16(p + l4 + UDP_CSUM_AT) != 0;
	}
	if (proto != LR_TCP || !m->tcp || len <= l4 + 20u)
		return false;
	*head = (uint16_t)(l4 + (p[l4 + 12] >> 4) * 4);
	return *head >= l4 + 20 && *head < len && (p[l4 + 13] & ~(unsigned)TCP_PSH) == TCP_ACK;
}

static bool same_flow(const struct lr_merge_group *g, const uint8_t *p, uint8_t proto, uint16_t l4)
{
	const uint8_t *q = g->packet;
	if (g->proto != proto || g->l4 != l4 || q[0] != p[0])
		return false;
	if (memcmp(q + l4, p + l4, 4) != 0) /* ports */
		return false;
	return l4 == 20 ? memcmp(q + 12, p + 12, 8) == 0 : memcmp(q + 8, p + 8, 32) == 0;
}

/* The fields that one merged header must speak for. */
static bool same_header(const struct lr_merge_group *g, const uint8_t *p, uint16_t head)
{
	const uint8_t *q = g->packet;
	unsigned l4 = g->l4;
	if (g->head != head)
		return false;
	if (l4 == 20) {
		if (q[1] != p[1] || q[8] != p[8] || ((q[6] ^ p[6]) & 0x40))
			return false;
	} else if (memcmp(q, p, 4) != 0 || q[7] != p[7]) {
		return false;
	}
	if (g->proto == LR_UDP)
		return true;
	/* ack; window; options */
	return memcmp(q + l4 + 8, p + l4 + 8, 4) == 0 && memcmp(q + l4 + 14, p + l4 + 14, 2) == 0 &&
	       memcmp(q + l4 + 20, p + l4 + 20, head - l4 - 20u) == 0;
}

static bool checksum_right(const uint8_t *p, size_t len, uint16_t l4, uint8_t proto)
{
	uint32_t l4_len = (uint32_t)(len - l4);
	return lr_sum_fold(lr_sum(p + l4, l4_len, lr_sum_pseudo(p, proto, l4_len))) == 0;
}

static bool continues(
	struct lr_merge_group *g, const uint8_t *p, size_t len, uint8_t proto, uint16_t head)
{
	size_t body = len - head;
	if (g->closed || body > g->body || g->len + body > FRAME_MAX)
		return false;
	if (!same_header(g, p, head))
		return false;
	if (proto == LR_UDP && g->count == DATAGRAMS_MAX)
		return false;
	if (proto == LR_TCP && lr_get_be32(p + g->l4 + 4) != g->next_seq)
		return false;
	if (g->count == 1 && !checksum_right(g->packet, g->len, g->l4, proto)) {
		g->closed = true;
		return false;
	}
	return checksum_right(p, len, g->l4, proto);
}

static int16_t slice(struct lr_merge *m, uint8_t *at, size_t len)
{
	int16_t i = (int16_t)m->n_slices++;
	m->slices[i] = (struct iovec){at, len};
	m->next[i] = -1;
	return i;
}

static void append(struct lr_merge *m, struct lr_merge_group *g, uint8_t *p, size_t len)
{
	size_t body = len - g->head;
	int16_t i = slice(m, p + g->head, body);
	m->next[g->last] = i;
	g->last = i;
	g->len += (uint32_t)body;
	g->next_seq += (uint32_t)body;
	g->count++;
	if (body < g->body)
		g->closed = true;
	if (g->proto == LR_TCP && (p[g->l4 + 13] & TCP_PSH)) {
		g->packet[g->l4 + 13] |= TCP_PSH;
		g->closed = true;
	}
}

static void open_group(
	struct lr_merge *m, uint8_t *p, size_t len, uint8_t proto, uint16_t l4, uint16_t head)
{
	struct lr_merge_group *g = &m->groups[m->n_groups++];
	*g = (struct lr_merge_group){.packet = p,
		.len = (uint32_t)len,
		.head = head,
		.l4 = l4,
		.count = 1,
		.proto = proto};
	g->first = g->last = slice(m, p, len);
	g->closed = head == 0;
	if (g->closed)
		return;
	g->body = (uint16_t)(len - head);
	if (proto == LR_TCP) {
		g->next_seq = lr_get_be32(p + l4 + 4) + g->body;
		g->closed = p[l4 + 13] & TCP_PSH;
	}
}

/* Joins the flow's latest group, or opens a new one, which is from then on its latest. */
void lr_merge_add(struct lr_merge *m, uint8_t *p, size_t len)
{
	uint16_t l4 = 0, head = 0;
	uint8_t proto = flow_of(p, len, &l4);
	if (!joinable(m, p, len, proto, l4, &head))
		head = 0;
	unsigned back = m->n_groups < LOOK_BACK ? m->n_groups : LOOK_BACK;
	for (unsigned i = 0; head && i < back; i++) {
		struct lr_merge_group *g = &m->groups[m->n_groups - 1 - i];
		if (!same_flow(g, p, proto, l4))
			continue;
		if (!continues(g, p, len, proto, head))
			break;
		append(m, g, p, len);
		return;
	}
	open_group(m, p, len, proto, l4, head);
}

/* Makes the first packet's headers speak for the whole frame, checksum left to the kernel. */
static void finish(struct lr_merge_group *g)
{
	uint8_t *p = g->packet;
	uint32_t l4_len = g->len - g->l4;
	uint16_t csum_at = g->proto == LR_TCP ? TCP_CSUM_AT : UDP_CSUM_AT;
	if (g->l4 == 20) {
		lr_put_be16(p + 2, (uint16_t)g->len);
		lr_ip4_checksum(p);
	} else {
		lr_put_be16(p + 4, (uint16_t)(g->len - 40));
	}
	if (g->proto == LR_UDP)
		lr_put_be16(p + g->l4 + 4, (uint16_t)l4_len);
	uint16_t pseudo = (uint16_t)~lr_sum_fold(lr_sum_pseudo(p, g->proto, l4_len));
	memcpy(p + g->l4 + csum_at, &pseudo, sizeof(pseudo));
	g->vnet = (struct lr_vnet){
		.flags = LR_VNET_NEEDS_CSUM,
		.gso_type = g->proto == LR_UDP
				    ? LR_VNET_GSO_UDP
				    : (g->l4 == 20 ? LR_VNET_GSO_TCP4 : LR_VNET_GSO_TCP6),
		.hdr_len = g->head,
		.gso_size = g->body,
		.csum_start = g->l4,
		.csum_offset = csum_at,
	};
}

int lr_merge_frame(struct lr_merge *m, unsigned n, struct iovec *iov)
{
	struct lr_merge_group *g = &m->groups[n];
	int used = 1;
	if (g->count > 1)
		finish(g);
	for (int16_t i = g->first; i >= 0; i = m->next[i])
		iov[used++] = m->slices[i];
	return used;
}
