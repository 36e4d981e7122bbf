/*
 * line_reader.h - lines out of the pieces in which bytes come, on a loop
 *
 * lib/base/lines.h waits for its bytes; this one is fed. Lines over LR_JSON_LINE_MAX are told as
 * too long and cost one line. What was read is wiped: it may hold what gives access.
 */
#ifndef LR_IO_LINE_READER_H
#define LR_IO_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

struct lr_line_reader {
	/* A line without its newline, NUL behind it; NULL: it was too long. Empty lines are not
	 * told. */
	void (*take)(void *ctx, const char *text, size_t len);
	void *ctx;
	unsigned line; /* 1-based number of the line that is told */
	char *text;
	size_t len, room;
	bool too_long;
};

void lr_line_reader_feed(struct lr_line_reader *r, const char *bytes, size_t len);
/* Reads what `fd` has now and feeds it. False: it has ended, and a line without a newline was
 * told. */
bool lr_line_reader_read(struct lr_line_reader *r, int fd);
void lr_line_reader_release(struct lr_line_reader *r);

#endif
