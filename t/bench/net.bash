# net.bash - the ground of the benchmarks: two hosts, nodes of four kinds on them, loads
# shellcheck shell=bash disable=SC2034
#
#     a (core 0) 10.90.0.1 ---- veth ---- 10.90.0.2 b (core 1)
#
# and for the hub with eight peers p1..p8: a bridge in the outer namespace, 10.91.0.0/24.
# A node is one of a KIND: ours, plain (ours without offloads), spin (ours that polls), paced
# (ours with --uplink), tap (ours with an Ethernet interface), wg.

declare -A CORE=([a]=0 [b]=1 [hub]=0)
OFFLOADS_OFF=(LR_NO_USO=1 LR_NO_TSO=1 LR_NO_UDP_GSO=1 LR_NO_UDP_GRO=1)
SPIN_US=2000

on() { (become "$@"); }

# HOST CMD...: as that host on its core, in place of this shell, so that $! is the program's; before
# others when FIRST, words of chrt(1), says so.
become() {
	local host=$1
	shift
	export LR_STATE_DIR=$BENCH_WORK/$host/state LR_RUN_DIR=$BENCH_WORK/$host/run
	exec ${FIRST:-} taskset -c "${CORE[$host]:-1}" ip netns exec "$host" "$@"
}

host() {
	mkdir -p "$BENCH_WORK/$1/state" "$BENCH_WORK/$1/run"
	ip netns add "$1"
	ip -n "$1" link set lo up
	ip netns exec "$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter'
}

network() {
	mount -t tmpfs none /run
	mkdir -p /run/netns
	mkfifo "$BENCH_WORK/never"
	host a
	host b
	ip link add eth0 netns a type veth peer name eth0 netns b
	ip -n a addr add 10.90.0.1/24 dev eth0
	ip -n b addr add 10.90.0.2/24 dev eth0
	ip -n a link set eth0 mtu 1500 up
	ip -n b link set eth0 mtu 1500 up
	become b iperf3 -s -p 5201 >/dev/null 2>&1 &
	become b udpload sink --port 7777 --time 3600 >/dev/null &
	become b udpload sink --port 7778 --time 3600 --gro >/dev/null &
	become b udpload echo --port 7001 --time 3600 >/dev/null &
	wait_for 5 on a ping -q -c 1 -W 1 10.90.0.2
}

wait_for() { # SECONDS CMD...
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ ${EPOCHREALTIME/./} -lt $end ] || return
		pause 0.02
	done
}

pause() { read -r -t "$1" _ <>"$BENCH_WORK/never" || :; }

# --- nodes ---------------------------------------------------------------------------------------

key_of() { # NAME: its private key, made when it is first asked for
	local file=$BENCH_WORK/key.$1
	[ -s "$file" ] || (umask 077 && wg genkey >"$file")
	cat "$file"
}
pub_of() { key_of "$1" | wg pubkey; }

# conf NAME PORT: the beginning of NAME's file; conf_peer NAME PEER ADDRESS [ENDPOINT [KEEPALIVE]]
conf() {
	printf '[Interface]\nPrivateKey = %s\nListenPort = %s\n' "$(key_of "$1")" "$2" >"$BENCH_WORK/$1.conf"
}
conf_peer() {
	printf '\n[Peer]\nPublicKey = %s\nAllowedIPs = %s/32\n%s%s' "$(pub_of "$2")" "$3" \
		"${4:+Endpoint = $4$'\n'}" "${5:+PersistentKeepalive = $5$'\n'}" >>"$BENCH_WORK/$1.conf"
}

