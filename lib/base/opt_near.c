/*
 * opt_near.c - the right name that is nearest to a mistyped one
 *
 * Source: Damerau (1964), in the restricted form: no letter is edited twice.
 */
#include <string.h>

#include "lib/base/opt_table.h"

#define NEAR 2 /* edits between a name and what was meant */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) that make `a` into `b`; NEAR + 1 for
 * words that are too long. */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[LR_WORD_MAX + 1][LR_WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > LR_WORD_MAX || lb > LR_WORD_MAX)
		return NEAR + 1;
	for (unsigned i = 0; i <= la; i++) {
		for (unsigned j = 0; j <= lb; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
				d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[la][lb];
}

void lr_opt_consider(struct lr_near *near, const char *name)
{
	unsigned edits = distance(near->typed, name);
	size_t len = strlen(near->typed);

	if (len >= 2 && strncmp(name, near->typed, len) == 0)
		edits = least(edits, NEAR); /* the beginning of a name */
	else if (edits >= len)
		return;
	if (edits > NEAR || (near->best && near->edits <= edits))
		return;
	near->best = name;
	near->edits = edits;
}
