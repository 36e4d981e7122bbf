# share/ci: the script that continuous integration runs, its mechanics only; its times say nothing.
load helper

# built [ONE [TWO]]: a repository of two commits that builds in no time: its make links the programs that are
# there, but for lr-perf, which is the real one behind the words ONE in the first commit, TWO in the second.
built() {
	cd "$BATS_TEST_TMPDIR"
	git init -q repo
	cd repo
	printf 'all:\n\tmkdir -p build/release/bin\n\tln -sf "%s"/* build/release/bin/\n' "$BIN" >Makefile
	printf '\trm build/release/bin/lr-perf\n\tcp wrapped build/release/bin/lr-perf\n' >>Makefile
	mkdir -p share/ci
	cp "$ROOT/share/ci/bench" share/ci/
	commit "${1:-}"
	commit "${2:-} :;"
}
commit() {
	printf '#!/bin/sh\n%s exec "%s/lr-perf" "$@"\n' "$1" "$BIN" >wrapped
	chmod +x wrapped
	git add -A
	git -c user.name=t -c user.email=t@example.org commit -qm "$1."
}

@test "share/ci/bench: both commits measured in turns, with results, JUnit and a summary" {
	need git jq
	built
	code=0
	RUNS=2 NAMES=logging GITHUB_STEP_SUMMARY=$PWD/step share/ci/bench HEAD~1 results >out 2>err || code=$?
	is $code 1 "two runs tell nothing: $(cat err)"
	for f in base.json new.json compare.xml check.xml summary.md page.html; do
		[ -s "results/$f" ] || { echo "$f"; false; }
	done
	is "$(jq .parameters.sitting results/base.json)" "$(jq .parameters.sitting results/new.json)"
	is "$(grep -c '^### ' step)" 2
	is "$(git worktree list | wc -l)" 1
}

# What check says of a slow machine's times (here it misses each time) is in the summary and no more; a
# slowdown of the second commit is exit 3.
@test "share/ci/bench: the comparison decides, targets that are missed do not" {
	need git jq
	built LR_BENCH_SLOW=
	code=0
	LR_BENCH_SLOW=100% RUNS=8 NAMES=logging share/ci/bench HEAD~1 results >out 2>err || code=$?
	is $code 3 "twice as slow: $(cat err out)"
	jq -e '.parameters.runs == 8' results/new.json
	grep -q '^| `log_line` |' results/summary.md
	cd ..
	rm -rf repo
	built '' 'case $1 in check) echo fail; exit 3;; compare) exit 0;; esac;'
	RUNS=1 NAMES=logging share/ci/bench HEAD~1 results >out
	grep -qx fail results/summary.md
}

@test "share/ci/github.yml is sound and runs what is there" {
	python3 - "$ROOT/share/ci/github.yml" <<-'END'
		import re, sys
		text = open(sys.argv[1]).read()
		assert "\t" not in text
		assert re.search(r"^\s+run: share/ci/bench ", text, re.M)
	END
	[ -x "$ROOT/share/ci/bench" ]
}
