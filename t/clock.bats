# clock.bats - clocks that are wrong, jump, or go on while the machine sleeps: members join, stay, and hear each
# other. t/preload/clockjump.c is what makes them jump
load helper
load party

DAY=86400

setup() {
	SHIM=$ROOT/build/$MODE/t/preload/clockjump.so
	[ -x "$SHIM" ] || { echo "build it first: make tools"; false; }
	export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
	party_net s a b c
	clocks 0 0 s a b c
}

# clocks WALL BOOT NAME...: seconds that their wall clocks are ahead, and that they slept (CLOCK_BOOTTIME).
clocks() {
	local n
	for n in "${@:3}"; do printf '%+020d %+020d' "$1" "$2" 1<>"$BATS_TEST_TMPDIR/$n.clocks"; done
}
# at NAME CMD...: CMD with the clocks of NAME.
at() { LR_CLOCKS=$BATS_TEST_TMPDIR/$1.clocks LD_PRELOAD=$SHIM "${@:2}"; }

members() {
	at s relay_up
	at a host a
	at b join b "$INVITE"
	at c join c "$INVITE"
}
# all_hear KIND NAME...: every one of them has a path of that kind to every other one, and hears it.
all_hear() {
	local one other kind=$1
	shift
	for one; do for other; do
		[ "$one" = "$other" ] || { wait_until 20 path_is "$one" "$other" "$kind" && wait_until 10 hears "$one" "$other"; } || return
	done; done
}
hears() { peer "$1" ping -c 1 -W 1 "$2"; }

@test "clocks in 1970, a day slow and a day fast: all join, meet directly, and stay when somebody sets them" {
	clocks -$DAY 0 a
	clocks $DAY 0 b
	clocks -"$(date +%s)" 0 c
	members
	all_hear direct a b c
	clocks $DAY 0 a
	clocks 0 0 b c
	all_hear direct a b c
}

handshakes() { peer "$1" show "$2" --json | jq -r .last_handshake; }
other_handshake() { [ "$(handshakes "$1" "$2")" != "$3" ]; }
seen() { jq -e -s --arg e "$2" 'any(.event == $e)' "$BATS_TEST_TMPDIR/$1.events.log"; }

@test "wall clocks that jump while the party runs lose nobody, and handshakes go on" {
	only_all
	local jump slept=0 n e before
	members
	all_hear direct a b c
	for n in a b c; do
		ns $n lr-peer --iface "$(ifn $n)" watch >"$BATS_TEST_TMPDIR/$n.events.log" 2>&1 3>&- </dev/null &
		started $!
		wait_until 10 seen $n watching
	done
	for jump in $DAY -$DAY -"$(date +%s)" $((400 * DAY)) 0; do
		slept=$((slept + 125)) # older than REKEY_AFTER_TIME: the next packet begins a handshake
		before=$(handshakes a b)
		clocks "$jump" $slept a b
		clocks 0 $slept s c
		wait_until 10 hears a b
		wait_until 10 other_handshake a b "$before"
		all_hear direct a b c
	done
	for n in a b c; do
		for e in lapsed left; do exits 1 seen $n $e; done
	done
}

# node NAME: the node's pid and its helper's.
node() { local pid; pid=$(ns "$1" lr-up --status --json | jq .pid) && echo "$pid" "$(pgrep -P "$pid")"; }

@test "ten minutes of sleep: who wakes up is back with its old address, and nobody forgot it" {
	only_all
	local before pids s
	members
	all_hear direct a b c
	before=$(peer a show b --json | jq -c '[.address, .public_key, .endpoint]')
	pids=$(node b)
	# shellcheck disable=SC2086
	kill -STOP $pids
	for ((s = 2; s <= 600; s += 2)); do
		clocks $s $s s a c
		pause
	done
	clocks 600 600 b
	# shellcheck disable=SC2086
	kill -CONT $pids
	wait_until 10 hears b a
	all_hear direct a b c
	is "$(peer a show b --json | jq -c '[.address, .public_key, .endpoint]')" "$before"
}

@test "a machine whose clock was set back between two starts hosts and joins again" {
	only_all
	local n
	members
	all_hear direct a b c
	for n in a b c; do ns $n lr-up --down; done
	clocks -"$(date +%s)" 0 b
	clocks -$((30 * DAY)) 0 a
	at a host a
	at b join b "$INVITE"
	at c join c "$INVITE"
	all_hear direct a b c
	ns b lr-up --down
	clocks $DAY 0 b
	at b join b "$INVITE"
	ns b lr-up --down
	clocks 0 0 b
	at b join b "$INVITE"
	all_hear direct a b c
}
