/*
 * pcap.c - fuzzer: a capture of either format through both readers, link headers, and the engine
 *
 * Whatever the bytes are: every packet lies inside its limits, is read to its last byte, and is
 * accounted for. One engine serves all inputs, so that its 128 handshakes are made once.
 */
#include <stdlib.h>

#include "lib/perf/capture.h"
#include "lib/replay/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKETS_MAX 2000 /* of one input: a search wants many inputs, not long ones */

static void must(bool good)
{
	if (!good)
		abort();
}

static struct lr_engine *engine(void)
{
	static struct lr_engine *e;
	static struct lr_tick tick;

	if (!e) {
		must(lr_crypto_init() == 0);
		lr_tick_init(&tick);
		e = lr_engine_new(&tick, NULL);
		must(e != NULL);
	}
	return e;
}

static uint64_t accounted(const struct lr_engine *e)
{
	uint64_t sum = e->delivered;
	for (unsigned i = 0; i < LR_REPLAY_DROPS; i++)
		sum += e->dropped[i];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lr_engine *e = engine();
	struct lr_captured frame;
	struct lr_err err = {0};
	volatile uint8_t all = 0;
	FILE *in = fmemopen((void *)(uintptr_t)data, size, "r");

	if (!in)
		return 0;
	struct lr_capture *c = lr_capture_stream(in, "fuzz", &err);
	must(c || err.text[0]);
	for (int n = 0; c && n < PACKETS_MAX && lr_capture_next(c, &frame, &err) == 1; n++) {
		must(frame.caplen <= frame.len && frame.caplen <= LR_PCAPNG_BLOCK_MAX);
		for (uint32_t i = 0; i < frame.caplen; i++)
			all ^= frame.bytes[i];
		lr_engine_packet(e, &frame);
		must(accounted(e) == e->packets);
		must(e->dropped[LR_REPLAY_ALTERED] == 0);
	}
	(void)all;
	lr_capture_close(c);
	return 0;
}
