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
# house SWITCH MEMBER MEMBER CONSOLE ADDRESS: all on one switch, home0 at the members.
house() {
	ns_make "$1"
	ip -n "$TAG-$1" link add br0 type bridge forward_delay 0
	ip -n "$TAG-$1" link set br0 up
	ns_link "$2" home0 192.168.5.1/24 "$1" p1 -
	ns_link "$3" home0 192.168.5.2/24 "$1" p2 -
	console "$4" "$5" "$1" p3 -
	for port in p1 p2 p3; do ip -n "$TAG-$1" link set "$port" master br0; done
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

# carriers NAME...: those that carry their segment
carriers() {
	for n; do
		[ "$(peer "$n" status --json | jq '[.guests[] | select(.hub == null and .ready)] | length')" = 0 ] || echo "$n"
	done
}
one_of() { [ "$(carriers "$@" | wc -l)" = 1 ]; }

@test "two bridges in each of two houses: one of each carries, every broadcast arrives once; the other takes over" {
	only_all
	party_net s a b c d
	relay_up
	house h a b m 10.66.9.9
	house i c d n 10.66.9.8
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

	one=$(carriers a b)
	other=$([ "$one" = a ] && echo b || echo a)
	ns "$one" lr-up --down
	wait_until 60 pings m 10.66.9.8
	is "$(carriers "$other")" "$other"
}
