# bridge.bats - machines of the house that run no program of ours: lr-up --bridge
load helper
load party

setup() {
	lr_setup
	LAN=$ROOT/t/tools/lan.py
}

# console NAME ADDRESS NS IFACE ADDRESSES: a machine of the house, with its cable to IFACE there.
console() {
	ns_make "$1"
	ns_link "$1" eth0 "$2/16" "$3" "$4" "$5"
	ip -n "$TAG-$1" route add 255.255.255.255 dev eth0
}
# house SWITCH CONSOLE ADDRESS MEMBER...: all on one switch, home0 at the members.
house() {
	local switch=$1 i=1 n
	ns_make "$switch"
	ip -n "$TAG-$switch" link add br0 type bridge forward_delay 0
	ip -n "$TAG-$switch" link set br0 up
	console "$2" "$3" "$switch" p0 -
	for n in "${@:4}"; do
		ns_link "$n" home0 192.168.5.$i/24 "$switch" p$i -
		i=$((i + 1))
	done
	for n in $(seq 0 $((i - 1))); do ip -n "$TAG-$switch" link set "p$n" master br0; done
}
# cable SWITCH SWITCH: between the two
cable() {
	ns_link "$1" cable - "$2" cable -
	ip -n "$TAG-$1" link set cable master br0
	ip -n "$TAG-$2" link set cable master br0
}

# sniff NAME IFACE: what comes in there goes to $BATS_TEST_TMPDIR/NAME.seen
sniff() {
	ns "$1" "$LAN" sniff "$2" >"$BATS_TEST_TMPDIR/$1.seen" 2>&1 3>&- </dev/null &
	started $!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/$1.seen"
}
seen() { jq -es "map(select($2)) | length > 0" "$BATS_TEST_TMPDIR/$1.seen"; }
count() { jq -s "map(select($2)) | length" "$BATS_TEST_TMPDIR/$1.seen"; }
say() {
	local n=$1
	shift
	ns "$n" "$LAN" say "$@"
}
drops() { [ "$(peer "$1" status --json | jq ".drops.$2")" -ge "$3" ]; }
mac() { ns "$1" cat "/sys/class/net/$2/address"; }

