/*
 * game_servers.c - lr-game servers: a browser for servers of games
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/game.h"
#include "lib/base/clock.h"
#include "lib/game/favourites.h"
#include "lib/io/resolve.h"
#include "lib/io/servers.h"
#include "lib/node/client.h"
#include "terms.h"

const struct lr_opt lr_game_servers_options[] = {
	{"game", 'g', LR_OPT_LIST, "GAME", "only servers of this game; several times",
		offsetof(struct lr_game_args, games), .complete = "game"},
	{"wait", 'W', LR_OPT_REAL, "SEC", "how long to wait for answers (1.5)",
		offsetof(struct lr_game_args, wait_s), 0, 60},
	{"iface", 0, LR_OPT_TEXT, "NAME", "ask the members of this interface's node",
		offsetof(struct lr_game_args, iface), .complete = "iface"},
	{"no-broadcast", 0, LR_OPT_FLAG, NULL, "ask only the addresses, favourites and members",
		offsetof(struct lr_game_args, no_broadcast)},
	{"keep", 0, LR_OPT_FLAG, NULL, "remember the addresses as favourites",
		offsetof(struct lr_game_args, keep)},
	{"forget", 0, LR_OPT_FLAG, NULL, "the addresses are favourites no more",
		offsetof(struct lr_game_args, forget)},
	{NULL},
};

struct browser {
	struct lr_cli *cli;
	const struct lr_game_args *args;
	struct lr_games all;
	const struct lr_game *only[LR_OPT_LIST_MAX];
	struct lr_servers *servers;
	unsigned n_found;
};

static bool wanted(const struct browser *b, const struct lr_game *g)
{
	for (unsigned i = 0; i < b->args->games.n; i++)
		if (b->only[i] == g)
			return true;
	return b->args->games.n == 0;
}

/* Whether its servers are asked so at that port, the port of the query or of the game. */
static bool is_asked(
	const struct browser *b, const struct lr_game *g, const struct lr_servers_found *f)
{
	uint16_t port = ntohs(f->at.sin_port);

	for (size_t k = 0; k < g->n_queries; k++) {
		const struct lr_game_query *q = &g->queries[k];
		bool so = strcmp(q->protocol, f->asked->name) == 0 ||
			  strcmp(q->protocol, f->protocol->name) == 0;
		if (so && (q->port == port || b->args->games.n == 1))
			return true;
	}
	return false;
}

/* The game of a server: the only one that is asked so there, or of several the one that the server
 * names; NULL: unknown. */
static const struct lr_game *game_of(const struct browser *b, const struct lr_servers_found *f)
{
	const struct lr_game *one = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < b->all.n; i++) {
		const struct lr_game *g = b->all.list[i];
		if (!wanted(b, g) || !is_asked(b, g, f))
			continue;
		if (lr_games_called(g, f->server.game))
			return g;
		one = g;
		n++;
	}
	return n == 1 ? one : NULL;
}

static void put_count(json_t *o, const char *key, int v)
{
	if (v < 0)
		lr_json_put(o, key, json_null());
	else
		lr_json_put_int(o, key, v);
}

static json_t *server_json(const struct browser *b, const struct lr_servers_found *f)
{
	const struct lr_query_server *s = &f->server;
	const struct lr_game *g = game_of(b, f);
	char address[INET_ADDRSTRLEN], endpoint[INET_ADDRSTRLEN + 8];
	json_t *o = json_object();

	inet_ntop(AF_INET, &f->at.sin_addr, address, sizeof(address));
	snprintf(endpoint, sizeof(endpoint), "%s:%u", address, ntohs(f->at.sin_port));
	lr_json_put_str(o, LR_K_ENDPOINT, endpoint);
	lr_json_put_str(o, LR_K_PROTOCOL, f->protocol->name);
	lr_json_put_str(o, LR_K_GAME, g ? g->name : NULL);
	lr_json_put_str(o, LR_K_NAME, s->name[0] ? s->name : NULL);
	lr_json_put_str(o, LR_K_MAP, s->map[0] ? s->map : NULL);
	lr_json_put_str(o, LR_K_GAME_MODE, s->mode[0] ? s->mode : NULL);
	lr_json_put_str(o, LR_K_VERSION, s->version[0] ? s->version : NULL);
	put_count(o, LR_K_PLAYERS, s->players);
	put_count(o, LR_K_PLAYERS_MAX, s->players_max);
	put_count(o, LR_K_BOTS, s->bots);
	if (s->password < 0)
		lr_json_put(o, LR_K_PASSWORD, json_null());
	else
		lr_json_put_bool(o, LR_K_PASSWORD, s->password);
	if (s->game_port)
		lr_json_put_int(o, LR_K_PORT, s->game_port);
	else
		lr_json_put(o, LR_K_PORT, json_null());
	lr_json_put_real(o, LR_K_RTT_US, f->rtt_ns ? (double)f->rtt_ns / 1e3 : -1);
	return o;
}

