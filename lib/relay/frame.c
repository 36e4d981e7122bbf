/*
 * frame.c - see frame.h
 */
#include "lib/relay/frame.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"

/* Behind the header: kind, reason, two zeros. */
#define KIND_AT LR_FRAME_HEADER
#define BODY_AT (LR_FRAME_HEADER + 4)
#define SIGN_AT (LR_FRAME_BIND_LEN - LR_SIGN_LEN)

#define CONTEXT_BIND    "lanrage bind 1"
#define CONTEXT_RELEASE "lanrage release 1"

const char *lr_frame_reason_name(unsigned reason)
{
	static const char *const names[LR_REFUSED_REASONS] = {
		[LR_REFUSED_UNBOUND] = "unbound",
		[LR_REFUSED_COOKIE] = "cookie",
		[LR_REFUSED_MEMBER] = "member",
		[LR_REFUSED_SIGNATURE] = "signature",
		[LR_REFUSED_CHANNEL] = "channel",
		[LR_REFUSED_TIME] = "time",
		[LR_REFUSED_TOO_MANY] = "too_many",
		[LR_REFUSED_FULL] = "full",
		[LR_REFUSED_RELEASED] = "released",
		[LR_REFUSED_PORTS] = "ports",
	};
	return reason < LR_REFUSED_REASONS && names[reason] ? names[reason] : "unknown";
}

int lr_frame_read(const uint8_t *p, size_t len, struct lr_frame *out)
{
	if (len < LR_FRAME_HEADER || p[0] != LR_FRAME_TYPE ||
		(p[1] > LR_FRAME_GUEST && p[1] != (LR_FRAME_GUEST | LR_FRAME_NAMED)))
		return -EBADMSG;
	out->flags = p[1];
	out->length = lr_get_be16(p + 2);
	out->channel = lr_get_be32(p + 4);
	return 0;
}

/* ------------------------------------------------------------------ reading control messages */

static uint64_t take64(struct lr_cursor *c)
{
	const uint8_t *p = lr_take(c, 8);
	return p ? lr_get_be64(p) : 0;
}

/* Port and address; zeros are none. */
static uint16_t take_place(struct lr_cursor *c, struct lr_ip *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t none[16];
	const uint8_t *port = lr_take(c, 2), *ip = lr_take(c, 16);
	memset(out, 0, sizeof(*out));
	if (!port || !ip || memcmp(ip, none, sizeof(none)) == 0)
		return 0;
	if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
		out->family = 4;
		memcpy(out->b, ip + 12, 4);
	} else {
		out->family = 6;
		memcpy(out->b, ip, 16);
	}
	return lr_get_be16(port);
}

static void read_bind(struct lr_cursor *c, struct lr_frame_control *out)
{
	out->time_ms = take64(c);
	out->cookie = lr_take(c, LR_COOKIE_LEN);
	out->id = lr_take(c, LR_FRAME_ID_LEN);
	out->keyhash = lr_take(c, LR_FRAME_KEYHASH);
	out->signature = lr_take(c, LR_SIGN_LEN);
	c->bad |= c->left != 0;
}

static void read_cookie(struct lr_cursor *c, struct lr_frame_control *out)
{
	out->nonce = take64(c);
	out->time_ms = take64(c);
	out->relay_id = lr_take(c, LR_RELAY_ID_LEN);
	out->cookie = lr_take(c, LR_COOKIE_LEN);
}

static void read_bound(struct lr_cursor *c, struct lr_frame_control *out)
{
	const uint8_t *p = lr_take(c, 4);
	out->lifetime_s = p ? lr_get_be32(p) : 0;
	out->epoch = take64(c);
	out->seq = take64(c);
	out->seen_port = take_place(c, &out->seen);
}

static void read_lend(struct lr_cursor *c, struct lr_frame_control *out)
{
	const uint8_t *p = lr_take(c, 8);
	if (!p)
		return;
	out->port = lr_get_be16(p);
	out->lifetime_s = lr_get_be16(p + 2);
	out->tag = lr_get_be32(p + 4);
}

static void read_body(struct lr_cursor *c, struct lr_frame_control *out)
{
	switch (out->kind) {
	case LR_FRAME_ASK:
		c->bad |= c->left != LR_FRAME_ASK_LEN - BODY_AT;
		out->nonce = take64(c);
		break;
	case LR_FRAME_COOKIE:
		read_cookie(c, out);
		break;
	case LR_FRAME_BIND:
	case LR_FRAME_RELEASE:
		read_bind(c, out);
		break;
	case LR_FRAME_BOUND:
		read_bound(c, out);
		break;
	case LR_FRAME_REFUSED:
		break;
	case LR_FRAME_LEND:
	case LR_FRAME_LENT:
	case LR_FRAME_RETURN:
		read_lend(c, out);
		break;
	case LR_FRAME_KEEPALIVE:
	case LR_FRAME_SIGNAL:
		out->epoch = take64(c);
		out->seq = take64(c);
		break;
	default:
		c->bad = true;
	}
}

