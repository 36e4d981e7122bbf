# games.bats - real games find each other and play in a party; their own words are what is looked at
#
# Three machines behind a router each, a party over a relay. Games that need no display: Debian's Chocolate
# Doom with FreeDM, OpenTTD, Freeciv, DOSBox.
load helper
load party
load games

setup() {
	lr_setup
	games_setup
}

teardown() {
	[ -z "${GUEST:-}" ] || ns g wg-quick down "$GUEST" >/dev/null 2>&1 || :
	lr_teardown
}

within() {
	local n=$1
	shift
	ip netns exec "$(nsname "$n")" "$@"
}

@test "Chocolate Doom: the server is found by broadcast, two more join it, all three play" {
	only_all
	from_debian chocolate-server chocolate-doom
	three_members
	playing a chocolate-server -privateserver
	wait_until 20 binds a 2342
	wait_until 40 finds_doom b
	grep -q "$A" "$BATS_TEST_TMPDIR/search"
	playing a "${DOOM[@]}" -nodes 3 -connect 127.0.0.1
	playing b "${DOOM[@]}" -nodes 3 -autojoin
	playing c "${DOOM[@]}" -nodes 3 -autojoin
	for n in a b c; do wait_until 60 says $n.chocolate-doom 'of 3 (3 nodes)'; done
}

@test "OpenTTD: found by a broadcast to the subnet, joined, a company founded" {
	only_all
	from_debian openttd openttd
	three_members
	openttd_files
	playing a openttd -D -c "$BATS_TEST_TMPDIR/s.cfg"
	wait_until 30 binds a 3979
	wait_until 20 asks_openttd b
	playing b openttd -n "$A:3979" -v sdl -s null -m null -c "$BATS_TEST_TMPDIR/c.cfg" -d net=3
	wait_until 60 says a.openttd "lanplayer has joined the game" || { tail -n 30 "$BATS_TEST_TMPDIR"/?.openttd; false; }
	wait_until 60 says a.openttd 'has started a new company'
}

@test "Freeciv: announced by multicast, joined, turns go by" {
	only_all
	from_debian freeciv-server freeciv-server
	from_debian freeciv-sdl2 freeciv-client-sdl
	three_members
	for n in a b; do ns $n lr-game apply --iface "$(ifn $n)" freeciv; done # its groups lead to the party
	freeciv_meets
}

@test "DOSBox: IPX in UDP, a server and a client that ping each other" {
	only_all
	from_debian dosbox dosbox
	three_members
	dosbox_in a "ipxnet startserver 213"
	wait_until 30 binds a 213
	dosbox_in b "ipxnet connect $A 213" "ipxnet ping"
	wait_until 40 dos_says b "client connected to server"
	wait_until 40 dos_says b "response from "
}

@test "DOSBox: the IPX server is a member's lr-up --ipx; two who connect to it ping each other" {
	only_all
	from_debian dosbox dosbox
	three_members --ipx
	C=$(address c)
	dosbox_in c "ipxnet connect $A"
	wait_until 40 dos_says c "client connected to server"
	dosbox_in b "ipxnet connect $A" "ipxnet ping"
	wait_until 40 dos_says b "client connected to server"
	wait_until 40 dos_says b "response from $C"
	dos_says b "response from $A"
	peer a status --json | json_ok status
	is "$(peer a status --json | jq '[.drops | to_entries[] | select(.key | startswith("ipx_")) | .value] | add')" 0
}

@test "Chocolate Doom: a guest with a stock WireGuard client finds the member's server and plays" {
	only_all
	from_debian chocolate-server chocolate-doom
	need wireguard-go wg-quick
	party_setup
	ns_make g
	ns_link g eth0 10.93.9.2/24 r rg 10.93.9.1/24
	ip -n "$(nsname g)" route add default via 10.93.9.1
	host a --no-portmap
	join b "$INVITE"
	wait_until 20 path_is b a direct
	B=$(address b)
	GUEST=$BATS_TEST_TMPDIR/$(ifn g).conf
	(umask 077 && peer a invite --wireguard phone >"$GUEST" 2>"$BATS_TEST_TMPDIR/invite.log")
	WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go ns g wg-quick up "$GUEST" >"$BATS_TEST_TMPDIR/quick.log" 2>&1
	wait_until 20 pings g "$B"
	playing b chocolate-server -privateserver
	wait_until 20 binds b 2342
	wait_until 40 finds_doom g
	grep -q "$B" "$BATS_TEST_TMPDIR/search"
	playing b "${DOOM[@]}" -nodes 2 -connect 127.0.0.1
	playing g "${DOOM[@]}" -nodes 2 -autojoin
	for n in b g; do wait_until 60 says $n.chocolate-doom 'of 2 (2 nodes)'; done
}
