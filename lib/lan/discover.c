/*
 * discover.c - see discover.h
 */
#include "lib/lan/discover.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/net/ip.h"

enum { IP = 20, UDP = 8, MAGIC = 12, AT_WHAT = 12, AT_TO = 16, AT_NUMBER = 20, TTL = 64 };
enum { MORE = 0x2000, OFFSET = 0x1fff }; /* RFC 791 3.1 */

static const uint8_t magic[MAGIC] = {'L', 'A', 'N', 'r', 'a', 'g', 'e', 0, 'f', 'i', 'n', 'd'};

void lr_discover_put(uint8_t *payload, size_t len, enum lr_discover_what what, const uint8_t to[4],
	uint64_t number)
{
	memset(payload, 0, len);
	memcpy(payload, magic, MAGIC);
	payload[AT_WHAT] = (uint8_t)what;
	memcpy(payload + AT_TO, to, 4);
	lr_put_be64(payload + AT_NUMBER, number);
}

bool lr_discover_read(
	const uint8_t *payload, size_t len, enum lr_discover_what *what, uint64_t *number)
{
	if (len < LR_DISCOVER_LEN || len > LR_DISCOVER_LARGE ||
		memcmp(payload, magic, MAGIC) != 0 || payload[AT_WHAT] > LR_DISCOVER_ECHO)
		return false;
	*what = payload[AT_WHAT];
	*number = lr_get_be64(payload + AT_NUMBER);
	return true;
}

/* A later fragment of the question that waits. */
static bool took_piece(struct lr_discover *d, const uint8_t *packet, size_t len,
	const uint8_t **question, size_t *size)
{
	uint16_t cut = lr_get_be16(packet + 6);

	if (!d->came || memcmp(packet + 12, d->begin + 12, 8) != 0 ||
		memcmp(packet + 4, d->begin + 4, 2) != 0)
		return false;
	d->came += len - IP;
	if (!(cut & MORE))
		d->whole = (cut & OFFSET) * 8u + len - IP;
	if (d->whole && d->came >= d->whole) {
		if (d->came == d->whole && d->whole <= LR_DISCOVER_PACKET - IP) {
			*question = d->begin;
			*size = IP + d->whole;
		}
		d->came = 0;
	}
	return true;
}

bool lr_discover_took(struct lr_discover *d, const uint8_t own[4], const uint8_t *packet,
	size_t len, const uint8_t **question, size_t *size)
{
	enum lr_discover_what what;
	uint64_t number;

	*question = NULL;
	if (len <= IP || packet[0] != 0x45 || packet[9] != LR_UDP)
		return false;
	if (lr_get_be16(packet + 6) & OFFSET)
		return took_piece(d, packet, len, question, size);
	if (len < IP + UDP + LR_DISCOVER_LEN ||
		!lr_discover_read(packet + IP + UDP, len - IP - UDP, &what, &number))
		return false;
	if (memcmp(packet + IP + UDP + AT_TO, own, 4) != 0)
		return true;
	if (what != LR_DISCOVER_ASK)
		return false;
	if (lr_get_be16(packet + 6) & MORE) {
		memcpy(d->begin, packet, sizeof(d->begin));
		d->came = len - IP;
		d->whole = 0;
	} else {
		*question = packet;
		*size = len;
	}
	return true;
}

bool lr_discover_may(struct lr_discover *d, uint64_t now)
{
	uint64_t next = (d->at_ns > now ? d->at_ns : now) + LR_NS_PER_S / LR_DISCOVER_RATE;

	if (next > now + LR_NS_PER_S)
		return false;
	d->at_ns = next;
	return true;
}

/* Where an echo goes: the same kind of address as the question went to. */
static void echo_to(const uint8_t own[4], const uint8_t *question, uint8_t to[4])
{
	const uint8_t *dst = question + 16;

	if (dst[0] >> 4 == 14)
		memcpy(to, dst, 4);
	else if (memcmp(dst, own, 4) != 0)
		memset(to, 0xff, 4);
}

size_t lr_discover_answer(const uint8_t own[4], const uint8_t *question, size_t len,
	enum lr_discover_what what, uint8_t *packet)
{
	enum lr_discover_what asked;
	uint64_t number;
	size_t size = what == LR_DISCOVER_ECHO ? len : IP + UDP + LR_DISCOVER_LEN;
	uint8_t *udp = packet + IP;

	if (len > LR_DISCOVER_PACKET ||
		!lr_discover_read(question + IP + UDP, len - IP - UDP, &asked, &number))
		return 0;
	memset(packet, 0, IP + UDP);
	packet[0] = 0x45;
	lr_put_be16(packet + 2, (uint16_t)size);
	packet[8] = TTL;
	packet[9] = LR_UDP;
	memcpy(packet + 12, own, 4);
	memcpy(packet + 16, question + 12, 4);
	if (what == LR_DISCOVER_ECHO)
		echo_to(own, question, packet + 16);
	lr_ip4_checksum(packet);
	memcpy(udp, question + IP + 2, 2);
	memcpy(udp + 2, question + IP, 2);
	lr_put_be16(udp + 4, (uint16_t)(size - IP));
	lr_discover_put(udp + UDP, size - IP - UDP, what, question + 12, number);
	lr_udp_checksum(packet, udp, (uint32_t)(size - IP));
	return size;
}
