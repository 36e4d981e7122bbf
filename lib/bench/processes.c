/*
 * processes.c - one summary a process: fresh processes, one or two builds in turns
 */
#include "lib/bench/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/bench/bench.h"
#include "lib/bench/calm.h"
#include "lib/bench/machine.h"
#include "lib/crypto/crypto.h"
#include "lib/io/child.h"
#include "lib/results/result.h"
#include "terms.h"

#define ARGS_MAX   48
#define OUTPUT_MAX (1 << 20)

int lr_bench_last_cpu(void)
{
	cpu_set_t set;
	int last = 0;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return LR_BENCH_ANY_CPU;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			last = i;
	return last;
}

json_t *lr_bench_once(char *const *names, size_t count, struct lr_err *err)
{
	struct lr_bench_process p;
	size_t n;
	const struct lr_bench *const *all = lr_bench_all(&n);
	json_t *result = lr_machine_result(), *missing = json_array();

	if (lr_bench_begin(&p, err) < 0) {
		json_decref(result);
		json_decref(missing);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		if (!lr_bench_chosen(all[i], names, count))
			continue;
		double value = lr_bench_measure(&p, all[i]);
		if (isfinite(value))
			json_array_append_new(json_object_get(result, LR_K_METRICS),
				lr_bench_metric(all[i], value));
		else
			json_array_append_new(missing, json_string(all[i]->name));
	}
	lr_bench_end(&p);
	if (json_array_size(missing))
		json_object_set(result, LR_K_MISSING, missing);
	json_decref(missing);
	return result;
}

/* The program of a build. 0, or -1 with `err`. */
static int program_of(const char *build, char out[PATH_MAX], struct lr_err *err)
{
	static const char *const places[] = {
		"%s", "%s/lr-perf", "%s/bin/lr-perf", "%s/build/release/bin/lr-perf"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct stat st;
		if (snprintf(out, PATH_MAX, places[i], build) < PATH_MAX && stat(out, &st) == 0 &&
			S_ISREG(st.st_mode) && access(out, X_OK) == 0)
			return 0;
	}
	return lr_err_set(err, LR_EXIT_USAGE,
		"--against %s: no lr-perf there: name a checkout that is built, its folder of "
		"programs, or the program",
		build);
}

static void become(const char *program, const char *const *argv, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	execv(program, (char *const *)argv);
	_exit(127);
}

