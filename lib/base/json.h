/*
 * json.h - JSON in and out, on jansson
 *
 * The only header that includes <jansson.h>. Objects keep the order in which members were
 * set. Reading is strict: duplicate members, rubbish behind the value, depth
 * over 32 and lines over LR_JSON_LINE_MAX are errors.
 */
#ifndef LR_BASE_JSON_H
#define LR_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"

#define LR_JSON_LINE_MAX (1u << 20) /* bytes in one request or one line of state */

/* One object or other value from `len` bytes. New reference, or NULL with `err` ("column 7: ...").
 */
json_t *lr_json_parse(const char *text, size_t len, struct lr_err *err);
/* The same of up to `most` bytes. */
json_t *lr_json_parse_long(const char *text, size_t len, size_t most, struct lr_err *err);
/* Writes one value compactly and a newline, flushes. 0 or -errno. Does not take the reference. */
int lr_json_line(FILE *out, const json_t *value);
/* Compact text, malloc'd, no newline; NULL when out of memory. */
char *lr_json_text(const json_t *value);

/* Members by name; absent or null yields the given default / NULL. A wrong type: *bad = true. */
const char *lr_json_str(const json_t *obj, const char *key, bool *bad);
int64_t lr_json_int(const json_t *obj, const char *key, int64_t absent, bool *bad);
bool lr_json_bool(const json_t *obj, const char *key, bool absent, bool *bad);

/* Setters that never leave a member out: NULL text becomes null. */
void lr_json_put_str(json_t *obj, const char *key, const char *text);
void lr_json_put_int(json_t *obj, const char *key, int64_t v);
void lr_json_put_real(json_t *obj, const char *key, double v); /* not finite: null */
void lr_json_put_bool(json_t *obj, const char *key, bool v);
void lr_json_put(json_t *obj, const char *key, json_t *take); /* takes the reference */

#endif
