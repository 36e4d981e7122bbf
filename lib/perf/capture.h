/*
 * capture.h - the packets of a capture file, pcap or pcapng, one after the other
 *
 * pcap through libpcap (capture.c is the only file that includes <pcap.h>), pcapng through our
 * own reader. Memory does not grow with the file: one block or one packet at a time, at most 1 MiB.
 */
#ifndef LR_PERF_CAPTURE_H
#define LR_PERF_CAPTURE_H

#include <stdio.h>

#include "lib/base/err.h"
#include "lib/perf/pcapng.h"

struct lr_capture;

#define LR_CAPTURE_FRAME_MAX (LR_PCAPNG_BLOCK_MAX / 2) /* libpcap takes more of some link types */

/* `path` "-" is standard input. NULL with `err` (LR_EXIT_FAILED) when nothing can be read
 * from it: missing, empty, no capture, or its very first header is broken. */
struct lr_capture *lr_capture_open(const char *path, struct lr_err *err);
/* The same from a stream, which is taken and closed by lr_capture_close(), or at once on
 * failure. `name` is for error texts. */
struct lr_capture *lr_capture_stream(FILE *in, const char *name, struct lr_err *err);
/* 1: *out is the next packet, valid until the next call; 0: the end; -1: the file is broken or
 * cut off here, or a frame is longer than LR_CAPTURE_FRAME_MAX (err tells) and nothing more will
 * come. */
int lr_capture_next(struct lr_capture *c, struct lr_captured *out, struct lr_err *err);
const char *lr_capture_format(const struct lr_capture *c); /* "pcap" or "pcapng" */
void lr_capture_close(struct lr_capture *c);

/* An expression of pcap-filter(7), compiled anew for each link type that comes. A link type for
 * which it makes no sense lets nothing through. */
struct lr_filter;
/* NULL with `err` (LR_EXIT_USAGE): no such expression. `expression` is kept by pointer. */
struct lr_filter *lr_filter_new(const char *expression, struct lr_err *err);
bool lr_filter_passes(struct lr_filter *f, const struct lr_captured *frame);
void lr_filter_free(struct lr_filter *f); /* NULL is fine */

#endif
