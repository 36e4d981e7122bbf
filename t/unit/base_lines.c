/* base_lines.c - operands from argv and standard input, good ones and bad ones */
#include <signal.h>
#include <stddef.h>

#include "lib/base/lines.h"
#include "t/unit/base_run.h"
#include "t/unit/tap.h"

static int each(void *ctx, const struct lr_operand *op, struct lr_err *err)
{
	char *text = op->json ? lr_json_text(op->json) : NULL;

	(void)ctx;
	printf("%u[%s]%s\n", op->line, op->name ? op->name : "(null)", text ? text : "");
	free(text);
	if (op->name && strcmp(op->name, "bad") == 0)
		return lr_err_set(err, LR_EXIT_FAILED, "bad: is bad");
	return op->name && strcmp(op->name, "quiet") == 0;
}

static int idle(void *ctx, struct lr_err *err)
{
	printf("idle\n");
	fflush(stdout);
	return ctx ? lr_err_set(err, LR_EXIT_FAILED, "no disk") : 0;
}

static int run_each(struct lr_cli *cli)
{
	return lr_each_operand(cli, each, NULL);
}

static int run_idle(struct lr_cli *cli)
{
	return lr_each_operand_idle(cli, each, idle, NULL);
}

static int run_failing(struct lr_cli *cli)
{
	return lr_each_operand_idle(cli, each, idle, cli);
}

static const struct lr_verb verbs[] = {
	{"do", "NAME...", "x", NULL, 1, -1, run_each},
	{"batch", "NAME...", "x", NULL, 1, -1, run_idle},
	{"fail", "NAME...", "x", NULL, 1, -1, run_failing},
	{0},
};
static const struct lr_prog prog = {.name = "lr-test", .verbs = verbs};

static int call(void *ctx)
{
	char **words = ctx;
	char *argv[10] = {(char *)"lr-test"};
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = words[argc - 1];
	return lr_opt_main(&prog, argc, argv);
}

#define RUN(r, in, len, ...) run_fn(r, call, (const char *[]){__VA_ARGS__, NULL}, in, len, -1)

static void names(void)
{
	struct run r;

	RUN(&r, "unread\n", 7, "do", "a", "bad", "b", "quiet", "{");
	is_str(r.out, "0[a]\n0[bad]\n0[b]\n0[quiet]\n0[{]\n", "all of argv, in order");
	is_str(r.err, "lr-test: bad: is bad\n", "an error as it is");
	is_int(r.code, 1, "one failed: exit 1");
	RUN(&r, "", 0, "do", "a");
	is_int(r.code, 0, "none failed: exit 0");
	RUN(&r, "", 0, "do", "quiet");
	ok(r.code == 1 && !r.err[0], "a failure without a text is still one");
}

static void input(void)
{
	static const char text[] = "one\n"
				   "\n"
				   "  two words \t\r\n"
				   "bad\n"
				   "{\"peer\":\"p\",\"public_key\":\"k\"}\n"
				   " {\"public_key\":\"k\",\"more\":[1]}\n"
				   "{\"other\":1}\n"
				   "{\"peer\":null}\n"
				   "{\"peer\":1}\n"
				   "{torn\n"
				   "nul\0byte\n"
				   "[1]\n"
				   "last";
	struct run r;

	RUN(&r, text, sizeof(text) - 1, "do", "x", "-", "y");
	is_str(r.out,
		"0[x]\n"
		"1[one]\n"
		"3[two words]\n"
		"4[bad]\n"
		"5[p]{\"peer\":\"p\",\"public_key\":\"k\"}\n"
		"6[k]{\"public_key\":\"k\",\"more\":[1]}\n"
		"7[(null)]{\"other\":1}\n"
		"8[(null)]{\"peer\":null}\n"
		"12[[1]]\n"
		"13[last]\n"
		"0[y]\n",
		"names and objects, numbered as the lines are");
	is_str(r.err,
		"lr-test: line 4: bad: is bad\n"
		"lr-test: line 9: peer, public_key: must be text\n"
		"lr-test: line 10: column 5: string or '}' expected near 'torn'\n"
		"lr-test: line 11: has a NUL byte\n",
		"one error a bad line");
	is_int(r.code, 1, "the rest is done, exit 1");
	RUN(&r, "", 0, "do", "-");
	ok(r.code == 0 && !r.out[0] && !r.err[0], "nothing in, nothing out");
	RUN(&r, "a\n", 2, "do", "-", "-");
	ok(r.code == 0 && strcmp(r.out, "1[a]\n") == 0, "input can be read once");
}

static void long_lines(void)
{
	size_t len = 2 * LR_JSON_LINE_MAX + 20;
	char *text = malloc(len);
	struct run r;

	memset(text, 'x', len);
	memcpy(text, "{}", 2);
	memset(text + 2, ' ', LR_JSON_LINE_MAX - 2);
	text[LR_JSON_LINE_MAX] = '\n';
	text[len - 6] = '\n';
	memcpy(text + len - 5, "after", 5);
	RUN(&r, text, len, "do", "-");
	is_str(r.out, "1[(null)]{}\n3[after]\n", "the longest line is taken, a longer one is not");
	is_str(r.err, "lr-test: line 2: longer than 1048576 bytes\n", "and costs one line");
	is_int(r.code, 1, "exit 1");
	free(text);
}

static int closed_input(void *unused)
{
	char *words[] = {(char *)"do", (char *)"-", NULL};

	(void)unused;
	close(0);
	return call(words);
}

static void broken_input(void)
{
	struct run r;

	run_fn(&r, closed_input, NULL, "", 0, -1);
	is_str(r.err, "lr-test: standard input: Bad file descriptor\n", "closed input is told");
	is_int(r.code, 1, "exit 1");
}

/* Lines come out of a pipe one by one, each before the next is written. */
static void streaming(void)
{
	int in[2], out[2], status = 0;
	char *words[] = {(char *)"batch", (char *)"-", NULL};
	char line[64];

	ok(pipe(in) == 0 && pipe(out) == 0, "two pipes");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		_exit(call(words));
	}
	close(in[0]);
	close(out[1]);
	FILE *back = fdopen(out[0], "r");
	ok(fgets(line, sizeof(line), back) && strcmp(line, "idle\n") == 0, "told before it waits");
	for (int i = 0; i < 3; i++) {
		ok(write(in[1], "n\n", 2) == 2 && fgets(line, sizeof(line), back), "line %d", i);
		ok(line[0] == '1' + i && strcmp(line + 1, "[n]\n") == 0, "is done at once");
		ok(fgets(line, sizeof(line), back) && strcmp(line, "idle\n") == 0, "and told");
	}
	close(in[1]);
	ok(fgets(line, sizeof(line), back) && strcmp(line, "idle\n") == 0, "once at the end");
	ok(!fgets(line, sizeof(line), back), "then nothing");
	waitpid(pid, &status, 0);
	is_int(status, 0, "exit 0");
	fclose(back);
}

static void failing_batch(void)
{
	struct run r;

	RUN(&r, "", 0, "fail", "a");
	is_str(r.err, "lr-test: no disk\n", "an error of the batch is printed");
	is_int(r.code, 1, "exit 1");
}

int main(void)
{
	alarm(60); /* a pipe that hangs is a failure, not a wait */
	names();
	input();
	long_lines();
	broken_input();
	streaming();
	failing_batch();
	return tap_done();
}
