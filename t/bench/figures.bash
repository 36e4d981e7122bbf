# figures.bash - what is measured: one function a figure, called once a round
# shellcheck shell=bash
#
# figure_NAME ROUND takes one sample of each of its metrics, named WHAT/WHO. setup_NAME runs once
# before; a figure with once_NAME takes all its samples in one call.

# --- TCP, one stream each way --------------------------------------------------------------------

tcp_mbit() { # ADDRESS [-R]
	local seconds=2
	[ -z "$QUICK" ] || seconds=1
	on a iperf3 -J -c "$1" -p 5201 -t $seconds -O 0.2 "${@:2}" | jq '.end.sum_received.bits_per_second / 1e6'
}

figure_tcp() {
	local who
	for who in $(rotate "$1" bare ours wg); do
		target "$who" || return
		sample "tcp_up/$who" Mbit/s higher "$(tcp_mbit "$B")"
		sample "tcp_down/$who" Mbit/s higher "$(tcp_mbit "$B" -R)"
	done
}

# --- UDP packets a second at a loss below 1 % ----------------------------------------------------

udp_pps() { # ADDRESS PORT OPTION...
	local trial=300
	[ -z "$QUICK" ] || trial=100
	on a udpload maxrate "$1" --port "$2" --trial $trial --loss 0.01 "${@:3}" | jq .received_pps
}

figure_udp() {
	local who size
	for size in 64 200; do
		for who in $(rotate "$1" bare ours wg); do
			target "$who" || return
			sample "udp_$size/$who" packets/s higher "$(udp_pps "$B" 7777 --size $size)"
		done
	done
}

# An application that sends with UDP_SEGMENT, to one that receives with UDP_GRO.
figure_gso() {
	local who
	for who in $(rotate "$1" bare ours plain); do
		target "$who" || return
		sample "udp_gso/$who" packets/s higher "$(udp_pps "$B" 7778 --size 1200 --gso 40)"
	done
}

# --- round trip ----------------------------------------------------------------------------------

figure_rtt() {
	local who out count=2000 bare=
	local -A p50
	[ -z "$QUICK" ] || count=500
	for who in $(rotate "$1" bare ours wg spin); do
		target "$who" || { trouble "rtt: no $who"; continue; }
		out=$(on a udpload rtt "$B" --port 7001 --rate 1000 --count $count) || continue
		p50[$who]=$(jq .p50_us <<<"$out")
		sample "rtt_p50/$who" us lower "${p50[$who]}"
		sample "rtt_p99/$who" us lower "$(jq .p99_us <<<"$out")"
	done
	bare=${p50[bare]:-null}
	for who in ours wg spin; do
		sample "rtt_added/$who" us lower "${p50[$who]:-null} - $bare"
	done
}

# --- processor: a hub with eight peers, 60 packets a second of 200 bytes each way ------------------

setup_cpu8() {
	local i
	ip link add br0 type bridge && ip link set br0 up
	for i in hub 1 2 3 4 5 6 7 8; do
		[ $i = hub ] || i=p$i
		host $i
		ip link add "v-$i" type veth peer name eth0 netns $i
		ip link set "v-$i" master br0 up
		ip -n $i link set eth0 up
	done
	ip -n hub addr add 10.91.0.100/24 dev eth0
	for i in 1 2 3 4 5 6 7 8; do
		ip -n p$i addr add 10.91.0.$i/24 dev eth0
		become p$i udpload echo --port 7001 --time 3600 >/dev/null &
	done
	hub ours 71
	hub wg 72
}

hub() { # KIND NET: hub at 10.NET.0.100, peers at 10.NET.0.1..8
	local i kind=$1 net=$2
	conf "$kind-hub" "30$net"
	for i in 1 2 3 4 5 6 7 8; do
		conf "$kind-p$i" "30$net"
		conf_peer "$kind-hub" "$kind-p$i" "10.$net.0.$i" "10.91.0.$i:30$net"
		conf_peer "$kind-p$i" "$kind-hub" "10.$net.0.100" "10.91.0.100:30$net"
		node_start "$kind" p$i "$kind-p$i" "10.$net.0.$i/24"
	done
	node_start "$kind" hub "$kind-hub" "10.$net.0.100/24"
	for i in 1 2 3 4 5 6 7 8; do
		wait_for 5 on hub ping -q -c 1 -W 1 "10.$net.0.$i"
	done
}

figure_cpu8() {
	local who net pid before began seconds=5
	[ -z "$QUICK" ] || seconds=2
	for who in $(rotate "$1" ours wg); do
		[ "$who" = ours ] && net=71 || net=72
		pid=$(node_pid hub "$who-hub") || return
		before=$(cpu_ns "$pid") began=${EPOCHREALTIME/./}
		on hub udpload send 10.$net.0.{1..8} --port 7001 --size 200 --pps 480 --batch 1 --time $seconds >/dev/null
		sample "cpu_8_peers/$who" % lower \
			"($(cpu_ns "$pid") - $before) / ((${EPOCHREALTIME/./} - $began) * 10)"
	done
}

