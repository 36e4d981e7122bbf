/*
 * snoop.c - who joined which multicast group, and asking the interface for it
 *
 * Theory of operation. The interface's reports go to all members as they are; each keeps what it
 * hears of a member for LIFE_NS, which is RFC 3376's group membership interval for queries each
 * INTERVAL_NS. A leave takes effect at once. We ask our own interface, and the segment of the
 * house: one IGMPv3 and one MLDv2 general query, to which they answer within ANSWER_MS.
 *
 * Behind a node that bridges are several hosts, and others hear one member. So what leaves the
 * segment is told to nobody: it ends when nobody there answers for it any more; and what our own
 * interface leaves only if nobody of the segment has joined it.
 *
 * Sources of source-specific joins are not kept: the group is joined.
 *
 * Source: RFC 1112 appendix I, RFC 2236 2, RFC 3376 4 and 8, RFC 2710 3, RFC 3810 5 and 9, RFC 4541
 * 2.1.1, RFC 2113 and RFC 2711 (router alert).
 */
#include "lib/lan/lan_inside.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL_NS (125 * LR_NS_PER_S)
#define LIFE_NS     (260 * LR_NS_PER_S)
#define SOON_NS     (100 * LR_NS_PER_MS) /* somebody came: others may follow */
#define PAUSE_NS    (2 * LR_NS_PER_S)    /* between two such questions */
enum { ANSWER_MS = 500 };

enum {
	IGMP_QUERY = 0x11,
	IGMP1_REPORT = 0x12,
	IGMP2_REPORT = 0x16,
	IGMP2_LEAVE = 0x17,
	IGMP3_REPORT = 0x22
};
enum { MLD_QUERY = 130, MLD1_REPORT = 131, MLD1_DONE = 132, MLD2_REPORT = 143 };
/* Record types, the same in both (RFC 3376 4.2.12). */
enum { IS_INCLUDE = 1, IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE, ALLOW, BLOCK };

/* --- groups --- */

bool lr_lan_group_to_all(const struct lr_ip *group)
{
	if (group->family == 4)
		return group->b[0] == 224 && group->b[1] == 0 && group->b[2] == 0;
	return (group->b[1] & 0xf) <= 2;
}

/* SSDP's: each desktop joins them, and what is sent there does not pass. */
static bool is_noise(const struct lr_lan *lan, const struct lr_ip *group)
{
	static const uint8_t ssdp4[] = {239, 255, 255, 250}, ssdp6[13] = {[12] = 0xc};

	if (lan->pass & LR_LAN_SSDP)
		return false;
	return group->family == 4 ? memcmp(group->b, ssdp4, 4) == 0
				  : memcmp(group->b + 3, ssdp6, 13) == 0;
}

static struct lr_lan_joined *find(const struct lr_lan_member *m, const struct lr_ip *group)
{
	for (unsigned i = 0; i < m->n_joined; i++)
		if (lr_ip_equal(&m->joined[i].group, group))
			return &m->joined[i];
	return NULL;
}

bool lr_lan_has_joined(
	const struct lr_lan *lan, const struct lr_lan_member *m, const struct lr_ip *group)
{
	const struct lr_lan_joined *j = find(m, group);

	if (j && (m->stock || j->until_ns > lan->now)) /* nobody asks a stock peer again */
		return true;
	for (unsigned i = 0; i < lan->n_groups && (m->stock || m->hub || !m->reports); i++)
		if (lr_ip_equal(&lan->groups[i], group))
			return true;
	return false;
}

/* A place for one more; the one that ends first gives way. NULL: out of memory. */
static struct lr_lan_joined *place(struct lr_lan_member *m)
{
	struct lr_lan_joined *first = m->joined;

	if (m->n_joined < LR_LAN_GROUPS) {
		void *more = realloc(m->joined, (m->n_joined + 1) * sizeof(*m->joined));
		if (!more)
			return NULL;
		m->joined = more;
		return &m->joined[m->n_joined++];
	}
	for (unsigned i = 1; i < m->n_joined; i++)
		if (m->joined[i].until_ns < first->until_ns)
			first = &m->joined[i];
	return first;
}

static void join(struct lr_lan_member *m, const struct lr_ip *group, uint64_t now)
{
	struct lr_lan_joined *j = find(m, group);

	if (!j)
		j = place(m);
	if (j)
		*j = (struct lr_lan_joined){*group, now + LIFE_NS};
}

static void leave(struct lr_lan_member *m, const struct lr_ip *group)
{
	struct lr_lan_joined *j = find(m, group);

	if (j)
		*j = m->joined[--m->n_joined];
}

/* --- reports --- */

/* What others are to hear of a change. */
enum { TELL = 1, HOLD_BACK = 2 };

