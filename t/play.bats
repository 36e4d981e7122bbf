# play.bats - what an active game's profile changes on the LAN: groups, ports, marks, repeats, addresses inside
load helper

setup() {
	lr_setup
	need_tun
	need jq nft
	LAN=$ROOT/t/tools/lan.py
}

game() { ns "$1" lr-game "$2" --iface "$(ifn "$1")" "${@:3}"; }
say() { ns "$1" "$LAN" say "${@:2}"; }
sniff() {
	ns b "$LAN" sniff "$(ifn b)" >"$BATS_TEST_TMPDIR/seen" 2>&1 3>&- </dev/null &
	started $!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/seen"
}
came() { [ "$(jq -s "map(select($1)) | length" "$BATS_TEST_TMPDIR/seen")" -ge "${2:-1}" ]; }
leads_to() { ns a ip -j route get "$1" 2>/dev/null | jq -r '.[0].dev'; }

# An IPv6 group, which the underlay's card would take, too; who joins and who sends names no interface.
six_group() {
	local group=ff04::696f:7175:616b:6533 n
	for n in a b; do
		[ "$(ns $n ip -6 -j route get $group | jq -r '.[0].dev')" != "$(ifn $n)" ]
		game $n apply openarena
	done
	is "$(ns a ip -6 -j route get $group | jq -r '.[0].dev')" "$(ifn a)"
	ns b "$LAN" hear 27960 $group >"$BATS_TEST_TMPDIR/heard6" 3>&- </dev/null &
	started $!
	heard_six() {
		say a 27960 $group 27960 getinfo
		grep -qx "fd66::1 27960 getinfo" "$BATS_TEST_TMPDIR/heard6"
	}
	wait_until 10 heard_six
	for n in a b; do game $n apply --undo openarena; done
	[ "$(ns a ip -6 -j route get $group | jq -r '.[0].dev')" != "$(ifn a)" ]
}

@test "a profile's groups, marks, repeats and address; all is as before when it is taken back" {
	two_nodes --tap
	ip -n "$(nsname a)" route add 255.255.255.255 dev "$(ifn a)" || :
	ns b nft -f - <<-'END'
		table inet seen {
			counter marked { }
			chain in { type filter hook input priority 0; udp dport 51820 ip dscp ef counter name marked; }
		}
	END
	marked() { ns b nft -j list counter inet seen marked | jq '.nftables[1].counter.packets'; }
	sniff
	say a 6112 255.255.255.255 6112 before
	wait_until 10 came '.text == "before"'
	is "$(marked)" 0
	[ "$(leads_to 224.0.2.60)" != "$(ifn a)" ]
	game a apply warcraft-3 flatout-2 minecraft-java
	is "$(leads_to 224.0.2.60)" "$(ifn a)"
	six_group
	say a 6112 10.66.0.2 6112 whisper
	say a 6112 255.255.255.255 6112 created
	wait_until 20 came '.text == "created" and .kind == "broadcast"' 3
	is "$(jq -s 'map(select(.text == "whisper")) | length' "$BATS_TEST_TMPDIR/seen")" 1
	[ "$(marked)" -ge 4 ]
	# What is chatter without a game of it passes with one, at both ends.
	say a 5353 224.0.0.251 5353 chatter
	for n in a b; do game $n apply mdns; done
	say a 5353 224.0.0.251 5353 asked
	wait_until 10 came '.text == "asked"'
	is "$(jq -s 'map(select(.text == "chatter")) | length' "$BATS_TEST_TMPDIR/seen")" 0
	for n in a b; do game $n apply --undo mdns; done
	# FlatOut 2 writes its address 15 bytes before the end: whichever it took, ours stands there
	say a 23757 255.255.255.255 23757 "here I am: ADDRabcdefghijk"
	wait_until 10 came '.ports == [23757, 23757] and (.text | test("^here I am: \n.\u0000\u0001abcdefghijk$"))'
	# What goes to one member is play: it stays what it is, unless an address of this machine stands there
	say a 23757 10.66.0.2 23757 "positions: abcdefghijklmnopqrs"
	say a 23757 10.66.0.2 23757 "to you: "$'\n[\1\2'"abcdefghijk"
	wait_until 10 came '.ports == [23757, 23757] and (.text | test("^to you: \n.\u0000\u0001abcdefghijk$"))'
	came '.text == "positions: abcdefghijklmnopqrs"'
	say a 6112 10.66.0.2 6112 "lobby for you"
	say a 6112 255.255.255.255 6112 "again"
	wait_until 10 came '.text == "again"' 2
	is "$(jq -s 'map(select(.text == "lobby for you")) | length' "$BATS_TEST_TMPDIR/seen")" 1
	game a apply --undo warcraft-3 flatout-2 minecraft-java
	[ "$(leads_to 224.0.2.60)" != "$(ifn a)" ]
	local before
	before=$(marked)
	say a 23757 255.255.255.255 23757 "here I am: ADDRabcdefghijk"
	wait_until 10 came '.text == "here I am: ADDRabcdefghijk"'
	is "$(marked)" "$before"
}

@test "--isolate: an active game's ports pass, and only as long as it is active" {
	only_all
	two_nodes --tap --isolate
	sniff
	blocked() { ns a lr-peer status --json | jq -e '.drops.lan_isolated > 0'; }
	say a 6112 10.66.0.2 6112 early
	wait_until 10 blocked
	for n in a b; do game $n apply warcraft-3; done
	say a 6112 10.66.0.2 631 forged
	say a 6112 10.66.0.2 6112 later
	wait_until 10 came '.text == "later"'
	for n in a b; do game $n apply --undo warcraft-3; done
	say a 6112 10.66.0.2 6112 late
	ns a ping -q -c 1 -W 2 10.66.0.2
	is "$(jq -s 'map(select(.text == "early" or .text == "late" or .text == "forged")) | length' "$BATS_TEST_TMPDIR/seen")" 0
}
