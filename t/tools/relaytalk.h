/*
 * relaytalk.h - the half of relaymember that sends and receives packets
 *
 * Commands on standard input, one answer a line:
 *     bind NAME [CHANNEL]        bound NAME CHANNEL | refused NAME REASON | silence NAME
 *     tcp NAME                   NAME goes over TCP from now on: open | closed
 *     release NAME [OTHER]       NAME signs for OTHER's channel
 *     rebind NAME                the same BIND once more, from a fresh socket
 *     send NAME OTHER TEXT       sent; `flood NAME OTHER COUNT` the same COUNT times
 *     to NAME CHANNEL TEXT       to a channel by number
 *     recv NAME                  got NAME FROM TEXT | silence NAME; FROM a name or a number
 *     count NAME                 how many messages wait: count NAME N
 *     keepalive NAME             number NAME | refused NAME REASON | silence NAME
 *     signal NAME [noack]        waits for a signal: signal NAME | silence NAME
 *     ratio NAME HEX             sends these bytes from a fresh socket: sent N got M
 *     junk NAME HEX              sends these bytes from NAME's socket
 *     lend NAME PORT TAG         lent NAME PORT | refused NAME REASON | silence NAME; PORT 0: any
 *     return NAME PORT TAG       the same; what was returned is refused as "released"
 *     move NAME                  a fresh socket (and address) for NAME
 *     leave NAME                 closes NAME's socket
 */
#ifndef LR_T_TOOLS_RELAYTALK_H
#define LR_T_TOOLS_RELAYTALK_H

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/party/keys.h"
#include "lib/relay/frame.h"
#include "lib/relay/stream.h"
#include "t/tools/relayparty.h"

#define WAIT_MS 2000
#define BUFFER  70000
#define FENCE   0xfe2ce000fe2ce000ull

struct member {
	char name[32];
	int fd;
	bool tcp;
	uint32_t channel;
	struct lr_stream stream;
	uint8_t rest[BUFFER]; /* of the TCP stream */
	size_t n_rest;
	uint8_t relay_id[LR_RELAY_ID_LEN], cookie[LR_COOKIE_LEN];
	uint64_t time_ms, heard;
	bool greeted;
	uint8_t last_bind[LR_FRAME_BIND_LEN];
};
static struct member *members[MEMBERS];
static unsigned n_members;
static struct lr_endpoint relay;

static int fresh_socket(int type)
{
	socklen_t len = relay.sa.sa_family == AF_INET ? sizeof(relay.in) : sizeof(relay.in6);
	int fd = socket(relay.sa.sa_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, &relay.sa, len) < 0)
		stop("connect");
	return fd;
}

static struct member *member(const char *name)
{
	for (unsigned i = 0; i < n_members; i++)
		if (strcmp(members[i]->name, name) == 0)
			return members[i];
	struct member *m = n_members < MEMBERS ? calloc(1, sizeof(*m)) : NULL;
	if (!m)
		stop("members");
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->fd = fresh_socket(SOCK_DGRAM);
	members[n_members++] = m;
	return m;
}

static void put_frame(struct member *m, uint8_t *frame, size_t len)
{
	if (m->tcp)
		lr_frame_set_length(frame, len - LR_FRAME_HEADER);
	if (send(m->fd, frame, len, MSG_NOSIGNAL) < 0 && !m->tcp)
		perror("relaymember: send");
}

static bool readable(int fd, int wait_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, wait_ms) > 0;
}

/* One frame of the stream, without blocking past wait_ms. */
static int stream_frame(struct member *m, uint8_t *out, int wait_ms)
{
	for (;;) {
		size_t used = 0;
		int n = lr_stream_feed(&m->stream, m->rest, m->n_rest, &used);
		m->n_rest -= used;
		memmove(m->rest, m->rest + used, m->n_rest);
		if (n > 0)
			memcpy(out, m->stream.frame, (size_t)n);
		if (n != 0)
			return n;
		if (!readable(m->fd, wait_ms))
			return 0;
		ssize_t got = recv(m->fd, m->rest + m->n_rest, sizeof(m->rest) - m->n_rest, 0);
		if (got <= 0)
			return -1;
		m->n_rest += (size_t)got;
	}
}

