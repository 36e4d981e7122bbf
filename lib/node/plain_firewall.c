/*
 * plain_firewall.c - see plain_firewall.h
 *
 * What one rule does to several kinds of packets is one line.
 */
#include "lib/node/plain_firewall.h"

#include <string.h>

#include "terms.h"

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	return strcmp(text_of(a, key), text_of(b, key)) == 0;
}

static bool tunnel(const json_t *check)
{
	return strcmp(text_of(check, LR_K_CHECK), "tunnel") == 0;
}

static bool together(const json_t *a, const json_t *b)
{
	return same(a, b, LR_K_VERDICT) && same(a, b, LR_K_RULE) && same(a, b, LR_K_MEND) &&
	       tunnel(a) == tunnel(b);
}

/* "UDP", "broadcasts", "IPv6 ping", "UDP 2342 of doom", "UDP port 51820 from outside" */
static void name_one(FILE *out, const json_t *c)
{
	const char *check = text_of(c, LR_K_CHECK), *game = text_of(c, LR_K_GAME);
	const char *protocol = text_of(c, LR_K_PROTOCOL);
	json_int_t port = json_integer_value(json_object_get(c, LR_K_PORT));

	if (json_integer_value(json_object_get(c, LR_K_IP_VERSION)) == 6)
		fputs("IPv6 ", out);
	if (strcmp(check, "broadcast") == 0)
		fputs("broadcasts", out);
	else if (strcmp(check, "unicast") != 0 && !tunnel(c))
		fputs(check, out);
	else
		fputs(strcmp(protocol, "tcp") == 0 ? "TCP" : "UDP", out);
	if (tunnel(c))
		fprintf(out, " port %" JSON_INTEGER_FORMAT " from outside", port);
	else if (*game)
		fprintf(out, " %" JSON_INTEGER_FORMAT " of %s", port, game);
}

static void put_group(FILE *out, const json_t *checks, size_t first,
	void (*put)(FILE *, const char *, const char *), const char *label)
{
	const json_t *one = json_array_get(checks, first);
	bool unsure = strcmp(text_of(one, LR_K_VERDICT), "unsure") == 0;
	char line[1200];
	FILE *text = fmemopen(line, sizeof(line), "w");

	if (!text)
		return;
	fputs(unsure ? "may drop " : "drops ", text);
	for (size_t i = first; i < json_array_size(checks); i++) {
		const json_t *c = json_array_get(checks, i);
		if (!together(one, c))
			continue;
		if (i > first)
			fputs(", ", text);
		name_one(text, c);
	}
	fprintf(text, "; %s: %s", unsure ? "it depends on the rule" : "the rule",
		*text_of(one, LR_K_RULE) ? text_of(one, LR_K_RULE) : "unknown");
	fclose(text);
	put(out, label, line);
	if (!*text_of(one, LR_K_MEND))
		return;
	snprintf(line, sizeof(line), "to let %s in: %s", tunnel(one) ? "it" : "members",
		text_of(one, LR_K_MEND));
	put(out, "", line);
}

void lr_plain_firewall(
	FILE *out, const json_t *firewall, void (*put)(FILE *, const char *, const char *))
{
	const json_t *checks = json_object_get(firewall, LR_K_CHECKS);
	const char *label = "firewall";
	char line[480];

	if (*text_of(firewall, LR_K_ERROR)) {
		snprintf(line, sizeof(line), "cannot tell: %s", text_of(firewall, LR_K_ERROR));
		put(out, label, line);
		return;
	}
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *c = json_array_get(checks, i);
		bool told = strcmp(text_of(c, LR_K_VERDICT), "passes") == 0;
		for (size_t j = 0; j < i && !told; j++)
			told = together(c, json_array_get(checks, j));
		if (told)
			continue;
		put_group(out, checks, i, put, label);
		label = "";
	}
	if (*label && json_array_size(checks))
		put(out, label, "lets in what members send");
}
