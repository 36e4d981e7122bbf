#!/usr/bin/env bats
# A party moves: the host names other relays, who is there follows, and who comes back later finds it.
load helper
load lab

setup() {
	lr_setup
	need lr-relay lr-meet jq
	need_tun
}

# relay_at HOST: lr-relay there; its pid is in $RELAY
relay_at() {
	on_bg "$1" lr-relay
	RELAY=$SPAWNED
	wait_until 10 bound "$1" 3478 t
}
# up H [ARG]...: lr-up there; standard output is the invite of who hosts, in $INVITE
up() {
	local h=$1
	shift
	INVITE=$(on "$h" lr-up --iface "$(ifn "$h")" --name "$h" "$@" 2>>"$BATS_TEST_TMPDIR/$h.log")
}
down() { on "$1" lr-up --down "$(ifn "$1")"; }
peer() {
	local h=$1
	shift
	on "$h" lr-peer --iface "$(ifn "$h")" "$@"
}
pings() { on "$1" ping -q -c 1 -W 1 "$2"; }
# relays H: as "NAME,former ..." of those that answer
relays() { peer "$1" status --json | jq -r '[.relays[] | select(.connected) | "\(.relay)\(if .former then ",former" else "" end)"] | sort | join(" ")'; }
relays_are() { [ "$(relays "$1")" = "$2" ]; }

@test "lr-up --relay: the party meets at the new relay, also who was away; the old one may go then" {
	lab_up relay=relay r2=relay a=port b=port c=port
	relay_at relay
	OLD=$RELAY
	relay_at r2
	up a --relay relay --hide-all
	[[ $INVITE == lr://relay/* ]]
	FIRST=$INVITE
	up b "$FIRST"
	up c "$FIRST"
	wait_until 10 pings c 10.66.0.1
	down c
	down a
	# One that does not answer changes nothing.
	run on a lr-up --relay 198.18.9.9 --iface "$(ifn a)"
	is "$status" 4
	is "$(on a sh -c 'jq -c .relays $LR_STATE_DIR/parties/a.json')" '["relay"]'
	# Only the host can.
	run on c lr-up a --relay r2 --iface "$(ifn c)"
	is "$status" 1
	[[ $output == *"only who hosts a party can change its relays"* ]]
	up a --relay r2
	[[ $INVITE == lr://r2/a* ]]
	is "$(peer a invite)" "$INVITE"
	grep -q "the party 'a' meets at r2 from now on" "$BATS_TEST_TMPDIR/a.log"
	wait_until 10 relays_are b "r2 relay,former"
	wait_until 10 pings b 10.66.0.1
	peer b status --json | json_ok status
	[[ $(peer b invite) == lr://r2/a* ]]
	# Who was away comes to the old relay, and who joins with the old invite too.
	up c a
	wait_until 10 relays_are c "r2 relay,former"
	kill -KILL "$OLD"
	wait_until 5 gone "$OLD"
	wait_until 15 pings c 10.66.0.1
	wait_until 15 peer c ping -c 1 b
	# The next start knows only the new one.
	down b
	up b a
	wait_until 10 pings b 10.66.0.1
	relays_are b r2
}

@test "a party whose relay ran beside its host moves elsewhere: that relay runs on for who was away" {
	only_all
	lab_up a=open b=port
	relay_at relay
	up a
	up b "$INVITE"
	wait_until 10 pings b 10.66.0.1
	down b
	down a
	! bound a 3478 t
	up a --relay relay
	[[ $INVITE == lr://relay/a* ]]
	bound a 3478 t
	up b a
	wait_until 10 eval '[[ $(relays b) == *relay* && $(relays b) == *,former* ]]'
	wait_until 10 pings b 10.66.0.1
	# As long as somebody may come; then its folder goes.
	down a
	up a
	[[ $INVITE == lr://relay/a* ]]
	bound a 3478 t
	down a
	! bound a 3478 t
	on a sh -c 'touch -d "8 days ago" $LR_STATE_DIR/relays/*/moved'
	up a
	! bound a 3478 t
	on a sh -c '! test -e $LR_STATE_DIR/relays/*'
	wait_until 10 pings b 10.66.0.1
}
