/*
 * lr-ipam.c - virtual addresses: who has which
 *
 * What comes at once is one batch. On a pipe that is silent the batch ends before we wait, so
 * nothing is held back.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "defaults.h"
#include "lib/base/lines.h"
#include "lib/base/opt.h"
#include "lib/base/state.h"
#include "lib/ipam/batch.h"
#include "lib/ipam/find.h"
#include "lib/ipam/ipam_json.h"
#include "lib/ipam/store.h"

#define WIDTH_MIN  16
#define ADDR4_WIDE 15

struct args {
	const char *pool, *ula, *address;
	bool json, reserve, repair;
};

static const struct lr_prog prog;

/* --- a verb's work --- */

struct work {
	struct lr_cli *cli;
	const struct args *args;
	struct lr_ipam_batch batch;
	bool told; /* the notes about the log were given */
};

static struct lr_store *open_store(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	struct lr_prefix pool, ula;
	char dir[PATH_MAX];

	if (lr_ipam_pool_parse(a->pool, &pool, &cli->err) < 0 ||
		(a->ula && lr_ipam_ula_parse(a->ula, &ula, &cli->err) < 0) ||
		lr_state_dir(dir, sizeof(dir), &cli->err) < 0)
		return NULL;
	return lr_store_new(dir, &pool, a->ula ? &ula : NULL, &cli->err);
}

static void tell_flaws(struct work *w)
{
	const struct lr_store *store = w->batch.store;
	size_t flaws = lr_store_flaws(store);

	if (w->told || !flaws)
		return;
	w->told = true;
	if (lr_store_torn(store) && flaws-- > 0)
		lr_note(&prog, "%s: the last line is cut short: %s", lr_store_path(store),
			w->batch.writes ? "dropped" : "not read");
	if (flaws)
		lr_note(&prog, "%s: %zu lines are wrong and were not read: see lr-ipam check",
			lr_store_path(store), flaws);
}

static const struct lr_ipam *table(const struct work *w)
{
	return lr_store_table(w->batch.store);
}

static int begin(struct work *w, struct lr_err *err)
{
	bool fresh;

	if (lr_ipam_batch_begin(&w->batch, &fresh, err) < 0)
		return -1;
	if (fresh)
		tell_flaws(w);
	return 0;
}

/* --- answers --- */

/* Columns of a name: its characters, not its bytes. */
static int columns(const char *name)
{
	int n = 0;

	for (; *name; name++)
		n += (*name & 0xc0) != 0x80;
	return n;
}

static void print_row(const struct lr_lease *l, int width)
{
	char four[LR_ADDR_TEXT], six[LR_ADDR_TEXT];

	printf("%s%*s %-*s %s\n", l->peer, width - columns(l->peer), "", ADDR4_WIDE,
		lr_ip_text(&l->address, four), lr_ip_text(&l->address6, six));
}

static void print_json(json_t *o)
{
	char *text = lr_json_text(o);

	if (text)
		puts(text);
	free(text);
	json_decref(o);
}

static void print_leases(const struct work *w)
{
	const struct lr_ipam_batch *b = &w->batch;
	int width = WIDTH_MIN;

	for (size_t i = 0; i < b->n; i++)
		if (columns(b->answers[i]->peer) > width)
			width = columns(b->answers[i]->peer);
	for (size_t i = 0; i < b->n; i++)
		if (w->args->json)
			print_json(lr_ipam_json_lease(table(w), b->answers[i]));
		else
			print_row(b->answers[i], width);
	fflush(stdout);
}

/* The end of a batch: only what is on the disk is told. */
static int end(void *ctx, struct lr_err *err)
{
	struct work *w = ctx;

	if (!w->batch.open)
		return 0;
	int rc = lr_ipam_batch_end(&w->batch, err);
	bool silent = strcmp(w->cli->verb->name, "release") == 0 && !w->args->json;
	if (rc == 0 && !silent)
		print_leases(w);
	lr_ipam_batch_clear(&w->batch);
	return rc;
}

static struct work work_of(struct lr_cli *cli, bool writes)
{
	return (struct work){.cli = cli,
		.args = cli->args,
		.batch = {.writes = writes, .store = open_store(cli)}};
}

static int run_each(struct lr_cli *cli, bool writes,
	int (*each)(void *ctx, const struct lr_operand *op, struct lr_err *err))
{
	struct work w = work_of(cli, writes);

	if (!w.batch.store)
		return cli->err.exit;
	int rc = lr_each_operand_idle(cli, each, end, &w);
	int failed = (int)w.batch.failed;
	lr_ipam_batch_release(&w.batch);
	return failed ? failed : rc;
}

/* --- alloc --- */

