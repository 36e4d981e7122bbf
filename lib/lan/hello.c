/*
 * hello.c - bridges of one party on one segment find each other: one carries, the others stand by
 *
 *   to all | from: our MAC | 88b6 | "LR" version 1, 1: carries (4) | party (8) | member (8)
 *   | token (16), of who carries
 *
 * Theory of operation. Each bridge says hello on the segment each second. Of those of one party the
 * lowest carries: who hears a hello of a lower one that carries stands by until none was heard for
 * 3 s; so does everybody for the first 3 s. A lower one that comes listens so long while the other
 * goes on, then begins, says so at once, and the other stands by. Who stands by takes nothing from
 * the segment, sends nothing there but hellos, and lists no machines any more, so that
 * their addresses are free for who carries now.
 *
 * Who carries may die without a word, and its record, with the machines of the segment, outlives it
 * by minutes. So each hello of who carries shows a token, a fresh one each time that it begins; its
 * record has the token's hash. Who carries next publishes the token that it heard, and everybody
 * believes it at once (lib/party/record.h): only who is at that segment can know it.
 *
 * The house's switches know behind which of their ports each member's MAC was heard, and so do
 * machines: who begins to carry says an ARP announcement for each member, from its MAC (RFC 5227,
 * 3), so that what is for it comes here at once.
 *
 * Party and member are hashes: the house learns who is at home in a party, but not which. The type
 * is one for local use (IEEE 802, 9.2.3).
 */
#include "lib/lan/lan_inside.h"

#include <string.h>

#include "lib/crypto/sign.h"

#define HELLO_NS (1 * LR_NS_PER_S)
#define STAND_NS (3 * LR_NS_PER_S)

enum {
	BODY = 4 + 2 * LR_HELLO_TAG + LR_LAN_TOKEN,
	FRAME = 60
}; /* the shortest that Ethernet has */

static const uint8_t begins[] = {'L', 'R', 1};

static void tag(uint8_t out[LR_HELLO_TAG], const char *what, const struct lr_span *of, size_t n)
{
	struct lr_span all[3] = {{what, strlen(what)}};

	memcpy(all + 1, of, n * sizeof(*of));
	lr_digest(out, LR_HELLO_TAG, NULL, 0, all, n + 1);
}

void lr_lan_bridge_party(struct lr_lan *lan, uint64_t now, const uint8_t *id, size_t len)
{
	struct lr_lan_bridge *b = lan->bridge;
	const struct lr_span of[] = {{id, len}, {lan->mac, LR_MAC}};

	if (!b)
		return;
	tag(b->party, "lanrage bridge party 1", of, 1);
	tag(b->member, "lanrage bridge member 1", of, 2);
	b->stands = true;
	b->until_ns = now + STAND_NS;
	b->hello_ns = now;
	lr_lan_stations_clear(b);
}

bool lr_lan_carries(const struct lr_lan *lan)
{
	return lan->bridge && !lan->bridge->stands;
}

bool lr_lan_token(
	const struct lr_lan *lan, uint8_t token[LR_LAN_TOKEN], uint8_t before[LR_LAN_TOKEN])
{
	if (!lr_lan_carries(lan))
		return false;
	memcpy(token, lan->bridge->token, LR_LAN_TOKEN);
	memcpy(before, lan->bridge->before, LR_LAN_TOKEN);
	return true;
}

static void begin(struct lr_lan_bridge *b)
{
	b->stands = false;
	b->fresh = true;
	lr_random(b->token, LR_LAN_TOKEN);
	memcpy(b->before, b->heard, LR_LAN_TOKEN);
	b->greeted = 0;
	b->greets = true;
}

/* The next member's announcement; 0: all have been. */
static size_t greet(struct lr_lan *lan, uint8_t **frame)
{
	struct lr_lan_bridge *b = lan->bridge;
	const struct lr_lan_member *m = lan->members;

	for (unsigned i = 0; m && i < b->greeted; i++)
		m = m->next;
	while (m && m->at[0].family != 4) {
		m = m->next;
		b->greeted++;
	}
	b->greeted++;
	b->greets = m != NULL;
	*frame = lan->reply;
	return m ? lr_lan_announce(lan, m) : 0;
}

uint64_t lr_lan_hello_due(const struct lr_lan *lan)
{
	const struct lr_lan_bridge *b = lan->bridge;

	if (!b)
		return LR_NEVER;
	return b->stands && b->until_ns < b->hello_ns ? b->until_ns : b->hello_ns;
}

size_t lr_lan_hello(struct lr_lan *lan, uint64_t now, uint8_t **frame)
{
	struct lr_lan_bridge *b = lan->bridge;
	uint8_t *body = lan->reply + LR_LAN_HEAD;

	if (now < lr_lan_hello_due(lan))
		return b && b->greets ? greet(lan, frame) : 0;
	if (b->stands && now >= b->until_ns)
		begin(b);
	b->hello_ns = now + HELLO_NS;
	lr_lan_machines_age(lan, now);
	memset(lan->reply, 0, FRAME);
	memset(lan->reply, 0xff, LR_MAC);
	memcpy(lan->reply + LR_MAC, lan->mac, LR_MAC);
	lr_put_be16(lan->reply + 12, ETH_HELLO);
	memcpy(body, begins, sizeof(begins));
	body[3] = !b->stands;
	memcpy(body + 4, b->party, LR_HELLO_TAG);
	memcpy(body + 4 + LR_HELLO_TAG, b->member, LR_HELLO_TAG);
	if (!b->stands)
		memcpy(body + 4 + 2 * LR_HELLO_TAG, b->token, LR_LAN_TOKEN);
	*frame = lan->reply;
	return FRAME;
}

bool lr_lan_is_hello(const uint8_t *frame, size_t len)
{
	return len >= LR_LAN_HEAD + BODY && lr_get_be16(frame + 12) == ETH_HELLO &&
	       memcmp(frame + LR_LAN_HEAD, begins, sizeof(begins)) == 0;
}

void lr_lan_hear_hello(struct lr_lan *lan, uint64_t now, const uint8_t *frame, size_t len)
{
	struct lr_lan_bridge *b = lan->bridge;
	const uint8_t *body = frame + LR_LAN_HEAD;

	if (len < LR_LAN_HEAD + BODY || memcmp(body, begins, sizeof(begins)) != 0 || !body[3] ||
		memcmp(body + 4, b->party, LR_HELLO_TAG) != 0)
		return;
	memcpy(b->heard, body + 4 + 2 * LR_HELLO_TAG, LR_LAN_TOKEN);
	if (memcmp(body + 4 + LR_HELLO_TAG, b->member, LR_HELLO_TAG) >= 0)
		return;
	b->until_ns = now + STAND_NS;
	if (b->stands)
		return;
	b->stands = true;
	b->greets = false;
	b->fresh = true;
	lr_lan_stations_clear(b);
}
