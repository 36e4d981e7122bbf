/*
 * lines.h - operands of a verb about many things: names from argv, or lines from standard
 * input for the operand "-" (a line that begins with '{' is JSON, else a name)
 */
#ifndef LR_BASE_LINES_H
#define LR_BASE_LINES_H

#include "lib/base/json.h"
#include "lib/base/opt.h"

struct lr_operand {
	const char *name;   /* the name as given, or the object's "peer" else "public_key" member;
			     * NULL when the object has neither */
	const json_t *json; /* the object, or NULL for a plain name */
	unsigned line;      /* 1-based line of standard input, 0 for argv */
};

/* Calls `each` for every operand. When it returns non-zero and wrote err->text, the text is
 * printed to stderr (prefixed "line N: " for standard input), the rest is still done and the
 * result is LR_EXIT_FAILED; LR_EXIT_OK when all went well. Bad lines count the same. Empty
 * lines are skipped. Lines over LR_JSON_LINE_MAX or with a NUL byte are bad lines. */
int lr_each_operand(struct lr_cli *cli,
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err), void *ctx);
/* The same, and calls `idle` (its errors count like those of `each`) before every wait for more of
 * standard input and once at the end: so that what came at once can be done as one batch, and
 * nothing is held back while a slow pipe is silent. */
int lr_each_operand_idle(struct lr_cli *cli,
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err),
	int (*idle)(void *ctx, struct lr_err *err), void *ctx);

#endif