static bool is_house(const struct lr_lan *lan, const struct lr_lan_member *m)
{
	return lan->bridge && m == &lan->bridge->port;
}

/* Whether somebody of the house still takes part in it. */
static bool house_has(const struct lr_lan *lan, uint64_t now, const struct lr_ip *group)
{
	const struct lr_lan_joined *j = lan->bridge ? find(&lan->bridge->port, group) : NULL;

	return j && j->until_ns > now;
}

/* One change of one member, ourselves or our house. */
static unsigned take(struct lr_lan *lan, uint64_t now, struct lr_lan_member *m, uint8_t family,
	const uint8_t *address, bool joins)
{
	struct lr_ip group = {.family = family};
	bool ours = m == &lan->self || is_house(lan, m);

	memcpy(group.b, address, family == 4 ? 4 : 16);
	bool multicast = family == 4 ? group.b[0] >> 4 == 14 : group.b[0] == 0xff;
	if (!multicast || lr_lan_group_to_all(&group) || (ours && is_noise(lan, &group)))
		return 0; /* what a member joined counts as soon as noise passes */
	if (joins)
		join(m, &group, now);
	else if (is_house(lan, m) || (ours && house_has(lan, now, &group)))
		return HOLD_BACK;
	else
		leave(m, &group);
	return TELL;
}

/* The records of an IGMPv3 or MLDv2 report. */
static unsigned records(struct lr_lan *lan, uint64_t now, struct lr_lan_member *m, uint8_t family,
	struct lr_cursor c)
{
	const uint8_t *head = lr_take(&c, 8);
	size_t width = family == 4 ? 4 : 16;
	unsigned told = 0;

	for (unsigned n = head ? lr_get_be16(head + 6) : 0; n; n--) {
		const uint8_t *record = lr_take(&c, 4), *group = lr_take(&c, width);
		if (c.bad)
			break;
		unsigned sources = lr_get_be16(record + 2), type = record[0];
		lr_take(&c, sources * width + record[1] * 4u);
		if (c.bad || type < IS_INCLUDE || type >= BLOCK)
			continue;
		bool joins = sources || type == IS_EXCLUDE || type == TO_EXCLUDE;
		told |= take(lan, now, m, family, group, joins);
	}
	return told;
}

/* A report that joins one group and leaves another that is held back goes to nobody; the joins are
 * asked for again. */
static enum lr_lan_heard heard_of(struct lr_lan *lan, uint64_t now, unsigned told)
{
	if (told == (TELL | HOLD_BACK))
		lr_lan_ask_soon(lan, now);
	return told == TELL ? LR_LAN_HEARD_REPORT : LR_LAN_HEARD_IDLE;
}

static enum lr_lan_heard igmp(
	struct lr_lan *lan, uint64_t now, struct lr_lan_member *m, struct lr_cursor c)
{
	struct lr_cursor all = c;
	const uint8_t *b = lr_take(&c, 8);
	unsigned told = 0;

	if (!b)
		return LR_LAN_HEARD_IDLE;
	switch (b[0]) {
	case IGMP_QUERY:
		return LR_LAN_HEARD_QUERY;
	case IGMP1_REPORT:
	case IGMP2_REPORT:
	case IGMP2_LEAVE:
		told = take(lan, now, m, 4, b + 4, b[0] != IGMP2_LEAVE);
		break;
	case IGMP3_REPORT:
		told = records(lan, now, m, 4, all);
		break;
	}
	return heard_of(lan, now, told);
}

static enum lr_lan_heard mld(
	struct lr_lan *lan, uint64_t now, struct lr_lan_member *m, struct lr_cursor c)
{
	struct lr_cursor all = c;
	uint8_t type = c.left ? c.at[0] : 0;
	unsigned told = 0;

	if (type == MLD_QUERY)
		return LR_LAN_HEARD_QUERY;
	if (type == MLD2_REPORT) {
		told = records(lan, now, m, 6, all);
	} else if (type == MLD1_REPORT || type == MLD1_DONE) {
		const uint8_t *b = lr_take(&c, 24);
		told = b ? take(lan, now, m, 6, b + 8, type == MLD1_REPORT) : 0;
	} else {
		return LR_LAN_HEARD_NOTHING;
	}
	return heard_of(lan, now, told);
}

enum lr_lan_heard lr_lan_snoop(struct lr_lan *lan, uint64_t now, struct lr_lan_member *from,
	const uint8_t *packet, const struct lr_packet *p)
{
	struct lr_cursor c = lr_cursor(packet + p->l4_at, p->len - p->l4_at);
	enum lr_lan_heard heard = LR_LAN_HEARD_NOTHING;

	if (p->fragment)
		return heard;
	if (p->family == 4 && p->proto == LR_IGMP)
		heard = igmp(lan, now, from, c);
	else if (p->family == 6 && p->proto == LR_ICMP6)
		heard = mld(lan, now, from, c);
	if (heard == LR_LAN_HEARD_REPORT)
		from->reports = true;
	return heard;
}

