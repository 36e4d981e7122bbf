/*
 * lan_dhcp.c - the DHCP server of a bridge: what clients ask by RFC 2131, and what they must not
 * get
 */
#include "lib/lan/dhcp.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/net/ip.h"
#include "t/unit/tap.h"

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };
enum { HEAD = 14 + 28, OPTIONS = HEAD + 240 };

static struct lr_dhcp d;
static uint64_t now = LR_NS_PER_S;
static uint8_t frame[700], out[LR_DHCP_FRAME];
static size_t out_len;
static enum lr_dhcp_deed deed;
static struct lr_dhcp_lease lease;
static bool settled = true, known;
static const uint8_t kim[6] = {2, 0xc0, 0, 0, 0, 1}, lou[6] = {2, 0xc0, 0, 0, 0, 2};
static const uint8_t server_mac[6] = {2, 1, 1, 1, 1, 1};

/* 10.66.9.1, .2, ... */
static bool choose(void *ctx, const uint8_t mac[6], unsigned round, struct lr_ip *ip)
{
	(void)ctx;
	(void)mac;
	*ip = lr_ip4(0x0a420901 + round);
	return round < 40;
}

static bool ours(void *ctx, const struct lr_ip *ip)
{
	(void)ctx;
	(void)ip;
	return settled;
}

static bool has(void *ctx, const uint8_t mac[6], const struct lr_ip *ip)
{
	(void)ctx;
	(void)mac;
	(void)ip;
	return known;
}

static void up(void)
{
	d = (struct lr_dhcp){.host = {NULL, choose, ours, has}};
	memcpy(d.mac, server_mac, 6);
	d.own = (struct lr_prefix){lr_ip4(0x0a420001), 16};
	settled = true;
	known = false;
}

struct ask {
	uint8_t type;
	uint32_t client, wanted, server;
	bool all;
};

static size_t put(const uint8_t *mac, const struct ask *a)
{
	uint8_t *m = frame + HEAD, *ip = frame + 14, *o = frame + OPTIONS;

	memset(frame, 0, sizeof(frame));
	memset(frame, 0xff, 6);
	memcpy(frame + 6, mac, 6);
	lr_put_be16(frame + 12, 0x0800);
	m[0] = 1;
	m[1] = 1;
	m[2] = 6;
	lr_put_be32(m + 4, 0x12345678);
	lr_put_be16(m + 10, a->all ? 0x8000 : 0);
	lr_put_be32(m + 12, a->client);
	memcpy(m + 28, mac, 6);
	lr_put_be32(m + 236, 0x63825363);
	*o++ = 53;
	*o++ = 1;
	*o++ = a->type;
	*o++ = 0; /* padding between */
	for (int i = 0; i < 2; i++) {
		uint32_t value = i ? a->server : a->wanted;
		if (!value)
			continue;
		*o++ = i ? 54 : 50;
		*o++ = 4;
		lr_put_be32(o, value);
		o += 4;
	}
	*o++ = 255;
	size_t len = (size_t)(o - ip);
	ip[0] = 0x45;
	lr_put_be16(ip + 2, (uint16_t)len);
	ip[8] = 64;
	ip[9] = LR_UDP;
	lr_put_be32(ip + 16, UINT32_MAX);
	lr_ip4_checksum(ip);
	lr_put_be16(ip + 20, 68);
	lr_put_be16(ip + 22, 67);
	lr_put_be16(ip + 24, (uint16_t)(len - 20));
	return len + 14;
}

static void take(size_t len)
{
	out_len = lr_dhcp_take(&d, now, frame, len, out, &deed, &lease);
}

static uint32_t option(uint8_t code)
{
	const uint8_t *o = out + OPTIONS;

	while (out_len && o < out + out_len && *o != 255 && *o != code)
		o += 2 + o[1];
	if (!out_len || *o != code)
		return 0;
	return o[1] == 1 ? o[2] : lr_get_be32(o + 2);
}

/* The type of the answer; 0: none. */
static unsigned asks(const uint8_t *mac, struct ask a)
{
	struct lr_packet p;

	take(put(mac, &a));
	if (!out_len)
		return 0;
	bool good = lr_packet_parse(out + 14, out_len - 14, &p) == LR_IP_FINE &&
		    p.len == out_len - 14 && out_len >= 14 + 28 + 300 &&
		    memcmp(out + HEAD + 4, "\x12\x34\x56\x78", 4) == 0 &&
		    memcmp(out + HEAD + 28, mac, 6) == 0 && memcmp(out + 6, server_mac, 6) == 0 &&
		    option(54) == 0x0a420001 && lr_dhcp_is_answer(out, out_len);
	if (!good)
		ok(false, "an answer that is none");
	return option(53);
}

