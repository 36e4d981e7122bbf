# hostile.bats - enemies of a party: void invites, kicked members, members that lie, strangers that flood,
# replay and aim elsewhere; with real nodes and a real relay
#
# What the relay alone decides is in relay.bats, a relay that lies in liar.bats, cores in t/unit.
# t/run: long
load helper
load hostile

setup() {
	enemies_setup
	relay_up
}

@test "a wrong invite: told in one line, nothing is left; a typing error is not tried" {
	local before wrong
	found a
	before=$(metric 'requests_total{status="4xx"}')
	wrong=${INVITE:0:-8}$([ "${INVITE: -8:1}" = A ] && echo B || echo A)${INVITE: -7}
	refused 2 "mistyped" b "$wrong"
	refused 2 "" b "${INVITE%????}"
	refused 2 "" b "${INVITE/10.93.0.2/10.93.0.3}"
	is "$(metric 'requests_total{status="4xx"}')" "$before" "requests"
	refused 1 "invite" b "$("$FOE" invite "$INVITE" secret)"
	refused 1 "invite" b "$("$FOE" invite "$INVITE" epoch)"
	refused 1 "does not know" b "$("$FOE" invite "$INVITE" id)"
	is "$(peer a list --json | wc -l)" 0 "members"
	join b "$INVITE"
	pings b 10.66.0.1
}

@test "a token that is used up, or over: exit 1, one line, nothing is left" {
	only_all
	found a
	local once
	once=$(peer a invite --once)
	join b "$once"
	pings b 10.66.0.1
	refused 1 "used up" c "$once"
	once=$(peer a invite --for 1s)
	wait_until 20 over "$once"
	nothing_left x
}
# over INVITE: whoever claims it is refused. Who got in all the same (it is not over yet) goes again.
over() {
	run ns x lr-up "$1" --iface "$(ifn x)" --name x
	[ "$status" != 1 ] || return 0
	ns x lr-up --down "$(ifn x)"
	rm -rf "$LR_STATE_DIR/x/parties"
	return 1
}

@test "a kicked member that keeps trying: old state, old invite, old keys, old records" {
	local code old
	found a
	join b "$INVITE"
	join c "$INVITE"
	pings c 10.66.0.1
	wait_until 5 knows b c
	cp -r "$LR_STATE_DIR/c" "$BATS_TEST_TMPDIR/old"
	ns c curl -s -H "LR-Access: $(foe c access)" "$(url /members)" >"$BATS_TEST_TMPDIR/old-list"
	foe c charter >"$BATS_TEST_TMPDIR/old-charter"
	peer a kick c
	forgot a c
	wait_until 5 forgot b c
	wait_until 5 no_iface c
	wait_until 10 nobody_in c
	# As it was before the kick, with the old invite and without.
	rm -r "$LR_STATE_DIR/c" && cp -r "$BATS_TEST_TMPDIR/old" "$LR_STATE_DIR/c"
	refused 1 "" c "$INVITE" 1
	# Without asking anybody it comes up as it was, and ends when the relay has answered.
	run ns c lr-up "$(basename "$(state c)" .json)" --iface "$(ifn c)"
	wait_until 10 no_iface c
	wait_until 10 nobody_in c
	nothing_left c 1
	# Signed with what it knows.
	old=$(foe c keyhash)
	is "$(foe c record 0 | put c "$(url "/members/$old")")" 409 "a record of the old epoch"
	is "$(foe c record 0 epoch=2 | put c "$(url "/members/$old")")" 403 "of the new one, with the old key"
	is "$(foe c record 0 epoch=2 | put c "$(url "/members/$(foe b keyhash)")")" 403 "in another's name"
	is "$(foe c leave 0 epoch=2 | put c "$(url "/members/$(foe b keyhash)")")" 403 "sending another away"
	is "$(put c "$(url)" <"$BATS_TEST_TMPDIR/old-charter")" 409 "the old charter"
	is "$("$FOE" "$BATS_TEST_TMPDIR/old" "$(state c)" forge | put c "$(url)")" 403 "a forged one"
	for code in 0 5; do
		is "$(ns c curl -s -o /dev/null -w '%{http_code}' -H "LR-Access: $(foe c access $code)" "$(url /members)")" 409
	done
	"$FOE" entry "$(foe b keyhash)" <"$BATS_TEST_TMPDIR/old-list" >"$BATS_TEST_TMPDIR/old-record"
	is "$(put c "$(url "/members/$(foe b keyhash)")" <"$BATS_TEST_TMPDIR/old-record")" 409 "another's old record"
	knows a b && knows b a
	forgot a c && forgot b c
	pings b 10.66.0.1
	# What was said in public before the kick lets nobody in; what is said now does.
	join c "$(peer a invite)"
	pings c 10.66.0.1
}

