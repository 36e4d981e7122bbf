# party.bash - the figure `party`: joining, direct paths, failures and rest, in networks of t/lab
# shellcheck shell=bash disable=SC2154
#
# Each part builds a lab of its own, named after it, and takes it away. What a part needs from a node it
# takes from lr-peer watch, whose lines carry the time, and from udpload, which counts 60 packets a
# second. All clocks are the machine's own.

LAB_TOOL=$root/t/lab/lab
GAME_PORT=7100

net() { LAB_ROOT=$BENCH_WORK LAB_BIN=$TOOLS/lab "$LAB_TOOL" "$@"; }
now_us() { echo "${EPOCHREALTIME/./}"; }

# net_exec ARG...: the same in place of this shell, so that $! is the program's.
net_exec() {
	export LAB_ROOT=$BENCH_WORK LAB_BIN=$TOOLS/lab
	exec "$LAB_TOOL" "$@"
}

# lab_begin ITEM...: a lab (name in $LAB) with a relay that is running.
lab_begin() {
	export LAB=party
	net up "$@" || return
	{ read -r RELAY1 && read -r RELAY2; } < <(net addr relay)
	relay_begin
}
relay_begin() {
	net_exec run relay lr-relay --listen "$RELAY1:3478" --second-port 3479 --alternate "$RELAY2" \
		>/dev/null 2>&1 </dev/null &
	RELAY_PID=$!
	wait_for 10 relay_listens
}
relay_listens() { net run relay ss -Hltn "sport = :3478" | grep -q .; }
lab_end() { net down; }

lab_host() { INVITE=$(net run "$1" lr-up --relay "$RELAY1" --name "$1" "${@:2}" 2>/dev/null); }
lab_join() { net run "$1" lr-up "$INVITE" --name "$1" "${@:2}" >/dev/null 2>&1; }
lab_path() { net run "$1" lr-peer show "$2" --json 2>/dev/null | jq -e --arg k "$3" '.path.kind == $k' >/dev/null; }
lab_both() { lab_path "$1" "$2" "$3" && lab_path "$2" "$1" "$3"; }
lab_address() { net run "$1" lr-peer show "$2" --json | jq -r .address; }

# lab_watch NAME: its events from here on, in $BENCH_WORK/NAME.events.
lab_watch() {
	net_exec run "$1" lr-peer watch >"$BENCH_WORK/$1.events" 2>/dev/null </dev/null &
	wait_for 10 grep -q watching "$BENCH_WORK/$1.events"
}

# event_us NAME EVENT [direct|relay] [AFTER]: when that was told first (after AFTER), microseconds; empty: never.
event_us() {
	jq -r -s --arg event "$2" --arg kind "${3:-}" --arg relay "$RELAY1" --argjson after "${4:-0}" '
		map(. + {us: (((.time | sub("\\..*"; "Z") | fromdate) * 1000 + (.time | split(".")[1] | .[:3] | tonumber)) * 1000)}) |
		map(select(.event == $event and .us >= $after and ($kind == "" or .endpoint != null and
			(((.endpoint | startswith($relay + ":")) == ($kind == "relay")))))) | .[0].us // empty' "$BENCH_WORK/$1.events"
}

# rtt_us HOST ADDRESS: the least of five round trips. The first of all waits for ARP, over the line's delay.
rtt_us() {
	net run "$1" ping -q -c 1 -W 3 "$2" >/dev/null
	net run "$1" ping -q -c 5 -i 0.05 "$2" | sed -n 's|.*= \([0-9.]*\)/.*|\1 * 1000|p'
}

# --- joining ---------------------------------------------------------------------------------------

