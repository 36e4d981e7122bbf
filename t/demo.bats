#!/usr/bin/env bats
# make demo: it runs, it cleans up behind itself however it ends, it says what is missing.
load helper

setup() {
	lr_setup
	export TMPDIR=$BATS_TEST_TMPDIR/tmp SECONDS_TCP=1 LAB=$ROOT/build/$MODE/t/lab BIN
	mkdir -p "$TMPDIR"
}

links() { ip -o link | cut -d: -f2 | sort; }

@test "the demo joins two hosts, plays a game through the tunnel and ends with the table" {
	need_tun
	need iperf3 jq wg ping
	before=$(links)
	run "$ROOT/scripts/demo"
	# Speed is no matter of the tests: a missed target (3) is as good here as none.
	[ "$status" = 0 ] || [ "$status" = 3 ]
	[[ $output == *"ok  lr-up on both"* ]]
	[[ $output == *"0% lost"* ]]
	[[ $output == *"TCP, 1 s each"*"Mbit/s, bare link"*"Mbit/s"* ]]
	[[ $output == *"1496 of 1496 packets, none lost"* ]]
	[[ $output == *"1496 of 1500 frames delivered, 4 dropped by name"* ]]
	[[ $output == *"ok  lr-up --down"*"nothing left behind"* ]]
	for row in direct_latency startup memory cpu_idle cpu_active ipam_alloc ipam_lookup config_load; do
		grep -Eq "^$row .*(met|missed)" <<<"$output" || { echo "no row $row"; return 1; }
	done
	is "$(links)" "$before" "the machine's interfaces"
	is "$(ls "$TMPDIR")" "" "files left behind"
}

@test "ended in the middle, the demo leaves no process, interface or file" {
	need_tun
	need iperf3 jq wg ping
	before=$(links)
	spawn "$ROOT/scripts/demo"
	wait_until 20 grep -q 'ok  lr-up on both' "$BATS_TEST_TMPDIR/demo.log"
	work=$(echo "$TMPDIR"/lanrage-demo.*)
	[ -d "$work" ]
	kill -TERM "$SPAWNED"
	wait_until 10 gone "$SPAWNED"
	is "$(ls "$TMPDIR")" "" "files left behind"
	wait_until 5 nobody_in "$work"
	is "$(links)" "$before" "the machine's interfaces"
}

nobody_in() { ! grep -alz "^DEMO_WORK=$1\$" /proc/[0-9]*/environ 2>/dev/null | grep -q .; }

@test "without root the demo says so and exits 77" {
	need_root
	exits 77 unshare --user "$ROOT/scripts/demo" # nobody, who may read what we may
	[[ $output == "make demo cannot run here: network namespaces need root"* ]]
}

@test "a program that is missing is named" {
	need_tun
	BIN=$TMPDIR exits 1 env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$ROOT/scripts/demo"
	[[ $output == "demo: lr-up is missing"* ]]
}
