/*
 * game_profiles.c - profiles: reading, the compiled ones, a user's own, names, whose packets these
 * are
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/game/game.h"
#include "lib/game/names.h"
#include "t/unit/tap.h"

static struct lr_game *parse(const char *text, struct lr_err *err)
{
	json_t *json = lr_json_parse(text, strlen(text), err);
	struct lr_game *g = json ? lr_game_from_json(json, err) : NULL;

	json_decref(json);
	return g;
}

static void faults(void)
{
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{"[]", "not a JSON object"},
		{"{\"title\":\"x\"}", "'game' is missing"},
		{"{\"game\":\"A b\",\"title\":\"x\"}",
			"'game' is no name of small letters, digits and '-', at most 47 of them"},
		{"{\"game\":\"a\",\"title\":\"x\",\"play\":[{\"first\":9,\"last\":8,\"source\":"
		 "\"s\"}]}",
			"play 1: 'last' is less than 'first'"},
		{"{\"game\":\"a\",\"title\":\"x\",\"play\":[{\"first\":9,\"step\":0,\"source\":"
		 "\"s\"}]}",
			"play 1: 'step' is 0"},
		{"{\"game\":\"a\",\"title\":\"x\",\"play\":[{\"first\":70000,\"source\":\"s\"}]}",
			"play 1: 'first' is no number from 0 to 65535"},
		{"{\"game\":\"a\",\"title\":\"x\",\"play\":[{\"first\":9}]}",
			"play 1: 'source' is missing"},
		{"{\"game\":\"a\",\"title\":\"x\",\"play\":7}", "'play' is no list of at most 32"},
		{"{\"game\":\"a\",\"title\":\"x\",\"play\":[7]}", "play 1: no object"},
		{"{\"game\":\"a\",\"title\":\"x\",\"notes\":[7]}", "notes 1: no text"},
		{"{\"game\":\"a\",\"title\":\"x\",\"latency\":\"soon\"}",
			"'latency': 'soon' is none of its words"},
		{"{\"game\":\"a\",\"title\":\"x\",\"discovery\":[{\"kind\":\"multicast\","
		 "\"source\":\"s\"}]}",
			"discovery 1: 'group' is there for multicast only, and a multicast "
			"address"},
		{"{\"game\":\"a\",\"title\":\"x\",\"discovery\":[{\"kind\":\"multicast\","
		 "\"group\":\"10.0.0.1\",\"source\":\"s\"}]}",
			"discovery 1: 'group' is there for multicast only, and a multicast "
			"address"},
		{"{\"game\":\"a\",\"title\":\"x\",\"rewrite\":{\"port\":5,\"from_end\":3,"
		 "\"source\":\"s\"}}",
			"repeat or rewrite: a port is missing, or a number is too small"},
		{"{\"game\":\"a\",\"title\":\"x\",\"executables\":[{\"name\":\"a/"
		 "b\",\"source\":\"s\"}]}",
			"executables 1: 'name' has a folder"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_err err = {0};
		struct lr_game *g = parse(cases[i].text, &err);
		ok(!g && strcmp(err.text, cases[i].fault) == 0, "%s", err.text);
		lr_game_free(g);
	}
}

/* What is compiled in says the same as the file that it was made from. */
static void compiled(void)
{
	unsigned same = 0, sorted = 0, sources = 0;

	for (size_t i = 0; i < lr_game_builtin_n; i++) {
		const struct lr_game *g = &lr_game_builtin[i];
		char path[200];
		snprintf(path, sizeof(path), "share/games/%s.json", g->name);
		json_t *file = json_load_file(path, 0, NULL), *ours = lr_game_to_json(g);
		same += json_equal(file, ours);
		if (!json_equal(file, ours))
			printf("# %s differs\n", path);
		json_decref(file);
		json_decref(ours);
		sorted += i == 0 || strcmp(lr_game_builtin[i - 1].name, g->name) < 0;
		for (size_t k = 0; k < g->n_ports; k++)
			sources += g->ports[k].source && *g->ports[k].source;
	}
	ok(lr_game_builtin_n >= 150, "at least 150 games: %zu", lr_game_builtin_n);
	is_int(same, lr_game_builtin_n, "each is as its file");
	is_int(sorted, lr_game_builtin_n, "in the order of names");
	ok(sources > lr_game_builtin_n / 2, "facts have sources");
}

static void unique_names(const struct lr_games *all)
{
	struct lr_names names;
	unsigned twice = 0, shadowed = 0;

	lr_names_init(&names, all);
	for (size_t i = 0; i < names.n; i++)
		for (size_t k = i + 1; k < names.n; k++) {
			const struct lr_names_entry *a = &names.entries[i], *b = &names.entries[k];
			if (strcasecmp(a->executable->name, b->executable->name) != 0 ||
				a->game == b->game)
				continue;
			bool args = a->executable->argument && b->executable->argument &&
				    strcasecmp(a->executable->argument, b->executable->argument);
			bool one = !a->executable->argument != !b->executable->argument;
			if (args || one)
				continue;
			twice++;
			printf("# %s: %s and %s\n", a->executable->name, a->game->name,
				b->game->name);
		}
	lr_names_release(&names);
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->list[i]->n_aliases; k++)
			if (lr_games_find(all, all->list[i]->aliases[k], NULL) != all->list[i]) {
				shadowed++;
				printf("# alias %s of %s\n", all->list[i]->aliases[k],
					all->list[i]->name);
			}
	is_int(twice, 0, "no executable says two games");
	is_int(shadowed, 0, "no alias is another game's");
}

