# relay-ends.bats - lr-relay ended in the middle of things: a few times, with LR_TEST_ALL=1 hundreds of times
load helper
load relay
[ -z "${LR_TEST_ALL:-}" ] || export BATS_TEST_TIMEOUT=1100

setup() { relay_setup; }

# versions FROM TO: a curl file that PUTs these of member b one after the other, with a line for each answer.
versions() {
	local v
	for v in $(seq "$1" "$2"); do
		"$TOOL" record "$P" b "$v" 600 >"$BATS_TEST_TMPDIR/b.$v"
		printf 'url = "%s"\nupload-file = "%s"\noutput = /dev/null\nmax-time = 20\nwrite-out = "%%{http_code} %s\\n"\nnext\n' \
			"$(url)/members/$(hash b)" "$BATS_TEST_TMPDIR/b.$v" "$v"
	done | sed '$d'
}

@test "kill -9 while members write: what was answered is there, and never less" {
	local rounds=4 from=10 round kept acknowledged
	[ -z "${LR_TEST_ALL:-}" ] || rounds=100
	relay --checks 100000
	three
	for ((round = 0; round < rounds; round++, from += 40)); do
		rm -f "$BATS_TEST_TMPDIR/codes"
		versions $from $((from + 39)) >"$BATS_TEST_TMPDIR/curlrc"
		ns r curl -s -K "$BATS_TEST_TMPDIR/curlrc" >"$BATS_TEST_TMPDIR/codes" 3>&- &
		writer=$!
		wait_until 20 test -s "$BATS_TEST_TMPDIR/codes"
		read -r -t "0.0$((RANDOM % 90 + 10))" _ <>"$BATS_TEST_TMPDIR/relay.ready" || :
		relay_kill KILL
		wait $writer || :
		acknowledged=$(awk '$1 == 200 { v = $2 } END { print v }' "$BATS_TEST_TMPDIR/codes")
		relay --checks 100000
		kept=$(members "" | awk -v b="$(hash b)" '$1 == "record" && $2 == b { print $4 }')
		[ "$kept" -ge "$acknowledged" ] && [ "$kept" -le $((acknowledged + 1)) ] ||
			{ echo "round $round: $acknowledged acknowledged, $kept kept"; false; }
		is "$(members "" | grep -c record)" 3 "round $round"
	done
	is "$(find "$LR_STATE_DIR" -name '*.bad')" ""
}

@test "SIGTERM at any moment, with polls, uploads and upgrades under way, ends with 0" {
	local rounds=5 round code
	need python3
	[ -z "${LR_TEST_ALL:-}" ] || rounds=200
	relay --checks 100000
	three
	for ((round = 0; round < rounds; round++)); do
		since=$(members "" | awk '/^list/ { print $3 }')
		rm -f "$BATS_TEST_TMPDIR/storm"
		ns r python3 "$ROOT/t/tools/relaystorm.py" 3478 "/v1/parties/$("$TOOL" id "$P")/members" \
			"$("$TOOL" access "$P")" "$since" >"$BATS_TEST_TMPDIR/storm" 3>&- &
		storm=$!
		echo $storm >>"$PIDS"
		wait_until 20 test -s "$BATS_TEST_TMPDIR/storm"
		read -r -t "0.0$((RANDOM % 90 + 10))" _ <>"$BATS_TEST_TMPDIR/relay.ready" || :
		kill "$RELAY"
		code=0
		wait "$RELAY" || code=$?
		is $code 0 "round $round: $(tail -n 2 "$BATS_TEST_TMPDIR/relay.log")"
		wait $storm
		relay --checks 100000
	done
	[ ! -s "$BATS_TEST_TMPDIR/relay.log" ] || ! grep -qi fatal "$BATS_TEST_TMPDIR/relay.log"
	is "$(members "" | grep -c record)" 3
}
