/*
 * perf_bundle.c - lr-perf bundle: what to send with a bug report
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/perf_files.h"
#include "lib/base/clock.h"
#include "lib/base/state.h"
#include "lib/bench/machine.h"
#include "lib/node/client.h"
#include "lib/results/bundle.h"
#include "lib/results/scrub.h"

/* Scrubbed, then as text, indented for whoever looks into it before sending it. 0 or -1. */
static int add(struct lr_bundle *b, const char *name, const json_t *object, struct lr_err *err)
{
	char path[99];
	json_t *clean = lr_scrub(object);
	char *text = clean ? json_dumps(clean, JSON_INDENT(1) | JSON_ENCODE_ANY) : NULL;
	int code = -1;

	snprintf(path, sizeof(path), "lanrage/%.80s", name);
	if (text)
		code = lr_bundle_add(b, path, text, strlen(text), lr_wall() / LR_NS_PER_S);
	free(text);
	json_decref(clean);
	return code == 0 ? 0 : lr_err_set(err, LR_EXIT_FAILED, "out of memory");
}

static int add_machine(struct lr_bundle *b, struct lr_err *err)
{
	json_t *machine = lr_machine_result();
	int code = add(b, "machine.json", machine, err);

	json_decref(machine);
	return code;
}

/* What the node says to a question; nothing when none runs, or it does not know the question. */
static int add_answer(struct lr_cli *cli, struct lr_bundle *b, const char *verb)
{
	char name[40];
	struct lr_client *c = lr_client_open(NULL, NULL);
	json_t *answer = c ? lr_client_ask(c, lr_client_request(verb), NULL) : NULL;
	int code = 0;

	snprintf(name, sizeof(name), "node-%s.json", verb);
	if (answer)
		code = add(b, name, answer, &cli->err);
	else
		lr_note(cli->prog, "%s is left out: no node that runs says it", name);
	json_decref(answer);
	lr_client_close(c);
	return code;
}

static int add_files(struct lr_bundle *b, const struct lr_perf_files *f, struct lr_err *err)
{
	char name[40];
	int code = 0;

	for (size_t i = 0; code == 0 && i < f->n; i++) {
		snprintf(name, sizeof(name), "results-%zu.json", i + 1);
		code = add(b, name, f->all[i], err);
	}
	return code;
}

static int write_bundle(struct lr_bundle *b, const char *path, struct lr_err *err)
{
	size_t len = 0;
	uint8_t *bytes = lr_bundle_pack(b, &len);
	int code = bytes ? lr_replace_file(path, bytes, len, 0600, err)
			 : lr_err_set(err, LR_EXIT_FAILED, "out of memory");

	free(bytes);
	return code;
}

int lr_perf_run_bundle(struct lr_cli *cli)
{
	struct lr_bundle b = {0};
	struct lr_perf_files *f =
		lr_perf_files_read(cli->operands + 1, (size_t)cli->n - 1, &cli->err);
	bool good = f && add_machine(&b, &cli->err) == 0 && add_files(&b, f, &cli->err) == 0 &&
		    add_answer(cli, &b, "status") == 0 && add_answer(cli, &b, "profile") == 0 &&
		    write_bundle(&b, cli->operands[0], &cli->err) == 0;

	lr_bundle_release(&b);
	lr_perf_files_free(f);
	return good ? LR_EXIT_OK : (int)cli->err.exit;
}