static uint32_t given(void)
{
	return lr_get_be32(out + HEAD + 16);
}

static void lease_of_one(void)
{
	up();
	is_int(asks(kim, (struct ask){DISCOVER}), OFFER, "an offer");
	ok(given() == 0x0a420901 && option(1) == 0xffff0000 && option(28) == 0x0a42ffff &&
			option(51) == LR_DHCP_LEASE_S && !option(3) && !option(6),
		"with mask, broadcast, time, and neither router nor name server");
	ok(memcmp(out, kim, 6) == 0 && lr_get_be32(out + 14 + 16) == 0x0a420901, "to its MAC");
	is_int(deed, LR_DHCP_NOTHING, "it has it not yet");
	asks(kim, (struct ask){DISCOVER, .all = true});
	ok(given() == 0x0a420901 && out[0] == 0xff && lr_get_be32(out + 30) == UINT32_MAX,
		"the same again, to all for who cannot hear else");
	asks(lou, (struct ask){DISCOVER});
	ok(given() == 0x0a420902, "another gets another");
	is_int(asks(kim, (struct ask){REQUEST, .wanted = 0x0a420901, .server = 0x0a420001}), ACK,
		"taken");
	ok(given() == 0x0a420901 && deed == LR_DHCP_BOUND && memcmp(lease.mac, kim, 6) == 0 &&
			lr_get_be32(lease.at.b) == 0x0a420901,
		"it is the machine's");
	is_int(asks(lou, (struct ask){REQUEST, .wanted = 0x0a420902, .server = 0xc0a80001}), 0,
		"who takes another's offer gets no word");
	is_int(asks(lou, (struct ask){REQUEST, .wanted = 0x0a420901, .server = 0x0a420001}), NAK,
		"nor kim's address");
	ok(out[0] == 0xff && !given() && !option(51) && deed == LR_DHCP_NOTHING, "told to all");
	now += LR_DHCP_LEASE_S / 2 * LR_NS_PER_S;
	is_int(asks(kim, (struct ask){REQUEST, .client = 0x0a420901}), ACK, "renewed");
	ok(lr_get_be32(out + 14 + 16) == 0x0a420901 && memcmp(out, kim, 6) == 0 &&
			lr_get_be32(out + HEAD + 12) == 0x0a420901,
		"straight to its address");
	is_int(asks(kim, (struct ask){REQUEST, .wanted = 0x0a420901}), ACK,
		"after its own restart");
	is_int(asks(kim, (struct ask){REQUEST, .wanted = 0xc0a80105}), NAK,
		"with a foreign address");
	asks(kim, (struct ask){DISCOVER});
	ok(given() == 0x0a420901, "it still has its own");
	is_int(asks(kim, (struct ask){INFORM, .client = 0x0a420901}), ACK, "what else there is");
	ok(!given() && !option(51) && option(1), "without an address");
}

static void ends(void)
{
	up();
	asks(kim, (struct ask){DISCOVER});
	asks(kim, (struct ask){REQUEST, .wanted = 0x0a420901, .server = 0x0a420001});
	is_int(asks(kim, (struct ask){RELEASE, .client = 0x0a420907}), 0, "no answer to a release");
	is_int(deed, LR_DHCP_NOTHING, "of an address that it has not");
	asks(kim, (struct ask){RELEASE, .client = 0x0a420901});
	is_int(deed, LR_DHCP_FREED, "of its own: free");
	asks(lou, (struct ask){DISCOVER});
	ok(given() == 0x0a420902, "but nobody else's while there is room");
	asks(kim, (struct ask){DISCOVER});
	ok(given() == 0x0a420901, "it gets it again");
	asks(kim, (struct ask){REQUEST, .wanted = 0x0a420901, .server = 0x0a420001});
	asks(kim, (struct ask){DECLINE, .wanted = 0x0a420901, .server = 0x0a420001});
	ok(deed == LR_DHCP_FREED && out_len == 0, "another machine has it");
	asks(kim, (struct ask){DISCOVER});
	ok(given() == 0x0a420903, "then it gets another");
	now += (LR_DHCP_BAD_S + 1) * LR_NS_PER_S;
	asks((const uint8_t[]){2, 0xc0, 0, 0, 0, 3}, (struct ask){DISCOVER});
	ok(given() == 0x0a420901, "and the bad one is tried again after a while");
	asks(kim, (struct ask){REQUEST, .wanted = 0x0a420903, .server = 0x0a420001});
	now += 2 * LR_DHCP_OFFER_S * LR_NS_PER_S;
	settled = false;
	is_int(asks(kim, (struct ask){REQUEST, .client = 0x0a420903}), NAK,
		"an address that is somebody else's by now");
	settled = true;
	asks(kim, (struct ask){DISCOVER});
	ok(given() && given() != 0x0a420901, "so it asks anew");
}

