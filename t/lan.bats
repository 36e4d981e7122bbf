# lan.bats - the virtual Ethernet: two of ours and a stock wireguard-go on one LAN
load helper

setup() {
	lr_setup
	need_tun
	need jq wireguard-go wg
	LAN=$ROOT/t/tools/lan.py
}

# lan_up [OPTION]...: ours a and b at 10.66.0.1 and .2/16 with TAPs, wireguard-go c at .3; all know all.
lan_up() {
	local i=0 n
	ns_make r a b c
	ns_forward r
	for n in a b c; do
		ns_link "$n" eth0 10.93.$i.2/24 r "r$n" 10.93.$i.1/24
		ip -n "$(nsname "$n")" route add default via 10.93.$i.1
		i=$((i + 1))
	done
	lr_keys a b c
	for n in a:1 b:2 c:3; do lr_conf "${n%:*}" 10.66.0.${n#*:}/16,fd66::${n#*:}/64 51820; done
	for n in a:b:2:1 a:c:3:2 b:a:1:0 b:c:3:2 c:b:2:1; do
		IFS=: read -r who whom host leg <<<"$n"
		lr_conf_peer "$who" "$whom" 10.66.0.$host/32,fd66::$host/128 10.93.$leg.2:51820
	done
	# What wireguard-go sends to all goes to a.
	lr_conf_peer c a 10.66.0.1/32,fd66::1/128,255.255.255.255/32,10.66.255.255/32,224.0.0.0/4,ff00::/8,192.168.77.0/24 10.93.0.2:51820
	node_up a "$(conf a)" --tap "$@"
	node_up b "$(conf b)" --tap "$@"
	go_up c 10.66.0.3/16,fd66::3/64
	for n in a b c; do ip -n "$(nsname "$n")" route add 255.255.255.255 dev "$(ifn "$n")"; done
}
go_up() {
	local name=$1 addr
	WG_PROCESS_FOREGROUND=1 spawn ip netns exec "$(nsname "$name")" wireguard-go -f "$(ifn "$name")"
	wait_until 10 test -S "/var/run/wireguard/$(ifn "$name").sock"
	grep -v '^Address' "$(conf "$name")" >"$BATS_TEST_TMPDIR/$name.wg"
	wait_until 5 ns "$name" wg setconf "$(ifn "$name")" "$BATS_TEST_TMPDIR/$name.wg"
	for addr in ${2//,/ }; do ip -n "$(nsname "$name")" addr add "$addr" dev "$(ifn "$name")"; done
	ip -n "$(nsname "$name")" link set "$(ifn "$name")" mtu 1420 up
}

mac() { ns "$1" cat "/sys/class/net/$(ifn "$1")/address"; }
say() {
	local n=$1
	shift
	ns "$n" "$LAN" say "$@"
}
# sniff NAME: what comes out of its interface goes to $BATS_TEST_TMPDIR/NAME.seen
sniff() {
	ns "$1" "$LAN" sniff "$(ifn "$1")" >"$BATS_TEST_TMPDIR/$1.seen" 2>&1 3>&- </dev/null &
	started $!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/$1.seen"
}
# seen NAME FILTER: a frame for which the jq filter holds arrived
seen() { jq -es "map(select($2)) | length > 0" "$BATS_TEST_TMPDIR/$1.seen"; }
count() { jq -s "map(select($2)) | length" "$BATS_TEST_TMPDIR/$1.seen"; }
dropped() { ns "$1" lr-peer status --json | jq ".drops.$2"; }
drops() { [ "$(dropped "$1" "$2")" -ge "$3" ]; }

@test "ARP and neighbour questions are answered here, a broadcast arrives as one, multicast where it was joined" {
	lan_up
	ns a ping -q -c 1 -W 2 10.66.0.2
	ns a ping -q -c 1 -W 2 10.66.0.3
	ns a ping -q -c 1 -W 2 fd66::2
	is "$(ip -n "$(nsname a)" -j neigh show 10.66.0.2 | jq -r '.[0].lladdr')" "$(mac b)"
	is "$(ip -n "$(nsname a)" -j neigh show fd66::2 | jq -r '.[0].lladdr')" "$(mac b)"
	! ns a ping -q -c 1 -W 1 10.66.0.99
	drops a lan_stranger 1
	is "$(ns b cat "/proc/sys/net/ipv6/conf/$(ifn b)/accept_ra")" 0
	sniff a
	sniff b
	sniff c
	a=$(mac a)
	say a 6112 255.255.255.255 6112 hello 17
	all='.dst == "255.255.255.255" and .ports == [6112, 6112] and .ttl == 17 and .text == "hello" and .src == "10.66.0.1"'
	wait_until 10 seen b ".kind == \"broadcast\" and .to_mac == \"ffffffffffff\" and .from_mac == \"${a//:/}\" and $all"
	wait_until 10 seen c "$all"
	# from the stock peer, and to a /24's broadcast address of our /16: the system must take it
	say c 6112 255.255.255.255 6112 stock
	wait_until 10 seen a '.kind == "broadcast" and .text == "stock" and .src == "10.66.0.3"'
	ns b "$LAN" hear 8086 >"$BATS_TEST_TMPDIR/heard" 3>&- </dev/null &
	started $!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/heard"
	say a 8086 10.66.3.255 8086 narrow
	wait_until 10 grep -qx "10.66.0.1 8086 narrow" "$BATS_TEST_TMPDIR/heard"
	seen b '.text == "narrow" and .dst == "10.66.255.255" and .kind == "broadcast"'
	# multicast
	ns b "$LAN" join "$(ifn b)" 239.7.7.7 3>&- </dev/null &
	started $!
	ip -n "$(nsname a)" route add 224.0.0.0/4 dev "$(ifn a)"
	joined() { say a 4445 239.7.7.7 4445 "motd" 1 && seen b '.text == "motd"'; }
	wait_until 10 joined
	seen b '.text == "motd" and .kind == "multicast" and .to_mac == "01005e070707" and .ttl == 1'
	say a 1 255.255.255.255 1 behind
	wait_until 10 seen c '.text == "behind"'
	is "$(count c '.text == "motd"')" 0
	say a 4445 239.7.7.8 4445 nobody 1
	drops a lan_no_joiner 1
	# noise stays here
	say a 5353 224.0.0.251 5353 mdns
	drops a lan_noise 1
}

# ipx FIRST: a frame to all, from the interface's own address, with that behind the addresses
ipx() { echo "ffffffffffffMAC$1"; }
IPX=ffff0022001100000000ffffffffffff045200000000020000000001400300010000

@test "IPX in its four framings, and large raw frames, cross as EtherIP" {
	lan_up
	sniff b
	a=$(mac a)
	ns a "$LAN" frame "$(ifn a)" "$(ipx 0022$IPX)" "$(ipx 0025e0e003$IPX)" "$(ipx 002aaaaa030000008137$IPX)" "$(ipx 8137$IPX)" \
		"$(tr -d : <<<"$(mac b)")MAC88b5$(printf '5a%.0s' {1..1400})"
	for type in 0022 0025 002a 8137; do
		wait_until 10 seen b ".kind == \"broadcast\" and .type == \"$type\" and .from_mac == \"${a//:/}\" and (.hex | endswith(\"$IPX\"))"
	done
	wait_until 10 seen b '.kind == "host" and .type == "88b5" and (.hex | length) == 2800'
	# Not ours: a source that is no member's, a VLAN that hides IP, spanning tree.
	ns a "$LAN" frame "$(ifn a)" ffffffffffff02111111111188b500 ffffffffffffMAC8100000008004500 0180c2000000MAC0003424203
	drops a lan_foreign_mac 1
	drops a lan_no_bridge 1
	drops a lan_link_control 1
}
