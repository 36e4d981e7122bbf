/*
 * pcapng_write.h - writes captures as pcapng (libpcap writes only the older format)
 *
 * A section header, an interface block for each interface, an enhanced packet block a packet, in
 * this machine's byte order, stamps in nanoseconds. What a frame tells besides its bytes goes into
 * options: the direction as packet flags, its comment as a comment.
 *
 * Stage stamps are a comment of the form "lr-stages: read=5120 seal=410", each a time in ns: of
 * packets that lr-perf recorded how long after the kernel's stamp they were read, of those that
 * replay annotated how long each stage took. Wireshark shows it beside the packet.
 *
 * Source: draft-ietf-opsawg-pcapng, section 4.
 */
#ifndef LR_PERF_PCAPNG_WRITE_H
#define LR_PERF_PCAPNG_WRITE_H

#include <stdio.h>

#include "lib/perf/pcapng.h"

#define LR_STAGES_TEXT 400 /* longest comment with stage stamps, NUL included */

/* Each 0 or -errno of the stream. */
int lr_pcapng_begin(FILE *out, const char *application);
/* Interfaces are numbered from 0 in the order of these calls. snaplen 0: no limit. */
int lr_pcapng_interface(FILE *out, uint32_t link, uint32_t snaplen, const char *name);
/* frame->link is that of its interface; caplen at most LR_PCAPNG_BLOCK_MAX / 2, comment_len 65,535.
 */
int lr_pcapng_packet(FILE *out, const struct lr_captured *frame);

struct lr_stage_stamp {
	char name[32];
	uint64_t ns;
};
/* The comment; what does not fit is left out. Its length. */
size_t lr_stages_text(const struct lr_stage_stamp *stamps, size_t n, char out[LR_STAGES_TEXT]);
/* The stamps of a frame's comment, at most `room`; 0: it has none. */
size_t lr_stages_parse(const struct lr_captured *frame, struct lr_stage_stamp *out, size_t room);

#endif
