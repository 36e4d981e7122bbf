# games.bash - real games in members: `load games`, after a file that has within NAME CMD..., which runs CMD there
#
#   games_setup               a resolver that is dead: a game must not wait for names; where Debian keeps games
#   play NAME CMD...          a game of that member, with a home of its own
#   playing NAME CMD...       the same in the background; what it says goes into NAME.CMD, line by line
#   says LOG TEXT             it said so
#   screen NAME               a screen there, for games that need one: what `play` starts later is shown on it
#   from_debian CMD PACKAGE   skips unless the game is there
#   three_members [OPTION]... a hosts, with those; b and c join; the addresses of a and b are in $A and $B
#   binds NAME PORT [t]       somebody listens there
#   finds_doom NAME           Chocolate Doom's search there has found the one server; what it said is in `search`
#   openttd_files             s.cfg and c.cfg, for a server and a client called lanplayer
#   asks_openttd NAME         a server has answered the question to the pool's broadcast address (by hand: the
#                             dummy driver has no window with "Search LAN")
#   freeciv_meets             b finds the server of a (addresses $B and $A) by multicast, joins, turns go by
#   DOOM                      the deathmatch that is played, without the number of players
# shellcheck shell=bash disable=SC2034,SC2086

DOOM=(chocolate-doom -iwad /usr/share/games/doom/freedm.wad -nosound -nogui -window -deathmatch -warp 1)

games_setup() {
	PATH=$PATH:/usr/games
	printf 'nameserver 127.0.0.1\n' >"$BATS_TEST_TMPDIR/resolv.conf"
}

play() {
	local n=$1
	shift
	mkdir -p "$BATS_TEST_TMPDIR/$n.home"
	within "$n" unshare --mount sh -c 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"' \
		"$BATS_TEST_TMPDIR/resolv.conf" env HOME="$BATS_TEST_TMPDIR/$n.home" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/$n.home" \
		SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy ${SCREEN:+DISPLAY=$SCREEN SDL_VIDEODRIVER=x11 LIBGL_ALWAYS_SOFTWARE=1} \
		timeout -k 1 "${PLAY_S:-120}" stdbuf -oL "$@"
}
playing() {
	local log=$BATS_TEST_TMPDIR/$1.$2
	play "$@" >"$log" 2>&1 3>&- </dev/null &
	started $!
}
screen() {
	within "$1" Xvfb -displayfd 5 -screen 0 320x240x24 5>"$BATS_TEST_TMPDIR/display" >/dev/null 2>&1 3>&- </dev/null &
	started $!
	wait_until 20 test -s "$BATS_TEST_TMPDIR/display"
	SCREEN=:$(cat "$BATS_TEST_TMPDIR/display")
}
from_debian() { command -v "$1" >/dev/null || skip "needs the package $2: apt-get install $2"; }

three_members() {
	local n
	party_setup
	for n in a b c; do mkdir -p "$BATS_TEST_TMPDIR/$n.home"; done
	host a "$@"
	join b "$INVITE"
	join c "$INVITE"
	for n in b c; do wait_until 20 path_is $n a direct; done
	wait_until 20 path_is c b direct
	A=$(address a) B=$(address b)
}
binds() { ns "$1" ss -Hln"${3:-u}" "sport = :$2" | grep -q .; }

says() { grep -q -- "$2" "$BATS_TEST_TMPDIR/$1"; }

finds_doom() {
	play "$1" chocolate-doom -localsearch >"$BATS_TEST_TMPDIR/search" 2>&1
	says search "1 server(s) found"
}

openttd_files() {
	printf '[network]\nserver_name = lan\nserver_game_type = local\n[game_creation]\nmap_x = 6\nmap_y = 6\n' >"$BATS_TEST_TMPDIR/s.cfg"
	printf '[network]\nclient_name = lanplayer\n' >"$BATS_TEST_TMPDIR/c.cfg"
}
asks_openttd() {
	printf '\3\0\0' | within "$1" timeout 2 socat -t 1 - UDP-DATAGRAM:10.66.255.255:3979,broadcast | od -An -tx1 | grep -q "03 00 01"
}

listens_tcp() { within "$1" ss -Hlnt "sport = :$2" | grep -q .; }
freeciv_meets() {
	chmod 777 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"/*.home
	mkfifo "$BATS_TEST_TMPDIR/say"
	(cd "$BATS_TEST_TMPDIR/a.home" && play a runuser -u nobody -- freeciv-server -A IPv4 -p 5556 -i "$A") \
		<>"$BATS_TEST_TMPDIR/say" >"$BATS_TEST_TMPDIR/a.freeciv" 2>&1 3>&- &
	started $!
	wait_until 30 listens_tcp a 5556
	# what its client's "scan" does: a question to the group, the answer comes to another
	within b python3 - "$B" >"$BATS_TEST_TMPDIR/scan" 2>&1 3>&- <<-'END' &
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