static void found(void *ctx, const struct lr_servers_found *f)
{
	struct browser *b = ctx;
	const struct lr_query_server *s = &f->server;
	json_t *o = server_json(b, f);
	const char *endpoint = json_string_value(json_object_get(o, LR_K_ENDPOINT));
	const char *game = json_string_value(json_object_get(o, LR_K_GAME));
	char players[32] = "-";

	b->n_found++;
	if (b->args->json) {
		lr_game_line(o);
		return;
	}
	if (s->players >= 0)
		snprintf(players, sizeof(players), "%d/%d", s->players, s->players_max);
	printf("%-21s %8.3f ms %7s  %-16s %s%s%s\n", endpoint, (double)f->rtt_ns / 1e6, players,
		game ? game : f->protocol->name, s->name[0] ? s->name : "-", s->map[0] ? ", " : "",
		s->map);
	fflush(stdout);
	json_decref(o);
}

/* --- whom to ask --- */

/* Calls `each` for every query that the chosen games' servers answer. */
static int each_query(struct browser *b,
	int (*each)(struct browser *, const struct lr_query_protocol *, uint16_t, const void *),
	const void *with)
{
	int rc = 0;

	for (size_t i = 0; i < b->all.n && rc == 0; i++) {
		const struct lr_game *g = b->all.list[i];
		bool wanted = b->args->games.n == 0;
		for (unsigned k = 0; k < b->args->games.n; k++)
			wanted |= b->only[k] == g;
		for (size_t k = 0; wanted && k < g->n_queries && rc == 0; k++) {
			const struct lr_query_protocol *p =
				lr_query_protocol(g->queries[k].protocol);
			rc = p ? each(b, p, g->queries[k].port, with) : 0;
		}
	}
	return rc;
}

static int shout(
	struct browser *b, const struct lr_query_protocol *p, uint16_t port, const void *with)
{
	(void)with;
	return lr_servers_broadcast(b->servers, p, port);
}

struct address {
	struct in_addr ip;
	uint16_t port; /* 0: the game's */
};

static int ask_one(
	struct browser *b, const struct lr_query_protocol *p, uint16_t port, const void *with)
{
	const struct address *a = with;
	const struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_addr = a->ip,
		.sin_port = htons(a->port ? a->port : port)};

	return lr_servers_ask(b->servers, p, &at);
}

static int parse(const char *text, struct address *a, struct lr_err *err)
{
	char host[256];
	const char *colon = strchr(text, ':');
	unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;
	struct lr_endpoint e;

	if (text[0] == '[' || (colon && strchr(colon + 1, ':')))
		return lr_err_set(err, LR_EXIT_USAGE, "%s: only IPv4 is asked", text);
	if (colon &&
		(port < 1 || port > 65535 || strspn(colon + 1, "0123456789") != strlen(colon + 1)))
		return lr_err_set(err, LR_EXIT_USAGE,
			"%s: a port is a number from 1 to 65535, as in 192.0.2.1:27960", text);
	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - text) : 255, text);
	if (lr_resolve(NULL, host, "1", &e, err) < 0)
		return -1;
	if (e.sa.sa_family != AF_INET)
		return lr_err_set(err, LR_EXIT_FAILED, "%s: only IPv4 is asked", text);
	*a = (struct address){e.in.sin_addr, (uint16_t)port};
	return 0;
}

