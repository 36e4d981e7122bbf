/*
 * probe.c - probes between two members: building and opening
 */
#include "lib/nat/probe.h"

#include <errno.h>
#include <string.h>

#define VERSION       1
#define AD_LEN        12 /* type to hint */
#define CALL_HEAD     15
#define CANDIDATE_LEN 24

static const char key_label[] = "lanrage probe key 1";
static const char hint_label[] = "lanrage probe hint 1";

static void direction_key(
	uint8_t out[LR_KEY_LEN], const uint8_t secret[LR_KEY_LEN], uint8_t from_low)
{
	const struct lr_span spans[] = {
		{key_label, sizeof(key_label)}, {secret, LR_KEY_LEN}, {&from_low, 1}};

	lr_hash(out, spans, 3);
}

void lr_probe_pair_init(struct lr_probe_pair *p, const uint8_t secret[LR_KEY_LEN], bool low)
{
	memcpy(p->secret, secret, LR_KEY_LEN);
	p->low = low;
	direction_key(p->send, secret, low);
	direction_key(p->receive, secret, !low);
}

void lr_probe_pair_release(struct lr_probe_pair *p)
{
	lr_wipe(p, sizeof(*p));
}

void lr_probe_hint(
	const struct lr_probe_pair *p, uint64_t day, bool ours, uint8_t out[LR_PROBE_HINT_LEN])
{
	uint8_t input[sizeof(hint_label) + 9], mac[LR_MAC_LEN];

	memcpy(input, hint_label, sizeof(hint_label));
	lr_put_be64(input + sizeof(hint_label), day);
	input[sizeof(input) - 1] = ours == (p->low != 0);
	lr_mac(mac, p->secret, LR_KEY_LEN, input, sizeof(input));
	memcpy(out, mac, LR_PROBE_HINT_LEN);
}

/* --- bodies --- */

static void put_seen(uint8_t *at, const struct lr_endpoint *e)
{
	struct lr_ip ip = lr_endpoint_ip(e);

	at[0] = ip.family;
	lr_put_be16(at + 1, ip.family ? lr_endpoint_port(e) : 0);
	memcpy(at + 3, ip.b, 16);
}

static size_t put_call(uint8_t *body, const struct lr_probe *probe)
{
	const struct lr_nat *nat = &probe->nat;
	const struct lr_candidates *list = &probe->list;
	uint8_t *at = body + CALL_HEAD;

	lr_put_be64(body + 2, probe->time_ms);
	body[10] = nat->mapping;
	body[11] = nat->filtering;
	body[12] = nat->flags;
	body[13] = (uint8_t)nat->delta;
	body[14] = list->n;
	for (int i = 0; i < list->n; i++, at += CANDIDATE_LEN) {
		const struct lr_candidate *c = &list->at[i];
		at[0] = c->kind;
		at[1] = c->ip.family;
		lr_put_be16(at + 2, c->port);
		lr_put_be32(at + 4, c->channel);
		memcpy(at + 8, c->ip.b, 16);
	}
	return (size_t)(at - body);
}

static size_t body_len(const struct lr_probe *probe)
{
	if (probe->kind == LR_PROBE_CALL)
		return CALL_HEAD + (size_t)probe->list.n * CANDIDATE_LEN;
	if (probe->kind == LR_PROBE_PING && probe->size > LR_PROBE_MIN)
		return probe->size - LR_PROBE_HEAD - LR_TAG_LEN;
	return LR_PROBE_BODY_MIN;
}

