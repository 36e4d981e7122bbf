/*
 * The release checklist: each item passing, failing with its cause and its next command, and open;
 * the same whichever of several files a metric stands in.
 */
#include "lib/results/check.h"

#include <stdlib.h>

#include "t/unit/tap.h"
#include "terms.h"

#define METRIC(name, unit, more, values)                                                           \
	"{\"name\":\"" name "\",\"unit\":\"" unit "\",\"better\":\"lower\"," more                  \
	"\"samples\":[" values "]}"
#define FAMILY(name) "\"family\":\"" name "\","
#define TEN(v)       v "," v "," v "," v "," v "," v "," v "," v "," v "," v

/* A result of these metrics, of this sitting. */
static json_t *result(const char *metrics, const char *sitting)
{
	char text[4096];
	json_error_t why;

	snprintf(text, sizeof(text),
		"{\"machine\":{\"cpu\":\"c\",\"cores\":2,\"memory_kb\":1000},"
		"\"parameters\":{\"sitting\":\"%s\"},\"metrics\":[%s]}",
		sitting, metrics);
	json_t *o = json_loads(text, 0, &why);
	if (!o) {
		printf("# %s: %s\n", why.text, text);
		abort();
	}
	return o;
}

struct page {
	struct lr_page page;
	const json_t *results[4];
};

static void take(struct page *p, json_t *one)
{
	json_t *over = lr_result_over(one, p->page.all);

	json_decref((json_t *)p->page.all);
	p->page.all = over;
	p->results[p->page.n++] = one;
	p->page.results = p->results;
}

static void release(struct page *p)
{
	for (size_t i = 0; i < p->page.n; i++)
		json_decref((json_t *)p->results[i]);
	json_decref((json_t *)p->page.all);
	json_decref((json_t *)p->page.replay);
	json_decref((json_t *)p->page.profile);
}

static const struct lr_check *item(const struct lr_check *checks, const char *name)
{
	for (size_t i = 0; i < LR_CHECKS; i++)
		if (strcmp(checks[i].name, name) == 0)
			return &checks[i];
	printf("# no item %s\n", name);
	abort();
}

