/*
 * profile.h - what the profiler found, as JSON, and that JSON for people: a table, folded stacks
 *
 * The object is that of share/schema/profile.json. Times of spans are sums over the turns that were
 * measured; `share` is what part of their time a span took itself.
 */
#ifndef LR_PERF_PROFILE_H
#define LR_PERF_PROFILE_H

#include <stdio.h>

#include "lib/base/json.h"
#include "lib/perf/span.h"

#define LR_PROFILE_STACK 256 /* longest stack as text, with its NUL */

/* `for_ns`: how long it has been measured; `now`: lr_now(), for how long ago something was. The
 * spans come with the greatest own time first. NULL: out of memory. */
json_t *lr_profile_json(struct lr_spans *s, uint64_t for_ns, uint64_t now);
/* One line: "busy 0.4 %: device;seal 31 %, udp;open 25 %; 2 stalls, the last 12.3 ms in netlink".
 */
void lr_profile_line(struct lr_spans *s, uint64_t for_ns, char *out, size_t room);

/* The `top` spans (0: all), slow ones and stalls as a table. */
void lr_profile_table(FILE *out, const json_t *profile, unsigned top);
/* "device;send;seal 12345" a line, in ns of own time: what flame graph tools read. */
void lr_profile_folded(FILE *out, const json_t *profile);

#endif
