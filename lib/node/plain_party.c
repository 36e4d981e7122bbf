/*
 * plain_party.c - see plain_party.h
 */
#include "lib/node/plain_party.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/plain_firewall.h"
#include "terms.h"

#define LABEL 16 /* as in plain.c */

static char *end(FILE *out, char **text)
{
	bool bad = ferror(out);

	if (fclose(out) == 0 && !bad)
		return *text;
	free(*text);
	return NULL;
}

/* A line with its label (NULL: none). Names, and what a relay said, come from others: nothing in
 * them moves the cursor. */
static void put(FILE *out, const char *label, const char *text)
{
	char clean[512];

	snprintf(clean, sizeof(clean), "%s", text);
	lr_text_clean(clean, true);
	fprintf(out, "%-*s%s\n", label ? LABEL : 0, label ? label : "", clean);
}

static const char *text_of(const json_t *o, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : otherwise;
}

static const char *yes_no(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "unknown";
}

static void put_list(FILE *out, const char *label, const json_t *list)
{
	size_t i;
	json_t *v;

	json_array_foreach ((json_t *)list, i, v)
		put(out, i ? "" : label, json_string_value(v));
	if (!json_array_size(list))
		put(out, label, "none");
}

static bool over_tcp(const json_t *relay)
{
	return strcmp(text_of(relay, LR_K_PROTOCOL, ""), "tcp") == 0;
}

/* NULL unless a relay is reached over TCP only. */
static const char *blocked(const json_t *o)
{
	json_t *relay, *list = json_object_get(o, LR_K_RELAYS);
	size_t i;

	json_array_foreach (list, i, relay)
		if (over_tcp(relay))
			return "UDP is blocked here: traffic goes over TCP, through the relay";
	return NULL;
}

static void put_relay(FILE *out, const json_t *relay, bool first)
{
	const json_t *rtt = json_object_get(relay, LR_K_RTT_US);
	const char *error = text_of(relay, LR_K_ERROR, NULL);
	char line[400], took[40] = "";

	if (json_is_number(rtt))
		snprintf(took, sizeof(took), ", round trip %.3f ms", json_number_value(rtt) / 1000);
	const char *state = over_tcp(relay) ? "relays for us over TCP"
			    : json_is_integer(json_object_get(relay, LR_K_CHANNEL))
				    ? "relays for us"
			    : json_is_true(json_object_get(relay, LR_K_CONNECTED))
				    ? "answers, but does not relay yet"
				    : "does not answer";
	snprintf(line, sizeof(line), "%s: %s%s%s%s", text_of(relay, LR_K_RELAY, "?"), state, took,
		error ? ": " : "", error ? error : "");
	put(out, first ? "relays" : "", line);
}

static void put_relays(FILE *out, const json_t *o)
{
	const json_t *list = json_object_get(o, LR_K_RELAYS);
	json_t *relay;
	size_t i;

	json_array_foreach ((json_t *)list, i, relay)
		put_relay(out, relay, i == 0);
}

/* What our router gave, or what each protocol said. */
static void put_mapping(FILE *out, const json_t *o)
{
	const json_t *m = json_object_get(o, LR_K_PORT_MAPPING), *one;
	const json_t *life = json_object_get(m, LR_K_LIFETIME_S);
	const json_t *attempts = json_object_get(m, LR_K_ATTEMPTS);
	const char *state = text_of(m, LR_K_STATE, NULL), *by = text_of(m, LR_K_BY, "?");
	char line[300], renewed[60] = ", until it is given back";
	size_t i;

	if (!state)
		return;
	if (json_integer_value(life))
		snprintf(renewed, sizeof(renewed), ", for %" JSON_INTEGER_FORMAT " s, then renewed",
			json_integer_value(life));
	if (strcmp(state, "mapped") == 0)
		snprintf(line, sizeof(line), "%s leads here (%s%s)%s",
			text_of(m, LR_K_OUTSIDE, "?"), by, renewed,
			json_is_true(json_object_get(m, LR_K_DOUBLE_NAT))
				? ", but is no address of the internet: the router is behind "
				  "another NAT"
				: "");
	else
		snprintf(line, sizeof(line), "%s",
			strcmp(state, "off") == 0      ? "the router is not asked"
			: strcmp(state, "asking") == 0 ? "the router is being asked"
						       : "the router gives none");
	put(out, "port mapping", line);
	json_array_foreach ((json_t *)attempts, i, one) {
		snprintf(line, sizeof(line), "%s: %s", text_of(one, LR_K_BY, "?"),
			text_of(one, LR_K_ERROR, "?"));
		put(out, "", line);
	}
}

static void put_guest(FILE *out, const json_t *guest, bool first)
{
	const char *hub = text_of(guest, LR_K_HUB, NULL), *at = text_of(guest, LR_K_ENDPOINT, NULL);
	bool ready = json_is_true(json_object_get(guest, LR_K_READY));
	char line[400];

	snprintf(line, sizeof(line), "%s, %s, %s%s%s", text_of(guest, LR_K_PEER, "?"),
		text_of(guest, LR_K_ADDRESS, "?"),
		hub  ? "through "
		: at ? "reaches us at "
		     : "a machine of this house",
		hub  ? hub
		: at ? at
		     : "",
		ready ? "" : ": not now");
	put(out, first ? "guests" : "", line);
}

