/*
 * discover.c - see discover.h
 */
#include "lib/node/discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto/crypto.h"
#include "terms.h"

#define IPX_SOCKET 0x869c /* DOOM's, where a profile tells none */

static const char *const names[LR_DISCOVER_KINDS] = {
	[LR_DISCOVER_BROADCAST] = "broadcast",
	[LR_DISCOVER_MULTICAST] = "multicast",
	[LR_DISCOVER_EQUAL_PORT] = "equal ports",
	[LR_DISCOVER_LARGE_ONE] = "1400 bytes",
	[LR_DISCOVER_IPX] = "ipx",
};

/* --- the plan --- */

static void add(struct lr_discover_plan *plan, enum lr_discover_kind kind, uint16_t port,
	const struct lr_ip *to)
{
	for (unsigned i = 0; i < plan->n; i++) {
		const struct lr_discover_check *c = &plan->checks[i];
		if (c->kind == kind && c->port == port && lr_ip_equal(&c->to, to))
			return;
	}
	if (plan->n == LR_DISCOVER_CHECKS)
		return;
	struct lr_discover_check *c = &plan->checks[plan->n++];
	*c = (struct lr_discover_check){.kind = kind, .port = port, .to = *to};
	lr_random(&c->number, sizeof(c->number));
}

/* The ports to try, each once. */
struct ports {
	uint16_t at[LR_DISCOVER_PORTS];
	unsigned n;
};

static void add_range(struct ports *p, const struct lr_game_ports *range)
{
	unsigned tried = 0;

	if (!range->first || range->proto != LR_GAME_UDP)
		return;
	for (unsigned port = range->first; port <= range->last && tried < LR_DISCOVER_RANGE;
		port += range->step, tried++) {
		unsigned i = 0;
		while (i < p->n && p->at[i] != port)
			i++;
		if (i == p->n && p->n < LR_DISCOVER_PORTS)
			p->at[p->n++] = (uint16_t)port;
	}
}

static struct ports ports_of(const struct lr_game *game)
{
	struct ports p = {.n = 0};

	for (unsigned i = 0; i < game->n_discovery; i++)
		if (game->discovery[i].kind != LR_GAME_IPX)
			add_range(&p, &game->discovery[i].ports);
	for (unsigned i = 0; p.n == 0 && !game->ipx && i < game->n_ports; i++)
		add_range(&p, &game->ports[i].ports);
	return p;
}

/* The game's groups at that port. Whether it has any, at whatever port. */
static bool add_groups(struct lr_discover_plan *plan, const struct lr_game *game, uint16_t port)
{
	bool any = false;

	for (unsigned i = 0; game && i < game->n_discovery; i++) {
		const struct lr_game_discovery *d = &game->discovery[i];
		if (!d->group.family)
			continue;
		any = true;
		if (lr_game_has_port(&d->ports, LR_GAME_UDP, port))
			add(plan, LR_DISCOVER_MULTICAST, port, &d->group);
	}
	return any;
}

static void add_port(struct lr_discover_plan *plan, const struct lr_game *game, uint16_t port,
	const struct lr_ip *member)
{
	const struct lr_ip all = lr_ip4(UINT32_MAX), trial = lr_ip4(0xe00000fe);

	add(plan, LR_DISCOVER_BROADCAST, port, &all);
	if (!add_groups(plan, game, port))
		add(plan, LR_DISCOVER_MULTICAST, port, &trial);
	add(plan, LR_DISCOVER_EQUAL_PORT, port, member);
	add(plan, LR_DISCOVER_LARGE_ONE, port, member);
}

static uint16_t ipx_socket(const struct lr_game *game)
{
	for (unsigned i = 0; i < game->n_discovery; i++)
		if (game->discovery[i].kind == LR_GAME_IPX && game->discovery[i].ports.first)
			return game->discovery[i].ports.first;
	return IPX_SOCKET;
}

int lr_discover_plan(struct lr_discover_plan *plan, const struct lr_game *game,
	const struct lr_discover_member *member, struct lr_err *err)
{
	struct ports p = {.at = {LR_DISCOVER_PORT}, .n = 1};

	*plan = (struct lr_discover_plan){0};
	if (game)
		p = ports_of(game);
	for (unsigned i = 0; i < p.n; i++)
		add_port(plan, game, p.at[i], &member->four);
	if (game && game->ipx)
		add(plan, LR_DISCOVER_IPX, ipx_socket(game), &(struct lr_ip){0});
	if (plan->n)
		return 0;
	return lr_err_set(err, LR_EXIT_FAILED,
		"%s: its profile tells no UDP port and no IPX: there is nothing to try",
		game->name);
}

