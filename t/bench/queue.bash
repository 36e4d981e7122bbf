# queue.bash - a game's packets while a transfer fills the tunnel
# shellcheck shell=bash
#
# game/alone and game/busy: the 99th percentile of 200 round trips a second of 64 bytes, without and
# with one TCP stream; game/share: busy, of 1.5 times alone plus what 64 KiB of the stream take. First
# on the bare link between the two, then behind 20 Mbit/s (tbf) with --uplink 19mbit, and, only to be
# told, behind it without.
#
# Nodes and probers have their core when they ask for it (SCHED_FIFO), as on a machine that has cores
# to spare; the stream's own programs share it with them here. Without, a tick (4 ms at 250 Hz) of
# those stands in each figure beside the tunnel's queues, which are what is measured.

setup_queue() {
	FIRST="chrt -f 2" become b udpload echo --port 7002 --time 3600 >/dev/null &
}

game_p99() { # ADDRESS
	local count=1000
	[ -z "$QUICK" ] || count=300
	FIRST="chrt -f 2" on a udpload rtt "$1" --port 7002 --rate 200 --count $count --size 64 | jq .p99_us
}

# game_beside KIND METRIC: both figures of one tunnel.
game_beside() {
	local alone busy stream
	FIRST="chrt -f 1" pair "$1" q || return
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
	pair_stop ours q
	tc -n a qdisc add dev eth0 root tbf rate 20mbit burst 5kb latency 300ms || return
	for who in $(rotate "$1" paced ours); do
		game_beside "$who" game_line || trouble "queue: $who"
	done
	tc -n a qdisc del dev eth0 root
}
