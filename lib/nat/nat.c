/*
 * nat.c - names of NAT behaviours, and what two of them can do
 */
#include "lib/nat/nat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const short_names[] = {"?", "ei", "ad", "apd"};
static const struct {
	const char *word;
	uint8_t flag;
} flags[] = {{"open", LR_NAT_NONE}, {"preserves", LR_NAT_PRESERVES}, {"hairpin", LR_NAT_HAIRPIN},
	{"blocked", LR_NAT_BLOCKED}};

const char *lr_behaviour_name(enum lr_behaviour b)
{
	static const char *const names[] = {"unknown", "endpoint-independent", "address-dependent",
		"address- and port-dependent"};
	return names[b > LR_BEHAVE_APD ? 0 : b];
}

const char *lr_nat_text(const struct lr_nat *nat, char out[LR_NAT_TEXT])
{
	int n = snprintf(out, LR_NAT_TEXT, "%s/%s", short_names[nat->mapping & 3],
		short_names[nat->filtering & 3]);

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (nat->flags & flags[i].flag)
			n += snprintf(out + n, LR_NAT_TEXT - (size_t)n, " %s", flags[i].word);
	if (nat->delta)
		snprintf(out + n, LR_NAT_TEXT - (size_t)n, " delta=%d", nat->delta);
	return out;
}

static int behaviour_parse(const char *text, size_t len, uint8_t *out)
{
	for (uint8_t i = 0; i < 4; i++)
		if (strlen(short_names[i]) == len && memcmp(text, short_names[i], len) == 0) {
			*out = i;
			return 0;
		}
	return -EINVAL;
}

static int word_parse(const char *word, size_t len, struct lr_nat *out)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strlen(flags[i].word) == len && memcmp(word, flags[i].word, len) == 0)
			out->flags |= flags[i].flag;
	if (len < 7 || memcmp(word, "delta=", 6) != 0)
		return 0;
	char *end;
	long v = strtol(word + 6, &end, 10);
	if (end != word + len || v < -64 || v > 64)
		return -EINVAL;
	out->delta = (int8_t)v;
	return 0;
}

int lr_nat_parse(const char *text, struct lr_nat *out)
{
	struct lr_nat nat = {0};
	size_t n = strcspn(text, "/");

	if (text[n] != '/' || behaviour_parse(text, n, &nat.mapping) < 0)
		return -EINVAL;
	text += n + 1;
	n = strcspn(text, " ");
	if (behaviour_parse(text, n, &nat.filtering) < 0)
		return -EINVAL;
	for (text += n; *text; text += n) {
		text += strspn(text, " ");
		n = strcspn(text, " ");
		if (word_parse(text, n, &nat) < 0)
			return -EINVAL;
	}
	*out = nat;
	return 0;
}

/* Lets in what comes from a port that we never sent to: the other end may be symmetric. */
static bool lenient(const struct lr_nat *nat)
{
	return nat->filtering == LR_BEHAVE_EI || nat->filtering == LR_BEHAVE_AD;
}

enum lr_pairing lr_nat_pairing(const struct lr_nat *a, const struct lr_nat *b)
{
	if ((a->flags | b->flags) & LR_NAT_BLOCKED)
		return LR_PAIR_BLOCKED;
	if (lenient(a) || lenient(b))
		return LR_PAIR_SIMPLE;
	bool sa = lr_nat_symmetric(a), sb = lr_nat_symmetric(b);
	if (sa && sb)
		return LR_PAIR_HOPELESS;
	if (!sa && !sb)
		return LR_PAIR_SIMPLE;
	return (sa ? a : b)->delta ? LR_PAIR_PREDICT : LR_PAIR_BIRTHDAY;
}
