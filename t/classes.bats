# classes.bats - each class of LAN games, A to P: a program that behaves so (t/tools/lanplay) hosts at one and is
# found and played with from the others
#
# A party: a, who founded it and is the hub of the guest c, which runs a stock wireguard-go, and b. K, L and O are
# not promised to guests: they hold between a and b.
load helper
load party

PLAY=$ROOT/build/$MODE/t/tools/lanplay

setup() {
	party_net s a b
	need wireguard-go wg wg-quick "$PLAY"
	relay_up
}
teardown() {
	[ ! -S "/var/run/wireguard/$TAG"c.sock ] || ns c wg-quick down "$BATS_TEST_TMPDIR/$TAG"c.conf >/dev/null 2>&1 || :
	lr_teardown
}

# three: a, b and the guest c, with the games active whose profiles tell what no node can know.
three() {
	local n
	host a --no-portmap --capture all --ipx
	join b "$INVITE" --capture all
	guest
	for n in a b; do ns $n lr-game apply minecraft-java flatout-2 warcraft-3 openttd openarena >/dev/null; done
	for n in a b; do wait_until 20 pings c "$(at $n)"; done
	wait_until 20 path_is b a direct
	wait_until 10 pings b "$(at c)"
}
guest() {
	local file=$BATS_TEST_TMPDIR/${TAG}c.conf
	ns_make c
	ns_link c eth0 10.93.9.2/24 r rc 10.93.9.1/24
	ip -n "$TAG-c" route add default via 10.93.9.1
	(umask 077 && peer a invite --wireguard c >"$file" 2>>"$BATS_TEST_TMPDIR/invite.log")
	WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go ns c wg-quick up "$file" >>"$BATS_TEST_TMPDIR/quick.log" 2>&1
	# The system's own ff00::/8 goes before what wg-quick sets.
	ip -n "$TAG-c" route add ff04::/16 dev "$(ifn c)" table local
}
# at NAME: its virtual address
at() {
	if [ "$1" = c ]; then sed -n 's/^Address = \([0-9.]*\).*/\1/p' "$BATS_TEST_TMPDIR/${TAG}c.conf"; else address "$1"; fi
}
# hosts NAME: its game waits for others; again: one that was there ends.
hosts() {
	if [ -n "${HOSTING:-}" ]; then
		kill "$HOSTING" || { cat "$BATS_TEST_TMPDIR"/*.host; false; }
		wait_until 5 gone "$HOSTING"
	fi
	rm -f "$BATS_TEST_TMPDIR/$1.host"
	ip netns exec "$(nsname "$1")" "$PLAY" host "$(ifn "$1")" >"$BATS_TEST_TMPDIR/$1.host" 2>&1 3>&- </dev/null &
	HOSTING=$!
	started $HOSTING
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/$1.host"
}
# plays NAME HOST CLASS...: all of them
plays() {
	local n=$1 host=$2
	shift 2
	ns "$n" "$PLAY" join "$(ifn "$n")" "$(at "$host")" "$@" >"$BATS_TEST_TMPDIR/$n-$host.out" 2>&1 3>&- </dev/null ||
		{ echo "$n with $host:"; cat "$BATS_TEST_TMPDIR/$n-$host.out"; false; }
}

@test "a few classes together: a host, a member and a guest with a stock client" {
	three
	hosts b
	plays a b i B c G L &
	plays c b A C H N
	wait $!
	plays c a l
}

# floods NAME: 10,000 broadcasts a second for 2 s, and how many they were; other two play on: plays_on A B
floods() {
	ip netns exec "$(nsname "$1")" "$ROOT/t/tools/lan.py" flood 10000 2 9 255.255.255.255 9999 >"$BATS_TEST_TMPDIR/flood" 3>&- &
	started $!
	FLOOD=$!
}
# Round trips of a game's packets from A to B, until the flood is over: all of them came.
plays_on() {
	local rtt=$BATS_TEST_TMPDIR/rtt
	spawn ip netns exec "$(nsname "$2")" "$UDPLOAD" echo --port 6112 --time 30
	wait_until 5 udp_bound "$2" 6112
	ns "$1" "$UDPLOAD" rtt "$(at "$2")" --port 6112 --rate 60 --count 150 --size 100 >"$rtt"
	kill "$SPAWNED"
	wait $FLOOD
	[ "$(cat "$BATS_TEST_TMPDIR/flood")" -ge 15000 ]
	echo "$1 with $2: $(cat "$rtt")"
	is "$(jq .lost "$rtt")" 0
}
storm() { peer "$1" status --json | jq .drops.lan_storm; }
busy() { awk '{ print ($14 + $15) * 10 }' "/proc/$(peer "$1" status --json | jq .pid)/stat"; }

@test "10,000 broadcasts a second from one of them harm nobody else's play" {
	UDPLOAD=$ROOT/build/$MODE/t/lab/udpload
	three
	local a b n
	hears() { ns "$1" "$ROOT/t/tools/lan.py" hear 9999 >"$BATS_TEST_TMPDIR/$1.heard" 3>&- </dev/null & started $!; }
	for n in a b; do
		hears $n
		wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/$n.heard"
	done
	# The guest: its hub takes what it may send, and hands on no more.
	a=$(busy a)
	floods c
	plays_on a b
	echo "a was busy for $(($(busy a) - a)) ms"
	[ "$(storm a)" -ge 10000 ]
	for n in a b; do
		b=$(grep -c " 9 " "$BATS_TEST_TMPDIR/$n.heard")
		[ "$b" -ge 200 ] && [ "$b" -le 1000 ] || { echo "$n heard $b"; false; }
	done
	# A member: its own node holds it back.
	floods b
	plays_on c a
	[ "$(storm b)" -ge 10000 ]
	# The flooder's other ports go on, too.
	hosts a
	plays b a A D
}

# Not of a guest: what a profile has done for a member (i: said again; G: its address written in) needs its node.
@test "all classes, between all three" {
	only_all
	three
	local all="A B b C c D E F H I J M N P p" h n failed=
	for h in a b c; do
		for n in a b c; do
			[ $n != $h ] || continue
			hosts $h
			case $n$h in
			ab | ba) plays $n $h i G $all K L O ;;
			?c) plays $n $h $all ;;
			*) plays $n $h i G $all ;;
			esac || failed=1
		done
	done
	for n in a b c; do plays $n a l || failed=1; done
	[ -z "$failed" ]
}
