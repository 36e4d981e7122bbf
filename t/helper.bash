# helper.bash - what every bats file loads: `load helper`
#
# Gives each test
#   ROOT, BIN        the checkout and the folder of the programs under test (MODE=release unless set)
#   LR_STATE_DIR, LR_RUN_DIR   folders of its own
#   network namespaces that exist only for it: ns_make, ns_link, ns, two_hosts
#   nodes in them: lr_keys, lr_conf, lr_conf_peer, node_up, node_down, two_nodes
#   wait_until, json_ok, need_root, need_tun, need_traces, need
# and takes everything away again in teardown, whatever way the test ended: it ends only the
# processes that it started (`spawn`, `node_up`) or that live in its own namespaces.
#
# A file with a setup or teardown of its own calls lr_setup and lr_teardown in them.
# shellcheck shell=bash disable=SC2154,SC2120,SC2016,SC2034

ROOT=$(cd "$BATS_TEST_DIRNAME" && while [ ! -f Makefile ] && [ "$PWD" != / ]; do cd ..; done; pwd)
MODE=${MODE:-release}
BIN=$ROOT/build/$MODE/bin
LR_TRACES=$ROOT/../shared/traces/dev
export ROOT MODE BIN LR_TRACES PATH="$BIN:$ROOT/build/$MODE/t/jq:$PATH:/usr/sbin:/sbin:/usr/games" LC_ALL=C.UTF-8 NO_COLOR=1
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

setup() { lr_setup; }
teardown() { lr_teardown; }

lr_setup() {
	TAG=lr$$ # bats runs each test in a process of its own
	PIDS=$BATS_TEST_TMPDIR/.pids
	SPACES=$BATS_TEST_TMPDIR/.namespaces
	export LR_STATE_DIR=$BATS_TEST_TMPDIR/state LR_RUN_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p "$LR_STATE_DIR" "$LR_RUN_DIR" "$BATS_TEST_TMPDIR/keys"
	touch "$PIDS" "$SPACES"
	# bats remembers the stack before each command, for its report of a failure: 0.2 ms each. It does so
	# for the test's own lines, not for those of the functions that they call; with LR_TRACE=1 for all.
	[ -n "${LR_TRACE:-}" ] || { set +T && declare -ft "$BATS_TEST_NAME"; }
}

lr_teardown() {
	local pid name left
	# The order of starting, backwards; a pid that is gone is not an error.
	left=$({ cat "$PIDS"; while read -r name; do ip netns pids "$name" 2>/dev/null; done <"$SPACES"; } | sort -u)
	for pid in $left; do kill -TERM "$pid" 2>/dev/null || :; done
	for pid in $left; do
		WAIT_QUIET=1 wait_until 3 gone "$pid" || kill -KILL "$pid" 2>/dev/null || :
	done
	while read -r name; do ip netns del "$name" 2>/dev/null || :; done <"$SPACES"
	[ "${BATS_TEST_COMPLETED:-}" = 1 ] || show_logs
}

# What the programs of a failed test wrote goes into its report.
show_logs() {
	local f
	[ -n "${LR_TRACE:-}" ] || echo "(line 1 stands for a pipeline: LR_TRACE=1 tells which)"
	for f in "$BATS_TEST_TMPDIR"/*.log; do
		[ -s "$f" ] || continue
		echo "--- ${f##*/}"
		tail -n 20 "$f"
	done
}

# --- waiting -----------------------------------------------------------------------------------

# wait_until SECONDS CMD [ARG]...: polls until CMD succeeds; fails with a message. Three parts of four
# it pauses: what is waited for needs the processor, too.
wait_until() {
	local end=$((${EPOCHREALTIME/./} + ${1%.*} * 1000000)) seconds=$1 began now
	shift
	until began=${EPOCHREALTIME/./} && "$@" >/dev/null 2>&1; do
		now=${EPOCHREALTIME/./}
		if [ "$now" -ge "$end" ]; then
			[ -n "${WAIT_QUIET:-}" ] || echo "not within $seconds s: $*"
			return 1
		fi
		pause $(((now - began) * 3))
	done
}

# pause [MICROSECONDS]: at least 20 ms, at most 250, without a process: a read with a time limit from
# a pipe that nobody writes to.
pause() {
	local us=${1:-0}
	us=$((us < 20000 ? 20000 : us > 250000 ? 250000 : us))
	[ -n "${PAUSE_FD:-}" ] || exec {PAUSE_FD}<> <(:)
	printf -v us 0.%06d "$us"
	read -r -t "$us" -u "$PAUSE_FD" _ || :
}

# gone PID: it has ended (a zombie that nobody has waited for yet counts).
gone() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	stat=${stat##*) }
	[ "${stat%% *}" = Z ]
}

