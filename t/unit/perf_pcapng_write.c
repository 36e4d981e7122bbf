/*
 * perf_pcapng_write.c - what is written is read again; stage stamps; and no bytes of a stranger
 * harm
 */
#include <errno.h>

#include "lib/perf/capture.h"
#include "lib/perf/pcapng_write.h"
#include "t/unit/tap.h"

static uint64_t state = 1;
static uint32_t random32(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 32);
}

/* 200 packets of all lengths from 0 on, with and without comments and directions. */
static void make(unsigned i, struct lr_captured *f, uint8_t bytes[2000], char comment[100])
{
	*f = (struct lr_captured){
		.time_ns = 1767225600000000000ull + i * 1000003ull,
		.caplen = i * 7 % 1999,
		.len = i * 7 % 1999 + i % 3,
		.link = i % 2 ? 101 : 1,
		.iface = i % 2,
		.bytes = bytes,
		.direction = (enum lr_direction)(i % 3),
	};
	for (unsigned k = 0; k < f->caplen; k++)
		bytes[k] = (uint8_t)(i + k);
	if (i % 5) {
		f->comment_len = (uint32_t)snprintf(comment, 100, "packet %.*s", (int)(i % 40),
			"0123456789012345678901234567890123456789");
		f->comment = comment;
	}
}

static bool same(const struct lr_captured *a, const struct lr_captured *b)
{
	return a->time_ns == b->time_ns && a->caplen == b->caplen && a->len == b->len &&
	       a->link == b->link && a->iface == b->iface && a->direction == b->direction &&
	       a->comment_len == b->comment_len && !a->comment == !b->comment &&
	       (!a->comment || memcmp(a->comment, b->comment, a->comment_len) == 0) &&
	       memcmp(a->bytes, b->bytes, a->caplen) == 0;
}

static FILE *written(unsigned n)
{
	FILE *out = tmpfile();
	uint8_t bytes[2000];
	char comment[100];
	struct lr_captured f;
	int bad = lr_pcapng_begin(out, "test") | lr_pcapng_interface(out, 1, 0, "eth0") |
		  lr_pcapng_interface(out, 101, 65535, "lr0");

	for (unsigned i = 0; i < n; i++) {
		make(i, &f, bytes, comment);
		bad |= lr_pcapng_packet(out, &f);
	}
	is_int(bad, 0, "written without an error");
	rewind(out);
	return out;
}

static void test_round_trip(void)
{
	struct lr_capture *c = lr_capture_stream(written(200), "test", NULL);
	struct lr_captured want, got;
	uint8_t bytes[2000];
	char comment[100];
	unsigned n = 0, good = 0;

	while (c && lr_capture_next(c, &got, NULL) == 1) {
		make(n++, &want, bytes, comment);
		good += same(&want, &got);
	}
	is_int(n, 200, "as many packets as were written");
	is_int(good, 200, "each as it was: bytes, lengths, stamp, interface, direction, comment");
	lr_capture_close(c);
}

static void test_limits(void)
{
	FILE *out = tmpfile();
	struct lr_captured f = {.caplen = LR_PCAPNG_BLOCK_MAX, .bytes = (const uint8_t *)""};

	is_int(lr_pcapng_packet(out, &f), -EMSGSIZE, "a packet that no reader takes");
	f = (struct lr_captured){.comment = "", .comment_len = 65536};
	is_int(lr_pcapng_packet(out, &f), -EMSGSIZE, "a comment that does not fit");
	is_int(ftell(out), 0, "nothing was written of either");
	fclose(out);
	out = fopen("/dev/full", "w");
	setvbuf(out, NULL, _IONBF, 0);
	ok(lr_pcapng_begin(out, "test") < 0, "a full disk is an error");
	fclose(out);
}

static void test_stages(void)
{
	static const struct lr_stage_stamp in[] = {
		{"read", 5120}, {"seal", 0}, {"open", 18446744073ull}};
	struct lr_stage_stamp out[4], many[64];
	char text[LR_STAGES_TEXT];
	struct lr_captured f = {.comment = text};

	f.comment_len = (uint32_t)lr_stages_text(in, 3, text);
	is_str(text, "lr-stages: read=5120 seal=0 open=18446744073", "as text");
	is_int(lr_stages_parse(&f, out, 4), 3, "and back");
	ok(strcmp(out[2].name, "open") == 0 && out[2].ns == 18446744073ull, "with name and time");
	is_int(lr_stages_parse(&f, out, 2), 2, "no more than there is room for");
	for (unsigned i = 0; i < 64; i++)
		many[i] = (struct lr_stage_stamp){"a_stage_with_a_long_name", 12345678};
	size_t len = lr_stages_text(many, 64, text);
	ok(len < LR_STAGES_TEXT && strlen(text) == len, "too many: what fits");
	static const char *const bad[] = {"", "lr-stage: a=1", "lr-stages:", "lr-stages: a",
		"lr-stages: =1", "lr-stages: a=", "lr-stages: a=x",
		"lr-stages: a=99999999999999999999999"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		f.comment = bad[i];
		f.comment_len = (uint32_t)strlen(bad[i]);
		is_int(lr_stages_parse(&f, out, 4), 0, bad[i]);
	}
}

/* A written file with random bytes changed, or cut: it is read to some end, without a crash. */
static void test_damaged(void)
{
	static uint8_t good[100000], bytes[100000];
	FILE *in = written(20);
	size_t size = fread(good, 1, sizeof(good), in);
	unsigned packets = 0;

	fclose(in);
	for (unsigned round = 0; round < 2000; round++) {
		size_t cut = round % 4 ? size : random32() % size;
		memcpy(bytes, good, size);
		for (unsigned k = round % 4; k; k--)
			bytes[random32() % size] = (uint8_t)random32();
		if (cut == 0)
			continue;
		FILE *f = fmemopen(bytes, cut, "r");
		struct lr_capture *c = f ? lr_capture_stream(f, "damaged", NULL) : NULL;
		struct lr_captured got;
		struct lr_stage_stamp stamps[4];
		while (c && lr_capture_next(c, &got, NULL) == 1) {
			packets++;
			(void)!lr_stages_parse(&got, stamps, 4);
		}
		lr_capture_close(c);
	}
	ok(packets > 2000, "2,000 damaged files: %u packets were read of them", packets);
}

int main(void)
{
	test_round_trip();
	test_limits();
	test_stages();
	test_damaged();
	return tap_done();
}