@test "a kicked member that hears of nothing and goes on: its sessions end at once" {
	only_all
	found a
	join b "$INVITE"
	join c "$INVITE"
	local b
	b=$(address b)
	wait_until 20 path_is c a direct
	wait_until 10 knows c b
	wait_until 20 path_is c b direct
	pings c 10.66.0.1
	pings c "$b"
	# From here on c hears nothing of the relay: it has no reason to stop.
	block 0 3
	peer a kick c
	run pings c 10.66.0.1
	[ "$status" != 0 ]
	wait_until 5 forgot b c
	run pings c "$b"
	[ "$status" != 0 ]
	is "$(ns a wg show "$(ifn a)" peers | wc -l)" 1
	pings b 10.66.0.1
	[ "$(drops a unknown_index)" -ge 1 ]
	# Another program of its goes on with its key: its initiations are those of a stranger now.
	ip netns pids "$TAG-c" | xargs -r kill -KILL
	printf '[Interface]\nPrivateKey = %s\nAddress = 10.66.3.3/16\n[Peer]\nPublicKey = %s\nEndpoint = 10.93.1.2:%s\nAllowedIPs = 10.66.0.0/16\n' \
		"$(cat "$LR_STATE_DIR/c/identity.key")" "$(ns a wg show "$(ifn a)" public-key)" \
		"$(ns a wg show "$(ifn a)" listen-port)" >"$BATS_TEST_TMPDIR/alone.conf"
	chmod 600 "$BATS_TEST_TMPDIR/alone.conf"
	wait_until 5 no_iface c
	ns c lr-up --config "$BATS_TEST_TMPDIR/alone.conf" --iface "$(ifn k)"
	wait_until 5 tries_in_vain
	forgot a c
	pings b 10.66.0.1
}
tries_in_vain() { ! pings c 10.66.0.1 && [ "$(drops a unknown_peer)" -ge 1 ]; }
drops() { peer "$1" status --json | jq ".drops.$2 // 0"; }

@test "who was away during the kick gets in, and finds the others" {
	only_all
	found a
	join b "$INVITE"
	join c "$INVITE"
	pings b 10.66.0.1
	local b
	b=$(address b)
	wait_until 5 knows b c
	ns b lr-up --down "$(ifn b)"
	wait_until 5 forgot a b
	peer a kick c
	join b "$INVITE"
	is "$(address b)" "$b"
	wait_until 5 pings b 10.66.0.1
	forgot b c
	# The same without an invite, from its state alone, after a second kick.
	wait_until 10 no_iface c
	wait_until 10 nobody_in c
	join c "$(peer a invite)"
	wait_until 5 knows b c
	ns b lr-up --down "$(ifn b)"
	peer a kick c
	join b "$(basename "$(state b)" .json)"
	wait_until 5 pings b 10.66.0.1
	forgot b c
}

@test "a member can neither replace, delete nor bring back another's record" {
	found a
	join b "$INVITE"
	join c "$INVITE"
	pings b 10.66.0.1
	local b hash key record=$BATS_TEST_TMPDIR/record
	b=$(address b)
	wait_until 5 knows b c
	wait_until 5 knows c b
	wait_until 5 eval 'foe c members | grep -q "^b "'
	read -r _ hash key < <(foe c members | grep '^b ')
	ns c curl -s -H "LR-Access: $(foe c access)" "$(url /members)" >"$BATS_TEST_TMPDIR/list"
	"$FOE" entry "$hash" <"$BATS_TEST_TMPDIR/list" >"$record"
	is "$(foe c record 0 name=b | put c "$(url "/members/$hash")")" 403 "in its place"
	is "$(foe c leave 0 | put c "$(url "/members/$hash")")" 403 "away with it"
	# b says something newer; c brings back what b said before.
	peer b rename bob
	wait_until 5 knows a bob
	is "$(put c "$(url "/members/$hash")" <"$record")" 409 "back"
	knows a bob
	# c's own record says that it has b's key, b's address, b's name: b keeps them.
	ip netns pids "$TAG-c" | xargs -r kill -KILL
	is "$(foe c record 0 name=bob "key=$key" "address=$b" | put c "$(url "/members/$(foe c keyhash)")")" 200
	ns s curl -s http://127.0.0.1:3478/healthz
	pings a "$b"
	knows a c
	is "$(foe c record 0 name=bob "address=$b" | put c "$(url "/members/$(foe c keyhash)")")" 200
	wait_until 5 eval '[ "$(peer a list --json | jq -r .peer | grep -c bob)" = 2 ]'
	# In its first minute b may rather have moved; c has not got in its way.
	wait_until 5 reaches_b
	b=$(address b)
	is "$(peer a list --json | jq -r "select(.address == \"$b\") | .public_key")" "$key"
}
reaches_b() { pings a "$(address b)" && pings b 10.66.0.1; }