static int want_of(
	const struct work *w, const struct lr_operand *op, struct lr_want *want, struct lr_err *err)
{
	*want = (struct lr_want){.peer = op->name};
	if (op->json && lr_ipam_json_want(op->json, want, err) < 0)
		return -1;
	want->reserve |= w->args->reserve || w->args->address;
	if (w->args->address) {
		lr_ip_parse(w->args->address, &want->address); /* looked at by run_alloc */
		want->exact = true;
	}
	return 0;
}

static void tell_other(const struct lr_want *want, const struct lr_lease *l)
{
	char wish[LR_ADDR_TEXT], has[LR_ADDR_TEXT];

	if (want->address.family && !lr_ip_equal(&want->address, &l->address))
		lr_note(&prog, "%s: %s is not to be had: it has %s", l->peer,
			lr_ip_text(&want->address, wish), lr_ip_text(&l->address, has));
}

static int each_alloc(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	struct work *w = ctx;
	struct lr_want want;

	if (lr_ipam_batch_full(&w->batch) && end(w, err) < 0)
		return -1;
	if (begin(w, err) < 0 || want_of(w, op, &want, err) < 0)
		return -1;
	const struct lr_lease *l = lr_store_alloc(w->batch.store, &want, err);
	if (!l) {
		/* An address that the pool does not have is a mistake in the command line. */
		if (want.exact && err->exit == LR_EXIT_USAGE)
			w->batch.failed = LR_EXIT_USAGE;
		return -1;
	}
	tell_other(&want, l);
	return lr_ipam_batch_answer(&w->batch, l, err);
}

static int usage(struct lr_cli *cli, const char *text)
{
	lr_err_set(&cli->err, LR_EXIT_USAGE, "%s", text);
	return LR_EXIT_USAGE;
}

static int run_alloc(struct lr_cli *cli)
{
	const struct args *a = cli->args;
	struct lr_ip ip;

	if (a->address && (lr_ip_parse(a->address, &ip) < 0 || ip.family != 4))
		return usage(cli, "--address: not an IPv4 address");
	if (a->address && (cli->n != 1 || strcmp(cli->operands[0], "-") == 0))
		return usage(cli, "--address: is for one peer: give just one NAME");
	for (int i = 0; i < cli->n; i++)
		if (strcmp(cli->operands[i], "-") != 0 &&
			lr_name_check(cli->operands[i], &cli->err) < 0)
			return LR_EXIT_USAGE;
	return run_each(cli, true, each_alloc);
}

/* --- lookup and release --- */

static int each_lookup(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	struct work *w = ctx;

	if (begin(w, err) < 0)
		return -1;
	const struct lr_lease *l = lr_ipam_find(table(w), op->name, op->json, err);
	return l ? lr_ipam_batch_answer(&w->batch, l, err) : -1;
}

static int run_lookup(struct lr_cli *cli)
{
	return run_each(cli, false, each_lookup);
}

static int each_release(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	struct work *w = ctx;

	if (lr_ipam_batch_full(&w->batch) && end(w, err) < 0)
		return -1;
	if (begin(w, err) < 0)
		return -1;
	const struct lr_lease *l = lr_ipam_find(table(w), op->name, op->json, err);
	if (!l || lr_store_release(w->batch.store, l, err) < 0)
		return -1;
	return lr_ipam_batch_answer(&w->batch, l, err);
}

static int run_release(struct lr_cli *cli)
{
	return run_each(cli, true, each_release);
}

/* --- about the whole pool --- */

static int run_list(struct lr_cli *cli)
{
	struct work w = work_of(cli, false);
	int rc = w.batch.store && begin(&w, &cli->err) == 0 ? LR_EXIT_OK : cli->err.exit;
	const struct lr_lease *l = NULL;

	while (rc == LR_EXIT_OK && (l = lr_ipam_next(table(&w), l)))
		if (lr_ipam_batch_answer(&w.batch, l, &cli->err) < 0)
			rc = cli->err.exit;
	if (rc == LR_EXIT_OK)
		print_leases(&w);
	lr_ipam_batch_release(&w.batch);
	return rc;
}

static void print_stats(const struct lr_ipam *t)
{
	struct lr_ipam_stats st;
	char text[LR_ADDR_TEXT];

	lr_ipam_stats(t, &st);
	printf("pool         %s\n", lr_prefix_text(lr_ipam_pool(t), text));
	printf("ula          %s\n", lr_prefix_text(lr_ipam_ula(t), text));
	printf("capacity     %zu\n", st.capacity);
	printf("used         %zu\n", st.used);
	printf("reserved     %zu\n", st.reserved);
	printf("free         %zu\n", st.capacity - st.used);
	printf("utilisation  %.2f %%\n", 100.0 * (double)st.used / (double)st.capacity);
	printf("next         %s\n", lr_ip_text(&st.next, text));
}