static void many(void)
{
	uint8_t mac[6] = {2, 0xc1};
	unsigned offers = 0;

	up();
	for (int i = 0; i < 2 * LR_DHCP_LEASES; i++) {
		mac[5] = (uint8_t)i;
		offers += asks(mac, (struct ask){DISCOVER}) == OFFER;
	}
	is_int(offers, LR_DHCP_LEASES, "so many offers and no more");
	now += (LR_DHCP_OFFER_S + 1) * LR_NS_PER_S;
	is_int(asks(mac, (struct ask){DISCOVER}), OFFER, "until one is over");
	up();
	ok(lr_dhcp_keep(&d, now, kim, &(struct lr_ip){4, {10, 66, 9, 77}}) &&
			!lr_dhcp_keep(&d, now, kim, &(struct lr_ip){4, {10, 66, 9, 78}}) &&
			!lr_dhcp_keep(&d, now, lou, &(struct lr_ip){4, {10, 66, 9, 77}}),
		"leases of before a restart, one a MAC and address");
	is_int(asks(kim, (struct ask){REQUEST, .client = 0x0a42094d}), ACK, "go on");
	is_int(asks(lou, (struct ask){REQUEST, .client = 0x0a42094e}), NAK,
		"what is not known: no");
	known = true;
	is_int(asks(lou, (struct ask){REQUEST, .client = 0x0a42094e}), ACK,
		"of the bridge before us: yes");
	is_int(asks((const uint8_t[]){2, 0xc0, 0, 0, 0, 3},
		       (struct ask){REQUEST, .client = 0xc0a80105}),
		NAK, "but of the pool only");
}

static void rubbish(void)
{
	struct ask a = {DISCOVER};
	unsigned odd = 0;

	up();
	size_t whole = put(kim, &a);
	for (size_t len = 0; len < whole; len++) {
		put(kim, &a);
		take(len);
		odd += out_len != 0;
	}
	is_int(odd, 0, "cut anywhere: no answer");
	put(kim, &a);
	lr_put_be32(frame + HEAD + 24, 0x0a000001);
	take(whole);
	is_int(out_len, 0, "through a relay");
	put(kim, &a);
	frame[6] ^= 4;
	take(whole);
	is_int(out_len, 0, "for another MAC");
	put(kim, &a);
	frame[OPTIONS + 1] = 200;
	take(whole);
	is_int(out_len, 0, "an option longer than the message");
	put(kim, &a);
	frame[HEAD] = 2;
	take(whole);
	is_int(out_len, 0, "an answer");
	d.own = (struct lr_prefix){0};
	put(kim, &a);
	take(whole);
	is_int(out_len, 0, "before we have an address");
}

/* Whether somebody answers there: two servers, one asks the other. */
static void rival(void)
{
	uint8_t ask[LR_DHCP_FRAME];
	struct lr_ip who = {0};

	up();
	size_t len = lr_dhcp_ask(kim, 77, ask);
	ok(lr_dhcp_is_question(ask, len) && !lr_dhcp_is_answer(ask, len), "a question");
	memcpy(frame, ask, len);
	take(len);
	ok(out_len && out[0] == 0xff, "which is answered, to all");
	ok(lr_dhcp_answers(out, out_len, 77, &who) && lr_get_be32(who.b) == 0x0a420001,
		"by whom is known");
	ok(!lr_dhcp_answers(out, out_len, 78, &who), "an answer to somebody else");
	ok(!lr_dhcp_answers(ask, len, 77, &who), "a question is none");
}

int main(void)
{
	lease_of_one();
	ends();
	many();
	rubbish();
	rival();
	return tap_done();
}
