# relay.bash - lr-relay in a namespace, and members that talk to it, for bats files: `load relay` after
# `load helper`
#
#   relay [OPTION]..., relay_kill [SIGNAL]     starts it, ends it
#   found, member, members, three              parties by HTTP
#   talk                                       packets (t/tools/relaymember)
#   http, status, metric                       what it says
# shellcheck shell=bash disable=SC2154,SC2034

# relay_setup: a namespace r, a party in $P that does not exist yet.
relay_setup() {
	lr_setup
	need curl jq
	TOOL=$ROOT/build/$MODE/t/tools/relaymember
	need "$TOOL"
	P=$BATS_TEST_TMPDIR/p
	ns_make r
}

# relay [OPTION]...: lr-relay in namespace r, ready when this returns; its pid in RELAY.
relay() {
	local fifo=$BATS_TEST_TMPDIR/relay.ready
	rm -f "$fifo" && mkfifo "$fifo"
	LR_STATE_DIR=$LR_STATE_DIR/r ip netns exec "$TAG-r" lr-relay --ready-fd 9 "$@" 9>"$fifo" \
		>>"$BATS_TEST_TMPDIR/relay.log" 2>&1 3>&- </dev/null &
	RELAY=$!
	echo "$RELAY" >>"$PIDS"
	read -r -t 10 _ <"$fifo" || { cat "$BATS_TEST_TMPDIR/relay.log"; return 1; }
}
relay_kill() {
	kill "-${1:-TERM}" "$RELAY"
	wait_until 5 gone "$RELAY"
}

http() { ns r curl -s --max-time 20 "$@"; }
status() { http -o "${BODY:-/dev/null}" -w '%{http_code}' "$@"; }
HOST=http://127.0.0.1:3478
url() { echo "$HOST/v1/parties/$("$TOOL" id "${1:-$P}")"; }
hash() { "$TOOL" keyhash "${2:-$P}" "$1"; }

# found [DIR]: a party at the relay. member NAME [VERSION [SECONDS [leave]]]: its status.
found() {
	"$TOOL" found "${1:-$P}"
	is "$(put_charter "${1:-$P}")" 200 "PUT charter"
}
put_charter() { status -X PUT --data-binary "@$1/charter" "$(url "$1")" "${@:2}"; }
member() {
	"$TOOL" record "$P" "$1" "${2:-1}" ${3:+"${@:3}"} >"$BATS_TEST_TMPDIR/record"
	status -X PUT --data-binary "@$BATS_TEST_TMPDIR/record" "$(url)/members/$(hash "$1")"
}
members() { http -H "LR-Access: $("$TOOL" access "$P")" "$(url)/members$1" | "$TOOL" list; }
metric() { http $HOST/metrics | sed -n "s/^lanrage_relay_$1 //p"; }

# talk <<COMMANDS: packets, one answer a line.
talk() { ns r "$TOOL" talk "$P" "${RELAY_AT:-127.0.0.1:3478}"; }
expect() { is "$(sed -E 's/^(bound [^ ]+) [0-9]+$/\1/' <<<"$1")" "$2"; }

three() {
	local m
	found
	for m in a b c; do is "$(member $m)" 200 "PUT $m"; done
}