static int run_stats(struct lr_cli *cli)
{
	struct work w = work_of(cli, false);
	int rc = w.batch.store && begin(&w, &cli->err) == 0 ? LR_EXIT_OK : cli->err.exit;

	if (rc == LR_EXIT_OK && w.args->json)
		print_json(lr_ipam_json_stats(table(&w)));
	else if (rc == LR_EXIT_OK)
		print_stats(table(&w));
	lr_ipam_batch_release(&w.batch);
	return rc;
}

struct check {
	const struct work *work;
	size_t n;
};

static void print_finding(void *ctx, const struct lr_finding *f)
{
	struct check *c = ctx;
	const struct lr_prefix *pool = lr_ipam_pool(table(c->work));
	char text[LR_ADDR_TEXT];

	c->n++;
	if (c->work->args->json)
		print_json(lr_ipam_json_finding(pool, f, c->work->args->repair));
	else
		printf("%s: line %zu: %s: %s\n", lr_prefix_text(pool, text), f->line,
			lr_flaw_name(f->flaw), f->text);
}

static int run_check(struct lr_cli *cli)
{
	struct work w = work_of(cli, false);
	struct check c = {.work = &w};
	char copy[PATH_MAX] = "";
	int rc = -1;

	if (w.batch.store && w.args->repair)
		rc = lr_store_repair(w.batch.store, print_finding, &c, copy, &cli->err);
	else if (w.batch.store)
		rc = lr_store_read(w.batch.store, print_finding, &c, &cli->err);
	if (*copy && rc == 0)
		lr_note(&prog, "repaired; the log as it was is %s", copy);
	lr_ipam_batch_release(&w.batch);
	if (rc < 0)
		return cli->err.exit;
	return c.n && !w.args->repair ? LR_EXIT_MISSED : LR_EXIT_OK;
}

/* --- the table --- */

static void defaults(void *args)
{
	((struct args *)args)->pool = LR_DEFAULT_POOL;
}

static const struct lr_opt opts[] = {
	{"pool", 'p', LR_OPT_TEXT, "CIDR", "the pool, /8 to /30 (default " LR_DEFAULT_POOL ")",
		offsetof(struct args, pool)},
	{"ula", 'u', LR_OPT_TEXT, "PREFIX",
		"IPv6 prefix of a new pool (default: made from the pool)",
		offsetof(struct args, ula)},
	{"json", 'j', LR_OPT_FLAG, NULL, "print JSON, one object a line",
		offsetof(struct args, json)},
	{NULL},
};

static const struct lr_opt alloc_opts[] = {
	{"address", 'a', LR_OPT_TEXT, "ADDRESS", "set this address aside for the one NAME, or fail",
		offsetof(struct args, address)},
	{"reserve", 'r', LR_OPT_FLAG, NULL, "mark the leases as reserved",
		offsetof(struct args, reserve)},
	{NULL},
};

static const struct lr_opt check_opts[] = {
	{"repair", 'r', LR_OPT_FLAG, NULL,
		"write the log anew without what is wrong, keep FILE.bad",
		offsetof(struct args, repair)},
	{NULL},
};

static const struct lr_verb verbs[] = {
	{"alloc", "NAME...", "give each peer an address, the same one each time", alloc_opts, 1, -1,
		run_alloc, "peer"},
	{"lookup", "PEER|ADDRESS...", "print who has which address", NULL, 1, -1, run_lookup,
		"peer"},
	{"release", "NAME...", "end leases; a peer that comes back gets its address again", NULL, 1,
		-1, run_release, "peer"},
	{"list", "", "print all leases in the order of addresses", NULL, 0, 0, run_list},
	{"check", "", "look for duplicates, strays, torn and malformed lines", check_opts, 0, 0,
		run_check},
	{"stats", "", "print how full the pool is and what comes next", NULL, 0, 0, run_stats},
	{NULL},
};

static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "done"},
	{LR_EXIT_FAILED, "failed: not found, pool full, address held, a bad line"},
	{LR_EXIT_USAGE, "command line wrong, nothing was done"},
	{LR_EXIT_MISSED, "check found something"},
	{LR_EXIT_RIGHTS, "no right to read or write the state"},
	{0, NULL},
};

static const struct lr_prog prog = {
	.name = "lr-ipam",
	.summary = "Virtual addresses: gives each peer of a LAN one of its own and remembers it.",
	.usage = "[OPTION]... VERB [NAME]...",
	.opts = opts,
	.verbs = verbs,
	.exits = exits,
	.examples = "  lr-ipam alloc alice bob\n"
		    "  lr-peer list --json | lr-ipam alloc - --json\n"
		    "  lr-ipam alloc --address 10.66.3.7 carol\n"
		    "  lr-ipam lookup bob 10.66.0.1\n",
	.args_size = sizeof(struct args),
	.defaults = defaults,
};

int main(int argc, char **argv)
{
	return lr_opt_main(&prog, argc, argv);
}
