# mtu.bats - the size of packets: what a game sends crosses every path, cut to what the path takes

load helper
load lab

# party ITEM...: the lab with a relay, where a hosts (with $HIDE) and b joins. From then on no fragment of an
# outer packet gets through the internet, and those of inner packets are counted at a.
party() {
	need lr-relay lr-meet jq ping nft python3
	lab_up "$@"
	on_bg relay lr-relay
	wait_until 10 bound relay 3478 t
	{ read -r RELAY && read -r _; } < <(lab addr relay)
	INVITE=$(on a lr-up --relay "$RELAY" --iface lr0 --name a ${HIDE:-} 2>>"$BATS_TEST_TMPDIR/a.log")
	on b lr-up "$INVITE" --iface lr0 --name b >>"$BATS_TEST_TMPDIR/b.log" 2>&1
	on inet nft -f - <<-'X'
		table inet t {
			chain f {
				type filter hook prerouting priority -450
				ip frag-off & 0x3fff != 0 counter drop
				exthdr frag exists counter drop
			}
		}
	X
	on a nft -f - <<-'X'
		table inet t {
			chain f {
				type filter hook prerouting priority -450
				iifname "lr0" ip frag-off & 0x3fff != 0 counter
				iifname "lr0" exthdr frag exists counter
			}
		}
	X
	A=10.66.0.1
	wait_until 20 on b ping -q -c 1 -W 1 $A
	A6=$(on b lr-peer show a --json | jq -r .address6)
	B=$(on a lr-peer show b --json | jq -r .address)
	B6=$(on a lr-peer show b --json | jq -r .address6)
}

path() { on "$1" lr-peer show "$2" --json | jq -r ".path.$3"; }
# path_is HOST PEER MEMBER VALUE
path_is() { [ "$(path "$1" "$2" "$3")" = "$4" ]; }
# mtu_within HOST PEER FROM TO
mtu_within() {
	local mtu
	mtu=$(path "$1" "$2" mtu)
	[ "$mtu" -ge "$3" ] && [ "$mtu" -le "$4" ]
}
# fragments HOST: how many the rules of party() saw.
fragments() { on "$1" nft -j list table inet t | jq '[.nftables[].rule?.expr[]?.counter?.packets // 0] | add'; }

# crosses FROM ADDRESS SIZE: a ping of SIZE bytes with DF set.
crosses() { on "$1" ping -q -c 1 -W 1 -M do -s "$3" "$2"; }
# All sizes around what may be cut, both ways and families, with DF set; one is lost at most to a busy machine.
everything_crosses() {
	local size
	for size in 1472 1440 1201 100; do
		wait_until 5 crosses b $A $size
		wait_until 5 crosses a "$B" $size
	done
	for size in 1452 1420 1181 100; do
		wait_until 5 crosses b "$A6" $size
		wait_until 5 crosses a "$B6" $size
	done
	# without DF, larger than the interface takes: the host's own fragments are cut again
	on b ping -q -c 1 -W 3 -s 4000 $A
	on b ping -q -c 1 -W 3 -s 4000 "$A6"
}

datagrams() { on "$1" /usr/bin/python3 "$ROOT/t/tools/datagrams.py" "${@:2}"; }
udp_crosses() {
	local address size
	for address in $A "$A6"; do
		on_bg a /usr/bin/python3 "$ROOT/t/tools/datagrams.py" echo "$address" 5000
		wait_until 5 eval "on a ss -Hlnu 'sport = :5000' | grep -qF '$address'"
	done
	datagrams b ask $A 5000 1472 20
	datagrams b ask "$A6" 5000 1452 20
}

# tcp_crosses [ADDRESS]: bulk in both directions, and none of it in fragments.
tcp_crosses() {
	local before after
	need iperf3
	on_bg a iperf3 -s -p 5201
	wait_until 5 bound a 5201 t
	before=$(fragments a)
	on b timeout 60 iperf3 -c "$1" -p 5201 -n 5M >>"$BATS_TEST_TMPDIR/iperf.log" 2>&1
	on b timeout 60 iperf3 -c "$1" -p 5201 -n 5M -R >>"$BATS_TEST_TMPDIR/iperf.log" 2>&1
	after=$(fragments a)
	is "$((after - before))" 0 "fragments"
	kill "$SPAWNED"
	wait_until 5 gone "$SPAWNED"
}

@test "MTU 1280 and no ICMP, direct: everything crosses, TCP is not fragmented, nothing of it outside" {
	party a=open,mtu=1280,icmp=drop b=open
	is "$(on a cat /sys/class/net/lr0/mtu)" 1500
	wait_until 30 path_is b a kind direct
	wait_until 30 path_is a b kind direct
	everything_crosses # what is proven yet does not matter
	wait_until 30 path_is b a mtu 1220
	wait_until 30 path_is a b mtu 1220
	everything_crosses
	udp_crosses
	[ "$(fragments a)" -gt 0 ]
	tcp_crosses $A
	tcp_crosses "$A6"
	is "$(fragments inet)" 0 "fragments of outer packets"
	on b lr-peer show a --json | json_ok peer
	on b lr-peer show a | grep -q "^path .*, MTU 1220$"
	on b lr-peer explain a | grep -q "^path MTU  *1220 bytes"
}

