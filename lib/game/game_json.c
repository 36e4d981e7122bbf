/*
 * game_json.c - a profile from JSON and back
 *
 * Theory of operation. Texts of a profile point into the JSON value that it was made from, which it
 * keeps; its lists are arrays of their own. Each kind of list has one reader and one writer, and
 * the same reader makes the compiled profiles (share/build/games.c).
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/game/game.h"
#include "terms.h"

#define KEEP_S      25 /* routers forget after 30 s at the earliest, as most measurements say */
#define KEEP_HARD_S 15 /* those that map by destination are hurried as well */
#define EVERY_MAX   (3600 * 1000)

static const char *const kinds[] = {"broadcast", "subnet", "multicast", "query", "ipx", "none"};
static const char *const bys[] = {"client", "host", "both"};
static const char *const systems[] = {"any", "linux", "windows"};
static const char *const latencies[] = {"fast", "normal", "slow"};
static const char *const protos[] = {"udp", "tcp"};
static const char *const framings[] = {"any", "ethernet-ii", "802.3", "802.2", "snap"};
#define COUNT(list) (sizeof(list) / sizeof(*(list)))

struct owned {
	struct lr_game game; /* first: what callers see */
	json_t *json;
};

/* Where in the profile we are, for what is wrong there. */
struct reader {
	struct lr_err *err;
	const char *list; /* NULL: in no list */
	size_t at;
	bool bad;
};

__attribute__((format(printf, 2, 3))) static void fault(struct reader *r, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	if (r->bad)
		return;
	r->bad = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->list)
		lr_err_set(r->err, LR_EXIT_FAILED, "%s %zu: %s", r->list, r->at + 1, text);
	else
		lr_err_set(r->err, LR_EXIT_FAILED, "%s", text);
}

static const char *text(struct reader *r, const json_t *o, const char *key, bool needed)
{
	bool bad = false;
	const char *s = lr_json_str(o, key, &bad);

	if (bad || (s && !*s))
		fault(r, "'%s' is no text", key);
	else if (!s && needed)
		fault(r, "'%s' is missing", key);
	return s ? s : needed ? "" : NULL;
}

static uint32_t number(
	struct reader *r, const json_t *o, const char *key, uint32_t absent, uint32_t max)
{
	bool bad = false;
	int64_t v = lr_json_int(o, key, absent, &bad);

	if (bad || v < 0 || v > max) {
		fault(r, "'%s' is no number from 0 to %u", key, max);
		return absent;
	}
	return (uint32_t)v;
}

/* One of `n` words; the first when it is absent. */
static unsigned word(
	struct reader *r, const json_t *o, const char *key, const char *const *words, size_t n)
{
	const char *s = text(r, o, key, false);

	for (size_t i = 0; s && i < n; i++)
		if (strcmp(s, words[i]) == 0)
			return (unsigned)i;
	if (s)
		fault(r, "'%s': '%.20s' is none of its words", key, s);
	return 0;
}

static struct lr_game_ports ports(struct reader *r, const json_t *o)
{
	struct lr_game_ports p = {.proto = word(r, o, LR_K_PROTOCOL, protos, COUNT(protos))};

	p.first = (uint16_t)number(r, o, LR_K_FIRST, 0, UINT16_MAX);
	p.last = (uint16_t)number(r, o, LR_K_LAST, p.first, UINT16_MAX);
	p.step = (uint16_t)number(r, o, LR_K_STEP, 1, UINT16_MAX);
	if (p.last < p.first)
		fault(r, "'last' is less than 'first'");
	if (p.step == 0)
		fault(r, "'step' is 0");
	return p;
}

/* --- a reader for each kind of list --- */

static void read_discovery(struct reader *r, const json_t *o, void *out)
{
	struct lr_game_discovery *d = out;
	const char *group = text(r, o, LR_K_GROUP, false);

	text(r, o, LR_K_KIND, true);
	*d = (struct lr_game_discovery){.kind = word(r, o, LR_K_KIND, kinds, COUNT(kinds)),
		.by = word(r, o, LR_K_BY, bys, COUNT(bys)),
		.ports = ports(r, o),
		.every_ms = number(r, o, LR_K_EVERY_MS, 0, EVERY_MAX),
		.source = text(r, o, LR_K_SOURCE, true)};
	if (group && lr_ip_parse(group, &d->group) < 0)
		fault(r, "'group' is no address");
	bool multicast = d->group.family == 4 ? d->group.b[0] >> 4 == 0xe : d->group.b[0] == 0xff;
	if ((d->kind == LR_GAME_MULTICAST) != (group != NULL) || (group && !multicast))
		fault(r, "'group' is there for multicast only, and a multicast address");
}

