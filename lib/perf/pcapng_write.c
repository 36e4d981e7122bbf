/*
 * pcapng_write.c - see pcapng_write.h
 */
#include "lib/perf/pcapng_write.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_SHB_USERAPPL = 4,
	OPT_IF_NAME = 2,
	OPT_IF_TSRESOL = 9,
	OPT_EPB_FLAGS = 2,
	ORDER_MAGIC = 0x1a2b3c4d,
};

static const char stages_mark[] = "lr-stages:";

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static size_t option_size(size_t len)
{
	return 4 + padded(len);
}

static void put(FILE *out, const void *bytes, size_t n)
{
	static const uint8_t zero[4];

	if (n)
		fwrite(bytes, 1, n, out);
	fwrite(zero, 1, padded(n) - n, out);
}

static void put32(FILE *out, uint32_t v)
{
	fwrite(&v, 1, sizeof(v), out);
}

static void put_option(FILE *out, uint16_t code, const void *value, uint16_t len)
{
	const uint16_t head[2] = {code, len};

	fwrite(head, 1, sizeof(head), out);
	put(out, value, len);
}

static int done(FILE *out, uint32_t total)
{
	put32(out, total);
	return ferror(out) ? (errno ? -errno : -EIO) : 0;
}

int lr_pcapng_begin(FILE *out, const char *application)
{
	const uint16_t version[2] = {1, 0};
	const int64_t unknown = -1; /* how long the section is */
	size_t len = strlen(application);
	uint32_t total = (uint32_t)(12 + 16 + option_size(len) + option_size(0));

	errno = 0;
	put32(out, LR_PCAPNG_MAGIC);
	put32(out, total);
	put32(out, ORDER_MAGIC);
	fwrite(version, 1, sizeof(version), out);
	fwrite(&unknown, 1, sizeof(unknown), out);
	put_option(out, OPT_SHB_USERAPPL, application, (uint16_t)len);
	put_option(out, OPT_END, NULL, 0);
	return done(out, total);
}

int lr_pcapng_interface(FILE *out, uint32_t link, uint32_t snaplen, const char *name)
{
	const uint16_t fixed[2] = {(uint16_t)link, 0};
	const uint8_t nanoseconds = 9;
	size_t len = strlen(name);
	uint32_t total = (uint32_t)(12 + 8 + option_size(len) + option_size(1) + option_size(0));

	errno = 0;
	put32(out, BLOCK_INTERFACE);
	put32(out, total);
	fwrite(fixed, 1, sizeof(fixed), out);
	put32(out, snaplen);
	put_option(out, OPT_IF_NAME, name, (uint16_t)len);
	put_option(out, OPT_IF_TSRESOL, &nanoseconds, 1);
	put_option(out, OPT_END, NULL, 0);
	return done(out, total);
}

int lr_pcapng_packet(FILE *out, const struct lr_captured *f)
{
	uint32_t flags = f->direction; /* 1 in, 2 out: as the option has it */
	bool options = flags || f->comment;
	size_t size = 12 + 20 + padded(f->caplen) + (flags ? option_size(4) : 0) +
		      (f->comment ? option_size(f->comment_len) : 0) +
		      (options ? option_size(0) : 0);

	if (f->caplen > LR_PCAPNG_BLOCK_MAX / 2 || f->comment_len > UINT16_MAX)
		return -EMSGSIZE;
	errno = 0;
	put32(out, BLOCK_PACKET);
	put32(out, (uint32_t)size);
	put32(out, f->iface);
	put32(out, (uint32_t)(f->time_ns >> 32));
	put32(out, (uint32_t)f->time_ns);
	put32(out, f->caplen);
	put32(out, f->len);
	put(out, f->bytes, f->caplen);
	if (flags)
		put_option(out, OPT_EPB_FLAGS, &flags, sizeof(flags));
	if (f->comment)
		put_option(out, OPT_COMMENT, f->comment, (uint16_t)f->comment_len);
	if (options)
		put_option(out, OPT_END, NULL, 0);
	return done(out, (uint32_t)size);
}

/* --- stage stamps --- */

size_t lr_stages_text(const struct lr_stage_stamp *stamps, size_t n, char out[LR_STAGES_TEXT])
{
	size_t len = sizeof(stages_mark) - 1;

	memcpy(out, stages_mark, sizeof(stages_mark));
	for (size_t i = 0; i < n; i++) {
		int more = snprintf(out + len, LR_STAGES_TEXT - len, " %s=%llu", stamps[i].name,
			(unsigned long long)stamps[i].ns);
		if (more < 0 || (size_t)more >= LR_STAGES_TEXT - len) {
			out[len] = '\0';
			break;
		}
		len += (size_t)more;
	}
	return len;
}

/* "name=123" of `len` bytes. */
static bool parse_one(const char *text, size_t len, struct lr_stage_stamp *out)
{
	const char *equals = memchr(text, '=', len);
	size_t name = equals ? (size_t)(equals - text) : 0, digits = len - name - 1;

	if (!name || name >= sizeof(out->name) || !digits || digits > 19)
		return false;
	memcpy(out->name, text, name);
	out->name[name] = '\0';
	out->ns = 0;
	for (size_t i = name + 1; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		out->ns = out->ns * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

size_t lr_stages_parse(const struct lr_captured *frame, struct lr_stage_stamp *out, size_t room)
{
	const char *at = frame->comment, *end = at ? at + frame->comment_len : NULL;
	size_t n = 0, mark = sizeof(stages_mark) - 1;

	if (!at || frame->comment_len < mark || memcmp(at, stages_mark, mark) != 0)
		return 0;
	for (at += mark; at < end && n < room;) {
		while (at < end && *at == ' ')
			at++;
		const char *stop = memchr(at, ' ', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);
		n += len && parse_one(at, len, &out[n]);
		at += len;
	}
	return n;
}