/* Bytes of the next frame; 0: none came. */
static int get_frame(struct member *m, uint8_t out[BUFFER], int wait_ms)
{
	if (m->tcp)
		return stream_frame(m, out, wait_ms);
	if (!readable(m->fd, wait_ms))
		return 0;
	ssize_t n = recv(m->fd, out, BUFFER, 0);
	return n > 0 ? (int)n : 0;
}

/* The next control message of that kind, or a refusal; others are dropped. */
static bool get_control(struct member *m, int kind, struct lr_frame_control *c, int wait_ms)
{
	static uint8_t frame[BUFFER];
	int n;
	while ((n = get_frame(m, frame, wait_ms)) > 0) {
		if (lr_control_read(frame, (size_t)n, c) == 0 &&
			(c->kind == kind || c->kind == LR_FRAME_REFUSED))
			return true;
	}
	return false;
}

static bool get_cookie(struct member *m)
{
	uint8_t frame[LR_FRAME_ASK_LEN];
	struct lr_frame_control c;
	if (!m->tcp)
		put_frame(m, frame, lr_frame_ask(frame, 7));
	else if (m->greeted)
		return true;
	do /* a refusal of something earlier may stand before it */
		if (!get_control(m, LR_FRAME_COOKIE, &c, WAIT_MS))
			return false;
	while (c.kind != LR_FRAME_COOKIE);
	memcpy(m->relay_id, c.relay_id, LR_RELAY_ID_LEN);
	memcpy(m->cookie, c.cookie, LR_COOKIE_LEN);
	m->time_ms = c.time_ms;
	m->heard = lr_now();
	m->greeted = true;
	return true;
}

static void say_refused(const struct member *m, const struct lr_frame_control *c)
{
	printf("refused %s %s\n", m->name, lr_frame_reason_name(c->reason));
}

static bool sign_and_send(struct member *m, int kind, uint32_t channel)
{
	uint8_t party[LR_KEY_LEN], secret[LR_SIGN_SECRET_LEN], hash[LR_KEYHASH_LEN];
	static uint64_t last;
	if (!get_cookie(m))
		return false;
	party_keys(m->name, party, secret, hash);
	uint64_t at = m->time_ms + (lr_now() - m->heard) / LR_NS_PER_MS;
	last = at > last ? at : last + 1;
	const struct lr_frame_control c = {.kind = (uint8_t)kind,
		.channel = channel,
		.time_ms = last,
		.relay_id = m->relay_id,
		.cookie = m->cookie,
		.id = id,
		.keyhash = hash};
	lr_frame_bind(m->last_bind, &c, secret);
	uint8_t copy[LR_FRAME_BIND_LEN];
	memcpy(copy, m->last_bind, sizeof(copy));
	put_frame(m, copy, sizeof(copy));
	return true;
}

static void await_bound(struct member *m)
{
	struct lr_frame_control c;
	if (!get_control(m, LR_FRAME_BOUND, &c, WAIT_MS)) {
		printf("silence %s\n", m->name);
	} else if (c.kind == LR_FRAME_REFUSED) {
		say_refused(m, &c);
	} else {
		m->channel = c.channel;
		printf("bound %s %u\n", m->name, c.channel);
	}
}

static void do_bind(struct member *m, const char *wanted)
{
	if (sign_and_send(m, LR_FRAME_BIND, wanted ? (uint32_t)strtoul(wanted, NULL, 10) : 0))
		await_bound(m);
	else
		printf("silence %s\n", m->name);
}

static void do_release(struct member *m, const char *other)
{
	struct lr_frame_control c;
	if (sign_and_send(m, LR_FRAME_RELEASE, other ? member(other)->channel : m->channel) &&
		get_control(m, LR_FRAME_REFUSED, &c, WAIT_MS))
		say_refused(m, &c);
	else
		printf("silence %s\n", m->name);
}

static void do_move(struct member *m, bool close_only)
{
	close(m->fd);
	m->tcp = m->greeted = false;
	m->n_rest = m->stream.have = 0;
	m->fd = close_only ? -1 : fresh_socket(SOCK_DGRAM);
}

