/*
 * stun.c - reading and writing STUN Binding messages
 */
#include "lib/nat/stun.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/nat/classify.h"

#define METHOD_BINDING  1
#define FINGERPRINT_XOR 0x5354554eu

enum {
	MAPPED_ADDRESS = 0x0001,
	CHANGE_REQUEST = 0x0003,
	SOURCE_ADDRESS = 0x0004,  /* RFC 3489, some servers still send it */
	CHANGED_ADDRESS = 0x0005, /* likewise */
	ERROR_CODE = 0x0009,
	UNKNOWN_ATTRIBUTES = 0x000a,
	XOR_MAPPED_ADDRESS = 0x0020,
	PADDING = 0x0026,
	SOFTWARE = 0x8022,
	FINGERPRINT = 0x8028,
	RESPONSE_ORIGIN = 0x802b,
	OTHER_ADDRESS = 0x802c,
};

/* CRC-32 of ISO 3309, four bits at a time. */
static uint32_t crc32(const uint8_t *p, size_t len)
{
	static const uint32_t nibble[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8,
		0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

/* --- reading --- */

/* The XOR key of an address is cookie and id, which stand next to each other in the header. */
static void read_address(const uint8_t *v, size_t len, const uint8_t *key, struct lr_endpoint *out)
{
	uint8_t flat[20];

	if (len < 8 || len > sizeof(flat) || len != (v[1] == 1 ? 8u : v[1] == 2 ? 20u : 0u))
		return;
	memcpy(flat, v, len);
	for (size_t i = 0; key && i < len - 4; i++)
		flat[4 + i] ^= key[i];
	for (size_t i = 0; key && i < 2; i++)
		flat[2 + i] ^= key[i];
	*out = (struct lr_endpoint){0};
	if (len == 8) {
		out->in.sin_family = AF_INET;
		memcpy(&out->in.sin_port, flat + 2, 2);
		memcpy(&out->in.sin_addr, flat + 4, 4);
	} else {
		out->in6.sin6_family = AF_INET6;
		memcpy(&out->in6.sin6_port, flat + 2, 2);
		memcpy(&out->in6.sin6_addr, flat + 4, 16);
	}
}

static void note_unknown(struct lr_stun *out, uint16_t type)
{
	if (out->n_unknown < LR_STUN_UNKNOWN_MAX)
		out->unknown[out->n_unknown++] = type;
}

/* false: the message is to be refused. */
static bool read_attribute(struct lr_stun *out, const uint8_t *message, uint16_t type,
	const uint8_t *v, size_t len, bool last)
{
	switch (type) {
	case XOR_MAPPED_ADDRESS:
		read_address(v, len, message + 4, &out->mapped);
		return true;
	case MAPPED_ADDRESS:
		if (out->mapped.sa.sa_family == AF_UNSPEC)
			read_address(v, len, NULL, &out->mapped);
		return true;
	case RESPONSE_ORIGIN:
		read_address(v, len, NULL, &out->origin);
		return true;
	case OTHER_ADDRESS:
		read_address(v, len, NULL, &out->other);
		return true;
	case CHANGE_REQUEST:
		out->has_change = true;
		if (len == 4)
			out->change = v[3] & (LR_STUN_CHANGE_IP | LR_STUN_CHANGE_PORT);
		return len == 4;
	case ERROR_CODE:
		if (len >= 4)
			out->error = (uint16_t)((v[2] & 7) * 100 + v[3] % 100);
		return len >= 4;
	case FINGERPRINT:
		out->has_fingerprint = true;
		return last && len == 4 &&
		       lr_get_be32(v) ==
			       (crc32(message, (size_t)(v - message) - 4) ^ FINGERPRINT_XOR);
	case SOURCE_ADDRESS:
	case CHANGED_ADDRESS:
	case UNKNOWN_ATTRIBUTES:
	case PADDING:
		return true;
	}
	if (type < 0x8000)
		note_unknown(out, type);
	return true;
}

int lr_stun_parse(const uint8_t *p, size_t len, struct lr_stun *out)
{
	memset(out, 0, sizeof(*out));
	if (len < LR_STUN_HEADER_LEN || p[0] & 0xc0 || lr_get_be32(p + 4) != LR_STUN_COOKIE)
		return -EBADMSG;
	uint16_t type = lr_get_be16(p);
	size_t body = lr_get_be16(p + 2);

	if (body != len - LR_STUN_HEADER_LEN || body % 4 || (type & 0x3eef) != METHOD_BINDING)
		return -EBADMSG;
	out->class = (type >> 7 & 2) | (type >> 4 & 1);
	memcpy(out->id, p + 8, LR_STUN_ID_LEN);
	struct lr_cursor c = lr_cursor(p + LR_STUN_HEADER_LEN, body);
	while (c.left) {
		const uint8_t *head = lr_take(&c, 4);
		size_t n = head ? lr_get_be16(head + 2) : 0;
		const uint8_t *v = lr_take(&c, (n + 3) & ~(size_t)3);
		if (!v || !read_attribute(out, p, lr_get_be16(head), v, n, c.left == 0))
			return -EBADMSG;
	}
	return 0;
}

/* --- writing --- */

struct writer {
	uint8_t *p;
	size_t len;
};

static void begin(struct writer *w, uint8_t *out, enum lr_stun_class class, const uint8_t *id)
{
	unsigned c = class;

	*w = (struct writer){out, LR_STUN_HEADER_LEN};
	lr_put_be16(out, (uint16_t)(METHOD_BINDING | (c & 2) << 7 | (c & 1) << 4));
	lr_put_be32(out + 4, LR_STUN_COOKIE);
	memcpy(out + 8, id, LR_STUN_ID_LEN);
}

static uint8_t *add(struct writer *w, uint16_t type, size_t len)
{
	uint8_t *at = w->p + w->len;

	lr_put_be16(at, type);
	lr_put_be16(at + 2, (uint16_t)len);
	memset(at + 4, 0, (len + 3) & ~(size_t)3);
	w->len += 4 + ((len + 3) & ~(size_t)3);
	return at + 4;
}

static size_t finish(struct writer *w, bool fingerprint)
{
	if (fingerprint && w->len + 8 <= LR_STUN_ANSWER_MAX) {
		lr_put_be16(w->p + 2, (uint16_t)(w->len + 8 - LR_STUN_HEADER_LEN));
		uint32_t crc = crc32(w->p, w->len) ^ FINGERPRINT_XOR;
		lr_put_be32(add(w, FINGERPRINT, 4), crc);
	}
	lr_put_be16(w->p + 2, (uint16_t)(w->len - LR_STUN_HEADER_LEN));
	return w->len;
}

static void add_address(struct writer *w, uint16_t type, const struct lr_endpoint *e)
{
	if (!e || e->sa.sa_family == AF_UNSPEC)
		return;
	bool v6 = e->sa.sa_family == AF_INET6;
	size_t len = v6 ? 20 : 8;
	uint8_t *v = add(w, type, len);

	v[1] = v6 ? 2 : 1;
	memcpy(v + 2, v6 ? &e->in6.sin6_port : &e->in.sin_port, 2);
	memcpy(v + 4, v6 ? (const void *)&e->in6.sin6_addr : (const void *)&e->in.sin_addr,
		len - 4);
	if (type != XOR_MAPPED_ADDRESS)
		return;
	for (size_t i = 0; i < len - 4; i++)
		v[4 + i] ^= w->p[4 + i];
	v[2] ^= w->p[4];
	v[3] ^= w->p[5];
}

void lr_stun_request(
	uint8_t out[LR_STUN_REQUEST_LEN], const uint8_t id[LR_STUN_ID_LEN], uint8_t change)
{
	struct writer w;

	begin(&w, out, LR_STUN_REQUEST, id);
	if (change)
		add(&w, CHANGE_REQUEST, 4)[3] = change;
	size_t fill = LR_STUN_REQUEST_LEN - w.len - 4;
	memset(add(&w, SOFTWARE, fill), ' ', fill);
	finish(&w, false);
}

size_t lr_stun_success(uint8_t out[LR_STUN_ANSWER_MAX], const uint8_t id[LR_STUN_ID_LEN],
	const struct lr_endpoint *mapped, const struct lr_endpoint *origin,
	const struct lr_endpoint *other, bool fingerprint)
{
	struct writer w;

	begin(&w, out, LR_STUN_SUCCESS, id);
	add_address(&w, XOR_MAPPED_ADDRESS, mapped);
	add_address(&w, MAPPED_ADDRESS, mapped);
	add_address(&w, RESPONSE_ORIGIN, origin);
	add_address(&w, OTHER_ADDRESS, other);
	return finish(&w, fingerprint);
}

size_t lr_stun_unknown(uint8_t out[LR_STUN_ANSWER_MAX], const uint8_t id[LR_STUN_ID_LEN],
	const uint16_t *types, size_t n)
{
	static const char reason[] = "Unknown Attribute";
	struct writer w;

	begin(&w, out, LR_STUN_ERROR, id);
	uint8_t *v = add(&w, ERROR_CODE, 4 + sizeof(reason) - 1);
	v[2] = 4;
	v[3] = 20;
	memcpy(v + 4, reason, sizeof(reason) - 1);
	if (n > LR_STUN_UNKNOWN_MAX)
		n = LR_STUN_UNKNOWN_MAX;
	v = add(&w, UNKNOWN_ATTRIBUTES, 2 * n);
	for (size_t i = 0; i < n; i++)
		lr_put_be16(v + 2 * i, types[i]);
	return finish(&w, false);
}
