# games-big.bats - games that are too large for a usual run: `make test-games` plays them where they are installed
#
# Their own log lines say what they found and who joined. The packages together have more than 1 GB.
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

# browses NAME GAME ENDPOINT: our server browser there lists it, and knows which game it is.
browses() {
	ns "$1" lr-game servers --json --wait 2 | jq -e --arg g "$2" --arg e "$3" 'select(.game == $g and .endpoint == $e)' >/dev/null
}

# arena_server: OpenArena's on a, IPv4 and IPv6
arena_server() {
	playing a openarena-server +set dedicated 1 +set developer 1 +set net_enabled 3 +set sv_hostname LANrage \
		+set bot_enable 1 +map oa_dm1 +addbot sarge 2
	wait_until 60 binds a 27960
	wait_until 60 says a.openarena-server 'AAS initialized'
}
# arena_client NAME FAMILY OPTION... ADDRESS: it looks for servers, and joins.
arena_client() {
	local n=$1 family=$2
	shift 2
	screen "$n"
	playing "$n" openarena +set r_mode -1 +set r_customwidth 160 +set r_customheight 120 +set com_maxfps 12 \
		+set s_initsound 0 +set developer 1 +set net_enabled "$family" +set name "Player-$n" +localservers +connect "$@"
}

@test "OpenArena: found by a broadcast, joined by two" {
	only_all
	from_debian openarena-server openarena-server
	from_debian openarena openarena
	from_debian Xvfb xvfb
	three_members
	arena_server
	arena_client b 1 "$A"
	wait_until 60 says b.openarena "CL packet $A:27960: infoResponse"
	wait_until 60 says a.openarena-server "SV packet $B : getinfo"
	arena_client c 1 "$A"
	for n in b c; do wait_until 90 says a.openarena-server "Player-$n^7 entered the game"; done
	wait_until 20 browses b openarena "$A:27960"
	! command -v quakestat >/dev/null || ns b quakestat -raw , -openarenas +255.255.255.255 | grep -q "$A:27960"
}

@test "OpenArena: found by IPv6 multicast, joined" {
	only_all
	from_debian openarena-server openarena-server
	from_debian openarena openarena
	from_debian Xvfb xvfb
	three_members
	for n in a b; do ns $n lr-game apply --iface "$(ifn $n)" openarena; done # its group leads to the party
	local six
	six=$(peer b show a --json | jq -r .address6)
	arena_server
	arena_client b 2 -6 "$six"
	wait_until 60 says b.openarena "CL packet \\[$six\\]:27960: infoResponse"
	wait_until 90 says a.openarena-server "Player-b^7 entered the game"
}

# asks_kart NAME: the question of its window "LAN", by hand: without graphics there is no window.
asks_kart() {
	printf '\nstk-server' | within "$1" timeout 2 socat -t 1 - UDP-DATAGRAM:255.255.255.255:2757,broadcast,so-bindtodevice="$(ifn "$1")" |
		tr -d '\0' | grep -q LANrage
}

@test "SuperTuxKart: found by a broadcast, joined, the race is loaded" {
	only_all
	from_debian supertuxkart supertuxkart
	three_members
	playing a supertuxkart --lan-server=LANrage --owner-less --min-players=1 --max-players=4 --no-firewalled-server --log=0
	wait_until 60 binds a 2757
	wait_until 30 asks_kart b
	wait_until 20 browses b supertuxkart "$A:2757"
	playing b supertuxkart --no-graphics --connect-now="$A" --network-ai=2 --no-sound --log=0
	wait_until 120 says a.supertuxkart 'has finished loading world'
}
