# Hosting and joining, from the command line: what is printed, what is refused, what is left behind.
# t/run: long
load helper

# host NAME [OPTION]...: a party hosted on machine NAME; its invite in $INVITE, the rest in NAME.log
host() {
	local name=$1
	shift
	INVITE=$(timeout 20 env LR_STATE_DIR="$LR_STATE_DIR/$name" LR_RUN_DIR="$LR_RUN_DIR/$name" \
		ip netns exec "$(nsname "$name")" lr-up --iface "$(ifn "$name")" --name "$name" "$@" \
		2>>"$BATS_TEST_TMPDIR/$name.log") || return
	pid_of "$name" >>"$PIDS"
}

# join NAME WORD [OPTION]...
join() {
	local name=$1
	shift
	ns "$name" timeout 20 lr-up --iface "$(ifn "$name")" --name "$name" "$@" 2>>"$BATS_TEST_TMPDIR/$name.log" || return
	pid_of "$name" >>"$PIDS"
}

pid_of() { ns "$1" lr-up --status --json "$(ifn "$1")" | jq .pid; }
# hosts: a and b behind router r, with addresses that are nobody's private ones: no router is asked.
hosts() {
	A4=203.0.113.7 B4=198.51.100.9
	ns_make r a b
	ns_forward r
	ns_link a eth0 $A4/24 r ra 203.0.113.1/24
	ns_link b eth0 $B4/24 r rb 198.51.100.1/24
	ip -n "$(nsname a)" route add default via 203.0.113.1
	ip -n "$(nsname b)" route add default via 198.51.100.1
}

# home NAME: a private address behind a router that knows no protocol for ports.
home() {
	ns_make r
	ns_link "$1" eth0 192.168.7.2/24 r ra 192.168.7.1/24
	ip -n "$(nsname "$1")" route add default via 192.168.7.1
}

log_of() { cat "$BATS_TEST_TMPDIR/$1.log"; }
iface_gone() { ! ip -n "$(nsname "$1")" link show "$(ifn "$1")" 2>/dev/null; }
relay_on() { ns "$1" ss -Hltn "sport = :${2:-3478}" | grep -q .; }

