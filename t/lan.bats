# lan.bats - the virtual Ethernet: two of ours and a stock wireguard-go on one LAN
# shellcheck disable=SC2016
load helper

setup() {
	lr_setup
	need_tun
	need jq wireguard-go wg
	LAN=$ROOT/t/tools/lan.py
	PLAY=$ROOT/build/$MODE/t/tools/lanplay
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
	# a game's group: this machine sends it to the party, and the stock peer, which says nothing, gets it
	ns a lr-game apply minecraft-java
	ns a ip route get 224.0.2.60 | grep -q "dev $(ifn a)"
	say a 4445 224.0.2.60 4445 world 1
	wait_until 10 seen c '.text == "world" and .ttl == 1'
	is "$(count b '.text == "world"')" 0
	# IPv6's groups: b reports them from its link-local address
	for n in a b; do ns $n lr-game apply openarena; done
	ns b "$PLAY" host "$(ifn b)" >"$BATS_TEST_TMPDIR/host" 3>&- </dev/null &
	started $!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/host"
	ns a "$PLAY" join "$(ifn a)" 10.66.0.2 c
	# noise stays here
	say a 5353 224.0.0.251 5353 mdns
	drops a lan_noise 1
}

# ipx FIRST: a frame to all, from the interface's own address, with that behind the addresses
ipx() { echo "ffffffffffffMAC$1"; }
IPX=ffff0022001100000000ffffffffffff045200000000020000000001400300010000

