/*
 * opt.c - the command line from one table: parsing, running, and what is told when it is wrong
 *
 * Theory of operation: words before the verb are parsed with the program's options only and
 * stop at the first operand, which is the verb; words behind it are parsed with the verb's
 * and the program's options, permuted. Where both have a name, the verb's wins.
 */
#include "lib/base/opt.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/opt_table.h"
#include "lib/base/text.h"

#define OPTS_MAX 96  /* options at one place; a program with more is no longer one job */
#define LONG_VAL 256 /* getopt's value of opts[i] is LONG_VAL + i, above every letter */
#define SHOWN    "%.80s"

enum { OPT_HELP, OPT_VERSION, OPT_COMPLETION };
const struct lr_opt lr_opt_builtin[] = {
	[OPT_HELP] = {"help", 'h', LR_OPT_FLAG, .help = "show this help and exit"},
	[OPT_VERSION] = {"version", 'V', LR_OPT_FLAG, .help = "show the version and exit"},
	[OPT_COMPLETION] = {"print-completion", 0, LR_OPT_TEXT, "SHELL", .help = NULL},
	{0},
};

struct parse {
	const struct lr_prog *prog;
	const struct lr_verb *verb; /* as soon as it is known */
	struct lr_cli cli;
	const struct lr_opt *opts[OPTS_MAX];
	size_t n;
	struct option longs[OPTS_MAX + 1];
	char shorts[2 + 2 * OPTS_MAX + 1];
	const struct lr_opt *shown; /* the built-in option that ended the parsing */
	const char *shell;          /* value of --print-completion */
};

/* What came of the words: go on, an error is in cli.err, or a built-in option was met. */
enum step { STEP_ON, STEP_ERROR, STEP_SHOW };

__attribute__((format(printf, 2, 3))) static enum step usage(struct parse *p, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lr_err_set(&p->cli.err, LR_EXIT_USAGE, "%s (try '%s%s%s --help')", text, p->prog->name,
		p->verb ? " " : "", p->verb ? p->verb->name : "");
	return STEP_ERROR;
}

static enum step unknown_verb(struct parse *p, const char *typed)
{
	struct lr_near near = {.typed = typed};

	lr_verb_foreach(v, p->prog) lr_opt_consider(&near, v->name);
	if (near.best)
		return usage(p, SHOWN ": unknown verb, did you mean '%s'?", typed, near.best);
	return usage(p, SHOWN ": unknown verb", typed);
}

static bool has_long(const struct lr_opt *opts, const char *name)
{
	lr_opt_foreach(o, opts) if (strcmp(o->name, name) == 0) return true;
	return false;
}

static bool is_verbs_option(const struct lr_prog *prog, const char *name)
{
	lr_verb_foreach(v, prog) if (has_long(v->opts, name)) return true;
	return false;
}

/* `word` is "--name" or "--name=value": unknown, or the beginning of several names. */
static enum step unknown_long(struct parse *p, const char *word)
{
	char name[LR_WORD_MAX + 2];
	size_t len = strcspn(word + 2, "=");
	struct lr_near near = {.typed = name};

	snprintf(name, sizeof(name), "%.*s", (int)(len > LR_WORD_MAX ? LR_WORD_MAX + 1 : len),
		word + 2);
	for (size_t i = 0; i < p->n; i++)
		if (!lr_opt_hidden(p->opts[i]))
			lr_opt_consider(&near, p->opts[i]->name);
	if (near.best)
		return usage(p, "--%s: unknown option, did you mean '--%s'?", name, near.best);
	if (!p->verb && is_verbs_option(p->prog, name))
		return usage(p, "--%s: belongs behind the verb", name);
	return usage(p, "--%s: unknown option", name);
}

static const struct lr_opt *by_value(const struct parse *p, int val)
{
	if (val >= LONG_VAL)
		return p->opts[val - LONG_VAL];
	for (size_t i = 0; i < p->n; i++)
		if (p->opts[i]->letter == val)
			return p->opts[i];
	return NULL;
}

/* getopt_long said '?': optopt is 0 for an unknown long option, a known one's value when it
 * was given an argument that it does not take, else an unknown letter. */
static enum step unknown_option(struct parse *p, char **argv)
{
	if (optopt == 0)
		return unknown_long(p, argv[optind - 1]);
	if (optopt >= LONG_VAL)
		return usage(p, "--%s: takes no value", by_value(p, optopt)->name);
	return usage(p, "-%c: unknown option", optopt);
}

