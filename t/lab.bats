#!/usr/bin/env bats
# The tools that other tests and the benchmarks trust: they count what is lost, and judge, exactly.
load helper

LAB=$ROOT/build/$MODE/t/lab
DOOM=$ROOT/share/traces/doom.pcap

# receive FILE OPTION...: capsend at b, behind the router; listening when it returns.
receive() {
	rm -f "$BATS_TEST_TMPDIR/ready" && mkfifo "$BATS_TEST_TMPDIR/ready"
	ip netns exec "$(nsname b)" "$LAB/capsend" receive "$@" --iface eth0 --src $A4 --dst $B4 --ready-fd 9 \
		>"$BATS_TEST_TMPDIR/got" 9>"$BATS_TEST_TMPDIR/ready" 3>&- &
	LISTENER=$!
	echo $LISTENER >>"$PIDS"
	read -r -t 10 _ <"$BATS_TEST_TMPDIR/ready"
}

play() { ns a "$LAB/capsend" send "$@" --iface eth0 --src $A4 --dst $B4 --speed 20; }

network() {
	need_tun
	need jq
	two_hosts
	ns a ping -q -c 1 -W 5 $B4 # so that no packet waits for ARP
}

# lose RULE...: the router drops what the rule says.
lose() {
	need nft
	ns r nft "add table ip t; add chain ip t c { type filter hook forward priority 0; }; add rule ip t c $* drop"
}

got() { jq -c "$1" "$BATS_TEST_TMPDIR/got"; }

@test "capsend: every packet of each shipped capture arrives once, unaltered, in order" {
	network
	for file in "$ROOT"/share/traces/*.pcap; do
		receive "$file"
		sent=$(play "$file" | jq .sent)
		[ "$sent" -gt 600 ]
		wait $LISTENER || { cat "$BATS_TEST_TMPDIR/got"; false; }
		is "$(got '[.expected, .received, .lost, .duplicates, .reordered, .altered, .bad_checksum]')" \
			"[$sent,$sent,0,0,0,0,0]" "$file"
		rm "$BATS_TEST_TMPDIR/ready"
	done
}

@test "capsend: what the network drops counts as lost, to the packet" {
	network
	# A packet of the plan has its number as identification: three of them go.
	lose 'ip id { 7, 300, 1400 }'
	receive "$DOOM"
	play "$DOOM"
	rc=0 && wait $LISTENER || rc=$?
	is "$rc" 1 "exit code of the receiver"
	is "$(got '[.expected, .received, .lost, .duplicates, .reordered, .altered]')" '[1496,1493,3,0,0,0]'
}

@test "capsend: packets of one host only, doubled on the way" {
	network
	need nft
	receive "$DOOM" --from 192.168.77.1
	# A copy of each fifth is sent to b once more.
	ns r nft "add table ip t; add chain ip t c { type filter hook forward priority 0; };
		add rule ip t c ip daddr $B4 numgen inc mod 5 == 0 dup to $B4 device rb"
	play "$DOOM" --from 192.168.77.1 >"$BATS_TEST_TMPDIR/sent"
	wait $LISTENER
	sent=$(jq .sent "$BATS_TEST_TMPDIR/sent")
	[ "$sent" -gt 600 ] && [ "$sent" -lt 1000 ]
	is "$(got '[.received, .lost, .duplicates]')" "[$sent,0,$(((sent + 4) / 5))]"
}

@test "udpload: sent, received and lost agree" {
	network
	ip netns exec "$(nsname b)" "$LAB/udpload" sink --port 7777 3>&- >"$BATS_TEST_TMPDIR/sink" &
	echo $! >>"$PIDS"
	SINK=$!
	wait_until 5 ns b grep -q :1E61 /proc/net/udp /proc/net/udp6
	is "$(ns a "$LAB/udpload" send "$B4" --count 3000 --pps 20000 | jq -c '[.sent, .received, .lost, .duplicates]')" \
		'[3000,3000,0,0]'
	# Every tenth is dropped; the question and its answer are of another length.
	lose 'udp dport 7777 udp length 108 numgen inc mod 10 == 0'
	is "$(ns a "$LAB/udpload" send "$B4" --size 100 --count 3000 --pps 20000 | jq -c '[.sent, .received, .lost]')" \
		'[3000,2700,300]'
	kill -TERM "$SINK"
	wait "$SINK"
	is "$(jq .received "$BATS_TEST_TMPDIR/sink")" 5700
}

@test "elapsed: rounds are counted, a failing program fails it" {
	need jq
	is "$("$LAB/elapsed" --repeat 3 -- true , true | jq '.us | length')" 3
	exits 1 "$LAB/elapsed" -- true , false
	exits 1 "$LAB/elapsed" -- /does/not/exist
	exits 2 "$LAB/elapsed" --repeat 0 -- true
}