# --- memory: a fresh node, at rest and after load ------------------------------------------------

figure_memory() {
	local who pid
	for who in $(rotate "$1" ours wg); do
		pair_stop "$who" m
		pair "$who" m || return
		pid=$(node_pid a "$who"m-a) || return
		sample "rss_idle/$who" MB lower "$(rss_mb "$pid")"
		tcp_mbit "$B" >/dev/null
		tcp_mbit "$B" -R >/dev/null
		on a udpload send "$B" --port 7777 --size 200 --time 1 >/dev/null
		sample "rss_loaded/$who" MB lower "$(rss_mb "$pid")"
		pair_stop "$who" m
	done
}

# --- start, and the first packet -----------------------------------------------------------------

start_us() { # KIND: median of five starts
	local name=start-$1 address=10.68.0.1/24 up i
	conf "$name" 20900
	conf_peer "$name" start-peer 10.68.0.2
	sed "s|^\[Interface\]|&\nAddress = $address|" "$BENCH_WORK/$name.conf" >"$BENCH_WORK/$name.quick"
	up=(lr-up --config "$BENCH_WORK/$name.quick" --iface "$name" --tun)
	[ "$1" = ours ] || up=("$WIREGUARD_GO" "$name" "," ip addr add "$address" dev "$name" "," ip link set "$name" up)
	for i in 1 2 3 4 5; do
		on a elapsed -- "${up[@]}" 2>>"$BENCH_WORK/$name.log" </dev/null | jq .median_us
		node_stop a "$name"
	done | jq -s 'sort | .[length / 2 | floor]'
}

figure_start() {
	local who
	for who in $(rotate "$1" ours wg); do
		sample "start/$who" us lower "$(start_us "$who")"
	done
}

figure_cold() {
	local who
	for who in $(rotate "$1" ours wg); do
		pair_stop "$who" c
		COLD=1 pair "$who" c || return
		sample "cold/$who" us lower "$(on a udpload rtt "$B" --port 7001 --count 1 | jq .first_us)"
		pair_stop "$who" c
	done
}

# --- addresses -----------------------------------------------------------------------------------

setup_ipam_cli() {
	local n=60000
	mkdir -p "$BENCH_WORK/pool"
	seq -f 'member-%.0f' $n | LR_STATE_DIR=$BENCH_WORK/pool lr-ipam alloc - --json >/dev/null
	seq -f 'name-%.0f' 10000 >"$BENCH_WORK/names"
}

figure_ipam_cli() {
	local fresh=$BENCH_WORK/fresh.$1
	mkdir -p "$fresh"
	sample ipam_cli_one/ours ms lower \
		"$(LR_STATE_DIR=$BENCH_WORK/pool elapsed -- lr-ipam alloc "new-$1" --json 2>/dev/null | jq '.median_us / 1000')"
	sample ipam_cli_10000/ours ms lower "$(LR_STATE_DIR=$fresh elapsed -- lr-ipam alloc - --json \
		<"$BENCH_WORK/names" 2>/dev/null | jq '.median_us / 1000')"
	rm -rf "$fresh"
}

# Programs of this folder that print {"name", "unit", "value"} lines of their own.
own_bench() {
	local name unit value
	while read -r name unit value; do
		sample "$name/ours" "$unit" "$([ "${unit%/s}" = "$unit" ] && echo lower || echo higher)" "$value"
	done < <(taskset -c 0 "$@" | jq -r 'select(.unit != "ratio") | [.name, .unit, .value] | @tsv')
}

# Those whose names say already who was measured.
pair_bench() {
	local name unit value
	while read -r name unit value; do
		sample "$name" "$unit" "$([ "${unit%/s}" = "$unit" ] && echo lower || echo higher)" "$value"
	done < <(on a "$@" | jq -r '[.name, .unit, .value] | @tsv')
}

figure_ipam() { own_bench "$TOOLS/bench/ipam"; }
figure_game() { own_bench "$TOOLS/bench/games"; }
figure_peers() { own_bench "$TOOLS/bench/peers"; }
figure_relay() { pair_bench "$TOOLS/bench/relay"; }
# All samples come from one relay that is filled up.
once_relay_scale() { :; }
figure_relay_scale() { pair_bench "$TOOLS/bench/relay_scale"; }
figure_replay() { own_bench "$TOOLS/bench/replay" 11; }
figure_spans() { own_bench "$TOOLS/bench/spans" 5; }