/* --- queries --- */

void lr_lan_ask_soon(struct lr_lan *lan, uint64_t now)
{
	uint64_t at = now + SOON_NS;

	if (!lan->members)
		return;
	if (lan->asked_ns && at < lan->asked_ns + PAUSE_NS)
		at = lan->asked_ns + PAUSE_NS;
	if (at < lan->query_ns)
		lan->query_ns = at;
}

uint64_t lr_lan_due(const struct lr_lan *lan)
{
	uint64_t hello = lr_lan_hello_due(lan);

	return hello < lan->query_ns ? hello : lan->query_ns;
}

static void put_sum(uint8_t *at, uint64_t sum)
{
	uint16_t folded = lr_sum_fold(sum);

	memcpy(at, &folded, 2);
}

/* From 0.0.0.0, as RFC 4541 2.1.1 has it for who is no router: the system refuses a packet from its
 * own address, and no better querier yields to it. */
static size_t query4(uint8_t *frame)
{
	static const uint8_t to[LR_MAC] = {1, 0, 0x5e, 0, 0, 1}, alert[] = {0x94, 4, 0, 0};
	uint8_t *ip = frame + LR_LAN_HEAD, *body = ip + 24;
	enum { LEN = 12 };

	memset(frame, 0, LR_LAN_HEAD + 24 + LEN);
	memcpy(frame, to, LR_MAC);
	lr_put_be16(frame + 12, ETH_IP4);
	ip[0] = 0x46;
	ip[1] = 0xc0;
	lr_put_be16(ip + 2, 24 + LEN);
	ip[8] = 1;
	ip[9] = LR_IGMP;
	memcpy(ip + 16, (const uint8_t[]){224, 0, 0, 1}, 4);
	memcpy(ip + 20, alert, 4);
	lr_ip4_checksum(ip);
	body[0] = IGMP_QUERY;
	body[1] = ANSWER_MS / 100;
	body[8] = 2; /* robustness */
	body[9] = INTERVAL_NS / LR_NS_PER_S;
	put_sum(body + 2, lr_sum(body, LEN, 0));
	return LR_LAN_HEAD + 24 + LEN;
}

static size_t query6(struct lr_lan *lan, uint8_t *frame)
{
	static const uint8_t to[LR_MAC] = {0x33, 0x33, 0, 0, 0, 1};
	static const uint8_t alert[] = {LR_ICMP6, 0, 5, 2, 0, 0, 1, 0},
			     group[16] = {255, 2, [15] = 1};
	struct lr_ip from = lr_lan_link_local(lan->switch_mac);
	uint8_t *ip = frame + LR_LAN_HEAD, *body = ip + 48;
	enum { LEN = 28 };

	memset(frame, 0, LR_LAN_HEAD + 48 + LEN);
	memcpy(frame, to, LR_MAC);
	lr_put_be16(frame + 12, ETH_IP6);
	ip[0] = 0x60;
	lr_put_be16(ip + 4, 8 + LEN);
	ip[7] = 1;
	memcpy(ip + 8, from.b, 16);
	memcpy(ip + 24, group, 16);
	memcpy(ip + 40, alert, 8);
	body[0] = MLD_QUERY;
	lr_put_be16(body + 4, ANSWER_MS);
	body[24] = 2; /* robustness */
	body[25] = INTERVAL_NS / LR_NS_PER_S;
	put_sum(body + 2, lr_sum(body, LEN, lr_sum_pseudo(ip, LR_ICMP6, LEN)));
	return LR_LAN_HEAD + 48 + LEN;
}

size_t lr_lan_poll(struct lr_lan *lan, uint64_t now, uint8_t **frame)
{
	size_t len;

	if (now < lan->query_ns)
		return 0;
	len = lan->query_six ? query6(lan, lan->reply) : query4(lan->reply);
	memcpy(lan->reply + LR_MAC, lan->switch_mac, LR_MAC);
	if (lan->query_six) {
		lan->asked_ns = now;
		lan->query_ns = now + INTERVAL_NS;
	}
	lan->query_six = !lan->query_six;
	*frame = lan->reply + (lan->ethernet ? 0 : LR_LAN_HEAD);
	return len - (lan->ethernet ? 0 : LR_LAN_HEAD);
}

bool lr_lan_is_query(const uint8_t *packet, const struct lr_packet *p)
{
	if (!p->first || p->len <= p->l4_at)
		return false;
	return (p->family == 4 && p->proto == LR_IGMP && packet[p->l4_at] == IGMP_QUERY) ||
	       (p->family == 6 && p->proto == LR_ICMP6 && packet[p->l4_at] == MLD_QUERY);
}