int lr_control_read(const uint8_t *p, size_t len, struct lr_frame_control *out)
{
	struct lr_frame f;
	memset(out, 0, sizeof(*out));
	if (lr_frame_read(p, len, &f) < 0 || f.flags != LR_FRAME_CONTROL)
		return -EBADMSG;
	struct lr_cursor c = lr_cursor(p + LR_FRAME_HEADER, len - LR_FRAME_HEADER);
	const uint8_t *kind = lr_take(&c, 4);
	if (!kind)
		return -EBADMSG;
	out->kind = kind[0];
	out->reason = kind[1];
	out->channel = f.channel;
	read_body(&c, out);
	return c.bad ? -EBADMSG : 0;
}

int lr_guest_read(const uint8_t *p, size_t len, struct lr_frame_guest *out)
{
	struct lr_frame f;
	struct lr_ip ip;
	memset(out, 0, sizeof(*out));
	if (len <= LR_FRAME_GUEST_HEAD || lr_frame_read(p, len, &f) < 0 ||
		!(f.flags & LR_FRAME_GUEST))
		return -EBADMSG;
	struct lr_cursor c = lr_cursor(p + LR_FRAME_HEADER, len - LR_FRAME_HEADER);
	out->named = f.flags & LR_FRAME_NAMED;
	out->port = lr_get_be16(lr_take(&c, 2));
	uint16_t port = take_place(&c, &ip);
	if (ip.family == 4) {
		out->at.in.sin_family = AF_INET;
		out->at.in.sin_port = htons(port);
		memcpy(&out->at.in.sin_addr, ip.b, 4);
	} else if (ip.family == 6) {
		out->at.in6.sin6_family = AF_INET6;
		out->at.in6.sin6_port = htons(port);
		memcpy(&out->at.in6.sin6_addr, ip.b, 16);
	}
	return out->port && port ? 0 : -EBADMSG;
}

/* ------------------------------------------------------------------ writing */

void lr_frame_header(uint8_t out[LR_FRAME_HEADER], uint8_t flags, uint32_t channel)
{
	out[0] = LR_FRAME_TYPE;
	out[1] = flags;
	out[2] = out[3] = 0;
	lr_put_be32(out + 4, channel);
}

void lr_frame_set_length(uint8_t *p, size_t length)
{
	lr_put_be16(p + 2, (uint16_t)length);
}

static void begin(uint8_t *out, size_t len, enum lr_frame_kind kind, uint32_t channel)
{
	memset(out, 0, len);
	lr_frame_header(out, LR_FRAME_CONTROL, channel);
	out[KIND_AT] = (uint8_t)kind;
}

size_t lr_frame_ask(uint8_t out[LR_FRAME_ASK_LEN], uint64_t nonce)
{
	begin(out, LR_FRAME_ASK_LEN, LR_FRAME_ASK, 0);
	lr_put_be64(out + BODY_AT, nonce);
	return LR_FRAME_ASK_LEN;
}

size_t lr_frame_cookie(uint8_t out[LR_FRAME_COOKIE_LEN], uint64_t nonce, uint64_t time_ms,
	const uint8_t relay_id[LR_RELAY_ID_LEN], const uint8_t cookie[LR_COOKIE_LEN])
{
	begin(out, LR_FRAME_COOKIE_LEN, LR_FRAME_COOKIE, 0);
	lr_put_be64(out + BODY_AT, nonce);
	lr_put_be64(out + BODY_AT + 8, time_ms);
	memcpy(out + BODY_AT + 16, relay_id, LR_RELAY_ID_LEN);
	memcpy(out + BODY_AT + 32, cookie, LR_COOKIE_LEN);
	return LR_FRAME_COOKIE_LEN;
}

static void put_place(uint8_t out[18], const struct lr_ip *ip, uint16_t port)
{
	memset(out, 0, 18);
	if (ip->family)
		lr_put_be16(out, port);
	if (ip->family == 4) {
		out[12] = out[13] = 0xff;
		memcpy(out + 14, ip->b, 4);
	} else if (ip->family == 6) {
		memcpy(out + 2, ip->b, 16);
	}
}

size_t lr_frame_bound(uint8_t out[LR_FRAME_BOUND_LEN], const struct lr_frame_control *c)
{
	begin(out, LR_FRAME_BOUND_LEN, LR_FRAME_BOUND, c->channel);
	lr_put_be32(out + BODY_AT, c->lifetime_s);
	lr_put_be64(out + BODY_AT + 4, c->epoch);
	lr_put_be64(out + BODY_AT + 12, c->seq);
	put_place(out + BODY_AT + 20, &c->seen, c->seen_port);
	return LR_FRAME_BOUND_LEN;
}

