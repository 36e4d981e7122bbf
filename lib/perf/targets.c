/*
 * targets.c - the compiled-in table of share/targets.json
 */
#include "lib/perf/targets.h"

#include <math.h>
#include <string.h>

#include <targets.h> /* generated from share/targets.json: lr_target_table; <> because "" finds ours */

const struct lr_target *lr_targets_all(size_t *n)
{
	*n = sizeof(lr_target_table) / sizeof(*lr_target_table);
	return lr_target_table;
}

const struct lr_target *lr_targets_find(const char *name)
{
	size_t n;
	const struct lr_target *all = lr_targets_all(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}
