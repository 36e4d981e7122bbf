/*
 * capture.c - opens a capture, finds out which format it has, and reads it packet by packet
 *
 * Four bytes tell the formats apart; they are put back into the stream's own buffer, so that
 * standard input works as a file does.
 */
#include "lib/perf/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define STREAM_BUFFER (32u << 10) /* stays in the second-level cache */

struct lr_capture {
	FILE *in;      /* NULL once libpcap owns it */
	pcap_t *pcap;  /* NULL: pcapng */
	uint32_t link; /* of the pcap file */
	struct lr_pcapng ng;
	uint8_t *block; /* LR_PCAPNG_BLOCK_MAX, pcapng only */
	bool over;      /* the end or an error was told */
	char *buffer;   /* the stream's */
	char name[256];
};

/* The first four bytes, put back. False when there are fewer. */
static bool peek(FILE *in, uint8_t first[4])
{
	size_t n = fread(first, 1, 4, in);
	for (size_t i = n; i > 0; i--)
		if (ungetc(first[i - 1], in) == EOF)
			return false;
	return n == 4;
}

/* Reads one whole wanted block, or passes over one that is not. As lr_capture_next(), but 2:
 * there was no packet in it. */
static int next_block(struct lr_capture *c, struct lr_captured *out, const char **why)
{
	uint32_t total;
	size_t n = fread(c->block, 1, LR_PCAPNG_HEAD, c->in);

	*why = "the file ends inside a block";
	if (n < LR_PCAPNG_HEAD)
		return n == 0 && !ferror(c->in) ? 0 : -1;
	int r = lr_pcapng_head(&c->ng, c->block, &total);
	if (r == LR_PCAPNG_READ) {
		n = total - LR_PCAPNG_HEAD;
		if (fread(c->block + LR_PCAPNG_HEAD, 1, n, c->in) != n)
			return -1;
		r = lr_pcapng_block(&c->ng, c->block, total, out);
	} else if (r == LR_PCAPNG_SKIP) {
		for (size_t left = total - LR_PCAPNG_HEAD; left; left -= n) {
			n = left < LR_PCAPNG_BLOCK_MAX ? left : LR_PCAPNG_BLOCK_MAX;
			if (fread(c->block, 1, n, c->in) != n)
				return -1;
		}
	}
	*why = c->ng.flaw;
	return r < 0 ? -1 : r == 1 ? 1 : 2;
}

/* Sets up pcapng; its first block must be a sound section header. */
static int open_pcapng(struct lr_capture *c, struct lr_err *err)
{
	struct lr_captured none;
	const char *why = "out of memory";

	lr_pcapng_init(&c->ng);
	c->block = malloc(LR_PCAPNG_BLOCK_MAX);
	if (!c->block || next_block(c, &none, &why) != 2)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: no pcapng file: %s", c->name, why);
	return 0;
}

static int open_pcap(struct lr_capture *c, struct lr_err *err)
{
	char text[PCAP_ERRBUF_SIZE] = "";

	c->pcap = pcap_fopen_offline_with_tstamp_precision(c->in, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!c->pcap)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: no capture file: %s", c->name, text);
	c->in = NULL;
	c->link = (uint32_t)pcap_datalink(c->pcap);
	return 0;
}

static int open_format(struct lr_capture *c, struct lr_err *err)
{
	static const uint8_t gzip[2] = {0x1f, 0x8b}, zstd[4] = {0x28, 0xb5, 0x2f, 0xfd};
	uint8_t first[4] = {0};
	uint32_t magic;

	if (!peek(c->in, first)) {
		const char *why = ferror(c->in) ? strerror(errno) : "too short to be a capture";
		return lr_err_set(err, LR_EXIT_FAILED, "%s: %s", c->name, why);
	}
	if (memcmp(first, gzip, 2) == 0 || memcmp(first, zstd, 4) == 0)
		return lr_err_set(err, LR_EXIT_FAILED,
			"%s: compressed: unpack it and give it as -, as in: %s %s | lr-perf replay "
			"-",
			c->name, first[0] == 0x1f ? "gzip -dc" : "zstd -dc", c->name);
	memcpy(&magic, first, sizeof(magic));
	return magic == LR_PCAPNG_MAGIC ? open_pcapng(c, err) : open_pcap(c, err);
}

struct lr_capture *lr_capture_stream(FILE *in, const char *name, struct lr_err *err)
{
	struct lr_capture *c = calloc(1, sizeof(*c));

	if (!c) {
		fclose(in);
		lr_err_set(err, LR_EXIT_FAILED, "%s: out of memory", name);
		return NULL;
	}
	c->in = in;
	snprintf(c->name, sizeof(c->name), "%s", name);
	__fsetlocking(in, FSETLOCKING_BYCALLER); /* nobody else has it: no lock a read */
	c->buffer = malloc(STREAM_BUFFER);
	if (c->buffer)
		setvbuf(in, c->buffer, _IOFBF, STREAM_BUFFER);
	if (open_format(c, err) < 0) {
		lr_capture_close(c);
		return NULL;
	}
	return c;
}

