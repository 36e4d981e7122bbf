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
# of which nothing can be told in a comparison. With NODE what asks a node runs beside that, for a second.
guide() {
	local command code
	lr-perf() {
		local args=("$@") where=()
		case $1 in
		bench) args+=(--runs 1) ;;
		monitor | profile | bundle) [ -z "${NODE:-}" ] || where=(ns "$NODE") ;;
		esac
		for i in "${!args[@]}"; do [ "${args[i]}" != --for ] || args[i + 1]=1s; done
		code=0
		"${where[@]:-command}" lr-perf "${args[@]}" 2>err || code=$?
		[ $code = 0 ] || [ $code = 3 ] || grep 'cannot tell' err
	}
	lr-peer() { ns "$NODE" lr-peer "$@"; }
	sudo() { "$@"; }
	while read -r command; do
		echo "$command" | grep -qE "$1" || continue
		echo "$command" >>ran
		eval "$command" >out 2>&1 || { echo "$command"; cat out; return 1; }
	done < <(sed -n 's/^\.Dl //p' "$PAGE")
}

@test "every part of the guide is there, and ends with a command" {
	is "$(grep -c '^\.Dl ' "$PAGE")" 40
	is "$(sed -n 's/^\.Sh //p' "$PAGE" | tr '\n' ';')" \
		"NAME;DESCRIPTION;TARGETS;FIVE BOTTLENECKS;FIVE STRATEGIES;FIVE STEPS;CHECKLIST;TROUBLESHOOTING;SEE ALSO;"
	is "$(awk '/^\.Sh/ { part = $0 } /^\.Ss/ { n[part]++ } END { print n[".Sh FIVE BOTTLENECKS"], n[".Sh FIVE STRATEGIES"],
		n[".Sh FIVE STEPS"], n[".Sh TROUBLESHOOTING"] }' "$PAGE")" "5 5 5 4"
	is "$(awk '/^\.Sh TROUBLE/ { exit } /^\.S[sh]/ { if (title && last !~ /^\.Dl/ && title !~ /NAME|DESCRIPTION|FIVE|TROUBLE/) print title; title = $0 }
		{ last = $0 }' "$PAGE")" "" "a section without a command at its end"
}

@test "the troubleshooting trees branch, and what check points at is there" {
	is "$(awk '/^\.Ss/ { title = $0 } /^\.Sh/ { title = "" } /^\.It/ && title { n[title]++ }
		END { print n[".Ss The processor is busy"], n[".Ss Memory grows"], n[".Ss The start is slow"], n[".Ss Slower with more peers"] }' "$PAGE")" "6 3 3 3"
	for verb in monitor live bundle; do grep -q "^\.Dl sudo lr-perf $verb" "$PAGE"; done
	sed -n 's/^	{"[a-z]*", "\([A-Z][^"]*\)".*/\1/p' "$ROOT/lib/results/check.c" >sections
	[ "$(wc -l <sections)" = 9 ]
	while read -r section; do
		grep -qxF ".Ss $section" "$PAGE" || { echo "$section"; false; }
	done <sections
}

@test "the guide's commands: targets, the five steps, the checklist" {
	jq -nc '{machine: {}, metrics: [10, 100, 1000 | {name: "a_\(.)", series: "a", size: ., unit: "ns", better: "lower", samples: [.]}]}' >scaling.json
	guide 'targets|--out|replay|compare|check|report'
	is "$(wc -l <ran)" 8
	[ -s page.html ] && [ -s scaling.svg ] && [ -s old.json ]
}

@test "all of the guide's benchmarks, and its profiles of a running node" {
	only_all
	two_nodes
	NODE=a
	guide '^lr-perf bench [a-z ]*$|--against base start|scaling|^sudo '
	[ "$(wc -l <ran)" -ge 28 ]
	[ -s scaling.svg ] && [ -s night.jsonl ] && [ -s live.json ] && [ -s bug.tar.gz ]
}
