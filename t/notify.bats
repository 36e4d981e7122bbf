# lr-notify: what is posted, when, and what never is.
load helper

setup() {
	lr_setup
	need jq python3
	LOG=$BATS_TEST_TMPDIR/requests
	ERR=$BATS_TEST_TMPDIR/err
	export no_proxy='*'
	unset LR_WEBHOOK_URL
}

# server [ANSWER]...: an HTTP server of the test's; its address is in $AT. The hook's name is a secret.
server() {
	mkfifo "$BATS_TEST_TMPDIR/port"
	/usr/bin/python3 "$ROOT/t/tools/httpd.py" "$LOG" "$@" >"$BATS_TEST_TMPDIR/port" \
		2>"$BATS_TEST_TMPDIR/httpd.log" 3>&- </dev/null &
	started $!
	read -r -t 20 PORT <"$BATS_TEST_TMPDIR/port"
	AT=http://127.0.0.1:$PORT
	HOOK=$AT/api/webhooks/7/verysecret
	echo "$HOOK" >"$BATS_TEST_TMPDIR/url"
}

# event NAME [PEER] [MEMBER VALUE]...: a line as lr-peer watch writes it
event() {
	local peer=null key=null more=
	[ -z "${2:-}" ] || peer="\"$2\""
	while [ $# -ge 4 ]; do
		case $3 in
		public_key) key="\"$4\"" ;;
		uses) more+=",\"uses\":$4" ;;
		*) more+=",\"$3\":\"$4\"" ;;
		esac
		set -- "$1" "$2" "${@:5}"
	done
	printf '{"time":"2026-11-23T12:00:03.123Z","event":"%s","iface":"lr0","peer":%s,"public_key":%s,"endpoint":null%s}\n' \
		"$1" "$peer" "$key" "$more"
}
KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
bodies() { jq -r .body "$LOG"; }
posts() { [ "$(wc -l <"$LOG")" -ge "$1" ]; }
silent_about_the_url() { ! grep -r verysecret "$ERR" "$BATS_TEST_TMPDIR/out"; }

@test "the events are those of lr-peer watch" {
	event up | json_ok event
	event expired bob | json_ok event
	event joined bob public_key "$KEY" | json_ok event
	event renamed bob public_key "$KEY" from rob to bob | json_ok event
	! event renamed bob public_key "$KEY" | json_ok event
}

@test "a burst is one post, with what a player cares for" {
	server
	{
		event watching
		event up
		event joined bob
		event handshake bob
		event endpoint bob
		event peer-added bob
		event path bob from relay to direct
		event expired '@everyone'
	} | LR_WEBHOOK_URL=$HOOK lr-notify --discord - >"$BATS_TEST_TMPDIR/out" 2>"$ERR"
	is "$(jq -r '"\(.method) \(.path) \(.headers["Content-Type"])"' "$LOG")" "POST /api/webhooks/7/verysecret application/json"
	bodies | json_ok discord-post
	is "$(bodies | jq -r .content)" "$(printf '%s\n' '12:00:03 lr0: up' '12:00:03 bob: joined \(lr0\)' '12:00:03 \@everyone: session ended \(lr0\)')"
	[ ! -s "$ERR" ]
	silent_about_the_url
}

@test "what happens in a party, as sentences" {
	{
		event left bob
		event lapsed bob
		event kicked bob
		event renamed robert from bob to robert
		event address bob from 10.66.0.2 to 10.66.0.3
		event address "" from 10.66.0.2 to 10.66.0.3
		event path bob from relay to direct reason punched text "bob is reached directly at 192.0.2.7:5"
		event network
		event relay-connected "" relay r.example:3478
		event relay-lost "" relay r.example:3478 text "it is silent"
		event invite-claimed "" from 192.0.2.7 uses 3
		event out "" text "lan: kicked from the party"
		event unheard%f bob
	} | lr-notify --discord --events all --dry-run - >"$BATS_TEST_TMPDIR/out"
	is "$(jq -r .content "$BATS_TEST_TMPDIR/out" | tr -d '\\')" "12:00:03 bob: left (lr0)
12:00:03 bob: has not been heard of for a while (lr0)
12:00:03 bob: was kicked (lr0)
12:00:03 robert: was called bob before (lr0)
12:00:03 bob: has the address 10.66.0.3 now, not 10.66.0.2 any more (lr0)
12:00:03 lr0: has the address 10.66.0.3 now, not 10.66.0.2 any more
12:00:03 bob: path is direct now, was relay (lr0)
12:00:03 lr0: addresses of this machine changed
12:00:03 lr0: relay r.example:3478 connected
12:00:03 lr0: relay r.example:3478 lost: it is silent
12:00:03 lr0: an invite was used, it is good for 3 more
12:00:03 lr0: out of the party: lan: kicked from the party
12:00:03 bob: unheard%f (lr0)"
}