# --- processor at rest: several pairs at once, with a keepalive of 25 s, over 100 s ----------------

once_idle() { :; }
figure_idle() {
	local who n seconds=100 pairs=9 pid before=() pids=() names=() i
	local -x KEEPALIVE=25
	[ -z "$QUICK" ] || seconds=10 pairs=3
	for ((n = 1; n <= pairs; n++)); do
		for who in ours wg; do
			pair $who "i$n" || return
			pid=$(node_pid a "${who}i$n-a") || return
			pids+=("$pid") names+=("$who")
		done
	done
	pause 1
	for pid in "${pids[@]}"; do before+=("$(cpu_ns "$pid") $(switches "$pid")"); done
	pause $seconds
	for i in "${!pids[@]}"; do
		sample "cpu_idle/${names[i]}" % lower "($(cpu_ns "${pids[i]}") - ${before[i]% *}) / ($seconds * 1e7)"
		sample "switches_idle/${names[i]}" 1/s lower "($(switches "${pids[i]}") - ${before[i]#* }) / $seconds"
	done
	for ((n = 1; n <= pairs; n++)); do
		pair_stop ours "i$n"
		pair_stop wg "i$n"
	done
}

# --- does lr-perf monitor find and name what is wrong? ---------------------------------------------

# fault_told FAULT: what the monitor says of a node that has it, with 50 packets a second each way
# (none where the fault is a busy loop), as words: "leak", "busy_loop".
fault_told() {
	local pings told code=0
	LR_FAULT=$1 FAULT_OF=$TOOLS/preload/fault.so pair faulty f || return
	on a lr-perf profile --on "faultyf-a" >/dev/null
	[ "$1" = busy ] || { become a ping -q -i 0.02 "$B" >/dev/null & }
	pings=$!
	told=$(on a lr-perf monitor --interval 0.1 --for 8s --json "faultyf-a") || code=$?
	[ "$1" = busy ] || { kill "$pings" && wait "$pings"; } 2>/dev/null || :
	pair_stop faulty f
	[ $code = 0 ] || [ $code = 3 ] || return 1
	jq -rs '.[-1].findings[] | "  " + .text' <<<"$told" >&2
	jq -rs '[.[-1].findings[].reason] | unique | join(" ")' <<<"$told"
}

# The processor at rest or under load is judged elsewhere: "cpu" is no fault here.
once_faults() { :; }
figure_faults() {
	local round fault told name found invented
	for ((round = 1; round <= (${QUICK:-0} ? 1 : 3); round++)); do
		found=0 invented=0
		for fault in none leak busy stall slowdown; do
			told=$(fault_told $fault) || return
			name=${fault/busy/busy_loop}
			[ $fault = none ] || [[ " $told " != *" $name "* ]] || found=$((found + 1))
			told=" $told "
			[ $fault != none ] || [ -z "$(tr -d ' ' <<<"${told/ cpu /}")" ] || invented=1
			printf 'fault %s: the monitor says%s\n' $fault "$told" >&2
		done
		sample faults_found/ours part higher "$found / 4"
		sample faults_invented/ours part lower $invented
	done
}

# --- does lr-perf compare alarm when nothing changed, and does it find 5 %? ------------------------

# Wilson's interval of COUNT out of N, in percent.
wilson() { # COUNT N
	awk -v k="$1" -v n="$2" 'BEGIN { z = 1.96; p = k / n; d = 1 + z * z / n; c = p + z * z / (2 * n)
		h = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)); printf "%.0f to %.0f %%", 100 * (c - h) / d, 100 * (c + h) / d }'
}

# Pairs of results, recorded in turns: ours, slowed by what LR_BENCH_SLOW says, and ours as it is.
once_alarms() { :; }
figure_alarms() {
	local kind pair pairs=20 runs=10 dir=$BENCH_WORK/alarms found code
	[ -z "$QUICK" ] || pairs=1
	mkdir -p "$dir"
	printf '#!/bin/sh\nunset LR_BENCH_SLOW\nexec "%s/lr-perf" "$@"\n' "$BIN" >"$dir/lr-perf"
	chmod +x "$dir/lr-perf"
	for kind in equal slowed; do
		found=0
		for ((pair = 1; pair <= pairs; pair++)); do
			code=0
			LR_BENCH_SLOW=$([ $kind = equal ] || echo 5%) lr-perf bench --runs $runs --repeats 40 \
				--against "$dir" crypto >/dev/null 2>&1 || code=$?
			case $code in
			3) found=$((found + 1)) ;;
			0) ;;
			*) return 1 ;;
			esac
			sample "alarm_$kind/ours" part lower "$((code / 3))"
		done
		printf '%s pairs: %d of %d alarm (%s)\n' $kind $found $pairs "$(wilson $found $pairs)" >&2
	done
}
