# guest.bats - guests with a stock WireGuard client: Debian's wireguard-go, with the file as it is printed
# t/run: long
load helper
load hostile

# The party's namespaces, and g, where the guest is. The relay lends ports.
setup() {
	party_setup
	need wireguard-go wg wg-quick
	ns_make g
	ns_link g eth0 10.93.9.2/24 r rg 10.93.9.1/24
	ip -n "$TAG-g" route add default via 10.93.9.1
}

teardown() {
	guest_down
	lr_teardown
}

# behind_nat: what comes from a goes out with the router's address, and only answers come in.
behind_nat() {
	ns r nft -f - <<-END
		table ip n {
			chain out { type nat hook postrouting priority srcnat; ip saddr 10.93.1.2 masquerade; }
			chain forwarded { type filter hook forward priority filter; oifname ra ct state new drop; }
		}
	END
}

GUEST() { echo "$TAG"g; }
file() { echo "$BATS_TEST_TMPDIR/$(GUEST).conf"; }

# invite NAME [OPTION]...: a's file for a guest, at $(file)
invite() { (umask 077 && peer a invite --wireguard "$@" >"$(file)" 2>>"$BATS_TEST_TMPDIR/invite.log"); }
value() { sed -n "s/^$1 = //p" "$(file)"; }
guest_address() { value Address | sed 's,/.*,,'; }
guest_up() {
	WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go ns g wg-quick up "$(file)" >>"$BATS_TEST_TMPDIR/quick.log" 2>&1
}
guest_down() { [ ! -S "/var/run/wireguard/$(GUEST).sock" ] || ns g wg-quick down "$(file)" >>"$BATS_TEST_TMPDIR/quick.log" 2>&1 || :; }

# With the router before it, and the party's members a (who is the hub) and b.
party_of_two() {
	host a --no-portmap "$@"
	join b "$INVITE"
	wait_until 10 pings b 10.66.0.1
}

@test "a guest of a hub behind NAT comes in through a port of the relay, and reaches everybody" {
	behind_nat
	party_of_two
	invite phone
	case $(value Endpoint) in 10.93.0.2:28[0-9][0-9][0-9]) ;; *) cat "$(file)"; false ;; esac
	is "$(value PersistentKeepalive)" 25
	is "$(value MTU)" 1280
	guest_up
	local ip
	ip=$(guest_address)
	wait_until 10 pings g 10.66.0.1
	wait_until 10 pings g "$(address b)"
	wait_until 10 pings b "$ip"
	pings a "$ip"
	one_lan "$ip"
}

calls() { ns "$1" "$ROOT/t/tools/lan.py" say "${@:2}"; }
# sniff NAME: what comes out of its interface goes to $BATS_TEST_TMPDIR/NAME.seen
sniff() {
	ns "$1" "$ROOT/t/tools/lan.py" sniff "$(ifn "$1")" >"$BATS_TEST_TMPDIR/$1.seen" 2>&1 3>&- </dev/null &
	started $!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/$1.seen"
}
# heard NAME TEXT FROM TO: how often that arrived there
heard() { jq -s "map(select(.text == \"$2\" and .src == \"$3\" and .dst == \"$4\")) | length" "$BATS_TEST_TMPDIR/$1.seen"; }
hears() { [ "$(heard "$@")" -ge 1 ]; }

