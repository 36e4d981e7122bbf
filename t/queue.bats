# Games go first: what waits in the node while the line behind it is full
load helper

# Bulk of 150 datagrams, then one small one of another flow, all to one socket of b, which writes
# down in which order they come.
burst_and_one() {
	spawn ip netns exec "$(nsname b)" socat -u UDP4-RECV:7001 "CREATE:$BATS_TEST_TMPDIR/came"
	wait_until 5 eval "ns b ss -Hlun 'sport = :7001' | grep -q ."
	ns a python3 - <<'END'
import socket
bulk, game = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
for n in range(150):
    bulk.sendto(b"bulk %03d" % n + b" " * 1300 + b"\n", ("10.66.0.2", 7001))
game.sendto(b"game\n", ("10.66.0.2", 7001))
END
}

waits() { [ "$(ns a lr-peer status --json | jq .waiting)" -gt 0 ]; }
all_gone() { ! waits; }
place_of_game() { grep -n game "$BATS_TEST_TMPDIR/came" | cut -d: -f1; }

@test "--uplink: bulk waits in the node, a game's packet passes it, and no flow is out of order" {
	two_nodes --uplink 500kbit
	ns a ping -c 1 -W 2 10.66.0.2
	is "$(ns a lr-peer status --json | jq .uplink_bps)" 500000
	burst_and_one
	wait_until 5 waits
	wait_until 20 all_gone
	[ "$(place_of_game)" -lt "$(($(grep -c . "$BATS_TEST_TMPDIR/came") / 2))" ]
	grep bulk "$BATS_TEST_TMPDIR/came" | cut -c1-8 >"$BATS_TEST_TMPDIR/bulk"
	LC_ALL=C sort -c "$BATS_TEST_TMPDIR/bulk"
	is "$(ns a lr-peer status --json | jq -c .waiting_bytes)" 0
}

@test "--uplink: a line that takes less than comes drops what is too old, by name, and nothing else" {
	only_all
	two_nodes --uplink 500kbit
	ns a ping -c 1 -W 2 10.66.0.2
	udp_sink b
	ns a "$UDPLOAD" send --port 7001 --count 300 --size 1200 --pps 300 10.66.0.2 || : # what is lost is looked at below
	ns a lr-peer status --json >"$BATS_TEST_TMPDIR/status"
	[ "$(jq .drops.queue_age "$BATS_TEST_TMPDIR/status")" -gt 0 ]
	is "$(jq '[.drops[]] | add' "$BATS_TEST_TMPDIR/status")" "$(jq .drops.queue_age "$BATS_TEST_TMPDIR/status")"
	ns a ping -c 1 -W 2 10.66.0.2
}

@test "without a rate nothing is held back, and a rate that is none is refused" {
	two_nodes
	is "$(ns a lr-peer status --json | jq -c '[.uplink_bps, .waiting]')" "[null,0]"
	for rate in fast 19 -1mbit 1e9gbit; do
		run -2 lr-up --uplink "$rate"
		is "$output" "lr-up: --uplink: '$rate' is no rate from 64kbit to 100gbit, such as 19mbit"
	done
}

@test "what a game marks EF is marked outside, too, and nothing else is" {
	need nft
	two_nodes
	ns b nft -f - <<-'END'
		table inet seen {
			counter marked { }
			counter plain { }
			chain in {
				type filter hook input priority 0;
				udp dport 51820 ip dscp ef counter name marked return
				udp dport 51820 counter name plain
			}
		}
	END
	seen() { ns b nft -j list counter inet seen "$1" | jq '.nftables[1].counter.packets'; }
	ns a ping -c 1 -W 2 10.66.0.2
	is "$(seen marked)" 0
	local before
	before=$(seen plain)
	ns a ping -c 5 -i 0.01 -W 2 -Q 0xb8 10.66.0.2
	is "$(seen marked)" 5
	ns a ping -c 5 -i 0.01 -W 2 10.66.0.2
	is "$(seen marked)" 5
	[ "$(seen plain)" -ge $((before + 5)) ]
}
