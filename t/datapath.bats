# Two of our nodes: what the tunnel carries, with each offload and without it
# t/run: long
load helper

# carried OPTION...: TCP both ways and UDP of several sizes, single and in trains, all of it arrives
carried() {
	local size out
	two_nodes "$@"
	ns a ping -c 1 -W 2 10.66.0.2
	ns a ping -c 1 -W 2 fd66::2
	ns a ping -c 1 -W 2 -M do -s 1392 10.66.0.2
	ns a ping -c 1 -W 2 -s 5000 10.66.0.2
	udp_sink b --gro
	for size in 24 200 1372; do
		out=$(ns a "$UDPLOAD" send --port 7001 --count 3000 --size "$size" --pps 5000 10.66.0.2)
		is "$(jq -c '[.lost, .duplicates, .reordered]' <<<"$out")" "[0,0,0]" "$size B"
		out=$(ns a "$UDPLOAD" send --port 7001 --count 3000 --size "$size" --gso 20 --pps 5000 fd66::2)
		is "$(jq -c '[.lost, .duplicates, .reordered]' <<<"$out")" "[0,0,0]" "trains of $size B"
	done
	head -c 30000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	for to in 10.66.0.2 fd66::2; do
		spawn ip netns exec "$(nsname b)" timeout 20 socat -u "TCP6-LISTEN:7002,reuseaddr,ipv6only=0" "CREATE:$BATS_TEST_TMPDIR/there"
		local sink=$SPAWNED
		wait_until 5 ns a socat -u "FILE:$BATS_TEST_TMPDIR/bytes" "TCP:[$to]:7002" 2>/dev/null ||
			wait_until 5 ns a socat -u "FILE:$BATS_TEST_TMPDIR/bytes" "TCP:$to:7002"
		wait_until 10 gone "$sink"
		cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/there"
		rm "$BATS_TEST_TMPDIR/there"
	done
	is "$(ns a lr-peer status --json | jq '[.drops[]] | add')" 0
	is "$(ns b lr-peer status --json | jq '[.drops[]] | add')" 0
}

granted() { ns a lr-peer status --json | jq -c "[.offloads.tso, .offloads.uso, .offloads.udp_gso, .offloads.udp_gro]"; }

@test "all offloads that the kernel grants" { carried; }

@test "without USO" {
	only_all
	LR_NO_USO=1 carried
	is "$(granted | jq -c '.[1]')" false
}

@test "without TSO, and so without any device offload" {
	only_all
	LR_NO_TSO=1 carried
	is "$(granted | jq -c '.[:2]')" "[false,false]"
}

@test "without UDP GSO" {
	only_all
	LR_NO_UDP_GSO=1 carried
	is "$(granted | jq -c '.[2]')" false
}

@test "without UDP GRO" {
	only_all
	LR_NO_UDP_GRO=1 carried
	is "$(granted | jq -c '.[3]')" false
}

@test "with none of them" {
	LR_NO_TSO=1 LR_NO_UDP_GSO=1 LR_NO_UDP_GRO=1 carried
	is "$(granted)" "[false,false,false,false]"
}

@test "TAP: frames pass, IP is carried, the rest is dropped by name" {
	carried --tap
	ip -n "$(nsname a)" -d link show "$(ifn a)" | grep -q 'BROADCAST,MULTICAST'
}

@test "a link outside of MTU 1280: full packets still cross, only slower" {
	two_hosts 1280
	lr_keys a b
	lr_conf a 10.66.0.1/24 51820
	lr_conf b 10.66.0.2/24 51820
	lr_conf_peer a b 10.66.0.2/32 $B4:51820
	lr_conf_peer b a 10.66.0.1/32
	node_up a
	node_up b
	ns a ping -c 1 -W 2 -s 1392 -M do 10.66.0.2
	udp_sink b
	out=$(ns a "$UDPLOAD" send --port 7001 --count 1000 --size 1372 --gso 20 --pps 5000 10.66.0.2)
	is "$(jq .lost <<<"$out")" 0
}

@test "--spin changes nothing but the latency" {
	only_all
	carried --spin 50
}

@test "a flood of small datagrams: the kernel takes every frame that we make of them" {
	two_nodes
	ns a ping -c 1 -W 2 10.66.0.2
	udp_sink b
	out=$(ns a "$UDPLOAD" send --port 7001 --count 100000 --size 24 --pps 100000 10.66.0.2)
	[ "$(jq .received <<<"$out")" -gt 0 ]
	is "$(jq -c '[.duplicates, .reordered]' <<<"$out")" "[0,0]"
	is "$(ns b lr-peer status --json | jq .drops.device)" 0
}

@test "nobody has the destination: dropped by name, counted once" {
	two_nodes
	before=$(ns a lr-peer status --json | jq .drops.no_peer)
	! ns a ping -c 1 -W 1 10.66.0.77
	is "$(ns a lr-peer status --json | jq .drops.no_peer)" $((before + 1))
}

@test "the interface is deleted by hand: the node ends and says so" {
	two_nodes
	ip -n "$(nsname a)" link del "$(ifn a)"
	wait_until 5 gone "$NODE_a"
	grep -q "the interface is gone" "$BATS_TEST_TMPDIR/a.log"
}

@test "a node is killed and comes back: its peer takes it again, also with the clock set back" {
	two_nodes
	ns a ping -c 1 -W 2 10.66.0.2
	kill -KILL "$NODE_a"
	wait_until 5 gone "$NODE_a"
	# What it promised lies an hour ahead of the clock, as after a clock set back.
	file=$(ls "$LR_STATE_DIR"/a/sent-*)
	before=$(cat "$file")
	[ "$before" -gt 0 ]
	node_up a
	ns a ping -c 1 -W 5 10.66.0.2
	[ "$(cat "$file")" -ge "$before" ]
}