static void find(const struct lr_games *all)
{
	struct lr_err err = {0};
	const struct lr_game *g = lr_games_find(all, "WC3", NULL);

	is_str(g ? g->name : "", "warcraft-3", "by alias, in any case");
	g = lr_games_find(all, "openttd", NULL);
	is_str(g ? g->title : "", "OpenTTD", "by name");
	ok(!lr_games_find(all, "warcraft-4", &err), "an unknown one");
	is_str(err.text, "warcraft-4: no such game: did you mean warcraft-2?", "names a near one");
	ok(!lr_games_find(all, "xxxxxxxxx", &err), "one that is like nothing");
	is_str(err.text, "xxxxxxxxx: no such game: `lr-game list` names all", "says where to look");
}

static void recognise(const struct lr_games *all)
{
	static const struct {
		enum lr_game_proto proto;
		uint16_t sport, dport;
		const char *dst, *game;
	} cases[] = {
		{LR_GAME_UDP, 50000, 2342, "255.255.255.255", "doom"},
		{LR_GAME_UDP, 2342, 50000, "10.0.0.1", "doom"},
		{LR_GAME_UDP, 50000, 3979, "10.0.0.255", "openttd"},
		{LR_GAME_TCP, 40000, 3979, "10.0.0.1", "openttd"},
		{LR_GAME_UDP, 4555, 4555, "225.1.1.1", "freeciv"},
		{LR_GAME_UDP, 5353, 5353, "224.0.0.251", "mdns"},
		{LR_GAME_UDP, 40000, 4445, "224.0.2.60", "minecraft-java"},
		{LR_GAME_UDP, 23757, 23757, NULL, "flatout-2"},
		{LR_GAME_UDP, 40000, 49999, "10.0.0.1", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_ip dst;
		if (cases[i].dst)
			lr_ip_parse(cases[i].dst, &dst);
		const struct lr_game *g = lr_games_recognise(all, cases[i].proto, cases[i].sport,
			cases[i].dport, cases[i].dst ? &dst : NULL);
		ok(strcmp(g ? g->name : "", cases[i].game) == 0, "%u to %u: %s", cases[i].sport,
			cases[i].dport, g ? g->name : "nobody's");
	}
}

static char told[2][600];
static unsigned n_told;

static void bad(void *ctx, const char *text)
{
	(void)ctx;
	if (n_told < 2)
		snprintf(told[n_told], sizeof(told[0]), "%s", text);
	n_told++;
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void own_files(void)
{
	char dir[] = "/tmp/lr-games-XXXXXX", path[200];
	static const char *const files[] = {"doom.json", "mine.json", "bad.json", "other.txt"};
	struct lr_games all;

	if (!mkdtemp(dir))
		return;
	put(dir, files[0], "{\"game\":\"doom\",\"title\":\"My Doom\"}");
	put(dir, files[1],
		"{\"game\":\"00-mine\",\"title\":\"Mine\",\"play\":[{\"first\":49999,"
		"\"source\":\"me\"}],\"more\":1}");
	put(dir, files[2], "{\"game\":\"bad\",\"title\":7}");
	put(dir, files[3], "no JSON");
	is_int(lr_games_load(&all, dir, bad, NULL), 0, "a folder of the user's own");
	is_int(all.n, lr_game_builtin_n + 1, "one more, one in the place of another");
	is_str(all.list[0]->name, "00-mine", "in the order of names");
	is_str(lr_games_find(&all, "doom", NULL)->title, "My Doom", "the own one counts");
	ok(lr_games_is_own(&all, all.list[0]) && !lr_games_is_own(&all, all.list[1]),
		"whose it is");
	is_int(n_told, 1, "one file is bad");
	snprintf(path, sizeof(path), "%s/bad.json: 'title' is no text", dir);
	is_str(told[0], path, "it is named, and why");
	lr_games_release(&all);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void matches(const struct lr_games *all)
{
	static const struct {
		const char *name, *command, *game;
		bool exact;
	} cases[] = {
		{"wesnothd-1.18", "wesnothd-1.18", "wesnoth", false},
		{"teeworlds-server.real", "teeworlds-server.real", "teeworlds", false},
		{"war3.exe", "C:\\Games\\war3.exe -window", "warcraft-3", true},
		{"WAR3.EXE", "WAR3.EXE", "warcraft-3", true},
		{"openttd", "/usr/games/openttd", "openttd", true},
		{"openttd.x86_64", "./openttd.x86_64", "openttd", false},
		{"java", "java -cp x net.minecraft.client.main.Main", "minecraft-java", true},
		{"java", "java -jar other.jar", "", true},
		{"hl2_linux", "hl2_linux -game cstrike -steam", "counter-strike-source", true},
		{"hl2_linux", "hl2_linux -game cstrikex", "", true},
		{"hl2_linux", "hl2_linux -game tf", "team-fortress-2", true},
		{"bash", "bash -c openttd", "", true},
		{"x", "x", "", true},
	};
	struct lr_names names;

	is_int(lr_names_init(&names, all), 0, "an index of names");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_names_match m = lr_names_find(&names, cases[i].name, cases[i].command);
		ok(strcmp(m.game ? m.game->name : "", cases[i].game) == 0 &&
				(!m.game || m.exact == cases[i].exact),
			"%s: %s", cases[i].command, m.game ? m.game->name : "none");
	}
	lr_names_release(&names);
}

int main(void)
{
	struct lr_games all;

	faults();
	compiled();
	is_int(lr_games_load(&all, NULL, NULL, NULL), 0, "without a folder");
	unique_names(&all);
	find(&all);
	recognise(&all);
	matches(&all);
	lr_games_release(&all);
	own_files();
	return tap_done();
}
