/*
 * query.c - fuzzer: what servers of games answer
 *
 * First byte: the protocol, and in its upper bits which of its steps it is at; the rest is the
 * answer. What is done has texts that end and hold no control characters, and numbers that make
 * sense.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/game/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void clean(const char *text, size_t room)
{
	char copy[128];

	must(strnlen(text, room) < room);
	memcpy(copy, text, strlen(text) + 1);
	lr_text_clean(copy, true);
	must(strcmp(copy, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t ask[LR_QUERY_ASK_MAX];
	struct lr_query q;
	unsigned n = 0;

	while (lr_query_protocols[n].name)
		n++;
	if (size < 1)
		return 0;
	lr_query_init(&q, &lr_query_protocols[data[0] % 32 % n]);
	q.step = data[0] / 128;
	enum lr_query_verdict v = lr_query_take(&q, data + 1, size - 1);
	must(lr_query_ask(&q, ask) <= sizeof(ask));
	must(v != LR_QUERY_ELSEWHERE || (q.next && lr_query_protocol(q.next)));
	if (v != LR_QUERY_DONE)
		return 0;
	clean(q.server.name, sizeof(q.server.name));
	clean(q.server.map, sizeof(q.server.map));
	clean(q.server.mode, sizeof(q.server.mode));
	clean(q.server.version, sizeof(q.server.version));
	must(q.server.players >= -1 && q.server.players_max >= -1 && q.server.bots >= -1);
	return 0;
}
