/*
 * uapi.c - fuzzer: requests to the cross-platform UAPI, several on one connection
 *
 * Every whole request gets an answer that ends with its errno; the owner hears of every peer
 * that comes and goes; what "get" says, a "set" on a second device takes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wg/uapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static uint16_t port(void *ctx)
{
	(void)ctx;
	return 51820;
}

static uint32_t fwmark(void *ctx)
{
	(void)ctx;
	return 7;
}

static int set_port(void *ctx, uint16_t to)
{
	(void)ctx;
	return to == 1 ? -EADDRINUSE : 0;
}

static void changed(void *ctx, struct lr_wg_peer *peer, bool removed)
{
	size_t *known = ctx;

	must(!removed || peer->owner);
	if (removed)
		--*known;
	else if (!peer->owner)
		++*known;
	peer->owner = removed ? NULL : peer;
}

static void check_answer(const char *answer, size_t len)
{
	must(answer && len == strlen(answer) && len >= 9);
	must(strcmp(answer + len - 2, "\n\n") == 0);
	const char *last = memrchr(answer, '\n', len - 2);
	must(strncmp(last ? last + 1 : answer, "errno=", 6) == 0);
}

/* Lines that only "get" has are left out; the rest must be taken by a fresh device. */
static void take_over(const char *answer, const struct lr_uapi_host *host)
{
	char *request = malloc(strlen(answer) + 16), *to = request;
	struct lr_wg_host quiet = {0};
	struct lr_wg *wg = lr_wg_new(&quiet);
	size_t len;

	must(request && wg);
	to = stpcpy(to, "set=1\n");
	for (const char *line = answer; *line && *line != '\n'; line = strchr(line, '\n') + 1) {
		size_t n = (size_t)(strchr(line, '\n') + 1 - line);
		if (strncmp(line, "last_", 5) == 0 || strncmp(line, "errno", 5) == 0 ||
			strncmp(line, "tx_", 3) == 0 || strncmp(line, "rx_", 3) == 0)
			continue;
		to = mempcpy(to, line, n);
	}
	to = stpcpy(to, "\n");
	char *got = lr_uapi_answer(wg, 1, host, request, (size_t)(to - request), &len);
	must(got && strcmp(got, "errno=0\n\n") == 0);
	free(got);
	free(request);
	lr_wg_free(wg);
}

static void get_and_compare(struct lr_wg *wg, const struct lr_uapi_host *host)
{
	const struct lr_uapi_host plain = {.port = port, .set_port = set_port};
	size_t len;
	char *answer = lr_uapi_answer(wg, 5, host, "get=1\n\n", 7, &len);

	check_answer(answer, len);
	free(answer);
	answer = lr_uapi_answer(wg, 5, &plain, "get=1\n\n", 7, &len);
	check_answer(answer, len);
	take_over(answer, &plain);
	free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	struct lr_wg_host quiet = {0};
	struct lr_wg *wg = lr_wg_new(&quiet);
	size_t known = 0, len;
	const struct lr_uapi_host host = {.ctx = &known,
		.port = port,
		.fwmark = fwmark,
		.set_port = set_port,
		.changed = changed};

	must(wg);
	for (long n; (n = lr_uapi_request_len(at, size)) > 0; at += n, size -= (size_t)n) {
		must((size_t)n <= size);
		char *answer = lr_uapi_answer(wg, 3, &host, at, (size_t)n, &len);
		check_answer(answer, len);
		free(answer);
	}
	must(known == lr_wg_peer_count(wg));
	get_and_compare(wg, &host);
	lr_wg_free(wg);
	return 0;
}
