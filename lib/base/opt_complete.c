/*
 * opt_complete.c - completion scripts for bash, zsh and fish, from the same table that parses
 *
 * Names of peers come from other people. So the scripts hand them to the shell as data only:
 * bash's `compgen -W` would expand `$(...)` inside them, hence the loop and %q there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/opt_table.h"
#include "defaults.h"
#include "terms.h"

/* One JSON object a line, compact: the member's value is cut out without a JSON parser. */
#define PEERS                                                                                      \
	"lr-peer list --json 2>/dev/null | sed -n 's/.*\"" LR_K_PEER                               \
	"\":\"\\([^\"\\\\]*\\)\".*/\\1/p'"

#define GAMES "lr-game list 2>/dev/null | sed 's/ .*//'"

static bool kind(const char *complete, const char *is)
{
	return complete && strcmp(complete, is) == 0;
}

/* Prints `text` for the inside of single quotes, a backslash before each byte of `escape`;
 * the quote itself as `quote`. */
static void quoted(FILE *out, const char *text, const char *escape, const char *quote)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs(quote, out);
		else if (strchr(escape, *text))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

/* lr-peer: lr_peer */
static void ident(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == '-' ? '_' : *name, out);
}

/* "--name", "-n --name" with `before` in front of each and `between` between them. */
static void spellings(FILE *out, const struct lr_prog *prog, const struct lr_verb *verb,
	const struct lr_opt *o, const char *before, const char *between)
{
	char letter = lr_opt_letter(prog, verb, o);

	fprintf(out, "%s--%s", before, o->name);
	if (letter)
		fprintf(out, "%s%s-%c", between, before, letter);
}

/* bash */

static const char bash_helpers[] =
	"__lr_offer()\n"
	"{\n"
	"\tlocal word\n"
	"\twhile IFS= read -r word; do\n"
	"\t\t[[ $word == \"$1\"* ]] && COMPREPLY+=(\"$(printf %q \"$word\")\")\n"
	"\tdone\n"
	"}\n"
	"__lr_words()\n"
	"{\n"
	"\tlocal cur=$1\n"
	"\tshift\n"
	"\t(($#)) && __lr_offer \"$cur\" < <(printf '%s\\n' \"$@\")\n"
	"}\n"
	"__lr_ifaces()\n"
	"{\n"
	"\tlocal dir=${LR_RUN_DIR:-" LR_DEFAULT_RUN_DIR "} f\n"
	"\tfor f in \"$dir\"/*.sock; do\n"
	"\t\tf=${f##*/}\n"
	"\t\t[[ $f == \"*.sock\" ]] || echo \"${f%.sock}\"\n"
	"\tdone\n"
	"}\n"
	"__lr_peers()\n"
	"{\n"
	"\t" PEERS "\n"
	"}\n";

static void bash_action(FILE *out, const char *complete)
{
	if (kind(complete, "file"))
		fprintf(out, "compopt -o default 2>/dev/null");
	else if (kind(complete, "iface"))
		fprintf(out, "__lr_offer \"$cur\" < <(__lr_ifaces)");
	else if (kind(complete, "peer"))
		fprintf(out, "__lr_offer \"$cur\" < <(__lr_peers)");
	else if (kind(complete, "game"))
		fprintf(out, "__lr_offer \"$cur\" < <(" GAMES ")");
	else if (complete)
		fprintf(out, "__lr_words \"$cur\" %s", complete);
	else
		fprintf(out, ":");
}

/* The words of options that take a value: skipped with it when the verb is looked for. */
static void bash_skip(FILE *out, const struct lr_prog *prog)
{
	lr_opt_foreach(o, prog->opts)
	{
		if (!lr_opt_has_value(o))
			continue;
		fprintf(out, "\t\t");
		spellings(out, prog, NULL, o, "", " | ");
		fprintf(out, ")\n\t\t\t[[ ${COMP_WORDS[i + 1]} == \"=\" ]] && ((i++))\n"
			     "\t\t\t((i++))\n\t\t\t;;\n");
	}
}

static void bash_values(FILE *out, const struct lr_prog *prog, const struct lr_verb *verb,
	const struct lr_opt *opts)
{
	char before[64];

	snprintf(before, sizeof(before), "%s:", verb ? verb->name : "*");
	lr_opt_foreach(o, opts)
	{
		if (!lr_opt_has_value(o))
			continue;
		fprintf(out, "\t");
		spellings(out, prog, verb, o, before, " | ");
		fprintf(out, ")\n\t\t");
		bash_action(out, o->complete);
		fprintf(out, "\n\t\treturn\n\t\t;;\n");
	}
}

static void bash_names(FILE *out, const struct lr_opt *opts)
{
	lr_opt_foreach(o, opts) if (!lr_opt_hidden(o)) fprintf(out, " --%s", o->name);
}

