# lr-ipam under kill -9: 50 rounds, with LR_TEST_ALL=1 a thousand, of two writers at once
load helper
bats_require_minimum_version 1.5.0

@test "kill -9 at any moment loses nothing acknowledged and gives no address twice" {
	kill_writers=$ROOT/build/$MODE/t/tools/kill_writers
	[ -x "$kill_writers" ] || { echo "build it first: make tools"; false; }
	rounds=50
	[ -z "${LR_TEST_ALL:-}" ] || rounds=1000
	seed=${LR_TEST_SEED:-$((EPOCHSECONDS * 1000 + $$ % 1000))}
	echo "seed $seed, $rounds rounds"
	"$kill_writers" lr-ipam "$rounds" "$seed" >"$BATS_TEST_TMPDIR/acked" 2>"$BATS_TEST_TMPDIR/err"
	summary=$(tail -n 1 "$BATS_TEST_TMPDIR/err")
	echo "$summary"
	sort -u "$BATS_TEST_TMPDIR/acked" >"$BATS_TEST_TMPDIR/leases"

	# The moments were not all too early or too late.
	killed=$(sed 's/.* rounds, \([0-9]*\) of .*/\1/' <<<"$summary")
	[ "$killed" -ge $((rounds / 4)) ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/leases")" -ge "$rounds" ]

	is "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/leases" | uniq -d)" "" "names that got two addresses"
	is "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/leases" | sort | uniq -d)" "" "addresses that two names got"
	lr-ipam list --json 2>"$BATS_TEST_TMPDIR/note" | jq -r '.peer + " " + .address' | sort >"$BATS_TEST_TMPDIR/list"
	is "$(comm -23 "$BATS_TEST_TMPDIR/leases" "$BATS_TEST_TMPDIR/list")" "" "acknowledged and lost"
	is "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/list" | sort | uniq -d)" "" "addresses twice in the list"

	# At most the last line is torn; the next writer drops it, and then nothing is wrong.
	is "$(lr-ipam check --json | jq -r 'select(.problem != "torn") | .detail')" ""
	lr-ipam alloc last >/dev/null
	run -0 lr-ipam check
}