static void do_tcp(struct member *m)
{
	static const char ask[] =
		"GET /v1/frames HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\n"
		"Upgrade: lanrage-relay\r\n\r\n";
	char head[2048];
	size_t n = 0;
	close(m->fd);
	m->fd = fresh_socket(SOCK_STREAM);
	m->tcp = true;
	m->greeted = false;
	m->n_rest = m->stream.have = 0;
	if (send(m->fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) < 0)
		stop("send");
	while (n < sizeof(head) - 1 && readable(m->fd, WAIT_MS) &&
		recv(m->fd, head + n, 1, 0) == 1) {
		head[++n] = '\0';
		if (n > 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0)
			break;
	}
	head[n] = '\0';
	puts(strncmp(head, "HTTP/1.1 101 ", 13) == 0 ? "open" : "closed");
}

static void send_text(struct member *m, uint32_t channel, const char *text)
{
	uint8_t frame[4096];
	size_t len = strlen(text);
	lr_frame_header(frame, 0, channel);
	memcpy(frame + LR_FRAME_HEADER, text, len);
	put_frame(m, frame, LR_FRAME_HEADER + len);
}

static const char *name_of(uint32_t channel)
{
	static char number[16];
	for (unsigned i = 0; i < n_members; i++)
		if (members[i]->channel == channel)
			return members[i]->name;
	snprintf(number, sizeof(number), "%u", channel);
	return number;
}

/* The next message (no control), its sender; false: silence. */
static bool get_message(struct member *m, uint32_t *from, char *text, size_t room, int wait_ms)
{
	static uint8_t frame[BUFFER];
	int n;
	while ((n = get_frame(m, frame, wait_ms)) > 0) {
		struct lr_frame f;
		if (lr_frame_read(frame, (size_t)n, &f) < 0 || f.flags)
			continue;
		*from = f.channel;
		snprintf(text, room, "%.*s", n - LR_FRAME_HEADER, (char *)frame + LR_FRAME_HEADER);
		return true;
	}
	return false;
}

static void do_recv(struct member *m)
{
	char text[2048];
	uint32_t from;
	if (get_message(m, &from, text, sizeof(text), WAIT_MS))
		printf("got %s %s %s\n", m->name, name_of(from), text);
	else
		printf("silence %s\n", m->name);
}

static void do_count(struct member *m)
{
	char text[2048];
	uint32_t from;
	unsigned n = 0;
	while (get_message(m, &from, text, sizeof(text), 200))
		n++;
	printf("count %s %u\n", m->name, n);
}

static void do_keepalive(struct member *m)
{
	uint8_t frame[LR_FRAME_SIGNAL_LEN];
	struct lr_frame_control c;
	put_frame(m, frame, lr_frame_number(frame, LR_FRAME_KEEPALIVE, 0, 0, 0));
	if (!get_control(m, LR_FRAME_KEEPALIVE, &c, WAIT_MS))
		printf("silence %s\n", m->name);
	else if (c.kind == LR_FRAME_REFUSED)
		say_refused(m, &c);
	else
		printf("number %s\n", m->name);
}

static void do_signal(struct member *m, const char *noack)
{
	uint8_t frame[LR_FRAME_SIGNAL_LEN];
	struct lr_frame_control c;
	if (!get_control(m, LR_FRAME_SIGNAL, &c, noack ? 700 : WAIT_MS)) {
		printf("silence %s\n", m->name);
		return;
	}
	printf("signal %s\n", m->name);
	if (!noack)
		put_frame(m, frame,
			lr_frame_number(frame, LR_FRAME_SIGNAL, c.channel, c.epoch, c.seq));
}

/* LEND or RETURN; `more` is PORT TAG. */
static void do_lend(struct member *m, enum lr_frame_kind kind, const char *more)
{
	uint8_t frame[LR_FRAME_LEND_LEN];
	struct lr_frame_control c;
	unsigned port, tag;
	if (sscanf(more, "%u %u", &port, &tag) != 2)
		stop("PORT TAG");
	put_frame(m, frame, lr_frame_lend(frame, kind, (uint16_t)port, tag));
	if (!get_control(m, LR_FRAME_LENT, &c, WAIT_MS))
		printf("silence %s\n", m->name);
	else if (c.reason)
		say_refused(m, &c);
	else
		printf("lent %s %u\n", m->name, c.port);
}

static size_t unhex(const char *text, uint8_t *out, size_t room)
{
	size_t n = 0;
	for (; isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]) && n < room;
		text += 2) {
		unsigned v;
		sscanf(text, "%2x", &v);
		out[n++] = (uint8_t)v;
	}
	return n;
}