@test "any webhook gets the events themselves; the URL from a file; --events chooses" {
	server
	{
		event handshake bob
		event up
	} | lr-notify --webhook --url-file "$BATS_TEST_TMPDIR/url" --events handshake - 2>"$ERR"
	bodies | json_ok post
	is "$(bodies | jq -c '[.text, (.events | map(.event)), .left_out]')" '["12:00:03 bob: handshake (lr0)",["handshake"],0]'
	event handshake bob | lr-notify --webhook --url-file "$BATS_TEST_TMPDIR/url" --events all -
	is "$(wc -l <"$LOG")" 2
}

@test "many events: posts of 20, in order, none lost" {
	server
	for i in $(seq 1 50); do event joined "p$i"; done >"$BATS_TEST_TMPDIR/events"
	lr-notify --webhook --url-file "$BATS_TEST_TMPDIR/url" - <"$BATS_TEST_TMPDIR/events" 2>"$ERR"
	is "$(bodies | jq -c '.events | length' | tr '\n' ' ')" "20 20 10 "
	is "$(bodies | jq -r '.events[].peer' | tr '\n' ' ')" "$(seq -f p%g -s ' ' 1 50) "
}

@test "429 with Retry-After and 503: the same post again, and the pipe is read meanwhile" {
	server 429:0.2 503:0.2 204
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	lr-notify --webhook --url-file "$BATS_TEST_TMPDIR/url" - <"$BATS_TEST_TMPDIR/pipe" 2>"$ERR" 3>&- &
	pid=$!
	started $pid
	exec 8>"$BATS_TEST_TMPDIR/pipe"
	for i in $(seq 1 20); do event up "p$i"; done >"$BATS_TEST_TMPDIR/events"
	cat "$BATS_TEST_TMPDIR/events" >&8 # a full post goes at once
	wait_until 10 posts 3
	exec 8>&-
	wait $pid
	is "$(bodies | sort -u | wc -l)" 1 "the same body"
	is "$(wc -l <"$LOG")" 3 "posts"
	is "$(grep -c 'trying again' "$ERR")" 1
}

@test "a webhook that answers nothing never stops the pipe; the oldest go, and that is said" {
	server
	echo "$AT/slow" >"$BATS_TEST_TMPDIR/url"
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	lr-notify --webhook --url-file "$BATS_TEST_TMPDIR/url" - <"$BATS_TEST_TMPDIR/pipe" 2>"$ERR" 3>&- &
	pid=$!
	started $pid
	exec 8>"$BATS_TEST_TMPDIR/pipe"
	line=$(event up)
	# Far more than a pipe and the queue hold: this returns only when it is read.
	timeout 60 bash -c 'for i in {1..5000}; do echo "$1"; done >&8' _ "$line"
	wait_until 10 posts 1
	exec 8>&-
	kill -TERM $pid
	code=0
	kill -TERM $pid || :
	wait $pid || code=$?
	is $code 1
	grep -qx 'lr-notify: events that were not posted: 256' "$ERR"
	grep -qx 'lr-notify: events that were left out: 4744' "$ERR"
}

@test "a webhook that is gone ends it, exit 1; the URL is in no text" {
	server 404
	code=0
	event up | lr-notify --discord --url-file "$BATS_TEST_TMPDIR/url" - >"$BATS_TEST_TMPDIR/out" 2>"$ERR" || code=$?
	is $code 1
	is "$(cat "$ERR")" "$(printf 'lr-notify: %s\n' 'events that were not posted: 1' 'the webhook: HTTP status 404')"
	silent_about_the_url
	for url in 'http://127.0.0.1:1/verysecret' 'https://no name/verysecret' 'verysecret' 'http:///verysecret' \
		"https://127.0.0.1:$PORT/verysecret"; do
		code=0
		event up | LR_WEBHOOK_URL=$url timeout 30 lr-notify --discord - >"$BATS_TEST_TMPDIR/out" 2>"$ERR" || code=$?
		[ $code = 1 ] || [ $code = 2 ]
		[ -s "$ERR" ]
		silent_about_the_url
	done
}

