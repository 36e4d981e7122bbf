/*
 * pcapng.c - section, interface and packet blocks of pcapng
 */
#include "lib/perf/pcapng.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET_OLD = 2,
	BLOCK_PACKET_SIMPLE = 3,
	BLOCK_PACKET = 6,
};

#define ORDER_MAGIC   0x1a2b3c4du
#define OPT_END       0
#define OPT_COMMENT   1
#define OPT_EPB_FLAGS 2 /* of an enhanced packet block: direction in the lowest two bits */
#define OPT_TSRESOL   9
#define OPT_TSOFFSET  14
#define TSRESOL_MICRO 6 /* 10^-6 when the option is missing */

struct lr_pcapng_iface {
	uint32_t link;
	uint32_t snaplen; /* 0: no limit */
	uint8_t tsresol;  /* as in the option: 10^-n, or 2^-n with the top bit */
	int64_t offset_s;
};

static uint16_t get16(const struct lr_pcapng *r, const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return r->swap ? __builtin_bswap16(v) : v;
}

static uint32_t get32(const struct lr_pcapng *r, const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return r->swap ? __builtin_bswap32(v) : v;
}

static uint64_t get64(const struct lr_pcapng *r, const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return r->swap ? __builtin_bswap64(v) : v;
}

static int bad(struct lr_pcapng *r, int error, const char *flaw)
{
	r->flaw = flaw;
	return error;
}

void lr_pcapng_init(struct lr_pcapng *r)
{
	*r = (struct lr_pcapng){.flaw = ""};
}

void lr_pcapng_release(struct lr_pcapng *r)
{
	free(r->ifaces);
	*r = (struct lr_pcapng){.flaw = ""};
}

/* A section header says the byte order of what follows, its own length included. */
static bool learn_order(struct lr_pcapng *r, const uint8_t *magic)
{
	uint32_t v;
	memcpy(&v, magic, sizeof(v));
	if (v != ORDER_MAGIC && v != __builtin_bswap32(ORDER_MAGIC))
		return false;
	r->swap = v != ORDER_MAGIC;
	return true;
}

static bool wanted(uint32_t type)
{
	return type == LR_PCAPNG_MAGIC || type == BLOCK_INTERFACE || type == BLOCK_PACKET_OLD ||
	       type == BLOCK_PACKET_SIMPLE || type == BLOCK_PACKET;
}

int lr_pcapng_head(struct lr_pcapng *r, const uint8_t head[LR_PCAPNG_HEAD], uint32_t *total)
{
	uint32_t type = get32(r, head);

	if (type == LR_PCAPNG_MAGIC) {
		if (!learn_order(r, head + 8))
			return bad(r, -EBADMSG, "the section header has no byte-order magic");
	} else if (!r->section) {
		return bad(r, -EBADMSG, "it does not begin with a section header");
	}
	*total = get32(r, head + 4);
	if (*total < LR_PCAPNG_HEAD || *total % 4)
		return bad(r, -EBADMSG, "a block's length makes no sense");
	if (!wanted(type))
		return LR_PCAPNG_SKIP;
	if (*total > LR_PCAPNG_BLOCK_MAX)
		return bad(r, -EMSGSIZE, "a block is longer than 1 MiB");
	return LR_PCAPNG_READ;
}

/* Walks the options up to their end; `each` may be NULL. False when they do not fit. */
static bool walk_options(const struct lr_pcapng *r, struct lr_cursor c,
	bool (*each)(const struct lr_pcapng *, void *into, uint16_t code, const uint8_t *value,
		uint16_t len),
	void *into)
{
	while (c.left) {
		const uint8_t *head = lr_take(&c, 4);
		if (!head)
			return false;
		uint16_t code = get16(r, head), len = get16(r, head + 2);
		if (code == OPT_END)
			return true;
		const uint8_t *value = lr_take(&c, (len + 3u) & ~3u);
		if (!value || (each && !each(r, into, code, value, len)))
			return false;
	}
	return true;
}

static bool iface_option(
	const struct lr_pcapng *r, void *into, uint16_t code, const uint8_t *value, uint16_t len)
{
	struct lr_pcapng_iface *iface = into;

	if (code == OPT_TSRESOL) {
		if (len != 1)
			return false;
		iface->tsresol = value[0];
	} else if (code == OPT_TSOFFSET) {
		if (len != 8)
			return false;
		iface->offset_s = (int64_t)get64(r, value);
	}
	return true;
}

static int section(struct lr_pcapng *r, struct lr_cursor c)
{
	const uint8_t *fixed = lr_take(&c, 16); /* order magic, major, minor, section length */

	if (!fixed)
		return bad(r, -EBADMSG, "a section header is cut short");
	if (get16(r, fixed + 4) != 1)
		return bad(r, -EBADMSG, "a section has a version that is not 1");
	if (!walk_options(r, c, NULL, NULL))
		return bad(r, -EBADMSG, "a section header's options do not fit into it");
	r->section = true;
	r->n_ifaces = 0;
	return 0;
}

static int interface(struct lr_pcapng *r, struct lr_cursor c)
{
	const uint8_t *fixed = lr_take(&c, 8); /* link type, reserved, snap length */
	struct lr_pcapng_iface iface = {.tsresol = TSRESOL_MICRO};

	if (!fixed)
		return bad(r, -EBADMSG, "an interface block is cut short");
	iface.link = get16(r, fixed);
	iface.snaplen = get32(r, fixed + 4);
	if (!walk_options(r, c, iface_option, &iface))
		return bad(r, -EBADMSG, "an interface block's options make no sense");
	if (r->n_ifaces == LR_PCAPNG_IFACES_MAX)
		return bad(r, -EMSGSIZE, "a section has more than 65,536 interfaces");
	if (r->n_ifaces == r->room_ifaces) {
		size_t room = r->room_ifaces ? 2 * r->room_ifaces : 8;
		struct lr_pcapng_iface *more = reallocarray(r->ifaces, room, sizeof(*more));
		if (!more)
			return bad(r, -ENOMEM, "out of memory");
		r->ifaces = more;
		r->room_ifaces = room;
	}
	r->ifaces[r->n_ifaces++] = iface;
	return 0;
}