/* What a stranger's bytes bring back. An ASK behind them is the fence: the relay answers in order.
 */
static void do_ratio(const char *hex)
{
	static uint8_t in[BUFFER], out[BUFFER];
	uint8_t ask[LR_FRAME_ASK_LEN];
	size_t sent = unhex(hex, out, sizeof(out)), got = 0;
	int fd = fresh_socket(SOCK_DGRAM);
	struct lr_frame_control c = {0};
	if (send(fd, out, sent, 0) < 0 || send(fd, ask, lr_frame_ask(ask, FENCE), 0) < 0)
		stop("send");
	while (c.nonce != FENCE && readable(fd, WAIT_MS)) {
		ssize_t n = recv(fd, in, sizeof(in), 0);
		memset(&c, 0, sizeof(c));
		if (n > 0 && (lr_control_read(in, (size_t)n, &c) < 0 || c.nonce != FENCE))
			got += (size_t)n;
	}
	close(fd);
	printf(c.nonce == FENCE ? "sent %zu got %zu\n" : "no answer to the fence\n", sent, got);
}

static void command(char **w, int n)
{
	struct member *m = member(w[1]);
	char more[64];
	snprintf(more, sizeof(more), "%s %s", n > 2 ? w[2] : "", n > 3 ? w[3] : "");
	if (!strcmp(w[0], "bind")) {
		do_bind(m, n > 2 ? w[2] : NULL);
	} else if (!strcmp(w[0], "rebind")) {
		uint8_t copy[LR_FRAME_BIND_LEN];
		do_move(m, false);
		memcpy(copy, m->last_bind, sizeof(copy));
		put_frame(m, copy, sizeof(copy));
		await_bound(m);
	} else if (!strcmp(w[0], "tcp")) {
		do_tcp(m);
	} else if (!strcmp(w[0], "release")) {
		do_release(m, n > 2 ? w[2] : NULL);
	} else if (!strcmp(w[0], "send") && n > 3) {
		send_text(m, member(w[2])->channel, w[3]);
		puts("sent");
	} else if (!strcmp(w[0], "flood") && n > 3) {
		for (long i = strtol(w[3], NULL, 10); i > 0; i--)
			send_text(
				m, member(w[2])->channel, "flooding, flooding, flooding, flooding");
		puts("sent");
	} else if (!strcmp(w[0], "to") && n > 3) {
		send_text(m, (uint32_t)strtoul(w[2], NULL, 10), w[3]);
		puts("sent");
	} else if (!strcmp(w[0], "recv")) {
		do_recv(m);
	} else if (!strcmp(w[0], "count")) {
		do_count(m);
	} else if (!strcmp(w[0], "keepalive")) {
		do_keepalive(m);
	} else if (!strcmp(w[0], "signal")) {
		do_signal(m, n > 2 ? w[2] : NULL);
	} else if (!strcmp(w[0], "lend") && n > 3) {
		do_lend(m, LR_FRAME_LEND, more);
	} else if (!strcmp(w[0], "return") && n > 3) {
		do_lend(m, LR_FRAME_RETURN, more);
	} else if (!strcmp(w[0], "ratio") && n > 2) {
		do_ratio(w[2]);
	} else if (!strcmp(w[0], "junk") && n > 2) {
		uint8_t bytes[2048];
		size_t len = unhex(w[2], bytes, sizeof(bytes));
		puts(send(m->fd, bytes, len, MSG_NOSIGNAL) < 0 ? "closed" : "sent");
	} else if (!strcmp(w[0], "move") || !strcmp(w[0], "leave")) {
		do_move(m, w[0][0] == 'l');
		puts("moved");
	} else {
		printf("what is %s?\n", w[0]);
	}
}

static int talk(const char *where)
{
	static char line[BUFFER];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (lr_endpoint_parse(where, &relay) < 0)
		stop(where);
	while (fgets(line, sizeof(line), stdin)) {
		char *w[4] = {NULL}, *at = line;
		int n = 0;
		line[strcspn(line, "\n")] = '\0';
		for (; n < 3 && at && *at; n++)
			w[n] = strsep(&at, " ");
		if (at && *at)
			w[n++] = at;
		if (n >= 2)
			command(w, n);
	}
	return 0;
}

#endif
