/*
 * stun.c - fuzzer: STUN datagrams to a server and to a client that waits for answers
 *
 * First byte: place and family of the site, the rest is the datagram. What the server answers is at
 * most 120 bytes, parses, has the request's id and goes out from a place that exists. The same
 * bytes go to the search for NAT behaviour, with the id of one of its questions put in.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/nat/behave.h"
#include "lib/nat/stun_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void must(bool good)
{
	if (!good)
		abort();
}

static void serve(const struct lr_stun_site *site, unsigned here, const uint8_t *p, size_t len)
{
	static struct lr_stun_server server;
	static uint64_t now;
	const struct lr_endpoint *src = &site->at[here];
	uint8_t out[LR_STUN_ANSWER_MAX];
	struct lr_stun asked, answer;
	unsigned from = 99;

	if (!now)
		lr_stun_server_init(&server);
	now += LR_NS_PER_S;
	size_t n = lr_stun_answer(&server, now, site, here, src, p, len, out, &from);
	if (!n)
		return;
	must(n <= sizeof(out) && from < LR_STUN_PLACES && site->at[from].sa.sa_family != AF_UNSPEC);
	must(lr_stun_parse(p, len, &asked) == 0 && asked.class == LR_STUN_REQUEST);
	must(lr_stun_parse(out, n, &answer) == 0);
	must(memcmp(answer.id, asked.id, LR_STUN_ID_LEN) == 0);
	must(answer.class == (answer.error ? LR_STUN_ERROR : LR_STUN_SUCCESS));
	must(answer.error || lr_endpoint_equal(&answer.mapped, src));
}

static void ask(const struct lr_stun_site *site, unsigned which, const uint8_t *p, size_t len)
{
	struct lr_behave b;
	struct lr_behave_send send;
	uint8_t copy[1500];
	uint64_t now = LR_NS_PER_S;

	if (len < LR_STUN_HEADER_LEN || len > sizeof(copy))
		return;
	memcpy(copy, p, len);
	lr_behave_init(&b, site->at, 1, &site->at[3]);
	while (lr_behave_next(&b, now, &send))
		;
	const struct lr_behave_ask *a = &b.asks[which % b.n];
	memcpy(copy + 8, a->id, LR_STUN_ID_LEN);
	lr_behave_receive(&b, now, a->socket, &a->to, copy, len);
	for (int i = 0; i < 100 && !b.done; i++) {
		must(lr_behave_due(&b) != LR_NEVER);
		now = lr_behave_due(&b) > now ? lr_behave_due(&b) : now;
		while (lr_behave_next(&b, now, &send))
			;
	}
	must(b.done && b.n <= LR_BEHAVE_ASKS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return lr_crypto_init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lr_stun_site site = {0};

	if (size < 1)
		return 0;
	for (int i = 0; i < LR_STUN_PLACES; i++) {
		static const char *const places[] = {"192.0.2.1:3478", "192.0.2.1:3479",
			"192.0.2.2:3478", "192.0.2.2:3479", "[2001:db8::1]:3478",
			"[2001:db8::1]:3479", "[2001:db8::2]:3478", "[2001:db8::2]:3479"};
		must(lr_endpoint_parse(places[i + (data[0] & 4)], &site.at[i]) == 0);
	}
	serve(&site, data[0] & 3, data + 1, size - 1);
	ask(&site, data[0] >> 3, data + 1, size - 1);
	return 0;
}