# spawn CMD [ARG]...: in the background, output in CMD.log, pid in $SPAWNED, ended by teardown.
spawn() {
	local name=${1##*/}
	"$@" >>"$BATS_TEST_TMPDIR/$name.log" 2>&1 3>&- </dev/null &
	SPAWNED=$!
	started "$SPAWNED"
}

# started PID: teardown ends it. It comes before what other tests compute at the same time, else a
# socket's buffer overflows while its reader waits for a processor.
started() {
	echo "$1" >>"$PIDS"
	renice -n -10 -p "$1" >/dev/null 2>&1 || :
}

# --- what cannot run here is skipped by name and reason ----------------------------------------

need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
need_tun() {
	need_root
	[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
	unshare --net true 2>/dev/null || skip "needs network namespaces"
}
# need_traces [FILE]: captures from elsewhere, beside the checkout. Sets TRACES.
need_traces() {
	TRACES=$LR_TRACES
	[ -e "$TRACES/${1:-}" ] || skip "needs the capture ${1:-folder} in ../shared/traces/dev"
}
# What takes long, and whose mechanism another test shows.
only_all() { [ -n "${LR_TEST_ALL:-}" ] || skip "LR_TEST_ALL=1 runs it"; }
need() {
	local cmd
	for cmd in "$@"; do command -v "$cmd" >/dev/null || skip "needs $cmd"; done
}

# --- assertions --------------------------------------------------------------------------------

# json_ok SCHEMA <JSON: every line of standard input against share/schema/SCHEMA.json; at least one.
# t/run has one validator for all tests at port LR_VALIDATOR: its start takes longer than its work.
json_ok() {
	local schema=$ROOT/share/schema/$1.json lines answer fd
	if [ -z "${LR_VALIDATOR:-}" ]; then
		/usr/bin/python3 "$ROOT/t/tools/validate.py" "$schema"
		return
	fi
	mapfile -t lines
	exec {fd}<>"/dev/tcp/127.0.0.1/$LR_VALIDATOR"
	printf '%s\n' "${#lines[@]} $schema" "${lines[@]}" >&"$fd"
	mapfile -t answer <&"$fd"
	exec {fd}>&-
	[ ${#answer[@]} -le 1 ] || printf '%s\n' "${answer[@]:1}"
	return "${answer[0]:-1}"
}

# is GOT WANT [WHAT]
is() {
	[ "$1" = "$2" ] && return
	printf '%s\n got: %s\nwant: %s\n' "${3:-differs}" "$1" "$2"
	return 1
}

# exits CODE CMD [ARG]...: like run, and fails unless CMD exits with CODE.
exits() {
	local code=$1
	shift
	run "$@"
	[ "$status" = "$code" ] && return
	printf 'exit %s instead of %s: %s\n%s\n' "$status" "$code" "$*" "$output"
	return 1
}

# --- namespaces --------------------------------------------------------------------------------

nsname() { echo "$TAG-$1"; }

# ns_make NAME...: empty namespaces with lo up; they forward nothing until ns_forward.
ns_make() {
	local name
	need_tun
	for name in "$@"; do
		echo "$TAG-$name" >>"$SPACES"
		ip netns add "$TAG-$name"
		ip -n "$TAG-$name" link set lo up
		ip netns exec "$TAG-$name" sh -c '
			for f in all default; do
				echo 0 >/proc/sys/net/ipv6/conf/$f/accept_dad
				echo 0 >/proc/sys/net/ipv6/conf/$f/accept_ra
				echo 0 >/proc/sys/net/ipv4/conf/$f/rp_filter
			done'
	done
}

ns_forward() {
	ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

# ns NAME CMD [ARG]...: CMD in a namespace, with the state and run folders of that host.
ns() {
	local name=$1
	shift
	LR_STATE_DIR=$LR_STATE_DIR/$name LR_RUN_DIR=$LR_RUN_DIR/$name \
		ip netns exec "$TAG-$name" "$@"
}

# ns_link A IFA ADDRS B IFB ADDRS [MTU]: a cable. ADDRS: ADDR/LEN, several with commas, or -.
ns_link() {
	ip link add "$2" netns "$TAG-$1" type veth peer name "$5" netns "$TAG-$4"
	ns_up "$1" "$2" "$3" "${7:-1500}"
	ns_up "$4" "$5" "$6" "${7:-1500}"
}

ns_up() {
	local addr
	ip -n "$TAG-$1" link set "$2" mtu "$4" up
	[ "$3" = - ] && return
	for addr in ${3//,/ }; do
		case $addr in
		*:*) ip -n "$TAG-$1" addr add "$addr" dev "$2" nodad ;;
		*) ip -n "$TAG-$1" addr add "$addr" dev "$2" ;;
		esac
	done
}

# two_hosts [MTU]: hosts a and b, router r between them, IPv4 and IPv6.
two_hosts() {
	A4=10.91.1.2 A6=fd91:1::2 B4=10.91.2.2 B6=fd91:2::2
	ns_make a r b
	ns_forward r
	ns_link a eth0 $A4/24,$A6/64 r ra 10.91.1.1/24,fd91:1::1/64 "${1:-1500}"
	ns_link b eth0 $B4/24,$B6/64 r rb 10.91.2.1/24,fd91:2::1/64 "${1:-1500}"
	ip -n "$TAG-a" route add default via 10.91.1.1
	ip -n "$TAG-b" route add default via 10.91.2.1
	ip -n "$TAG-a" route add default via fd91:1::1
	ip -n "$TAG-b" route add default via fd91:2::1
}

# --- nodes -------------------------------------------------------------------------------------

# A name for an interface that no other test uses: wg's sockets lie in one folder for all.
ifn() { echo "$TAG$1"; }

# lr_keys NAME...: fresh keys; `key NAME` and `pub NAME` print them.
lr_keys() {
	local name dir=$BATS_TEST_TMPDIR/keys
	for name in "$@"; do
		(umask 077 && wg genkey >"$dir/$name.key") && wg pubkey <"$dir/$name.key" >"$dir/$name.pub"
	done
}
key() { cat "$BATS_TEST_TMPDIR/keys/$1.key"; }
pub() { cat "$BATS_TEST_TMPDIR/keys/$1.pub"; }
conf() { echo "$BATS_TEST_TMPDIR/$1.conf"; }

# lr_conf NAME ADDRESSES [PORT] [LINE]...: begins the wg-quick file $(conf NAME).
lr_conf() {
	local name=$1 addresses=$2 port=${3:-}
	shift 2 && [ $# -gt 0 ] && shift
	[ -f "$BATS_TEST_TMPDIR/keys/$name.key" ] || lr_keys "$name"
	(
		umask 077
		printf '[Interface]\nPrivateKey = %s\nAddress = %s\n' "$(key "$name")" "$addresses"
		[ -z "$port" ] || printf 'ListenPort = %s\n' "$port"
		[ $# = 0 ] || printf '%s\n' "$@"
	) >"$(conf "$name")"
}

# lr_conf_peer NAME PEER ALLOWED [ENDPOINT] [LINE]...: adds the peer PEER to NAME's file.
lr_conf_peer() {
	local name=$1 peer=$2 allowed=$3 endpoint=${4:-}
	shift 3 && [ $# -gt 0 ] && shift
	[ -f "$BATS_TEST_TMPDIR/keys/$peer.key" ] || lr_keys "$peer"
	{
		printf '\n[Peer]\n# Name = %s\nPublicKey = %s\nAllowedIPs = %s\n' "$peer" "$(pub "$peer")" "$allowed"
		[ -z "$endpoint" ] || printf 'Endpoint = %s\n' "$endpoint"
		[ $# = 0 ] || printf '%s\n' "$@"
	} >>"$(conf "$name")"
}

# node_up NAME [FILE] [OPTION]...: lr-up in namespace NAME with its interface $(ifn NAME); returns
# when it says ready. Its pid is in $NODE and in NODE_NAME, its stderr in NAME.log.
node_up() {
	local name=$1 file=${2:-$(conf "$1")} fifo=$BATS_TEST_TMPDIR/$1.ready
	[ $# -lt 2 ] && shift || shift 2
	rm -f "$fifo" && mkfifo "$fifo"
	LR_STATE_DIR=$LR_STATE_DIR/$name LR_RUN_DIR=$LR_RUN_DIR/$name \
		ip netns exec "$TAG-$name" lr-up --config "$file" --iface "$(ifn "$name")" \
		--foreground --ready-fd 9 "$@" \
		9>"$fifo" >>"$BATS_TEST_TMPDIR/$name.log" 2>&1 3>&- </dev/null &
	NODE=$!
	printf -v "NODE_$name" %s "$NODE"
	started "$NODE"
	# The end of the file without a line: it ended before it was ready.
	read -r -t 10 _ <"$fifo" && return
	echo "lr-up in $name did not get ready:"
	cat "$BATS_TEST_TMPDIR/$name.log"
	return 1
}

# node_down PID: ends a node and waits for it; fails when it does not exit with 0.
node_down() {
	kill -TERM "$1"
	wait_until 5 gone "$1"
	wait "$1"
}

# two_nodes [OPTION]...: two_hosts, and a node on each: a has 10.66.0.1 and fd66::1, b .2; a dials.
two_nodes() {
	two_hosts
	lr_keys a b
	lr_conf a 10.66.0.1/24,fd66::1/64 51820
	lr_conf b 10.66.0.2/24,fd66::2/64 51820
	lr_conf_peer a b 10.66.0.2/32,fd66::2/128 $B4:51820
	lr_conf_peer b a 10.66.0.1/32,fd66::1/128 $A4:51820
	node_up a "$(conf a)" "$@"
	node_up b "$(conf b)" "$@"
}

# udp_sink NAME [OPTION]...: udpload counts on port 7001 in namespace NAME; its pid is in $SINK
udp_sink() {
	local name=$1
	shift
	UDPLOAD=$ROOT/build/$MODE/t/lab/udpload
	spawn ip netns exec "$TAG-$name" "$UDPLOAD" sink --port 7001 "$@"
	SINK=$SPAWNED
	wait_until 5 udp_bound "$name" 7001
}
udp_bound() { ns "$1" ss -Hlun "sport = :$2" | grep -q .; }
