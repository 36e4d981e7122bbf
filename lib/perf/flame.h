/*
 * flame.h - a flame graph of folded stacks as one SVG, without scripts
 *
 * Each stack is a column from the bottom up; a box is as wide as its share of the time, children
 * stand on their parent, and the names are told in full by a tooltip. Boxes are placed in percent
 * of the picture's width and letters have a size of their own, so that they can be read on a phone
 * as well; a box cuts off what does not fit. Source of the form: Gregg, "The Flame Graph", ACM
 * Queue 14(2), 2016.
 */
#ifndef LR_PERF_FLAME_H
#define LR_PERF_FLAME_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LR_FLAME_DEPTH 24 /* frames of a stack; deeper ones are left out */

struct lr_flame_stack {
	const char *stack; /* "a;b;c" */
	uint64_t ns;       /* own time */
};

/* `stacks` in any order; sorted here. `title` is for people. 0 or -ENOMEM. Colours are chosen by
 * name, for light and dark. */
int lr_flame_svg(FILE *out, const char *title, struct lr_flame_stack *stacks, size_t n);

#endif
