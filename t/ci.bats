# share/ci: the script that continuous integration runs, its mechanics only; its times say nothing.
load helper

@test "share/ci/bench: both commits measured in turns, with results, JUnit and a summary" {
	need git jq
	cd "$BATS_TEST_TMPDIR"
	# A repository of two commits that builds in no time: its make links the programs that are there.
	git init -q repo
	cd repo
	printf 'all:\n\tmkdir -p build/release/bin\n\tln -sf "%s"/* build/release/bin/\n' "$BIN" >Makefile
	mkdir -p share/ci
	cp "$ROOT/share/ci/bench" share/ci/
	git add -A
	git -c user.name=t -c user.email=t@example.org commit -qm one
	echo '# two' >>Makefile
	git -c user.name=t -c user.email=t@example.org commit -qam two
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

@test "share/ci/github.yml is sound and runs what is there" {
	python3 - "$ROOT/share/ci/github.yml" <<-'END'
		import re, sys
		text = open(sys.argv[1]).read()
		assert "\t" not in text
		assert re.search(r"^\s+run: share/ci/bench ", text, re.M)
	END
	[ -x "$ROOT/share/ci/bench" ]
}