static void read_play(struct reader *r, const json_t *o, void *out)
{
	struct lr_game_play *p = out;

	*p = (struct lr_game_play){.ports = ports(r, o), .source = text(r, o, LR_K_SOURCE, true)};
	if (!p->ports.first)
		fault(r, "'first' is missing");
}

static void read_executable(struct reader *r, const json_t *o, void *out)
{
	struct lr_game_executable *e = out;

	*e = (struct lr_game_executable){.name = text(r, o, LR_K_NAME, true),
		.argument = text(r, o, LR_K_ARGUMENT, false),
		.system = word(r, o, LR_K_SYSTEM, systems, COUNT(systems)),
		.source = text(r, o, LR_K_SOURCE, true)};
	if (strchr(e->name, '/'))
		fault(r, "'name' has a folder");
}

static void read_query(struct reader *r, const json_t *o, void *out)
{
	struct lr_game_query *q = out;

	*q = (struct lr_game_query){.protocol = text(r, o, LR_K_PROTOCOL, true),
		.port = (uint16_t)number(r, o, LR_K_PORT, 0, UINT16_MAX),
		.source = text(r, o, LR_K_SOURCE, true)};
	if (!q->port)
		fault(r, "'port' is missing");
}

static void read_text(struct reader *r, const json_t *v, void *out)
{
	const char **s = out;

	*s = json_string_value(v);
	if (!*s || !**s)
		fault(r, "no text");
}

/* The list under `key`, as an array of `size` bytes an entry. NULL: empty, or a fault. */
static void *list(struct reader *r, const json_t *o, const char *key, size_t size, bool objects,
	void (*one)(struct reader *, const json_t *, void *), uint8_t *n)
{
	const json_t *from = json_object_get(o, key), *v;
	char *out;
	size_t i;

	*n = 0;
	if (!from || json_is_null(from))
		return NULL;
	if (!json_is_array(from) || json_array_size(from) > LR_GAME_FACTS) {
		fault(r, "'%s' is no list of at most %d", key, LR_GAME_FACTS);
		return NULL;
	}
	if (json_array_size(from) == 0)
		return NULL;
	out = calloc(json_array_size(from), size);
	if (!out) {
		fault(r, "out of memory");
		return NULL;
	}
	*n = (uint8_t)json_array_size(from);
	r->list = key;
	json_array_foreach (from, i, v) {
		r->at = i;
		if (objects && !json_is_object(v))
			fault(r, "no object");
		else
			one(r, v, out + i * size);
	}
	r->list = NULL;
	return out;
}
#define LIST(r, o, key, type, one, n) list(r, o, key, sizeof(type), true, one, n)
#define TEXTS(r, o, key, n)           list(r, o, key, sizeof(char *), false, read_text, n)

/* --- the profile --- */

static void check_name(struct reader *r, const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (name[n] || n == 0 || n >= LR_GAME_NAME_MAX || name[0] == '-')
		fault(r, "'game' is no name of small letters, digits and '-', at most %d of them",
			LR_GAME_NAME_MAX - 1);
}