@test "who claims another's WireGuard key before that one is here: refused by all, the owner joins unharmed" {
	local key old=$BATS_TEST_TMPDIR/insider n
	found a
	join c "$INVITE"
	# b has a key that c knows, and is not here. c has the party's secret and makes a member up.
	mkdir -p "$LR_STATE_DIR/b" "$old"
	(umask 077 && wg genkey | tee "$LR_STATE_DIR/b/identity.key" | wg pubkey >"$BATS_TEST_TMPDIR/pub")
	key=$(cat "$BATS_TEST_TMPDIR/pub")
	cp -r "$LR_STATE_DIR/c/." "$old"
	wg genkey >"$old/identity.key"
	insider() { "$FOE" "$old" "$(state c)" "$@"; }
	is "$(insider record 0 name=thief "key=$key" | put c "$(url "/members/$(insider keyhash)")")" 200
	# What comes behind it has been seen: so has this.
	peer c rename carl
	wait_until 5 knows a carl
	join b "$INVITE"
	for n in a c; do
		wait_until 5 knows $n b
		! knows $n thief
	done
	pings b 10.66.0.1
	is "$(peer a show b --json | jq -r .public_key)" "$key"
	# The same words about a key of its own are believed: the thief was refused for the key.
	is "$(insider record 0 name=guileless | put c "$(url "/members/$(insider keyhash)")")" 200
	wait_until 5 knows a guileless
}

@test "a member can neither bind, move nor release another's channel" {
	local out
	talk_up a b c
	say 'bind a' 'bind b' 'bind c'
	wait_until 5 said 3
	out=$(awk '/^bound a/ { print $3 }' "$BATS_TEST_TMPDIR/out")
	say "bind c $out" "release c a" "rebind a" "send b a still" "move a" "recv a"
	wait_until 20 said 9
	exec 5>&-
	sed -n 4,5p "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/two"
	is "$(cat "$BATS_TEST_TMPDIR/two")" $'refused c channel\nrefused c channel'
	sed -n 6p "$BATS_TEST_TMPDIR/out" | grep -q '^refused a'
}

@test "candidates that aim at somebody else: no more than the budget, and never at what is not a host" {
	only_all
	local i words n bytes began
	found a
	join b "$INVITE"
	join c "$INVITE"
	wait_until 5 knows a c
	wait_until 5 knows b c
	ip netns pids "$TAG-c" | xargs -r kill -KILL
	for i in a b; do
		ns "$i" nft add table ip o
		ns "$i" nft 'add chain ip o f { type filter hook output priority 0 ; }'
		ns "$i" nft add rule ip o f "ip daddr { 127.0.0.0/8, 224.0.0.0/4, 255.255.255.255, 0.0.0.0/8, 10.66.0.0/16, 10.93.$([ $i = a ] && echo 1 || echo 2).255 } udp dport 7000-7999 counter"
	done
	count x
	began=$(now_ms)
	for i in 1 2 3 4 5 6 7 8; do
		words="candidate=127.0.0.1:700$i candidate=224.0.0.1:700$i candidate=255.255.255.255:700$i candidate=10.66.0.1:700$i"
		words+=" candidate=10.93.1.255:700$i candidate=10.93.2.255:700$i candidate=0.0.0.1:700$i"
		for n in 0 1 2 3 4 5 6 7 8; do words+=" candidate=10.93.4.2:7$i$n$n"; done
		# shellcheck disable=SC2086
		is "$(foe c record 0 name=c$i $words | put c "$(url "/members/$(foe c keyhash)")")" 200
		wait_until 5 knows a c$i
		wait_until 5 knows b c$i
	done
	wait_until 5 eval '[ "$(counted x | cut -d" " -f1)" -gt 0 ]'
	read -r n bytes < <(counted x)
	i=$(($(now_ms) - began))
	[ "$n" -le $((2 * (64 + 200 * (i + 1000) / 1000))) ] || { echo "$n packets in $i ms"; false; }
	echo "$n packets, $bytes bytes in $i ms"
	for i in a b; do
		is "$(ns "$i" nft -j list chain ip o f | jq '[.nftables[].rule.expr[]?.counter // empty][0].packets')" 0 "$i at loopback, multicast, broadcast, pool"
	done
	pings b 10.66.0.1
	# It gives up soon: less than a packet a second for each address.
	quiet_for_x() { n=$(counted x); wait_until 2 false || :; [ $(($(counted x | cut -d' ' -f1) - ${n% *})) -le 40 ]; }
	wait_until 60 quiet_for_x
}

