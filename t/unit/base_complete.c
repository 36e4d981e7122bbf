/*
 * base_complete.c - the completion scripts, run by the shells that they are for
 *
 * The names of interfaces and peers come from a folder and from an lr-peer that the test makes;
 * one of the peers has a name that a careless script would execute.
 */
#include <stddef.h>
#include <sys/stat.h>

#include "lib/base/opt.h"
#include "t/unit/base_run.h"
#include "t/unit/tap.h"

struct args {
	bool json;
	const char *iface, *mode, *file;
	long count;
};

static const struct lr_opt opts[] = {
	{"json", 'j', LR_OPT_FLAG, NULL, "print JSON", offsetof(struct args, json)},
	{"iface", 'i', LR_OPT_TEXT, "IFACE", "the node's: [one]", offsetof(struct args, iface),
		.complete = "iface"},
	{0},
};
static const struct lr_opt ping_opts[] = {
	{"count", 'c', LR_OPT_INT, "N:M", "how many", offsetof(struct args, count), 1, 9},
	{"mode", 0, LR_OPT_TEXT, "MODE", "how", offsetof(struct args, mode),
		.complete = "fast slow"},
	{"output", 'o', LR_OPT_TEXT, "FILE", "where to", offsetof(struct args, file),
		.complete = "file"},
	{0},
};

static int nothing(struct lr_cli *cli)
{
	(void)cli;
	return LR_EXIT_OK;
}

static const struct lr_verb verbs[] = {
	{"list", "", "who is there", NULL, 0, 0, nothing},
	{"ping", "PEER", "measure: it's way", ping_opts, 1, 1, nothing, "peer"},
	{"import", "FILE", "read it", NULL, 1, 1, nothing, "file"},
	{0},
};
static const struct lr_prog prog = {
	.name = "lr-test",
	.summary = "x",
	.usage = "VERB",
	.opts = opts,
	.verbs = verbs,
	.args_size = sizeof(struct args),
};

static const struct lr_prog plain = {
	.name = "lr-plain",
	.summary = "x",
	.usage = "",
	.opts = opts,
	.run = nothing,
	.args_size = sizeof(struct args),
};

static char dir[] = "/tmp/lr-complete-XXXXXX";

static const struct lr_prog *shown = &prog;

static int print(void *shell)
{
	char option[60];
	char *argv[] = {(char *)"lr-test", option, NULL};

	snprintf(option, sizeof(option), "--print-completion=%s", (const char *)shell);
	return lr_opt_main(shown, 2, argv);
}

static int script(void *text)
{
	return execl("/bin/sh", "sh", "-c", (const char *)text, NULL) == 0;
}

static void shell(struct run *r, const char *text)
{
	run_fn(r, script, (void *)(size_t)text, "", 0, -1);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, mode) < 0) {
		perror(path);
		exit(1);
	}
}

static bool have(const char *name)
{
	char text[60];
	struct run r;

	snprintf(text, sizeof(text), "command -v %s", name);
	shell(&r, text);
	if (r.code == 0)
		return true;
	ok(true, "completion in %s # SKIP no %s here", name, name);
	return false;
}

static void make_script(const char *name)
{
	struct run r;

	run_fn(&r, print, (void *)(size_t)name, "", 0, -1);
	is_int(r.code, 0, "a script is printed");
	write_file(name, r.out, 0644);
}

struct offer {
	const char *words; /* as bash splits them, blank-separated; the last is being typed */
	const char *offered;
};

static void bash(void)
{
	/* `_` stands for an empty word. */
	static const struct offer cases[] = {
		{"_", "list ping import"},
		{"p", "ping"},
		{"-", "--json --iface --help --version"},
		{"-j --if", "--iface"},
		{"ping --", "--json --iface --help --version --count --mode --output"},
		{"--iface _", "lr0 lr1"},
		{"-i lr1", "lr1"},
		{"--iface =", "lr0 lr1"},
		{"--iface = lr0", "lr0"},
		{"--iface lr0 p", "ping"},
		{"--iface = lr0 p", "ping"},
		{"-i lr0 ping --mode _", "fast slow"},
		{"ping --mode = s", "slow"},
		{"ping --count _", ""},
		{"ping _", "bob \\$\\(touch\\ owned\\) d\\ e"},
		{"ping b", "bob"},
		{"list _", ""},
		{"list --mode _", ""},
	};
	char text[700];
	struct run r;

	if (!have("bash"))
		return;
	make_script("bash");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			"cd %s && PATH=%s:$PATH LR_RUN_DIR=%s bash -c '. ./bash; "
			"COMP_WORDS=(lr-test); for w in %s; do [[ $w == _ ]] && w=; "
			"COMP_WORDS+=(\"$w\"); done; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
			"_lr_test; printf %%s \"${COMPREPLY[*]}\"'",
			dir, dir, dir, cases[i].words);
		shell(&r, text);
		is_str(r.out, cases[i].offered, cases[i].words);
		is_str(r.err, "", "bash has nothing to say");
	}
	snprintf(text, sizeof(text), "test -e %s/owned", dir);
	shell(&r, text);
	is_int(r.code, 1, "no name of a peer was executed");
}

static void zsh(void)
{
	char text[300];
	struct run r;

	if (!have("zsh"))
		return;
	make_script("zsh");
	snprintf(text, sizeof(text), "zsh -n %s/zsh && head -n1 %s/zsh; grep -c 'N.:M' %s/zsh", dir,
		dir, dir);
	shell(&r, text);
	is_str(r.out, "#compdef lr-test\n1\n", "zsh reads the script, a colon is escaped");
	is_str(r.err, "", "and has nothing to say");
}

static void fish(void)
{
	static const struct offer cases[] = {
		{"lr-test ", "import\tread it\nlist\twho is there\nping\tmeasure: it's way\n"},
		{"lr-test -i ", "lr0\tthe node's: [one]\nlr1\tthe node's: [one]\n"},
		{"lr-test --iface=lr1", "--iface=lr1\tthe node's: [one]\n"},
		{"lr-test ping --mode ", "fast\thow\nslow\thow\n"},
		{"lr-test ping --mo", "--mode\thow\n"},
		{"lr-test ping b", "bob\n"},
		{"lr-test list b", ""},
		{"lr-test list --mo", ""},
	};
	char text[700];
	struct run r;

	if (!have("fish"))
		return;
	make_script("fish");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			"cd %s && HOME=%s PATH=%s:$PATH LR_RUN_DIR=%s fish --no-config -c 'source "
			"./fish; complete -C \"%s\"'",
			dir, dir, dir, dir, cases[i].words);
		shell(&r, text);
		is_str(r.out, cases[i].offered, cases[i].words);
	}
}

static void without_verbs(void)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};
	char text[100];
	struct run r;

	shown = &plain;
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (!have(shells[i]))
			continue;
		make_script(shells[i]);
		snprintf(text, sizeof(text), "%s -n %s/%s", shells[i], dir, shells[i]);
		shell(&r, text);
		ok(r.code == 0 && !r.err[0], "a program without verbs: %s", shells[i]);
	}
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	write_file("lr0.sock", "", 0644);
	write_file("lr1.sock", "", 0644);
	write_file("lr-peer",
		"#!/bin/sh\n"
		"[ \"$*\" = 'list --json' ] || exit 2\n"
		"echo '{\"peer\":\"bob\",\"address\":null}'\n"
		"echo '{\"peer\":\"$(touch owned)\"}'\n"
		"echo '{\"address\":null,\"peer\":\"d e\"}'\n",
		0755);
	bash();
	zsh();
	fish();
	without_verbs();
	run_remove(dir);
	return tap_done();
}
