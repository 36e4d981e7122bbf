/*
 * firewall.c - the ruleset: what nft printed, in reach of the judge (firewall.h)
 */
#include "lib/net/firewall_inside.h"

#include <stdlib.h>
#include <string.h>

#define UNNAMED_FIRST 20000
#define FEW           1000 /* ports of a range that somebody named; longer ones mean "high ports" */

struct lr_firewall *lr_firewall_new(void)
{
	struct lr_firewall *fw = calloc(1, sizeof(*fw));

	if (!fw)
		return NULL;
	fw->chains = json_object();
	fw->sets = json_object();
	if (fw->chains && fw->sets)
		return fw;
	lr_firewall_free(fw);
	return NULL;
}

void lr_firewall_free(struct lr_firewall *fw)
{
	if (!fw)
		return;
	json_decref(fw->chains);
	json_decref(fw->sets);
	free(fw);
}

const char *lr_fw_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

void lr_fw_key(const json_t *o, const char *name_key, bool legacy, char out[LR_FW_KEY])
{
	const char *family = lr_fw_text(o, "family"), *table = lr_fw_text(o, "table");
	const char *name = lr_fw_text(o, name_key);
	int n = snprintf(
		out, LR_FW_KEY, "%s%s %s %s", legacy ? "legacy " : "", family, table, name);

	if (!*family || !*table || !*name || n >= LR_FW_KEY)
		*out = 0;
}

static bool legacy(const char *tool)
{
	return strcmp(tool, "iptables-legacy") == 0;
}

int lr_fw_add_chain(struct lr_firewall *fw, const json_t *chain, const char *tool)
{
	char key[LR_FW_KEY];

	lr_fw_key(chain, "name", legacy(tool), key);
	json_t *o =
		*key ? json_pack("{s:O, s:[], s:s}", "chain", chain, "rules", "tool", tool) : NULL;
	return o ? json_object_set_new(fw->chains, key, o) : -1;
}

int lr_fw_add_rule(struct lr_firewall *fw, json_t *rule, const char *tool)
{
	char key[LR_FW_KEY];

	lr_fw_key(rule, "chain", legacy(tool), key);
	json_t *rules = json_object_get(json_object_get(fw->chains, key), "rules");
	return rules ? json_array_append(rules, rule) : -1;
}

static int add_object(struct lr_firewall *fw, json_t *o)
{
	json_t *it, *set;
	char key[LR_FW_KEY];

	if ((it = json_object_get(o, "chain")))
		return lr_fw_add_chain(fw, it, "nft");
	if ((it = json_object_get(o, "rule")))
		return lr_fw_add_rule(fw, it, "nft");
	set = json_object_get(o, "set");
	it = set ? set : json_object_get(o, "map");
	if (!it)
		return 0; /* tables, counters, flow tables: the judge needs none of them */
	lr_fw_key(it, "name", false, key);
	if (!*key)
		return -1;
	if (!json_object_get(it, "elem")) /* nft leaves out what is empty */
		json_object_set_new(it, "elem", json_array());
	return json_object_set(fw->sets, key, it);
}

int lr_firewall_add_nft(struct lr_firewall *fw, const char *text, size_t len, struct lr_err *err)
{
	json_t *all = lr_json_parse_long(text, len, LR_FIREWALL_TEXT, err), *list, *o;
	size_t i;

	if (!all)
		return -1;
	list = json_object_get(all, "nftables");
	int r = json_is_array(list) ? 0 : -1;
	json_array_foreach (list, i, o)
		r |= add_object(fw, o);
	json_decref(all);
	return r ? lr_err_set(err, LR_EXIT_FAILED, "this is not what `nft -j list ruleset` prints")
		 : 0;
}

bool lr_firewall_wants_save(const struct lr_firewall *fw, uint8_t family)
{
	const char *key;
	json_t *chain, *rule, *statement;
	size_t i, j;

	json_object_foreach (fw->chains, key, chain) {
		const char *of = lr_fw_text(json_object_get(chain, "chain"), "family");
		if (strcmp(of, family == 4 ? "ip" : "ip6") != 0)
			continue;
		json_array_foreach (json_object_get(chain, "rules"), i, rule)
			json_array_foreach (json_object_get(rule, "expr"), j, statement)
				if (json_object_get(statement, "xt"))
					return true;
	}
	return false;
}

/* --- a port that no rule names --- */

static void name(uint8_t *named, json_int_t first, json_int_t last)
{
	if (first < 0 || last > 65535 || last - first >= FEW)
		return;
	for (json_int_t port = first; port <= last; port++)
		named[port] = 1;
}

/* Each number of a ruleset may be a port: to take one for it that is none does no harm. */
static void name_all(uint8_t *named, const json_t *o)
{
	const char *key;
	json_t *it;
	size_t i;

	if (json_is_integer(o))
		name(named, json_integer_value(o), json_integer_value(o));
	json_array_foreach (o, i, it)
		name_all(named, it);
	json_object_foreach ((json_t *)(uintptr_t)o, key, it) {
		if (strcmp(key, "range") == 0)
			name(named, json_integer_value(json_array_get(it, 0)),
				json_integer_value(json_array_get(it, 1)));
		name_all(named, it);
	}
}

uint16_t lr_firewall_unnamed_port(const struct lr_firewall *fw)
{
	uint8_t *named = calloc(65536, 1);
	unsigned port = UNNAMED_FIRST;

	if (!named)
		return port;
	name_all(named, fw->chains);
	name_all(named, fw->sets);
	while (port < 65535 && named[port])
		port++;
	free(named);
	return port;
}
