# redundant.bats - the same message over two paths: what it saves, and that the counters say so

load helper
load party

setup() { party_setup; }

# lossy: every fifth packet that goes straight from one of a and b to the other is lost.
lossy() {
	ns r nft add table ip t
	ns r nft 'add chain ip t f { type filter hook forward priority 0 ; }'
	ns r nft add rule ip t f ip saddr 10.93.1.2 ip daddr 10.93.2.2 numgen inc mod 5 0 drop
	ns r nft add rule ip t f ip saddr 10.93.2.2 ip daddr 10.93.1.2 numgen inc mod 5 0 drop
}
# pair [OPTION]...: a hosts and b joins, and they see each other directly.
pair() {
	host a "$@"
	join b "$INVITE" "$@"
	wait_until 20 path_is b a direct
	wait_until 20 path_is a b direct
	wait_until 10 pings b 10.66.0.1
}
# answers COUNT INTERVAL: how many of so many pings from b to a are answered.
answers() { ns b ping -q -c "$1" -i "$2" -W 2 10.66.0.1 | sed -n 's/.* \([0-9]*\) received.*/\1/p'; }
worth() { peer "$1" show "$2" --json | jq ".redundancy.$3"; }
saved() { echo $(($(worth a b second_only) + $(worth b a second_only))); }
at_least() { [ "$("${@:2}")" -ge "$1" ]; }

@test "all: a direct path that loses every fifth packet loses nothing, and the counters say why" {
	pair --redundant=all
	is "$(peer b status --json | jq -r .redundant)" all
	lossy
	at_least 498 answers 500 0.005 # a busy machine may lose one
	at_least 500 worth b a copies_sent
	wait_until 10 at_least 10 saved # more than 100, unless one end soon leaves such a path
	at_least 200 worth a b copies_received
	peer a show b --json | json_ok listed-peer
	peer a status --json | json_ok status
	peer a show b | grep -q '^copies .* sent twice, '
	peer a metrics | grep -q 'lanrage_peer_copies_receive_total{.*peer="b".*} [1-9]'
	peer a metrics | grep -q 'lanrage_peer_second_path_only_total{.*peer="b".*} [0-9]'
	ns b lr-peer status | grep -q '^two paths *all$'
}

@test "without it they are lost, and nothing is sent twice" {
	only_all
	pair
	lossy
	local got
	got=$(answers 500 0.005)
	[ "$got" -lt 480 ]
	[ "$got" -gt 100 ]
	is "$(worth b a copies_sent)" 0
	is "$(worth a b copies_received)" 0
	is "$(worth a b second_only)" 0
	is "$(peer b status --json | jq -r .redundant)" off
}

@test "all: a path that fails in the middle loses no packet" {
	only_all
	pair --redundant=all
	answers 500 0.005 >"$BATS_TEST_TMPDIR/got" 3>&- &
	local job=$!
	started "$job"
	wait_until 10 at_least 150 worth b a copies_sent
	block
	wait "$job"
	at_least 498 cat "$BATS_TEST_TMPDIR/got"
	wait_until 10 path_is b a relay
}

# shower COUNT BYTES: so many datagrams from b to a, 200 a second
shower() { ns b "$UDPLOAD" send 10.66.0.1 --port 7001 --count "$1" --size "$2" --pps 200 >/dev/null; }

@test "game: small UDP twice, all else once; only who was asked to sends copies" {
	host a
	join b "$INVITE" --redundant
	wait_until 20 path_is b a direct
	wait_until 10 pings b 10.66.0.1
	is "$(peer b status --json | jq -r .redundant)" game
	udp_sink a
	local before
	before=$(worth b a copies_sent)
	shower 100 1000
	answers 100 0.005
	[ "$(worth b a copies_sent)" -lt $((before + 20)) ] # the tunnel's own
	shower 100 200
	at_least $((before + 100)) worth b a copies_sent
	wait_until 10 at_least 100 worth a b copies_received
	is "$(worth a b second_only)" 0
	is "$(worth a b copies_sent)" 0
}

@test "a plain WireGuard peer gets one copy; what it can be asked for" {
	host a --redundant=all
	lr_keys x
	ns a lr-peer --iface "$(ifn a)" add --key "$(pub x)" --name stock --allowed-ips 10.66.200.9/32 --endpoint 10.93.2.2:5555
	is "$(peer a show stock --json | jq .redundancy)" null
	exits 2 ns b lr-up "$INVITE" --redundant=much
	[[ $output == *"--redundant: 'much' is not game or all"* ]]
	exits 2 ns b lr-up --config /dev/null --redundant
	[[ $output == *"are for parties"* ]]
}

datagrams() { ns "$1" /usr/bin/python3 "$ROOT/t/tools/datagrams.py" "${@:2}"; }
received() { cat "$BATS_TEST_TMPDIR/count"; }
# game FROM TO COUNT SIZE: so many datagrams, 100 a second, to the virtual address TO of the host b, which counts.
game() {
	spawn ip netns exec "$TAG-b" /usr/bin/python3 "$ROOT/t/tools/datagrams.py" count "$2" 5001 "$BATS_TEST_TMPDIR/count"
	wait_until 5 udp_bound b 5001
	datagrams "$1" send "$2" 5001 "$4" "$3" 10 3>&- &
	started $!
	wait_until 10 at_least 30 received
}

@test "all, and the line becomes narrower in mid-game: EMSGSIZE on both paths costs no datagram, copies go on" {
	only_all
	pair --redundant=all
	wait_until 30 eval '[ "$(peer a show b --json | jq .path.mtu)" -gt 1400 ]'
	game a "$(address b)" 150 1472
	local before
	ns a ip link set eth0 mtu 900
	wait_until 10 eval '[ "$(peer a show b --json | jq .path.mtu)" -lt 840 ]'
	before=$(worth a b copies_sent)
	wait_until 20 at_least 150 received
	is "$(received)" 150
	at_least $((before + 1)) worth a b copies_sent
	is "$(peer a status --json | jq .drops.send)" 0
	wait_until 5 at_least 1 worth b a copies_received
}

# no_udp NAME: the relay's port is blocked there for UDP; members are not.
no_udp() {
	ns r nft add table ip u
	ns r nft 'add chain ip u f { type filter hook forward priority 0 ; }'
	ns r nft add rule ip u f udp dport 3478 iifname "r$1" drop
	ns r nft add rule ip u f udp sport 3478 oifname "r$1" drop
}
by_tcp() { [ "$(peer "$1" netcheck --json | jq -r '.relays[0].protocol')" = tcp ]; }

@test "all, and the second path is the relay by TCP: its copies save what the direct one loses, both ways" {
	only_all
	no_udp b
	pair --redundant=all
	wait_until 20 by_tcp b
	wait_until 20 path_is b a direct
	wait_until 20 path_is a b direct
	lossy
	at_least 498 answers 500 0.005
	wait_until 10 at_least 10 worth a b second_only
	wait_until 10 at_least 10 worth b a second_only
	is "$(peer b status --json | jq .drops.stream_full)" 0
	by_tcp b
}