# ip4 PROTOCOL DST BODY, udp DST FROM TO, icmp6 BODY: packets of c, all in hex
ip4() { printf '4500%04x0000000040%s00000a420003%s%s' $((20 + ${#3} / 2)) "$1" "$2" "$3"; }
udp() { ip4 11 "$1" "$(printf '%04x%04x000a00004142' "$2" "$3")"; }
ip6() { printf '60000000%04x%sfffd660000000000000000000000000003ff020000000000000000000000000001%s' $((${#2} / 2)) "$1" "$2"; }
icmp6() { ip6 3a "$1"; }
forwarded() { ns a awk '$1 == "Ip:" && $2 != "Forwarding" {print $7}' /proc/net/snmp; }

@test "raw frames cross as EtherIP; a hostile member makes itself no router, opens no home and speaks for nobody" {
	lan_up
	sniff a
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
	# What c sends is bound by nothing but its keys and addresses.
	ns a sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	ns_make h
	ns_link a home 192.168.77.1/24 h eth0 192.168.77.5/24
	before=$(forwarded)
	ns a ping -q -c 1 -W 2 10.66.0.3
	c=$(ip -n "$(nsname a)" -j neigh show 10.66.0.3 | jq -r '.[0].lladdr')
	etherip() { ip4 61 0a420001 "3000ffffffffffff$1"; }
	# A router and who asks for one, redirects, DHCP and a source route, by IPv4 and IPv6; as frames of a's own, too.
	local p frames=() router
	router=("$(icmp6 86000000400007080000000000000000)" "$(icmp6 8500000000000000)" "$(ip4 01 0a420001 0900000000000000)"
		"$(ip4 01 0a420001 0501000000000000)" "$(icmp6 8900000000000000)" "$(udp 0a420001 67 68)"
		"$(ip6 11 02230222000a00004142)"
		4700002400000000401100000a4200030a4200018307040a420002000007000700080000)
	for p in "${router[@]}"; do
		if [ "${p:0:1}" = 4 ]; then frames+=("ffffffffffffMAC0800$p"); else frames+=("333300000001MAC86dd$p"); fi
	done
	ns a "$LAN" frame "$(ifn a)" "${frames[@]}"
	for why in router:3 redirect:2 dhcp:2 source_route:1; do drops a lan_${why%:*} "${why#*:}"; done
	ns c "$LAN" packet "$(ifn c)" "${router[@]}" "$(udp c0a84d05 7 7)" "$(udp c0a84d01 7 7)" "$(ip4 06 0a420001 1111001600000001000000005002010000000000)" \
		"$(etherip "0211111111118137$IPX")" "$(etherip "${c//:/}0806000108000604000202aaaaaaaaaa0a420002ffffffffffff0a420001")" \
		"$(etherip "${c//:/}8137$IPX")"
	wait_until 10 seen a ".type == \"8137\" and .from_mac == \"${c//:/}\""
	for why in router:6 redirect:4 dhcp:4 source_route:2 not_ours:2 service:1 address:1 foreign_mac:2; do drops a lan_${why%:*} "${why#*:}"; done
	is "$(count a '.type == "8137"')" 1 # not the one with another's MAC
	is "$(count a '.type == "0806" and .src == null and (.hex | contains("02aaaaaaaaaa"))')" 0
	is "$(forwarded)" "$before"
	# a flood to all is cut off, and harms no other port
	ns c "$LAN" repeat 3000 9 255.255.255.255 9999
	wait_until 10 drops a lan_storm 1
	say c 9 255.255.255.255 6112 calm
	wait_until 10 seen a '.text == "calm"'
	[ "$(count a '.ports == [9, 9999]')" -lt 1500 ]
}

@test "a party's interface is an Ethernet, --tun gives the old; large frames come together again" {
	load party
	party_setup
	host a
	join b "$INVITE"
	join c "$INVITE" --tun
	is "$(ip -n "$(nsname a)" -j link show "$(ifn a)" | jq -r '.[0] | .link_type, .mtu, (.flags | contains(["BROADCAST", "MULTICAST"])), (.flags | contains(["NOARP"]))' | tr '\n' ' ')" "ether 1500 true false "
	is "$(ip -n "$(nsname c)" -j link show "$(ifn c)" | jq -r '.[0].link_type')" none
	ns b ip route get 255.255.255.255 | grep -q "dev $(ifn b)"
	wait_until 20 pings a "$(address b)"
	wait_until 20 pings a "$(address c)"
	is "$(ip -n "$(nsname a)" -j neigh show "$(address b)" | jq -r '.[0].lladdr')" "$(mac b)"
	sniff b
	sniff c
	ns a "$LAN" frame "$(ifn a)" "ffffffffffffMAC88b5$(printf '5a%.0s' {1..1500})"
	wait_until 10 seen b '.type == "88b5" and (.hex | length) == 3000'
	say a 6112 255.255.255.255 6112 "$(printf 'x%.0s' {1..1450})"
	wait_until 10 seen b '.kind == "broadcast" and .dst == "255.255.255.255"'
	wait_until 10 seen c '.dst == "255.255.255.255" and .src == "'"$(address a)"'"'
	# The self-test: all kinds there and back; a game's group that nobody joined, and what one side isolates.
	peer a discover b >"$BATS_TEST_TMPDIR/found"
	is "$(grep -c 'there and back, [0-9.]* ms$' "$BATS_TEST_TMPDIR/found")" 4
	is "$(count b '.ports == [6112, 6112] and (.text // "" | startswith("LANrage"))')" 0
	exits 1 peer a discover b --game minecraft-java --json
	is "$(jq -c '[.game, ([.checks[] | select(.there and .back)] | length), (.checks[] | select(.check == "multicast") | .to, .there, .reason)]' <<<"$output")" \
		'["minecraft-java",3,"224.0.2.60",false,"lan_no_joiner"]'
	# A game's own groups, also of IPv6, and IPX; a game that nothing is known of; a member that is gone.
	ns b "$LAN" join "$(ifn b)" ff04::696f:7175:616b:6533 3>&- </dev/null &
	started $!
	six() { # the report of who joined is on its way
		peer a discover b --game openarena --json >"$BATS_TEST_TMPDIR/six" ||
			jq -e '[.checks[] | select(.check == "multicast" and .back)] | length == 1' "$BATS_TEST_TMPDIR/six" >/dev/null
	}
	wait_until 20 six
	json_ok discover <"$BATS_TEST_TMPDIR/six"
	exits 1 peer a discover b --game warcraft-3-reforged
	grep -q '(lan_noise)$' <<<"$output"
	peer a discover b --game red-alert-2 --json | jq -e '[.checks[] | select(.check == "ipx" and .back)] | length == 1'
	exits 1 peer a discover b --game diablo-2
	exits 1 peer a discover nobody
	ns b lr-up --down "$(ifn b)"
	! ns b ip route show | grep -q 255.255.255.255
}

# from CARD[,CARD...] TO TEXT [PORT]: a broadcast of a through those cards, whatever the routes say
from() {
	ns a python3 - "$@" <<-'END'
		import socket, sys
		cards, to, text = sys.argv[1:4]
		port = int((sys.argv[4:] or [3979])[0])
		sockets = []
		for card in cards.split(","):
		    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, card.encode())
		    s.bind(("", port))
		    sockets.append(s)
		for s in sockets:
		    s.sendto(text.encode(), (to, port))
	END
}

@test "what a game sends out of the wrong card is carried, from our address, once, and nothing of the party" {
	lan_up --capture all
	exits 1 ns r lr-up --config "$(conf a)" --tap --iface "$TAG"x --capture nosuch
	ns_make h
	ns_link a home 192.168.77.1/24 h eth0 192.168.77.5/24
	ns a ping -q -c 1 -W 2 10.66.0.2
	sniff b
	from home 255.255.255.255 early
	ns a lr-game apply openttd >/dev/null
	ns b "$LAN" hear 3979 >"$BATS_TEST_TMPDIR/heard" 3>&- </dev/null &
	started $!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/heard"
	# The system takes it, so its checksums are right; the subnet's address becomes the LAN's.
	from home 255.255.255.255 lobby
	wait_until 10 grep -qx "10.66.0.1 3979 lobby" "$BATS_TEST_TMPDIR/heard"
	from home 192.168.77.255 subnet
	wait_until 10 grep -qx "10.66.0.1 3979 subnet" "$BATS_TEST_TMPDIR/heard"
	# A game that sends on every card; what no game sent; what is not to all; what came from the party.
	from "home,eth0,$(ifn a)" 255.255.255.255 everywhere
	from home 255.255.255.255 other 6999
	from home 192.168.77.5 alone
	say b 3979 255.255.255.255 3979 theirs
	from home 255.255.255.255 last
	wait_until 10 grep -qx "10.66.0.1 3979 last" "$BATS_TEST_TMPDIR/heard"
	is "$(sed 1d "$BATS_TEST_TMPDIR/heard" | grep -v theirs | cut -d' ' -f3 | tr '\n' ' ')" "lobby subnet everywhere last "
	is "$(count b '.text == "subnet" and .dst == "10.66.255.255" and .kind == "broadcast"')" 1
	is "$(count b '.text == "everywhere"')" 1
	is "$(count b '.src != null and (.src | startswith("192.168"))')" 0
	drops a capture_copy 1
	# What the profile says of its own sending holds for what is captured, too: it is said again, and has our address.
	ns a lr-game apply warcraft-3 flatout-2 >/dev/null
	from home 255.255.255.255 created 6112
	from home 255.255.255.255 "here I am: ADDRabcdefghijk" 23757
	wait_until 10 seen b '.ports == [23757, 23757] and (.text | test("^here I am: \n.\u0000\u0001abcdefghijk$"))'
	again() { [ "$(count b '.text == "created" and .src == "10.66.0.1"')" -ge 3 ]; }
	wait_until 20 again
	# The self-test says when there is nobody to ask.
	ns a lr-peer add --key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= --name nobody --allowed-ips 10.66.0.99/32
	exits 1 ns a lr-peer discover nobody
	grep -q 'there is no session: its node is down' <<<"$output"
}
