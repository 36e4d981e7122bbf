/* base_opt.c - the command line: what is taken, what is refused and in which words, help */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>

#include "lib/base/opt.h"
#include "t/unit/base_run.h"
#include "t/unit/tap.h"

struct args {
	bool json, force;
	unsigned loud;
	long count, any;
	double rate;
	const char *iface, *file, *mode;
};

#define AT(member) offsetof(struct args, member)

static const struct lr_opt opts[] = {
	{"json", 'j', LR_OPT_FLAG, NULL, "print JSON", AT(json)},
	{"iface", 'i', LR_OPT_TEXT, "IFACE", "the node's interface", AT(iface),
		.complete = "iface"},
	{"verbose", 'v', LR_OPT_COUNT, NULL, "say more", AT(loud)},
	{"any", 0, LR_OPT_INT, "N", "any whole number", AT(any)},
	{0},
};
static const struct lr_opt ping_opts[] = {
	{"count", 'c', LR_OPT_INT, "N", "how many (default 4)", AT(count), 1, 1000},
	{"rate", 0, LR_OPT_REAL, "N", "a second", AT(rate), 0, 50},
	{"mode", 'V', LR_OPT_TEXT, "MODE", "how: 'fast' or [slow]", AT(mode),
		.complete = "fast slow"},
	{"dual", 0, LR_OPT_MAYBE, "HOW", "both ways", AT(mode)},
	{0},
};
static const struct lr_opt export_opts[] = {
	{"force", 'f', LR_OPT_FLAG, NULL, "over an existing file", AT(force)},
	{"output", 'o', LR_OPT_TEXT, "FILE", "where to", AT(file), .complete = "file"},
	{0},
};

static void defaults(void *p)
{
	((struct args *)p)->count = 4;
}

static int told(struct lr_cli *cli)
{
	const struct args *a = cli->args;

	printf("%s j%d f%d v%u c%ld a%ld r%g i=%s o=%s m=%s:", cli->verb ? cli->verb->name : "-",
		a->json, a->force, a->loud, a->count, a->any, a->rate, a->iface ? a->iface : "",
		a->file ? a->file : "", a->mode ? a->mode : "");
	for (int i = 0; i < cli->n; i++)
		printf(" [%s]", cli->operands[i]);
	printf("%s\n", cli->operands[cli->n] ? " no NULL" : "");
	return LR_EXIT_OK;
}

static int fails(struct lr_cli *cli)
{
	printf("before\n");
	return lr_err_set(&cli->err, LR_EXIT_UNREACHABLE, "no node\nruns");
}

static int noted(struct lr_cli *cli)
{
	lr_note(cli->prog, "line %d: \033[31m%s", 3, "bad");
	return LR_EXIT_MISSED;
}

static const struct lr_verb verbs[] = {
	{"list", "", "say who is there", NULL, 0, 0, told},
	{"show", "PEER", "all about one", NULL, 1, 1, told, "peer"},
	{"ping", "PEER", "measure it's way", ping_opts, 1, 1, told, "peer"},
	{"export", "[FILE]...", "write it", export_opts, 0, -1, told, "file"},
	{"fail", "", "fail", NULL, 0, 0, fails},
	{"note", "", "note", NULL, 0, 0, noted},
	{0},
};
static const struct lr_exit_note exits[] = {
	{LR_EXIT_OK, "done"},
	{LR_EXIT_RIGHTS, "no rights"},
	{0},
};
static const struct lr_prog prog = {
	.name = "lr-test",
	.summary = "Tests the command line.",
	.usage = "[OPTION]... VERB [PEER]",
	.opts = opts,
	.verbs = verbs,
	.exits = exits,
	.examples = "lr-test list\nlr-test ping -c 1 bob\n",
	.args_size = sizeof(struct args),
	.defaults = defaults,
};
static const struct lr_prog plain = {
	.name = "lr-plain",
	.summary = "Has no verbs.",
	.usage = "[OPTION]... INVITE",
	.opts = opts,
	.run = told,
	.min = 1,
	.max = 1,
	.args_size = sizeof(struct args),
};

struct call {
	const struct lr_prog *prog;
	char words[600]; /* separated by blanks */
};