/* All that a process prints, malloc'd, NUL behind it. */
static char *read_all(int fd)
{
	char *text = malloc(OUTPUT_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;

	while (text && n > 0 && len < OUTPUT_MAX) {
		n = read(fd, text + len, OUTPUT_MAX - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (text)
		text[len] = '\0';
	return text;
}

/* One process; its result, NULL with `err`. */
static json_t *run_one(const struct lr_bench_plan *plan, const char *program, struct lr_err *err)
{
	const char *argv[ARGS_MAX + 5] = {program, "bench", "--once", "--json"};
	int out[2], status = -1;

	for (size_t i = 0; i < plan->n && i < ARGS_MAX; i++)
		argv[4 + i] = plan->names[i];
	if (pipe2(out, O_CLOEXEC) < 0) {
		lr_err_set(err, LR_EXIT_FAILED, "no pipe: %s", strerror(errno));
		return NULL;
	}
	pid_t pid = fork();
	if (pid == 0)
		become(program, argv, out[1]);
	close(out[1]);
	char *text = pid > 0 ? read_all(out[0]) : NULL;
	close(out[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	json_t *result =
		text && status == 0 ? lr_json_parse(text, strcspn(text, "\n"), NULL) : NULL;
	free(text);
	if (result && lr_result_check(result, program, err) == 0)
		return result;
	if (!result)
		lr_err_set(err, LR_EXIT_FAILED, "%s bench --once: ended with %s %d", program,
			WIFSIGNALED(status) ? "signal" : "exit code",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	json_decref(result);
	return NULL;
}

static void put_parameters(json_t *result, const struct lr_bench_plan *plan, const char *sitting)
{
	json_t *o = json_object_get(result, LR_K_PARAMETERS), *names = json_array();
	const char *slow = getenv("LR_BENCH_SLOW");

	for (size_t i = 0; i < plan->n; i++)
		json_array_append_new(names, json_string(plan->names[i]));
	lr_json_put(o, LR_K_NAMES, names);
	lr_json_put_int(o, LR_K_RUNS, plan->runs);
	lr_json_put(o, LR_K_PINNED,
		plan->cpu == LR_BENCH_ANY_CPU ? json_null() : json_integer(plan->cpu));
	lr_json_put_str(o, LR_K_SITTING, sitting);
	lr_json_put_str(o, LR_K_SLOWED, slow && *slow ? slow : NULL);
}

static void new_sitting(char out[LR_KEY_TEXT])
{
	uint8_t random[LR_KEY_LEN];

	lr_random(random, sizeof(random));
	lr_key_text(random, out);
	out[16] = '\0';
}

/* --- runs: a process of each build --- */

struct sitting {
	const struct lr_bench_plan *plan;
	char program[2][PATH_MAX]; /* ours, theirs */
	unsigned builds;
	cpu_set_t before; /* where we ran */
	struct lr_calm calm;
	double *readings;   /* of each run, the slowest beside its processes */
	json_t *(*runs)[2]; /* what they measured */
	unsigned done, of, repeated;
};

/* How quick the processor is now. */
static double reading(struct sitting *s)
{
	return s->plan->cpu == LR_BENCH_ANY_CPU ? 0 : lr_calm_read(&s->calm);
}

/* A B, or B A. 0, or -1 with `err`. */
static int run(struct sitting *s, unsigned number, struct lr_err *err)
{
	json_t *results[2] = {0};
	double slowest = reading(s);

	for (unsigned turn = 0; turn < s->builds; turn++) {
		unsigned build = s->builds == 1 ? 0 : (turn + number) % 2;
		results[build] = run_one(s->plan, s->program[build], err);
		if (!results[build])
			break;
		slowest = fmax(slowest, reading(s));
		if (s->plan->progress)
			s->plan->progress(s->plan->ctx, ++s->done, s->of);
	}
	for (unsigned build = 0; build < s->builds; build++) {
		json_decref(s->runs[number][build]);
		s->runs[number][build] = results[build];
		if (!results[build])
			return -1;
	}
	s->readings[number] = slowest;
	return 0;
}

/* All runs, then again those beside which the processor was slow. */
static int run_all(struct sitting *s, struct lr_err *err)
{
	size_t again;

	for (unsigned i = 0; i < s->plan->runs; i++)
		if (run(s, i, err) < 0)
			return -1;
	while (s->repeated < s->plan->repeats &&
		(again = lr_calm_slowest(&s->calm, s->readings, s->plan->runs)) < s->plan->runs) {
		s->repeated++;
		s->of += s->builds;
		if (run(s, (unsigned)again, err) < 0)
			return -1;
	}
	return 0;
}

/* The runs of a build as one result; they are released. */
static json_t *merged(struct sitting *s, unsigned build, const char *sitting)
{
	json_t *all = s->runs[0][build], *o;
	unsigned slow = 0;

	s->runs[0][build] = NULL;
	for (unsigned i = 1; i < s->plan->runs; i++)
		lr_result_merge(all, s->runs[i][build]);
	for (unsigned i = 0; i < s->plan->runs; i++)
		slow += lr_calm_slow(&s->calm, s->readings[i]);
	put_parameters(all, s->plan, sitting);
	o = json_object_get(all, LR_K_PARAMETERS);
	lr_json_put_int(o, LR_K_MEASURED_AGAIN, s->repeated);
	lr_json_put_int(o, LR_K_DISTURBED, slow);
	return all;
}

/* To the plan's processor, and with us all that we start. 0, or -1 with `err`. */
static int pin(struct sitting *s, struct lr_err *err)
{
	cpu_set_t set;

	if (s->plan->cpu == LR_BENCH_ANY_CPU)
		return 0;
	CPU_ZERO(&set);
	CPU_SET((unsigned)s->plan->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) == 0)
		return 0;
	return lr_err_set(err, LR_EXIT_USAGE, "--cpu %d: %s", s->plan->cpu, strerror(errno));
}

static int sitting_open(struct sitting *s, struct lr_err *err)
{
	const struct lr_bench_plan *plan = s->plan;

	sched_getaffinity(0, sizeof(s->before), &s->before);
	lr_child_program("lr-perf", s->program[0]);
	if (plan->against && program_of(plan->against, s->program[1], err) < 0)
		return -1;
	s->builds = plan->against ? 2 : 1;
	s->of = plan->runs * s->builds;
	s->readings = calloc(plan->runs, sizeof(*s->readings));
	s->runs = calloc(plan->runs, sizeof(*s->runs));
	if (!s->readings || !s->runs)
		return lr_err_set(err, LR_EXIT_FAILED, "out of memory");
	lr_calm_init(&s->calm);
	return pin(s, err);
}

static void sitting_close(struct sitting *s)
{
	for (unsigned i = 0; s->runs && i < s->plan->runs; i++) {
		json_decref(s->runs[i][0]);
		json_decref(s->runs[i][1]);
	}
	free(s->runs);
	free(s->readings);
	sched_setaffinity(0, sizeof(s->before), &s->before);
}

int lr_bench_runs(
	const struct lr_bench_plan *plan, json_t **ours, json_t **theirs, struct lr_err *err)
{
	struct sitting s = {.plan = plan};
	char sitting[LR_KEY_TEXT];
	int r = sitting_open(&s, err) < 0 || run_all(&s, err) < 0 ? -1 : 0;

	new_sitting(sitting);
	*ours = r == 0 ? merged(&s, 0, plan->against ? sitting : NULL) : NULL;
	if (theirs)
		*theirs = r == 0 && plan->against ? merged(&s, 1, sitting) : NULL;
	sitting_close(&s);
	return r;
}
