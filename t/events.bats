# events.bats - what lr-peer watch tells of a party, and lr-notify makes of it

load helper
load party

setup() { party_setup; }

# watch NAME: its events go to $NAME.events, until the node ends.
watch() {
	ns "$1" lr-peer --iface "$(ifn "$1")" watch >"$BATS_TEST_TMPDIR/$1.events" 2>&1 3>&- &
	started $!
	wait_until 5 told "$1" watching
}
# told NAME EVENT [CONDITION]: NAME's watch has told it.
told() {
	jq -e -s --arg e "$2" "any(.[]; .event == \$e and (${3:-true}))" "$BATS_TEST_TMPDIR/$1.events"
}

@test "members join, are renamed, leave, come back and are kicked: each is told once" {
	host a
	watch a
	join b "$INVITE"
	wait_until 5 told a joined '.peer == "b"'
	watch b
	peer b rename bert
	wait_until 5 told a renamed '.peer == "bert" and .from == "b" and .to == "bert"'
	join c "$(peer a invite --once)"
	wait_until 5 told b joined '.peer == "c"'
	wait_until 5 told a invite-claimed '.uses == 0 and (.from | startswith("10.93.3.2"))'
	ns c lr-up --down
	wait_until 5 told a left '.peer == "c"'
	wait_until 5 told b left '.peer == "c"'
	peer a kick bert
	wait_until 5 told a kicked '.peer == "bert"'
	wait_until 5 told b out '.text | contains("kicked")'
	wait_until 5 told b down
	json_ok event <"$BATS_TEST_TMPDIR/a.events"
	json_ok event <"$BATS_TEST_TMPDIR/b.events"
	is "$(jq -r 'select(.event | IN("joined", "left", "renamed", "kicked", "invite-claimed")) | .event' \
		"$BATS_TEST_TMPDIR/a.events" | sort | tr '\n' ' ')" "invite-claimed joined joined kicked left renamed "
}

@test "paths, relays and this machine's addresses" {
	only_all
	block
	host a
	join b "$INVITE"
	watch b
	unblock
	wait_until 90 told b path '.peer == "a" and .from == "relay" and .to == "direct"'
	block
	pings b 10.66.0.1 || :
	wait_until 20 told b path '.from == "direct" and .to == "relay" and .reason == "direct_lost"'
	jq -r 'select(.reason == "direct_lost").text' "$BATS_TEST_TMPDIR/b.events" | grep -q "stopped answering"
	kill -KILL "$RELAY"
	wait_until 5 gone "$RELAY"
	wait_until 60 told b relay-lost '.relay == "10.93.0.2" and (.text | length > 0)'
	relay_up
	wait_until 60 told b relay-connected
	ip -n "$TAG-b" addr add 10.93.2.7/24 dev eth0
	wait_until 10 told b network
	json_ok event <"$BATS_TEST_TMPDIR/b.events"
}

@test "watch | head, and watch | lr-notify to a webhook" {
	host a
	ns a lr-peer --iface "$(ifn a)" watch 2>"$BATS_TEST_TMPDIR/err" 3>&- |
		jq -r --unbuffered .event | grep -m 1 joined >"$BATS_TEST_TMPDIR/first" 3>&- &
	started $!
	mkfifo "$BATS_TEST_TMPDIR/port"
	ns a /usr/bin/python3 "$ROOT/t/tools/httpd.py" "$BATS_TEST_TMPDIR/requests" >"$BATS_TEST_TMPDIR/port" \
		2>"$BATS_TEST_TMPDIR/httpd.log" 3>&- </dev/null &
	started $!
	read -r -t 20 port <"$BATS_TEST_TMPDIR/port"
	ns a sh -c "lr-peer --iface $(ifn a) watch | LR_WEBHOOK_URL=http://127.0.0.1:$port/hook lr-notify --discord -" \
		>"$BATS_TEST_TMPDIR/notify.log" 2>&1 3>&- </dev/null &
	started $!
	wait_until 5 watched_by 2
	join b "$INVITE"
	wait_until 10 grep -qx joined "$BATS_TEST_TMPDIR/first"
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
	peer b rename bert
	wait_until 20 posted 'b: joined'
	wait_until 20 posted 'bert: was called b before'
	ns b lr-up --down
	wait_until 20 posted 'bert: left'
	! posted handshake
	[ ! -s "$BATS_TEST_TMPDIR/notify.log" ]
}
# watched_by N: so many connections to the node's socket stand.
watched_by() { [ "$(ns a ss -Hxn state connected | grep -c "/$(ifn a).sock ")" -ge "$1" ]; }
posted() { jq -r '.body | fromjson | .content' "$BATS_TEST_TMPDIR/requests" | grep -qF "$1"; }
