/* base_json.c - what is accepted as JSON, what is written */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "t/unit/tap.h"

static json_t *parse(const char *text, struct lr_err *err)
{
	*err = (struct lr_err){0};
	return lr_json_parse(text, strlen(text), err);
}

static void refused(void)
{
	static const struct {
		const char *text;
		const char *begins; /* the error's beginning */
	} cases[] = {
		{"", "column "},
		{"{\"a\":1} x", "column 9: end of file expected"},
		{"{\"a\":1}{}", "column 8: end of file expected"},
		{"{\"a\":1,\"a\":2}", "column 10: duplicate object key"},
		{"{\"a\":", "column 5: "},
		{"{a:1}", "column 2: "},
		{"[1,]", "column 4: "},
		{"{\"a\":1e999}", "column 10: real number overflow"},
		{"{\"a\":99999999999999999999}", "column 25: too big integer"},
		{"\"\\u0000\"", "column 8: \\u0000 is not allowed"},
		{"\"\xff\"", "column "},
		{"\n\n{,", "line 3, column 2: "},
		{"NaN", "column "},
		{"'a'", "column "},
	};
	struct lr_err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *v = parse(cases[i].text, &err);
		bool good = !v && strncmp(err.text, cases[i].begins, strlen(cases[i].begins)) == 0;
		if (!ok(good, "refused: %zu", i))
			printf("# %s\n", err.text);
		json_decref(v);
	}
	ok(parse("{\"a\033\n\":}", &err) == NULL && !strpbrk(err.text, "\033\n"),
		"an error holds no control bytes");
	ok(lr_json_parse("{\"a\":1}\0x", 9, &err) == NULL, "a NUL byte behind the value");
}

static void limits(void)
{
	char text[200];
	struct lr_err err;
	json_t *v;

	for (int deep = 32; deep <= 33; deep++) {
		memset(text, '[', (size_t)deep);
		memset(text + deep, ']', (size_t)deep);
		text[2 * deep] = '\0';
		v = parse(text, &err);
		ok((v != NULL) == (deep == 32), "depth %d", deep);
		json_decref(v);
	}
	is_str(err.text, "nested deeper than 32", "too deep is said so");
	memset(text, '[', 40);
	snprintf(text + 40, sizeof(text) - 40, "\"");
	text[0] = '"';
	v = parse(text, &err);
	ok(json_is_string(v), "brackets in a string are text");
	json_decref(v);
	v = parse("[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]", &err);
	ok(json_is_array(v), "behind an escaped quote too");
	json_decref(v);

	char *big = malloc(LR_JSON_LINE_MAX + 2);
	memset(big, ' ', LR_JSON_LINE_MAX + 2);
	memcpy(big, "{}", 2);
	v = lr_json_parse(big, LR_JSON_LINE_MAX, &err);
	ok(v != NULL, "the longest line");
	json_decref(v);
	ok(!lr_json_parse(big, LR_JSON_LINE_MAX + 1, &err), "one byte more");
	is_str(err.text, "longer than 1048576 bytes", "is too long");
	free(big);
	for (const char *const *s = (const char *const[]){"1", "null", "\"x\"", "[]", "true", NULL};
		*s; s++) {
		v = parse(*s, &err);
		ok(v != NULL, "any value: %s", *s);
		json_decref(v);
	}
}

static void members(void)
{
	struct lr_err err;
	json_t *v = parse("{\"s\":\"t\",\"i\":-7,\"b\":true,\"n\":null,\"r\":1.0}", &err);
	bool bad = false;

	is_str(lr_json_str(v, "s", &bad), "t", "text");
	is_int(lr_json_int(v, "i", 1, &bad), -7, "integer");
	is_int(lr_json_bool(v, "b", false, &bad), true, "boolean");
	ok(!lr_json_str(v, "n", &bad) && !lr_json_str(v, "x", &bad), "null and absent text");
	is_int(lr_json_int(v, "n", 5, &bad) + lr_json_int(v, "x", 6, &bad), 11, "default integer");
	ok(lr_json_bool(v, "n", true, &bad) && !lr_json_bool(v, "x", false, &bad), "default bool");
	ok(!bad, "none of these is wrong");
	ok(!lr_json_str(v, "i", &bad) && bad, "a number is no text");
	bad = false;
	is_int(lr_json_int(v, "r", 9, &bad), 9, "a real is no integer");
	ok(bad, "and it is told");
	bad = false;
	ok(lr_json_bool(v, "s", true, &bad) && bad, "text is no boolean");
	bad = false;
	is_int(lr_json_int(json_object_get(v, "s"), "a", 4, &bad), 4, "text has no members");
	json_decref(v);
}

static void written(void)
{
	json_t *o = json_object();

	lr_json_put_str(o, "z", "\xc3\xa9\n\"");
	lr_json_put_str(o, "none", NULL);
	lr_json_put_str(o, "odd",
		"a\xff"
		"b");
	lr_json_put_int(o, "i", INT64_MIN);
	lr_json_put_real(o, "r", 0.1);
	lr_json_put_real(o, "inf", INFINITY);
	lr_json_put_real(o, "nan", NAN);
	lr_json_put_bool(o, "b", false);
	lr_json_put(o, "l", json_pack("[i]", 1));
	lr_json_put(o, "lost", NULL);
	lr_json_put_int(o, "z", 1);
	char *text = lr_json_text(o);
	is_str(text,
		"{\"z\":1,\"none\":null,\"odd\":\"a?b\",\"i\":-9223372036854775808,\"r\":0.1,"
		"\"inf\":null,\"nan\":null,\"b\":false,\"l\":[1],\"lost\":null}",
		"compact, in the order of setting, nothing left out");
	free(text);
	lr_json_put_str(o, "z", "\xc3\xa9\n\"\033");
	text = lr_json_text(json_object_get(o, "z"));
	is_str(text, "\"\xc3\xa9\\n\\\"\\u001B\"", "UTF-8 as it is, control bytes escaped");
	free(text);
	json_decref(o);
}

static void lines(void)
{
	char *buf = NULL;
	size_t len = 0;
	json_t *o = json_pack("{s:i}", "a", 1);
	FILE *mem = open_memstream(&buf, &len);

	is_int(lr_json_line(mem, o), 0, "a line");
	is_str(buf, "{\"a\":1}\n", "ends with a newline, flushed before the file is closed");
	fclose(mem);
	free(buf);
	FILE *full = fopen("/dev/full", "w");
	is_int(lr_json_line(full, o), -ENOSPC, "a full disk is told");
	fclose(full);
	int fd[2];
	ok(pipe(fd) == 0, "a pipe");
	FILE *in = fdopen(fd[1], "w");
	is_int(lr_json_line(in, json_false()), 0, "into it");
	char got[16] = "";
	ok(read(fd[0], got, sizeof(got)) == 6, "arrives at once");
	is_str(got, "false\n", "whole");
	fclose(in);
	close(fd[0]);
	json_decref(o);
}

int main(void)
{
	refused();
	limits();
	members();
	written();
	lines();
	return tap_done();
}
