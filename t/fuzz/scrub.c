/*
 * scrub.c - fuzzer: what may be given to strangers
 *
 * The input as a text: every word of it that is an address of the internet as a whole makes the
 * text secret, and so does an address that is made of its first bytes and put somewhere into the
 * rest. As JSON: nothing secret is left in what was scrubbed, and scrubbing again changes nothing.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/net/addr.h"
#include "lib/results/scrub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* Words of nothing but what addresses are made of, read by the strict parser. */
static void words(const char *text)
{
	static const char of[] = "0123456789abcdefABCDEF.:";
	char word[LR_ADDR_TEXT];
	struct lr_ip ip;

	while (*text) {
		size_t len = strspn(text, of);
		if (len && len < sizeof(word)) {
			memcpy(word, text, len);
			word[len] = '\0';
			if (lr_ip_parse(word, &ip) == 0 && lr_ip_public(&ip))
				must(lr_scrub_secret(text));
		}
		text += len ? len : 1;
	}
}

static void planted(const uint8_t *data, size_t size, bool six)
{
	size_t bytes = six ? 16 : 4;
	struct lr_ip ip = {.family = six ? 6 : 4};
	char word[LR_ADDR_TEXT];

	if (size < bytes + 1)
		return;
	memcpy(ip.b, data, bytes);
	if (six)
		ip.b[0] = (uint8_t)(0x20 | (ip.b[0] & 0x1f));
	size_t rest = size - bytes - 1, at = data[bytes] % (rest + 1);
	const char *around = (const char *)data + bytes + 1;
	char *text = malloc(rest + sizeof(word) + 1);
	must(text);
	memcpy(text, around, at);
	strcpy(text + at, lr_ip_text(&ip, word));
	memcpy(text + at + strlen(word), around + at, rest - at);
	text[strlen(word) + rest] = '\0';
	char before = at ? text[at - 1] : ' ';
	bool joined = six ? isxdigit((unsigned char)before) || before == ':'
			  : isdigit((unsigned char)before);
	if (!joined && lr_ip_public(&ip) && !memchr(text, 0, at))
		must(lr_scrub_secret(text));
	free(text);
}

static void clean(const json_t *v)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(v))
		must(!lr_scrub_secret(json_string_value(v)));
	json_array_foreach (v, i, member)
		clean(member);
	json_object_foreach ((json_t *)v, key, member) {
		must(!lr_scrub_secret(key));
		clean(member);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	json_t *o = json_loadb((const char *)data, size, 0, NULL);

	must(text);
	words(text);
	free(text);
	planted(data, size, false);
	planted(data, size, true);
	if (o) {
		json_t *once = lr_scrub(o), *twice = lr_scrub(once);
		clean(once);
		must(json_equal(once, twice));
		json_decref(once);
		json_decref(twice);
	}
	json_decref(o);
	return 0;
}