size_t lr_frame_refused(
	uint8_t out[LR_FRAME_REFUSED_LEN], uint32_t channel, enum lr_frame_reason reason)
{
	begin(out, LR_FRAME_REFUSED_LEN, LR_FRAME_REFUSED, channel);
	out[KIND_AT + 1] = (uint8_t)reason;
	return LR_FRAME_REFUSED_LEN;
}

size_t lr_frame_number(uint8_t out[LR_FRAME_SIGNAL_LEN], enum lr_frame_kind kind, uint32_t channel,
	uint64_t epoch, uint64_t seq)
{
	begin(out, LR_FRAME_SIGNAL_LEN, kind, channel);
	lr_put_be64(out + BODY_AT, epoch);
	lr_put_be64(out + BODY_AT + 8, seq);
	return LR_FRAME_SIGNAL_LEN;
}

size_t lr_frame_lend(
	uint8_t out[LR_FRAME_LEND_LEN], enum lr_frame_kind kind, uint16_t port, uint32_t tag)
{
	begin(out, LR_FRAME_LEND_LEN, kind, 0);
	lr_put_be16(out + BODY_AT, port);
	lr_put_be32(out + BODY_AT + 4, tag);
	return LR_FRAME_LEND_LEN;
}

size_t lr_frame_lent(uint8_t out[LR_FRAME_LEND_LEN], const struct lr_frame_control *c)
{
	lr_frame_lend(out, LR_FRAME_LENT, c->port, c->tag);
	out[KIND_AT + 1] = c->reason;
	lr_put_be16(out + BODY_AT + 2, (uint16_t)c->lifetime_s);
	return LR_FRAME_LEND_LEN;
}

void lr_frame_guest(uint8_t out[LR_FRAME_GUEST_HEAD], const struct lr_frame_guest *g)
{
	const struct lr_ip ip = lr_endpoint_ip(&g->at);
	lr_frame_header(out, LR_FRAME_GUEST | (g->named ? LR_FRAME_NAMED : 0), 0);
	lr_put_be16(out + LR_FRAME_HEADER, g->port);
	put_place(out + LR_FRAME_HEADER + 2, &ip, lr_endpoint_port(&g->at));
}

/* ------------------------------------------------------------------ signatures */

/* `head` gets the frame's header with length 0, so that UDP and TCP sign the same. */
static void signed_spans(struct lr_span spans[4], uint8_t head[LR_FRAME_HEADER], const uint8_t *p,
	const uint8_t relay_id[LR_RELAY_ID_LEN])
{
	bool release = p[KIND_AT] == LR_FRAME_RELEASE;
	memcpy(head, p, LR_FRAME_HEADER);
	lr_frame_set_length(head, 0);
	spans[0].at = release ? CONTEXT_RELEASE : CONTEXT_BIND;
	spans[0].len = release ? sizeof(CONTEXT_RELEASE) - 1 : sizeof(CONTEXT_BIND) - 1;
	spans[1] = (struct lr_span){relay_id, LR_RELAY_ID_LEN};
	spans[2] = (struct lr_span){head, LR_FRAME_HEADER};
	spans[3] = (struct lr_span){p + LR_FRAME_HEADER, SIGN_AT - LR_FRAME_HEADER};
}

size_t lr_frame_bind(uint8_t out[LR_FRAME_BIND_LEN], const struct lr_frame_control *c,
	const uint8_t party_secret[LR_SIGN_SECRET_LEN])
{
	struct lr_span spans[4];
	uint8_t head[LR_FRAME_HEADER], *p = out + BODY_AT;
	begin(out, LR_FRAME_BIND_LEN, c->kind, c->channel);
	lr_put_be64(p, c->time_ms);
	memcpy(p += 8, c->cookie, LR_COOKIE_LEN);
	memcpy(p += LR_COOKIE_LEN, c->id, LR_FRAME_ID_LEN);
	memcpy(p += LR_FRAME_ID_LEN, c->keyhash, LR_FRAME_KEYHASH);
	signed_spans(spans, head, out, c->relay_id);
	lr_sign(p + LR_FRAME_KEYHASH, spans, 4, party_secret);
	return LR_FRAME_BIND_LEN;
}

bool lr_frame_signed(const uint8_t *p, const struct lr_frame_control *c,
	const uint8_t relay_id[LR_RELAY_ID_LEN], const uint8_t party_key[LR_KEY_LEN])
{
	struct lr_span spans[4];
	uint8_t head[LR_FRAME_HEADER];
	if (!c->signature)
		return false;
	signed_spans(spans, head, p, relay_id);
	return lr_sign_check(c->signature, spans, 4, party_key);
}
