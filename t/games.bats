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
	wait_until 60 says a.openttd "lanplayer has joined the game" || { cat "$BATS_TEST_TMPDIR"/?.openttd; false; }
	wait_until 60 says a.openttd 'has started a new company'
}

@test "Freeciv: announced by multicast, joined, turns go by" {
	only_all
	from_debian freeciv-server freeciv-server
	from_debian freeciv-sdl2 freeciv-client-sdl
	three_members
	chmod 777 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"/*.home
	for n in a b; do ns $n lr-game apply --iface "$(ifn $n)" freeciv; done # its groups lead to the party
	mkfifo "$BATS_TEST_TMPDIR/say"
	(cd "$BATS_TEST_TMPDIR/a.home" && play a runuser -u nobody -- freeciv-server -A IPv4 -p 5556 -i "$A") \
		<>"$BATS_TEST_TMPDIR/say" >"$BATS_TEST_TMPDIR/a.freeciv" 2>&1 3>&- &
	started $!
	wait_until 30 binds a 5556 t
	# what its client's "scan" does: a question to the group, the answer comes to another
	ns b python3 - "$B" >"$BATS_TEST_TMPDIR/scan" 2>&1 3>&- <<-'END' &
		import socket, struct, sys, time
		r = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		r.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		r.bind(("", 4556))
		r.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
		             socket.inet_aton("225.1.1.1") + socket.inet_aton(sys.argv[1]))
		r.settimeout(1)
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
		for _ in range(30):
		    s.sendto(b"\x02\0", ("225.1.1.1", 4555))
		    try:
		        data, at = r.recvfrom(2000)
		        print(at[0], data, flush=True)
		        break
		    except TimeoutError:
		        pass
	END
	started $!
	wait_until 40 grep -q "^$A .*5556" "$BATS_TEST_TMPDIR/scan"
	playing b runuser -u nobody -- freeciv-sdl2 -A IPv4 -a -s "$A" -p 5556 -n LanPlayer -P none
	wait_until 60 says a.freeciv 'LanPlayer has connected from'
	printf 'set aifill 4\nset timeout 5\nset saveturns 1\nstart\n' >"$BATS_TEST_TMPDIR/say"
	wait_until 60 says a.freeciv 'Game saved as .*T0003'
}

# dosbox_in NAME COMMAND...: those in its DOS, one after the other; what they say goes into CONN.TXT there
dosbox_in() {
	local n=$1
	shift
	{
		printf '[sdl]\noutput=surface\n[mixer]\nnosound=true\n[ipx]\nipx=true\n[autoexec]\nmount c %s\nc:\n' "$BATS_TEST_TMPDIR/$n.home"
		printf '%s >> conn.txt\n' "$@"
	} >"$BATS_TEST_TMPDIR/$n.conf"
	playing "$n" dosbox -conf "$BATS_TEST_TMPDIR/$n.conf"
}
dos_says() { find "$BATS_TEST_TMPDIR/$1.home" -iname conn.txt -exec cat {} + | grep -qi -- "$2"; }

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