@test "an observer who forwards a captured packet: it is delivered, moves nothing, causes few probes" {
	local port
	found a
	join b "$INVITE"
	wait_until 20 path_is b a direct
	wait_until 20 path_is a b direct
	pings b 10.66.0.1
	look rb
	port=$(ns a wg show "$(ifn a)" listen-port)
	# Only the large packets of b to a are lost on their way: x brings the first one.
	ns r nft add table ip t
	ns r nft 'add chain ip t f { type filter hook forward priority 0 ; }'
	ns r nft add rule ip t f ip saddr 10.93.2.2 ip daddr 10.93.1.2 udp length '>' 900 drop
	count x
	ns b ping -q -c 1 -W 10 -s 1000 10.66.0.1 >"$BATS_TEST_TMPDIR/ping" 3>&- &
	wait_until 5 seen_big
	is "$(ns x /usr/bin/python3 "$ROOT/t/tools/onlooker.py" send "$BATS_TEST_TMPDIR/seen" 04 10.93.2.2 "10.93.1.2:$port" 1 900)" 1
	wait $!
	unmoved
	ns r nft delete table ip t
	pings b 10.66.0.1
	wait_until 5 eval '[ "$(counted x | cut -d" " -f1)" -ge 1 ]'
	# Once more, and all of it again: what was had already is dropped, and told as that.
	for _ in 1 2 3 4 5; do
		ns x /usr/bin/python3 "$ROOT/t/tools/onlooker.py" send "$BATS_TEST_TMPDIR/seen" 04 10.93.2.2 "10.93.1.2:$port" 50
	done
	wait_until 5 eval '[ "$(drops a replay)" -ge 5 ]'
	unmoved
	[ "$(counted x | cut -d' ' -f1)" -le 20 ] || { counted x; false; }
	pings b 10.66.0.1
}
# unmoved: a sends to b's own address, or on a slow machine for a moment over the relay, never to x.
unmoved() {
	local at
	at=$(peer a show b --json | jq -r .path.endpoint)
	case $at in 10.93.4.2:*) echo "moved to $at"; return 1 ;; esac
	wait_until 20 eval 'peer a show b --json | jq -e ".path.endpoint | startswith(\"10.93.2.2:\")"'
}
seen_big() { awk '$1 ~ /^10\.93\.2\.2:/ && $3 ~ /^04/ && length($3) > 1800' "$BATS_TEST_TMPDIR/seen" | grep -q .; }

@test "call-mes and all other packets replayed: they do nothing twice" {
	local b port n before after
	found a
	join b "$INVITE"
	look rb
	join c "$INVITE"
	wait_until 20 path_is b c direct
	wait_until 20 path_is b a direct
	b=$(address b)
	pings a "$b"
	wait_until 5 saw f2/f1 10.93.0.2
	port=$(ns b wg show "$(ifn b)" listen-port)
	# x takes the relay's address: what the relay brought to b comes to b once more, and again.
	ip -n "$TAG-x" addr add 10.93.0.2/32 dev lo
	ip -n "$TAG-r" route get 10.93.0.2
	ns r nft add table ip o
	ns r nft 'add chain ip o f { type filter hook forward priority 10 ; }'
	ns r nft add rule ip o f iifname rb ip protocol udp counter
	ns r nft add rule ip o f iifname rx ip protocol udp counter
	for n in f2/f1 f2/01 f2/04 f2/02 f2; do
		for _ in 1 2 3; do
			ns x /usr/bin/python3 "$ROOT/t/tools/onlooker.py" send "$BATS_TEST_TMPDIR/seen" $n 10.93.0.2 "10.93.2.2:$port" 100 1 10.93.0.2:3478
		done
	done
	read -r before after < <(ns r nft -j list chain ip o f | jq -r '[.nftables[].rule.expr[]?.counter // empty | .packets] | "\(.[0]) \(.[1])"')
	[ "$after" -ge 3 ] || { echo "nothing was replayed"; false; }
	[ "$before" -le $((after + 100)) ] || { echo "$after packets came, $before went"; false; }
	pings a "$b"
	wait_until 10 path_is b a direct
	wait_until 10 path_is b c direct
	knows b c
}