bool lr_discover_all(const struct lr_discover_plan *plan)
{
	for (unsigned i = 0; i < plan->n; i++)
		if (!plan->checks[i].back)
			return false;
	return true;
}

/* --- what was found --- */

static json_t *check_json(const struct lr_discover_check *c)
{
	char to[LR_ADDR_TEXT];
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_CHECK, names[c->kind]);
	lr_json_put_str(o, LR_K_TO, c->kind == LR_DISCOVER_IPX ? "all" : lr_ip_text(&c->to, to));
	lr_json_put_int(o, LR_K_PORT, c->port);
	lr_json_put_bool(o, LR_K_THERE, c->there);
	lr_json_put_bool(o, LR_K_BACK, c->back);
	lr_json_put(o, LR_K_RTT_US, c->back ? json_real((double)c->rtt_ns / 1e3) : NULL);
	lr_json_put_str(o, LR_K_REASON, c->reason[0] ? c->reason : NULL);
	return o;
}

json_t *lr_discover_json(
	const struct lr_discover_plan *plan, const json_t *peer, const struct lr_game *game)
{
	json_t *o = json_object(), *checks = json_array();

	for (unsigned i = 0; i < plan->n; i++)
		json_array_append_new(checks, check_json(&plan->checks[i]));
	json_object_set(o, LR_K_PEER, json_object_get(peer, LR_K_PEER));
	json_object_set(o, LR_K_PUBLIC_KEY, json_object_get(peer, LR_K_PUBLIC_KEY));
	lr_json_put_str(o, LR_K_GAME, game ? game->name : NULL);
	lr_json_put(o, LR_K_CHECKS, checks);
	return o;
}

/* What to do about what our own node did not let pass. */
static const char *advice(const char *reason)
{
	static const struct {
		const char *reason, *text;
	} known[] = {
		{"no_session", "there is no session: its node is down, or out of reach"},
		{"lan_noise", "dropped here as noise: lr-game apply the game, there too"},
		{"lan_isolated", "dropped here: --isolate, and no active game has this port"},
		{"lan_no_joiner", "nobody joined the group: to a game's only while it runs there"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(reason, known[i].reason) == 0)
			return known[i].text;
	return "dropped here";
}

static const char *verdict(const json_t *check)
{
	const char *kind = json_string_value(json_object_get(check, LR_K_CHECK));
	const char *reason = json_string_value(json_object_get(check, LR_K_REASON));

	if (json_is_true(json_object_get(check, LR_K_BACK)))
		return "there and back";
	if (json_is_true(json_object_get(check, LR_K_THERE)))
		return "there, but not back";
	if (reason)
		return advice(reason);
	return strcmp(kind, names[LR_DISCOVER_MULTICAST]) == 0
		       ? "nothing came back; to a game's group only while it runs there"
		       : "nothing came back";
}

static void put_line(FILE *out, const json_t *check)
{
	const json_t *rtt = json_object_get(check, LR_K_RTT_US);
	const char *at = json_string_value(json_object_get(check, LR_K_TO));
	const char *reason = json_string_value(json_object_get(check, LR_K_REASON));
	char to[LR_ADDR_TEXT + 10];

	snprintf(to, sizeof(to), strchr(at, ':') ? "[%s]:%d" : "%s:%d", at,
		(int)json_integer_value(json_object_get(check, LR_K_PORT)));
	fprintf(out, "%-12s %-22s %s", json_string_value(json_object_get(check, LR_K_CHECK)), to,
		verdict(check));
	if (json_is_real(rtt))
		fprintf(out, ", %.1f ms", json_real_value(rtt) / 1e3);
	else if (reason && strncmp(reason, "lan_", 4) == 0)
		fprintf(out, " (%s)", reason);
	fputc('\n', out);
}

char *lr_discover_plain(const json_t *found, double unix_now)
{
	const json_t *check;
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	(void)unix_now;
	if (!out)
		return NULL;
	json_array_foreach (json_object_get(found, LR_K_CHECKS), i, check)
		put_line(out, check);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
