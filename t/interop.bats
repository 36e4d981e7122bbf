# Against Debian's wireguard-go and wg: the same protocol, whoever begins, whatever is outside
# t/run: alone
load helper

# go_up NAME ADDRESSES: wireguard-go in namespace NAME, configured from $(conf NAME) without its Address
go_up() {
	local name=$1 addr sock
	sock=/var/run/wireguard/$(ifn "$name").sock
	WG_PROCESS_FOREGROUND=1 spawn ip netns exec "$(nsname "$name")" wireguard-go -f "$(ifn "$name")"
	GO=$SPAWNED
	wait_until 10 test -S "$sock"
	grep -v '^Address' "$(conf "$name")" >"$BATS_TEST_TMPDIR/$name.wg"
	wait_until 5 ns "$name" wg setconf "$(ifn "$name")" "$BATS_TEST_TMPDIR/$name.wg"
	for addr in ${2//,/ }; do ip -n "$(nsname "$name")" addr add "$addr" dev "$(ifn "$name")"; done
	ip -n "$(nsname "$name")" link set "$(ifn "$name")" mtu 1420 up
}

# pair OUTSIDE [PSK]: our node a at 10.66.0.1, wireguard-go b at 10.66.0.2; nobody has an endpoint yet
pair() {
	local psk=()
	need wireguard-go
	two_hosts
	[ -z "${1:-}" ] || { wg genpsk >"$BATS_TEST_TMPDIR/psk" && psk=("PresharedKey = $(cat "$BATS_TEST_TMPDIR/psk")"); }
	lr_keys a b
	lr_conf a 10.66.0.1/24,fd66::1/64 51820
	lr_conf b 10.66.0.2/24,fd66::2/64 51820
	lr_conf_peer a b 10.66.0.2/32,fd66::2/128 "" "${psk[@]}"
	lr_conf_peer b a 10.66.0.1/32,fd66::1/128 "" "${psk[@]}"
	node_up a
	go_up b 10.66.0.2/24,fd66::2/64
}

# aim WHO WHOM ENDPOINT
aim() { ns "$1" wg set "$(ifn "$1")" peer "$(pub "$2")" endpoint "$3"; }

reach() { ns "$1" ping -c 1 -W 2 "$2"; }

drops() { ns a lr-peer status --json | jq "[.drops[]] | add"; }

# What the kernels dropped on the way and no tunnel can help: the queue in front of the sender's
# device, and full UDP sockets at the receiver (wireguard-go's holds 92 full packets).
kernel_drops() {
	local queue sockets
	queue=$(ip -n "$(nsname "$1")" -j -s link show "$(ifn "$1")" | jq '.[0].stats64.tx.dropped')
	sockets=$(ns "$2" cat /proc/net/snmp /proc/net/snmp6 |
		awk '$1 == "Udp:" {if (n++) sum += $6} $1 == "Udp6RcvbufErrors" {sum += $2} END {print sum + 0}')
	echo $((queue + sockets))
}

# flood FROM TO ADDRESS COUNT: COUNT packets of each of five sizes, all arrive, once
flood() {
	local from=$1 to=$2 address=$3 count=$4 size out before
	udp_sink "$to"
	for size in 24 64 201 777 1372; do
		before=$(kernel_drops "$from" "$to")
		out=$(ns "$from" "$UDPLOAD" send --port 7001 --count "$count" --size "$size" --pps 3000 "$address")
		echo "$from to $to, $size B: $out"
		is "$(jq .lost <<<"$out")" $(($(kernel_drops "$from" "$to") - before))
		is "$(jq .duplicates <<<"$out")" 0
	done
	kill -TERM "$SINK"
	wait_until 5 gone "$SINK"
}

per_size() { [ -n "${LR_TEST_ALL:-}" ] && echo 10000 || echo 1000; }

outside() { [ "$1" = 4 ] && echo "$2" || echo "[$3]"; }

# The matrix: outside IPv4 or IPv6, with and without preshared key, either one begins.
one_cell() {
	local family=$1 psk=$2 first=$3
	pair "$psk"
	if [ "$first" = us ]; then
		aim a b "$(outside "$family" $B4 $B6):51820"
		reach a 10.66.0.2
	else
		aim b a "$(outside "$family" $A4 $A6):51820"
		reach b 10.66.0.1
	fi
	reach a fd66::2
	reach b fd66::1
	flood a b 10.66.0.2 "$(per_size)"
	flood b a fd66::1 "$(per_size)"
	is "$(drops)" 0 "drops"
}

@test "IPv4 outside, we begin" { one_cell 4 "" us; }
@test "IPv4 outside, preshared key, wireguard-go begins" { one_cell 4 psk them; }
@test "IPv6 outside, preshared key, we begin" { one_cell 6 psk us; }
@test "IPv6 outside, wireguard-go begins" { one_cell 6 "" them; }

@test "a wrong preshared key: no session, the drop has its name" {
	pair psk
	wg genpsk | ns a wg set "$(ifn a)" peer "$(pub b)" preshared-key /dev/stdin
	aim b a $A4:51820
	! reach b 10.66.0.1
	is "$(ns a wg show "$(ifn a)" latest-handshakes | cut -f2)" 0
}

@test "either end roams to another address in mid-traffic" {
	pair
	aim a b $B4:51820
	reach a 10.66.0.2
	ip -n "$(nsname a)" addr add 10.91.1.77/24 dev eth0
	ip -n "$(nsname a)" addr del $A4/24 dev eth0
	ip -n "$(nsname a)" addr add 10.91.1.77/24 dev eth0 2>/dev/null || :
	ip -n "$(nsname a)" route replace default via 10.91.1.1
	wait_until 10 reach a 10.66.0.2
	is "$(ns b wg show "$(ifn b)" endpoints | cut -f2)" 10.91.1.77:51820
	# wireguard-go holds on to an address that is gone; another port is as good a move.
	ns b wg set "$(ifn b)" listen-port 51999
	wait_until 10 reach b 10.66.0.1
	is "$(ns a wg show "$(ifn a)" endpoints | cut -f2)" $B4:51999
	reach a 10.66.0.2
}

@test "wg set adds and removes a peer while we run; show, showconf, syncconf" {
	pair
	aim a b $B4:51820
	reach a 10.66.0.2
	other=$(wg genkey | wg pubkey)
	ns a wg set "$(ifn a)" peer "$other" allowed-ips 10.99.0.0/24,fd99::/64 persistent-keepalive 25 endpoint 10.91.2.9:999
	is "$(ns a wg show "$(ifn a)" peers | wc -l)" 2
	is "$(ns a wg show "$(ifn a)" allowed-ips | grep "$other" | cut -f2 | tr ' ' '\n' | sort | tr '\n' ' ')" "10.99.0.0/24 fd99::/64 "
	ns a wg showconf "$(ifn a)" >"$BATS_TEST_TMPDIR/shown"
	grep -q 'PersistentKeepalive = 25' "$BATS_TEST_TMPDIR/shown"
	ns a wg set "$(ifn a)" peer "$other" remove
	is "$(ns a wg show "$(ifn a)" peers)" "$(pub b)"
	before=$(ns a wg show "$(ifn a)" latest-handshakes | cut -f2)
	ns a wg syncconf "$(ifn a)" "$BATS_TEST_TMPDIR/shown"
	is "$(ns a wg show "$(ifn a)" peers | wc -l)" 2
	is "$(ns a wg show "$(ifn a)" latest-handshakes | grep "$(pub b)" | cut -f2)" "$before"
	reach a 10.66.0.2
	ns a wg set "$(ifn a)" listen-port 51999
	reach a 10.66.0.2
	is "$(ns b wg show "$(ifn b)" endpoints | cut -f2)" $A4:51999
}

@test "rekey while traffic runs: no packet is lost over two handshakes" {
	only_all
	pair
	aim a b $B4:51820
	reach a 10.66.0.2
	udp_sink b
	first=$(ns a wg show "$(ifn a)" latest-handshakes | cut -f2)
	# 130 s of 200 packets/s: REKEY_AFTER_TIME is 120 s.
	out=$(ns a "$UDPLOAD" send --port 7001 --count 26000 --size 200 --pps 200 10.66.0.2)
	echo "$out"
	is "$(jq .lost <<<"$out")" 0
	[ "$(ns a wg show "$(ifn a)" latest-handshakes | cut -f2)" -gt "$first" ]
	is "$(drops)" 0
}

@test "a thousand peers by wg setconf; the one that lives is reached" {
	pair
	aim a b $B4:51820
	{
		for i in $(seq 1000); do
			printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.200.%d.%d/32\n' \
				"$(printf '%032d' "$i" | base64 -w0)" $((i / 250)) $((i % 250))
		done
	} >"$BATS_TEST_TMPDIR/many"
	ns a wg addconf "$(ifn a)" "$BATS_TEST_TMPDIR/many"
	is "$(ns a wg show "$(ifn a)" peers | wc -l)" 1001
	reach a 10.66.0.2
}
