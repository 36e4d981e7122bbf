#!/usr/bin/env bats
# Relay frames over TCP: members whose network drops UDP play, and go back to UDP when it passes again.
# t/run: long
load helper
load lab

setup() {
	lr_setup
	need lr-relay lr-meet nft jq
	need_tun
}

# relay_up [OPTION]...: lr-relay on the host relay; its pid is in $RELAY
relay_up() {
	on_bg relay lr-relay "$@"
	RELAY=$SPAWNED
	wait_until 10 bound relay "${PORT:-3478}" t
}
relay_down() {
	kill -KILL "$RELAY"
	wait_until 5 gone "$RELAY"
}

# host H [OPTION]..., join H INVITE [OPTION]...: in the background; the pids go with the lab
host() {
	local n=$1
	shift
	INVITE=$(on "$n" lr-up --relay "${PLACE:-relay}" --iface "$(ifn "$n")" --name "$n" "$@" 2>>"$BATS_TEST_TMPDIR/$n.log")
}
join() {
	local n=$1 invite=$2
	shift 2
	on "$n" lr-up "$invite" --iface "$(ifn "$n")" --name "$n" "$@" >>"$BATS_TEST_TMPDIR/$n.log" 2>&1
}
peer() {
	local n=$1
	shift
	on "$n" lr-peer --iface "$(ifn "$n")" "$@"
}
pings() { on "$1" ping -q -c 1 -W 1 "$2"; }
kind() { peer "$1" show "$2" --json | jq -r .path.kind; }
way() { peer "$1" netcheck --json | jq -r '.relays[0].protocol'; }
way_is() { [ "$(way "$1")" = "$2" ]; }
node_of() { on "$1" lr-up --status --json | jq .pid; }
dropped() { peer "$1" status --json | jq ".drops.$2"; }

# play A B: pings and a moment of iperf3 both ways, from A to B's virtual address 10.66.0.1
play() {
	need iperf3
	on "$2" iperf3 -s -D -B 10.66.0.1 -I "$BATS_TEST_TMPDIR/iperf.pid"
	on "$1" ping -q -c 20 -i 0.02 -W 2 10.66.0.1 | grep -q ' 0% packet loss'
	on "$1" iperf3 -c 10.66.0.1 -t 1 -J | jq -e '.end.sum_received.bytes > 100000'
	on "$1" iperf3 -c 10.66.0.1 -t 1 -J -R | jq -e '.end.sum_received.bytes > 100000'
	on "$1" iperf3 -c 10.66.0.1 -u -b 1M -l 500 -t 1 -J | jq -e ".end.sum.lost_percent < 50"
	kill "$(tr -d '\0' <"$BATS_TEST_TMPDIR/iperf.pid")"
}

@test "one or both members without UDP play through the relay, and it is said" {
	lab_up a=port b=port,block=udp c=symmetric,block=udp-reject
	relay_up
	host a
	join b "$INVITE"
	wait_until 5 pings b 10.66.0.1
	is "$(way a) $(way b)" "udp tcp"
	play b a
	join c "$INVITE"
	wait_until 5 pings c 10.66.0.1
	is "$(way c)" tcp
	B4=$(peer b show b --json 2>/dev/null | jq -r .address || :)
	wait_until 5 peer c ping -c 3 b
	is "$(kind c b)" relay
	peer b explain a | grep -q '^a is reached through the relay [0-9.:]* over TCP, as UDP is blocked here, because'
	peer a explain b | grep -q '^b is reached through the relay [0-9.:]*, because the network at the other end lets no UDP through'
	peer b explain a --json | json_ok explain
	peer b netcheck | grep -q '^UDP is blocked here: traffic goes over TCP'
	is "$(peer b netcheck --json | jq -c '[.udp, .relays[0].protocol]')" '[false,"tcp"]'
	peer b netcheck --json | json_ok netcheck
	is "$(peer a netcheck --json | jq -c '[.udp, .relays[0].protocol]')" '[true,"udp"]'
	peer b status | grep -q 'UDP is blocked here: traffic goes over TCP'
}

@test "the relay is killed and comes back: traffic goes on over TCP" {
	lab_up a=port,block=udp b=port,block=udp
	relay_up
	host a
	join b "$INVITE"
	wait_until 5 pings b 10.66.0.1
	relay_down
	run pings b 10.66.0.1
	[ "$status" != 0 ]
	relay_up
	wait_until 5 pings b 10.66.0.1
	is "$(way a) $(way b)" "tcp tcp"
	is "$(peer a list --json | jq -r .peer)" b
}

# udp_off HOME, udp_on HOME: its router lets no UDP through, until it does again
udp_off() {
	on "$1.r" nft add table ip off
	on "$1.r" nft 'add chain ip off f { type filter hook forward priority 10 ; }'
	on "$1.r" nft add rule ip off f meta l4proto udp drop
}
udp_on() { on "$1.r" nft delete table ip off; }

@test "UDP stops and passes again: traffic follows, over TCP and back" {
	only_all
	lab_up a=port b=port
	relay_up
	host a --hide-all
	join b "$INVITE"
	wait_until 5 pings b 10.66.0.1
	is "$(way b)" udp
	udp_off b
	wait_until 10 pings b 10.66.0.1
	is "$(way b)" tcp
	peer b explain a | grep -q 'over TCP, as UDP is blocked here, because this end hides its addresses'
	udp_on b
	on b ping -q -i 0.05 -c 260 10.66.0.1 >"$BATS_TEST_TMPDIR/ping" 3>&- &
	wait_until 20 way_is b udp
	wait $!
	# Not a packet is lost on the way back.
	grep -q ' 0% packet loss' "$BATS_TEST_TMPDIR/ping" || { cat "$BATS_TEST_TMPDIR/ping"; false; }
}