static void put_guests(FILE *out, const json_t *o)
{
	const json_t *list = json_object_get(o, LR_K_GUESTS);
	json_t *guest;
	size_t i;

	json_array_foreach (list, i, guest)
		put_guest(out, guest, i == 0);
}

char *lr_plain_explain(const json_t *explain, double unix_now)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const json_t *path = json_object_get(explain, LR_K_PATH);
	const json_t *mtu = json_object_get(path, LR_K_MTU);
	char line[200];

	(void)unix_now;
	if (!out)
		return NULL;
	put(out, NULL, text_of(explain, LR_K_TEXT, ""));
	putc('\n', out);
	snprintf(line, sizeof(line), "%s via %s", text_of(path, LR_K_KIND, "none"),
		text_of(path, LR_K_ENDPOINT, "nothing"));
	put(out, "path", line);
	if (json_is_integer(mtu))
		snprintf(line, sizeof(line),
			"%" JSON_INTEGER_FORMAT " bytes; what is longer goes in "
			"fragments",
			json_integer_value(mtu));
	put(out, "path MTU", json_is_integer(mtu) ? line : "-");
	put(out, "because", text_of(explain, LR_K_REASON, "-"));
	put(out, "their NAT", text_of(explain, LR_K_NAT, "-"));
	put_list(out, "their addresses", json_object_get(explain, LR_K_CANDIDATES));
	put_mapping(out, explain);
	return end(out, &text);
}

/* What stands before us in IPv6: the words of lib/nat/nat.h. */
static void put_six(FILE *out, const json_t *netcheck)
{
	const char *nat = text_of(netcheck, LR_K_NAT6, NULL);
	const char *slash = nat ? strchr(nat, '/') : NULL;

	if (!slash)
		return;
	bool same = strstr(nat, " open") != NULL, all = strncmp(slash, "/ei", 3) == 0;
	put(out, "IPv6 router",
		!same                          ? "translates addresses"
		: all                          ? "lets in what anyone sends"
		: strncmp(slash, "/?", 2) == 0 ? "translates nothing; what it lets in is unknown"
					       : "a firewall: lets in only answers");
}

static void put_path_mtu(FILE *out, const json_t *netcheck)
{
	const json_t *mtu = json_object_get(netcheck, LR_K_PATH_MTU);
	char line[80] = "unknown: no member is reached";

	if (json_is_integer(mtu))
		snprintf(line, sizeof(line), "%" JSON_INTEGER_FORMAT " bytes at least",
			json_integer_value(mtu));
	put(out, "path MTU", line);
}

char *lr_plain_netcheck(const json_t *netcheck, double unix_now)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)unix_now;
	if (!out)
		return NULL;
	const char *why = blocked(netcheck);
	if (why) {
		put(out, NULL, why);
		putc('\n', out);
	}
	put(out, "UDP", yes_no(netcheck, LR_K_UDP));
	put(out, "IPv4", yes_no(netcheck, LR_K_IPV4));
	put(out, "IPv6", yes_no(netcheck, LR_K_IPV6));
	put(out, "mapping", text_of(netcheck, LR_K_MAPPING, "unknown"));
	put(out, "filtering", text_of(netcheck, LR_K_FILTERING, "unknown"));
	put(out, "hairpin", yes_no(netcheck, LR_K_HAIRPIN));
	put(out, "seen as", text_of(netcheck, LR_K_OUTSIDE, "unknown"));
	if (json_is_string(json_object_get(netcheck, LR_K_OUTSIDE6)))
		put(out, "", text_of(netcheck, LR_K_OUTSIDE6, ""));
	put_six(out, netcheck);
	put_path_mtu(out, netcheck);
	put_mapping(out, netcheck);
	lr_plain_firewall(out, json_object_get(netcheck, LR_K_FIREWALL), put);
	put_list(out, "addresses", json_object_get(netcheck, LR_K_CANDIDATES));
	put_relays(out, netcheck);
	return end(out, &text);
}

char *lr_plain_party(const json_t *party, double unix_now)
{
	char *text = NULL, line[200];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)unix_now;
	if (!out)
		return NULL;
	snprintf(line, sizeof(line), "%s%s, %" JSON_INTEGER_FORMAT " members",
		text_of(party, LR_K_PARTY, "-"),
		json_is_true(json_object_get(party, LR_K_HOSTED)) ? ", hosted here" : "",
		json_integer_value(json_object_get(party, LR_K_MEMBERS)));
	put(out, "party", line);
	put(out, "pool", text_of(party, LR_K_POOL, "-"));
	if (json_is_true(json_object_get(party, LR_K_HIDDEN)))
		put(out, "hidden", "members get no address of ours: all traffic goes over relays");
	if (strcmp(text_of(party, LR_K_REDUNDANT, "off"), "off") != 0)
		put(out, "two paths", text_of(party, LR_K_REDUNDANT, "off"));
	put(out, "seen as", text_of(party, LR_K_OUTSIDE, "-"));
	put(out, "NAT", text_of(party, LR_K_NAT, "-"));
	put_mapping(out, party);
	put_relays(out, party);
	if (blocked(party))
		put(out, "blocked", blocked(party));
	put_guests(out, party);
	return end(out, &text);
}
