/*
 * node_discover.c - what the self-test asks for a game, and how it says what it found
 */
#include "lib/node/discover.h"

#include <stdlib.h>

#include "t/unit/tap.h"
#include "terms.h"

static const struct lr_discover_member member = {{4, {10, 66, 0, 2}}, {6, {0xfd, 0x66, [15] = 2}}};
static struct lr_discover_plan plan;

static const struct lr_game *game(const char *name)
{
	for (size_t i = 0; i < lr_game_builtin_n; i++)
		if (strcmp(lr_game_builtin[i].name, name) == 0)
			return &lr_game_builtin[i];
	return NULL;
}

static unsigned count(enum lr_discover_kind kind, const char *to)
{
	struct lr_ip ip = {0};
	unsigned n = 0;

	if (to && lr_ip_parse(to, &ip) < 0)
		return 99;
	for (unsigned i = 0; i < plan.n; i++)
		n += plan.checks[i].kind == kind && (!to || lr_ip_equal(&plan.checks[i].to, &ip));
	return n;
}

static void plans(void)
{
	struct lr_err err = {0};

	is_int(lr_discover_plan(&plan, NULL, &member, &err), 0, "without a game");
	ok(plan.n == 4 && count(LR_DISCOVER_MULTICAST, "224.0.0.254") == 1, "one of each kind");
	is_int(lr_discover_plan(&plan, game("openarena"), &member, &err), 0, "OpenArena");
	is_int(count(LR_DISCOVER_BROADCAST, "255.255.255.255"), 4, "each port of its range");
	is_int(count(LR_DISCOVER_MULTICAST, "ff04::696f:7175:616b:6533"), 4, "its own group");
	is_int(count(LR_DISCOVER_MULTICAST, NULL), 4, "and no other");
	is_int(count(LR_DISCOVER_EQUAL_PORT, "10.66.0.2"), 4, "to the member alone");
	lr_discover_plan(&plan, game("red-alert-2"), &member, &err);
	ok(plan.n == 1 && plan.checks[0].kind == LR_DISCOVER_IPX,
		"a game of IPX is asked for as such");
	ok(lr_discover_plan(&plan, game("diablo-2"), &member, &err) < 0 && err.text[0],
		"of a game without UDP it is said that nothing can be tried");
	for (size_t i = 0; i < lr_game_builtin_n; i++)
		if (lr_discover_plan(&plan, &lr_game_builtin[i], &member, &err) == 0 &&
			(plan.n == 0 || plan.n > LR_DISCOVER_CHECKS))
			ok(false, "%s: %u checks", lr_game_builtin[i].name, plan.n);
}

static void words(void)
{
	struct lr_err err = {0};
	json_t *peer = json_pack("{s:s, s:s}", LR_K_PEER, "b", LR_K_PUBLIC_KEY, "k");

	lr_discover_plan(&plan, NULL, &member, &err);
	plan.checks[0].there = plan.checks[0].back = true;
	plan.checks[0].rtt_ns = 1500000;
	plan.checks[1].there = true;
	strcpy(plan.checks[2].reason, "lan_isolated");
	json_t *found = lr_discover_json(&plan, peer, NULL);
	char *text = lr_discover_plain(found, 0);
	is_str(text,
		"broadcast    255.255.255.255:6112   there and back, 1.5 ms\n"
		"multicast    224.0.0.254:6112       there, but not back\n"
		"equal ports  10.66.0.2:6112         dropped here: --isolate, and no active game "
		"has "
		"this port (lan_isolated)\n"
		"1400 bytes   10.66.0.2:6112         nothing came back\n",
		"a line a check");
	free(text);
	json_decref(found);
	json_decref(peer);
}

int main(void)
{
	plans();
	words();
	return tap_done();
}
