/*
 * bytes.h - loads and stores in a stated byte order, and a checked cursor
 *
 * Foreign bytes are read through `struct lr_cursor`: every take checks what is
 * left, a failed take makes the cursor bad and yields zeros, so a parser may
 * take several fields and look at `bad` once.
 */
#ifndef LR_BASE_BYTES_H
#define LR_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <endian.h>

static inline uint16_t lr_get_be16(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}
static inline uint32_t lr_get_be32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}
static inline uint64_t lr_get_be64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}
static inline uint16_t lr_get_le16(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}
static inline uint32_t lr_get_le32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}
static inline uint64_t lr_get_le64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}
static inline void lr_put_be16(void *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
}
static inline void lr_put_be32(void *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}
static inline void lr_put_be64(void *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}
static inline void lr_put_le32(void *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}
static inline void lr_put_le64(void *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

struct lr_cursor {
	const uint8_t *at; /* next byte */
	size_t left;       /* bytes from `at` on */
	bool bad;          /* a take asked for more than was left */
};

static inline struct lr_cursor lr_cursor(const void *bytes, size_t len)
{
	return (struct lr_cursor){.at = bytes, .left = len};
}

/* The next `n` bytes, or NULL (and the cursor is bad from then on). */
static inline const uint8_t *lr_take(struct lr_cursor *c, size_t n)
{
	if (c->bad || n > c->left) {
		c->bad = true;
		return NULL;
	}
	const uint8_t *p = c->at;
	c->at += n;
	c->left -= n;
	return p;
}

#endif
