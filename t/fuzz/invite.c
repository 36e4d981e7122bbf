/*
 * invite.c - fuzzer: what a person may hand over as an invite, HOST[:PORT], list numbers, and
 * proofs of access
 *
 * What is read as an invite is written again as the same invite; what is refused leaves an empty
 * value and one line. To reach what stands behind the checksum, the input is also taken apart as
 * the parts of an invite, which is written and read.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/party/access.h"
#include "lib/party/invite.h"
#include "lib/party/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void again(const struct lr_invite *v)
{
	char text[LR_INVITE_TEXT];
	struct lr_invite back;
	struct lr_err err;

	must(lr_invite_text(v, text) == 0 && strlen(text) < sizeof(text));
	must(lr_invite_parse(text, strlen(text), &back, &err) == 0);
	must(memcmp(&back, v, sizeof(back)) == 0);
}

static void as_text(const char *text, size_t len)
{
	static const struct lr_invite empty;
	struct lr_err err = {.text = ""};
	struct lr_invite v;

	if (lr_invite_parse(text, len, &v, &err) == 0) {
		again(&v);
		return;
	}
	must(memcmp(&v, &empty, sizeof(v)) == 0);
	must(err.text[0] && !strchr(err.text, '\n') && err.exit == LR_EXIT_USAGE);
}

static void as_parts(const uint8_t *data, size_t size)
{
	struct lr_invite v = {.n_relays = 1, .name = "x"};
	size_t n = size < 60 ? size : 60;

	if (size < 8 || lr_place_parse((const char *)data + 4, n - 4, &v.relays[0]) < 0)
		return;
	v.flags = data[0] & 7;
	if (v.flags & LR_INVITE_TOKEN) {
		memcpy(v.token, data, 4);
	} else {
		v.epoch = data[1];
		memcpy(v.secret, data, 4);
		memcpy(v.id, data, 4);
	}
	again(&v);
}

static void as_place(const char *text, size_t len)
{
	struct lr_place p, q;
	char host[LR_PLACE_TEXT];

	if (lr_place_parse(text, len, &p) < 0)
		return;
	must(strlen(p.text) < sizeof(p.text));
	must(lr_place_parse(p.text, strlen(p.text), &q) == 0 && strcmp(p.text, q.text) == 0);
	must(lr_place_split(&p, host) > 0 && host[0] && strlen(host) < LR_PLACE_TEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t id[LR_PARTY_ID_LEN], key[LR_KEY_LEN];
	char line[256], text[LR_SINCE_TEXT];
	struct lr_since s;
	size_t n = size < sizeof(line) - 1 ? size : sizeof(line) - 1;

	as_text((const char *)data, size);
	as_parts(data, size);
	as_place((const char *)data, size);
	memcpy(line, data, n);
	line[n] = '\0';
	must(lr_access_check(line, id, 1, key, 0) < 0);
	if (lr_since_parse(line, &s) == 0) {
		struct lr_since t;
		must(lr_since_parse(lr_since_text(&s, text), &t) == 0);
		must(t.epoch == s.epoch && t.seq == s.seq);
	}
	return 0;
}
