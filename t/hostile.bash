# hostile.bash - a party with enemies, for hostile.bats and liar.bats: `load helper`, `load hostile`
#
# Gives a relay, members and a stranger in namespaces (enemies_setup), what enemies need (foe, onlooker,
# liar), and what must hold whatever they do (unharmed, quiet, nothing_left).
# shellcheck shell=bash disable=SC2154,SC2034,SC2016

load party
FOE=$ROOT/build/$MODE/t/tools/foe
MEMBER=$ROOT/build/$MODE/t/tools/relaymember

# A relay s, members a, b, c and a stranger x. The relay does not run yet.
enemies_setup() {
	party_net s a b c x
	need "$FOE" "$MEMBER" curl
}

# found NAME [OPTION]...: hosts, and finds out the party's id for `url`.
found() {
	host "$@"
	ID=$("$FOE" "$LR_STATE_DIR/$1" "$(state "$1")" id)
}
node() { ns "$1" lr-up --status --json | jq .pid; }
no_iface() { ! ip -n "$TAG-$1" link show "$(ifn "$1")" 2>/dev/null; }
state() { (cd "$LR_STATE_DIR/$1" && ls parties/*.json); }
foe() {
	local n=$1
	shift
	"$FOE" "$LR_STATE_DIR/$n" "$(state "$n")" "$@"
}
url() { echo "http://10.93.0.2:3478/v1/parties/$ID$1"; }
# put FROM URL <BODY: the status that the relay answers with.
put() { ns "$1" curl -s -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' --max-time 20 -X PUT --data-binary @- "$2"; }
metric() { ns s curl -s http://127.0.0.1:3478/metrics | sed -n "s/^lanrage_relay_$1 //p"; }
cpu_ms() { awk '{ print ($14 + $15) * 10 }' "/proc/$1/stat"; }
now_ms() { echo "$((${EPOCHREALTIME/./} / 1000))"; }

# count NAME: packets that the router sends there, beside the relay's own traffic. counted NAME: PACKETS BYTES.
count() {
	ns r nft add table ip c
	ns r nft 'add chain ip c f { type filter hook forward priority 10 ; }'
	ns r nft add rule ip c f oifname "r$1" ip protocol udp counter
}
counted() { ns r nft -j list chain ip c f | jq -r '[.nftables[].rule.expr[]?.counter // empty][0] | "\(.packets) \(.bytes)"'; }

# talk_up MEMBER...: members that only talk to the relay (t/tools/relaymember), of the party at $TALK, from a's place.
# say COMMAND...: what they do next; the answers are in the file out. said N: that many have come.
talk_up() {
	local m
	TALK=$BATS_TEST_TMPDIR/p
	"$MEMBER" found "$TALK"
	ID=$("$MEMBER" id "$TALK")
	is "$(put s "$(url)" <"$TALK/charter")" 200
	for m; do
		is "$("$MEMBER" record "$TALK" "$m" 1 | put s "$(url "/members/$("$MEMBER" keyhash "$TALK" "$m")")")" 200
	done
	mkfifo "$BATS_TEST_TMPDIR/in"
	ns a "$MEMBER" talk "$TALK" 10.93.0.2:3478 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	echo $! >>"$PIDS"
	exec 5>"$BATS_TEST_TMPDIR/in"
}
say() { printf '%s\n' "$@" >&5; }
said() { [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -ge "$1" ]; }

onlooker() { /usr/bin/python3 "$ROOT/t/tools/onlooker.py" "$@"; }
# look IF: what crosses the router there goes to the file seen.
look() {
	spawn ip netns exec "$TAG-r" /usr/bin/python3 "$ROOT/t/tools/onlooker.py" see "$1" "$BATS_TEST_TMPDIR/seen"
	wait_until 5 grep -q ready "$BATS_TEST_TMPDIR/ip.log"
}
saw() { onlooker send "$BATS_TEST_TMPDIR/seen" "$1" "$2" 127.0.0.1:9 1 | grep -q 1; }

nobody_in() { [ -z "$(ip netns pids "$TAG-$1")" ]; }
# nothing_left NAME: no interface, no process, no socket, no state of a party.
nothing_left() {
	no_iface "$1"
	wait_until 5 nobody_in "$1"
	is "$(find "$LR_RUN_DIR/$1" -name '*.sock' 2>/dev/null | wc -l)" 0 "sockets"
	[ ! -e "/var/run/wireguard/$(ifn "$1").sock" ]
	is "$(find "$LR_STATE_DIR/$1/parties" -name '*.json' 2>/dev/null | wc -l)" "${2:-0}" "states"
}

# refused CODE TEXT NAME INVITE: lr-up ends with that code and one line, and nothing is left.
refused() {
	local code=$1 text=$2 n=$3
	exits "$code" ns "$n" lr-up "$4" --iface "$(ifn "$n")" --name "$n"
	[[ "$output" == "lr-up: "*"$text"* ]] || { echo "$output"; false; }
	is "${#lines[@]}" 1 "lines"
	nothing_left "$n" "${5:-0}"
}

# quiet NAME MS: its node and helper use less than half a core over so many ms (each 10 ms tick counts).
busy_ms() {
	local pid sum=0
	for pid in $(ip netns pids "$TAG-$1"); do
		sum=$((sum + $(cpu_ms "$pid" 2>/dev/null || echo 0)))
	done
	echo "$sum"
}
