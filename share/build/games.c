/*
 * games.c - writes the profiles of share/games/ as the table that is compiled in
 *
 *   lr-gen-games FILE...   lr_game_builtin[], in the order of names, to standard output
 *
 * The profiles are read by the library's own reader, so that what is compiled in is what a file of
 * a user's would be. A file's name is its game's name; what is wrong is one line on standard error
 * and exit 1.
 */
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/game/game.h"

#define GAMES_MAX 2000

static void string(const char *text)
{
	if (!text) {
		printf("NULL");
		return;
	}
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\%03o", c);
		else
			putchar(c);
	}
	putchar('"');
}

__attribute__((format(printf, 1, 3))) static void row(const char *fmt, const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	vprintf(fmt, ap);
	va_end(ap);
	string(text);
}

static void ports(const struct lr_game_ports *p)
{
	printf("{%d, %u, %u, %u}, ", p->proto, p->first, p->last, p->step);
}

static void texts(const char *what, unsigned i, const char *const *list, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		if (k == 0)
			printf("static const char *const %s_%u[] = {", what, i);
		string(list[k]);
		printf(k + 1 < n ? ", " : "};\n");
	}
}

static void discovery(const struct lr_game *g, unsigned i)
{
	for (unsigned k = 0; k < g->n_discovery; k++) {
		const struct lr_game_discovery *d = &g->discovery[k];
		if (k == 0)
			printf("static const struct lr_game_discovery discovery_%u[] = {\n", i);
		printf("\t{%d, %d, ", d->kind, d->by);
		ports(&d->ports);
		printf("{%u, {", d->group.family);
		for (unsigned b = 0; b < 16; b++)
			printf("%u,", d->group.b[b]);
		row("}}, %u, ", d->source, d->every_ms);
		printf(k + 1 < g->n_discovery ? "},\n" : "}};\n");
	}
}

static void play(const struct lr_game *g, unsigned i)
{
	for (unsigned k = 0; k < g->n_ports; k++) {
		if (k == 0)
			printf("static const struct lr_game_play ports_%u[] = {\n", i);
		printf("\t{");
		ports(&g->ports[k].ports);
		string(g->ports[k].source);
		printf(k + 1 < g->n_ports ? "},\n" : "}};\n");
	}
}

static void executables(const struct lr_game *g, unsigned i)
{
	for (unsigned k = 0; k < g->n_executables; k++) {
		const struct lr_game_executable *e = &g->executables[k];
		if (k == 0)
			printf("static const struct lr_game_executable executables_%u[] = {\n", i);
		row("\t{", e->name);
		row(", ", e->argument);
		row(", %d, ", e->source, e->system);
		printf(k + 1 < g->n_executables ? "},\n" : "}};\n");
	}
}

static void queries(const struct lr_game *g, unsigned i)
{
	for (unsigned k = 0; k < g->n_queries; k++) {
		const struct lr_game_query *q = &g->queries[k];
		if (k == 0)
			printf("static const struct lr_game_query queries_%u[] = {", i);
		row("{", q->protocol);
		row(", %u, ", q->source, q->port);
		printf(k + 1 < g->n_queries ? "}, " : "}};\n");
	}
}

static void list(const char *member, const char *array, unsigned n, unsigned i)
{
	if (n)
		printf("\t\t.%s = %s_%u, .n_%s = %u,\n", member, array, i, array, n);
}

static void profile(const struct lr_game *g, unsigned i)
{
	row("\t{.name = ", g->name);
	row(", .title = ", g->title);
	printf(",\n");
	list("aliases", "aliases", g->n_aliases, i);
	list("discovery", "discovery", g->n_discovery, i);
	list("ports", "ports", g->n_ports, i);
	list("executables", "executables", g->n_executables, i);
	list("queries", "queries", g->n_queries, i);
	list("notes", "notes", g->n_notes, i);
	row("\t\t.latency = %d, .dscp = %u, .redundant = %d, .ipx = ", g->ipx, g->latency, g->dscp,
		g->redundant);
	printf(", .keep_s = %u, .keep_hard_s = %u,\n", g->keep_s, g->keep_hard_s);
	row("\t\t.repeat = {%u, %u, %u, ", g->repeat.source, g->repeat.port, g->repeat.every_ms,
		g->repeat.for_ms);
	printf(", {");
	for (unsigned k = 0; k < g->repeat.n_until; k++)
		printf("%u, ", g->repeat.until[k]);
	row("}, %u}, .rewrite = {%u, %u, ", g->rewrite.source, g->repeat.n_until, g->rewrite.port,
		g->rewrite.from_end);
	printf("}},\n");
}

static struct lr_game *load(const char *path)
{
	json_error_t why;
	struct lr_err err = {0};
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	char file[LR_GAME_NAME_MAX + 8], copy[4096];

	if (!json) {
		fprintf(stderr, "%s: line %d: %s\n", path, why.line, why.text);
		exit(1);
	}
	struct lr_game *g = lr_game_from_json(json, &err);
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(file, sizeof(file), "%s.json", g ? g->name : "");
	if (!g || strcmp(basename(copy), file) != 0) {
		fprintf(stderr, "%s: %s\n", path, g ? "is not called as its game" : err.text);
		exit(1);
	}
	json_decref(json);
	return g;
}

static int by_name(const void *a, const void *b)
{
	const struct lr_game *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

int main(int argc, char **argv)
{
	static struct lr_game *games[GAMES_MAX];
	unsigned n = (unsigned)argc - 1;

	if (argc < 2 || n > GAMES_MAX) {
		fprintf(stderr, "usage: lr-gen-games FILE...\n");
		return 1;
	}
	for (unsigned i = 0; i < n; i++)
		games[i] = load(argv[i + 1]);
	qsort(games, n, sizeof(*games), by_name);
	printf("/* Made from share/games/: edit those. */\n#include \"lib/game/game.h\"\n\n");
	for (unsigned i = 0; i < n; i++) {
		texts("aliases", i, games[i]->aliases, games[i]->n_aliases);
		discovery(games[i], i);
		play(games[i], i);
		executables(games[i], i);
		queries(games[i], i);
		texts("notes", i, games[i]->notes, games[i]->n_notes);
	}
	printf("\nconst struct lr_game lr_game_builtin[] = {\n");
	for (unsigned i = 0; i < n; i++) {
		profile(games[i], i);
		lr_game_free(games[i]);
	}
	printf("};\n");
	return fflush(stdout) != 0;
}
