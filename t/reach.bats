#!/usr/bin/env bats
# Members behind every kind of NAT: which path results, and why. t/lab/README.md has the kinds; the relay's
# two addresses let each node find out how its own router behaves.
# t/run: long
load helper
load lab
load labparty

KINDS=(open firewall fullcone restricted port portshift symmetric sequential addrmap dmz double twice)
DEFAULT=(firewall restricted port portshift symmetric sequential)

setup() {
	lr_setup
	need lr-relay lr-meet jq
}

# home NAME: the item of the lab for a home that is called as its kind, or its kind and a digit.
home() {
	case $1 in
	double*) echo "$1=port,cg=symmetric" ;;
	twice*) echo "$1=portshift,cg=port" ;;
	*) echo "$1=${1%%[0-9]*}" ;;
	esac
}

# want A B: path and reason that two kinds must come to (what is simple takes no prediction nor luck).
want() {
	case "$1 $2" in
	*open* | *fullcone* | *dmz*) echo direct reachable ;;
	*restricted*) echo direct punched ;;
	*) case "$(constant "$1")$(constant "$2") $1 $2" in
		yesyes*) echo direct punched ;;
		nono*) echo relay both_symmetric ;;
		*) echo direct met ;;
		esac ;;
	esac
}
constant() {
	case $1 in symmetric* | sequential* | addrmap* | double*) echo no ;; *) echo yes ;; esac
}

# settled A B: both ends have come to the path of that pair and say why. A symmetric NAT is met by a
# prediction or a search, and the end that was met says that it was simply opened.
settled() {
	local kind why one other
	read -r kind why <<<"$(want "$1" "$2")"
	paths_are "$kind" "$1" "$2" || return
	one=$(reason "$1" "$2") other=$(reason "$2" "$1")
	if [ "$why" = met ]; then
		[[ "$one $other" =~ ^(predicted|searched|punched)\ (predicted|searched|punched)$ ]]
	else
		[ "$one $other" = "$why $why" ]
	fi
}

