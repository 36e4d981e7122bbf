# lr-perf bench and compare: what is measured, in which processes, and what a comparison says. How
# long something takes here is no matter of tests.
load helper
load party

setup() {
	lr_setup
	cd "$BATS_TEST_TMPDIR"
}

# result FILE FACTOR: a result of ten runs of two metrics, of which `one` costs FACTOR times 100.
result() {
	jq -nc --argjson f "$2" '{machine: {cpu: "c", cores: 2, memory_kb: 1000}, git: null,
		parameters: {sitting: "a sitting of ours"}, metrics: [("one", "two") as $name |
		{name: $name, unit: "ns", better: "lower", samples: [range(10) | . / 10 + (if $name == "one" then 100 * $f else 50 end)]}]}' >"$1"
}

@test "an unknown name of benchmarks lists the known ones" {
	exits 2 lr-perf bench wgg
	[[ $output == *"performance bottlenecks scaling"*"config state ipam"* ]]
}

@test "bench: one sample a process, of the families that were asked for" {
	lr-perf bench --json --runs 2 --repeats 0 format >r.json
	json_ok bench <r.json
	is "$(jq -c '[([.metrics[].family] | unique), ([.metrics[].samples | length] | unique), .parameters.runs, .parameters.sitting]' r.json)" \
		'[["format"],[2],2,null]'
	is "$(jq -c '.parameters.pinned | type' r.json)" '"number"'
	is "$(jq -c '.parameters | .measured_again, (.disturbed | . >= 0 and . <= 2)' r.json)" "0
true"
	jq -e '.metrics | length >= 6 and all(.[]; .samples | all(. > 0))' r.json
	lr-perf bench --once logging | grep -q '^log_line '
}

@test "bench --against: the builds take turns, and the results say so" {
	mkdir other
	cat >other/lr-perf <<-END
		#!/bin/sh
		echo B >>"$PWD/order"
		exec "$BIN/lr-perf" "\$@"
	END
	chmod +x other/lr-perf
	exits 1 lr-perf bench --runs 2 --repeats 0 --against other --out a.json --against-out b.json format
	[[ $output == *"cannot tell"* ]]
	is "$(cat order)" "B
B"
	jq -e '.parameters.sitting | length >= 16' a.json
	is "$(jq .parameters.sitting a.json)" "$(jq .parameters.sitting b.json)"
	is "$(jq -c '[.metrics[].samples | length] | unique' b.json)" '[2]'
	exits 2 lr-perf bench --json --against other format
	exits 2 lr-perf bench --against "$PWD" format
}

@test "compare: exit 3 names what is worse, 1 what cannot be told, 0 is the same" {
	result base 1
	result worse 1.1
	exits 0 lr-perf compare base base
	exits 3 lr-perf compare base worse
	[[ $output == *"1 of 2 metrics worse"*"one is worse: +"* ]]
	lr-perf compare --json --junit j.xml base - <worse >c.json || [ $? = 3 ]
	json_ok compare <c.json
	is "$(jq -c '[.pass, .worse, (.compared[] | select(.verdict == "worse") | .name)]' c.json)" '[false,1,"one"]'
	is "$(grep -c '<failure' j.xml)" 1
	lr-perf compare --md base worse | grep -q '^| `one` |' || [ "${PIPESTATUS[0]}" = 3 ]
	jq -c '.metrics[].samples |= .[:4]' worse >few
	exits 1 lr-perf compare base few
	[[ $output == *"cannot tell"* ]]
}

@test "compare: other machines and other sittings" {
	result base 1
	result worse 1.1
	jq -c '.machine.cpu = "another"' worse >other
	exits 1 lr-perf compare base other
	[[ $output == *"--any-machine"* ]]
	exits 3 lr-perf compare --any-machine base other
	jq -c '.parameters.sitting = null' worse >apart
	exits 0 lr-perf compare base apart
	[[ $output == *"not recorded in turns"*"20 %"* ]]
	exits 2 lr-perf compare base
	exits 2 lr-perf compare - -
	echo '{"metrics":[{"name":"x"}]}' >broken
	exits 1 lr-perf compare base broken
}

@test "compare --baseline --update: the first, a better one, never a worse one" {
	result one 1
	result better 0.8
	result worse 1.2
	exits 0 lr-perf compare --baseline kept --update one
	exits 0 lr-perf compare --baseline kept --update better
	cmp kept better
	exits 3 lr-perf compare --baseline kept --update worse
	cmp kept better
	jq -c '.metrics[].samples |= map(. * 3)[:2]' better >few
	exits 1 lr-perf compare --baseline kept --update few
	[[ $output == *"kept is as it was: too few runs"* ]]
	jq -c '.parameters.sitting = null | .metrics[].samples |= map(. * 1.1)' better >risen
	exits 0 lr-perf compare --baseline kept --update risen
	[[ $output == *"kept is as it was: one rose, +10"* ]]
	jq -c '.metrics |= .[:1]' better >half
	exits 1 lr-perf compare --baseline kept --update half
	[[ $output == *"not in the new result: two"*"kept is as it was: two is not in the new result"* ]]
	cmp kept better
	exits 0 lr-perf compare --baseline fresh --update few
	[[ $output == *"fewer than 5 runs"* ]]
}

