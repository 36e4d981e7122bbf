# liar.bats - a relay that lies: lists altered, dropped, repeated, old, of another party, endless; packets lost,
# doubled, altered, forged. Members notice or are unharmed, and no node spins or grows
#
# t/tools/liar.py stands in front of a true lr-relay; the party knows only the liar.
load helper
load hostile

setup() {
	enemies_setup
	LIES=$BATS_TEST_TMPDIR/lies
	mkdir -p "$LIES"
	lie pass
	relay_up --listen 127.0.0.1:3478
	spawn ip netns exec "$TAG-s" /usr/bin/python3 "$ROOT/t/tools/liar.py" "$LIES" 127.0.0.1:3478 3400
	wait_until 10 listens 3400
	AT=10.93.0.2:3400
}

lie() { echo "$1" >"$LIES/.mode" && mv "$LIES/.mode" "$LIES/mode"; }
asked() { awk -v m="$1" '$2 == m' "$LIES/log" 2>/dev/null | wc -l; }
# lies MODE...: those that are tried; without LR_TEST_ALL two, for each mechanism once.
lies() { [ -n "${LR_TEST_ALL:-}" ] && echo "$@" || echo "${@:1:2}"; }
# most MODE: the most requests that came within one second, of all members.
most() {
	awk -v m="$1" '$2 == m { t[++n] = $1; while (t[n] - t[o + 1] > 1) o++; if (n - o > most) most = n - o } END { print most + 0 }' \
		"$LIES/log"
}
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# under MODE CMD...: while the relay lies so, CMD comes true; then for a second more nobody spins, asks without
# end or grows, and the party is what it was.
under() {
	local how=$1 n began busy spent
	shift
	lie "$how"
	began=$(now_ms)
	busy=$(($(busy_ms a) + $(busy_ms b)))
	peer b rename "b-$((++RENAMED))"
	wait_until 15 "$@"
	WAIT_QUIET=1 wait_until 1 false || :
	busy=$(($(busy_ms a) + $(busy_ms b) - busy))
	spent=$(($(now_ms) - began))
	echo "$how: $busy ms of processor in $spent ms, $(asked "$how") requests, $(most "$how") in one second"
	[ "$MODE" != release ] || [ "$busy" -le $((spent / 2)) ] || { echo "it spins"; return 1; }
	[ "$(most "$how")" -le 80 ] || return 1
	for n in a b; do
		[ "$(node $n)" = "$(eval echo "\$NODE_$n")" ] || { echo "$n: another node"; return 1; }
		[ "$MODE" != release ] || [ "$(rss_kb "$(node $n)")" -le 40000 ] || { echo "$n grows"; return 1; }
	done
	pings b 10.66.0.1 || pings b 10.66.0.1
	is "$(peer a list --json | wc -l)" 1 "members that a knows"
	is "$(peer a list --json | jq -r .public_key)" "$KEY_b"
}
was_asked() { [ "$(asked "$1")" -ge "${2:-1}" ]; }
# and the relay is honest again: what b said meanwhile arrives.
honest() {
	lie pass
	peer b rename "b-$((++RENAMED))"
	wait_until "${1:-40}" knows a "b-$RENAMED"
}
party() {
	RENAMED=0
	found a
	join b "$INVITE"
	pings b 10.66.0.1
	wait_until 10 knows a b
	NODE_a=$(node a) NODE_b=$(node b)
	KEY_b=$(ns b wg show "$(ifn b)" public-key)
}

@test "lists that are altered, shuffled, cut down, old, or another party's" {
	local how
	party
	"$MEMBER" found "$BATS_TEST_TMPDIR/p"
	ID=$("$MEMBER" id "$BATS_TEST_TMPDIR/p")
	local at=http://127.0.0.1:3478/v1/parties/$ID
	is "$(put s "$at" <"$BATS_TEST_TMPDIR/p/charter")" 200
	for how in x y z; do # members of the other party
		is "$("$MEMBER" record "$BATS_TEST_TMPDIR/p" $how 1 | put s "$at/members/$("$MEMBER" keyhash "$BATS_TEST_TMPDIR/p" $how)")" 200
	done
	cp "$BATS_TEST_TMPDIR/answer" "$LIES/other"
	lie old
	peer b rename old-one
	wait_until 10 was_asked old
	for how in $(lies alter other shuffle hide old); do
		under $how was_asked $how
	done
	honest
}

@test "numbers, epochs and times that are none" {
	only_all
	local how
	party
	for how in $(lies number claims back epochs future past); do
		under $how was_asked $how
	done
	honest
}

@test "answers that are garbage, huge, endless, slow, or none" {
	only_all
	local how
	party
	for how in $(lies endless garbage noise drop huge slow hang); do
		under $how was_asked $how
	done
	honest 60
}

@test "always the same refusal, or yes and nothing else" {
	only_all
	local how
	party
	for how in $(lies 409 404 200 422 403 500); do
		under $how was_asked $how
		honest 30 # a refusal is not tried again at once
	done
}

@test "polls that are answered at once, with nothing" {
	only_all
	party
	# Without packets from the relay members poll.
	lie p-drop
	wait_until 30 polled
	under again was_asked again 3
	honest
}
polled() { grep -q "wait=" "$LIES/log"; }

@test "packets of the relay lost, doubled, late, altered and forged" {
	local how
	party
	block
	wait_until 15 path_is b a relay
	for how in $(lies p-bound p-signal p-twice p-late p-alter p-refuse p-time); do
		lie $how
		echo "$how"
		busy=$(($(busy_ms a) + $(busy_ms b)))
		began=$(now_ms)
		ns b ping -q -c 40 -i 0.05 -W 1 10.66.0.1 >"$BATS_TEST_TMPDIR/ping" || :
		busy=$(($(busy_ms a) + $(busy_ms b) - busy))
		spent=$(($(now_ms) - began))
		grep transmitted "$BATS_TEST_TMPDIR/ping"
		[ "$MODE" != release ] || [ "$busy" -le $((spent / 2)) ] || { echo "it spins: $busy of $spent"; return 1; }
		[ "$(node a)" = "$NODE_a" ] && [ "$(node b)" = "$NODE_b" ]
		lie pass
		wait_until 30 pings b 10.66.0.1
	done
	is "$(peer a list --json | jq -r .public_key)" "$KEY_b"
	lie p-drop
	wait_until 10 eval '! pings b 10.66.0.1'
	lie pass
	wait_until 40 pings b 10.66.0.1
}

@test "who joins at a relay that lies: one line, nothing left behind" {
	local how
	found a
	for how in $(lies 403 garbage noise drop 404 409 500 alter); do
		lie $how
		run ns c timeout 60 lr-up "$INVITE" --iface "$(ifn c)" --name c
		echo "$how: exit $status: $output"
		if [ "$status" = 0 ]; then # what was altered did not matter to it
			ns c lr-up --down "$(ifn c)"
		else
			[ "$status" = 1 ] || [ "$status" = 4 ]
			is "${#lines[@]}" 1 "lines"
		fi
		rm -rf "$LR_STATE_DIR/c/parties"
		nothing_left c
	done
	lie pass
	join c "$INVITE"
	wait_until 10 pings c 10.66.0.1
}
