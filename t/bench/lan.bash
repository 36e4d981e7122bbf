# lan.bash - what a broadcast to 32 members costs, and how long it takes to leave
# shellcheck shell=bash
#
#     caster (core 0) 10.92.0.1 ---- veth ---- 10.92.0.2 crowd (core 1): 32 nodes
#
# lan_copy/unicast and /broadcast: the node's processor time for a packet to one, and for each copy
# of one to all. lan_spread/ours: from the first copy to the last, as the kernel stamps them when
# the veth hands them over; /bare: 32 datagrams of that length that a C loop sends to the same ports.
# The crowd's core takes what arrives (RPS), as a machine at the other end of a wire does: without,
# the sender's system call runs the receiver's whole stack.

LAN_MEMBERS=32

setup_lan() {
	local i
	CORE[caster]=0
	host caster
	host crowd
	ip link add eth0 netns caster type veth peer name eth0 netns crowd
	ip -n caster addr add 10.92.0.1/24 dev eth0
	ip -n crowd addr add 10.92.0.2/24 dev eth0
	ip -n caster link set eth0 up
	ip -n crowd link set eth0 up
	on crowd sh -c 'echo 2 >/sys/class/net/eth0/queues/rx-0/rps_cpus' || return
	conf cast 30100
	for ((i = 1; i <= LAN_MEMBERS; i++)); do
		conf m$i $((30100 + i))
		sed -i '2i Table = off' "$BENCH_WORK/m$i.conf"
		conf_peer cast m$i 10.73.1.$i 10.92.0.2:$((30100 + i))
		conf_peer m$i cast 10.73.0.1 10.92.0.1:30100
		node_start ours crowd m$i 10.73.1.$i/32 || return
		ip -n crowd rule add from 10.73.1.$i table $i
		ip -n crowd route add 10.73.0.1 dev m$i table $i
	done
	node_start tap caster cast 10.73.0.1/16 || return
	for ((i = 1; i <= LAN_MEMBERS; i++)); do
		wait_for 5 on caster ping -q -c 1 -W 1 10.73.1.$i || return
	done
	ip -n caster route add 255.255.255.255 dev cast
}

figure_lan() {
	local who to pid before count=1500 copies
	[ -z "$QUICK" ] || count=500
	pid=$(node_pid caster cast) || return
	for who in $(rotate "$1" unicast broadcast); do
		[ "$who" = unicast ] && to=10.73.1.7 copies=1 || to=255.255.255.255 copies=$LAN_MEMBERS
		before=$(cpu_ns "$pid")
		on caster "$root/t/tools/lan.py" spray $count $to 800 200
		sample "lan_copy/$who" ns lower "($(cpu_ns "$pid") - $before) / $count / $copies"
	done
	for who in $(rotate "$1" ours bare); do
		sample "lan_spread/$who" us lower "$(lan_spread "$who")"
	done
}

lan_spread() { # WHO: the median over 100 broadcasts of 200 bytes
	local spread=$BENCH_WORK/spread pid
	become crowd "$root/t/tools/lan.py" spread eth0 $LAN_MEMBERS 100 >"$spread" &
	pid=$!
	wait_for 5 grep -q ready "$spread"
	if [ "$1" = ours ]; then
		on caster "$root/t/tools/lan.py" spray 100 255.255.255.255 100 200
	else
		on caster "$TOOLS/bench/burst" 10.92.0.2 30101 $LAN_MEMBERS 100 256
	fi
	wait $pid
	jq .median_us < <(tail -n 1 "$spread")
}
