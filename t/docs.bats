# What a person reads about the programs is what the programs do: help, manuals, completions, lists of
# the README.
load helper

setup() {
	lr_setup
	cd "$ROOT"
	programs=$(for f in cmd/lr-*.c; do basename "$f" .c; done)
}

page() { ls "share/man/$1".[1-8]; }

@test "every program has one manual page, every page its program or file format" {
	for p in $programs; do
		is "$(page "$p" | wc -l)" 1 "$p"
	done
	for f in share/man/*.[18]; do
		[ -f "cmd/$(basename "${f%.*}").c" ] || { echo "$f is about no program"; false; }
	done
}

@test "the manuals are clean mdoc" {
	need mandoc
	run mandoc -T lint -W warning share/man/*.[1-8]
	is "$status" 0 "$output"
}

@test "help and manual list the same options, verbs and exit codes" {
	for p in $programs; do
		t/tools/manual.py "$BIN/$p" "$(page "$p")"
	done
}

@test "manual.py sees an option, a verb and a code that only one side has" {
	cat >"$BATS_TEST_TMPDIR/prog" <<-'END'
		#!/bin/sh
		cat <<HELP
		Usage: prog [OPTION]... VERB
		Options:
		      --json   as JSON
		  -h, --help   this
		Verbs:
		  sing SONG    sings
		Options of sing:
		      --loud   loudly
		Exit codes:
		  0   done
		  3   out of tune
		HELP
	END
	chmod +x "$BATS_TEST_TMPDIR/prog"
	page=$BATS_TEST_TMPDIR/prog.1
	printf '%s\n' '.Sh DESCRIPTION' '.It Fl -json' '.It Fl h , Fl -help' '.It Cm sing Ar song' '.It Fl -loud' \
		'.Sh EXIT STATUS' '.It 0' '.It 3' >"$page"
	exits 0 t/tools/manual.py "$BATS_TEST_TMPDIR/prog" "$page"
	sed -i -e 's/-loud/-quiet/' -e 's/sing/hum/' -e 's/It 3/It 4/' "$page"
	exits 1 t/tools/manual.py "$BATS_TEST_TMPDIR/prog" "$page"
	is "${#lines[@]}" 6
	[[ $output == *"option quiet: only in the manual"*"verb sing: only in --help"*"exit code 3: only in --help"* ]]
}

@test "--help and --version answer on stdout with exit 0, a wrong option on stderr with 2" {
	for p in $programs; do
		"$p" --help 2>"$BATS_TEST_TMPDIR/err" | grep -q "^Usage: $p"
		[ ! -s "$BATS_TEST_TMPDIR/err" ]
		is "$("$p" --version 2>/dev/null | head -n 1)" "$p $(sed -n 's/^VERSION := //p' Makefile)"
		code=0
		"$p" --no-such-option >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
		is $code 2 "$p --no-such-option"
		[ ! -s "$BATS_TEST_TMPDIR/out" ]
		grep -q "^$p: " "$BATS_TEST_TMPDIR/err"
	done
}

@test "the committed completions are what the programs print" {
	scripts/completions "$BIN" "$BATS_TEST_TMPDIR/fresh"
	diff -r completions "$BATS_TEST_TMPDIR/fresh"
}

@test "the completions load in their shells" {
	for p in $programs; do
		bash -n "completions/bash/$p"
		bash -c 'source "$1" && complete -p "$2"' _ "completions/bash/$p" "$p" | grep -q "$p"
		! command -v zsh >/dev/null || zsh -n "completions/zsh/_$p"
		! command -v fish >/dev/null || fish -n "completions/fish/$p.fish"
	done
}

# words PROGRAM WORD...: what bash offers for the last word, one a line.
words() {
	bash -c '
		source "completions/bash/$1"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
		f=$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")
		$f "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' _ "$@"
}

@test "bash completes verbs and options" {
	words lr-ipam al | grep -x 'alloc *'
	words lr-ipam --js | grep -x -- '--json *'
	words lr-up --conf | grep -x -- '--config=\? *'
}

@test "no page and no help names a file of this machine" {
	! grep -n -e "${ROOT%/*}/" README.md share/man/* completions/*/*
}

@test "the README lists every program, every package of the build and the demo, and the licence" {
	for p in $programs; do
		grep -q "^| \`$p\` |" README.md || { echo "$p"; false; }
	done
	for package in $(grep -E '^(build|demo)	' share/build/packages | cut -f2); do
		grep -qF "$package" README.md || { echo "$package"; false; }
	done
	grep -q 'ISC' README.md
}

@test "the README names every make target that help names" {
	for target in $(make help | sed -n 's/^make \([a-z-]*\) .*/\1/p'); do
		grep -q "make $target" README.md || { echo "$target"; false; }
	done
}