static const struct {
	const char *item, *what, *metrics;
	const char *replay, *profile;
	enum lr_check_state state;
	const char *text, *next;
} rows[] = {
	{"starts", "in time", METRIC("start_lr_up_load", "ns", "", "2e6"), NULL, NULL,
		LR_CHECK_PASS, "start_lr_up_load 2 ms", ""},
	{"starts", "one loads too long",
		METRIC("start_lr_up_load", "ns", "", "2e6") "," METRIC(
			"start_lr_meet_load", "ns", "", "2e8"),
		NULL, NULL, LR_CHECK_FAIL, "start_lr_meet_load 200 ms (at most 100 ms)",
		"lr-perf bench start config state"},
	{"starts", "the whole start is too long",
		METRIC("start_lr_up_load", "ns", "", "2e6") "," METRIC(
			"startup", "ns", FAMILY("live"), "2e9"),
		NULL, NULL, LR_CHECK_FAIL, "startup 2 s (under 1 s)",
		"lr-perf bench start config state"},
	{"starts", "none", METRIC("a", "ns", "", "1"), NULL, NULL, LR_CHECK_OPEN, "no start",
		"lr-perf bench start config state"},
	{"leaks", "none", METRIC("leak_a", "bytes", "", "0,0,0"), NULL, NULL, LR_CHECK_PASS,
		"leak_a 0 B", ""},
	{"leaks", "one", METRIC("leak_a", "bytes", "", "0") "," METRIC("leak_b", "bytes", "", "64"),
		NULL, NULL, LR_CHECK_FAIL, "leak_b 64 B", "lr-perf bench leaks memory"},
	{"peers", "flat", METRIC("growth_a", "x/decade", "", "1.1"), NULL, NULL, LR_CHECK_PASS,
		"growth_a", ""},
	{"peers", "linear", METRIC("growth_a", "x/decade", "", "9.8"), NULL, NULL, LR_CHECK_FAIL,
		"growth_a 9.8 x/decade (at most 3.2",
		"lr-perf bench --out scaling.json scaling && "
		"lr-perf report --svg scaling scaling.json >scaling.svg"},
	{"peers", "a hundred and one is slow",
		METRIC("growth_a", "x/decade", "",
			"1.1") ",{\"name\":\"peers\",\"unit\":\"peers\","
			       "\"better\":\"higher\",\"size\":100,\"samples\":[99]}",
		NULL, NULL, LR_CHECK_FAIL, "peers 99 peers (at least 100 peers)",
		"sudo lr-perf profile --for 30s"},
	{"cpu", "at rest and active",
		METRIC("cpu_idle", "%", FAMILY("live"), "0.1") "," METRIC(
			"cpu_active", "%", FAMILY("live"), "2"),
		NULL, NULL, LR_CHECK_PASS, "cpu_idle 0.1 % (under 5 %), cpu_active 2 %", ""},
	{"cpu", "busy", METRIC("cpu_idle", "%", "", "0.1") "," METRIC("cpu_active", "%", "", "55"),
		NULL, NULL, LR_CHECK_FAIL, "cpu_active 55 % (under 15 %)",
		"sudo lr-perf profile --for 30s"},
	{"cpu", "memory is no matter of it", METRIC("memory", "MB", "", "300"), NULL, NULL,
		LR_CHECK_OPEN, "no running node", "sudo lr-perf live"},
	{"memory", "small", METRIC("memory", "MB", "", "4"), NULL, NULL, LR_CHECK_PASS,
		"memory 4 MB", ""},
	{"memory", "large", METRIC("memory", "MB", "", "300"), NULL, NULL, LR_CHECK_FAIL,
		"memory 300 MB (under 100 MB)", "sudo lr-perf monitor --for 10m"},
	{"latency", "met", METRIC("direct_latency", "ns", "", "5e4"), NULL, NULL, LR_CHECK_PASS,
		"direct_latency 50 us", ""},
	{"latency", "the relay's is missed",
		METRIC("direct_latency", "ns", "", "5e4") "," METRIC(
			"relay_latency", "ns", "", "2e7"),
		NULL, NULL, LR_CHECK_FAIL, "relay_latency 20 ms (under 15 ms)",
		"lr-perf synth openttd | lr-perf replay -"},
	{"latency", "connecting takes too long", METRIC("connect", "ns", "", "3e9"), NULL, NULL,
		LR_CHECK_FAIL, "connect 3 s (under 2 s)", "lr-peer netcheck"},
	{"latency", "a replay misses, though a tunnel was measured",
		METRIC("direct_latency", "ns", "", "5e4"), "{\"stages\":[],\"pass\":false}", NULL,
		LR_CHECK_FAIL, "a replay's stages miss", "lr-perf bench crypto wg"},
	{"latency", "a replay that was not timed", METRIC("a", "ns", "", "1"),
		"{\"stages\":[],\"pass\":null}", NULL, LR_CHECK_OPEN, "the replay was not timed",
		"sudo lr-perf live"},
	{"hot", "met",
		METRIC("ipam_lookup_10", "ns",
			"\"series\":\"ipam_lookup\",\"size\":10," FAMILY("ipam"), "40"),
		NULL, NULL, LR_CHECK_PASS, "1 of 1 targets met", ""},
	{"hot", "missed",
		METRIC("ipam_lookup_10", "ns",
			"\"series\":\"ipam_lookup\",\"size\":10," FAMILY("ipam"), "4e4"),
		NULL, NULL, LR_CHECK_FAIL, "1 of 1 targets missed, first ipam_lookup_10",
		"lr-perf bench ipam"},
	{"hot", "what live measures has its own items",
		METRIC("startup", "ns", FAMILY("live"), "2e9"), NULL, NULL, LR_CHECK_OPEN,
		"no target", "lr-perf bench performance"},
	{"loop", "a profile without stalls", METRIC("a", "ns", "", "1"), NULL,
		"{\"spans\":[],\"stall_count\":0}", LR_CHECK_PASS, "0 stalls", ""},
	{"loop", "stalls", METRIC("state_write_8", "ns", "", "1e6"), NULL,
		"{\"spans\":[],\"stall_count\":3}", LR_CHECK_FAIL, "3 stalls in the profile",
		"sudo lr-perf profile --stall 10ms"},
	{"loop", "the disk", METRIC("state_write_8", "ns", "", "2e8"), NULL, NULL, LR_CHECK_FAIL,
		"state_write_8 200 ms (at most 50 ms)", "lr-perf bench state"},
	{"loop", "the log",
		METRIC("state_write_8", "ns", "", "1e6") "," METRIC("log_share", "%", "", "7"),
		NULL, NULL, LR_CHECK_FAIL, "log_share 7 %", "lr-perf bench logging"},
};

static void items(void)
{
	struct lr_check checks[LR_CHECKS];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct page p = {0};
		take(&p, result(rows[i].metrics, "a sitting of ours"));
		p.page.replay = rows[i].replay ? json_loads(rows[i].replay, 0, NULL) : NULL;
		p.page.profile = rows[i].profile ? json_loads(rows[i].profile, 0, NULL) : NULL;
		lr_check_all(checks, &p.page, NULL);
		const struct lr_check *c = item(checks, rows[i].item);
		ok(c->state == rows[i].state, "%s: %s", rows[i].item, rows[i].what);
		if (!ok(strstr(c->text, rows[i].text), "and says why"))
			printf("# \"%s\" without \"%s\"\n", c->text, rows[i].text);
		if (c->state != LR_CHECK_PASS)
			is_str(c->next, rows[i].next, "and what to run next");
		if (c->state == LR_CHECK_FAIL)
			is_int(lr_check_exit(checks), LR_EXIT_MISSED, "exit 3");
		release(&p);
	}
}

