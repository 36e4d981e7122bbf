/*
 * pcapng.h - a small reader of pcapng blocks, without I/O
 *
 * Why not libpcap's: it refuses a file whose interfaces differ in link type or snap length.
 *
 * Theory of operation. A file is a row of blocks:
 *
 *      +------+-------------+------------------------+-------------+
 *      | type | total length| body, padded to 4      | total length|
 *      +------+-------------+------------------------+-------------+
 *      0      4             8                        total-4       total
 *
 * The owner reads 12 bytes and asks lr_pcapng_head() how long the block is and whether it is
 * wanted. A wanted one it reads whole and hands to lr_pcapng_block(); any other it
 * skips, so that memory does not depend on a length that a stranger wrote. A section header
 * block sets the byte order and forgets all interfaces; interface blocks describe the packets
 * that name them.
 *
 * Source: draft-ietf-opsawg-pcapng (section 4: blocks; the packet block: section A of the
 * draft's history, "obsolete").
 */
#ifndef LR_PERF_PCAPNG_H
#define LR_PERF_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LR_PCAPNG_HEAD       12          /* bytes that lr_pcapng_head() looks at */
#define LR_PCAPNG_BLOCK_MAX  (1u << 20)  /* longest wanted block: a frame of 256 KiB and comments */
#define LR_PCAPNG_IFACES_MAX 65536       /* a section's interfaces: 2 MB at most */
#define LR_PCAPNG_MAGIC      0x0a0d0d0au /* the first block's type, the same in both byte orders */

/* As who captured it saw it. */
enum lr_direction { LR_DIRECTION_UNKNOWN, LR_DIRECTION_IN, LR_DIRECTION_OUT };

/* One captured frame, whatever file it comes from. */
struct lr_captured {
	uint64_t time_ns;     /* Unix time; 0 when the block has none */
	uint32_t caplen;      /* bytes that were kept */
	uint32_t len;         /* bytes on the wire; never below caplen */
	uint32_t link;        /* LINKTYPE_ or DLT_ number */
	uint32_t iface;       /* 0-based within the section; 0 in pcap files */
	const uint8_t *bytes; /* caplen; valid until the source is asked again */
	enum lr_direction direction;
	const char *comment; /* comment_len bytes, no NUL; NULL: none */
	uint32_t comment_len;
};

struct lr_pcapng_iface;

struct lr_pcapng {
	bool swap;    /* the section's byte order is not this machine's */
	bool section; /* a section header was seen */
	size_t n_ifaces, room_ifaces;
	struct lr_pcapng_iface *ifaces;
	const char *flaw; /* what was wrong when a call failed; static text */
};

void lr_pcapng_init(struct lr_pcapng *r);
void lr_pcapng_release(struct lr_pcapng *r);

enum lr_pcapng_want { LR_PCAPNG_SKIP, LR_PCAPNG_READ };

/* The first 12 bytes of a block: how long it is in all (*total, a multiple of 4, >= 12) and
 * whether lr_pcapng_block() wants it. 0 or 1 as above; -EBADMSG: no block can begin like that;
 * -EMSGSIZE: a wanted block is over LR_PCAPNG_BLOCK_MAX. */
int lr_pcapng_head(struct lr_pcapng *r, const uint8_t head[LR_PCAPNG_HEAD], uint32_t *total);

/* A whole wanted block. 1: it held a packet, *out points into it; 0: it held none; -EBADMSG:
 * broken; -ENOMEM; -EMSGSIZE: too many interfaces. After an error nothing more can be read. */
int lr_pcapng_block(struct lr_pcapng *r, const uint8_t *block, size_t len, struct lr_captured *out);

#endif
