/*
 * mss.c - see mss.h
 */
#include "lib/net/mss.h"

#include "lib/base/bytes.h"

enum { TCP_HEADER = 20, TCP_OFFSET_AT = 12, TCP_CSUM_AT = 16 };
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, MSS_OPTION_LEN = 4 };

/* Where in the options the MSS's two bytes are; NULL: they have none, or are rubbish. */
static uint8_t *find(uint8_t *options, size_t len)
{
	for (size_t at = 0; at < len && options[at] != OPTION_END;) {
		size_t left = len - at;
		if (options[at] == OPTION_NOP) {
			at++;
			continue;
		}
		size_t size = left >= 2 ? options[at + 1] : 0;
		if (size < 2 || size > left)
			return NULL;
		if (options[at] == OPTION_MSS)
			return size == MSS_OPTION_LEN ? options + at + 2 : NULL;
		at += size;
	}
	return NULL;
}

/* RFC 1624, equation 3. `odd`: the field does not begin on a word of the sum. */
static void mend(uint8_t *csum, uint16_t from, uint16_t to, bool odd)
{
	uint32_t sum = (uint16_t)~lr_get_be16(csum);

	sum += odd ? __builtin_bswap16((uint16_t)~from) : (uint16_t)~from;
	sum += odd ? __builtin_bswap16(to) : to;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	lr_put_be16(csum, (uint16_t)~sum);
}

bool lr_mss_clamp(uint8_t *packet, size_t len, size_t limit)
{
	size_t l4 = packet[0] >> 4 == 4 ? (packet[0] & 0xfu) * 4 : 40;
	size_t heads = (packet[0] >> 4 == 4 ? 20 : 40) + TCP_HEADER;
	size_t doff = (size_t)(packet[l4 + TCP_OFFSET_AT] >> 4) * 4;

	if (doff < TCP_HEADER || l4 + doff > len || limit <= heads)
		return false;
	uint8_t *mss = find(packet + l4 + TCP_HEADER, doff - TCP_HEADER);
	if (!mss || lr_get_be16(mss) <= limit - heads)
		return false;
	uint16_t from = lr_get_be16(mss), to = (uint16_t)(limit - heads);
	lr_put_be16(mss, to);
	mend(packet + l4 + TCP_CSUM_AT, from, to, (size_t)(mss - (packet + l4)) % 2);
	return true;
}