# one_lan G: broadcast and multicast between the guest at address G, its hub a and the member b, each once.
one_lan() {
	local n b
	b=$(address b)
	for n in a b g; do sniff "$n"; done
	calls g 6112 255.255.255.255 6112 lobby 17
	wait_until 10 hears b lobby "$1" 255.255.255.255
	wait_until 10 hears a lobby "$1" 255.255.255.255
	# A broadcast address of another prefix, also of a /24 in the pool.
	calls g 8086 10.66.7.255 8086 narrow
	wait_until 10 hears b narrow "$1" 10.66.255.255
	calls b 6112 255.255.255.255 6112 answer
	wait_until 10 hears g answer "$b" 255.255.255.255
	calls b 8086 10.66.7.255 8086 wide
	wait_until 10 hears g wide "$b" 10.66.255.255
	# A game's group reaches the guest, which nobody asks what it joined.
	for n in a b; do ns $n lr-game apply minecraft-java >/dev/null; done
	calls b 4445 224.0.2.60 4445 motd 1
	wait_until 10 hears g motd "$b" 224.0.2.60
	ns b "$ROOT/t/tools/lan.py" join "$(ifn b)" 224.0.2.60 3>&- </dev/null &
	started $!
	joined() { calls g 4445 224.0.2.60 4445 join 1 && hears b join "$1" 224.0.2.60; }
	wait_until 10 joined "$1"
	# Each came once, and nothing came back to who sent it.
	calls a 9 255.255.255.255 9 last
	for n in b g; do wait_until 10 hears $n last 10.66.0.1 255.255.255.255; done
	for n in "b lobby $1 255.255.255.255" "a lobby $1 255.255.255.255" "b narrow $1 10.66.255.255" \
		"g answer $b 255.255.255.255" "a answer $b 255.255.255.255" "g motd $b 224.0.2.60"; do
		# shellcheck disable=SC2086
		is "$n $(heard $n)" "$n 1"
	done
	is "$(jq -s "map(select(.src == \"$1\")) | length" "$BATS_TEST_TMPDIR/g.seen")" 0
	is "$(jq -s "map(select(.src == \"$b\")) | length" "$BATS_TEST_TMPDIR/b.seen")" 0
}

# everybody G: the guest at address G reaches host and member, and they it.
everybody() { pings g 10.66.0.1 && pings g "$(address b)" && pings a "$1" && pings b "$1"; }

@test "a guest of a hub that can be reached comes straight to it; members are told, and nobody's address is taken" {
	relay_with_second_port
	party_of_two
	invite phone
	is "$(value Endpoint)" "10.93.1.2:$(peer a status --json | jq .listen_port)"
	guest_up
	local ip six
	ip=$(guest_address)
	six=$(value Address | sed 's/.*, //; s,/.*,,')
	wait_until 10 pings g 10.66.0.1
	wait_until 10 everybody "$ip"
	ns b ping -6 -q -c 1 -W 2 "$six"
	ns g ping -6 -q -c 1 -W 2 "$(peer a show b --json | jq -r .address6)"
	[ "$ip" != "$(address b)" ] && [ "$ip" != 10.66.0.1 ]
	# A datagram that is longer than the guest's MTU, and TCP's segments, come through whole.
	ns b ping -q -c 1 -W 2 -s 1400 "$ip"
	ns g ping -q -c 1 -W 2 -s 1400 "$(address b)"
	# The hub's rules hold for what passes through it: the guest's client has none of its own.
	ns g timeout 10 bash -c "until echo >/dev/tcp/$(address b)/445; do :; done" 2>/dev/null 3>&- &
	started $!
	wait_until 10 eval 'peer a status --json | jq -e ".drops.lan_service > 0" >/dev/null'
	# The guest is shown: at the hub as a peer, to others as the hub's.
	is "$(peer a show phone --json | jq -c '[.guest, .path.kind, .address]')" "[true,\"direct\",\"$ip\"]"
	peer a list | grep -q '^phone (guest) '
	peer a show phone | grep -q '^guest  *yes'
	peer a status | grep -q "^guests  *phone, $ip, reaches us at "
	peer b status | grep -q "^guests  *phone, $ip, through a"
	is "$(peer b status --json | jq -c '[.guests[0].hub, .guests[0].ready]')" '["a",true]'
	peer a status --json | json_ok status
	# What the system's forwarding is set to is no matter.
	is "$(ns a cat /proc/sys/net/ipv4/ip_forward)" 0
}

# relay_with_second_port: so that members find out whether anybody can reach them.
relay_with_second_port() {
	kill -TERM "$RELAY"
	wait_until 5 gone "$RELAY"
	spawn ns s lr-relay --second-port 3479
	wait_until 5 listens
	RELAY=$(ip netns pids "$TAG-s")
}

@test "the relay is killed and comes back, the hub is restarted: the guest's endpoint is still good" {
	only_all
	behind_nat
	party_of_two
	invite phone
	guest_up
	local ip
	ip=$(guest_address)
	wait_until 10 everybody "$ip"
	kill -KILL "$RELAY"
	wait_until 5 gone "$RELAY"
	run pings g 10.66.0.1
	[ "$status" != 0 ]
	relay_up
	# What the hub sends tells it that the relay was restarted; the relay answers who was heard since.
	wait_until 20 eval 'pings a "$ip" || pings g 10.66.0.1'
	wait_until 10 everybody "$ip"
	# The hub ends; the guest finds it again by itself, after WireGuard's 15 s without an answer.
	ns a lr-up --down "$(ifn a)"
	host a --no-portmap
	wait_until 20 peer a show phone
	is "$(peer a status --json | jq -r '.guests[0].endpoint')" "$(value Endpoint)"
	wait_until 60 pings g 10.66.0.1
	wait_until 20 everybody "$ip"
}

@test "a kick of a member leaves guests alone; a kicked guest is out, and nobody else notices" {
	behind_nat
	party_of_two
	join c "$INVITE"
	invite phone
	guest_up
	local ip epoch
	ip=$(guest_address)
	wait_until 10 everybody "$ip"
	local before
	before=$(value PresharedKey)
	epoch=$(peer a status --json | jq .epoch)
	peer a kick c
	is "$(peer a status --json | jq .epoch)" $((epoch + 1))
	wait_until 10 everybody "$ip"
	is "$(ns a wg show "$(ifn a)" preshared-keys | grep "^$(peer a show phone --json | jq -r .public_key)" | cut -f2)" "$before"
	# Also with a session that is made after it.
	guest_down
	guest_up
	wait_until 20 everybody "$ip"
	# Others cannot kick it, and are told who can.
	exits 1 peer b kick phone
	case $output in *"guest of a"*) ;; *) echo "$output"; false ;; esac
	epoch=$(peer a status --json | jq .epoch)
	peer a kick phone | grep -q "never knew"
	is "$(peer a status --json | jq .epoch)" "$epoch"
	run pings g 10.66.0.1
	[ "$status" != 0 ]
	run pings b "$ip"
	[ "$status" != 0 ]
	forgot a phone
	wait_until 5 eval 'peer b status --json | jq -e ".guests == []"'
	wait_until 5 lent_none
	# Its file is worth nothing after a restart either.
	ns a lr-up --down "$(ifn a)"
	host a --no-portmap
	wait_until 10 pings b 10.66.0.1
	run pings g 10.66.0.1
	[ "$status" != 0 ]
}
lent_none() { ! ns s ss -Hlun | grep -q ':28[0-9][0-9][0-9] '; }