/* A 64-bit stamp in the interface's unit, as ns; what passes 2^64 - 1 sticks there. */
static uint64_t stamp_ns(const struct lr_pcapng_iface *iface, uint64_t stamp)
{
	unsigned n = iface->tsresol & 0x7f;
	unsigned __int128 ns = stamp;

	if (iface->tsresol & 0x80) {
		ns = ns * LR_NS_PER_S >> n;
	} else {
		for (unsigned i = n; i > 9 && ns; i--)
			ns /= 10;
		for (unsigned i = n; i < 9; i++)
			ns *= 10;
	}
	if (iface->offset_s >= 0) {
		ns += (unsigned __int128)iface->offset_s * LR_NS_PER_S;
	} else {
		unsigned __int128 back =
			(unsigned __int128)(-(__int128)iface->offset_s) * LR_NS_PER_S;
		ns = ns > back ? ns - back : 0;
	}
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/* Fills in what a packet block says. `stamp` NULL: it has none. */
static int packet(struct lr_pcapng *r, uint32_t id, const uint8_t *stamp, uint32_t caplen,
	uint32_t len, struct lr_cursor c, struct lr_captured *out)
{
	if (id >= r->n_ifaces)
		return bad(r, -EBADMSG, "a packet names an interface that is not described");
	const struct lr_pcapng_iface *iface = &r->ifaces[id];
	const uint8_t *bytes = lr_take(&c, caplen);
	if (!bytes)
		return bad(r, -EBADMSG, "a packet is longer than its block");
	*out = (struct lr_captured){
		.caplen = caplen,
		.len = len > caplen ? len : caplen,
		.link = iface->link,
		.iface = id,
		.bytes = bytes,
	};
	if (stamp)
		out->time_ns =
			stamp_ns(iface, (uint64_t)get32(r, stamp) << 32 | get32(r, stamp + 4));
	return 1;
}

static bool packet_option(
	const struct lr_pcapng *r, void *into, uint16_t code, const uint8_t *value, uint16_t len)
{
	static const enum lr_direction directions[] = {
		LR_DIRECTION_UNKNOWN, LR_DIRECTION_IN, LR_DIRECTION_OUT, LR_DIRECTION_UNKNOWN};
	struct lr_captured *out = into;

	if (code == OPT_COMMENT && !out->comment) {
		out->comment = (const char *)value;
		out->comment_len = len;
	} else if (code == OPT_EPB_FLAGS && len == 4) {
		out->direction = directions[get32(r, value) & 3];
	}
	return true;
}

static int packet_enhanced(struct lr_pcapng *r, struct lr_cursor c, struct lr_captured *out)
{
	const uint8_t *f = lr_take(&c, 20); /* interface, stamp high and low, captured, original */

	if (!f)
		return bad(r, -EBADMSG, "a packet block is cut short");
	uint32_t caplen = get32(r, f + 12);
	int rc = packet(r, get32(r, f), f + 4, caplen, get32(r, f + 16), c, out);
	/* options that make no sense take nothing from the packet */
	if (rc == 1 && lr_take(&c, caplen) && lr_take(&c, -caplen & 3u))
		(void)!walk_options(r, c, packet_option, out);
	return rc;
}

static int packet_old(struct lr_pcapng *r, struct lr_cursor c, struct lr_captured *out)
{
	const uint8_t *f = lr_take(&c, 20); /* interface (16), drops (16), then as above */

	if (!f)
		return bad(r, -EBADMSG, "a packet block is cut short");
	return packet(r, get16(r, f), f + 4, get32(r, f + 12), get32(r, f + 16), c, out);
}

/* Belongs to interface 0; how much was kept follows from its snap length. */
static int packet_simple(struct lr_pcapng *r, struct lr_cursor c, struct lr_captured *out)
{
	const uint8_t *f = lr_take(&c, 4); /* original length */

	if (!f)
		return bad(r, -EBADMSG, "a packet block is cut short");
	uint32_t len = get32(r, f), caplen = len;
	if (r->n_ifaces && r->ifaces[0].snaplen && caplen > r->ifaces[0].snaplen)
		caplen = r->ifaces[0].snaplen;
	return packet(r, 0, NULL, caplen, len, c, out);
}

int lr_pcapng_block(struct lr_pcapng *r, const uint8_t *block, size_t len, struct lr_captured *out)
{
	if (len < LR_PCAPNG_HEAD || len % 4 || get32(r, block + 4) != len ||
		get32(r, block + len - 4) != len)
		return bad(r, -EBADMSG, "a block's two lengths differ");

	struct lr_cursor body = lr_cursor(block + 8, len - LR_PCAPNG_HEAD);
	switch (get32(r, block)) {
	case LR_PCAPNG_MAGIC:
		return section(r, body);
	case BLOCK_INTERFACE:
		return interface(r, body);
	case BLOCK_PACKET_OLD:
		return packet_old(r, body, out);
	case BLOCK_PACKET_SIMPLE:
		return packet_simple(r, body, out);
	case BLOCK_PACKET:
		return packet_enhanced(r, body, out);
	default:
		return 0;
	}
}
