/*
 * perf_targets.c - lr-perf targets: what is to be reached
 */
#include "cmd/perf.h"
#include "lib/replay/report.h"

int lr_perf_run_targets(struct lr_cli *cli)
{
	const struct lr_perf_args *a = cli->args;
	const struct lr_target *list;
	size_t n;

	list = lr_targets_all(&n);
	if (cli->n) {
		list = lr_targets_find(cli->operands[0]);
		n = 1;
	}
	if (!list) {
		lr_err_set(&cli->err, LR_EXIT_FAILED,
			"%s: no such target: lr-perf targets lists them", cli->operands[0]);
		return LR_EXIT_FAILED;
	}
	if (!a->json)
		lr_report_targets(stdout, list, n);
	for (size_t i = 0; a->json && i < n; i++) {
		json_t *row = lr_report_target_json(&list[i]);
		int failed = lr_json_line(stdout, row);
		json_decref(row);
		if (failed)
			return LR_EXIT_FAILED;
	}
	return LR_EXIT_OK;
}