@test "lr-up hosts: standard output is the invite and a newline; it returns, and its relay runs" {
	hosts
	host a
	[[ $INVITE == lr://$A4/a#* ]]
	is "$(wc -l <<<"$INVITE")" 1
	grep -q "^$(ifn a) is up: 10.66.0.1/16, party a, pid [0-9]*$" "$BATS_TEST_TMPDIR/a.log"
	relay_on a
	pid=$(pid_of a)
	for fd in 0 1 2; do is "$(readlink "/proc/$pid/fd/$fd")" /dev/null; done
	relay=$(pgrep -P "$pid" -x lr-relay)
	grep -q '^CapEff:	0*2$' "/proc/$relay/status"
	exits 0 ns a lr-up --down
	gone "$pid"
	wait_until 5 gone "$relay"
	iface_gone a
	! relay_on a
	is "$(ls "$LR_RUN_DIR/a")" ""
}

@test "lr-up INVITE joins, lr-up - reads the invite; it is not in the list of processes" {
	hosts
	ns_make c
	ns_link c eth0 192.0.2.7/24 r rc 192.0.2.1/24
	ip -n "$(nsname c)" route add default via 192.0.2.1
	host a
	out=$(join b "$INVITE")
	[[ $out == "$(ifn b) is up: 10.66."*"/16, party a, pid "* ]]
	! tr '\0' '\n' <"/proc/$(pid_of b)/cmdline" | grep -q lr://
	join c - <<<"  $INVITE  " >/dev/null
	for n in b c; do wait_until 5 ns a lr-peer show $n; done
	is "$(ns a lr-peer list --json | jq -r .address | sort -u | wc -l)" 2
	# Everyone reaches everyone.
	wait_until 5 ns b lr-peer ping -c 1 c
	wait_until 5 ns c lr-peer ping -c 1 a
	exits 0 ns b lr-peer explain c
	[[ ${lines[0]} == "c is reached "* ]]
	exits 0 ns c lr-peer netcheck
	[[ $output == *"relays for us"* ]]
	# A member may invite, but not kick.
	[[ $(ns b lr-peer invite) == lr://* ]]
	exits 1 ns b lr-peer kick c
	[[ $output == *"host"* ]]
}

@test "a one-time invite is good once; a kicked member's node ends, and old invites are void" {
	hosts
	host a
	once=$(ns a lr-peer invite --once --for 2h)
	[ "$once" != "$INVITE" ]
	join b "$once" >/dev/null
	wait_until 5 ns a lr-peer show b
	pid=$(pid_of b)
	exits 0 ns b lr-peer rename bobby
	wait_until 5 ns a lr-peer show bobby
	exits 0 ns a lr-peer kick bobby
	[[ $output == "bobby is out, and all invites"*"void"* ]]
	wait_until 5 gone "$pid"
	iface_gone b
	exits 1 ns a lr-peer show bobby
	rm -r "$LR_STATE_DIR/b"
	for invite in "$once" "$INVITE"; do
		exits 1 ns b lr-up --iface "$(ifn b)" "$invite"
		[[ $output == *"ask for "* ]]
		iface_gone b
		is "$(ls "$LR_STATE_DIR/b/parties" 2>/dev/null)" ""
	done
	join b "$(ns a lr-peer invite)" >/dev/null
	wait_until 5 ns b lr-peer ping -c 1 a
}

@test "a hosted party goes on: the same invite, the same address, its members" {
	hosts
	host a
	first=$INVITE
	join b "$INVITE" >/dev/null
	address=$(ns b lr-peer status --json | jq -r '.addresses[0]')
	exits 1 ns a lr-up
	[[ $output == *"runs already, on $(ifn a)"* ]]
	exits 0 ns a lr-up --down
	host a
	is "$INVITE" "$first"
	exits 0 ns b lr-up --down
	join b a >/dev/null
	wait_until 5 ns b lr-peer ping -c 1 a
	is "$(ns b lr-peer status --json | jq -r '.addresses[0]')" "$address"
	# --new begins another, beside it.
	other=$(ns a timeout 20 lr-up --new --iface "$(ifn x)" --name a)
	ns a lr-up --status --json "$(ifn x)" | jq .pid >>"$PIDS"
	[[ $other == lr://$A4:3479/a-2#* ]]
	relay_on a 3479
}

@test "a relay of somebody's: lr-relay elsewhere, --relay names it, none runs here" {
	hosts
	mkfifo "$BATS_TEST_TMPDIR/ready"
	ns b lr-relay --listen :4000 --state "$BATS_TEST_TMPDIR/relay" --ready-fd 9 9>"$BATS_TEST_TMPDIR/ready" \
		>>"$BATS_TEST_TMPDIR/relay.log" 2>&1 3>&- &
	echo $! >>"$PIDS"
	read -r -t 10 _ <"$BATS_TEST_TMPDIR/ready" || :
	host a --relay $B4:4000
	[[ $INVITE == lr://$B4:4000/a#* ]]
	! relay_on a
	exits 0 ns a lr-up --down
	# The same by LR_RELAY, and the same party.
	was=$INVITE
	LR_RELAY=$B4:4000 host a
	is "$INVITE" "$was"
}

@test "a relay that refuses is asked for 3 s: exit 4, one line, nothing left behind" {
	hosts
	run --separate-stderr ns a timeout 20 lr-up --relay $B4:4000 --iface "$(ifn a)"
	is "$status" 4
	is "$output" ""
	is "$(wc -l <<<"$stderr")" 1
	[[ $stderr == "lr-up: "*"$B4:4000"* ]]
	iface_gone a
	is "$(ls "$LR_RUN_DIR/a" 2>/dev/null)" ""
	is "$(ls "$LR_STATE_DIR/a/parties" 2>/dev/null)" ""
	# One that comes up meanwhile is found.
	spawn ns a timeout 20 lr-up --relay $B4:4000 --iface "$(ifn a)" --foreground
	wait_until 2 ip -n "$(nsname a)" link show "$(ifn a)"
	spawn ns b lr-relay --listen :4000 --state "$BATS_TEST_TMPDIR/relay"
	wait_until 5 grep -q '^lr://' "$BATS_TEST_TMPDIR/ns.log"
}

@test "what is no invite: exit 2, one line that does not repeat it, and nothing is started" {
	hosts
	host a
	code=${INVITE#*#}
	for bad in lr:// lr://x "lr://$A4/a" "lr://$A4/a#" "${INVITE%?}" "${INVITE}x" "${INVITE/\/a#/\/b#}" \
		"lr://$A4/a#Z${code#?}" "http://$A4/a#$code" "no:invite"; do
		run ns b lr-up --iface "$(ifn b)" "$bad"
		is "$status" 2 "$bad"
		is "$(wc -l <<<"$output")" 1
		[[ $output != *"${code:2:20}"* ]]
	done
	exits 2 ns b lr-up - </dev/null
	exits 2 ns b lr-up nobodysparty
	[[ $output == *"neither an invite"*"nor a party"* ]]
	iface_gone b
	is "$(ls "$LR_RUN_DIR/b" 2>/dev/null)" ""
}

@test "the command line of parties: what is wrong or does not go together" {
	exits 2 lr-up --relay 'a b'
	[[ $output == *"--relay: 'a b' is not HOST or HOST:PORT"* ]]
	exits 2 lr-up --relay a,b,c,d,e
	exits 2 lr-up --public a:0
	exits 2 lr-up --relay a --public b
	exits 2 lr-up --punch-budget much
	exits 2 lr-up --new lr://x/y#z
	exits 2 lr-up --relay x --config y
	exits 2 lr-up --hide-address --down
	exits 2 lr-up one two
	exits 4 lr-peer invite
	exits 2 lr-peer invite --for 2
	[[ $output == *"--for"*"30m"* ]]
	exits 2 lr-peer invite --for 31d
	exits 2 lr-peer kick
	exits 4 lr-peer explain bob
	exits 4 lr-peer netcheck
}

@test "a node without a party says so" {
	ns_make a
	lr_conf a 10.66.0.1/24
	node_up a
	for verb in invite netcheck "kick x" "explain x" "rename x"; do
		# shellcheck disable=SC2086
		exits 1 ns a lr-peer $verb
		[[ $output == *"in no party"* ]]
	done
}

@test "who can reach the relay: told when nobody outside can, and what to do" {
	ns_make a
	host a
	[[ $INVITE == lr://127.0.0.1/a#* ]]
	log_of a | grep -q "this machine has no way to the internet"
	exits 0 ns a lr-up --down
	home a
	host a --new
	[[ $INVITE == lr://192.168.7.2/a-2#* ]]
	log_of a | grep -q "nobody outside your network can join: let the router forward TCP and UDP port 3478 to 192.168.7.2"
	exits 0 ns a lr-up --down
	host a --new --public 203.0.113.5:4000
	[[ $INVITE == lr://203.0.113.5:4000,192.168.7.2/a-3#* ]]
}

@test "a pool that meets a network: the host founds elsewhere, a joiner is told and keeps its network" {
	hosts
	host a
	ns_make l
	ns_link b lan0 10.66.128.1/17 l x 10.66.128.2/17
	join b "$INVITE" >/dev/null
	log_of b | grep -q "10.66.128.0/17 of lan0 overlaps the party's 10.66.0.0/16"
	is "$(ns b ip -4 -o addr show "$(ifn b)" | grep -c '/32')" 1
	ns b ip route get 10.66.128.2 | grep -q 'dev lan0'
	wait_until 5 ns b lr-peer ping -c 1 a
	exits 0 ns b lr-up --down
	# Now the host's own address lies in it: IPv6 only, but with --force.
	ip -n "$(nsname b)" addr flush dev lan0
	ip -n "$(nsname b)" addr add 10.66.0.9/24 dev lan0
	join b a >/dev/null
	ns b ip route get 10.66.0.1 | grep -q 'dev lan0'
	wait_until 5 ns b lr-peer ping -6 -c 1 a
	exits 0 ns b lr-up --down
	join b a --force >/dev/null
	ns b ip route get 10.66.0.1 | grep -q "dev $(ifn b)"
	ns b ip route get 10.66.0.7 | grep -q 'dev lan0'
	wait_until 5 ns b lr-peer ping -c 1 a
	exits 0 ns b lr-up --down
	host b
	is "$(ns b lr-peer status --json | jq -r '.pool == "10.66.0.0/16"')" false
}

@test "hidden: members get no address, all goes over the relay, status and explain say so" {
	hosts
	host a
	join b "$INVITE" --hide-address >/dev/null
	wait_until 5 ns b lr-peer ping -c 1 a
	is "$(ns b lr-peer show a --json | jq -r .path.kind)" relay
	is "$(ns b lr-peer status --json | jq .hidden)" true
	ns b lr-peer status | grep -q '^hidden '
	ns a lr-peer explain b | head -n 1 | grep -qi 'hid'
	is "$(ns a lr-peer explain b --json | jq '.candidates | length')" 0
}

@test "on a terminal the invite comes with its QR code" {
	need script
	hosts
	script -qec "stty cols 120; LR_STATE_DIR=$LR_STATE_DIR/a LR_RUN_DIR=$LR_RUN_DIR/a \
		ip netns exec $(nsname a) lr-up --iface $(ifn a) --name a" /dev/null >"$BATS_TEST_TMPDIR/page" </dev/null
	pid_of a >>"$PIDS"
	grep -q '^lr://' "$BATS_TEST_TMPDIR/page"
	[ "$(grep -c '█' "$BATS_TEST_TMPDIR/page")" -gt 20 ]
	# A narrow one shows none, and the link all the same.
	script -qec "stty cols 40; LR_STATE_DIR=$LR_STATE_DIR/a LR_RUN_DIR=$LR_RUN_DIR/a \
		ip netns exec $(nsname a) lr-peer invite" /dev/null >"$BATS_TEST_TMPDIR/page" </dev/null
	grep -q '^lr://' "$BATS_TEST_TMPDIR/page"
	! grep -q '█' "$BATS_TEST_TMPDIR/page"
}