# A difference of two measures can be below zero; what a network measured tells what it could see.
@test "compare: values of zero and below, and the smallest change that can be seen" {
	for f in -3 54; do
		jq -nc --argjson f "$f" '{machine: {cpu: "c", cores: 2, memory_kb: 1000}, parameters: {sitting: "a sitting of ours"},
			metrics: [{name: "direct_latency", unit: "ns", better: "lower", family: "live", least: 10, samples: [range(10) | $f + .]}]}' >"at$f"
	done
	exits 3 lr-perf compare at-3 at54
	[[ $output == *"+57 ns"*"smallest change that these runs show: direct_latency "*"worse: +57 ns"* ]]
	lr-perf compare --json at-3 at54 >c.json || [ $? = 3 ]
	json_ok compare <c.json
	is "$(jq -c '.compared[0] | [.ratio, .difference, .least]' c.json)" '[null,57,10]'
	exits 0 lr-perf compare --all at54 at-3
	[[ $output == *"better"* ]]
}

# checked FILE...: the items that are not open.
checked() {
	lr-perf check --json "$@" >items || [ $? = 3 ]
	json_ok check <items >&2
	jq -r 'select(.pass != null) | .name' items | sort | tr '\n' ' '
}

@test "check: files add up in any order; nothing to check is exit 1" {
	jq -nc '{machine: {}, metrics: [{name: "start_lr_up_load", unit: "ns", better: "lower", samples: [3e6]},
		{name: "leak_x", unit: "bytes", better: "lower", samples: [0]}]}' >bench
	jq -nc '{machine: {}, metrics: [{name: "cpu_idle", unit: "%", better: "lower", family: "live", samples: [0.1]},
		{name: "memory", unit: "MB", better: "lower", family: "live", samples: [300]}]}' >live
	is "$(checked bench live)" "cpu hot leaks memory starts "
	is "$(checked live bench)" "cpu hot leaks memory starts "
	exits 3 lr-perf check bench live
	[[ $output == *"fail  memory    memory 300 MB (under 100 MB)"*"next: sudo lr-perf monitor"*"lr-perf-guide(7): Memory grows"* ]]
	lr-perf replay --json --no-timing "$ROOT/share/traces/doom.pcap" >replay
	exits 1 lr-perf check replay
	[[ $output == *"nothing could be checked"* ]]
	exits 1 lr-perf check --baseline missing bench
}

# Everything that must not be in it is looked for as it stands in the node's own files.
@test "bundle: what a bug report needs, and no key, invite or address of the internet" {
	need_tun
	ns_make a
	ns_link a eth0 203.0.113.7/24 a eth1 -
	lr_conf a 10.66.0.1/24 51820
	lr_conf_peer a b 10.66.0.2/32 198.51.100.9:51820
	node_up a
	result base 1
	jq -c '.metrics[0].name = "seen at 198.51.100.9"' base >odd
	ns a lr-perf bundle b.tar.gz base odd
	mkdir out
	tar -xzf b.tar.gz -C out
	is "$(cd out/lanrage && ls | tr '\n' ' ')" "machine.json node-profile.json node-status.json results-1.json results-2.json "
	is "$(jq -r '.peers[0].peer, .peers[0].endpoint, .peers[0].address' out/lanrage/node-status.json | tr '\n' ' ')" "b removed 10.66.0.2 "
	for secret in "$(key a)" "$(pub a)" "$(pub b)" 198.51.100 203.0.113 lr://; do
		! grep -rF -- "$secret" out || { echo "$secret"; false; }
	done
	exits 1 lr-perf bundle c.tar.gz missing
	[ ! -e c.tar.gz ]
	exits 1 lr-perf bundle none/c.tar.gz base
	[[ $output == *"none/c.tar.gz: "* ]]
}

# contents ARCHIVE: the names of its files.
contents() { tar -tzf "$1" | sed 's,.*/,,' | sort | tr '\n' ' '; }

# Its addresses are not those of the internet: here the names of the members must do it all.
@test "bundle: of a party, with a relay, an invite, candidates; of two nodes both, or the one that is named" {
	only_all
	party_setup
	host a
	join b "$INVITE"
	wait_until 60 path_is a b direct
	ns a lr-perf bundle - >one.tar.gz
	is "$(contents one.tar.gz)" "machine.json node-profile.json node-status.json "
	lr_conf a 10.77.0.1/24 51999
	ns a lr-up --config "$(conf a)" --iface "$(ifn a)2" >two.log 2>&1
	ns a lr-perf bundle two.tar.gz
	is "$(contents two.tar.gz)" "machine.json node-$(ifn a)-profile.json node-$(ifn a)-status.json node-$(ifn a)2-profile.json node-$(ifn a)2-status.json "
	ns a lr-perf bundle --iface "$(ifn a)2" named.tar.gz
	is "$(contents named.tar.gz)" "machine.json node-profile.json node-status.json "
	peer a status --json >status
	peer b status --json >>status
	mkdir out
	for f in one two named; do tar -xzf $f.tar.gz -C out; done
	is "$(jq -r '.party, .peers[0].peer' "out/lanrage/node-$(ifn a)-status.json" | tr '\n' ' ')" "a b "
	jq -r '.. | strings' status | grep -E '^[A-Za-z0-9+/_-]{40,}=*$' | sort -u >secrets
	[ "$(wc -l <secrets)" -ge 3 ]
	for secret in 10.93. lr:// "${INVITE##*#}" $(cat secrets); do
		! grep -rF -- "$secret" out || { echo "$secret"; false; }
	done
	ns a lr-up --down "$(ifn a)2"
}
