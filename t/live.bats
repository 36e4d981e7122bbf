# lr-perf live: the laboratory, its steps, what it says. How long something takes here is no matter.
load helper

setup() {
	lr_setup
	need_tun
	cd "$BATS_TEST_TMPDIR"
}

# The exit code may be 3 on a machine that is busy.
live() { lr-perf live "$@" || [ $? = 3 ]; }

@test "one step: JSON, TAP, JUnit, a table; the machine's network stays as it is" {
	ip -o link >before
	live --quick --only startup --json --junit j.xml --out r.json >out.json
	json_ok live <out.json
	is "$(jq -c '[(.metrics[] | [.name, (.samples | length)]), .gate, (.pass | type)]' out.json)" '[["startup",3],"documented","boolean"]'
	cmp out.json r.json
	grep -q '<testcase classname="lr-perf live" name="startup">' j.xml
	live --quick --only startup --gate ours --tap >tap
	grep -qE '^(not )?ok 1 - startup: .* our target is 5 ms$' tap
	ip -o link | cmp - before
	[ ! -e /run/lr-live ]
}

@test "what cannot be: steps, gates, captures, rights" {
	exits 2 lr-perf live --only startup,teleport
	[[ $output == *"teleport: there are startup, idle"* ]]
	exits 2 lr-perf live --gate mine
	exits 2 lr-perf live --json --tap
	exits 1 lr-perf live "$PWD/none.pcap"
	exits 77 setpriv --reuid 65534 --clear-groups "$BIN/lr-perf" live --only startup
}

@test "when it is killed, nothing of the laboratory is left" {
	spawn lr-perf live --only idle
	wait_until 20 in_lab $SPAWNED
	first=$(children $SPAWNED)
	kill -KILL $SPAWNED
	wait_until 20 gone "$first"
}
children() { cat "/proc/$1/task/$1/children"; }
in_lab() { [ -n "$(children "$1")" ] && [ -n "$(children "$(children "$1" | tr -d ' ')")" ]; }

@test "all steps of a quick run, with a capture; check, compare and report read the result" {
	only_all
	live --quick "$ROOT/share/traces/doom.pcap" --json >r.json
	json_ok live <r.json
	for name in startup cpu_idle connect direct_latency failover relay_latency cpu_active memory; do
		jq -e --arg n $name '.metrics | any(.name == $n and (.samples | length) > 0)' r.json
	done
	is "$(jq -c '[.distributions[].name]' r.json)" '["bare link","direct tunnel","relayed tunnel"]'
	lr-perf check --json r.json >check.json || [ $? = 3 ]
	is "$(jq -r 'select(.name == "latency" or .name == "cpu") | .pass | type' check.json | sort -u)" boolean
	lr-perf report --html page.html r.json
	grep -q 'id="latency"' page.html
}

@test "a hundred peers" {
	only_all
	live --only peers --json >r.json
	is "$(jq '.metrics[] | select(.name == "peers") | .size' r.json)" 100
	[ "$(jq '.metrics[] | select(.name == "peers") | .samples[0]' r.json)" -gt 0 ]
}
