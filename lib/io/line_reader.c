/*
 * line_reader.c - see line_reader.h
 */
#include "lib/io/line_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/json.h"

#define READ 65536

static void tell(struct lr_line_reader *r)
{
	r->line++;
	if (r->too_long) {
		r->take(r->ctx, NULL, 0);
	} else if (r->len) {
		r->text[r->len] = '\0';
		r->take(r->ctx, r->text, r->len);
		explicit_bzero(r->text, r->len);
	}
	r->len = 0;
	r->too_long = false;
}

/* Room for `len` bytes and the NUL. */
static int widen(struct lr_line_reader *r, size_t len)
{
	size_t room = r->room ? r->room : 4096;

	while (room < len + 1)
		room *= 2;
	if (room == r->room)
		return 0;
	char *wide = realloc(r->text, room);
	if (!wide)
		return -ENOMEM;
	r->text = wide;
	r->room = room;
	return 0;
}

static void append(struct lr_line_reader *r, const char *bytes, size_t len)
{
	if (r->too_long || r->len + len > LR_JSON_LINE_MAX || widen(r, r->len + len) < 0) {
		r->too_long = true;
		r->len = 0;
		return;
	}
	memcpy(r->text + r->len, bytes, len);
	r->len += len;
}

void lr_line_reader_feed(struct lr_line_reader *r, const char *bytes, size_t len)
{
	while (len) {
		const char *stop = memchr(bytes, '\n', len);
		size_t n = stop ? (size_t)(stop - bytes) : len;
		append(r, bytes, n);
		if (!stop)
			return;
		tell(r);
		bytes += n + 1;
		len -= n + 1;
	}
}

bool lr_line_reader_read(struct lr_line_reader *r, int fd)
{
	char bytes[READ];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n > 0) {
		lr_line_reader_feed(r, bytes, (size_t)n);
		explicit_bzero(bytes, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (r->len || r->too_long)
		tell(r);
	return false;
}

void lr_line_reader_release(struct lr_line_reader *r)
{
	free(r->text);
	r->text = NULL;
	r->room = r->len = 0;
}
