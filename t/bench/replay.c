/*
 * replay.c - the engine without timing against a bare loop of seal and open, in one run
 *
 * Both move the same packets of 200 bytes: the loop with lr_aead_seal() and lr_aead_open() and
 * nothing else, the engine through all stages. Rounds alternate; a round of either takes the same
 * number of packets, and is counted in processor time of this one thread, so that what else runs on
 * the machine takes nothing from either. "replay" hands the engine packets from memory,
 * "replay_file" lets it read a pcap file of them too; "replay_timed" has a stopwatch on each stage
 * of each packet, "replay_sampled" on one packet in 100. Prints JSON lines: name, unit, value; the
 * ratios with their 95 % intervals go to standard error.
 *
 *   replay [ROUNDS [PACKETS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/perf/capture.h"
#include "lib/perf/stats.h"
#include "lib/replay/engine.h"
#include "t/tools/mkcap.h"

#define PACKET     200
#define ROUNDS_MAX 1000

static void die(const char *what)
{
	fprintf(stderr, "replay: %s\n", what);
	exit(1);
}

static double seconds(void)
{
	return (double)lr_clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1e9;
}

/* Packets a second that are sealed and opened, and nothing more. */
static double bare(unsigned n)
{
	static uint8_t message[PACKET + LR_WG_PAD + LR_TAG_LEN];
	static uint64_t counter;
	static struct lr_aead *seal, *open;
	const size_t padded = (PACKET + 15) / 16 * 16;
	uint8_t key[LR_KEY_LEN] = {1};

	if (!seal) {
		seal = lr_aead_new(key);
		open = lr_aead_new(key);
	}
	if (!seal || !open)
		die("out of memory");
	double begin = seconds();
	for (unsigned i = 0; i < n; i++, counter++) {
		if (lr_aead_seal(seal, counter, message, message, padded) < 0 ||
			lr_aead_open(open, counter, message, message, padded + LR_TAG_LEN) < 0)
			die("seal and open do not agree");
	}
	return n / (seconds() - begin);
}

/* Two hosts that take turns, as mkcap's "bulk". */
static void conversation(struct lr_captured frames[2])
{
	static uint8_t ip[2][PACKET];

	for (unsigned i = 0; i < 2; i++) {
		size_t len = mk_ip4(ip[i], 0x0a010001 + i, 0x0a010002 - i, PACKET - 28);
		frames[i] = (struct lr_captured){
			.link = 101, .caplen = (uint32_t)len, .len = (uint32_t)len, .bytes = ip[i]};
	}
}

static double from_memory(struct lr_engine *e, unsigned n)
{
	struct lr_captured frames[2];
	uint64_t before = e->delivered;

	conversation(frames);
	double begin = seconds();
	for (unsigned i = 0; i < n; i++)
		lr_engine_packet(e, &frames[i % 2]);
	double rate = n / (seconds() - begin);
	if (e->delivered != before + n)
		die("not every packet was delivered");
	return rate;
}

/* A pcap file of `n` packets, without a name; rewound. */
static FILE *capture_of(unsigned n)
{
	struct lr_captured frames[2];
	FILE *out = tmpfile();

	if (!out)
		die("no temporary file");
	conversation(frames);
	for (unsigned i = 0; i < n; i++) {
		struct mk m = {0};
		if (i == 0)
			mk_pcap(&m, 65535, 101);
		mk_pcap_packet(&m, i * 1000ull, frames[i % 2].bytes, PACKET, PACKET);
		if (fwrite(m.b, 1, m.n, out) != m.n)
			die("the temporary file was not written");
		mk_free(&m);
	}
	if (fflush(out) != 0)
		die("the temporary file was not written");
	return out;
}

static double from_file(struct lr_engine *e, FILE *file, unsigned n)
{
	struct lr_captured frame;
	uint64_t before = e->delivered;
	FILE *again = fdopen(dup(fileno(file)), "r");

	if (!again || fseek(again, 0, SEEK_SET) != 0)
		die("the temporary file cannot be read");
	double begin = seconds();
	struct lr_capture *c = lr_capture_stream(again, "bench", NULL);
	while (c && lr_capture_next(c, &frame, NULL) == 1)
		lr_engine_packet(e, &frame);
	double rate = n / (seconds() - begin);
	lr_capture_close(c);
	if (e->delivered != before + n)
		die("not every packet was delivered");
	return rate;
}

static void tell_rate(const char *name, const double *rates, unsigned n)
{
	printf("{\"name\":\"%s\",\"unit\":\"packets/s\",\"value\":%.0f}\n", name,
		lr_stats_median(rates, n));
}

/* For people: whoever reads standard output divides its own rounds. */
static void tell_ratio(
	const char *name, const double *ours, const char *of, const double *other, unsigned n)
{
	struct lr_interval r = lr_stats_ratio(ours, other, n);
	fprintf(stderr, "%s: %.3f of %s (%.3f to %.3f)\n", name, r.value, of, r.low, r.high);
}

static struct lr_engine *engine(const struct lr_tick *tick, unsigned every)
{
	struct lr_err err = {0};
	struct lr_engine *e = lr_engine_new(tick, &err);

	if (!e)
		die(err.text);
	e->every = e->until = every;
	return e;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 51;
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 5000;
	static double loop[ROUNDS_MAX], memory[ROUNDS_MAX], file[ROUNDS_MAX], timed[ROUNDS_MAX],
		sampled[ROUNDS_MAX];
	struct lr_tick tick;

	if (rounds < 3 || rounds > ROUNDS_MAX || n < 2)
		die("usage: replay [ROUNDS [PACKETS]], 3 to 1000 rounds");
	if (lr_crypto_init() < 0)
		die("the crypto libraries do not start");
	lr_tick_init(&tick);
	struct lr_engine *e = engine(NULL, 1), *all = engine(&tick, 1), *some = engine(&tick, 100);
	FILE *capture = capture_of(n);
	bare(n);
	from_memory(e, n);
	from_memory(all, n);
	from_memory(some, n);
	from_file(e, capture, n);
	for (unsigned i = 0; i < rounds; i++) {
		loop[i] = bare(n);
		memory[i] = from_memory(e, n);
		timed[i] = from_memory(all, n);
		sampled[i] = from_memory(some, n);
		file[i] = from_file(e, capture, n);
	}
	tell_rate("seal_open_200", loop, rounds);
	tell_rate("replay_200", memory, rounds);
	tell_rate("replay_file_200", file, rounds);
	tell_rate("replay_timed_200", timed, rounds);
	tell_rate("replay_sampled_200", sampled, rounds);
	tell_ratio("replay_200", memory, "the bare loop", loop, rounds);
	tell_ratio("replay_file_200", file, "the bare loop", loop, rounds);
	tell_ratio("replay_timed_200", timed, "without timing", memory, rounds);
	tell_ratio("replay_sampled_200", sampled, "without timing", memory, rounds);
	fclose(capture);
	lr_engine_free(e);
	lr_engine_free(all);
	lr_engine_free(some);
	return 0;
}
