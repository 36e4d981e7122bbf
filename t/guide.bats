# lr-perf-guide(7): it has every section of the documented guide, each ends with a command, and the
# commands do what they say. Speed is no matter of tests: a missed target (3) is as good as a met one.
load helper

setup() {
	lr_setup
	cd "$BATS_TEST_TMPDIR"
	PAGE=$ROOT/share/man/lr-perf-guide.7
	ln -s "$ROOT/share" share
	mkdir base && ln -s "$BIN/lr-perf" base/lr-perf
}

# guide EXPRESSION: runs the commands that match, in the page's order; a bench measures one process,
# of which nothing can be told in a comparison.
guide() {
	local command code
	lr-perf() {
		[ "$1" != bench ] || set -- "$@" --runs 1
		code=0
		command lr-perf "$@" 2>err || code=$?
		[ $code = 0 ] || [ $code = 3 ] || grep 'cannot tell' err
	}
	sudo() { "$@"; }
	while read -r command; do
		echo "$command" | grep -qE "$1" || continue
		echo "$command" >>ran
		eval "$command" >out 2>&1 || { echo "$command"; cat out; return 1; }
	done < <(sed -n 's/^\.Dl //p' "$PAGE")
}

@test "every part of the guide is there, and ends with a command" {
	is "$(grep -c '^\.Dl ' "$PAGE")" 25
	is "$(sed -n 's/^\.Sh //p' "$PAGE" | tr '\n' ';')" \
		"NAME;DESCRIPTION;TARGETS;FIVE BOTTLENECKS;FIVE STRATEGIES;FIVE STEPS;CHECKLIST;TROUBLESHOOTING;SEE ALSO;"
	is "$(awk '/^\.Sh/ { part = $0 } /^\.Ss/ { n[part]++ } END { print n[".Sh FIVE BOTTLENECKS"], n[".Sh FIVE STRATEGIES"],
		n[".Sh FIVE STEPS"], n[".Sh TROUBLESHOOTING"] }' "$PAGE")" "5 5 5 4"
	is "$(awk '/^\.S[sh]/ { if (title && last !~ /^\.Dl/ && title !~ /NAME|DESCRIPTION|FIVE|TROUBLE/) print title; title = $0 }
		{ last = $0 }' "$PAGE")" "" "a section without a command at its end"
}

@test "the guide's commands: targets, the five steps, the checklist" {
	guide 'targets|--out|replay|compare|check|report'
	is "$(wc -l <ran)" 8
	[ -s page.html ] && [ -s waterfall.svg ] && [ -s old.json ]
}

@test "all of the guide's benchmarks, and its profiles of a running node" {
	only_all
	guide '^lr-perf bench [a-z ]*$'
	[ "$(wc -l <ran)" -ge 13 ]
	two_nodes
	lr-perf() { ns a lr-perf "$@"; }
	ns a lr-perf profile --for 1s >out
	ns a lr-perf profile --on
}