static int call(void *ctx)
{
	struct call *c = ctx;
	char *argv[40] = {(char *)c->prog->name};
	int argc = 1;

	for (char *rest = c->words, *w; (w = strsep(&rest, " "));)
		if (*w)
			argv[argc++] = w;
	return lr_opt_main(c->prog, argc, argv);
}

static void run(struct run *r, const struct lr_prog *p, const char *words, int to)
{
	struct call c = {.prog = p};

	snprintf(c.words, sizeof(c.words), "%s", words);
	run_fn(r, call, &c, "", 0, to);
}

struct good {
	const char *words, *out;
};

static void taken(void)
{
	static const struct good cases[] = {
		{"list", "list j0 f0 v0 c4 a0 r0 i= o= m=:\n"},
		{"-j list", "list j1 f0 v0 c4 a0 r0 i= o= m=:\n"},
		{"list --json", "list j1 f0 v0 c4 a0 r0 i= o= m=:\n"},
		{"-v list -vv", "list j0 f0 v3 c4 a0 r0 i= o= m=:\n"},
		{"-i lr1 list -i lr2", "list j0 f0 v0 c4 a0 r0 i=lr2 o= m=:\n"},
		{"--iface=lr1 list", "list j0 f0 v0 c4 a0 r0 i=lr1 o= m=:\n"},
		{"-ilr1 list", "list j0 f0 v0 c4 a0 r0 i=lr1 o= m=:\n"},
		{"--iface list list", "list j0 f0 v0 c4 a0 r0 i=list o= m=:\n"},
		{"ping bob -c 9 -j", "ping j1 f0 v0 c9 a0 r0 i= o= m=: [bob]\n"},
		{"ping -jc9 bob", "ping j1 f0 v0 c9 a0 r0 i= o= m=: [bob]\n"},
		{"ping -- -c", "ping j0 f0 v0 c4 a0 r0 i= o= m=: [-c]\n"},
		{"-- list", "list j0 f0 v0 c4 a0 r0 i= o= m=:\n"},
		{"ping --count=1000 --rate=2.5 x", "ping j0 f0 v0 c1000 a0 r2.5 i= o= m=: [x]\n"},
		{"ping --dual=slow x", "ping j0 f0 v0 c4 a0 r0 i= o= m=slow: [x]\n"},
		{"ping --mode=fast --dual x", "ping j0 f0 v0 c4 a0 r0 i= o= m=: [x]\n"},
		{"ping --rate 5e1 -V fast x", "ping j0 f0 v0 c4 a0 r50 i= o= m=fast: [x]\n"},
		{"--any -12 list", "list j0 f0 v0 c4 a-12 r0 i= o= m=:\n"},
		{"export", "export j0 f0 v0 c4 a0 r0 i= o= m=:\n"},
		{"export - b -fo f c", "export j0 f1 v0 c4 a0 r0 i= o=f m=: [-] [b] [c]\n"},
		{"show ping", "show j0 f0 v0 c4 a0 r0 i= o= m=: [ping]\n"},
		{"list --iface=", "list j0 f0 v0 c4 a0 r0 i= o= m=:\n"},
	};
	struct run r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(&r, &prog, cases[i].words, -1);
		is_str(r.out, cases[i].out, cases[i].words);
		ok(r.code == 0 && !r.err[0], "exit 0, no error");
	}
	run(&r, &plain, "-j lr://x --iface=a", -1);
	is_str(r.out, "- j1 f0 v0 c0 a0 r0 i=a o= m=: [lr://x]\n", "a program without verbs");
}

