# lr-perf profile: a node's spans, stalls and reports; its flame graph.
load helper

setup() {
	lr_setup
	cd "$BATS_TEST_TMPDIR"
}

profile() { ns a lr-perf profile "$@"; }
asked() { profile --now --json | jq -c "$1"; }

# One pair of nodes for all: what is on is told on the way.
@test "spans of a node under traffic: table, JSON, folded, flame graph; on, reset, report, off" {
	two_nodes
	exits 1 profile --now
	[[ $output == *"nothing was measured yet"* ]]
	exits 0 profile --on --every 1 --slow 1us --stall 500ms
	ns a ping -q -c 5 -i 0.02 10.66.0.2 >/dev/null
	profile --now --json >found.json
	json_ok profile <found.json
	is "$(jq -c '[.on, .every, .slow_us, .stall_us]' found.json)" '[true,1,1,500000]'
	for stack in device device\;read device\;route device\;cut device\;seal device\;send udp\;receive udp\;open \
		udp\;deliver udp\;write timers\;settle; do
		jq -e --arg s "$stack" '.spans[] | select(.stack == $s) | .n > 0' found.json >/dev/null || { echo "no $stack"; cat found.json; false; }
	done
	is "$(jq '.turns == .turns_measured and .lost == 0 and .slow_count > 0 and (.slow | length > 0)' found.json)" true
	jq -e '[.spans[].own_ns] | . == (sort | reverse)' found.json

	exits 0 profile --now --top 3
	[ "$(grep -c ' %\|[0-9]%' <<<"$output")" -ge 3 ]
	profile --now --folded >folded
	grep -qx 'device;seal [0-9]*' folded
	! grep -v '^[a-z_0-9;]* [0-9]*$' folded
	profile --now --svg flame.svg >/dev/null
	/usr/bin/python3 - <<-'END'
		import xml.etree.ElementTree as tree
		svg = tree.parse("flame.svg").getroot()
		boxes = {b[0].text.split(":")[0]: float(b.get("width").rstrip("%")) for b in svg.findall("{http://www.w3.org/2000/svg}svg")}
		assert "device" in boxes and "seal" in boxes, boxes
		assert 100 >= boxes["device"] >= boxes["seal"] > 0
		assert "http" not in open("flame.svg").read().replace("http://www.w3.org/2000/svg", "")
	END

	exits 0 profile --reset
	ns a ping -q -c 1 10.66.0.2 >/dev/null
	is "$(asked '.turns < 40 and .on')" true
	spawn ns a lr-peer watch
	wait_until 5 grep -q watching ns.log
	exits 0 profile --on --report 1s
	wait_until 10 grep -q '"profile"' ns.log
	json_ok event <ns.log
	is "$(grep '"event":"profile"' ns.log | head -n 1 | jq -r '[(.text | startswith("busy ")), .profile.every] | @csv')" 'true,100'
	# and is posted as it is
	is "$(ns a lr-notify --webhook --dry-run --events profile - <ns.log | jq -rs '.[0].events[0].profile.every')" 100
	# what was set for production is there again after a look at it
	exits 0 profile --for 1s --every 1 --json
	is "$(asked '[.on, .every, .report_s]')" '[true,100,1]'
	exits 0 profile --off
	is "$(asked '[.on, (.spans | length > 0)]')" '[false,true]'
}

@test "a handler that holds the loop up is told with its name" {
	two_nodes
	spawn ns a lr-peer watch
	wait_until 5 grep -q watching ns.log
	# every handler takes longer than a microsecond: those of this request itself are told
	exits 0 profile --on --stall 1us
	ns a ping -q -c 2 10.66.0.2 >/dev/null
	wait_until 5 grep -q '"event":"stall"' ns.log
	json_ok event <ns.log
	grep -q '"text":"[a-z_0-9]* held the loop up for ' ns.log
	is "$(asked '.stall_count > 0 and (.stalls[0] | .within == null and .duration_ns > 1000)')" true
	grep -q 'stall: ' <(profile --now)
}

@test "what cannot be: wrong times, two ways at once, no node" {
	exits 4 lr-perf profile
	exits 4 lr-perf profile lr9
	two_nodes
	exits 2 profile --on --off
	exits 2 profile --json --folded
	exits 2 profile --slow soon
	exits 2 profile --for never
	exits 2 profile --every 0
	exits 1 profile --now --svg /nowhere/x.svg
}

# Each probe stands in the ELF note that perf and bpftrace read.
probes() { readelf -n "$1" | awk '$1 == "Name:" { print $2 }'; }

@test "USDT: the probes of the node are the spans of the sources; a build without sys/sdt.h has none" {
	need readelf
	echo '#include <sys/sdt.h>' | cc -E - >/dev/null 2>&1 || skip "needs sys/sdt.h"
	local spans
	spans=$(find "$ROOT/lib" -name '*.c' -exec cat {} + | tr -d '\n\t' | grep -oE 'LR_SPAN(_OF)?\([a-z_0-9]+' |
		sed 's/.*(//' | sort -u)
	is "$(probes "$BIN/lr-up" | grep -vx span__end | sort -u)" "$spans"
	is "$(readelf -n "$BIN/lr-up" | awk '$1 == "Provider:" { print $2 }' | sort -u)" lanrage
	[ "$(probes "$BIN/lr-up" | grep -cx span__end)" -ge "$(wc -l <<<"$spans")" ]
	printf '#include "lib/perf/span.h"\nvoid f(void);\nvoid f(void)\n{\n\tLR_SPAN(one);\n}\n' >one.c
	cc -std=gnu17 -I"$ROOT" -c -o with.o one.c
	is "$(probes with.o | sort | tr "\n" " ")" "one span__end "
	cc -std=gnu17 -I"$ROOT" -DLR_NO_USDT -c -o without.o one.c
	is "$(probes without.o)" ""
}

@test "USDT: bpftrace sees the probes of a running node fire" {
	only_all
	need bpftrace
	bpftrace -e 'BEGIN { exit(); }' >/dev/null 2>&1 || skip "needs a kernel that takes BPF programs"
	two_nodes
	local lib=usdt:$BIN/lr-up:lanrage
	bpftrace -e "$lib:seal { @begun = 1; }
		$lib:span__end /@begun && str(arg0) == \"seal\"/ { printf(\"seal has ended\\n\"); exit(); }" >fired 2>&1 3>&- &
	started $!
	wait_until 90 sends_and_is_seen
}

sends_and_is_seen() { ns a ping -q -c 1 -W 1 10.66.0.2 && grep -q 'seal has ended' fired; }
