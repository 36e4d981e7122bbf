/*
 * perf_record.c - lr-perf record: the packets of an interface into a pcapng file
 *
 * Each packet has as a comment how long after the kernel's stamp it was read (pcapng_write.h): what
 * a program that listens there would have waited at least.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cmd/perf.h"
#include "lib/base/clock.h"
#include "lib/io/sniff.h"
#include "lib/node/given.h"
#include "lib/perf/capture.h"
#include "lib/perf/pcapng_write.h"
#include "terms.h"

const struct lr_opt lr_perf_record_options[] = {
	{"count", 'c', LR_OPT_INT, "N", "end after N packets", LR_PERF_AT(count), 1, 2000000000},
	{"for", 0, LR_OPT_TEXT, "TIME", "end after so long; unless given, at an interrupt",
		LR_PERF_AT(time)},
	{"filter", 0, LR_OPT_TEXT, "EXPRESSION", "record what this pcap-filter(7) lets through",
		LR_PERF_AT(filter)},
	{"snaplen", 's', LR_OPT_INT, "BYTES", "keep so many bytes of each packet",
		LR_PERF_AT(snaplen), 64, 262144},
	{0},
};

static volatile sig_atomic_t ended;
static void on_signal(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

struct recording {
	struct lr_sniff sniff;
	struct lr_filter *filter;
	FILE *out;
	uint64_t packets, bytes, most, end;
};

static int write_one(struct recording *r, struct lr_captured *f, uint64_t late_ns)
{
	const struct lr_stage_stamp read = {"read", late_ns};
	char comment[LR_STAGES_TEXT];

	f->comment_len = (uint32_t)lr_stages_text(&read, 1, comment);
	f->comment = comment;
	r->packets++;
	r->bytes += f->len;
	return lr_pcapng_packet(r->out, f);
}

/* What is there now. 1: go on, 0: enough, -errno. */
static int drain(struct recording *r)
{
	struct lr_captured f;
	uint64_t late;
	int n, w;

	while ((n = lr_sniff_next(&r->sniff, &f, &late)) == 1) {
		if (r->filter && !lr_filter_passes(r->filter, &f))
			continue;
		if ((w = write_one(r, &f, late)) < 0)
			return w;
		if ((r->most && r->packets == r->most) || ended)
			return 0;
	}
	return n < 0 ? n : 1;
}

static int record(struct recording *r)
{
	int go = 1;

	while (go == 1 && !ended && lr_now() < r->end) {
		struct pollfd p = {.fd = r->sniff.fd, .events = POLLIN};
		uint64_t left = r->end == LR_NEVER ? LR_NS_PER_S : r->end - lr_now();
		int ms = left > LR_NS_PER_S ? 1000 : (int)(left / LR_NS_PER_MS) + 1;
		if (poll(&p, 1, ms) == 0 && fflush(r->out) != 0)
			return -errno;
		go = drain(r);
	}
	if (fflush(r->out) != 0)
		return -errno;
	return go < 0 ? go : 0;
}

static void tell(struct lr_cli *cli, struct recording *r, const char *file)
{
	const struct lr_perf_args *a = cli->args;
	uint64_t lost = lr_sniff_lost(&r->sniff);

	if (!a->json) {
		lr_note(cli->prog, "%llu packets, %llu bytes; %llu lost",
			(unsigned long long)r->packets, (unsigned long long)r->bytes,
			(unsigned long long)lost);
		return;
	}
	json_t *o = json_object();
	lr_json_put_str(o, LR_K_FILE, file);
	lr_json_put_str(o, LR_K_IFACE, cli->operands[0]);
	lr_json_put_int(o, LR_K_PACKETS, (int64_t)r->packets);
	lr_json_put_int(o, LR_K_BYTES, (int64_t)r->bytes);
	lr_json_put_int(o, LR_K_LOST, (int64_t)lost);
	lr_json_line(stdout, o);
	json_decref(o);
}

/* The stream to write to, standard output for "-"; NULL with `err`. */
FILE *lr_perf_capture_out(const char *path, bool json, struct lr_err *err)
{
	bool standard = strcmp(path, "-") == 0;

	if (standard && (json || isatty(STDOUT_FILENO))) {
		lr_err_set(err, LR_EXIT_USAGE, "%s: name a file for the capture",
			json ? "--json is printed on standard output" : "this is a terminal");
		return NULL;
	}
	FILE *out = standard ? stdout : fopen(path, "we");
	if (!out)
		lr_err_set(err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	return out;
}

static int begin(struct recording *r, struct lr_cli *cli, const char *path)
{
	const struct lr_perf_args *a = cli->args;
	uint64_t seconds = 0;

	if (a->time && lr_given_duration("--for", a->time, 366 * 86400, &seconds, &cli->err) < 0)
		return -1;
	if (a->filter && !(r->filter = lr_filter_new(a->filter, &cli->err)))
		return -1;
	if (lr_sniff_open(&r->sniff, cli->operands[0], (uint32_t)a->snaplen, &cli->err) < 0)
		return -1;
	if (!(r->out = lr_perf_capture_out(path, a->json, &cli->err)))
		return -1;
	r->most = (uint64_t)a->count;
	r->end = a->time ? lr_now() + seconds * LR_NS_PER_S : LR_NEVER;
	if (lr_pcapng_begin(r->out, "lr-perf record") < 0 ||
		lr_pcapng_interface(r->out, r->sniff.link, r->sniff.snaplen, cli->operands[0]) < 0)
		return lr_err_set(&cli->err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	return 0;
}

int lr_perf_run_record(struct lr_cli *cli)
{
	const struct sigaction act = {.sa_handler = on_signal};
	const char *path = cli->n > 1 ? cli->operands[1] : "-";
	struct recording r = {.sniff = {.fd = -1}};
	int code = begin(&r, cli, path), bad;

	if (code == 0) {
		sigaction(SIGINT, &act, NULL);
		sigaction(SIGTERM, &act, NULL);
		signal(SIGPIPE, SIG_IGN);
		bad = record(&r);
		if (bad && bad != -EPIPE)
			code = lr_err_set(
				&cli->err, LR_EXIT_FAILED, "%s: %s", path, strerror(-bad));
		tell(cli, &r, path);
	}
	if (r.out && r.out != stdout && fclose(r.out) != 0 && code == 0)
		code = lr_err_set(&cli->err, LR_EXIT_FAILED, "%s: %s", path, strerror(errno));
	lr_filter_free(r.filter);
	lr_sniff_close(&r.sniff);
	return code;
}