static void refused(void)
{
	static const struct good cases[] = {
		{"", "verb is missing: one of list, show, ping, export, fail, note (try 'lr-test "
		     "--help')"},
		{"-j", "verb is missing: one of list, show, ping, export, fail, note (try 'lr-test "
		       "--help')"},
		{"lst", "lst: unknown verb, did you mean 'list'? (try 'lr-test --help')"},
		{"lsit", "lsit: unknown verb, did you mean 'list'? (try 'lr-test --help')"},
		{"exp", "exp: unknown verb, did you mean 'export'? (try 'lr-test --help')"},
		{"li", "li: unknown verb, did you mean 'list'? (try 'lr-test --help')"},
		{"frobnicate", "frobnicate: unknown verb (try 'lr-test --help')"},
		{"x", "x: unknown verb (try 'lr-test --help')"},
		{"List", "List: unknown verb, did you mean 'list'? (try 'lr-test --help')"},
		{"--jsn list", "--jsn: unknown option, did you mean '--json'? (try 'lr-test "
			       "--help')"},
		{"list --fiace=x", "--fiace: unknown option, did you mean '--iface'? (try 'lr-test "
				   "list --help')"},
		{"list --frobnicate", "--frobnicate: unknown option (try 'lr-test list --help')"},
		{"--count 3 ping x", "--count: belongs behind the verb (try 'lr-test --help')"},
		{"list --count 3", "--count: unknown option (try 'lr-test list --help')"},
		{"list -x", "-x: unknown option (try 'lr-test list --help')"},
		{"list -jx", "-x: unknown option (try 'lr-test list --help')"},
		{"list --json=1", "--json: takes no value (try 'lr-test list --help')"},
		{"list --iface", "--iface: needs a value (try 'lr-test list --help')"},
		{"list -i", "--iface: needs a value (try 'lr-test list --help')"},
		{"list --v", "--v: unknown option (try 'lr-test list --help')"},
		{"list --ver",
			"--ver: unknown option, did you mean '--verbose'? (try 'lr-test list "
			"--help')"},
		{"ping -c 0 x", "--count: '0' is not a whole number from 1 to 1000 (try 'lr-test "
				"ping --help')"},
		{"ping -c 1001 x", "--count: '1001' is not a whole number from 1 to 1000 (try "
				   "'lr-test ping --help')"},
		{"ping -c 99999999999999999999 x",
			"--count: '99999999999999999999' is not a whole number from 1 to 1000 (try "
			"'lr-test ping --help')"},
		{"ping -c 3x x", "--count: '3x' is not a whole number from 1 to 1000 (try 'lr-test "
				 "ping --help')"},
		{"ping -c 0x3 x", "--count: '0x3' is not a whole number from 1 to 1000 (try "
				  "'lr-test ping --help')"},
		{"ping --count= x",
			"--count: '' is not a whole number from 1 to 1000 (try 'lr-test "
			"ping --help')"},
		{"list --any=1.5",
			"--any: '1.5' is not a whole number (try 'lr-test list --help')"},
		{"list --any=99999999999999999999", "--any: '99999999999999999999' is not a whole "
						    "number that fits (try 'lr-test list --help')"},
		{"ping --rate 50.1 x", "--rate: '50.1' is not a number from 0 to 50 (try 'lr-test "
				       "ping --help')"},
		{"ping --rate nan x", "--rate: 'nan' is not a number from 0 to 50 (try 'lr-test "
				      "ping --help')"},
		{"ping --rate 0x1p3 x",
			"--rate: '0x1p3' is not a number from 0 to 50 (try 'lr-test "
			"ping --help')"},
		{"show", "show: operand is missing: PEER (try 'lr-test show --help')"},
		{"show a b", "b: one operand too many (try 'lr-test show --help')"},
		{"list a", "a: one operand too many (try 'lr-test list --help')"},
		{"--print-completion=tcsh", "--print-completion: 'tcsh' is not bash, zsh or fish "
					    "(try 'lr-test --help')"},
		{"l\n\033[1m", "l??[1m: unknown verb (try 'lr-test --help')"},
	};
	char want[500];
	struct run r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(&r, &prog, cases[i].words, -1);
		snprintf(want, sizeof(want), "lr-test: %s\n", cases[i].out);
		is_str(r.err, want, cases[i].words[0] == 'l' ? "refused" : cases[i].words);
		ok(r.code == 2 && !r.out[0], "exit 2, no output");
	}
	run(&r, &plain, "", -1);
	is_str(r.err,
		"lr-plain: operand is missing: usage is lr-plain [OPTION]... INVITE (try 'lr-plain "
		"--help')\n",
		"no operand for a program without verbs");
}

static void failing(void)
{
	char text[500];
	struct run r;

	run(&r, &prog, "fail", -1);
	is_str(r.err, "lr-test: no node?runs\n", "an error of run() is printed, in one line");
	is_str(r.out, "before\n", "after what it printed");
	is_int(r.code, 4, "and says the exit code");
	run(&r, &prog, "note", -1);
	is_str(r.err, "lr-test: line 3: ?[31mbad\n", "a note, cleaned");
	is_int(r.code, 3, "run()'s own exit code");

	memset(text, 'x', 400);
	memcpy(text, "list --", 7);
	text[400] = '\0';
	run(&r, &prog, text, -1);
	ok(r.code == 2 && strlen(r.err) < 120 && strstr(r.err, "(try 'lr-test list --help')\n"),
		"a very long option does not hide the hint");
	memset(text, 'y', 400);
	run(&r, &prog, text, -1);
	ok(r.code == 2 && strstr(r.err, "(try 'lr-test --help')\n"), "nor a very long verb");
}

