/*
 * text.h - text from strangers, made safe to print
 */
#ifndef LR_BASE_TEXT_H
#define LR_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Length in bytes (1..4) of the UTF-8 character at `s` (NUL-terminated), 0 when it is not
 * well-formed: overlong forms, surrogates and code points over U+10FFFF included (RFC 3629). */
size_t lr_text_utf8(const char *s);

/* Puts '?' in place of bytes that are not UTF-8 and, when `controls`, of control characters
 * (U+0000..1F, U+7F..9F), so that nothing in `s` can move a cursor or break a line. The
 * length in bytes stays. */
void lr_text_clean(char *s, bool controls);

/* `len` bytes for XML and HTML, between tags or in an attribute in double quotes. */
void lr_text_escaped(FILE *out, const char *s, size_t len);

/* Three digits and a unit: "48 ns", "1.25 us"; "-" for NAN. */
const char *lr_text_ns(double ns, char out[16]);

#endif
