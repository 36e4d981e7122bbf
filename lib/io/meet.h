/*
 * meet.h - requests as JSON lines in, answers as JSON lines out: HTTP and port mapping for others
 *
 * One object a line, share/schema/meet-request.json and meet-answer.json. A request has an "id", a
 * number that no other open request has; its answers carry the same, in any order.
 *
 *   {"id":1,"do":"http","method":"PUT","url":"http://HOST:PORT/v1/...","headers":["A: b"],
 *    "body":"<base64>","timeout_ms":5000}
 *     -> {"id":1,"status":200,"body":"<base64>","headers":{"content-type":"..."},"rtt_us":900};
 *        a long body as a file instead: "fd":true in place of "body"
 *   {"id":2,"do":"upgrade","url":"http://HOST:PORT/v1/frames","fd":true}
 *     -> {"id":2,"status":101,"fd":true,"rtt_us":900}, and the stream as a descriptor
 *   {"id":3,"do":"map","port":51820,"protocol":"udp","lifetime_s":3600}
 *     -> {"id":3,"mapped":"203.0.113.7:51820","by":"pcp","lifetime_s":3600,"double_nat":false},
 *        again whenever one of these changes
 *   {"id":6,"do":"resolve","host":"NAME","port":3478}
 *     -> {"id":6,"endpoints":["192.0.2.1:3478","[2001:db8::1]:3478"]}, the best first
 *   {"id":4,"do":"unmap","of":3}, {"id":5,"do":"cancel","of":1}
 *     -> {"id":4,"done":true}; the request that it is about ends with an error
 *   {"id":6,"do":"renew","of":3}: the network may be another one
 *     -> {"id":6,"done":true}, and a new answer about 3
 *   -> {"id":1,"error":"one line","temporary":true}: always the last about a request; of a mapping
 *      also "attempts":[{"by":"pcp","error":"..."}], as has one that was given by another protocol;
 *      of https also "tls":false when none is spoken there
 *
 * A descriptor can come only when standard output is a UNIX socket; the n-th line with "fd":true
 * belongs to the n-th descriptor. Descriptors come with the first byte of their line. A file is
 * sealed, and its length is the body's: so no line grows over LR_JSON_LINE_MAX for a reader who has
 * a socket.
 *
 * Theory of operation. One loop; libcurl works in it, the libraries of port mapping and the
 * system's resolver in threads of their own. When the input ends, mappings are removed, for which
 * there are 2 s. HTTP requests that are open then are waited for if the input was a pipe or a file
 * (a person wrote them), and dropped if it was a socket (the node has gone). When nobody reads any
 * more it ends as well.
 */
#ifndef LR_IO_MEET_H
#define LR_IO_MEET_H

#include "lib/base/json.h"
#include "lib/io/dial.h"

#define LR_MEET_OPEN_MAX                                                                           \
	64 /* open requests: some relays, each with a long poll and a few calls                    \
	    */

/* `dialled`, unless NULL, is taken: a connection to a relay that was begun already.
 * Until the input ends, a signal comes (SIGINT, SIGTERM) or nobody reads. LR_EXIT_OK, or
 * LR_EXIT_FAILED when a line was no request (told to the log and as an answer with the id null),
 * or -1 with `err`. Both descriptors stay the caller's. */
int lr_meet_run(int in, int out, const struct lr_dialled *dialled, struct lr_err *err);
/* One request, and nothing is read or written: its answers go to `told`. A mapping is held until a
 * signal comes. */
int lr_meet_one(const json_t *ask, void (*told)(void *ctx, const json_t *answer), void *ctx,
	struct lr_err *err);

#endif
