# lab.bash - the laboratory of networks (t/lab/README.md) for bats files: `load lab` after `load helper`
#
#   lab_up ITEM...            builds it for this test, in place of the one before; teardown takes it away
#   on HOST CMD [ARG]...      CMD in a host, a router (HOME.r) or inet
#   on_bg HOST CMD [ARG]...   the same in the background: pid in $SPAWNED, output in HOST.log
#   lab VERB [ARG]...         any other verb
#   reflector [HOST]          punch reflect on both addresses of a relay, ports 3000 and 3001
#   seen HOST PORT            as what the four reflectors see a socket of HOST, one line
#
# A file with a teardown of its own calls lab_teardown in it.
# shellcheck shell=bash disable=SC2154,SC2034

LABTOOLS=$ROOT/build/$MODE/t/lab

teardown() {
	lr_teardown
	lab_teardown
}

lab() { LAB_ROOT=$BATS_TEST_TMPDIR "$ROOT/t/lab/lab" -n "$TAG" "$@"; }

lab_up() {
	need_tun
	need nft conntrack
	[ ! -d "$BATS_TEST_TMPDIR/lanrage-lab-$TAG" ] || lab down
	lab up --owner $$ "$@"
}

lab_teardown() { [ ! -d "$BATS_TEST_TMPDIR/lanrage-lab-$TAG" ] || lab down; }

on() { lab run "$@"; }

on_bg() {
	LAB_ROOT=$BATS_TEST_TMPDIR "$ROOT/t/lab/lab" -n "$TAG" run "$@" >>"$BATS_TEST_TMPDIR/$1.log" 2>&1 3>&- </dev/null &
	SPAWNED=$!
	echo "$SPAWNED" >>"$PIDS"
}

# bound HOST PORT [t]: a UDP (TCP) socket is bound there.
bound() { on "$1" ss -Hln"${3:-u}" "sport = :$2" | grep -q .; }

reflector() {
	local host=${1:-relay} first second
	{ read -r first && read -r second; } < <(lab addr "$host")
	R1=$first R2=$second
	on_bg "$host" "$LABTOOLS/punch" reflect "$R1:3000" "$R1:3001" "$R2:3000" "$R2:3001"
	wait_until 10 bound "$host" 3001
}

seen() { on "$1" "$LABTOOLS/punch" ports "$2" "$R1:3000" "$R1:3001" "$R2:3000" "$R2:3001" | tr '\n' ' '; }
