# games-far.bats - real games between members that are far apart: 50 ms and 5 % loss, or over the relay only
load helper
load lab
load labparty

setup() {
	lr_setup
	need lr-relay lr-meet jq chocolate-doom chocolate-server openttd
	PATH=$PATH:/usr/games
	printf 'nameserver 127.0.0.1\n' >"$BATS_TEST_TMPDIR/resolv.conf" # dead: a game must not wait for names
}

# playing NAME CMD...: a game of that member; what it says goes into NAME.COMMAND, line by line.
play() {
	local n=$1
	shift
	mkdir -p "$BATS_TEST_TMPDIR/$n.home"
	on "$n" unshare --mount sh -c 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"' \
		"$BATS_TEST_TMPDIR/resolv.conf" env HOME="$BATS_TEST_TMPDIR/$n.home" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/$n.home" \
		SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy timeout -k 1 120 stdbuf -oL "$@"
}
playing() {
	local log=$BATS_TEST_TMPDIR/$1.$2
	play "$@" >"$log" 2>&1 3>&- </dev/null &
	started $!
}
says() { grep -q -- "$2" "$BATS_TEST_TMPDIR/$1"; }

# doom: b finds a's server by broadcast and they play.
doom() {
	playing a chocolate-server -privateserver
	wait_until 20 bound a 2342
	search() { play b chocolate-doom -localsearch >"$BATS_TEST_TMPDIR/search" 2>&1; grep -q "1 server(s) found" "$BATS_TEST_TMPDIR/search"; }
	wait_until 60 search
	local doom=(chocolate-doom -iwad /usr/share/games/doom/freedm.wad -nosound -nogui -window -deathmatch -warp 1 -nodes 2)
	playing a "${doom[@]}" -connect 127.0.0.1
	playing b "${doom[@]}" -autojoin
	for n in a b; do wait_until 60 says $n.chocolate-doom 'of 2 (2 nodes)'; done
}

# openttd: b asks the subnet, joins and founds a company.
openttd() {
	local at
	at=$(on b lr-peer show a --json | jq -r .address)
	printf '[network]\nserver_name = lan\nserver_game_type = local\n[game_creation]\nmap_x = 6\nmap_y = 6\n' >"$BATS_TEST_TMPDIR/s.cfg"
	printf '[network]\nclient_name = lanplayer\n' >"$BATS_TEST_TMPDIR/c.cfg"
	playing a openttd -D -c "$BATS_TEST_TMPDIR/s.cfg"
	wait_until 30 bound a 3979
	asked() { printf '\3\0\0' | on b timeout 2 socat -t 1 - UDP-DATAGRAM:10.66.255.255:3979,broadcast | od -An -tx1 | grep -q "03 00 01"; }
	wait_until 30 asked
	playing b openttd -n "$at:3979" -v sdl -s null -m null -c "$BATS_TEST_TMPDIR/c.cfg" -d net=3
	wait_until 90 says a.openttd 'lanplayer has joined the game'
	wait_until 90 says a.openttd 'has started a new company'
}

@test "50 ms and 5 % loss: Doom and OpenTTD find each other and play" {
	only_all
	lab_up relay=relay a=open b=open,delay=50,loss=5
	relay_on
	party a b
	wait_until 60 paths_are direct a b
	doom
	openttd
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
	paths_are relay a b
}