struct lr_capture *lr_capture_open(const char *path, struct lr_err *err)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *in = standard ? fdopen(dup(STDIN_FILENO), "re") : fopen(path, "re");
	struct stat st;

	if (!in) {
		lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (fstat(fileno(in), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(in);
		lr_err_set(err, LR_EXIT_FAILED, "%s: a directory, not a capture file", path);
		return NULL;
	}
	return lr_capture_stream(in, standard ? "standard input" : path, err);
}

static int next_pcap(struct lr_capture *c, struct lr_captured *out, struct lr_err *err)
{
	struct pcap_pkthdr *head;
	const u_char *bytes;
	int r = pcap_next_ex(c->pcap, &head, &bytes);

	if (r == PCAP_ERROR_BREAK)
		return 0;
	if (r != 1)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: broken or cut off: %s", c->name,
			pcap_geterr(c->pcap));
	/* With nanosecond precision asked for, tv_usec holds nanoseconds. */
	*out = (struct lr_captured){
		.time_ns = (uint64_t)head->ts.tv_sec * LR_NS_PER_S + (uint64_t)head->ts.tv_usec,
		.caplen = head->caplen,
		.len = head->len > head->caplen ? head->len : head->caplen,
		.link = c->link,
		.bytes = bytes,
	};
	return 1;
}

static int next_pcapng(struct lr_capture *c, struct lr_captured *out, struct lr_err *err)
{
	const char *why;
	int r;

	do
		r = next_block(c, out, &why);
	while (r == 2);
	if (r < 0)
		lr_err_set(err, LR_EXIT_FAILED, "%s: broken or cut off: %s", c->name, why);
	return r;
}

int lr_capture_next(struct lr_capture *c, struct lr_captured *out, struct lr_err *err)
{
	if (c->over)
		return 0;
	int r = c->pcap ? next_pcap(c, out, err) : next_pcapng(c, out, err);
	if (r == 1 && out->caplen > LR_CAPTURE_FRAME_MAX)
		r = lr_err_set(err, LR_EXIT_FAILED, "%s: a frame of %u bytes: at most %u are read",
			c->name, out->caplen, LR_CAPTURE_FRAME_MAX);
	c->over = r != 1;
	return r;
}

const char *lr_capture_format(const struct lr_capture *c)
{
	return c->pcap ? "pcap" : "pcapng";
}

void lr_capture_close(struct lr_capture *c)
{
	if (!c)
		return;
	if (c->pcap)
		pcap_close(c->pcap);
	if (c->in)
		fclose(c->in);
	lr_pcapng_release(&c->ng);
	free(c->block);
	free(c->buffer);
	free(c);
}

/* --- filters --- */

struct lr_filter {
	const char *expression;
	struct bpf_program program;
	uint32_t link;
	bool compiled; /* for `link`; false: it makes no sense there */
};

/* Libpcap's own numbers are those of files but for raw IP. */
static int dlt_of(uint32_t link)
{
	return link == 101 ? DLT_RAW : (int)link;
}

/* `text` gets why not; may be NULL. */
static void compile(struct lr_filter *f, uint32_t link, char text[PCAP_ERRBUF_SIZE])
{
	pcap_t *dead = pcap_open_dead(dlt_of(link), 262144);

	if (f->compiled)
		pcap_freecode(&f->program);
	f->link = link;
	f->compiled = dead &&
		      pcap_compile(dead, &f->program, f->expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
	if (text)
		snprintf(text, PCAP_ERRBUF_SIZE, "%s", dead ? pcap_geterr(dead) : "out of memory");
	if (dead)
		pcap_close(dead);
}

struct lr_filter *lr_filter_new(const char *expression, struct lr_err *err)
{
	struct lr_filter *f = calloc(1, sizeof(*f));
	char text[PCAP_ERRBUF_SIZE] = "out of memory";

	if (f) {
		f->expression = expression;
		compile(f, DLT_EN10MB, text);
	}
	if (f && f->compiled)
		return f;
	free(f);
	lr_err_set(err, LR_EXIT_USAGE, "--filter %s: %s", expression, text);
	return NULL;
}

bool lr_filter_passes(struct lr_filter *f, const struct lr_captured *frame)
{
	const struct pcap_pkthdr head = {.caplen = frame->caplen, .len = frame->len};

	if (frame->link != f->link)
		compile(f, frame->link, NULL);
	return f->compiled && pcap_offline_filter(&f->program, &head, frame->bytes) > 0;
}

void lr_filter_free(struct lr_filter *f)
{
	if (f && f->compiled)
		pcap_freecode(&f->program);
	free(f);
}