static void bash_verbs(FILE *out, const struct lr_prog *prog)
{
	fprintf(out, "\tcase $verb in\n\t\"\")\n\t\t__lr_words \"$cur\"");
	lr_verb_foreach(v, prog) fprintf(out, " %s", v->name);
	fprintf(out, "\n\t\t;;\n");
	lr_verb_foreach(v, prog)
	{
		fprintf(out, "\t%s)\n\t\t", v->name);
		bash_action(out, v->complete);
		fprintf(out, "\n\t\t;;\n");
	}
	fprintf(out, "\tesac\n");
}

static void bash_options(FILE *out, const struct lr_prog *prog)
{
	fprintf(out, "\tif [[ $cur == -* ]]; then\n\t\t__lr_words \"$cur\"");
	bash_names(out, prog->opts);
	bash_names(out, lr_opt_builtin);
	fprintf(out, "\n\t\tcase $verb in\n");
	lr_verb_foreach(v, prog)
	{
		if (!v->opts || !v->opts->name)
			continue;
		fprintf(out, "\t\t%s) __lr_words \"$cur\"", v->name);
		bash_names(out, v->opts);
		fprintf(out, " ;;\n");
	}
	fprintf(out, "\t\tesac\n\t\treturn\n\tfi\n");
}

static void bash_script(const struct lr_prog *prog, FILE *out)
{
	fprintf(out, "# bash completion, made by: %s --print-completion=bash\n%s_", prog->name,
		bash_helpers);
	ident(out, prog->name);
	fprintf(out, "()\n{\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} opt=${COMP_WORDS[COMP_CWORD - 1]}\n"
		     "\tlocal verb= i\n"
		     "\tCOMPREPLY=()\n"
		     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		     "\t\tcase ${COMP_WORDS[i]} in\n");
	bash_skip(out, prog);
	fprintf(out, "\t\t-*) ;;\n\t\t*)\n\t\t\tverb=${COMP_WORDS[i]}\n\t\t\tbreak\n\t\t\t;;\n"
		     "\t\tesac\n\tdone\n"
		     "\tif [[ $cur == \"=\" ]]; then\n"
		     "\t\tcur=\n"
		     "\telif [[ $opt == \"=\" ]]; then\n"
		     "\t\topt=${COMP_WORDS[COMP_CWORD - 2]}\n"
		     "\tfi\n"
		     "\tcase $verb:$opt in\n");
	lr_verb_foreach(v, prog) bash_values(out, prog, v, v->opts);
	bash_values(out, prog, NULL, prog->opts);
	fprintf(out, "\tesac\n");
	bash_options(out, prog);
	if (prog->verbs)
		bash_verbs(out, prog);
	fprintf(out, "}\ncomplete -F _");
	ident(out, prog->name);
	fprintf(out, " %s\n", prog->name);
}

/* zsh */

static const char zsh_helpers[] = "__lr_ifaces() {\n"
				  "\tlocal -a names\n"
				  "\tnames=(${LR_RUN_DIR:-" LR_DEFAULT_RUN_DIR "}/*.sock(N:t:r))\n"
				  "\tcompadd \"$@\" -a names\n"
				  "}\n"
				  "__lr_peers() {\n"
				  "\tlocal -a names\n"
				  "\tnames=(${(f)\"$(" PEERS ")\"})\n"
				  "\tcompadd \"$@\" -a names\n"
				  "}\n"
				  "__lr_games() {\n"
				  "\tlocal -a names\n"
				  "\tnames=(${(f)\"$(" GAMES ")\"})\n"
				  "\tcompadd \"$@\" -a names\n"
				  "}\n";

static void zsh_action(FILE *out, const char *complete)
{
	if (kind(complete, "file"))
		fprintf(out, "_files");
	else if (kind(complete, "iface"))
		fprintf(out, "__lr_ifaces");
	else if (kind(complete, "peer"))
		fprintf(out, "__lr_peers");
	else if (kind(complete, "game"))
		fprintf(out, "__lr_games");
	else if (complete)
		fprintf(out, "(%s)", complete);
	else
		fprintf(out, " ");
}

static void zsh_options(FILE *out, const struct lr_prog *prog, const struct lr_verb *verb,
	const struct lr_opt *opts, const char *indent)
{
	lr_opt_foreach(o, opts)
	{
		char letter = lr_opt_letter(prog, verb, o);
		bool value = lr_opt_has_value(o);
		if (lr_opt_hidden(o))
			continue;
		fprintf(out, "%s", indent);
		if (letter)
			fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}", letter, o->name, letter,
				value ? "+" : "", o->name, value ? "=" : "");
		else
			fprintf(out, "--%s%s", o->name, value ? "=" : "");
		fprintf(out, "'[");
		quoted(out, o->help, "\\:[]", "'\\''");
		fprintf(out, "]");
		if (value) {
			fputc(':', out);
			quoted(out, o->arg ? o->arg : "VALUE", "\\:", "'\\''");
			fputc(':', out);
			zsh_action(out, o->complete);
		}
		fprintf(out, "'\n");
	}
}

static void zsh_verbs(FILE *out, const struct lr_prog *prog)
{
	fprintf(out, "\tcase $line[1] in\n");
	lr_verb_foreach(v, prog)
	{
		fprintf(out, "\t%s)\n\t\town=(\n", v->name);
		zsh_options(out, prog, v, v->opts, "\t\t\t");
		fprintf(out, "\t\t\t'*: :");
		zsh_action(out, v->complete);
		fprintf(out, "'\n\t\t)\n\t\t;;\n");
	}
	fprintf(out, "\t*) return 1 ;;\n\tesac\n\t_arguments -S $common $own\n");
}

