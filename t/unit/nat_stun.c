/*
 * nat_stun.c - STUN messages: published vectors, hostile bytes, what the server answers and limits
 */
#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/crypto/crypto.h"
#include "lib/nat/classify.h"
#include "lib/nat/stun_server.h"
#include "t/unit/tap.h"

/* RFC 5769, section 2.2: a success answer for 192.0.2.1:32853; MESSAGE-INTEGRITY is what a Binding
 * client without credentials does not know. */
static const uint8_t answer4[] = {0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7,
	0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65,
	0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00,
	0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43, 0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99,
	0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7,
	0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};
/* RFC 5769, section 2.3: [2001:db8:1234:5678:11:2233:4455:6677]:32853. */
static const uint8_t answer6[] = {0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7,
	0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65,
	0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00,
	0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5,
	0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b,
	0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28,
	0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

static const uint8_t id[LR_STUN_ID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static struct lr_endpoint at(const char *text)
{
	struct lr_endpoint e = {0};

	lr_endpoint_parse(text, &e);
	return e;
}

static void vectors(void)
{
	struct lr_stun m;
	char text[LR_ENDPOINT_TEXT];
	uint8_t bad[sizeof(answer4)];

	is_int(lr_stun_parse(answer4, sizeof(answer4), &m), 0, "RFC 5769, 2.2 is read");
	is_int(m.class, LR_STUN_SUCCESS, "  a success");
	is_str(lr_endpoint_text(&m.mapped, text), "192.0.2.1:32853", "  its address");
	ok(m.has_fingerprint, "  its FINGERPRINT is right");
	ok(m.n_unknown == 1 && m.unknown[0] == 8, "  MESSAGE-INTEGRITY is not understood");
	is_int(lr_stun_parse(answer6, sizeof(answer6), &m), 0, "RFC 5769, 2.3 is read");
	is_str(lr_endpoint_text(&m.mapped, text), "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
		"  its address");
	int refused = 0;
	for (size_t i = 0; i < sizeof(answer4); i++) { /* any byte changed: FINGERPRINT tells */
		memcpy(bad, answer4, sizeof(bad));
		bad[i] ^= 0x40;
		refused += lr_stun_parse(bad, sizeof(bad), &m) == -EBADMSG || !m.has_fingerprint;
	}
	is_int(refused, sizeof(answer4), "every altered byte is noticed");
	refused = 0;
	for (size_t n = 0; n < sizeof(answer4); n++)
		refused += lr_stun_parse(answer4, n, &m) == -EBADMSG;
	is_int(refused, sizeof(answer4), "and every cut");
}

static void hostile(void)
{
	static const struct {
		const char *name;
		uint8_t p[32];
		size_t len;
		int rc;
	} cases[] = {
#define HEAD(type, len)                                                                            \
	0, type, 0, len, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
		{"nothing else", {HEAD(1, 0)}, 20, 0},
		{"length beyond the datagram", {HEAD(1, 8)}, 20, -EBADMSG},
		{"bytes behind the length", {HEAD(1, 0), 0, 0, 0, 0}, 24, -EBADMSG},
		{"length no multiple of 4", {HEAD(1, 2), 0, 0}, 22, -EBADMSG},
		{"another method", {HEAD(3, 0)}, 20, -EBADMSG},
		{"attribute beyond the end", {HEAD(1, 4), 0x80, 0x22, 0, 1}, 24, -EBADMSG},
		{"attribute of 65,535", {HEAD(1, 4), 0x80, 0x22, 0xff, 0xff}, 24, -EBADMSG},
		{"empty attribute", {HEAD(1, 4), 0x80, 0x22, 0, 0}, 24, 0},
		{"CHANGE-REQUEST of 0 bytes", {HEAD(1, 4), 0, 3, 0, 0}, 24, -EBADMSG},
		{"FINGERPRINT wrong", {HEAD(1, 8), 0x80, 0x28, 0, 4, 1, 2, 3, 4}, 28, -EBADMSG},
		{"address of no family", {HEAD(1, 12), 0, 0x20, 0, 8, 0, 9, 1, 1, 1, 1, 1, 1}, 32,
			0},
		{"address cut short", {HEAD(1, 8), 0, 0x20, 0, 4, 0, 1, 1, 1}, 28, 0},
#undef HEAD
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_stun m;
		is_int(lr_stun_parse(cases[i].p, cases[i].len, &m), cases[i].rc, cases[i].name);
		ok(m.mapped.sa.sa_family == AF_UNSPEC, "  no address from it");
	}
}

static void classify(void)
{
	static const struct {
		uint8_t p[24];
		size_t len;
		enum lr_datagram is;
	} cases[] = {
		{{1, 0, 0, 0}, 148, LR_DATAGRAM_WG},
		{{4, 0, 0, 0}, 32, LR_DATAGRAM_WG},
		{{5, 0, 0, 0}, 24, LR_DATAGRAM_UNKNOWN},
		{{0, 0, 0, 0}, 24, LR_DATAGRAM_UNKNOWN},
		{{1, 0, 0, 1}, 24, LR_DATAGRAM_UNKNOWN},
		{{0xf1, 1}, 24, LR_DATAGRAM_PROBE},
		{{0xf2, 0}, 24, LR_DATAGRAM_FRAME},
		{{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 20, LR_DATAGRAM_STUN},
		{{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 19, LR_DATAGRAM_UNKNOWN},
		{{0x40, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 20, LR_DATAGRAM_UNKNOWN},
		{{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43}, 20, LR_DATAGRAM_UNKNOWN},
		{{0xf1, 1}, 3, LR_DATAGRAM_UNKNOWN},
	};
	uint8_t p[148] = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(p, cases[i].p, sizeof(cases[i].p));
		ok(lr_classify(p, cases[i].len) == cases[i].is, "%02x %02x.., %zu bytes: kind %d",
			p[0], p[1], cases[i].len, cases[i].is);
	}
}

struct server {
	struct lr_stun_server s;
	struct lr_stun_site site;
};

static void server_init(struct server *s)
{
	lr_stun_server_init(&s->s);
	s->site.at[0] = at("198.51.100.1:3478");
	s->site.at[1] = at("198.51.100.1:3479");
	s->site.at[2] = at("198.51.100.2:3478");
	s->site.at[3] = at("198.51.100.2:3479");
}

static void answers(void)
{
	struct server s;
	struct lr_endpoint src = at("192.0.2.7:4000"), src6 = at("[2001:db8::7]:4000");
	uint8_t request[LR_STUN_REQUEST_LEN], out[LR_STUN_ANSWER_MAX];
	char text[LR_ENDPOINT_TEXT];
	struct lr_stun m;
	unsigned from;

	server_init(&s);
	for (unsigned here = 0; here < LR_STUN_PLACES; here++)
		for (unsigned change = 0; change < 8; change += 2) {
			lr_stun_request(request, id, (uint8_t)change);
			size_t n = lr_stun_answer(
				&s.s, 1, &s.site, here, &src, request, sizeof(request), out, &from);
			unsigned want = here ^ (change & 2 ? 1 : 0) ^ (change & 4 ? 2 : 0);
			ok(n && n <= sizeof(request) && lr_stun_parse(out, n, &m) == 0 &&
					from == want && memcmp(m.id, id, sizeof(id)) == 0 &&
					lr_endpoint_equal(&m.mapped, &src) &&
					lr_endpoint_equal(&m.origin, &s.site.at[want]) &&
					lr_endpoint_equal(&m.other, &s.site.at[here ^ 3]),
				"place %u, change %u: from %u", here, change, from);
		}
	lr_stun_request(request, id, 0);
	s.site = (struct lr_stun_site){.at = {at("[2001:db8::1]:3478"), at("[2001:db8::1]:3479")}};
	size_t n = lr_stun_answer(&s.s, 1, &s.site, 0, &src6, request, sizeof(request), out, &from);
	ok(n == 116 && lr_stun_parse(out, n, &m) == 0 && lr_endpoint_equal(&m.mapped, &src6),
		"IPv6: 116 bytes");
	is_str(lr_endpoint_text(&m.other, text), "[2001:db8::1]:3479",
		"one address: the other port");
	lr_stun_request(request, id, LR_STUN_CHANGE_IP);
	n = lr_stun_answer(&s.s, 1, &s.site, 0, &src6, request, sizeof(request), out, &from);
	ok(n && lr_stun_parse(out, n, &m) == 0 && m.class == LR_STUN_ERROR && m.error == 420 &&
			from == 0,
		"another address asked for that there is not: 420");
	lr_stun_server_release(&s.s);
}

/* A request of `n` bytes with one attribute. */
static size_t with(uint8_t *p, uint16_t type, const void *value, uint16_t len)
{
	memset(p, 0, 64);
	p[1] = 1;
	lr_put_be16(p + 2, (uint16_t)(4 + (len + 3) / 4 * 4));
	lr_put_be32(p + 4, LR_STUN_COOKIE);
	lr_put_be16(p + 20, type);
	lr_put_be16(p + 22, len);
	memcpy(p + 24, value, len);
	return 24 + (len + 3u) / 4 * 4;
}

static void refused(void)
{
	struct server s;
	struct lr_endpoint src = at("192.0.2.7:4000");
	uint8_t p[64], out[LR_STUN_ANSWER_MAX];
	struct lr_stun m;
	unsigned from;

	server_init(&s);
	/* RESPONSE-PORT (RFC 5780) and RESPONSE-ADDRESS (RFC 3489) would make a reflector. */
	static const uint16_t types[] = {0x0027, 0x0002, 0x0006, 0x7fff};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t n = with(p, types[i], "abcd", 4);
		n = lr_stun_answer(&s.s, 1, &s.site, 0, &src, p, n, out, &from);
		ok(n && lr_stun_parse(out, n, &m) == 0 && m.error == 420 && from == 0,
			"attribute %#06x: 420", types[i]);
		ok(n >= 4 && lr_get_be16(out + n - 4) == types[i], "  which names it");
	}
	size_t n = with(p, 0x0026, "padding", 7);
	n = lr_stun_answer(&s.s, 1, &s.site, 0, &src, p, n, out, &from);
	ok(n == 68 && lr_stun_parse(out, n, &m) == 0 && m.class == LR_STUN_SUCCESS,
		"PADDING is understood and not sent back");
	p[0] = 1; /* a success answer */
	is_int(lr_stun_answer(&s.s, 1, &s.site, 0, &src, p, 32, out, &from), 0,
		"an answer gets no answer");
	is_int(s.s.refused_not_request, 1, "  counted");
	is_int(lr_stun_answer(&s.s, 1, &s.site, 0, &src, p, 31, out, &from), 0, "rubbish neither");
	is_int(s.s.refused_malformed, 1, "  counted");
	lr_stun_server_release(&s.s);
}

static unsigned burst(struct server *s, uint64_t now, const char *src, size_t len, unsigned n)
{
	uint8_t p[LR_STUN_REQUEST_LEN], out[LR_STUN_ANSWER_MAX];
	struct lr_endpoint e = at(src);
	unsigned answered = 0, from;

	lr_stun_request(p, id, 0);
	if (len == 20)
		lr_put_be16(p + 2, 0);
	while (n--)
		answered += lr_stun_answer(&s->s, now, &s->site, 0, &e, p, len, out, &from) > 0;
	return answered;
}

static void limits(void)
{
	struct server s;
	uint64_t t = 100 * LR_NS_PER_S;
	char src[32];

	server_init(&s);
	is_int(burst(&s, t, "192.0.2.7:4000", 20, 100), 20, "20 short requests a second");
	is_int(burst(&s, t, "192.0.2.99:5", 20, 100), 0, "of one /24");
	is_int(burst(&s, t, "192.0.3.7:5", 20, 100), 20, "another /24 has its own");
	is_int(burst(&s, t, "192.0.2.7:4000", 120, 100), 100, "long requests need no limit");
	is_int(burst(&s, t + LR_NS_PER_S / 2, "192.0.2.7:4000", 20, 100), 10,
		"ten more after 0.5 s");
	is_int(s.s.refused_limit, 80 + 100 + 80 + 90, "refusals are counted");
	is_int(burst(&s, t, "[2001:db8:0:1::7]:4", 20, 100), 20, "IPv6: 20");
	is_int(burst(&s, t, "[2001:db8:0:2::8]:4", 20, 100), 0, "of one /56");
	is_int(burst(&s, t, "[2001:db8:0:100::8]:4", 20, 100), 20, "another /56 has its own");
	unsigned all = 0;
	t += 100 * LR_NS_PER_S;
	for (int i = 0; i < 4000; i++) {
		snprintf(src, sizeof(src), "10.%d.%d.1:9", i / 250, i % 250);
		all += burst(&s, t, src, 20, 1);
	}
	is_int(all, 2000, "2,000 a second in all");
	lr_stun_server_release(&s.s);
}

int main(void)
{
	lr_crypto_init();
	vectors();
	hostile();
	classify();
	answers();
	refused();
	limits();
	return tap_done();
}