# carriers NAME...: those that carry their segment
carriers() {
	for n; do
		[ "$(peer "$n" status --json | jq '[.guests[] | select(.hub == null and .ready)] | length')" = 0 ] || echo "$n"
	done
}
one_of() { [ "$(carriers "$@" | wc -l)" = 1 ]; }
carry() { [ "$(carriers "$@" | wc -l)" = $# ]; }

@test "a console behind --bridge with an address of the pool: reached by its host and by a member, broadcasts both ways" {
	party_setup
	console m 10.66.9.9 a home0 192.168.5.1/24
	host a --bridge home0
	join b "$INVITE"
	local a b bmac it it2 other
	a=$(address a)
	b=$(address b)
	wait_until 10 pings b "$a"
	wait_until 20 pings m "$b"
	pings m "$a"
	pings a 10.66.9.9
	pings b 10.66.9.9
	is "$(ip -n "$TAG-m" -j neigh show "$b" | jq -r '.[0].lladdr')" "$(mac b "$(ifn b)")"
	is "$(peer a status --json | jq -r '.guests[] | select(.peer == "bridged-9-9") | "\(.address) \(.hub) \(.ready)"')" "10.66.9.9 null true"
	is "$(peer b status --json | jq -r '.guests[] | "\(.peer) \(.hub) \(.ready)"')" "bridged-9-9 a true"
	peer a status --json | json_ok status
	peer a status | grep 'bridged-9-9, 10.66.9.9, a machine of this house'

	# What is sent to all arrives at all, once, as it was; nothing comes back.
	sniff a "$(ifn a)"
	sniff b "$(ifn b)"
	sniff m eth0
	say m 6112 255.255.255.255 6112 console 17
	it='.dst == "255.255.255.255" and .ports == [6112, 6112] and .ttl == 17 and .src == "10.66.9.9" and .text == "console"'
	wait_until 10 seen b "$it and .kind == \"broadcast\""
	wait_until 10 seen a "$it and .kind == \"broadcast\""
	say b 6112 10.66.255.255 6112 member
	it2='.dst == "10.66.255.255" and .ports == [6112, 6112] and .text == "member"'
	bmac=$(mac b "$(ifn b)")
	wait_until 10 seen m "$it2 and .kind == \"broadcast\" and .from_mac == \"${bmac//:/}\""
	say a 6112 10.66.255.255 6112 host
	wait_until 10 seen m '.text == "host" and .src == "'"$a"'"'
	is "$(count b "$it")" 1
	is "$(count a "$it")" 1
	is "$(count m "$it2")" 1
	is "$(count m '.text == "console"')" 0

	# TCP with whatever offloads the interfaces have, and a service that no game needs.
	ns m /usr/bin/python3 -c 'import socket; socket.create_connection(("'"$b"'", 22), 1)' && false
	wait_until 10 drops a lan_service 1
	# The house's own traffic is not for the party.
	ip -n "$TAG-m" addr add 192.168.5.9/24 dev eth0
	pings m 192.168.5.1
	say m 7000 192.168.5.255 7000 home
	wait_until 10 drops a lan_home 1
	is "$(count b '.text == "home"')" 0
	# A member's address is not free for a console: who says it has it is told so, and not believed.
	other=${b//./ }
	# shellcheck disable=SC2086
	other=$(printf '%02x' $other)
	ns m "$LAN" frame eth0 "ffffffffffffMAC08060001080006040001MAC00000000000000000000$other"
	wait_until 10 seen m '.type == "0806" and (.hex | startswith("0001080006040002'"${bmac//:/}$other"'"))'
	ns m "$LAN" frame eth0 "ffffffffffffMAC08060001080006040001MAC${other}000000000000$other"
	wait_until 10 drops a lan_address 1
	pings a "$b"
	# A frame with a member's MAC came from the party: it does not go there again.
	ns m "$LAN" frame eth0 "ffffffffffff${bmac//:/}08060001080006040001MAC0a420909000000000000$other"
	wait_until 10 drops a lan_loop 1
}

# A kind of frame from m to all, of foreign addresses or of none; each says WORD in it somewhere.
foreign() {
	local word
	word=$(printf %s "$1" | xxd -p)
	ns m "$LAN" frame eth0 "ffffffffffffMAC8137ffff001e000400000000ffffffffffff0452000000000000000000000452$word" \
		"ffffffffffffMAC0020ffff001e000400000000ffffffffffff0452$word$(printf %040d 0)" \
		"ffffffffffffMAC08060001080006040001MACc0a84d09000000000000c0a84d63$word" \
		"ffffffffffffMAC88b5$word$(printf %080d 0)"
	say m 3074 192.168.77.255 3074 "$1"
}
# heard NAME WORD: how many of those came there, of five
heard() {
	local word
	word=$(printf %s "$2" | xxd -p)
	count "$1" "(.hex // \"\" | contains(\"$word\")) or (.text // \"\") == \"$2\""
}
got() { [ "$(heard "$@")" -ge 5 ]; }

# asks NAME [OPTION]...: a stock client gets an address for eth0 there, as it says in NAME.dhcp
asks() {
	local script=$BATS_TEST_TMPDIR/udhcpc.sh n=$1
	shift
	cat >"$script" <<-'EOF'
		#!/bin/sh
		echo "$1 ${ip:-} ${mask:-} ${router:-none} ${lease:-}" >>"$LOG"
		[ "$1" != bound ] || ip addr replace "$ip/$mask" broadcast + dev "$interface"
	EOF
	chmod +x "$script"
	LOG=$BATS_TEST_TMPDIR/$n.dhcp ns "$n" busybox udhcpc -i eth0 -f -q -n -t 5 -T 1 -s "$script" "$@"
}
listed() { [ "$(peer "$1" status --json | jq -r '[.guests[] | select(.ready)] | map(.address) | join(" ")')" = "$2" ]; }

@test "lr-up --bridge --dhcp: a stock DHCP client gets an address of the pool and plays; the same again after a restart; no second server" {
	need busybox
	party_net s a b
	relay_up
	ns_make m
	ns_link m eth0 - a home0 192.168.5.1/24
	# Somebody gives addresses there already.
	cat >"$BATS_TEST_TMPDIR/udhcpd.conf" <<-EOF
		start 192.168.5.20
		end 192.168.5.30
		interface eth0
		lease_file $BATS_TEST_TMPDIR/udhcpd.leases
		pidfile $BATS_TEST_TMPDIR/udhcpd.pid
	EOF
	: >"$BATS_TEST_TMPDIR/udhcpd.leases"
	ip -n "$TAG-m" addr add 192.168.5.2/24 dev eth0
	spawn ns m busybox udhcpd -f "$BATS_TEST_TMPDIR/udhcpd.conf"
	wait_until 10 test -s "$BATS_TEST_TMPDIR/udhcpd.pid"
	exits 1 ns a lr-up --relay "$AT" --iface "$(ifn a)" --bridge home0 --dhcp
	is "$output" "lr-up: home0: 192.168.5.2 gives addresses there already; leave --dhcp out, and set addresses of the pool by hand"
	kill "$(cat "$BATS_TEST_TMPDIR/udhcpd.pid")"
	ip -n "$TAG-m" addr flush dev eth0

	host a --bridge home0 --dhcp
	join b "$INVITE"
	wait_until 20 asks m
	local ip
	ip=$(sed -n 's/^bound \([0-9.]*\) .*/\1/p' "$BATS_TEST_TMPDIR/m.dhcp")
	is "$(grep bound "$BATS_TEST_TMPDIR/m.dhcp")" "bound $ip 16 none 3600"
	wait_until 20 listed a "$ip"
	wait_until 20 pings b "$ip"
	pings m "$(address b)"
	jq -c . "$LR_STATE_DIR/a/parties/a.json" | json_ok party
	is "$(jq -c '[.leases[] | .mac, .address]' "$LR_STATE_DIR/a/parties/a.json")" "[\"$(mac m eth0)\",\"$ip\"]"
	# Who has it says nothing, and is known after a restart all the same.
	kill -9 "$(peer a status --json | jq .pid)"
	ip -n "$TAG-m" addr flush dev eth0
	host a --bridge home0 --dhcp
	wait_until 20 listed a "$ip"
	wait_until 20 asks m
	is "$(tail -n 1 "$BATS_TEST_TMPDIR/m.dhcp" | cut -d ' ' -f 1-2)" "bound $ip"
	wait_until 20 pings b "$ip"
}

@test "lr-up --bridge --dhcp: another stock client, ISC's, from lease to release" {
	only_all
	need dhclient
	party_net s a b
	relay_up
	ns_make m
	ns_link m eth0 - a home0 192.168.5.1/24
	host a --bridge home0 --dhcp
	local at=$BATS_TEST_TMPDIR/dhclient
	dhclient_at() { ns m dhclient -4 -v "$@" -sf "$at.sh" -pf "$at.pid" -lf "$at.leases" -cf /dev/null eth0; }
	cat >"$at.sh" <<-'EOF'
		#!/bin/sh
		[ "$reason" != BOUND ] || ip addr replace "$new_ip_address/$new_subnet_mask" broadcast + dev "$interface"
	EOF
	chmod +x "$at.sh"
	: >"$at.leases"
	wait_until 20 dhclient_at -1
	local ip
	ip=$(ip -n "$TAG-m" -4 -j addr show dev eth0 | jq -r '.[0].addr_info[0].local')
	wait_until 20 listed a "$ip"
	dhclient_at -r
	wait_until 20 listed a ""
}

@test "two bridged houses: frames of foreign addresses and of none pass once, whole; no storm in a ring, with hellos or without" {
	party_net s a b
	relay_up
	house h m 10.66.9.9 a
	house i n 10.66.9.8 b
	ip -n "$TAG-m" addr add 192.168.77.9/24 dev eth0
	ip -n "$TAG-n" addr add 192.168.77.8/24 dev eth0
	host a --bridge home0
	join b "$INVITE" --bridge home0
	wait_until 30 pings m 192.168.77.8
	wait_until 30 pings n "$(address a)"
	wait_until 30 pings m 10.66.9.8
	is "$(ip -n "$TAG-m" -j neigh show 192.168.77.8 | jq -r '.[0].lladdr')" "$(mac n eth0)"
	head -c 400000 /dev/urandom >"$BATS_TEST_TMPDIR/sent"
	spawn ns n socat -u TCP-LISTEN:7000 "OPEN:$BATS_TEST_TMPDIR/came,creat"
	wait_until 10 ns m socat -u "OPEN:$BATS_TEST_TMPDIR/sent" TCP:192.168.77.8:7000,connect-timeout=1
	wait_until 20 cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/came"

	sniff n eth0
	sniff m eth0
	sniff b "$(ifn b)"
	foreign apart
	wait_until 10 got n apart
	is "$(heard n apart)" 5
	is "$(heard m apart)" 0
	# The other node's own interface hears what is no IP.
	is "$(heard b apart)" 3
	# DHCP and shells stay in the house.
	say m 68 255.255.255.255 67 dhcp
	wait_until 10 drops a lan_dhcp 1

	# A second way between the two houses: of the bridges one stands by.
	cable h i
	wait_until 20 one_of a b
	foreign ring
	wait_until 10 got n ring
	# No hello gets through: both carry, and still each arrives once.
	ns h nft 'add table bridge t; add chain bridge t f { type filter hook forward priority 0 ; }; add rule bridge t f ether type 0x88b6 drop'
	wait_until 20 carry a b
	foreign both
	wait_until 10 got n both
	# What would come twice has come when something later has.
	foreign last
	wait_until 10 got n last
	is "$(heard n ring) $(heard n both) $(heard n last)" "5 5 5"
	is "$(heard m ring) $(heard m both) $(heard m last)" "0 0 0"
	drops a lan_loop 1 || drops b lan_loop 1 || drops a lan_foreign_mac 1 || drops b lan_foreign_mac 1
}

@test "two bridges in each of two houses: one of each carries, every broadcast arrives once; the other takes over, also from a killed one" {
	only_all
	party_net s a b c d
	relay_up
	house h m 10.66.9.9 a b
	house i n 10.66.9.8 c d
	host a --bridge home0
	local who it one other
	for who in b c d; do join "$who" "$INVITE" --bridge home0; done
	for who in a b c d; do wait_until 30 pings m "$(address "$who")"; done
	wait_until 30 pings n "$(address a)"
	wait_until 30 pings m 10.66.9.8
	one_of a b
	one_of c d
	for who in a b c d; do sniff "$who" "$(ifn "$who")"; done
	sniff m eth0
	sniff n eth0
	for who in 1 2 3 4 5; do say m 6112 255.255.255.255 6112 "round $who"; done
	it='.src == "10.66.9.9" and (.text // "" | startswith("round"))'
	for who in a b c d n; do wait_until 20 seen "$who" ".text == \"round 5\""; done
	# The last has come; what would come twice has come as well when something later has.
	say m 6112 255.255.255.255 6112 last
	for who in a b c d n; do wait_until 20 seen "$who" '.text == "last"'; done
	for who in a b c d n; do is "$who $(count "$who" "$it")" "$who 5"; done
	is "$(count m "$it")" 0

	ip -n "$TAG-m" addr add 192.168.77.9/24 dev eth0
	foreign four
	wait_until 10 got n four
	foreign last4
	wait_until 10 got n last4
	is "$(heard n four) $(heard m four)" "5 0"

	# Killed, it says nothing, and its record is good for minutes: the other speaks for its machines all the same.
	one=$(carriers a b)
	other=$([ "$one" = a ] && echo b || echo a)
	kill -9 "$(peer "$one" status --json | jq .pid)"
	wait_until 30 carry "$other"
	wait_until 30 pings m 10.66.9.8
	wait_until 30 pings n 10.66.9.9
	foreign killed
	wait_until 10 got n killed
	is "$(heard n killed)" 5
	# It comes back; then the other ends as it should.
	ns "$one" lr-up --iface "$(ifn "$one")" --bridge home0 a
	wait_until 30 one_of a b
	one=$(carriers a b)
	other=$([ "$one" = a ] && echo b || echo a)
	wait_until 30 pings m 10.66.9.8
	ns "$one" lr-up --down
	wait_until 60 pings m 10.66.9.8
	carry "$other"
}