@test "a post that is refused is dropped, the next one goes" {
	server 400 204
	for i in $(seq 1 21); do event up "p$i"; done >"$BATS_TEST_TMPDIR/events"
	lr-notify --webhook --url-file "$BATS_TEST_TMPDIR/url" - <"$BATS_TEST_TMPDIR/events" 2>"$ERR"
	is "$(bodies | jq -c '[(.events | length), .left_out]' | tr '\n' ' ')" "[20,0] [1,0] "
	is "$(cat "$ERR")" "$(printf 'lr-notify: %s\n' 'the webhook refused a post: HTTP status 400' 'events that were left out: 20')"
}

@test "the URL is not in the process's arguments, nor its environment" {
	server
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	LR_WEBHOOK_URL=$HOOK lr-notify --discord - <"$BATS_TEST_TMPDIR/pipe" 2>"$ERR" 3>&- &
	pid=$!
	started $pid
	exec 8>"$BATS_TEST_TMPDIR/pipe"
	for i in $(seq 1 20); do event up; done >&8
	wait_until 10 posts 1
	! tr '\0' '\n' <"/proc/$pid/cmdline" | grep verysecret
	! tr '\0' '\n' <"/proc/$pid/environ" | grep verysecret
	exec 8>&-
	wait $pid
}

@test "--dry-run prints the posts and needs no URL" {
	event up | lr-notify --discord --dry-run - >"$BATS_TEST_TMPDIR/out"
	json_ok discord-post <"$BATS_TEST_TMPDIR/out"
	event up | lr-notify --webhook -n - | json_ok post
	event up >"$BATS_TEST_TMPDIR/file"
	lr-notify --webhook -n - <"$BATS_TEST_TMPDIR/file" | json_ok post
}

@test "a line that is no event is told with its number, the rest posted, exit 1" {
	code=0
	{
		echo rubbish
		event up
		echo '{"peer":"bob"}'
	} | lr-notify --webhook -n - >"$BATS_TEST_TMPDIR/out" 2>"$ERR" || code=$?
	is $code 1
	is "$(sed 's/: column.*//' "$ERR")" "$(printf 'lr-notify: line %s\n' 1 '3: not an event')"
	is "$(jq -r .text "$BATS_TEST_TMPDIR/out")" "12:00:03 lr0: up"
}

@test "--desktop calls notify-send, with a stranger's name as text" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s"\n' "$BATS_TEST_TMPDIR/shown" >"$BATS_TEST_TMPDIR/bin/notify-send"
	chmod +x "$BATS_TEST_TMPDIR/bin/notify-send"
	event expired '<b>--x' | PATH=$BATS_TEST_TMPDIR/bin:$PATH lr-notify --desktop -
	wait_until 5 grep -q ended "$BATS_TEST_TMPDIR/shown"
	is "$(cat "$BATS_TEST_TMPDIR/shown")" "$(printf '%s\n' --app-name=lanrage -- LANrage '12:00:03 &lt;b>--x: session ended (lr0)')"
	code=0
	event up | PATH=$BIN lr-notify --desktop - 2>"$ERR" || code=$?
	is $code 1
	grep -q '^lr-notify: notify-send: ' "$ERR"
}

@test "the command line" {
	exits 2 lr-notify
	exits 2 lr-notify -
	exits 2 lr-notify --discord events
	exits 2 lr-notify --discord --webhook -
	exits 2 lr-notify --discord -
	[[ $output == *--url-file* ]]
	exits 2 lr-notify --discord --url-file "$BATS_TEST_TMPDIR/none" -
}

@test "it reads what lr-peer watch writes" {
	ns_make a
	lr_conf a 10.66.0.1/24
	node_up a
	ns a lr-peer watch >"$BATS_TEST_TMPDIR/watch" 3>&- &
	started $!
	wait_until 5 grep -q watching "$BATS_TEST_TMPDIR/watch"
	lr_keys c
	ns a lr-peer add --key "$(pub c)" --name carol
	node_down "$NODE"
	wait_until 5 grep -q '"down"' "$BATS_TEST_TMPDIR/watch"
	is "$(lr-notify --webhook -n --events peer-added,down - <"$BATS_TEST_TMPDIR/watch" |
		jq -c '.events | map(.event)')" '["peer-added","down"]'
}
