# queue.bash - a game's packets while a transfer fills the tunnel
# shellcheck shell=bash
#
# game/alone and game/busy: the 99th percentile of 200 round trips a second of 64 bytes, without and
# with one TCP stream; game/share: busy, of 1.5 times alone plus what 64 KiB of the stream take. First
# on the bare link between the two, then behind 20 Mbit/s (tbf) with --uplink 19mbit, and, only to be
# told, behind it without.

game_p99() { # ADDRESS
	local count=1000
	[ -z "$QUICK" ] || count=300
	on a udpload rtt "$1" --port 7001 --rate 200 --count $count --size 64 | jq .p99_us
}

# game_beside KIND METRIC: both figures of one tunnel.
game_beside() {
	local alone busy stream
	pair "$1" || return
	alone=$(game_p99 "$B")
	become a iperf3 -J -c "$B" -p 5201 -t $((QUICK ? 3 : 7)) >"$BENCH_WORK/stream" &
	stream=$!
	pause 0.7
	busy=$(game_p99 "$B")
	wait $stream
	sample "$2_alone/$1" us lower "$alone"
	sample "$2_busy/$1" us lower "$busy"
	sample "$2_share/$1" ratio lower "$busy / (1.5 * $alone + 65536 * 8e6 / $(jq .end.sum_received.bits_per_second "$BENCH_WORK/stream"))"
}

figure_queue() {
	local who
	game_beside ours game || return
	pair_stop ours
	tc -n a qdisc add dev eth0 root tbf rate 20mbit burst 5kb latency 300ms || return
	for who in $(rotate "$1" paced ours); do
		game_beside "$who" game_line || trouble "queue: $who"
	done
	tc -n a qdisc del dev eth0 root
}