@test "a flood of initiations: cookies, no more bytes back than came, others keep playing and join" {
	only_all
	local port key got
	found a
	join b "$INVITE"
	wait_until 20 path_is b a direct
	pings b 10.66.0.1
	key=$(ns a wg show "$(ifn a)" public-key)
	port=$(ns a wg show "$(ifn a)" listen-port)
	ip netns exec "$TAG-x" "$FOE" initiations "$key" "10.93.1.2:$port" 40000 >"$BATS_TEST_TMPDIR/flood" 3>&- &
	local pid=$!
	echo $pid >>"$PIDS"
	wait_until 10 eval '[ "$(drops a mac2)" -ge 100 ]'
	ns b ping -q -c 20 -i 0.02 -W 2 10.66.0.1
	# Who comes now needs a cookie first, and tries again with it after WireGuard's 5 s.
	join c "$INVITE"
	wait_until 20 pings c 10.66.0.1
	wait $pid
	read -r sent got <"$BATS_TEST_TMPDIR/flood"
	[ "$got" -gt 0 ] && [ "$got" -le "$sent" ] || { echo "$sent bytes, $got back"; false; }
}

@test "a flood of probes, frames, STUN and rubbish at a node: dropped by name, others keep playing" {
	local port t n
	found a
	join b "$INVITE"
	wait_until 20 path_is b a direct
	port=$(ns a wg show "$(ifn a)" listen-port)
	count x
	for t in f1 f2 00 04 02 03 ff; do
		spawn ip netns exec "$TAG-x" /usr/bin/python3 "$ROOT/t/tools/onlooker.py" flood "10.93.1.2:$port" 4000 $t 148
	done
	ns b ping -q -c 20 -i 0.02 -W 2 10.66.0.1
	wait_until 20 nobody_in x
	is "$(counted x | cut -d' ' -f1)" 0 "answers"
	pings b 10.66.0.1
	wait_until 20 path_is b a direct
}

@test "a flooder behind the relay: cut off by packets and by bytes, the others keep playing" {
	only_all
	kill "$RELAY"
	wait_until 5 gone "$RELAY"
	relay_up --source-pps 500 --source-rate 200 --party-pps 0 --party-rate 0
	block 1 2
	ns r nft add rule ip t f ip saddr 10.93.3.2 ip daddr 10.93.1.2 drop
	ns r nft add rule ip t f ip saddr 10.93.1.2 ip daddr 10.93.3.2 drop
	found a
	join b "$INVITE"
	join c "$INVITE"
	pings b 10.66.0.1
	pings c 10.66.0.1
	is "$(kind b a)$(kind c a)" relayrelay
	# One way: what a answers would be charged to a.
	ns a nft add table ip i
	ns a nft 'add chain ip i f { type filter hook input priority 0 ; }'
	ns a nft add rule ip i f udp dport 9 drop
	swamp 40000 64
	# Few, but large.
	swamp 4000 1300
}
# swamp N LEN: c sends a so many packets through the relay, far over its limit; b plays on meanwhile.
swamp() {
	local before pid
	before=$(metric 'dropped_packets_total{reason="source_rate"}')
	ns c /usr/bin/python3 "$ROOT/t/tools/onlooker.py" flood 10.66.0.1:9 "$1" 7 "$2" 3>&- &
	pid=$!
	echo $pid >>"$PIDS"
	wait_until 20 eval '[ "$(metric "dropped_packets_total{reason=\"source_rate\"}")" -gt $((before + 100)) ]'
	ns b ping -q -c 50 -i 0.02 -W 2 10.66.0.1 >"$BATS_TEST_TMPDIR/game"
	wait "$pid"
	grep -q " 0% packet loss" "$BATS_TEST_TMPDIR/game" || { cat "$BATS_TEST_TMPDIR/game"; false; }
	path_is c a relay
}