helper_of() { pgrep -P "$(node_of "$1")" -x lr-meet; }

@test "the helper is killed: a plain stream does not notice" {
	lab_up a=port b=port,block=udp
	relay_up
	host a
	join b "$INVITE"
	wait_until 5 pings b 10.66.0.1
	wait_until 5 way_is b tcp
	local before
	before=$(helper_of b)
	on b ping -q -i 0.05 -c 60 10.66.0.1 >"$BATS_TEST_TMPDIR/ping" 3>&- &
	kill -KILL "$before"
	wait $!
	grep -q ' 0% packet loss' "$BATS_TEST_TMPDIR/ping" || { cat "$BATS_TEST_TMPDIR/ping"; false; }
	wait_until 10 eval '[ "$(helper_of b)" != '"$before"' ]'
}

# relay_tls: a relay on port 443 with a certificate
relay_tls() {
	need openssl
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=relay \
		-addext subjectAltName=DNS:relay -keyout "$BATS_TEST_TMPDIR/key.pem" \
		-out "$BATS_TEST_TMPDIR/cert.pem" 2>/dev/null
	export SSL_CERT_FILE=$BATS_TEST_TMPDIR/cert.pem PORT=443
	relay_up --listen :443 --cert "$BATS_TEST_TMPDIR/cert.pem" --key "$BATS_TEST_TMPDIR/key.pem"
}
shaken() { on relay curl -sk https://127.0.0.1/metrics | awk '/^lanrage_relay_tls_handshakes_total/ { print $2 }'; }

@test "only the web gets out: a file and game packets through a relay with TLS" {
	need iperf3 curl
	lab_up a=port,block=web b=symmetric,block=web c=port,block=web
	relay_tls
	PLACE=relay:443 host a
	join b "$INVITE"
	wait_until 5 pings b 10.66.0.1
	is "$(way a) $(way b)" "tcp tcp"
	[ "$(shaken)" -ge 4 ] # of each the directory and the stream
	on a iperf3 -s -D -B 10.66.0.1 -I "$BATS_TEST_TMPDIR/iperf.pid"
	# At 4 bytes a record this would take ten minutes.
	on b timeout 20 iperf3 -c 10.66.0.1 -n 20M -J | jq -e '.end.sum_received.bytes > 10000000'
	on b timeout 20 iperf3 -c 10.66.0.1 -n 20M -R -J | jq -e '.end.sum_received.bytes > 10000000'
	on b ping -q -c 50 -i 0.02 -W 2 10.66.0.1 | grep -q ' 0% packet loss'
	kill "$(tr -d '\0' <"$BATS_TEST_TMPDIR/iperf.pid")"
	# A relay that spoke TLS is not spoken to without, not by those who have only the invite either.
	relay_down
	relay_up --listen :443
	run on c lr-up "$INVITE" --iface "$(ifn c)"
	is "$status" 4
	[[ $output == *"no TLS is spoken there, as it was before"* ]]
	wait_until 10 eval 'peer b netcheck --json | jq -e ".relays[0].error | contains(\"no TLS is spoken\")"'
	is "$(on relay curl -s http://127.0.0.1:443/metrics | awk '/^lanrage_relay_requests_total.*[24]xx/ { n += $2 } END { print n }')" 0
}

@test "a relay on port 443, with TLS and without; the helper is killed" {
	only_all
	lab_up a=port,block=web b=symmetric,block=web
	relay_tls
	PLACE=relay:443 host a
	[[ $INVITE == lr://relay:443/* ]]
	join b "$INVITE"
	wait_until 5 pings b 10.66.0.1
	is "$(way a) $(way b)" "tcp tcp"
	on b ping -q -c 3 -i 0.2 -W 5 10.66.0.1
	# With TLS the helper carries the stream: another one does, soon.
	kill -KILL "$(helper_of b)"
	wait_until 10 pings b 10.66.0.1
	relay_down
	relay_tls
	wait_until 40 pings b 10.66.0.1
	on b lr-up --down "$(ifn b)"
	join b "$INVITE" --hide-address
	wait_until 5 pings b 10.66.0.1
	is "$(way b)" tcp
	is "$(on b sh -c 'jq -c .tls_relays $LR_STATE_DIR/parties/a.json')" '["relay:443"]'
	# Another party, at a relay that never had any.
	relay_down
	on b lr-up --down "$(ifn b)"
	on a lr-up --down "$(ifn a)"
	relay_up --listen :443
	PLACE=relay:443 host a --new
	join b "$INVITE"
	wait_until 5 pings b 10.66.0.1
	is "$(way a) $(way b)" "tcp tcp"
}

rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

@test "a relay that does not read: the oldest frames go, and memory stays as it is" {
	lab_up a=port b=port,block=udp
	relay_up
	host a
	join b "$INVITE"
	wait_until 5 pings b 10.66.0.1
	wait_until 5 way_is b tcp
	local node before
	node=$(node_of b)
	before=$(rss_kb "$node")
	kill -STOP "$RELAY"
	# More than the socket's buffers at both ends hold: what is left goes by the queue.
	on_bg b "$LABTOOLS/udpload" send 10.66.0.1 --size 1200 --count 40000 --pps 20000
	wait_until 10 eval '[ "$(dropped b stream_full)" -gt 100 ]'
	[ "$(rss_kb "$node")" -lt $((before + 2048)) ]
	kill -CONT "$RELAY"
	wait_until 10 pings b 10.66.0.1
}