# node_start KIND HOST NAME ADDRESS/LEN: the interface NAME with NAME's file.
node_start() {
	local kind=$1 host=$2 name=$3 address=$4 env=() extra=(--tun)
	case $kind in
	wg)
		on "$host" "$WIREGUARD_GO" "$name" >/dev/null 2>&1 </dev/null &&
			ip netns exec "$host" wg setconf "$name" "$BENCH_WORK/$name.conf" &&
			ip -n "$host" addr add "$address" dev "$name" &&
			ip -n "$host" link set "$name" mtu 1420 up
		return
		;;
	plain) env=("${OFFLOADS_OFF[@]}") ;;
	spin) extra+=(--spin "$SPIN_US") ;;
	paced) extra+=(--uplink 19mbit) ;;
	tap) extra=(--tap) ;;
	faulty) env=(LD_PRELOAD="$FAULT_OF" nice -n -15) ;; # what else runs is no fault of it
	esac
	sed "s|^\[Interface\]|&\nAddress = $address|" "$BENCH_WORK/$name.conf" >"$BENCH_WORK/$name.quick"
	on "$host" env "${env[@]}" lr-up --config "$BENCH_WORK/$name.quick" --iface "$name" "${extra[@]}" \
		</dev/null >/dev/null 2>"$BENCH_WORK/$name.log" || { trouble "$(tail -n 1 "$BENCH_WORK/$name.log")"; false; }
}

node_pid() { # HOST NAME: the process that runs the interface
	local pid
	for pid in $(ip netns pids "$1"); do
		case $(tr '\0' ' ' <"/proc/$pid/cmdline") in
		*iperf3* | *udpload*) ;;
		*" $2 "*) echo "$pid" && return ;;
		esac
	done
	return 1
}

node_stop() { # HOST NAME
	local pid
	pid=$(node_pid "$1" "$2") || return 0
	kill -TERM "$pid"
	wait_for 5 gone "$1" "$2" "$pid" || kill -KILL "$pid"
}
gone() { [ ! -e "/proc/$3" ] && ! ip -n "$1" link show "$2"; }

# pair KIND [TAG]: a tunnel of that KIND between a and b, started when it is not there yet. TAG
# keeps a second one of the same kind apart. The addresses are in $A and $B.
declare -A PAIR=()
pair() {
	local tag=$1${2:-} n side
	if [ -z "${PAIR[$tag]:-}" ]; then
		PAIR[$tag]=$((${#PAIR[@]} + 1))
		n=${PAIR[$tag]}
		conf "$tag-a" $((20000 + n))
		conf "$tag-b" $((20000 + n))
		conf_peer "$tag-a" "$tag-b" "10.66.$n.2" "10.90.0.2:$((20000 + n))" "${KEEPALIVE:-}"
		conf_peer "$tag-b" "$tag-a" "10.66.$n.1" "10.90.0.1:$((20000 + n))" "${KEEPALIVE:-}"
	fi
	n=${PAIR[$tag]} A=10.66.$n.1 B=10.66.$n.2
	for side in a b; do
		ip -n $side link show "$tag-$side" >/dev/null 2>&1 ||
			node_start "$1" $side "$tag-$side" "10.66.$n.$([ $side = a ] && echo 1 || echo 2)/24" || return
	done
	[ -n "${COLD:-}" ] || wait_for 5 on a ping -q -c 1 -W 1 "$B"
}
pair_stop() { # KIND [TAG]
	node_stop a "$1${2:-}-a"
	node_stop b "$1${2:-}-b"
}

target() { # KIND: the address of b to load, the bare link's or a tunnel's
	if [ "$1" = bare ]; then B=10.90.0.2; else pair "$1"; fi
}

# --- what a process used -------------------------------------------------------------------------

cpu_ns() { awk '{ sum += $1 } END { printf "%.0f", sum }' /proc/"$1"/task/*/schedstat; }
switches() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' /proc/"$1"/task/*/status; }
rss_mb() { awk '/^VmRSS/ { print $2 / 1000 }' "/proc/$1/status"; }

# rotate ROUND WORD...: the words in an order that changes with the round.
rotate() {
	local by=$(($1 % ($# - 1)))
	shift
	echo "${@:by+1}" "${@:1:by}"
}
