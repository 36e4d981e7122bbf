# lr-up: from the command line to an interface, and back to nothing
load helper

minimal() { lr_conf a 10.66.0.1/24 "$@"; }

iface_gone() { ! ip -n "$(nsname a)" link show "$(ifn a)" 2>/dev/null; }

@test "returns when the interface is up with its addresses, and --down leaves nothing" {
	ns_make a
	minimal 51820
	lr_conf_peer a b 10.66.0.2/32,10.77.0.0/16,fd66::2/128
	run ns a lr-up --config "$(conf a)" --iface "$(ifn a)"
	is "$status" 0
	[[ $output == "$(ifn a) is up: 10.66.0.1/24, port 51820, pid "* ]]
	pid=${output##* }
	echo "$pid" >>"$PIDS"
	ip -n "$(nsname a)" -br addr show "$(ifn a)" | grep -q '10.66.0.1/24'
	is "$(ip -n "$(nsname a)" route show 10.77.0.0/16)" "10.77.0.0/16 dev $(ifn a) proto static scope link "
	is "$(ip -n "$(nsname a)" route show 10.66.0.2)" "" "what the address covers needs no route"
	[ -S "/var/run/wireguard/$(ifn a).sock" ]
	exits 0 ns a lr-up --down "$(ifn a)"
	is "$output" "$(ifn a) is down"
	gone "$pid"
	iface_gone
	[ ! -e "/var/run/wireguard/$(ifn a).sock" ]
	is "$(ls "$LR_RUN_DIR/a")" ""
}

@test "its output can be captured: the background node holds none of the caller's descriptors" {
	ns_make a
	minimal
	out=$(timeout 20 ip netns exec "$(nsname a)" lr-up --config "$(conf a)" --iface "$(ifn a)" --json)
	json_ok up <<<"$out"
	pid=$(jq .pid <<<"$out")
	echo "$pid" >>"$PIDS"
	is "$(jq -r .address <<<"$out")" 10.66.0.1
	for fd in 0 1 2; do is "$(readlink "/proc/$pid/fd/$fd")" /dev/null; done
	is "$(readlink "/proc/$pid/cwd")" /
}

@test "SIGTERM in the foreground ends it with 0 and leaves nothing behind" {
	ns_make a
	minimal
	node_up a
	wg show "$(ifn a)" | grep -q 'interface:'
	node_down "$NODE"
	iface_gone
	[ ! -e "/var/run/wireguard/$(ifn a).sock" ]
	is "$(ls "$LR_RUN_DIR/a")" ""
}

@test "the identity is made on first use, 0600, and never overwritten" {
	ns_make a
	printf '[Interface]\nAddress = 10.66.0.1/24\n' >"$(conf a)"
	node_up a
	is "$(stat -c %a "$LR_STATE_DIR/a/identity.key")" 600
	before=$(cat "$LR_STATE_DIR/a/identity.key")
	is "$(wg show "$(ifn a)" public-key)" "$(wg pubkey <<<"$before")"
	node_down "$NODE"
	node_up a
	is "$(cat "$LR_STATE_DIR/a/identity.key")" "$before"
	node_down "$NODE"
	echo rubbish >"$LR_STATE_DIR/a/identity.key"
	exits 1 ns a lr-up --config "$(conf a)" --iface "$(ifn a)"
	[[ $output == *"identity.key: is damaged"* ]]
	is "$(cat "$LR_STATE_DIR/a/identity.key")" rubbish
	iface_gone
}

# bad TEXT MESSAGE: the file TEXT is refused with one line that begins so, and nothing is started
bad() {
	printf "$1" >"$BATS_TEST_TMPDIR/bad.conf"
	run ns a lr-up --config "$BATS_TEST_TMPDIR/bad.conf" --iface "$(ifn a)"
	is "$status" 2 "$1"
	[[ $output == "lr-up: $BATS_TEST_TMPDIR/bad.conf:$2"* ]] || is "$output" "$2"
	is "$(wc -l <<<"$output")" 1
	iface_gone
}

@test "a wrong configuration: one line with file and line, exit 2, nothing started" {
	ns_make a
	k=$(wg genkey)
	bad "[Interface]\nPrivateKey = abc\n" "2: "
	bad "[Interface]\nPrivateKey = $k\nColour = red\n" "3: "
	bad "[Interface]\nPrivateKey = $k\n[Peer]\nAllowedIPs = 10.0.0.0/8\n" "3: "
	bad "[Interface]\nPrivateKey = $k\nAddress = 10.0.0.300/8\n" "3: "
	bad "[Interface]\nPrivateKey = $k\n[Peer]\nPublicKey = $(wg pubkey <<<"$k")\n" "3: "
	p=$(wg genkey | wg pubkey)
	bad "[Interface]\nPrivateKey = $k\n[Peer]\nPublicKey = $p\n[Peer]\nPublicKey = $p\n" "5: "
	bad "[Interface]\nPrivateKey = $k\nMTU = 0x\\\\000\n" "3: "
	bad "PrivateKey = $k\n" "1: "
	exits 2 ns a lr-up --config "$BATS_TEST_TMPDIR/nowhere.conf"
	[[ $output == *"nowhere.conf"*"No such file"* ]]
	exits 2 ns a lr-up --config "$BATS_TEST_TMPDIR"
	head -c 9000000 /dev/zero | tr '\0' '#' >"$BATS_TEST_TMPDIR/huge.conf"
	exits 2 ns a lr-up --config "$BATS_TEST_TMPDIR/huge.conf"
	printf '[Interface]\0\nPrivateKey = x\n' >"$BATS_TEST_TMPDIR/nul.conf"
	exits 2 ns a lr-up --config "$BATS_TEST_TMPDIR/nul.conf"
	[[ $output == *"nul.conf:1: "* ]]
}

@test "CRLF, DNS with a note, PostUp refused with a note and not run" {
	ns_make a
	printf '[Interface]\r\nPrivateKey = %s\r\nAddress = 10.66.0.1/24\r\nDNS = 1.1.1.1\r\nPostUp = touch %s\r\n' \
		"$(wg genkey)" "$BATS_TEST_TMPDIR/ran" >"$(conf a)"
	node_up a
	grep -q "a.conf:4: DNS" "$BATS_TEST_TMPDIR/a.log"
	grep -q "a.conf:5: PostUp" "$BATS_TEST_TMPDIR/a.log"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "the command line: what excludes each other, what is missing, what is mistyped" {
	exits 2 lr-up --tun --tap --config x
	exits 2 lr-up --config x --down
	exits 2 lr-up --confg x
	[[ $output == *"--config"* ]]
	exits 2 lr-up --config x --ready-fd 77
	exits 4 lr-up --status
	exits 4 lr-up --down
	exits 0 lr-up --version
}

@test "without rights: exit 77 and what to do" {
	need_root
	minimal
	run setpriv --reuid 65534 --clear-groups env LR_STATE_DIR=/nonexistent LR_RUN_DIR=/nonexistent \
		"$BIN/lr-up" --config - --iface "$(ifn a)" <"$(conf a)"
	is "$status" 77
	[[ $output == *root* ]]
}

@test "a name that is taken, a port that is taken: exit 1, nothing left behind" {
	ns_make a
	minimal 51820
	node_up a
	exits 1 ns a lr-up --config "$(conf a)" --iface "$(ifn a)"
	[[ $output == *"in use"* ]]
	exits 1 ns a lr-up --config "$(conf a)" --iface "$(ifn x)"
	[[ $output == *"port 51820"* ]]
	! ip -n "$(nsname a)" link show "$(ifn x)" 2>/dev/null
}

@test "a route of the real LAN is not overridden" {
	ns_make a b
	ns_link a eth0 10.50.0.1/24 b eth0 10.50.0.2/24
	minimal
	lr_conf_peer a b 10.50.0.0/24
	exits 1 ns a lr-up --config "$(conf a)" --iface "$(ifn a)"
	[[ $output == *"10.50.0.0/24"*"already routed"* ]]
	iface_gone
	sed -i '/^Address/a Table = off' "$(conf a)"
	node_up a
}

@test "a stale UAPI socket is replaced; a foreign live one is left alone and the node runs without" {
	ns_make a
	minimal
	mkdir -p /var/run/wireguard
	sock=/var/run/wireguard/$(ifn a).sock
	perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die' "$sock"
	[ -S "$sock" ]
	node_up a
	wg show "$(ifn a)" public-key | grep -qx "$(pub a)"
	node_down "$NODE"
	[ ! -e "$sock" ]
	spawn perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Local => shift, Listen => 1) or die; sleep 60' "$sock"
	wait_until 5 test -S "$sock"
	inode=$(stat -c %i "$sock")
	node_up a
	grep -q "another process answers" "$BATS_TEST_TMPDIR/a.log"
	node_down "$NODE"
	is "$(stat -c %i "$sock")" "$inode"
	rm -f "$sock"
}

@test "three nodes on one machine share a run folder; --iface chooses, exit 2 lists them" {
	ns_make a b c
	export LR_RUN_DIR=$BATS_TEST_TMPDIR/shared
	for n in a b c; do
		lr_conf $n 10.66.0.1/24
		LR_STATE_DIR=$LR_STATE_DIR/$n ip netns exec "$(nsname $n)" lr-up --config "$(conf $n)" --iface "$(ifn $n)" --json >"$BATS_TEST_TMPDIR/$n.json"
		jq .pid "$BATS_TEST_TMPDIR/$n.json" >>"$PIDS"
	done
	is "$(lr-up --status --json | jq -r .iface | sort | tr '\n' ' ')" "$(ifn a) $(ifn b) $(ifn c) "
	exits 2 lr-peer list
	for n in a b c; do [[ $output == *"$(ifn $n)"* ]]; done
	exits 0 lr-peer --iface "$(ifn b)" list
	exits 2 lr-up --down
	for n in a b c; do exits 0 lr-up --down "$(ifn $n)"; done
	exits 4 lr-up --status
}

@test "a default route goes through a table of its own, and its rules are gone at the end" {
	two_hosts
	lr_conf a 10.66.0.1/24 51820
	lr_conf b 10.66.0.2/24 51820
	lr_conf_peer a b 0.0.0.0/0 $B4:51820
	lr_conf_peer b a 10.66.0.1/32
	node_up b
	node_up a
	a=$NODE
	ns a ping -c 1 -W 2 10.66.0.2
	ns a ping -c 1 -W 2 10.91.1.1
	ns a ip rule | grep -q "not from all fwmark 0xca6c lookup 51820"
	node_down "$a"
	! ns a ip rule | grep -q 51820
}
