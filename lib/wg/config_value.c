/*
 * config_value.c - words, numbers and what an error may repeat of them
 */
#include "lib/wg/config_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

char *lr_config_trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

char *lr_config_next_word(char **list)
{
	char *word = *list;

	if (!word)
		return NULL;
	size_t len = strcspn(word, ", \t\r\v\f");
	char *rest = word + len + strspn(word + len, " \t\r\v\f");
	bool comma = *rest == ',';
	if (comma)
		rest += 1 + strspn(rest + 1, " \t\r\v\f");
	*list = comma || *rest ? rest : NULL;
	word[len] = '\0';
	return word;
}

bool lr_config_is_word(const char *text)
{
	size_t len = 0;

	while (isalpha((unsigned char)text[len]))
		len++;
	return len > 0 && len <= 32 && text[len] == '\0';
}

/* 40 characters of base64 in a row: somebody's key. */
static bool looks_like_key(const char *text)
{
	size_t run = 0;

	for (; *text && run < 40; text++)
		run = isalnum((unsigned char)*text) || *text == '+' || *text == '/' ? run + 1 : 0;
	return run == 40;
}

const char *lr_config_shown(const char *value, char out[LR_CONFIG_SHOWN])
{
	const int most = LR_CONFIG_SHOWN - 6; /* quotes, dots, NUL */

	if (looks_like_key(value))
		return "what looks like a key";
	snprintf(out, LR_CONFIG_SHOWN, strlen(value) > (size_t)most ? "\"%.*s...\"" : "\"%.*s\"",
		most, value);
	return out;
}

int lr_config_number(const char *text, unsigned base, uint64_t max, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t v = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		const char *digit = memchr(digits, tolower((unsigned char)*text), base);
		if (!digit)
			return -EINVAL;
		v = v * base + (uint64_t)(digit - digits);
		if (v > max)
			return -EINVAL;
	}
	*out = v;
	return 0;
}
