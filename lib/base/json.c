/*
 * json.c - JSON in and out, on jansson
 *
 * jansson allows a depth of 2,048; ours is checked before it sees the text, so that no
 * stranger's brackets decide how deep we recurse.
 */
#include "lib/base/json.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define DEPTH_MAX 32
/* 15 digits: what is printed reads as it was meant (0.1, not 0.10000000000000001). */
#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))

/* Deepest nesting of brackets outside strings; stops counting behind DEPTH_MAX. */
static unsigned depth(const char *text, size_t len)
{
	unsigned now = 0, most = 0;
	bool quoted = false;

	for (size_t i = 0; i < len && most <= DEPTH_MAX; i++) {
		char c = text[i];
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++now > most)
				most = now;
		} else if ((c == '}' || c == ']') && now > 0) {
			now--;
		}
	}
	return most;
}

json_t *lr_json_parse(const char *text, size_t len, struct lr_err *err)
{
	return lr_json_parse_long(text, len, LR_JSON_LINE_MAX, err);
}

json_t *lr_json_parse_long(const char *text, size_t len, size_t most, struct lr_err *err)
{
	json_error_t why;

	if (len > most) {
		lr_err_set(err, LR_EXIT_FAILED, "longer than %zu bytes", most);
		return NULL;
	}
	if (depth(text, len) > DEPTH_MAX) {
		lr_err_set(err, LR_EXIT_FAILED, "nested deeper than %d", DEPTH_MAX);
		return NULL;
	}
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (value)
		return value;
	if (why.line > 1)
		lr_err_set(err, LR_EXIT_FAILED, "line %d, column %d: %s", why.line, why.column,
			why.text);
	else
		lr_err_set(err, LR_EXIT_FAILED, "column %d: %s", why.column, why.text);
	return NULL;
}

char *lr_json_text(const json_t *value)
{
	return json_dumps(value, DUMP_FLAGS);
}

int lr_json_line(FILE *out, const json_t *value)
{
	char *text = lr_json_text(value);

	if (!text)
		return -ENOMEM;
	errno = 0;
	bool good = fputs(text, out) >= 0 && putc('\n', out) != EOF && fflush(out) == 0;
	int why = errno;
	free(text);
	return good ? 0 : -(why ? why : EIO);
}

static json_t *member(const json_t *obj, const char *key)
{
	json_t *v = json_object_get(obj, key);

	return json_is_null(v) ? NULL : v;
}

const char *lr_json_str(const json_t *obj, const char *key, bool *bad)
{
	json_t *v = member(obj, key);

	if (v && !json_is_string(v))
		*bad = true;
	return json_string_value(v);
}

int64_t lr_json_int(const json_t *obj, const char *key, int64_t absent, bool *bad)
{
	json_t *v = member(obj, key);

	if (!v)
		return absent;
	if (json_is_integer(v))
		return json_integer_value(v);
	*bad = true;
	return absent;
}

bool lr_json_bool(const json_t *obj, const char *key, bool absent, bool *bad)
{
	json_t *v = member(obj, key);

	if (!v)
		return absent;
	if (json_is_boolean(v))
		return json_is_true(v);
	*bad = true;
	return absent;
}

void lr_json_put(json_t *obj, const char *key, json_t *take)
{
	json_object_set_new(obj, key, take ? take : json_null());
}

void lr_json_put_str(json_t *obj, const char *key, const char *text)
{
	json_t *v = text ? json_string(text) : NULL;

	if (text && !v) { /* not UTF-8: a name from a file, a host name from the network */
		char *copy = strdup(text);
		if (copy) {
			lr_text_clean(copy, false);
			v = json_string(copy);
			free(copy);
		}
	}
	lr_json_put(obj, key, v);
}

void lr_json_put_int(json_t *obj, const char *key, int64_t v)
{
	lr_json_put(obj, key, json_integer(v));
}

void lr_json_put_real(json_t *obj, const char *key, double v)
{
	lr_json_put(obj, key, isfinite(v) ? json_real(v) : NULL);
}

void lr_json_put_bool(json_t *obj, const char *key, bool v)
{
	lr_json_put(obj, key, json_boolean(v));
}