static enum step take_int(struct parse *p, const struct lr_opt *o, const char *text)
{
	long *out = (long *)((char *)p->cli.args + o->offset);
	char *end;

	errno = 0;
	long v = strtol(text, &end, 10);
	bool number = *text && !*end && strchr("+-0123456789", *text);
	bool ranged = o->max > o->min;
	if (number && errno == 0 && (!ranged || (v >= o->min && v <= o->max))) {
		*out = v;
		return STEP_ON;
	}
	if (ranged)
		return usage(p, "--%s: '" SHOWN "' is not a whole number from %ld to %ld", o->name,
			text, o->min, o->max);
	return usage(p, "--%s: '" SHOWN "' is not a whole number%s", o->name, text,
		number ? " that fits" : "");
}

static enum step take_real(struct parse *p, const struct lr_opt *o, const char *text)
{
	double *out = (double *)((char *)p->cli.args + o->offset);
	char *end;
	double v = strtod(text, &end);
	bool number = *text && !*end && !text[strspn(text, "+-.0123456789eE")] && isfinite(v);

	if (number && (o->max <= o->min || (v >= (double)o->min && v <= (double)o->max))) {
		*out = v;
		return STEP_ON;
	}
	if (o->max > o->min)
		return usage(p, "--%s: '" SHOWN "' is not a number from %ld to %ld", o->name, text,
			o->min, o->max);
	return usage(p, "--%s: '" SHOWN "' is not a number", o->name, text);
}

static enum step take_list(struct parse *p, const struct lr_opt *o, const char *text)
{
	struct lr_opt_list *list = (struct lr_opt_list *)((char *)p->cli.args + o->offset);

	if (list->n == LR_OPT_LIST_MAX)
		return usage(p, "--%s: given more than %d times", o->name, LR_OPT_LIST_MAX);
	list->v[list->n++] = text;
	return STEP_ON;
}

static enum step take_option(struct parse *p, const struct lr_opt *o, const char *value)
{
	char *to = (char *)p->cli.args + o->offset;

	if (o >= lr_opt_builtin && o <= lr_opt_builtin + OPT_COMPLETION) {
		p->shown = o;
		p->shell = value;
		return STEP_SHOW;
	}
	switch (o->kind) {
	case LR_OPT_FLAG:
		*(bool *)to = true;
		return STEP_ON;
	case LR_OPT_COUNT:
		++*(unsigned *)to;
		return STEP_ON;
	case LR_OPT_TEXT:
		*(const char **)to = value;
		return STEP_ON;
	case LR_OPT_MAYBE:
		*(const char **)to = value ? value : "";
		return STEP_ON;
	case LR_OPT_INT:
		return take_int(p, o, value);
	case LR_OPT_REAL:
		return take_real(p, o, value);
	case LR_OPT_LIST:
		return take_list(p, o, value);
	}
	return STEP_ON;
}

static void add_opts(struct parse *p, const struct lr_opt *opts)
{
	char *s = p->shorts + strlen(p->shorts);

	lr_opt_foreach(o, opts)
	{
		assert(p->n < OPTS_MAX);
		p->longs[p->n] = (struct option){.name = o->name,
			.has_arg = lr_opt_has_value(o)       ? required_argument
				   : o->kind == LR_OPT_MAYBE ? optional_argument
							     : no_argument,
			.val = LONG_VAL + (int)p->n};
		p->opts[p->n++] = o;
		if (!o->letter || strchr(p->shorts + 1, o->letter))
			continue;
		*s++ = o->letter;
		if (lr_opt_has_value(o))
			*s++ = ':';
	}
}

/* Parses argv[1..]. With `first`, stops at the first operand. optind is behind the options. */
static enum step options(struct parse *p, int argc, char **argv, bool first)
{
	enum step step = STEP_ON;

	p->n = 0;
	memset(p->longs, 0, sizeof(p->longs));
	memset(p->shorts, 0, sizeof(p->shorts));
	snprintf(p->shorts, sizeof(p->shorts), "%s", first ? "+:" : ":");
	if (p->verb)
		add_opts(p, p->verb->opts);
	add_opts(p, p->prog->opts);
	add_opts(p, lr_opt_builtin);
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while (step == STEP_ON) {
		int c = getopt_long(argc, argv, p->shorts, p->longs, NULL);
		if (c == -1)
			break;
		if (c == '?')
			step = unknown_option(p, argv);
		else if (c == ':')
			step = usage(p, "--%s: needs a value", by_value(p, optopt)->name);
		else
			step = take_option(p, by_value(p, c), optarg);
	}
	return step;
}