static int ask_text(struct browser *b, const char *text, struct lr_err *err)
{
	struct address a;

	if (parse(text, &a, err) < 0)
		return -1;
	int rc = each_query(b, ask_one, &a);
	return rc < 0 ? lr_err_set(err, LR_EXIT_FAILED, "%s: %s", text, strerror(-rc)) : 0;
}

/* Members of the node that runs; why they are not asked is told, unless none runs and none was
 * named. */
static void ask_members(struct browser *b)
{
	struct lr_err why = {0};
	struct lr_client *c = lr_client_open(b->args->iface, &why);

	if (!c && (b->args->iface || why.exit != LR_EXIT_UNREACHABLE))
		lr_note(b->cli->prog, "members are not asked: %s", why.text);
	json_t *answer = c ? lr_client_ask(c, lr_client_request("peers"), NULL) : NULL;
	json_t *peer;
	size_t i;

	json_array_foreach (json_object_get(answer, LR_K_PEERS), i, peer) {
		const char *address = json_string_value(json_object_get(peer, LR_K_ADDRESS));
		struct address a = {0};
		if (address && inet_pton(AF_INET, address, &a.ip) == 1)
			each_query(b, ask_one, &a);
	}
	json_decref(answer);
	lr_client_close(c);
}

/* --- the verb --- */

static int choose(struct browser *b)
{
	for (unsigned i = 0; i < b->args->games.n; i++) {
		b->only[i] = lr_games_find(&b->all, b->args->games.v[i], &b->cli->err);
		if (!b->only[i])
			return -1;
		if (b->only[i]->n_queries == 0)
			return lr_err_set(&b->cli->err, LR_EXIT_FAILED,
				"%s: its servers answer no query that is known", b->only[i]->name);
	}
	return 0;
}

static int ask_favourites(struct browser *b)
{
	struct lr_err gone = {0};
	json_t *list = lr_favourites_load(&b->cli->err), *v;
	size_t i;

	json_array_foreach (list, i, v)
		if (json_is_string(v) && ask_text(b, json_string_value(v), &gone) < 0)
			lr_note(b->cli->prog, "a favourite: %s", gone.text);
	json_decref(list);
	return list ? 0 : -1;
}

static int browse(struct browser *b)
{
	struct lr_cli *cli = b->cli;

	for (int k = 0; k < cli->n; k++)
		if (ask_text(b, cli->operands[k], &cli->err) < 0)
			return -1;
	if (b->args->keep && lr_favourites_keep(cli->operands, cli->n, &cli->err) < 0)
		return -1;
	if (cli->n == 0) {
		if (ask_favourites(b) < 0)
			return -1;
		ask_members(b);
	}
	if (cli->n == 0 && !b->args->no_broadcast)
		each_query(b, shout, NULL);
	lr_servers_run(b->servers, (uint64_t)(b->args->wait_s * 1e9));
	return 0;
}

static int none_answered(const struct browser *b)
{
	lr_err_set(
		&b->cli->err, LR_EXIT_FAILED, "no server answered within %.3g s", b->args->wait_s);
	return lr_game_failed(b->cli);
}

static int search(struct lr_cli *cli)
{
	struct browser b = {.cli = cli, .args = cli->args};
	int code = lr_game_load(cli, &b.all);

	if (code != LR_EXIT_OK)
		return code;
	b.servers = lr_servers_new(found, &b);
	if (!b.servers)
		lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory");
	if (!b.servers || choose(&b) < 0 || browse(&b) < 0)
		code = lr_game_failed(cli);
	else if (b.n_found == 0)
		code = none_answered(&b);
	lr_servers_free(b.servers);
	lr_games_release(&b.all);
	return code;
}

int lr_game_run_servers(struct lr_cli *cli)
{
	const struct lr_game_args *a = cli->args;

	if (a->keep && a->forget)
		lr_err_set(&cli->err, LR_EXIT_USAGE, "--keep and --forget exclude each other");
	else if ((a->keep || a->forget) && cli->n == 0)
		lr_err_set(&cli->err, LR_EXIT_USAGE, "--%s: which ADDRESS?",
			a->keep ? "keep" : "forget");
	else if (!a->forget)
		return search(cli);
	else if (lr_favourites_forget(cli->operands, cli->n, &cli->err) == 0)
		return LR_EXIT_OK;
	return lr_game_failed(cli);
}
