/*
 * opt_help.c - --help, from the same table that parses
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/opt_table.h"

#define LEFT_MAX 34 /* a longer left side gets its text on the next line */

static bool took(const struct lr_opt *opts, char letter, const struct lr_opt *but)
{
	lr_opt_foreach(o, opts) if (o->letter == letter && o != but) return true;
	return false;
}

char lr_opt_letter(const struct lr_prog *prog, const struct lr_verb *verb, const struct lr_opt *o)
{
	if (!o->letter)
		return 0;
	if (verb && took(verb->opts, o->letter, o))
		return 0;
	lr_opt_foreach(b, lr_opt_builtin) if (b == o && took(prog->opts, o->letter, o)) return 0;
	return o->letter;
}

static void opt_left(const struct lr_prog *prog, const struct lr_verb *verb, const struct lr_opt *o,
	char out[80])
{
	char letter = lr_opt_letter(prog, verb, o);
	char dash[8] = "    ";

	if (letter)
		snprintf(dash, sizeof(dash), "-%c, ", letter);
	const char *arg = o->arg ? o->arg : "VALUE";
	bool maybe = o->kind == LR_OPT_MAYBE, value = maybe || lr_opt_has_value(o);
	snprintf(out, 80, "%s--%s%s%s%s", dash, o->name,
		maybe   ? "[="
		: value ? "="
			: "",
		value ? arg : "", maybe ? "]" : "");
}

static void verb_left(const struct lr_verb *v, char out[80])
{
	const char *operands = v->operands ? v->operands : "";

	snprintf(out, 80, "%s%s%s", v->name, *operands ? " " : "", operands);
}

static void wider(int *width, const char *left)
{
	int len = (int)strlen(left);

	if (len <= LEFT_MAX && len > *width)
		*width = len;
}

static void row(FILE *out, int width, const char *left, const char *text)
{
	if ((int)strlen(left) > width)
		fprintf(out, "  %s\n  %*s  %s\n", left, width, "", text);
	else
		fprintf(out, "  %-*s  %s\n", width, left, text);
}

static void opt_rows(FILE *out, const struct lr_prog *prog, const struct lr_verb *verb,
	const struct lr_opt *opts, int width)
{
	char left[80];

	lr_opt_foreach(o, opts)
	{
		if (lr_opt_hidden(o))
			continue;
		opt_left(prog, verb, o, left);
		row(out, width, left, o->help);
	}
}

static int opts_width(const struct lr_prog *prog, const struct lr_verb *verb,
	const struct lr_opt *opts, int width)
{
	char left[80];

	lr_opt_foreach(o, opts)
	{
		if (lr_opt_hidden(o))
			continue;
		opt_left(prog, verb, o, left);
		wider(&width, left);
	}
	return width;
}

/* One width for all lists of one help. */
static int all_width(const struct lr_prog *prog, const struct lr_verb *verb)
{
	int width = opts_width(prog, verb, prog->opts, 0);
	char left[80];

	width = opts_width(prog, verb, lr_opt_builtin, width);
	if (verb)
		return opts_width(prog, verb, verb->opts, width);
	lr_verb_foreach(v, prog)
	{
		verb_left(v, left);
		wider(&width, left);
		width = opts_width(prog, v, v->opts, width);
	}
	return width;
}

static void exits(FILE *out, const struct lr_prog *prog)
{
	if (!prog->exits)
		return;
	fprintf(out, "\nExit codes:\n");
	for (const struct lr_exit_note *x = prog->exits; x->meaning; x++)
		fprintf(out, "  %-2d  %s\n", (int)x->code, x->meaning);
}

static void examples(FILE *out, const struct lr_prog *prog)
{
	const char *line = prog->examples;

	if (!line)
		return;
	fprintf(out, "\nExamples:\n");
	while (*line) {
		int len = (int)strcspn(line, "\n");
		const char *indent = len && *line != ' ' ? "  " : "";
		fprintf(out, "%s%.*s\n", indent, len, line);
		line += len + (line[len] == '\n');
	}
}

static void verb_help(const struct lr_prog *prog, const struct lr_verb *verb, FILE *out)
{
	int width = all_width(prog, verb);
	char left[80];

	verb_left(verb, left);
	fprintf(out, "Usage: %s [OPTION]... %s\n%s\n", prog->name, left, verb->help);
	if (verb->opts && verb->opts->name) {
		fprintf(out, "\nOptions of %s:\n", verb->name);
		opt_rows(out, prog, verb, verb->opts, width);
	}
	fprintf(out, "\nOptions:\n");
	opt_rows(out, prog, verb, prog->opts, width);
	opt_rows(out, prog, verb, lr_opt_builtin, width);
	exits(out, prog);
}

void lr_opt_help(const struct lr_prog *prog, const struct lr_verb *verb, FILE *out)
{
	char left[80];

	if (verb) {
		verb_help(prog, verb, out);
		return;
	}
	int width = all_width(prog, NULL);
	fprintf(out, "Usage: %s %s\n%s\n", prog->name, prog->usage, prog->summary);
	fprintf(out, "\nOptions:\n");
	opt_rows(out, prog, NULL, prog->opts, width);
	opt_rows(out, prog, NULL, lr_opt_builtin, width);
	if (prog->verbs)
		fprintf(out, "\nVerbs:\n");
	lr_verb_foreach(v, prog)
	{
		verb_left(v, left);
		row(out, width, left, v->help);
	}
	lr_verb_foreach(v, prog)
	{
		if (!v->opts || !v->opts->name)
			continue;
		fprintf(out, "\nOptions of %s:\n", v->name);
		opt_rows(out, prog, v, v->opts, width);
	}
	exits(out, prog);
	examples(out, prog);
}