@test "charters cost what they cost: a network gets so many signature checks a second" {
	kill "$RELAY"
	wait_until 5 gone "$RELAY"
	relay_up --checks 20
	found a
	foe a forge >"$BATS_TEST_TMPDIR/forged"
	ns x curl -s -o /dev/null -w '%{http_code}\n' -X PUT --data-binary "@$BATS_TEST_TMPDIR/forged" "$(url "?n=[1-300]")" |
		sort | uniq -c >"$BATS_TEST_TMPDIR/codes"
	cat "$BATS_TEST_TMPDIR/codes"
	grep -q 429 "$BATS_TEST_TMPDIR/codes"
	# Another network is not held up by it.
	join b "$INVITE"
	pings b 10.66.0.1
}

@test "rubbish on the control socket: half lines, huge lines, nonsense, many connections" {
	found a
	join b "$INVITE"
	local s=$LR_RUN_DIR/a/$(ifn a).sock pid
	pid=$(node a)
	run /usr/bin/python3 "$ROOT/t/tools/rubbish.py" "$s"
	is "$output" done
	run /usr/bin/python3 "$ROOT/t/tools/rubbish.py" "/var/run/wireguard/$(ifn a).sock"
	is "$output" done
	is "$(node a)" "$pid"
	knows a b
	pings b 10.66.0.1
	ns a wg show "$(ifn a)" | grep -q "peer:"
}

@test "rubbish for lr-meet: a bad line is told, the next is answered" {
	/usr/bin/python3 "$ROOT/t/tools/rubbish.py" --lines >"$BATS_TEST_TMPDIR/lines"
	exits 1 timeout 60 lr-meet serve - <"$BATS_TEST_TMPDIR/lines"
	[ "$(grep -c error <<<"$output")" -ge 20 ]
	! grep -qi "sanitizer" <<<"$output"
}

@test "wg syncconf, wg set and imports on a party's interface: the members stay what they are" {
	only_all
	found a
	join b "$INVITE"
	join c "$INVITE"
	wait_until 5 knows a c
	local b key i
	i=$(ifn a)
	b=$(address b)
	pings b 10.66.0.1
	key=$(ns b wg show "$(ifn b)" public-key)
	wg showconf "$i" | awk '/^\[Peer\]/ { exit } 1' >"$BATS_TEST_TMPDIR/empty.conf"
	wg syncconf "$i" "$BATS_TEST_TMPDIR/empty.conf" || :
	wait_until 10 pings a "$b"
	knows a b && knows a c
	wg setconf "$i" "$BATS_TEST_TMPDIR/empty.conf" || :
	wait_until 10 pings a "$b"
	wg set "$i" peer "$key" remove || :
	wait_until 10 pings a "$b"
	wg set "$i" peer "$key" allowed-ips 192.0.2.0/24 endpoint 192.0.2.1:9 || :
	wait_until 10 pings a "$b"
	wg genpsk | wg set "$i" peer "$key" preshared-key /dev/stdin || :
	ns b lr-up --down "$(ifn b)"
	wait_until 5 forgot a b
	join b "$INVITE"
	wait_until 10 pings a "$b"
	wg genkey >"$BATS_TEST_TMPDIR/other.key"
	run wg set "$i" private-key "$BATS_TEST_TMPDIR/other.key"
	[ "$status" != 0 ]
	wait_until 10 pings b 10.66.0.1
	printf '[Peer]\nPublicKey = %s\nAllowedIPs = 192.0.2.0/24\nEndpoint = 192.0.2.1:9\n' "$key" >"$BATS_TEST_TMPDIR/more.conf"
	peer a import "$BATS_TEST_TMPDIR/more.conf" || :
	wait_until 10 pings a "$b"
	peer a remove b || :
	wait_until 10 pings a "$b"
	# Somebody who is no member may be added and taken away as ever.
	key=$(wg genkey | wg pubkey)
	wg set "$i" peer "$key" allowed-ips 192.0.2.7/32
	wg show "$i" peers | grep -qx "$key"
	wg set "$i" peer "$key" remove
	! wg show "$i" peers | grep -qx "$key"
	knows a b && knows a c
}
