/*
 * notice.h - an event of lr-peer watch as a person reads it, and the bodies of posts
 *
 * Names come from strangers: control characters become '?', a name is cut, and what Discord or a
 * desktop would take for markup or for a call to all ("@everyone") is taken out of effect.
 */
#ifndef LR_IO_NOTICE_H
#define LR_IO_NOTICE_H

#include <stddef.h>

#include "lib/base/json.h"

#define LR_NOTICE_TEXT 320 /* one line with its NUL */

enum lr_notice_form { LR_NOTICE_DISCORD, LR_NOTICE_PLAIN };

/* "12:00:03 bob: joined (lr0)". Members that it does not know are left away. Addresses outside the
 * virtual network are not told: many read such a channel. */
void lr_notice_line(const json_t *event, char out[LR_NOTICE_TEXT]);
/* The body of a post about `events` (an array), malloc'd JSON; NULL when out of memory.
 *   Discord: {"content":"LINES","allowed_mentions":{"parse":[]}}, at most 2,000 characters
 *   plain:   {"text":"LINES","events":[...],"left_out":N} */
char *lr_notice_body(const json_t *events, unsigned long long left_out, enum lr_notice_form form);
/* All lines, for a desktop: malloc'd, markup escaped. */
char *lr_notice_desktop(const json_t *events, unsigned long long left_out);

#endif
