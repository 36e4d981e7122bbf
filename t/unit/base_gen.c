/* base_gen.c - the generator of headers: what it makes, what it refuses */
#include <limits.h>

#include "defaults.h"
#include "terms.h"
#include "t/unit/base_run.h"
#include "t/unit/tap.h"

static char dir[] = "/tmp/lr-gen-XXXXXX";

struct call {
	const char *kind, *file;
};

static int gen(void *ctx)
{
	const struct call *c = ctx;

	execl("build/gen/lr-gen", "lr-gen", c->kind, c->file, NULL);
	return 99;
}

/* Runs the generator over `text`, or without a file when it is NULL. */
static void run_gen(struct run *r, const char *kind, const char *text)
{
	char path[100];
	struct call c = {kind, text ? path : NULL};

	snprintf(path, sizeof(path), "%s/in.json", dir);
	FILE *f = fopen(path, "w");
	if (!f || fputs(text ? text : "", f) < 0 || fclose(f) != 0)
		exit(1);
	run_fn(r, gen, &c, "", 0, -1);
}

static void made(void)
{
	static const struct {
		const char *kind, *text, *want;
	} cases[] = {
		{"terms", "{\"rtt_us\":{\"type\":\"number\",\"doc\":\"d\"}}",
			"#define LR_K_RTT_US \"rtt_us\"\n"},
		{"defaults", "{\"a\":\"x\\\"\\\\\\n?\",\"b2\":-7,\"c\":true,\"d\":0.5}",
			"#define LR_DEFAULT_A \"x\\\"\\\\\\012?\"\n#define LR_DEFAULT_B2 -7\n"
			"#define LR_DEFAULT_C true\n#define LR_DEFAULT_D 0.5\n"},
		{"targets",
			"{\"targets\":[{\"name\":\"n\",\"what\":\"w\",\"unit\":\"ns\","
			"\"documented\":"
			"100,\"reached\":null,\"ours\":0.25,\"better\":\"lower\",\"stage\":true,"
			"\"source\":\"s\"}]}",
			"\t{\"n\", \"w\", \"ns\", 100, NAN, 0.25, \"lower\", true, \"s\"},\n};\n"},
		{"targets", NULL, "lr_target_table[] = {\n};\n"},
	};
	struct run r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run_gen(&r, cases[i].kind, cases[i].text);
		ok(r.code == 0 && !r.err[0], "%s %zu: made", cases[i].kind, i);
		if (!ok(strstr(r.out, cases[i].want) != NULL, "as it should be"))
			printf("# %s\n", r.out);
	}
}

static void refused(void)
{
	static const struct {
		const char *kind, *text, *want;
	} cases[] = {
		{"terms", "{\"Rtt\":{\"type\":\"number\",\"doc\":\"d\"}}",
			"'Rtt': not a name of small letters, digits and '_'"},
		{"terms", "{\"a\":{\"type\":\"number\"}}", "'doc' is missing or no text"},
		{"terms", "{\"a\":1,\"a\":2}", "line 1: duplicate object key"},
		{"terms", "[]", "not an object"},
		{"terms", "{", "line 1: "},
		{"defaults", "{\"a\":null}", "a: neither text nor number nor boolean"},
		{"targets", "{}", "'targets' is missing or no list"},
		{"targets", "{\"targets\":[{}]}", "'better' is missing or no text"},
		{"targets",
			"{\"targets\":[{\"name\":\"n\",\"what\":\"w\",\"unit\":\"u\","
			"\"documented\":1,"
			"\"reached\":1,\"better\":\"lower\",\"stage\":true,\"source\":\"s\"}]}",
			"n: 'ours' is missing"},
		{"targets", "{\"targets\":[{\"name\":\"n\",\"better\":\"more\"}]}",
			"n: better is 'more', not lower or higher"},
		{"nonsense", "{}", "usage: lr-gen terms|defaults|targets FILE"},
	};
	struct run r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run_gen(&r, cases[i].kind, cases[i].text);
		is_int(r.code, 1, "refused");
		if (!ok(strstr(r.err, cases[i].want) && strchr(r.err, '\n')[1] == '\0',
			    "in one line"))
			printf("# %s\n", r.err);
	}
}

int main(void)
{
	is_str(LR_K_PUBLIC_KEY, "public_key", "a term is its own text");
	is_str(LR_DEFAULT_POOL, "10.66.0.0/16", "a default that is text");
	is_int(LR_DEFAULT_LISTEN_PORT, 51820, "a default that is a number");
	if (!mkdtemp(dir))
		return 1;
	made();
	refused();
	run_remove(dir);
	return tap_done();
}
