/*
 * against.c - which target a metric is held against, and whether it meets it
 */
#include "lib/results/against.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "terms.h"

#define CONFIG_PEERS 32 /* that the target means, as in replay; addresses have no such end */

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);
	return n >= m && strcmp(text + n - m, with) == 0;
}

static const struct lr_target *target_of(const json_t *metric)
{
	const char *name = json_string_value(json_object_get(metric, LR_K_NAME));
	const char *series = json_string_value(json_object_get(metric, LR_K_SERIES));
	const char *unit = json_string_value(json_object_get(metric, LR_K_UNIT));
	const struct lr_target *t = lr_targets_find(name);
	size_t size = (size_t)json_integer_value(json_object_get(metric, LR_K_SIZE));

	if (!t && series && size <= (strcmp(series, "config_load") == 0 ? CONFIG_PEERS : SIZE_MAX))
		t = lr_targets_find(series);
	if (!t && strcmp(name, "metrics_record") == 0)
		t = lr_targets_find("metrics");
	if (!t && strncmp(name, "start_", 6) == 0 && ends(name, "_load"))
		t = lr_targets_find("program_load");
	return t && strcmp(t->unit, unit) == 0 ? t : NULL;
}

static bool met(const struct lr_target *t, double value, double limit)
{
	return isnan(limit) || (t->better[0] == 'h' ? value >= limit : value < limit);
}

struct lr_against lr_against(const json_t *metric)
{
	struct lr_against a = {.target = target_of(metric), .value = lr_result_median(metric)};

	if (a.target) {
		a.documented_met = met(a.target, a.value, a.target->documented);
		a.ours_met = met(a.target, a.value, a.target->ours);
	}
	return a;
}