static int ignoring(void *ctx)
{
	signal(SIGPIPE, SIG_IGN);
	return call(ctx);
}

static void outputs(void)
{
	struct call c = {.prog = &prog, .words = "list"};
	int fd[2], full = open("/dev/full", O_WRONLY);
	struct run r;

	run(&r, &prog, "list", full);
	is_int(r.code, 1, "a full disk: exit 1");
	is_str(r.err, "lr-test: standard output: No space left on device\n", "and an error");
	run(&r, &prog, "--help", full);
	is_int(r.code, 1, "--help too");
	run(&r, &prog, "fail", full);
	is_int(r.code, 4, "a failure keeps its own exit code");
	close(full);
	ok(pipe(fd) == 0, "a pipe");
	close(fd[0]);
	run(&r, &prog, "list", fd[1]);
	ok(r.code == 128 + SIGPIPE && !r.err[0], "without a reader: ends silently");
	run_fn(&r, ignoring, &c, "", 0, fd[1]);
	ok(r.code == 1 && !r.err[0], "with SIGPIPE ignored: silently too");
	close(fd[1]);
}

static void helps(void)
{
	struct run r;

	run(&r, &prog, "list --help nonsense --nonsense", -1);
	is_str(r.out,
		"Usage: lr-test [OPTION]... list\n"
		"say who is there\n\n"
		"Options:\n"
		"  -j, --json         print JSON\n"
		"  -i, --iface=IFACE  the node's interface\n"
		"  -v, --verbose      say more\n"
		"      --any=N        any whole number\n"
		"  -h, --help         show this help and exit\n"
		"  -V, --version      show the version and exit\n\n"
		"Exit codes:\n"
		"  0   done\n"
		"  77  no rights\n",
		"help of a verb");
	is_int(r.code, 0, "exit 0");
	run(&r, &prog, "ping -h", -1);
	ok(strstr(r.out, "Options of ping:\n  -c, --count=N      how many (default 4)\n") != NULL,
		"with its own options");
	ok(strstr(r.out, "      --version      show") != NULL,
		"a letter that it took is not shown");
	run(&r, &prog, "--help", -1);
	is_str(r.out,
		"Usage: lr-test [OPTION]... VERB [PEER]\n"
		"Tests the command line.\n\n"
		"Options:\n"
		"  -j, --json         print JSON\n"
		"  -i, --iface=IFACE  the node's interface\n"
		"  -v, --verbose      say more\n"
		"      --any=N        any whole number\n"
		"  -h, --help         show this help and exit\n"
		"  -V, --version      show the version and exit\n\n"
		"Verbs:\n"
		"  list               say who is there\n"
		"  show PEER          all about one\n"
		"  ping PEER          measure it's way\n"
		"  export [FILE]...   write it\n"
		"  fail               fail\n"
		"  note               note\n\n"
		"Options of ping:\n"
		"  -c, --count=N      how many (default 4)\n"
		"      --rate=N       a second\n"
		"  -V, --mode=MODE    how: 'fast' or [slow]\n"
		"      --dual[=HOW]   both ways\n\n"
		"Options of export:\n"
		"  -f, --force        over an existing file\n"
		"  -o, --output=FILE  where to\n\n"
		"Exit codes:\n"
		"  0   done\n"
		"  77  no rights\n\n"
		"Examples:\n"
		"  lr-test list\n"
		"  lr-test ping -c 1 bob\n",
		"help of the program");
	run(&r, &prog, "--version", -1);
	is_str(r.out, "lr-test " LR_VERSION "\n", "--version");
	run(&r, &prog, "list -V", -1);
	is_str(r.out, "lr-test " LR_VERSION "\n", "-V behind a verb");
	ok(r.code == 0 && !r.err[0], "exit 0, no error");
}

int main(void)
{
	taken();
	refused();
	failing();
	outputs();
	helps();
	return tap_done();
}
