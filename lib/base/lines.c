/*
 * lines.c - operands of a verb about many things, from argv or standard input
 *
 * Lines are handed on as they come, so that a pipe works while its writer still thinks. A
 * line over the limit is read to its end and thrown away: one bad line costs one line.
 *
 * Reading is by read(2), because the caller is told before we wait (`idle`), and stdio does not
 * say when it would. A writer that is only a moment slower than we are gets GRACE_MS.
 */
#include "lib/base/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terms.h"

#define GRACE_MS 2

/* What the caller of lr_each_operand_idle wants done. */
struct work {
	const struct lr_prog *prog;
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err);
	int (*idle)(void *ctx, struct lr_err *err); /* or NULL */
	void *ctx;
	bool good;
};

struct reader {
	struct work *work;
	char in[16384];
	size_t at, have; /* in `in`: the next byte, and the end */
	char *text;      /* the line without its newline, NUL behind it */
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

static void go_idle(struct work *w)
{
	struct lr_err err = {.exit = LR_EXIT_FAILED};

	if (!w->idle || w->idle(w->ctx, &err) == 0)
		return;
	w->good = false;
	if (err.text[0])
		lr_note(w->prog, "%s", err.text);
}

/* 1: there are bytes, 0: the end, or -errno. */
static int refill(struct reader *r)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t got;

	if (r->at < r->have)
		return 1;
	if (r->work->idle && poll(&in, 1, GRACE_MS) == 0)
		go_idle(r->work);
	do
		got = read(STDIN_FILENO, r->in, sizeof(r->in));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	r->at = 0;
	r->have = (size_t)got;
	return got > 0;
}

/* 1: a line, 0: the end, or -errno. */
static int next_line(struct reader *r)
{
	bool some = false;
	int got;
	char c = 0;

	r->len = 0;
	r->too_long = false;
	while ((got = refill(r)) > 0 && (c = r->in[r->at++]) != '\n') {
		some = true;
		if (widen(r) < 0)
			return -ENOMEM;
		r->too_long = r->len == LR_JSON_LINE_MAX;
		if (!r->too_long)
			r->text[r->len++] = c;
	}
	if (got < 0 || (got == 0 && !some))
		return got;
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
	op->name = lr_json_str(*value, LR_K_PEER, &bad);
	if (!op->name)
		op->name = lr_json_str(*value, LR_K_PUBLIC_KEY, &bad);
	if (bad)
		return lr_err_set(
			err, LR_EXIT_FAILED, "%s, %s: must be text", LR_K_PEER, LR_K_PUBLIC_KEY);
	return 0;
}

static int one_line(struct reader *r, struct lr_err *err)
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
		bad = r->work->each(r->work->ctx, &op, err);
	json_decref(value);
	return bad;
}

static void each_line(struct work *w)
{
	struct reader r = {.work = w};
	int got;

	while ((got = next_line(&r)) > 0) {
		struct lr_err err = {.exit = LR_EXIT_FAILED};
		if (one_line(&r, &err) == 0)
			continue;
		w->good = false;
		if (err.text[0])
			lr_note(w->prog, "line %u: %s", r.line, err.text);
	}
	if (got < 0) {
		w->good = false;
		lr_note(w->prog, "standard input: %s", strerror(-got));
	}
	if (r.text)
		explicit_bzero(r.text, r.room); /* a line may hold keys */
	explicit_bzero(r.in, sizeof(r.in));
	free(r.text);
}

int lr_each_operand_idle(struct lr_cli *cli,
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err),
	int (*idle)(void *ctx, struct lr_err *err), void *ctx)
{
	struct work w = {cli->prog, each, idle, ctx, true};

	for (int i = 0; i < cli->n; i++) {
		struct lr_err err = {.exit = LR_EXIT_FAILED};
		struct lr_operand op = {.name = cli->operands[i]};
		if (strcmp(cli->operands[i], "-") == 0) {
			each_line(&w);
			continue;
		}
		if (each(ctx, &op, &err) == 0)
			continue;
		w.good = false;
		if (err.text[0])
			lr_note(cli->prog, "%s", err.text);
	}
	go_idle(&w);
	return w.good ? LR_EXIT_OK : LR_EXIT_FAILED;
}

int lr_each_operand(struct lr_cli *cli,
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err), void *ctx)
{
	return lr_each_operand_idle(cli, each, NULL, ctx);
}
