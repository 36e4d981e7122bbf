/*
 * lines.c - operands of a verb about many things, from argv or standard input
 *
 * Lines are handed on as they come, so that a pipe works while its writer still thinks. A
 * line over the limit is read to its end and thrown away: one bad line costs one line.
 */
#include "lib/base/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	char *text; /* the line without its newline, NUL behind it */
	size_t len, room;
	unsigned line; /* number of the line in `text` */
	bool too_long;
};

/* Keeps room for one more byte and the NUL. */
static int widen(struct reader *r)
{
	if (r->len + 1 < r->room)
		return 0;
	size_t room = r->room ? r->room * 2 : 256;
	char *wide = realloc(r->text, room);
	if (!wide)
		return -ENOMEM;
	r->text = wide;
	r->room = room;
	return 0;
}

/* 1: a line, 0: the end, or -errno. */
static int next_line(struct reader *r, FILE *in)
{
	int c;

	r->len = 0;
	r->too_long = false;
	errno = 0;
	while ((c = getc(in)) != EOF && c != '\n') {
		if (widen(r) < 0)
			return -ENOMEM;
		r->too_long = r->len == LR_JSON_LINE_MAX;
		if (!r->too_long)
			r->text[r->len++] = (char)c;
	}
	if (ferror(in))
		return errno ? -errno : -EIO;
	if (c == EOF && r->len == 0)
		return 0;
	if (widen(r) < 0)
		return -ENOMEM;
	r->text[r->len] = '\0';
	r->line++;
	return 1;
}

/* Drops blanks at both ends, and the carriage return of a file from elsewhere. */
static char *trim(struct reader *r)
{
	char *start = r->text + strspn(r->text, " \t");

	while (r->len && strchr(" \t\r", r->text[r->len - 1]))
		r->text[--r->len] = '\0';
	return start;
}

static int json_operand(
	char *text, size_t len, struct lr_operand *op, json_t **value, struct lr_err *err)
{
	bool bad = false;

	*value = lr_json_parse(text, len, err);
	if (!*value)
		return -1;
	op->json = *value;
	op->name = lr_json_str(*value, "peer", &bad);
	if (!op->name)
		op->name = lr_json_str(*value, "public_key", &bad);
	if (bad)
		return lr_err_set(err, LR_EXIT_FAILED, "peer, public_key: must be text");
	return 0;
}

static int one_line(struct reader *r,
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err), void *ctx,
	struct lr_err *err)
{
	struct lr_operand op = {.line = r->line};
	json_t *value = NULL;
	int bad = 0;

	if (r->too_long)
		return lr_err_set(err, LR_EXIT_FAILED, "longer than %u bytes", LR_JSON_LINE_MAX);
	if (strlen(r->text) != r->len)
		return lr_err_set(err, LR_EXIT_FAILED, "has a NUL byte");
	char *text = trim(r);
	if (!*text)
		return 0;
	if (*text == '{')
		bad = json_operand(text, strlen(text), &op, &value, err);
	else
		op.name = text;
	if (!bad)
		bad = each(ctx, &op, err);
	json_decref(value);
	return bad;
}

static bool each_line(struct lr_cli *cli,
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err), void *ctx)
{
	struct reader r = {0};
	bool good = true;
	int got;

	while ((got = next_line(&r, stdin)) > 0) {
		struct lr_err err = {.exit = LR_EXIT_FAILED};
		if (one_line(&r, each, ctx, &err) == 0)
			continue;
		good = false;
		if (err.text[0])
			lr_note(cli->prog, "line %u: %s", r.line, err.text);
	}
	if (got < 0)
		lr_note(cli->prog, "standard input: %s", strerror(-got));
	if (r.text)
		explicit_bzero(r.text, r.room); /* a line may hold keys */
	free(r.text);
	return good && got == 0;
}

int lr_each_operand(struct lr_cli *cli,
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err), void *ctx)
{
	bool good = true;

	for (int i = 0; i < cli->n; i++) {
		struct lr_err err = {.exit = LR_EXIT_FAILED};
		struct lr_operand op = {.name = cli->operands[i]};
		if (strcmp(cli->operands[i], "-") == 0) {
			good = each_line(cli, each, ctx) && good;
			continue;
		}
		if (each(ctx, &op, &err) == 0)
			continue;
		good = false;
		if (err.text[0])
			lr_note(cli->prog, "%s", err.text);
	}
	return good ? LR_EXIT_OK : LR_EXIT_FAILED;
}