/* Pairs of hexadecimal digits. How many bytes. */
static uint8_t hex(struct reader *r, const json_t *o, const char *key, uint8_t *out, size_t max)
{
	const char *s = text(r, o, key, false);
	size_t n = s ? strlen(s) / 2 : 0;

	if (!s)
		return 0;
	if (n == 0 || n > max || strlen(s) != 2 * n || strspn(s, "0123456789abcdef") != 2 * n) {
		fault(r, "'%s' is no row of 1 to %zu bytes, as 'f733'", key, max);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		sscanf(s + 2 * i, "%2hhx", &out[i]);
	return (uint8_t)n;
}

static void read_repeat(struct reader *r, const json_t *o, struct lr_game_repeat *out)
{
	*out = (struct lr_game_repeat){.port = (uint16_t)number(r, o, LR_K_PORT, 0, UINT16_MAX),
		.every_ms = number(r, o, LR_K_EVERY_MS, 1000, EVERY_MAX),
		.for_ms = number(r, o, LR_K_FOR_MS, 10000, EVERY_MAX),
		.source = text(r, o, LR_K_SOURCE, true)};
	out->n_until = hex(r, o, LR_K_UNTIL, out->until, sizeof(out->until));
}

static void read_network(struct reader *r, const json_t *o, struct lr_game *g)
{
	const json_t *repeat = json_object_get(o, LR_K_REPEATED);
	const json_t *rewrite = json_object_get(o, LR_K_REWRITE);

	g->latency = word(r, o, LR_K_LATENCY, latencies, COUNT(latencies));
	g->dscp = (uint8_t)number(r, o, LR_K_DSCP, LR_GAME_DSCP_EF, 63);
	g->redundant = g->latency == LR_GAME_FAST;
	bool bad = false;
	g->redundant = lr_json_bool(o, LR_K_TWO_PATHS, g->redundant, &bad);
	if (bad)
		fault(r, "'%s' is neither true nor false", LR_K_TWO_PATHS);
	g->keep_s = (uint16_t)number(r, o, LR_K_KEEP_S, KEEP_S, UINT16_MAX);
	g->keep_hard_s = (uint16_t)number(r, o, LR_K_KEEP_HARD_S, KEEP_HARD_S, UINT16_MAX);
	if (text(r, o, LR_K_IPX, false))
		g->ipx = framings[word(r, o, LR_K_IPX, framings, COUNT(framings))];
	if (json_is_object(repeat))
		read_repeat(r, repeat, &g->repeat);
	if (json_is_object(rewrite))
		g->rewrite = (struct lr_game_rewrite){
			.port = (uint16_t)number(r, rewrite, LR_K_PORT, 0, UINT16_MAX),
			.from_end = (uint16_t)number(r, rewrite, LR_K_FROM_END, 0, UINT16_MAX),
			.source = text(r, rewrite, LR_K_SOURCE, true)};
	if ((json_is_object(repeat) && (!g->repeat.port || g->repeat.every_ms < 100)) ||
		(json_is_object(rewrite) && (!g->rewrite.port || g->rewrite.from_end < 4)))
		fault(r, "repeat or rewrite: a port is missing, or a number is too small");
}

struct lr_game *lr_game_from_json(json_t *json, struct lr_err *err)
{
	struct owned *own = calloc(1, sizeof(*own));
	struct reader r = {.err = err};
	struct lr_game *g = own ? &own->game : NULL;

	if (!g) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	own->json = json_incref(json);
	if (!json_is_object(json))
		fault(&r, "not a JSON object");
	g->name = text(&r, json, LR_K_GAME, true);
	check_name(&r, g->name);
	g->title = text(&r, json, LR_K_TITLE, true);
	g->aliases = TEXTS(&r, json, LR_K_ALIASES, &g->n_aliases);
	g->discovery = LIST(&r, json, LR_K_DISCOVERY, struct lr_game_discovery, read_discovery,
		&g->n_discovery);
	g->ports = LIST(&r, json, LR_K_PLAY, struct lr_game_play, read_play, &g->n_ports);
	g->executables = LIST(&r, json, LR_K_EXECUTABLES, struct lr_game_executable,
		read_executable, &g->n_executables);
	g->queries = LIST(&r, json, LR_K_QUERIES, struct lr_game_query, read_query, &g->n_queries);
	g->notes = TEXTS(&r, json, LR_K_NOTES, &g->n_notes);
	read_network(&r, json, g);
	if (r.bad) {
		lr_game_free(g);
		return NULL;
	}
	return g;
}

void lr_game_free(struct lr_game *g)
{
	struct owned *own = (struct owned *)g;

	if (!g)
		return;
	free((void *)g->aliases);
	free((void *)g->discovery);
	free((void *)g->ports);
	free((void *)g->executables);
	free((void *)g->queries);
	free((void *)g->notes);
	json_decref(own->json);
	free(own);
}

/* --- and back --- */

static void put_ports(json_t *o, const struct lr_game_ports *p)
{
	if (!p->first)
		return;
	lr_json_put_str(o, LR_K_PROTOCOL, protos[p->proto]);
	lr_json_put_int(o, LR_K_FIRST, p->first);
	lr_json_put_int(o, LR_K_LAST, p->last);
	if (p->step != 1)
		lr_json_put_int(o, LR_K_STEP, p->step);
}

static json_t *texts(const char *const *list, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, json_string(list[i]));
	return out;
}

static json_t *discovery_json(const struct lr_game *g)
{
	json_t *out = json_array();

	for (size_t i = 0; i < g->n_discovery; i++) {
		const struct lr_game_discovery *d = &g->discovery[i];
		json_t *o = json_object();
		char group[LR_ADDR_TEXT];
		lr_json_put_str(o, LR_K_KIND, kinds[d->kind]);
		if (d->group.family)
			lr_json_put_str(o, LR_K_GROUP, lr_ip_text(&d->group, group));
		put_ports(o, &d->ports);
		lr_json_put_str(o, LR_K_BY, bys[d->by]);
		if (d->every_ms)
			lr_json_put_int(o, LR_K_EVERY_MS, d->every_ms);
		lr_json_put_str(o, LR_K_SOURCE, d->source);
		json_array_append_new(out, o);
	}
	return out;
}