# all_settled SECONDS NAME...: every pair of them; says which did not.
all_settled() {
	local left=() pair seconds=$1 a b
	shift
	for a; do for b; do [[ $a < $b ]] && left+=("$a $b"); done; done
	wait_until "$seconds" none_left && return
	for pair in "${left[@]}"; do
		read -r a b <<<"$pair"
		echo "$a x $b, wanted: $(want "$a" "$b")"
		explained "$a" "$b"
		explained "$b" "$a"
	done
	return 1
}
none_left() {
	local pair still=()
	for pair in "${left[@]}"; do
		# shellcheck disable=SC2086
		settled $pair || still+=("$pair")
	done
	left=("${still[@]}")
	[ ${#left[@]} = 0 ]
}

@test "a party behind six kinds of NAT: each pair has the path that it can have, and says why" {
	local items=() k
	for k in "${DEFAULT[@]}"; do items+=("$(home $k)"); done
	lab_up "${items[@]}"
	relay_on
	party "${DEFAULT[@]}"
	all_settled 160 "${DEFAULT[@]}"
	for k in "${DEFAULT[@]:1}"; do pings "$k" firewall; done
	explained symmetric sequential | grep -q "both routers give every destination another port"
	explained port symmetric | grep -q "a search over many ports met the symmetric NAT"
	explained port restricted | grep -q "directly at $(lab addr restricted wan):.* address-restricted NAT"
}

@test "every pair of NAT behaviours, carrier NATs included" {
	only_all
	local items=() k
	for k in "${KINDS[@]}"; do items+=("$(home $k)" "$(home ${k}2)" "$(home ${k}3)"); done
	lab_up "${items[@]}"
	relay_on
	party "${KINDS[@]}"
	all_settled 150 "${KINDS[@]}"
	for k in "${KINDS[@]}"; do party "${k}2" "${k}3"; done
	for k in "${KINDS[@]}"; do all_settled 30 "${k}2" "${k}3"; done
}

# --- houses, carriers, IPv6 --------------------------------------------------------------------

@test "same house, same carrier, the same private addresses in two houses" {
	lab_up isp=fullcone,carrier,hairpin a=port,cg=isp,lan=192.168.1,hosts=2 b=port,cg=isp,lan=192.168.1 c=symmetric
	relay_on
	party a a2 b c
	wait_until 30 reason_is same_lan a a2
	wait_until 30 reason_is same_lan a2 a
	explained a a2 | grep -q "on the same network"
	# Both are behind the carrier's one public address, and that is how they meet.
	wait_until 30 paths_are direct a b
	is "$(on a lr-peer show b --json | jq -r '.path.endpoint | split(":")[0]')" "$(lab addr isp wan)"
	is "$(reason a b)" hairpin
	wait_until 30 paths_are direct a c
	pings b a
	pings b a2
	pings c a2
}

@test "IPv6 behind stateful firewalls joins what no IPv4 can" {
	lab_up relay=relay a=symmetric,v6 b=addrmap,v6
	relay_on
	party a b
	wait_until 30 paths_are direct a b
	is "$(reason a b) $(reason b a)" "ipv6 ipv6"
	is "$(on a lr-peer show b --json | jq -r .path.endpoint | cut -d']' -f1)" "[$(lab addr b v6)"
	pings b a
}

@test "without a budget for punching, and with hidden addresses, the relay carries and explain says why" {
	lab_up a=port b=symmetric c=open
	relay_on
	host a --punch-budget 0,0
	join b
	join c --hide-address
	wait_until 20 reason_is no_budget a b
	explained a b | grep -q "larger --punch-budget"
	wait_until 20 reason_is hidden a c
	wait_until 20 reason_is hidden b c
	explained b c | grep -q "the other end hides its addresses"
	explained c b | grep -q "this end hides its addresses"
	paths_are relay a b
	paths_are relay b c
	pings c a
}

@test "who comes back, and a host that starts again, finds its members by relay and directly" {
	only_all
	lab_up a=port b=portshift c=symmetric d=addrmap
	relay_on
	party a b c d
	for ((i = 0; i < 2; i++)); do
		wait_until 60 paths_are direct a b
		wait_until 60 paths_are relay c d
		pings b a
		pings c d
		on b lr-up --down
		on d lr-up --down
		[ $i = 0 ] || { on a lr-up --down && host a; }
		join b
		join d
	done
	wait_until 60 paths_are direct a b
	wait_until 60 measured c d
	pings b a
	pings c d
}

# --- what changes in mid-game ------------------------------------------------------------------

# game FROM TO: 60 packets a second until `game_over`; the counts are then in $SENT, $LOST, $DOUBLE.
game() {
	on_bg "$2" "$LABTOOLS/udpload" sink --port 7001
	wait_until 10 bound "$2" 7001
	GAME=$BATS_TEST_TMPDIR/game.json
	lab_exec run "$1" "$LABTOOLS/udpload" send "$(address "$1" "$2")" --port 7001 --pps 60 --size 120 \
		--batch 1 --time 170 >"$GAME" 2>&1 3>&- </dev/null &
	GAMER=$!
	echo "$GAMER" >>"$PIDS"
}
game_over() {
	kill -TERM "$GAMER"
	wait "$GAMER" || :
	read -r SENT LOST DOUBLE < <(jq -r '"\(.sent) \(.lost) \(.duplicates)"' "$GAME")
}

@test "traffic begins on the relay, and nothing of it is lost when the direct path takes over" {
	lab_up relay=relay,delay=20 a=port,delay=20 b=portshift,delay=20
	relay_on
	party a b
	game b a
	wait_until 20 paths_are direct a b
	hears a b 30
	game_over
	is "$LOST $DOUBLE" "0 0" "of $SENT"
	[ "$SENT" -gt 0 ]
}

@test "the direct path dies silently: traffic goes on over the relay, and comes back to it" {
	lab_up a=port b=portshift
	relay_on
	party a b
	wait_until 20 paths_are direct a b
	game b a
	hears a b 60
	lab block a b
	wait_until 10 paths_are relay a b
	is "$(reason b a)" direct_lost
	pings a b
	lab unblock a b
	wait_until 60 paths_are direct a b
	game_over
	[ "$LOST" -lt 300 ] # five seconds of it: a dead path would have lost all that followed
	is "$DOUBLE" 0
}

@test "mappings rebound, public address and LAN address changed in mid-game: direct again" {
	only_all
	lab_up a=portshift b=restricted c=symmetric
	relay_on
	party a b c
	wait_until 30 paths_are direct a b
	wait_until 30 paths_are direct b c
	game b a
	lab rebind a
	wait_until 60 paths_are direct a b
	hears a b 60
	lab renumber a
	wait_until 60 direct_at b a "$(lab addr a wan)"
	wait_until 60 paths_are direct a b
	lab move a
	wait_until 60 paths_are direct a b
	wait_until 60 pings a b
	lab rebind c
	wait_until 60 paths_are direct b c
	wait_until 20 pings c b
	game_over
	[ "$SENT" -gt "$LOST" ]
}

@test "a router that forgets after four seconds: idle paths stay open" {
	only_all
	lab_up a=port,timeout=4 b=portshift,timeout=4 c=symmetric,timeout=4 d=addrmap,timeout=4
	relay_on
	party a b c d
	wait_until 30 paths_are direct a b
	wait_until 30 paths_are relay c d
	events b
	events d
	# The time itself is what is tested: three times the router's.
	local since=$SECONDS
	wait_until 60 eval '[ $((SECONDS - since)) -ge 12 ]'
	exits 1 seen_event b endpoint a
	exits 1 seen_event d endpoint c
	pings a b
	pings c d
	paths_are direct a b
}

# --- relays ------------------------------------------------------------------------------------

@test "the relay is killed and starts again: those whom only it joins hear each other, nobody is lost" {
	only_all
	lab_up a=symmetric b=addrmap c=port
	relay_on
	party a b c
	wait_until 30 paths_are relay a b
	game b a
	hears a b 30
	kill -KILL "$RELAY"
	wait_until 10 gone "$RELAY"
	relay_on
	hears a b 60
	pings a b
	is "$(on a lr-peer list --json | jq -r .peer | sort | tr '\n' ' ')" "b c "
	game_over
	is "$DOUBLE" 0
}

@test "of two relays all take the nearer, and when it dies the other" {
	lab_up relay=relay,delay=0 far=relay,delay=40 a=symmetric b=addrmap
	relay_on far
	local far=$R1
	relay_on relay
	host a --relay "$R1,$far"
	join b
	wait_until 30 via a b "$R1"
	wait_until 30 via b a "$R1"
	game b a
	hears a b 30
	kill -KILL "$RELAY"
	wait_until 30 via a b "$far"
	wait_until 30 via b a "$far"
	hears a b 60
	game_over
}

# all_direct A B...: A has a direct path to each of the others, and each of them one to A.
all_direct() {
	local other
	for other in "${@:2}"; do paths_are direct "$1" "$other" || return; done
}

@test "one port-restricted member and three behind symmetric NATs: all searches meet, none waits for another" {
	only_all
	local n m since
	lab_up a=port b=symmetric c=addrmap d=symmetric
	relay_on
	for ((n = 0; n < 5; n++)); do
		since=$SECONDS
		party a b c d
		wait_until 60 all_direct a b c d
		echo "met within $((SECONDS - since)) s"
		for m in b c d a; do on $m lr-up --down; done
		for m in b c d; do lab rebind $m; done
	done
}

@test "symmetric against port-restricted: at least 95 of 100 tries meet within 10 s" {
	only_all
	local i pids=() met
	lab_up a1=port b1=symmetric a2=port b2=symmetric a3=port b3=symmetric a4=port b4=symmetric
	relay_on
	for i in 1 2 3 4; do
		tries $i 25 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	met=$(cat "$BATS_TEST_TMPDIR"/met.* | wc -l)
	echo "$met of 100 met"
	[ "$met" -ge 95 ]
}

# tries I N: N times b joins a anew; a line in met.I each time that they meet within 10 s.
tries() {
	local n
	host "a$1"
	for ((n = 0; n < $2; n++)); do
		join "b$1"
		WAIT_QUIET=1 wait_until 10 paths_are direct "a$1" "b$1" && echo met >>"$BATS_TEST_TMPDIR/met.$1"
		on "b$1" lr-up --down >/dev/null
		lab rebind "b$1"
	done
}

# quality A B FILTER: A's path to B is of a quality for which the jq filter holds.
quality() { on "$1" lr-peer show "$2" --json | jq -e ".path.quality | . != null and ($3)"; }

@test "a line that gets worse: the score falls, its grade and trend follow, and it is told" {
	only_all
	lab_up relay=relay a=open b=open,delay=0
	relay_on
	party a b
	wait_until 20 paths_are direct a b
	wait_until 20 quality a b '.grade == "excellent" and .score >= 90 and .trend == "steady"'
	on a lr-peer show b | grep -q '^quality  *excellent, steady: .* of 100; round trip .* ms, jitter .* ms, loss 0.0 %$'
	mkdir -p "$BATS_TEST_TMPDIR/proc/10/fd"
	printf 'openttd\0' >"$BATS_TEST_TMPDIR/proc/10/cmdline"
	on_bg a lr-game watch --proc "$BATS_TEST_TMPDIR/proc"
	wait_until 20 grep -q '^began openttd$' "$BATS_TEST_TMPDIR/a.log"
	rm -r "$BATS_TEST_TMPDIR/proc/10"
	wait_until 20 grep -Eq '^  b: (9[0-9]|100) of 100 \(lowest [0-9]+\); round trip [0-9.]+ ms \(at most [0-9.]+\), jitter [0-9.]+ ms, loss 0.0 %$' "$BATS_TEST_TMPDIR/a.log"
	grep -Eq '^ended openttd after 0:[0-9]{2}:[0-9]{2}$' "$BATS_TEST_TMPDIR/a.log"
	events a
	lab set b delay=120 up.loss=8
	busy() { pings a b; quality a b '.grade != "excellent" and .score < 80 and .trend == "falling"'; }
	wait_until 60 busy
	grep '"quality"' "$BATS_TEST_TMPDIR/a.events.log" | head -n 1 | json_ok event
	jq -se 'any(.[]; .event == "quality" and .peer == "b" and .from == "excellent")' "$BATS_TEST_TMPDIR/a.events.log"
	on a lr-peer metrics | grep -q '^lanrage_peer_quality_score{.*peer="b".*} [0-9]'
}