# stranger PORT [SOURCE]: sends what looks like WireGuard from ever new ports, and prints what came and went; as
# SOURCE what is answered goes there.
stranger() {
	ns g python3 - 10.93.0.2 "$@" <<-'END'
		import os, select, socket, struct, sys
		to = (sys.argv[1], int(sys.argv[2]))
		sent = got = worst = 0
		for kind, size in ((1, 148), (2, 92), (3, 64), (4, 32), (4, 1400), (0, 148), (9, 600)) * 8:
		    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    s.bind((sys.argv[3] if len(sys.argv) > 3 else '', 0))
		    n = s.sendto(struct.pack('<I', kind) + os.urandom(size - 4), to)
		    back = 0
		    while select.select([s], [], [], 0.03)[0]:
		        back += len(s.recv(65536))
		    sent, got, worst = sent + n, got + back, max(worst, back - n)
		print(sent, got, worst)
	END
}

@test "a stranger at a lent port gets no more than he sent, nor does whom he pretends to be, and disturbs nobody" {
	behind_nat
	party_of_two
	invite phone
	local ip port out
	ip=$(guest_address)
	port=$(value Endpoint | sed 's/.*://')
	# The guest comes in while somebody floods its port with what could be a handshake.
	spawn ip netns exec "$TAG-c" /usr/bin/python3 "$ROOT/t/tools/onlooker.py" flood "10.93.0.2:$port" 1000000 01 148
	wait_until 5 dropped lent_rate
	guest_up
	wait_until 20 everybody "$ip"
	ip netns pids "$TAG-c" | xargs -r kill
	wait_until 5 nobody_in c
	# Who is c now sends nothing: what comes to it comes because g says that it is c.
	ns g ip addr add 10.93.3.2/32 dev lo
	ns r nft -f - <<-END
		table ip c {
			chain f { type filter hook forward priority 10; ip daddr 10.93.3.2 udp sport $port counter; }
		}
	END
	out=$(stranger "$port" 10.93.3.2)
	ns g ip addr del 10.93.3.2/32 dev lo
	[ "$(counted c | cut -d' ' -f2)" -le "${out%% *}" ] || { echo "$out, to c: $(counted c)"; false; }
	out=$(stranger "$port")
	read -r sent got worst <<<"$out"
	[ "$sent" -gt 15000 ] && [ "$worst" -le 0 ] && [ "$got" -le "$sent" ] || { echo "$out"; false; }
	wait_until 10 everybody "$ip"
	dropped lent_foreign
}
dropped() { ns s curl -s http://127.0.0.1:3478/metrics | grep -q "reason=\"$1\"} [1-9]"; }

listens_on() { ns s ss -Hlun "sport = :$1" | grep -q .; }
silent_on() { ! listens_on "$1"; }

@test "a port that is lent to one member is nobody else's, and goes with him when he is kicked" {
	local port
	need "$MEMBER" curl
	talk_up a b c
	say 'bind a' 'bind b' 'bind c' 'lend a 0 7' 'lend c 0 7'
	wait_until 10 said 5
	port=$(awk '/^lent a/ { print $3 }' "$BATS_TEST_TMPDIR/out")
	listens_on "$port"
	# Asked for by another, under any tag; given back by another; and by who has no channel.
	say "lend b $port 7" "lend b $port 8" "return b $port 7" "return c $port 7" "move c" "return c $port 7" "lend a 0 7"
	wait_until 20 said 12
	is "$(sed -n 6,12p "$BATS_TEST_TMPDIR/out")" "$(printf '%s\n' "refused b full" "refused b full" "refused b released" "refused c released" moved "refused c unbound" "lent a $port")"
	listens_on "$port"
	"$MEMBER" kick "$TALK" a b c
	is "$(put s "$(url)" <"$TALK/charter")" 200
	wait_until 5 silent_on "$port"
	# Not even for the moment before it is noticed: it is nobody's, and he gets no other.
	say "lend a $port 7" "bind a"
	wait_until 10 said 14
	exec 5>&-
	is "$(sed -n 13,14p "$BATS_TEST_TMPDIR/out")" $'refused a unbound\nrefused a member'
	listens_on "$(awk '/^lent c/ { print $3 }' "$BATS_TEST_TMPDIR/out")"
}

@test "the file: off a terminal nothing else on stdout, a QR code on one, an object with --json" {
	host a --no-portmap
	peer a invite --wireguard phone >"$(file)" 2>"$BATS_TEST_TMPDIR/err"
	is "$(head -n 1 "$(file)")" "[Interface]"
	is "$(value AllowedIPs)" "$(peer a status --json | jq -r '[.pool, .ula, "255.255.255.255/32", "224.0.0.0/4", "ff00::/8"] | join(", ")')"
	case $(value Address) in 10.66.*/16,\ fd*/64) ;; *) false ;; esac
	is "$(value PresharedKey | wg pubkey | wc -c)" 45
	grep -q 'phone comes through the relay 10.93.0.2' "$BATS_TEST_TMPDIR/err"
	peer a invite --wireguard tablet --endpoint play.example:4000 --json >"$BATS_TEST_TMPDIR/json"
	json_ok guest <"$BATS_TEST_TMPDIR/json"
	is "$(jq -r '.wg_quick' "$BATS_TEST_TMPDIR/json" | grep -c 'Endpoint = play.example:4000')" 1
	# The private key is nowhere but in the file.
	local key
	key=$(value PrivateKey)
	is "$(echo "$key" | wg pubkey)" "$(peer a show phone --json | jq -r .public_key)"
	run grep -rF "$key" "$LR_STATE_DIR"
	is "$status" 1
	is "$(peer a export | grep -c PrivateKey)" 0
	is "$(peer a export --private | grep -c PrivateKey)" 1
	run eval 'peer a export --private | grep -F "$key"'
	[ "$status" != 0 ]
	# On a terminal, a code beside it, which fits into 80 columns.
	script -qec "stty cols 80; ip netns exec $TAG-a env LR_RUN_DIR=$LR_RUN_DIR/a lr-peer --iface $(ifn a) invite --wireguard watch" \
		/dev/null >"$BATS_TEST_TMPDIR/tty"
	grep -q '\[Peer\]' "$BATS_TEST_TMPDIR/tty"
	grep -q '█' "$BATS_TEST_TMPDIR/tty"
	exits 1 peer a invite --wireguard phone
	exits 1 peer a invite --wireguard a
	exits 2 peer a invite --wireguard phone2 --once
	exits 2 peer a invite --endpoint x:1
	exits 2 peer a invite --wireguard phone2 --endpoint 'no such'
	exits 2 peer a invite --wireguard '-x'
	is "$(peer a list --json | jq -r .peer | sort | tr '\n' ' ')" "phone tablet watch "
}

@test "a relay that lends no ports: it is said, and no guest is left behind" {
	only_all
	kill -TERM "$RELAY"
	wait_until 5 gone "$RELAY"
	spawn ns s lr-relay --guest-ports none
	wait_until 5 listens
	behind_nat
	host a --no-portmap
	exits 1 peer a invite --wireguard phone
	case $output in *"lends no port"*) ;; *) echo "$output"; false ;; esac
	is "$(peer a list --json)" ""
	exits 2 ns s lr-relay --guest-ports 9-1
}

@test "a hub whose network drops UDP: its guest comes through the relay, and there over TCP" {
	only_all
	ns r nft -f - <<-'END'
		table ip n {
			chain forwarded { type filter hook forward priority filter; iifname ra meta l4proto udp drop; }
		}
	END
	party_of_two
	invite phone
	case $(value Endpoint) in 10.93.0.2:28*) ;; *) cat "$(file)"; false ;; esac
	guest_up
	wait_until 20 pings g 10.66.0.1
	wait_until 20 everybody "$(guest_address)"
}