static const struct lr_check *against(const char *base, const char *fresh, const char *sitting)
{
	static struct lr_check checks[LR_CHECKS];
	json_t *b = result(base, "a sitting of ours");
	struct page p = {0};

	take(&p, result(fresh, sitting));
	take(&p, result(METRIC("startup", "ns", FAMILY("live"), "1e6"), "another"));
	lr_check_all(checks, &p.page, b);
	release(&p);
	json_decref(b);
	return item(checks, "baseline");
}

static void baselines(void)
{
	const char *base = METRIC("json_read", "ns", FAMILY("json"), TEN("100"));
	const char *slow = METRIC("json_read", "ns", FAMILY("json"), TEN("150"));
	const struct lr_check *c = against(base, base, "a sitting of ours");

	is_int(c->state, LR_CHECK_PASS, "baseline: the same");
	c = against(base, slow, "a sitting of ours");
	is_int(c->state, LR_CHECK_FAIL, "worse, though a newer file has other metrics");
	ok(strstr(c->text, "1 of 1 metrics worse") && strstr(c->text, "json_read"), "%s", c->text);
	is_str(c->next, "lr-perf bench --against BUILD json", "next: its family, in turns");
	c = against(base, METRIC("json_read", "ns", FAMILY("json"), TEN("110")), "of another day");
	is_int(c->state, LR_CHECK_PASS, "10 % of another day");
	c = against(base, METRIC("json_read", "ns", FAMILY("json"), "150,150"), "of another day");
	is_int(c->state, LR_CHECK_OPEN, "two runs tell nothing");
	ok(strstr(c->text, "too few runs"), "%s", c->text);
	c = against(base, METRIC("other", "ns", "", "1"), "of another day");
	is_int(c->state, LR_CHECK_OPEN, "nothing in common");
}

/* Nothing that one file has hides what the other one has, in whatever order they come. */
static void files(void)
{
	static const char *const texts[] = {
		METRIC("start_a_load", "ns", "", "2e6") "," METRIC("leak_a", "bytes", "", "0"),
		METRIC("cpu_idle", "%", "", "0.1") "," METRIC("direct_latency", "ns", "", "5e4"),
		METRIC("start_a_load", "ns", "", "2e8") "," METRIC("leak_a", "bytes", "", ""),
	};
	static const char *const passed[] = {"starts", "leaks", "cpu", "latency"};
	struct lr_check checks[LR_CHECKS];

	for (size_t order = 0; order < 2; order++) {
		struct page p = {0};
		take(&p, result(texts[order], "one"));
		take(&p, result(texts[!order], "two"));
		lr_check_all(checks, &p.page, NULL);
		for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
			is_int(item(checks, passed[i])->state, LR_CHECK_PASS, passed[i]);
		is_int(item(checks, "peers")->state, LR_CHECK_OPEN, "peers is open");
		is_int(lr_check_exit(checks), LR_EXIT_OK, "exit 0");
		take(&p, result(texts[2], "three"));
		lr_check_all(checks, &p.page, NULL);
		is_int(item(checks, "starts")->state, LR_CHECK_FAIL, "the newest start counts");
		is_int(item(checks, "leaks")->state, LR_CHECK_PASS, "no samples are no measure");
		release(&p);
	}
}

static void nothing(void)
{
	struct lr_check checks[LR_CHECKS];
	struct page p = {.page.replay = json_loads("{\"stages\":[],\"pass\":null}", 0, NULL)};

	lr_check_all(checks, &p.page, NULL);
	is_int(lr_check_exit(checks), LR_EXIT_FAILED, "all open: exit 1");
	for (size_t i = 0; i < LR_CHECKS; i++)
		ok(checks[i].state == LR_CHECK_OPEN && checks[i].text[0] && checks[i].next[0],
			"%s: %s", checks[i].name, checks[i].text);
	release(&p);
}

static void shown(void)
{
	struct lr_check checks[LR_CHECKS];
	struct page p = {0};
	char *text = NULL;
	size_t len;

	take(&p, result(METRIC("leak_a", "bytes", "", "64"), "one"));
	lr_check_all(checks, &p.page, NULL);
	json_t *o = lr_check_json(item(checks, "leaks"));
	is_str(json_string_value(json_object_get(o, LR_K_GUIDE)), "Memory grows", "JSON: guide");
	json_decref(o);
	FILE *out = open_memstream(&text, &len);
	lr_check_junit(out, checks);
	fclose(out);
	ok(strstr(text, "tests=\"9\" failures=\"1\" skipped=\"8\""), "JUnit XML");
	free(text);
	release(&p);
}

int main(void)
{
	items();
	baselines();
	files();
	nothing();
	shown();
	return tap_done();
}