size_t lr_probe_build(const struct lr_probe_pair *p, uint64_t unix_ns, const struct lr_probe *probe,
	uint8_t *out, size_t room)
{
	size_t n = body_len(probe), len = LR_PROBE_HEAD + n + LR_TAG_LEN;
	uint8_t *body = out + LR_PROBE_HEAD;

	if (len > room || len > LR_PROBE_MAX || probe->list.n > LR_CANDIDATES_MAX)
		return 0;
	memset(out, 0, len);
	out[0] = LR_PROBE_TYPE;
	out[1] = VERSION;
	lr_probe_hint(p, unix_ns / LR_NS_PER_S / LR_DAY_S, true, out + 4);
	lr_random(out + AD_LEN, LR_XNONCE_LEN);
	body[0] = probe->kind;
	if (probe->kind == LR_PROBE_CALL)
		put_call(body, probe);
	else
		memcpy(body + 2, probe->id, LR_PROBE_ID_LEN);
	if (probe->kind == LR_PROBE_PONG)
		put_seen(body + 10, &probe->seen);
	lr_xseal_once(body, body, n, out, AD_LEN, out + AD_LEN, p->send);
	return len;
}

const uint8_t *lr_probe_hint_of(const uint8_t *bytes, size_t len)
{
	static const uint8_t start[4] = {LR_PROBE_TYPE, VERSION};

	if (len < LR_PROBE_HEAD + CALL_HEAD + LR_TAG_LEN || len > LR_PROBE_MAX ||
		memcmp(bytes, start, 4) != 0)
		return NULL;
	return bytes + 4;
}

/* false: not an address. */
static bool get_seen(const uint8_t *at, struct lr_endpoint *out)
{
	struct lr_candidate c = {.ip.family = at[0], .port = lr_get_be16(at + 1)};

	if (c.ip.family != 0 && c.ip.family != 4 && c.ip.family != 6)
		return false;
	memcpy(c.ip.b, at + 3, c.ip.family == 4 ? 4 : 16);
	*out = lr_candidate_endpoint(&c);
	return true;
}

static int get_call(const uint8_t *body, size_t n, struct lr_probe *out)
{
	out->time_ms = lr_get_be64(body + 2);
	out->nat = (struct lr_nat){body[10] & 3, body[11] & 3, body[12], (int8_t)body[13]};
	if (body[14] > LR_CANDIDATES_MAX || n != CALL_HEAD + (size_t)body[14] * CANDIDATE_LEN)
		return -EBADMSG;
	for (const uint8_t *at = body + CALL_HEAD; at < body + n; at += CANDIDATE_LEN) {
		struct lr_candidate c = {.kind = at[0],
			.port = lr_get_be16(at + 2),
			.channel = lr_get_be32(at + 4),
			.ip.family = at[1]};
		if (c.kind == LR_CANDIDATE_NONE || c.kind >= LR_CANDIDATE_KINDS ||
			(c.ip.family != 4 && c.ip.family != 6))
			return -EBADMSG;
		memcpy(c.ip.b, at + 8, c.ip.family == 4 ? 4 : 16);
		lr_candidates_add(&out->list, &c);
	}
	return 0;
}

static int get_body(const uint8_t *body, size_t n, struct lr_probe *out)
{
	out->kind = body[0];
	if (out->kind == LR_PROBE_CALL)
		return n >= CALL_HEAD ? get_call(body, n, out) : -EBADMSG;
	if (n < LR_PROBE_BODY_MIN)
		return -EBADMSG;
	memcpy(out->id, body + 2, LR_PROBE_ID_LEN);
	out->size = n + LR_PROBE_HEAD + LR_TAG_LEN;
	if (out->kind == LR_PROBE_PONG)
		return get_seen(body + 10, &out->seen) ? 0 : -EBADMSG;
	return out->kind == LR_PROBE_PING ? 0 : -EBADMSG;
}

int lr_probe_open(
	const struct lr_probe_pair *p, const uint8_t *bytes, size_t len, struct lr_probe *out)
{
	uint8_t body[LR_PROBE_MAX];

	memset(out, 0, sizeof(*out));
	if (!lr_probe_hint_of(bytes, len) ||
		!lr_xopen_once(body, bytes + LR_PROBE_HEAD, len - LR_PROBE_HEAD, bytes, AD_LEN,
			bytes + AD_LEN, p->receive))
		return -EBADMSG;
	return get_body(body, len - LR_PROBE_HEAD - LR_TAG_LEN, out);
}
