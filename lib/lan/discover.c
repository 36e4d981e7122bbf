/*
 * discover.c - see discover.h
 */
#include "lib/lan/discover.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/net/ip.h"

enum {
	IP = 20,
	IP6 = 40,
	UDP = 8,
	MAGIC = 12,
	AT_WHAT = 12,
	AT_TO = 16,
	AT_NUMBER = 20,
	AT_FROM = 28
};
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

void lr_discover_put_from(uint8_t *payload, const uint8_t from[4])
{
	memcpy(payload + AT_FROM, from, 4);
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

/* Where UDP begins in a packet that may be for us; 0: in none, or it is a later fragment. */
static size_t udp_at(const uint8_t *packet, size_t len)
{
	if (len > IP && packet[0] == 0x45 && packet[9] == LR_UDP)
		return lr_get_be16(packet + 6) & OFFSET ? 0 : IP;
	return len > IP6 && packet[0] >> 4 == 6 && packet[6] == LR_UDP ? IP6 : 0;
}

bool lr_discover_took(struct lr_discover *d, const uint8_t own[4], const uint8_t *packet,
	size_t len, const uint8_t **question, size_t *size)
{
	enum lr_discover_what what;
	uint64_t number;
	size_t udp = udp_at(packet, len);

	*question = NULL;
	if (udp == 0)
		return len > IP && packet[0] == 0x45 && packet[9] == LR_UDP &&
		       took_piece(d, packet, len, question, size);
	if (len < udp + UDP + (udp == IP ? LR_DISCOVER_LEN : LR_DISCOVER_LEN6) ||
		!lr_discover_read(packet + udp + UDP, len - udp - UDP, &what, &number))
		return false;
	if (memcmp(packet + udp + UDP + AT_TO, own, 4) != 0)
		return true;
	if (what != LR_DISCOVER_ASK)
		return false;
	if (udp == IP && lr_get_be16(packet + 6) & MORE) {
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
static struct lr_ip echo_to(const struct lr_ip *own, const uint8_t *question)
{
	struct lr_ip dst = lr_packet_dst(question);
	bool group = dst.family == 4 ? dst.b[0] >> 4 == 14 : dst.b[0] == 0xff;

	if (group)
		return dst;
	if (own->family == 6 || lr_ip_equal(&dst, own))
		return lr_packet_src(question);
	return lr_ip4(UINT32_MAX);
}

size_t lr_discover_answer(const struct lr_ip *own, const uint8_t *question, size_t len,
	enum lr_discover_what what, uint8_t *packet)
{
	enum lr_discover_what asked;
	uint64_t number;
	size_t at = own->family == 4 ? IP : IP6;
	size_t shortest = own->family == 4 ? LR_DISCOVER_LEN : LR_DISCOVER_LEN6;
	size_t size = what == LR_DISCOVER_ECHO ? len : at + UDP + shortest;

	if (len > LR_DISCOVER_PACKET || len < at + UDP + shortest ||
		question[0] >> 4 != own->family ||
		!lr_discover_read(question + at + UDP, len - at - UDP, &asked, &number))
		return 0;
	struct lr_ip src = lr_packet_src(question);
	struct lr_ip to = what == LR_DISCOVER_ECHO ? echo_to(own, question) : src;
	uint8_t *udp = packet + lr_ip_head(packet, own, &to, 0, LR_UDP, size - at);
	memcpy(udp, question + at + 2, 2);
	memcpy(udp + 2, question + at, 2);
	lr_put_be16(udp + 4, (uint16_t)(size - at));
	lr_discover_put(udp + UDP, size - at - UDP, what,
		own->family == 4 ? src.b : question + at + UDP + AT_FROM, number);
	lr_udp_checksum(packet, udp, (uint32_t)(size - at));
	return size;
}
