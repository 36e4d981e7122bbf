/*
 * opt_table.h - what the three files behind opt.h share: the walk over all options that
 * count at one place of the command line
 */
#ifndef LR_BASE_OPT_TABLE_H
#define LR_BASE_OPT_TABLE_H

#include <stdio.h>

#include "lib/base/opt.h"

/* --help, --version and the hidden --print-completion, ended by a NULL name. */
extern const struct lr_opt lr_opt_builtin[];

/* Goes through a table. `opts` may be NULL. */
#define lr_opt_foreach(o, opts)  for (const struct lr_opt *o = (opts); o && o->name; o++)
#define lr_verb_foreach(v, prog) for (const struct lr_verb *v = (prog)->verbs; v && v->name; v++)

/* One that must have a value: the next word, if need be. */
static inline bool lr_opt_has_value(const struct lr_opt *o)
{
	return o->kind == LR_OPT_TEXT || o->kind == LR_OPT_INT || o->kind == LR_OPT_REAL ||
	       o->kind == LR_OPT_LIST;
}
/* The hidden one is in no help and no completion. */
static inline bool lr_opt_hidden(const struct lr_opt *o)
{
	return o->help == NULL;
}
/* Its short name, or 0 when an option of `prog` or `verb` (may be NULL) took the letter. */
char lr_opt_letter(const struct lr_prog *prog, const struct lr_verb *verb, const struct lr_opt *o);

#define LR_WORD_MAX 32 /* names longer than this have no near one */

/* What was typed, and the nearest of the names considered so far. */
struct lr_near {
	const char *typed;
	const char *best; /* NULL: none is near */
	unsigned edits;
};
/* Remembers `name` when it is nearer: at most 2 edits away, and fewer than were typed. */
void lr_opt_consider(struct lr_near *near, const char *name);

/* --help of the program, or of one verb. */
void lr_opt_help(const struct lr_prog *prog, const struct lr_verb *verb, FILE *out);
/* The completion script. 0, or -EINVAL for another shell than bash, zsh, fish. */
int lr_opt_completion(const struct lr_prog *prog, const char *shell, FILE *out);

#endif
