/*
 * sum.c - the checksum of IP, TCP and UDP
 *
 * One's complement sums of 16-bit words may be made from words of any width and in the
 * machine's own byte order, and folded at the end (RFC 1071, 2(B) and 2(C)): since 2^16 = 1
 * modulo 65535, 32-bit halves of 64-bit words are added into 64-bit accumulators, which
 * nothing that fits into memory overflows.
 */
#include "lib/base/bytes.h"
#include "lib/net/ip.h"

/* Eight words at a time: one AVX2 register twice, or what the compiler makes of it. */
typedef uint64_t lanes __attribute__((vector_size(32)));

#define BLOCK (2 * sizeof(lanes))

/* The resolver of target_clones runs before a sanitizer has set itself up. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

/* `blocks` times BLOCK bytes from `p`, any alignment. */
CLONES static uint64_t sum_blocks(const uint8_t *p, size_t blocks)
{
	lanes low = {0}, high = {0};
	uint64_t sum = 0;

	for (; blocks; blocks--, p += BLOCK) {
		lanes a, b;
		memcpy(&a, p, sizeof(a));
		memcpy(&b, p + sizeof(a), sizeof(b));
		low += (a & UINT32_MAX) + (b & UINT32_MAX);
		high += (a >> 32) + (b >> 32);
	}
	low += high;
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++)
		sum += low[i];
	return sum;
}

uint64_t lr_sum(const void *bytes, size_t len, uint64_t sum)
{
	const uint8_t *p = bytes;
	size_t blocks = len / BLOCK;
	uint32_t word;
	uint8_t last[2] = {0};
	uint16_t half;

	if (blocks)
		sum += sum_blocks(p, blocks);
	p += blocks * BLOCK;
	len -= blocks * BLOCK;
	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	if (len >= sizeof(half)) {
		memcpy(&half, p, sizeof(half));
		sum += half;
		p += sizeof(half);
		len -= sizeof(half);
	}
	if (len) { /* as if a zero byte followed */
		last[0] = *p;
		memcpy(&half, last, sizeof(half));
		sum += half;
	}
	return sum;
}

uint16_t lr_sum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint64_t lr_sum_pseudo(const uint8_t *ip, uint8_t proto, uint32_t l4_len)
{
	uint64_t sum = (uint64_t)htobe32(proto) + htobe32(l4_len);

	return ip[0] >> 4 == 4 ? lr_sum(ip + 12, 8, sum) : lr_sum(ip + 8, 32, sum);
}

void lr_ip4_checksum(uint8_t *ip)
{
	if (ip[0] >> 4 != 4)
		return;
	memset(ip + 10, 0, 2);
	uint16_t sum = lr_sum_fold(lr_sum(ip, (ip[0] & 0xfu) * 4, 0));
	memcpy(ip + 10, &sum, sizeof(sum));
}