static enum step find_verb(struct parse *p, const char *typed)
{
	lr_verb_foreach(v, p->prog)
	{
		if (strcmp(v->name, typed) == 0) {
			p->verb = v;
			return STEP_ON;
		}
	}
	return unknown_verb(p, typed);
}

static enum step no_verb(struct parse *p)
{
	char names[200] = "";
	size_t len = 0;

	lr_verb_foreach(v, p->prog) if (len + strlen(v->name) + 3 < sizeof(names)) len +=
		(size_t)snprintf(
			names + len, sizeof(names) - len, "%s%s", len ? ", " : "", v->name);
	return usage(p, "verb is missing: one of %s", names);
}

static enum step count_operands(struct parse *p)
{
	int min = p->verb ? p->verb->min : p->prog->min;
	int max = p->verb ? p->verb->max : p->prog->max;
	const char *what = p->verb ? p->verb->operands : NULL;

	if (p->cli.n < min && what)
		return usage(p, "%s: operand is missing: %s", p->verb->name, what);
	if (p->cli.n < min)
		return usage(p, "operand is missing: usage is %s %.*s", p->prog->name,
			(int)strcspn(p->prog->usage, "\n"), p->prog->usage);
	if (max >= 0 && p->cli.n > max)
		return usage(p, SHOWN ": one operand too many", p->cli.operands[max]);
	return STEP_ON;
}

static enum step words(struct parse *p, int argc, char **argv)
{
	enum step step = options(p, argc, argv, p->prog->verbs != NULL);

	if (step == STEP_ON && p->prog->verbs) {
		argc -= optind;
		argv += optind;
		if (argc == 0)
			return no_verb(p);
		step = find_verb(p, argv[0]);
		if (step == STEP_ON)
			step = options(p, argc, argv, false);
	}
	if (step != STEP_ON)
		return step;
	p->cli.verb = p->verb;
	p->cli.n = argc - optind;
	p->cli.operands = argv + optind;
	return count_operands(p);
}

static int show(struct parse *p)
{
	if (p->shown == &lr_opt_builtin[OPT_HELP]) {
		lr_opt_help(p->prog, p->verb, stdout);
	} else if (p->shown == &lr_opt_builtin[OPT_VERSION]) {
		printf("%s %s\n", p->prog->name, LR_VERSION);
	} else if (lr_opt_completion(p->prog, p->shell, stdout) < 0) {
		usage(p, "--print-completion: '" SHOWN "' is not bash, zsh or fish", p->shell);
		return LR_EXIT_USAGE;
	}
	return LR_EXIT_OK;
}

/* A reader that went away shows as POLLERR even when stdio forgot why a write failed. */
static bool reader_is_gone(void)
{
	struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR);
}

/* Flushes stdout and tells what went wrong, once. The exit code. */
static int finish(struct parse *p, int code)
{
	errno = 0;
	bool lost = fflush(stdout) != 0 || ferror(stdout);
	int why = errno;

	if (p->cli.err.text[0])
		lr_note(p->prog, "%s", p->cli.err.text);
	if (!lost)
		return code;
	if (why != EPIPE && !reader_is_gone())
		lr_note(p->prog, "standard output: %s", strerror(why ? why : EIO));
	return code == LR_EXIT_OK ? LR_EXIT_FAILED : code;
}

int lr_opt_main(const struct lr_prog *prog, int argc, char **argv)
{
	struct parse p = {.prog = prog, .cli = {.prog = prog, .err.exit = LR_EXIT_FAILED}};
	int code = LR_EXIT_FAILED;

	p.cli.args = calloc(1, prog->args_size ? prog->args_size : 1);
	if (!p.cli.args) {
		lr_err_set(&p.cli.err, LR_EXIT_FAILED, "out of memory");
		goto out;
	}
	if (prog->defaults)
		prog->defaults(p.cli.args);
	switch (words(&p, argc, argv)) {
	case STEP_ERROR:
		code = LR_EXIT_USAGE;
		break;
	case STEP_SHOW:
		code = show(&p);
		break;
	case STEP_ON:
		code = (p.verb ? p.verb->run : prog->run)(&p.cli);
		if (code < 0) /* `return lr_err_set(&cli->err, ...)` */
			code = (int)p.cli.err.exit;
		break;
	}
out:
	code = finish(&p, code);
	free(p.cli.args);
	return code;
}

void lr_note(const struct lr_prog *prog, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lr_text_clean(text, true);
	fflush(stdout); /* what was printed before stands before */
	fprintf(stderr, "%s: %s\n", prog->name, text);
}