# From lr-up INVITE to the first answer of another member, over the relay, at DELAY ms one way: what is
# above two round trips to the relay and two to the member through it.
party_join() {
	local delay=$1 relay_rtt member_rtt parts
	lab_begin relay=relay "a=port,delay=$delay" "b=portshift,delay=$delay" || return
	lab_host a && net block a b
	relay_rtt=$(rtt_us b "$RELAY1") member_rtt="$(rtt_us a "$RELAY1") + $(rtt_us b "$RELAY1")"
	# One shell in the namespace: entering it takes longer than what is measured.
	# shellcheck disable=SC2016
	parts=$(net run b bash -c '
		t0=${EPOCHREALTIME/./}
		lr-up "$1" --name b >/dev/null 2>&1 || exit
		t1=${EPOCHREALTIME/./}
		ping -q -n -c 1 -W 5 10.66.0.1 >/dev/null || exit
		echo $((t1 - t0)) $((${EPOCHREALTIME/./} - t1))' - "$INVITE")
	lab_end
	[[ $parts =~ ^[0-9]+\ [0-9]+$ ]] || { trouble "party: joining at $delay ms failed"; return 0; }
	sample "join_$delay/up" ms lower "(${parts% *} - 2 * ($relay_rtt)) / 1000"
	sample "join_$delay/ping" ms lower "(${parts#* } - 2 * ($member_rtt)) / 1000"
	sample "join_$delay/ours" ms lower "(${parts/ / + } - 2 * ($relay_rtt) - 2 * ($member_rtt)) / 1000"
}

# --- direct paths ----------------------------------------------------------------------------------

# From the moment at which the host knows the joiner to the direct path at both ends, in round trips
# between the two (80 ms: lines of 20 ms).
party_direct() {
	local pair i=0 items=() a b began done_a done_b
	for pair in "$@"; do
		i=$((i + 1))
		items+=("a$i=${pair%:*},delay=20" "b$i=${pair#*:},delay=20")
	done
	lab_begin relay=relay "${items[@]}" || return
	for ((i = 1; i <= $#; i++)); do
		lab_host a$i && lab_watch a$i
		lab_join b$i && lab_watch b$i
		wait_for 10 lab_both a$i b$i direct || { trouble "party: ${!i} is not direct"; continue; }
		began=$(event_us a$i peer-added) done_a=$(event_us a$i endpoint direct) done_b=$(event_us b$i endpoint direct)
		a=${done_a:-0} b=${done_b:-0}
		sample "direct/${!i/:/-}" "round trips" lower "([$a, $b] | max - $began) / 80000"
		sample "direct/ours" "round trips" lower "([$a, $b] | max - $began) / 80000"
	done
	lab_end
}

# --- failures --------------------------------------------------------------------------------------

# game_begin FROM TO: 60 packets a second of 120 bytes until game_end; the longest silence is then in $GAP (us).
game_begin() {
	net_exec run "$2" udpload sink --port $GAME_PORT --time 3600 >/dev/null 2>&1 </dev/null &
	pause 0.3
	net_exec run "$1" udpload send "$(lab_address "$1" "$2")" --port $GAME_PORT --pps 60 --size 120 --batch 1 \
		--time 100 >"$BENCH_WORK/game" 2>/dev/null </dev/null &
	GAME=$!
	pause 2
}
game_end() {
	kill -TERM "$GAME"
	wait "$GAME" || :
	GAP=$(jq .longest_gap_us "$BENCH_WORK/game")
}

party_failures() {
	local began idle
	lab_begin relay=relay a=port,delay=10 b=portshift,delay=10 || return
	lab_host a
	lab_join b
	wait_for 20 lab_both a b direct || { lab_end; return 1; }
	pause 5
	lab_watch a
	lab_watch b
	began=$(now_us)
	net block a b
	wait_for 20 lab_both a b relay
	idle="[$(event_us a endpoint relay "$began"), $(event_us b endpoint relay "$began")] | max - $began"
	sample path_lost/idle s lower "($idle) / 1e6"
	net unblock a b
	wait_for 70 lab_both a b direct || trouble "party: the direct path did not come back"
	game_begin b a
	net block a b
	wait_for 20 lab_both a b relay
	pause 1
	game_end
	sample path_lost/ours s lower "$GAP / 1e6"
	net unblock a b
	wait_for 70 lab_both a b direct || trouble "party: the direct path did not come back"
	game_begin b a
	net move a
	pause 4
	game_end
	sample address_changed/ours s lower "$GAP / 1e6"
	lab_end
}

# Two that only a relay joins: it is killed and started again at once.
party_restart() {
	lab_begin relay=relay a=symmetric,delay=10 b=addrmap,delay=10 || return
	lab_host a
	lab_join b
	pause 2
	game_begin b a
	kill -KILL "$RELAY_PID"
	relay_begin
	pause 4
	game_end
	sample relay_restarted/ours s lower "$GAP / 1e6"
	lab_end
}

# --- at rest ---------------------------------------------------------------------------------------

# A party of eight: processor and memory of a node and its helper.
party_rest() {
	local i items=() pids=() seconds=60 node helper before
	[ -z "$QUICK" ] || seconds=10
	for i in 1 2 3 4 5 6 7 8; do items+=("n$i=port"); done
	lab_begin "${items[@]}" || return
	lab_host n1
	for i in 2 3 4 5 6 7 8; do
		lab_join n$i &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in 2 3 4 5 6 7 8; do wait_for 20 lab_path n1 n$i direct; done
	pause 20
	node=$(net run n1 lr-up --status --json | jq .pid)
	helper=$(pgrep -P "$node" -x lr-meet)
	before="$(cpu_ns "$node") + $(cpu_ns "$helper")"
	pause $seconds
	sample cpu_party/ours % lower "($(cpu_ns "$node") + $(cpu_ns "$helper") - ($before)) / ($seconds * 1e7)"
	sample rss_party/ours MB lower "$(rss_mb "$node")"
	sample rss_party/helper MB lower "$(rss_mb "$node") + $(rss_mb "$helper")"
	lab_end
}

# PARTY names the parts, all of them unless set.
figure_party() {
	local delay parts=" ${PARTY:-join direct failures restart rest} "
	if [[ $parts == *" join "* ]]; then for delay in 5 50 150; do party_join $delay; done; fi
	[[ $parts != *" direct "* ]] ||
		party_direct port:port firewall:portshift restricted:symmetric addrmap:fullcone open:sequential
	[[ $parts != *" failures "* ]] || party_failures
	[[ $parts != *" restart "* ]] || party_restart
	[[ $parts != *" rest "* || $1 -gt 3 ]] || party_rest # it takes a minute and a half
}