static void zsh_script(const struct lr_prog *prog, FILE *out)
{
	fprintf(out, "#compdef %s\n# zsh completion, made by: %s --print-completion=zsh\n%s_",
		prog->name, prog->name, zsh_helpers);
	ident(out, prog->name);
	fprintf(out, "() {\n\tlocal curcontext=\"$curcontext\" state line\n"
		     "\ttypeset -A opt_args\n\tlocal -a common verbs own\n\tcommon=(\n");
	zsh_options(out, prog, NULL, prog->opts, "\t\t");
	zsh_options(out, prog, NULL, lr_opt_builtin, "\t\t");
	fprintf(out, "\t)\n");
	if (!prog->verbs) {
		fprintf(out, "\t_arguments -S $common '*: : '\n}\n");
		goto out;
	}
	fprintf(out, "\tverbs=(\n");
	lr_verb_foreach(v, prog)
	{
		fprintf(out, "\t\t'%s:", v->name);
		quoted(out, v->help, "\\:", "'\\''");
		fprintf(out, "'\n");
	}
	fprintf(out, "\t)\n\t_arguments -C -S $common '1: :->verb' '*:: :->rest' && return\n"
		     "\tif [[ $state == verb ]]; then\n"
		     "\t\t_describe -t verbs verb verbs\n\t\treturn\n\tfi\n");
	zsh_verbs(out, prog);
	fprintf(out, "}\n");
out:
	fprintf(out, "_");
	ident(out, prog->name);
	fprintf(out, " \"$@\"\n");
}

/* fish */

static const char fish_helpers[] = "function __lr_ifaces\n"
				   "\tset -l dir " LR_DEFAULT_RUN_DIR "\n"
				   "\ttest -n \"$LR_RUN_DIR\"; and set dir $LR_RUN_DIR\n"
				   "\tfor f in $dir/*.sock\n"
				   "\t\tbasename -- $f .sock\n"
				   "\tend\n"
				   "end\n"
				   "function __lr_peers\n"
				   "\t" PEERS "\n"
				   "end\n"
				   "function __lr_games\n"
				   "\t" GAMES "\n"
				   "end\n";

static void fish_action(FILE *out, const char *complete)
{
	if (kind(complete, "iface"))
		fprintf(out, " -a '(__lr_ifaces)'");
	else if (kind(complete, "peer"))
		fprintf(out, " -a '(__lr_peers)'");
	else if (kind(complete, "game"))
		fprintf(out, " -a '(__lr_games)'");
	else if (complete && !kind(complete, "file"))
		fprintf(out, " -a '%s'", complete);
}

static void fish_describe(FILE *out, const char *help)
{
	fprintf(out, " -d '");
	quoted(out, help, "\\", "\\'");
	fprintf(out, "'\n");
}

static void fish_options(FILE *out, const struct lr_prog *prog, const struct lr_verb *verb,
	const struct lr_opt *opts)
{
	lr_opt_foreach(o, opts)
	{
		char letter = lr_opt_letter(prog, verb, o);
		if (lr_opt_hidden(o))
			continue;
		fprintf(out, "complete -c %s", prog->name);
		if (verb)
			fprintf(out, " -n '__fish_seen_subcommand_from %s'", verb->name);
		if (letter)
			fprintf(out, " -s %c", letter);
		fprintf(out, " -l %s", o->name);
		if (lr_opt_has_value(o)) {
			fprintf(out, kind(o->complete, "file") ? " -r -F" : " -x");
			fish_action(out, o->complete);
		}
		fish_describe(out, o->help);
	}
}

static void fish_script(const struct lr_prog *prog, FILE *out)
{
	fprintf(out, "# fish completion, made by: %s --print-completion=fish\n%s", prog->name,
		fish_helpers);
	fprintf(out, "complete -c %s -f\n", prog->name);
	fish_options(out, prog, NULL, prog->opts);
	fish_options(out, prog, NULL, lr_opt_builtin);
	lr_verb_foreach(v, prog)
	{
		fprintf(out, "complete -c %s -n __fish_use_subcommand -a %s", prog->name, v->name);
		fish_describe(out, v->help);
		fish_options(out, prog, v, v->opts);
		if (!v->complete)
			continue;
		fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s'", prog->name,
			v->name);
		fprintf(out, kind(v->complete, "file") ? " -F" : "");
		fish_action(out, v->complete);
		fprintf(out, "\n");
	}
}

int lr_opt_completion(const struct lr_prog *prog, const char *shell, FILE *out)
{
	if (strcmp(shell, "bash") == 0)
		bash_script(prog, out);
	else if (strcmp(shell, "zsh") == 0)
		zsh_script(prog, out);
	else if (strcmp(shell, "fish") == 0)
		fish_script(prog, out);
	else
		return -EINVAL;
	return 0;
}
