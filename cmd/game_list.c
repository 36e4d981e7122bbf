/*
 * game_list.c - lr-game list and show: what is known of games
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/game.h"
#include "lib/base/lines.h"
#include "terms.h"

int lr_game_failed(const struct lr_cli *cli)
{
	return cli->err.exit ? (int)cli->err.exit : LR_EXIT_FAILED;
}

static void bad_file(void *ctx, const char *text)
{
	(void)ctx;
	lr_note(&lr_game_prog, "%s", text);
}

int lr_game_load(struct lr_cli *cli, struct lr_games *all)
{
	char dir[PATH_MAX];
	bool known = lr_games_dir(dir, NULL) == 0;

	if (lr_games_load(all, known ? dir : NULL, bad_file, NULL) < 0) {
		lr_err_set(&cli->err, LR_EXIT_FAILED, "out of memory");
		return LR_EXIT_FAILED;
	}
	return LR_EXIT_OK;
}

const char *lr_game_operand(const struct lr_operand *op, struct lr_err *err)
{
	bool bad = false;
	const char *name = op->json ? lr_json_str(op->json, LR_K_GAME, &bad) : op->name;

	if (!name || bad)
		lr_err_set(err, LR_EXIT_FAILED, "names no game");
	return bad ? NULL : name;
}

void lr_game_line(json_t *take)
{
	lr_json_line(stdout, take);
	json_decref(take);
}

/* --- list --- */

static json_t *row(const struct lr_games *all, const struct lr_game *g)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_GAME, g->name);
	lr_json_put_str(o, LR_K_TITLE, g->title);
	lr_json_put_str(
		o, LR_K_KIND, g->n_discovery ? lr_game_kind_name(g->discovery[0].kind) : "none");
	lr_json_put_str(o, LR_K_LATENCY, lr_game_latency_name(g->latency));
	lr_json_put_bool(o, LR_K_OWN, lr_games_is_own(all, g));
	return o;
}

/* Whether each word stands in its name or its title. */
static bool chosen(const struct lr_cli *cli, const struct lr_game *g)
{
	for (int i = 0; i < cli->n; i++)
		if (!strcasestr(g->name, cli->operands[i]) &&
			!strcasestr(g->title, cli->operands[i]))
			return false;
	return true;
}

int lr_game_run_list(struct lr_cli *cli)
{
	const struct lr_game_args *a = cli->args;
	struct lr_games all;
	int code = lr_game_load(cli, &all);
	unsigned n = 0;

	for (size_t i = 0; code == LR_EXIT_OK && i < all.n; i++) {
		const struct lr_game *g = all.list[i];
		if (!chosen(cli, g))
			continue;
		n++;
		if (a->json)
			lr_game_line(row(&all, g));
		else
			printf("%-30s %s%s\n", g->name, g->title,
				lr_games_is_own(&all, g) ? " (own)" : "");
	}
	if (code != LR_EXIT_OK)
		return code;
	lr_games_release(&all);
	if (n)
		return LR_EXIT_OK;
	lr_err_set(&cli->err, LR_EXIT_FAILED,
		"no game with %s in its name: `lr-game list` names all", cli->operands[0]);
	return lr_game_failed(cli);
}

/* --- show --- */

static void print_ports(const struct lr_game_ports *p)
{
	if (!p->first)
		return;
	printf(" %s %u", lr_game_proto_name(p->proto), p->first);
	if (p->last != p->first)
		printf("-%u", p->last);
	if (p->step != 1)
		printf(" in steps of %u", p->step);
}

static void print_discovery(const struct lr_game *g)
{
	static const char *const by[] = {"by who searches", "by the host", "by both sides"};
	char group[LR_ADDR_TEXT];

	for (size_t i = 0; i < g->n_discovery; i++) {
		const struct lr_game_discovery *d = &g->discovery[i];
		printf("%-10s %s", i ? "" : "discovery", lr_game_kind_name(d->kind));
		if (d->group.family)
			printf(" %s", lr_ip_text(&d->group, group));
		print_ports(&d->ports);
		if (d->ports.first)
			printf(" %s", by[d->by]);
		if (d->every_ms)
			printf(", each %g s", d->every_ms / 1000.0);
		printf(" [%s]\n", d->source);
	}
}

static void print_network(const struct lr_game *g)
{
	printf("%-10s %s, DSCP %u%s, keepalive %u s, behind a symmetric NAT %u s\n", "wants",
		lr_game_latency_name(g->latency), g->dscp, g->redundant ? ", two paths" : "",
		g->keep_s, g->keep_hard_s);
	if (g->ipx)
		printf("%-10s framing: %s\n", "ipx", g->ipx);
	if (g->repeat.port) {
		printf("%-10s announcements to %u each %u ms for %u ms", "repeats", g->repeat.port,
			g->repeat.every_ms, g->repeat.for_ms);
		for (unsigned i = 0; i < g->repeat.n_until; i++)
			printf("%s%02x", i ? " " : ", until one begins with ", g->repeat.until[i]);
		printf(" [%s]\n", g->repeat.source);
	}
	if (g->rewrite.port)
		printf("%-10s the sender's address in datagrams to %u, %u bytes before the end "
		       "[%s]\n",
			"rewrites", g->rewrite.port, g->rewrite.from_end, g->rewrite.source);
}

static void print_profile(const struct lr_game *g)
{
	printf("%s: %s\n", g->name, g->title);
	for (size_t i = 0; i < g->n_aliases; i++)
		printf("%s%s%s", i ? ", " : "also       ", g->aliases[i],
			i + 1 == g->n_aliases ? "\n" : "");
	print_discovery(g);
	for (size_t i = 0; i < g->n_ports; i++) {
		printf("%-10s", i ? "" : "ports");
		print_ports(&g->ports[i].ports);
		printf(" [%s]\n", g->ports[i].source);
	}
	for (size_t i = 0; i < g->n_queries; i++)
		printf("%-10s %s at port %u [%s]\n", i ? "" : "servers", g->queries[i].protocol,
			g->queries[i].port, g->queries[i].source);
	for (size_t i = 0; i < g->n_executables; i++) {
		const struct lr_game_executable *e = &g->executables[i];
		printf("%-10s %s%s%s%s (%s) [%s]\n", i ? "" : "process", e->name,
			e->argument ? " with \"" : "", e->argument ? e->argument : "",
			e->argument ? "\"" : "", lr_game_system_name(e->system), e->source);
	}
	print_network(g);
	for (size_t i = 0; i < g->n_notes; i++)
		printf("%-10s %s\n", i ? "" : "notes", g->notes[i]);
}

struct showing {
	const struct lr_games *all;
	bool json, again;
};

static int show_one(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	struct showing *s = ctx;
	const char *name = lr_game_operand(op, err);
	const struct lr_game *g = name ? lr_games_find(s->all, name, err) : NULL;

	if (!g)
		return -1;
	if (s->json) {
		lr_game_line(lr_game_to_json(g));
		return 0;
	}
	if (s->again)
		putchar('\n');
	s->again = true;
	print_profile(g);
	return 0;
}

int lr_game_run_show(struct lr_cli *cli)
{
	const struct lr_game_args *a = cli->args;
	struct lr_games all;
	int code = lr_game_load(cli, &all);

	if (code != LR_EXIT_OK)
		return code;
	struct showing s = {&all, a->json, false};
	code = lr_each_operand(cli, show_one, &s);
	lr_games_release(&all);
	return code;
}
