/*
 * gen.c - makes C headers from the JSON files under share/, while the tree is built
 *
 *   lr-gen terms FILE      #define LR_K_PUBLIC_KEY "public_key" for each member
 *   lr-gen defaults FILE   #define LR_DEFAULT_MTU 1420 for each member
 *   lr-gen targets [FILE]  rows of `struct lr_target`; an empty table without a file
 *
 * A header goes to standard output. What is wrong with a file is one line on standard error
 * and exit 1, so that the build stops at it.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *input = "(none)";

__attribute__((noreturn, format(printf, 1, 2))) static void stop(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "lr-gen: %s: ", input);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

/* A member's name must make a macro's name: small letters, digits, underscores. */
static void macro(const char *prefix, const char *name)
{
	if (!islower((unsigned char)name[0]) ||
		name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		stop("'%s': not a name of small letters, digits and '_'", name);
	printf("#define %s", prefix);
	for (; *name; name++)
		putchar(toupper((unsigned char)*name));
	putchar(' ');
}

static void string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			printf("\\%03o", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void value(const char *name, const json_t *v)
{
	if (json_is_string(v))
		string(json_string_value(v));
	else if (json_is_integer(v))
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		printf("%.17g", json_real_value(v));
	else if (json_is_boolean(v))
		fputs(json_is_true(v) ? "true" : "false", stdout);
	else
		stop("%s: neither text nor number nor boolean", name);
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	if (!text)
		stop("'%s' is missing or no text", key);
	return text;
}

static void terms(json_t *root)
{
	const char *name;
	json_t *term;

	json_object_foreach (root, name, term) {
		text_of(term, "type");
		text_of(term, "doc");
		macro("LR_K_", name);
		string(name);
		putchar('\n');
	}
}

static void defaults(json_t *root)
{
	const char *name;
	json_t *v;

	json_object_foreach (root, name, v) {
		macro("LR_DEFAULT_", name);
		value(name, v);
		putchar('\n');
	}
}

static void number_or_nan(const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);

	if (!v)
		stop("%s: '%s' is missing", text_of(row, "name"), key);
	if (!json_is_null(v) && !json_is_number(v))
		stop("%s: '%s' is neither number nor null", text_of(row, "name"), key);
	if (json_is_null(v))
		fputs("NAN, ", stdout);
	else
		printf("%.17g, ", json_number_value(v));
}

static void target(const json_t *row)
{
	static const char *const texts[] = {"name", "what", "unit"};
	static const char *const numbers[] = {"documented", "reached", "ours"};
	const char *better = text_of(row, "better");
	const json_t *stage = json_object_get(row, "stage");

	if (strcmp(better, "lower") != 0 && strcmp(better, "higher") != 0)
		stop("%s: better is '%s', not lower or higher", text_of(row, "name"), better);
	if (!json_is_boolean(stage))
		stop("%s: 'stage' is missing or no boolean", text_of(row, "name"));
	printf("\t{");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		string(text_of(row, texts[i]));
		printf(", ");
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		number_or_nan(row, numbers[i]);
	string(better);
	printf(", %s, ", json_is_true(stage) ? "true" : "false");
	string(text_of(row, "source"));
	printf("},\n");
}

static void targets(json_t *root)
{
	const json_t *rows = json_object_get(root, "targets");
	const json_t *row;
	size_t i;

	if (root && !json_is_array(rows))
		stop("'targets' is missing or no list");
	printf("#include <math.h>\n#include <stdbool.h>\n\n#include \"lib/perf/targets.h\"\n\n"
	       "static const struct lr_target lr_target_table[] = {\n");
	json_array_foreach (rows, i, row)
		target(row);
	printf("};\n");
}

static json_t *load(const char *path)
{
	json_error_t why;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);

	input = path;
	if (!root)
		stop("line %d: %s", why.line, why.text);
	if (!json_is_object(root))
		stop("not an object");
	return root;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(json_t *root);
	} kinds[] = {{"terms", terms}, {"defaults", defaults}, {"targets", targets}};

	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) != 0)
			continue;
		if (argc != 3 && kinds[i].make != targets)
			stop("%s needs one file", argv[1]);
		json_t *root = argc > 2 ? load(argv[2]) : NULL;
		printf("/* Made from %s: edit that. */\n#ifndef LR_GEN_%s\n#define LR_GEN_%s\n\n",
			input, argv[1], argv[1]);
		kinds[i].make(root);
		printf("\n#endif\n");
		json_decref(root);
		if (fflush(stdout) != 0)
			stop("standard output: cannot write");
		return 0;
	}
	stop("usage: lr-gen terms|defaults|targets FILE");
}
