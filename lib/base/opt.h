/*
 * opt.h - the command line from one table
 *
 * A program describes itself in a `struct lr_prog`: options, verbs, exit codes. From
 * that one table come parsing (GNU getopt_long: permuted, --opt=value, --), --help,
 * --version, the errors for what a user mistypes (with the nearest right name), and the
 * completion scripts (`PROGRAM --print-completion=bash|zsh|fish`, not in --help). The
 * manual is held against --help by a test.
 */
#ifndef LR_BASE_OPT_H
#define LR_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

enum lr_opt_kind {
	LR_OPT_FLAG,  /* bool: present or not */
	LR_OPT_TEXT,  /* const char *: the last one given wins */
	LR_OPT_MAYBE, /* const char *: "" when it is given without its value; no short name */
	LR_OPT_INT,   /* long, min..max */
	LR_OPT_REAL,  /* double, min..max */
	LR_OPT_COUNT, /* unsigned: how often it was given (-v -v) */
	LR_OPT_LIST,  /* struct lr_opt_list: may be given several times; all are kept */
};

#define LR_OPT_LIST_MAX 16 /* a further one is an error */
struct lr_opt_list {
	const char *v[LR_OPT_LIST_MAX];
	unsigned n;
};

struct lr_opt {
	const char *name; /* long name without dashes; NULL ends a table */
	char letter;      /* short name or 0 */
	enum lr_opt_kind kind;
	const char *arg;      /* name of the value in help, "FILE", "N"; NULL for FLAG and COUNT */
	const char *help;     /* one line, lower case, no full stop */
	size_t offset;        /* where in the program's argument struct the value goes */
	long min, max;        /* INT and REAL: the allowed range, when max > min */
	const char *complete; /* "file", "iface", "peer", "game", or words "a b"; NULL: nothing */
};

struct lr_cli {
	const struct lr_prog *prog;
	const struct lr_verb *verb; /* NULL when the program has none */
	void *args;                 /* the program's argument struct */
	int n;                      /* operands behind options and verb */
	char **operands;            /* NULL-terminated */
	struct lr_err err;          /* what run() may fill; printed as "prog: text" */
};

/* `run` returns an exit code, or a negative value: then it is cli->err.exit (`return
 * lr_err_set(&cli->err, ...)`). A text in cli->err is printed either way. */
struct lr_verb {
	const char *name;               /* NULL ends a table */
	const char *operands;           /* for help: "NAME...", "[PEER]" or "" */
	const char *help;               /* one line */
	const struct lr_opt *opts;      /* the verb's own options, or NULL */
	int min, max;                   /* how many operands; max -1: any number */
	int (*run)(struct lr_cli *cli); /* see above */
	const char *complete;           /* what its operands are, as in lr_opt */
};

struct lr_exit_note {
	enum lr_exit code;
	const char *meaning; /* NULL ends a table */
};

struct lr_prog {
	const char *name;               /* "lr-ipam" */
	const char *summary;            /* one line for --help */
	const char *usage;              /* "[OPTION]... VERB [NAME]..." behind the name */
	const struct lr_opt *opts;      /* for all verbs; --help and --version are added */
	const struct lr_verb *verbs;    /* or NULL */
	int (*run)(struct lr_cli *cli); /* programs without verbs */
	int min, max;                   /* operands of a program without verbs */
	const struct lr_exit_note *exits;
	const char *examples; /* lines for --help, or NULL */
	size_t args_size;     /* sizeof the argument struct; zeroed, then `defaults` called */
	void (*defaults)(void *args); /* or NULL */
};

/* Parses, runs, prints the error if there is one, flushes stdout, returns the exit code.
 * A failed write to stdout is exit 1 with an error, but a closed pipe (EPIPE) ends silently:
 * SIGPIPE is left at its default. Options of the program may stand before or after the verb. */
int lr_opt_main(const struct lr_prog *prog, int argc, char **argv);

/* "lr-peer: what: why\n" to stderr for a failure that does not end the program (a bad line of
 * standard input, a note). */
void lr_note(const struct lr_prog *prog, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
