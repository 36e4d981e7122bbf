/*
 * flame.c - see flame.h
 *
 * Theory of operation. Sorted stacks are walked once, as a tree is written depth first: between one
 * stack and the next the frames that they do not share are closed, the deepest first, and then it
 * is known how wide each is.
 */
#include "lib/perf/flame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define ROW    18
#define MARGIN 10
#define HEAD   34
#define LEAST  0.03 /* percent of the width; narrower boxes are left out */
#define LABEL  0.6  /* narrower ones have no name: not a letter would fit on the widest screen */

struct frame {
	const char *name;
	int len;
	uint64_t from;
};

struct flame {
	FILE *out;
	uint64_t total;
	unsigned rows;
	struct frame open[LR_FLAME_DEPTH];
	unsigned n;
};

/* FNV-1a: the same name has the same colour everywhere. */
static unsigned hue_of(const char *s, int len)
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < len; i++)
		h = (h ^ (uint8_t)s[i]) * 16777619u;
	return h % 360;
}

/* A box on row `level`, 0 at the bottom. */
static void put_box(struct flame *f, const struct frame *k, unsigned level, uint64_t to)
{
	double scale = 100.0 / (double)f->total, x = (double)k->from * scale,
	       w = (double)(to - k->from) * scale;
	unsigned y = HEAD + (f->rows - 1 - level) * ROW;

	if (w < LEAST)
		return;
	fprintf(f->out, "<svg x=\"%.3f%%\" y=\"%u\" width=\"%.3f%%\" height=\"%d\"><title>", x, y,
		w, ROW - 1);
	lr_text_escaped(f->out, k->name, (size_t)k->len);
	fprintf(f->out, ": %.3f ms, %.2f %%</title>", (double)(to - k->from) / 1e6, w);
	fprintf(f->out,
		"<rect width=\"100%%\" height=\"100%%\" rx=\"1\" fill=\"hsl(%u 60%% 72%%)\"/>",
		hue_of(k->name, k->len));
	if (w >= LABEL) {
		fprintf(f->out, "<text x=\"3\" y=\"%u\">", ROW - 5);
		lr_text_escaped(f->out, k->name, (size_t)k->len);
		fputs("</text>", f->out);
	}
	fputs("</svg>\n", f->out);
}

static void close_to(struct flame *f, unsigned keep, uint64_t at)
{
	while (f->n > keep) {
		f->n--;
		put_box(f, &f->open[f->n], f->n, at);
	}
}

/* The frames of a stack, the outermost first; how many. */
static unsigned frames_of(const char *stack, struct frame out[LR_FLAME_DEPTH])
{
	unsigned n = 0;

	for (const char *at = stack; n < LR_FLAME_DEPTH;) {
		const char *end = strchrnul(at, ';');
		out[n++] = (struct frame){at, (int)(end - at), 0};
		if (!*end)
			break;
		at = end + 1;
	}
	return n;
}

static void add(struct flame *f, const struct lr_flame_stack *s, uint64_t at)
{
	struct frame frames[LR_FLAME_DEPTH];
	unsigned n = frames_of(s->stack, frames), same = 0;

	while (same < n && same < f->n && frames[same].len == f->open[same].len &&
		memcmp(frames[same].name, f->open[same].name, (size_t)frames[same].len) == 0)
		same++;
	close_to(f, same, at);
	for (; f->n < n; f->n++) {
		f->open[f->n] = frames[f->n];
		f->open[f->n].from = at;
	}
}

/* ';' before every other character: a stack comes right before those that stand on it. */
static int by_stack(const void *a, const void *b)
{
	const char *x = ((const struct lr_flame_stack *)a)->stack,
		   *y = ((const struct lr_flame_stack *)b)->stack;
	while (*x && *x == *y)
		x++, y++;
	int p = *x == ';' ? 1 : (unsigned char)*x + (*x != 0),
	    q = *y == ';' ? 1 : (unsigned char)*y + (*y != 0);
	return p - q;
}

static void put_head(struct flame *f, const char *title)
{
	fprintf(f->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" height=\"%u\" "
		"font-family=\"monospace\" font-size=\"11\" style=\"height:%upx\">\n<title>",
		HEAD + f->rows * ROW + MARGIN, HEAD + f->rows * ROW + MARGIN);
	lr_text_escaped(f->out, title, strlen(title));
	fputs("</title>\n<style>text{fill:#111}.h{font-size:14px}"
	      "@media(prefers-color-scheme:dark){.b{fill:#14171a}.h{fill:#eee}}</style>\n"
	      "<rect class=\"b\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
		f->out);
	fprintf(f->out, "<text class=\"h\" x=\"%d\" y=\"22\">", MARGIN);
	lr_text_escaped(f->out, title, strlen(title));
	fputs("</text>\n", f->out);
}

int lr_flame_svg(FILE *out, const char *title, struct lr_flame_stack *stacks, size_t n)
{
	struct flame *f = calloc(1, sizeof(*f));
	struct frame frames[LR_FLAME_DEPTH];
	uint64_t at = 0;

	if (!f)
		return -ENOMEM;
	f->out = out;
	f->rows = 1;
	for (size_t i = 0; i < n; i++) {
		unsigned depth = frames_of(stacks[i].stack, frames);
		f->total += stacks[i].ns;
		f->rows = depth > f->rows ? depth : f->rows;
	}
	qsort(stacks, n, sizeof(*stacks), by_stack);
	put_head(f, title);
	for (size_t i = 0; i < n && f->total; i++) {
		add(f, &stacks[i], at);
		at += stacks[i].ns;
	}
	close_to(f, 0, at);
	fputs("</svg>\n", out);
	free(f);
	return 0;
}
