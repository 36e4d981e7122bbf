# lr-perf record, trace-info and synth: captures made, and what they hold.
load helper

setup() {
	lr_setup
	cd "$BATS_TEST_TMPDIR"
}

@test "record: both directions with stage stamps, which replay and trace-info read" {
	ns_make a b
	ns_link a eth0 10.9.0.1/24 b eth0 10.9.0.2/24
	spawn ns a lr-perf record eth0 got.pcapng --filter icmp --count 10 --json
	wait_until 5 test -s got.pcapng
	ns a ping -q -c 20 -i 0.05 10.9.0.2 >/dev/null
	wait_until 10 gone "$SPAWNED"
	json_ok capture <ns.log
	is "$(jq -c '[.packets, .lost, .iface]' ns.log)" '[10,0,"eth0"]'
	lr-perf trace-info --json got.pcapng | tee info.json | json_ok trace
	is "$(jq -c '[.packets, .ip4.packets, .in.packets, .out.packets, .truncated, .stages[0].name, .stages[0].n]' info.json)" \
		'[10,10,5,5,false,"read",10]'
	lr-perf replay --json --no-timing --direction out got.pcapng >replay.json
	is "$(jq -c '[.delivered, .dropped.filtered]' replay.json)" '[5,5]'
	! command -v tcpdump >/dev/null || is "$(tcpdump -nr got.pcapng 2>/dev/null | grep -c 'ICMP echo')" 10
	exits 1 ns a lr-perf record nothere0 x.pcapng
	exits 2 ns a lr-perf record eth0 --json
	exits 2 ns a lr-perf record eth0 x.pcapng --filter 'no such'
	exits 1 ns a lr-perf record eth0 /nowhere/x.pcapng
}

@test "trace-info: the shipped captures' games, kinds and sizes" {
	for game in doom freeciv openttd; do
		lr-perf trace-info --json "$ROOT/share/traces/$game.pcap" | tee info.json | json_ok trace
		is "$(jq -r '.games[0].game' info.json)" $game
		is "$(jq '.packets == .ip4.packets + .ip6.packets + .not_ip.packets + .broken.packets
			and .packets == .unicast.packets + .broadcast.packets + .multicast.packets
			and .packets == (input | .packets)' info.json <(lr-perf replay --no-timing --json "$ROOT/share/traces/$game.pcap"))" true $game
	done
	for game in doom freeciv openttd; do
		diff "$ROOT/t/golden/$game.json" <(lr-perf trace-info --json "$ROOT/share/traces/$game.pcap" | jq 'del(.file, .games)')
	done
	exits 0 lr-perf trace-info "$ROOT/share/traces/doom.pcap"
	[[ $output == *"Doom"*"udp 2342"* ]]
	exits 1 lr-perf trace-info missing "$ROOT/share/traces/doom.pcap"
	[[ $output == *"doom.pcap (pcap)"* ]]
	head -c 300 "$ROOT/share/traces/doom.pcap" >cut
	lr-perf trace-info --json cut >info.json 2>err
	json_ok trace <info.json
	is "$(jq .truncated info.json)" true
	is "$(wc -l <err)" 1
}

@test "replay --annotate: each packet with what its stages took" {
	lr-perf replay --json --annotate out.pcapng "$ROOT/share/traces/doom.pcap" >replay.json || [ $? = 3 ]
	lr-perf trace-info --json out.pcapng | tee info.json | json_ok trace
	is "$(jq '.packets' info.json)" "$(jq .packets replay.json)"
	is "$(jq -c '[.stages[].name]' info.json)" '["parse","lookup","seal","open","replay","deliver","total","receive"]'
	is "$(jq -c '.stages[2].n' info.json)" "$(jq .delivered replay.json)"
	lr-perf replay --json --sample 10 --annotate some.pcapng out.pcapng >again.json || [ $? = 3 ]
	is "$(jq -c '[.packets, .delivered, .dropped]' again.json)" "$(jq -c '[.packets, .delivered, .dropped]' replay.json)"
	is "$(lr-perf trace-info --json some.pcapng | jq '.stages[2].n')" "$(jq '.stages[2].n' again.json)"
	exits 2 lr-perf replay --annotate x.pcapng --no-timing out.pcapng
	exits 1 lr-perf replay --annotate /nowhere/x.pcapng out.pcapng
}

@test "synth: a game's traffic by its profile, the same for the same seed, delivered by replay" {
	lr-perf synth doom one.pcapng --for 2s
	lr-perf synth doom --for 2s | cmp - one.pcapng
	! lr-perf synth doom --for 2s --seed 2 | cmp -s - one.pcapng
	lr-perf trace-info --json one.pcapng >info.json
	json_ok trace <info.json
	is "$(jq -c '[.games[0].game, .top_ports[0].protocol, .top_ports[0].port, .not_ip.packets, .broken.packets]' info.json)" \
		'["doom","udp",2342,0,0]'
	jq -e '.broadcast.packets > 0 and .packets_per_s > 300 and .packets_per_s < 450' info.json
	lr-perf replay --json --no-timing one.pcapng | jq -e '.packets == .delivered and .members >= 4'
	! command -v tcpdump >/dev/null || ! tcpdump -vvnr one.pcapng 2>/dev/null | grep -i 'bad\|wrong'
	lr-perf synth --json openttd two.pcapng --players 2 --for 1s | json_ok capture
	exits 1 lr-perf synth nosuchgame x.pcapng
	exits 2 lr-perf synth doom --players 1 x.pcapng
	exits 2 lr-perf synth doom --json
}

# t/golden/captures.tsv: file, packets, delivered, whether it breaks off, drops by reason.
@test "captures from elsewhere: every packet goes where it went before" {
	only_all
	need_traces INDEX.md
	while IFS= read -r line; do
		file=${line%%$'\t'*}
		[ -f "$TRACES/$file" ] || continue
		if ! lr-perf replay --json --no-timing "$TRACES/$file" >out 2>err; then
			is "$file	unreadable" "$line"
			continue
		fi
		is "$file	$(jq -r '[.packets, .delivered, .truncated,
			(.dropped | to_entries | map("\(.key)=\(.value)") | join(" "))] | @tsv' out)" "$line"
		lr-perf trace-info --json "$TRACES/$file" 2>err | json_ok trace
		is "$(lr-perf trace-info --json "$TRACES/$file" 2>err | jq .packets)" "$(jq .packets out)" "$file"
	done <"$ROOT/t/golden/captures.tsv"
}

@test "every profile makes a capture that is delivered, or says that it knows no port" {
	only_all
	for game in $(lr-game list --json | jq -r .game); do
		lr-perf synth "$game" --for 1s >each.pcapng 2>err || { grep -q 'knows no port' err; continue; }
		lr-perf replay --json --no-timing each.pcapng | jq -e '.packets == .delivered' >/dev/null || { echo "$game"; false; }
	done
}
