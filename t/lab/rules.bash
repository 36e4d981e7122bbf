# rules.bash - what makes each router of the lab behave as it does: its nftables rules
#
# Theory of operation. Linux itself is an endpoint-independent mapper with address- and
# port-dependent filtering that keeps the port (kind port). All other kinds are that plus a rule:
#   a port range            one other port a socket                             (portshift)
#   a port drawn at random, or counted up          another port a destination (symmetric, sequential)
#   a range of ports by the destination's address  another port an address              (addrmap)
#   mappings learned from what leaves (map eim: public port -> host and its port) and given to
#   what comes in, from anybody (fullcone) or from addresses that were sent to (restricted)
# The learning chain lies behind source NAT, where every packet of a flow passes (a nat chain sees
# only the first), so learned mappings live as long as they are used.
# A router's own input drops: an early probe that the router accepted for itself would take the
# port's entry in the connection table, and the host behind would get another port.
# shellcheck shell=bash disable=SC2154

# The public address of router $1 of kind $2 is $3; its first host $4; seconds of a mapping $5;
# the rest are words: hairpin, block=..., mtu, icmp-drop, mss, v6, v6-open, carrier.
router_rules() {
	local kind=$2 pub=$3 host=$4 seconds=$5 words=" ${*:6} "
	[ "$kind" = open ] || [ "$kind" = firewall ] || nat_table
	filter_table
}

has() { [[ $words == *" $1 "* ]]; }

nat_table() {
	local learn=
	case $kind in fullcone | restricted) learn=1 ;; esac
	has hairpin && learn=1
	echo "table ip nat {"
	if [ -n "$learn" ]; then
		echo "	map eim { type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${seconds}s; size 65535; }
	set seen { type ipv4_addr . inet_service; flags dynamic,timeout; timeout ${seconds}s; size 65535; }
	chain learn {
		type filter hook postrouting priority 110
		iifname != wan ip saddr $pub meta l4proto udp ct direction original update @eim { udp sport : ct original ip saddr . ct original proto-src }
		iifname != wan ip saddr $pub meta l4proto udp ct direction reply update @eim { udp sport : ct reply ip saddr . ct reply proto-src }
		oifname wan meta l4proto udp update @seen { ip daddr . udp sport }
	}"
	fi
	[ "$kind" != addrmap ] || ranges
	echo "	chain pre {
		type nat hook prerouting priority -100"
	has hairpin && echo "		iifname != wan ip daddr $pub meta l4proto udp dnat ip to udp dport map @eim"
	case $kind in
	fullcone) echo "		iifname wan ip daddr $pub meta l4proto udp dnat ip to udp dport map @eim" ;;
	restricted) echo "		iifname wan ip daddr $pub ip saddr . udp dport @seen dnat ip to udp dport map @eim" ;;
	dmz) echo "		iifname wan ip daddr $pub meta l4proto { tcp, udp } dnat to $host" ;;
	esac
	echo "	}
	chain post {
		type nat hook postrouting priority 100"
	has hairpin && echo "		iifname != wan oifname != wan ct status dnat snat to $pub"
	case $kind in
	portshift) echo "		oifname wan meta l4proto udp snat to $pub:10000-19999" ;;
	symmetric) echo "		oifname wan meta l4proto udp masquerade fully-random" ;;
	sequential) echo "		oifname wan meta l4proto udp snat to $pub : numgen inc mod 4000 map { $(ports 30000) }" ;;
	addrmap) echo "		oifname wan meta l4proto udp jhash ip daddr mod 100 seed 0x1ab vmap { $(ranges_vmap) }" ;;
	esac
	echo "		oifname wan masquerade
	}
}"
}

# The elements of a map from 0..3999 to ports: nft cannot add a number to a register in the
# network's byte order, so the sum is a look-up.
ports() {
	seq -s, -f '%.0f' 0 3999 | awk -v RS=, -v ORS=, -v first="$1" '{ print $1 + 0 ":" first + $1 }' | sed 's/,$//'
}

# A range of 600 ports for each hundredth of all destinations. Within a range Linux keeps to the
# mapping that a socket has there. (One in 100 pairs of destinations looks like one address.)
ranges() {
	local i
	for ((i = 0; i < 100; i++)); do
		printf '\tchain to%d { meta l4proto udp snat to %s:%d-%d\n\t}\n' $i "$pub" $((2000 + 600 * i)) $((2599 + 600 * i))
	done
}
ranges_vmap() {
	local i
	for ((i = 0; i < 100; i++)); do printf '%d : goto to%d, ' $i $i; done
}

filter_table() {
	echo "table inet filter {
	chain input {
		type filter hook input priority 0; policy drop
		iifname lo accept
		iifname != wan ip daddr $pub meta l4proto udp drop
		iifname != wan accept
		meta l4proto { icmp, ipv6-icmp } accept
		ct state established,related accept
	}
	chain forward {
		type filter hook forward priority 0; policy drop"
	case $words in
	*' block=udp '*) echo "		meta l4proto udp drop" ;;
	*' block=udp-reject '*) echo "		meta l4proto udp reject with icmpx admin-prohibited" ;;
	*' block=web '*) echo "		iifname != wan tcp dport != { 80, 443 } drop
		iifname != wan meta l4proto != tcp drop" ;;
	esac
	has mss && echo "		tcp flags syn tcp option maxseg size set rt mtu"
	echo "		ct state established,related accept
		iifname != wan accept
		ct status dnat accept"
	has carrier && echo "		meta nfproto ipv6 accept"
	has v6-open && echo "		meta nfproto ipv6 accept"
	has v6 && echo "		icmpv6 type echo-request accept"
	[ "$kind" = open ] && echo "		meta nfproto ipv4 accept"
	echo "	}"
	has icmp-drop && echo "	chain output {
		type filter hook output priority 0
		icmp type destination-unreachable drop
		icmpv6 type packet-too-big drop
	}"
	echo "}"
}

# In the internet: what it would say about packets too big for home $1 gets lost. An error comes from
# the interface towards the sender, so only the packet inside it tells whom it is about.
mtu_rules() {
	printf '\t\ticmp type destination-unreachable @th,192,24 0x0b00%02x drop\n' "$1"
	printf '\t\ticmp type destination-unreachable @th,192,24 0x0b01%02x drop\n' "$1"
	printf '\t\ticmpv6 type packet-too-big @th,256,48 0x2a000011%04x drop\n' "0x$1"
}