static json_t *play_json(const struct lr_game *g)
{
	json_t *out = json_array();

	for (size_t i = 0; i < g->n_ports; i++) {
		json_t *o = json_object();
		put_ports(o, &g->ports[i].ports);
		lr_json_put_str(o, LR_K_SOURCE, g->ports[i].source);
		json_array_append_new(out, o);
	}
	return out;
}

static json_t *executables_json(const struct lr_game *g)
{
	json_t *out = json_array();

	for (size_t i = 0; i < g->n_executables; i++) {
		const struct lr_game_executable *e = &g->executables[i];
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_NAME, e->name);
		if (e->argument)
			lr_json_put_str(o, LR_K_ARGUMENT, e->argument);
		lr_json_put_str(o, LR_K_SYSTEM, systems[e->system]);
		lr_json_put_str(o, LR_K_SOURCE, e->source);
		json_array_append_new(out, o);
	}
	return out;
}

static json_t *queries_json(const struct lr_game *g)
{
	json_t *out = json_array();

	for (size_t i = 0; i < g->n_queries; i++) {
		json_t *o = json_object();
		lr_json_put_str(o, LR_K_PROTOCOL, g->queries[i].protocol);
		lr_json_put_int(o, LR_K_PORT, g->queries[i].port);
		lr_json_put_str(o, LR_K_SOURCE, g->queries[i].source);
		json_array_append_new(out, o);
	}
	return out;
}

static void put_hex(json_t *o, const char *key, const uint8_t *bytes, size_t n)
{
	char text[2 * LR_GAME_UNTIL + 1];

	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	if (n)
		lr_json_put_str(o, key, text);
}

static void put_network(json_t *o, const struct lr_game *g)
{
	json_t *repeat = g->repeat.port ? json_object() : json_null();
	json_t *rewrite = g->rewrite.port ? json_object() : json_null();

	lr_json_put_str(o, LR_K_LATENCY, latencies[g->latency]);
	lr_json_put_int(o, LR_K_DSCP, g->dscp);
	lr_json_put_bool(o, LR_K_TWO_PATHS, g->redundant);
	lr_json_put_int(o, LR_K_KEEP_S, g->keep_s);
	lr_json_put_int(o, LR_K_KEEP_HARD_S, g->keep_hard_s);
	lr_json_put_str(o, LR_K_IPX, g->ipx);
	if (g->repeat.port) {
		lr_json_put_int(repeat, LR_K_PORT, g->repeat.port);
		lr_json_put_int(repeat, LR_K_EVERY_MS, g->repeat.every_ms);
		lr_json_put_int(repeat, LR_K_FOR_MS, g->repeat.for_ms);
		put_hex(repeat, LR_K_UNTIL, g->repeat.until, g->repeat.n_until);
		lr_json_put_str(repeat, LR_K_SOURCE, g->repeat.source);
	}
	if (g->rewrite.port) {
		lr_json_put_int(rewrite, LR_K_PORT, g->rewrite.port);
		lr_json_put_int(rewrite, LR_K_FROM_END, g->rewrite.from_end);
		lr_json_put_str(rewrite, LR_K_SOURCE, g->rewrite.source);
	}
	lr_json_put(o, LR_K_REPEATED, repeat);
	lr_json_put(o, LR_K_REWRITE, rewrite);
}

json_t *lr_game_to_json(const struct lr_game *g)
{
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_GAME, g->name);
	lr_json_put_str(o, LR_K_TITLE, g->title);
	lr_json_put(o, LR_K_ALIASES, texts(g->aliases, g->n_aliases));
	lr_json_put(o, LR_K_DISCOVERY, discovery_json(g));
	lr_json_put(o, LR_K_PLAY, play_json(g));
	lr_json_put(o, LR_K_EXECUTABLES, executables_json(g));
	lr_json_put(o, LR_K_QUERIES, queries_json(g));
	put_network(o, g);
	lr_json_put(o, LR_K_NOTES, texts(g->notes, g->n_notes));
	return o;
}

const char *lr_game_kind_name(enum lr_game_kind kind)
{
	return kinds[kind];
}

const char *lr_game_by_name(enum lr_game_by by)
{
	return bys[by];
}

const char *lr_game_system_name(enum lr_game_system system)
{
	return systems[system];
}

const char *lr_game_latency_name(enum lr_game_latency latency)
{
	return latencies[latency];
}

const char *lr_game_proto_name(enum lr_game_proto proto)
{
	return protos[proto];
}
