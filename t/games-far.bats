# games-far.bats - real games between members that are far apart: 50 ms and 5 % loss, or over the relay only
load helper
load lab
load labparty
load games

setup() {
	lr_setup
	games_setup
	need lr-relay lr-meet jq chocolate-doom chocolate-server openttd
}

within() { on "$@"; }

# doom: b finds a's server by broadcast and they play.
doom() {
	playing a chocolate-server -privateserver
	wait_until 20 bound a 2342
	wait_until 60 finds_doom b
	playing a "${DOOM[@]}" -nodes 2 -connect 127.0.0.1
	playing b "${DOOM[@]}" -nodes 2 -autojoin
	for n in a b; do wait_until 60 says $n.chocolate-doom 'of 2 (2 nodes)'; done
}

# openttd: b asks the subnet, joins and founds a company.
openttd() {
	local at
	at=$(on b lr-peer show a --json | jq -r .address)
	openttd_files
	playing a openttd -D -c "$BATS_TEST_TMPDIR/s.cfg"
	wait_until 30 bound a 3979
	wait_until 30 asks_openttd b
	playing b openttd -n "$at:3979" -v sdl -s null -m null -c "$BATS_TEST_TMPDIR/c.cfg" -d net=3
	wait_until 90 says a.openttd 'lanplayer has joined the game' || { tail -n 30 "$BATS_TEST_TMPDIR"/?.openttd; false; }
	wait_until 90 says a.openttd 'has started a new company'
}

# freeciv: the same over multicast and TCP.
freeciv() {
	A=$(on b lr-peer show a --json | jq -r .address) B=$(on a lr-peer show b --json | jq -r .address)
	mkdir -p "$BATS_TEST_TMPDIR"/{a,b}.home
	for n in a b; do on $n lr-game apply freeciv; done # its groups lead to the party
	freeciv_meets
}

@test "50 ms and 5 % loss: Doom, OpenTTD and Freeciv find each other and play" {
	only_all
	lab_up relay=relay a=open b=open,delay=50,loss=5
	relay_on
	party a b
	wait_until 60 paths_are direct a b
	doom
	openttd
	freeciv
}

@test "over the relay only: the same" {
	only_all
	lab_up relay=relay,delay=10 a=port b=symmetric
	relay_on
	host a --hide-all
	join b
	wait_until 30 paths_are relay a b
	doom
	openttd
	freeciv
	paths_are relay a b
}
