/*
 * exchange.c - peers out of wg-quick files and JSON, and a configuration as a wg-quick file
 */
#include "lib/node/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/state.h"
#include "terms.h"

struct import {
	const struct lr_exchange *to;
	const char *file;
	enum lr_exit result;
};

/* `line` 0: the text has said where it is. */
static void complain(struct import *im, unsigned line, const struct lr_err *err)
{
	char text[sizeof(err->text) + 32];

	if (im->result == LR_EXIT_OK)
		im->result = err->exit ? err->exit : LR_EXIT_FAILED;
	if (line)
		snprintf(text, sizeof(text), "line %u: %s", line, err->text);
	else
		snprintf(text, sizeof(text), "%s", err->text);
	im->to->complain(im->to->ctx, text);
}

static void take_peer(struct import *im, unsigned line, const json_t *obj)
{
	struct lr_err err = {0};

	if (im->to->peer(im->to->ctx, obj, &err) == 0)
		return;
	err.exit = LR_EXIT_FAILED;
	complain(im, line, &err);
}

static void take_config(struct import *im, const char *text, size_t len)
{
	struct lr_config config;
	struct lr_err err = {0};

	if (lr_config_parse(&config, text, len, im->file, im->to->hooks, &err) != 0) {
		complain(im, 0, &err);
		return;
	}
	im->to->interface(im->to->ctx, &config);
	for (size_t i = 0; i < config.n_peers; i++) {
		json_t *obj = lr_config_peer_json(&config.peers[i]);
		take_peer(im, 0, obj);
		json_decref(obj);
	}
	lr_config_release(&config);
}

static size_t line_len(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end ? (size_t)(end - text) : len;
}

static bool has_interface(const char *text, size_t len)
{
	static const char head[] = "[interface]";

	for (size_t at = 0; at < len; at += line_len(text + at, len - at) + 1) {
		while (at < len && (text[at] == ' ' || text[at] == '\t'))
			at++;
		if (len - at >= sizeof(head) - 1 &&
			strncasecmp(text + at, head, sizeof(head) - 1) == 0)
			return true;
	}
	return false;
}

/* A few [Peer] sections alone are fine for an import: an empty [Interface] goes behind them, where
 * it moves no line's number. */
static void take_quick(struct import *im, const char *text, size_t len)
{
	static const char section[] = "\n[Interface]\n";
	char *whole = has_interface(text, len) ? NULL : malloc(len + sizeof(section));

	if (!whole) {
		take_config(im, text, len);
		return;
	}
	memcpy(whole, text, len);
	memcpy(whole + len, section, sizeof(section));
	take_config(im, whole, len + sizeof(section) - 1);
	lr_wipe(whole, len);
	free(whole);
}

static void take_line(struct import *im, unsigned number, const char *line, size_t len)
{
	struct lr_err err = {0};
	json_t *obj = lr_json_parse(line, len, &err);

	if (!obj) {
		err.exit = LR_EXIT_FAILED;
		complain(im, number, &err);
	} else if (!json_is_object(obj)) {
		lr_err_set(&err, LR_EXIT_FAILED, "not a JSON object");
		complain(im, number, &err);
	} else if (json_is_array(json_object_get(obj, LR_K_PEERS))) {
		take_config(im, line, len);
	} else {
		take_peer(im, number, obj);
	}
	json_decref(obj);
}

static bool blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r", line[i]) || !line[i])
			return false;
	return true;
}

/* Whether the first line is a value of its own; else the object goes over several, or the line
 * is longer than a request may be: a whole configuration either way. */
static bool is_lines(const char *text, size_t len)
{
	json_t *first = lr_json_parse(text, line_len(text, len), NULL);
	bool whole = first != NULL;

	json_decref(first);
	if (whole)
		return true;
	/* A broken first line of several is a bad line, unless the text makes sense as one. */
	json_t *all = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	bool one = json_is_object(all);
	json_decref(all);
	return !one;
}

static void take_lines(struct import *im, const char *text, size_t len)
{
	unsigned number = 0;

	for (size_t at = 0; at < len;) {
		size_t n = line_len(text + at, len - at);
		number++;
		if (!blank(text + at, n))
			take_line(im, number, text + at, n);
		at += n + 1;
	}
}

enum lr_exit lr_exchange_import(
	const struct lr_exchange *to, const char *text, size_t len, const char *file)
{
	struct import im = {to, file, LR_EXIT_OK};
	size_t start = 0;

	while (start < len && text[start] && strchr(" \t\r\n", text[start]))
		start++;
	if (start < len && text[start] == '{' && is_lines(text + start, len - start))
		take_lines(&im, text, len);
	else if (start < len && text[start] == '{')
		take_config(&im, text, len);
	else if (start < len)
		take_quick(&im, text, len);
	return im.result;
}

char *lr_exchange_read(const char *file, size_t *len, struct lr_err *err)
{
	size_t room = 1u << 16, n;
	char *text = malloc(room);

	if (strcmp(file, "-") != 0) {
		free(text);
		return lr_read_file(file, LR_EXCHANGE_MAX_BYTES, len, err);
	}
	for (*len = 0; text && (n = fread(text + *len, 1, room - *len, stdin)) > 0;) {
		*len += n;
		if (*len < room)
			continue;
		char *more = room < LR_EXCHANGE_MAX_BYTES ? realloc(text, room * 2) : NULL;
		if (!more) {
			lr_err_set(err, LR_EXIT_FAILED, "standard input: more than %u bytes",
				LR_EXCHANGE_MAX_BYTES);
			free(text);
			return NULL;
		}
		text = more;
		room *= 2;
	}
	if (text && ferror(stdin)) {
		lr_err_set(err, LR_EXIT_FAILED, "standard input: %s", strerror(errno));
		free(text);
		return NULL;
	}
	return text;
}

char *lr_exchange_text(const json_t *config, bool with_private, struct lr_err *err)
{
	char *json = lr_json_text(config), *text = NULL;
	struct lr_config c;

	if (json && lr_config_parse(&c, json, strlen(json), "config", NULL, err) == 0) {
		text = lr_config_text(&c, with_private);
		lr_config_release(&c);
	}
	if (json)
		lr_wipe(json, strlen(json));
	free(json);
	return text;
}
