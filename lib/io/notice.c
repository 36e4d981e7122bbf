/*
 * notice.c - see notice.h
 */
#include "lib/io/notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "terms.h"

#define PART        100 /* of a member's value that is shown, with its NUL */
#define SAID        (2 * PART)
#define DISCORD_MAX 1900 /* Discord takes 2,000 characters; ours are counted as bytes */

/* In `words`, %X stands for a member of the event: */
static const struct {
	char letter;
	const char *key;
} members[] = {
	{'f', LR_K_FROM},
	{'t', LR_K_TO},
	{'r', LR_K_RELAY},
	{'x', LR_K_TEXT},
	{'u', LR_K_USES},
	{'g', LR_K_GAME},
};

static const struct {
	const char *event, *words;
} known[] = {
	{"up", "up"},
	{"down", "down"},
	{"watching", "watching"},
	{"peer-added", "added"},
	{"peer-removed", "removed"},
	{"handshake", "handshake"},
	{"endpoint", "is reached in another way"},
	{"expired", "session ended"},
	{"gave-up", "does not answer"},
	{"joined", "joined"},
	{"left", "left"},
	{"lapsed", "has not been heard of for a while"},
	{"kicked", "was kicked"},
	{"renamed", "was called %f before"},
	{"address", "has the address %t now, not %f any more"},
	{"path", "path is %t now, was %f"},
	{"quality", "connection is %t now, was %f"},
	{"network", "addresses of this machine changed"},
	{"relay-connected", "relay %r connected"},
	{"relay-lost", "relay %r lost: %x"},
	{"invite-claimed", "an invite was used, it is good for %u more"},
	{"out", "out of the party: %x"},
	{"stall", "stall: %x"},
	{"profile", "profile: %x"},
	{"game-began", "%g is being played"},
	{"game-ended", "%g is not played any more"},
};

/* A member's text, safe and cut at a character; "" when it is not there. */
static void part(const json_t *event, const char *key, char out[PART])
{
	const char *text = json_string_value(json_object_get(event, key));
	size_t len = 0, n;

	if (text)
		while (text[len] && len + (n = lr_text_utf8(text + len)) < PART && n)
			len += n;
	memcpy(out, text ? text : "", len);
	out[len] = '\0';
	lr_text_clean(out, true);
}

static const char *words(const char *event)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].event, event) == 0)
			return known[i].words;
	return event;
}

static void put_member(FILE *f, const json_t *event, char letter)
{
	char text[PART];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *value = json_object_get(event, members[i].key);
		if (members[i].letter != letter)
			continue;
		part(event, members[i].key, text);
		if (json_is_integer(value))
			fprintf(f, "%lld", (long long)json_integer_value(value));
		else
			fputs(*text ? text : "?", f);
	}
}

/* The words for an event with what it tells filled in; its name when we don't know it. */
static void say(const json_t *event, char out[SAID])
{
	char name[PART];
	FILE *f = fmemopen(out, SAID, "w");

	out[0] = '\0';
	if (!f)
		return;
	part(event, LR_K_EVENT, name);
	const char *known_words = words(name);
	for (const char *at = known_words; *at; at++)
		if (*at == '%' && known_words != name)
			put_member(f, event, *++at);
		else
			fputc(*at, f);
	fclose(f);
	out[SAID - 1] = '\0';
}

void lr_notice_line(const json_t *event, char out[LR_NOTICE_TEXT])
{
	char time[PART], what[SAID], peer[PART], iface[PART];

	part(event, LR_K_TIME, time);
	say(event, what);
	part(event, LR_K_PEER, peer);
	part(event, LR_K_IFACE, iface);
	/* Of an RFC 3339 time, hours to seconds. */
	const char *clock = strlen(time) >= 19 && time[10] == 'T' ? time + 11 : "";
	snprintf(out, LR_NOTICE_TEXT, "%.8s%s%s: %s%s%s%s", clock, *clock ? " " : "",
		*peer    ? peer
		: *iface ? iface
			 : "node",
		what, *peer && *iface ? " (" : "", *peer ? iface : "", *peer && *iface ? ")" : "");
}

/* A backslash before what Discord takes for markup, mentions or links. */
static void put_discord(FILE *f, const char *line)
{
	for (; *line; line++) {
		if (strchr("\\*_~|`<>@#[]()", *line))
			fputc('\\', f);
		fputc(*line, f);
	}
}

static void put_desktop(FILE *f, const char *line)
{
	for (; *line; line++)
		if (*line == '&')
			fputs("&amp;", f);
		else if (*line == '<')
			fputs("&lt;", f);
		else
			fputc(*line, f);
}

static void put_plain(FILE *f, const char *line)
{
	fputs(line, f);
}

/* All lines; what would go over `max` bytes is counted as left out. */
static char *lines(const json_t *events, unsigned long long left_out, size_t max,
	void (*put)(FILE *f, const char *line))
{
	char *text = NULL, line[LR_NOTICE_TEXT];
	size_t len = 0, i;
	json_t *event;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	json_array_foreach (events, i, event) {
		lr_notice_line(event, line);
		fflush(f);
		if (len + 2 * strlen(line) > max) {
			left_out += json_array_size(events) - i;
			break;
		}
		if (len)
			fputc('\n', f);
		put(f, line);
	}
	if (left_out)
		fprintf(f, "\n%llu more left out", left_out);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

char *lr_notice_body(const json_t *events, unsigned long long left_out, enum lr_notice_form form)
{
	bool discord = form == LR_NOTICE_DISCORD;
	char *text = discord ? lines(events, left_out, DISCORD_MAX, put_discord)
			     : lines(events, left_out, SIZE_MAX, put_plain);
	json_t *o = json_object();

	lr_json_put_str(o, discord ? LR_K_CONTENT : LR_K_TEXT, text);
	if (discord) {
		lr_json_put(o, LR_K_ALLOWED_MENTIONS, json_pack("{s:[]}", LR_K_PARSE));
	} else {
		lr_json_put(o, LR_K_EVENTS, json_incref((json_t *)events));
		lr_json_put_int(o, LR_K_LEFT_OUT, (int64_t)left_out);
	}
	char *body = text ? lr_json_text(o) : NULL;
	json_decref(o);
	free(text);
	return body;
}

char *lr_notice_desktop(const json_t *events, unsigned long long left_out)
{
	return lines(events, left_out, SIZE_MAX, put_desktop);
}