@test "MTU 1280 and no ICMP, through the relay: the same" {
	HIDE=--hide-all party a=port b=port,mtu=1280,icmp=drop
	is "$(path b a kind)" relay
	everything_crosses
	wait_until 30 path_is b a mtu 1212
	wait_until 30 path_is a b mtu 1212
	everything_crosses
	udp_crosses
	tcp_crosses $A
	tcp_crosses "$A6"
	is "$(fragments inet)" 0 "fragments of outer packets"
	is "$(path a b kind)" relay
}

# believes HOST ADDRESS MTU: the kernel, for what it may fragment.
believes() { on "$1" ip route get "$2" | grep -q "mtu $3"; }

@test "forged ICMP moves nothing; a line that becomes narrower in mid-game costs not one datagram" {
	party a=open b=open
	wait_until 30 path_is b a kind direct
	wait_until 30 path_is a b kind direct
	wait_until 30 path_is a b mtu 1440
	local from to at
	from=$(on a lr-up --status --json | jq .listen_port)
	at=$(path a b endpoint)
	to=${at%:*}
	on inet /usr/bin/python3 "$ROOT/t/tools/datagrams.py" forge "$(lab addr a)" "$from" "$to" "${at##*:}" 700
	wait_until 5 believes a "$to" 700
	wait_until 5 crosses a "$B" 1472
	wait_until 5 crosses a "$B" 1412
	wait_until 10 path_is a b mtu 1440 # direct again, if a busy machine left it for a moment
	is "$(fragments inet)" 0 "fragments of outer packets"
	on_bg b /usr/bin/python3 "$ROOT/t/tools/datagrams.py" count "$B" 5001 "$BATS_TEST_TMPDIR/count"
	wait_until 5 bound b 5001
	on_bg a /usr/bin/python3 "$ROOT/t/tools/datagrams.py" send "$B" 5001 1472 150 10
	wait_until 10 eval '[ "$(cat "$BATS_TEST_TMPDIR/count")" -ge 30 ]'
	on a ip link set eth0 mtu 900
	wait_until 5 mtu_within a b 500 840
	wait_until 20 eval '[ "$(cat "$BATS_TEST_TMPDIR/count")" = 150 ]'
	is "$(on a lr-up --status --json | jq .drops.send)" 0
	is "$(fragments inet)" 0 "fragments of outer packets"
}

@test "a router on the way becomes narrower without a word: what is large crosses again within seconds" {
	only_all
	party a=open b=open,icmp=drop
	wait_until 30 path_is b a kind direct
	wait_until 30 path_is a b kind direct
	wait_until 30 path_is a b mtu 1440
	on_bg b /usr/bin/python3 "$ROOT/t/tools/datagrams.py" count "$B" 5001 "$BATS_TEST_TMPDIR/count"
	wait_until 5 bound b 5001
	on_bg a /usr/bin/python3 "$ROOT/t/tools/datagrams.py" send "$B" 5001 1472 6000 10
	wait_until 10 counted 30
	local before link
	link=$(on inet ip -j route get "$(lab addr b wan)" | jq -r '.[0].dev')
	on b.r ip link set wan mtu 1300
	on inet ip link set "$link" mtu 1300
	wait_until 20 mtu_within a b 1212 1240 # before a minute has passed: the node saw it by itself
	before=$(cat "$BATS_TEST_TMPDIR/count")
	wait_until 5 counted $((before + 50))
	is "$(path a b kind)" direct
	is "$(fragments inet)" 0 "fragments of outer packets"
}
counted() { [ "$(cat "$BATS_TEST_TMPDIR/count")" -ge "$1" ]; }

@test "IPv6 outside, and a size that is none of the usual ones: found to within 8 bytes" {
	only_all
	party a=symmetric,v6=open,mtu=1400,icmp=drop b=symmetric,v6=open
	wait_until 60 path_is b a kind direct
	wait_until 60 path_is a b kind direct
	[[ $(path b a endpoint) == \[* ]]
	wait_until 60 mtu_within a b 1312 1320
	wait_until 60 mtu_within b a 1312 1320
	everything_crosses
	is "$(fragments inet)" 0 "fragments of outer packets"
}

@test "a stock peer in a party gets what its tunnel takes, in fragments" {
	only_all
	need wg wireguard-go
	party a=open b=open c=open,mtu=1400,icmp=drop
	lr_keys c
	local key c
	key=$(on a lr-up --status --json | jq -r .public_key)
	c=$(lab addr c)
	on_bg c wireguard-go -f wg0
	wait_until 10 on c ip link show wg0
	on c wg set wg0 private-key "$BATS_TEST_TMPDIR/keys/c.key" listen-port 51999 peer "$key" \
		allowed-ips 10.66.0.0/16 endpoint "$(lab addr a):$(on a lr-up --status --json | jq .listen_port)"
	on c ip addr add 10.66.9.9/16 dev wg0
	on c ip link set wg0 mtu 1280 up
	on a wg set lr0 peer "$(pub c)" allowed-ips 10.66.9.9/32 endpoint "$c:51999"
	wait_until 10 crosses a 10.66.9.9 100
	wait_until 5 crosses a 10.66.9.9 1472
	wait_until 5 crosses a 10.66.9.9 1240
	is "$(path a "$(pub c)" mtu)" null
	is "$(fragments inet)" 0 "fragments of outer packets"
}
