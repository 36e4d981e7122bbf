# labparty.bash - parties in the laboratory: `load labparty` after `load helper` and `load lab`
#
#   relay_on [ITEM] [OPTION]...   lr-relay on both addresses of a relay of the lab, so that it can tell NATs
#                                 apart; pid in $RELAY, addresses in $R1 and $R2
#   host NAME [OPTION]...         lr-up hosts there; the invite is in $INVITE
#   join NAME [OPTION]...         lr-up joins with $INVITE
#   party NAME...                 the first hosts, all others join at once
#   path A B                      kind of A's path to B: direct, relay, none; `?` when A does not know B
#   paths_are KIND A B            both ends' paths are of that kind
#   reason A B                    why A's path to B is what it is, one word
#   pings A B                     an echo through the tunnel
#   hears A B N                   N more packets of B arrive at A, within 20 s
#   events A                      lr-peer watch there, into A.events.log from here on
#
# Members are called as their homes. Each has the interface lr0: every host has a /run of its own.
# shellcheck shell=bash disable=SC2154,SC2034

# lab_exec ARG...: `lab ARG...` in place of this shell, so that $! is the program's.
lab_exec() { LAB_ROOT=$BATS_TEST_TMPDIR exec "$ROOT/t/lab/lab" -n "$TAG" "$@"; }

relay_on() {
	local at=${1:-relay}
	[ $# = 0 ] || shift
	{ read -r R1 && read -r R2; } < <(lab addr "$at")
	on_bg "$at" lr-relay --listen "$R1:3478" --second-port 3479 --alternate "$R2" "$@"
	RELAY=$SPAWNED
	wait_until 20 bound "$at" 3478 t
}

host() {
	local n=$1
	shift
	INVITE=$(on "$n" lr-up --relay "$R1" --name "$n" "$@" 2>>"$BATS_TEST_TMPDIR/$n.log")
}

join() {
	local n=$1
	shift
	on "$n" lr-up "$INVITE" --name "$n" "$@" >>"$BATS_TEST_TMPDIR/$n.log" 2>&1
}

party() {
	local n pids=()
	host "$1"
	for n in "${@:2}"; do
		join "$n" 3>&- &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n"; done
}

path() {
	local kind
	kind=$(on "$1" lr-peer show "$2" --json 2>/dev/null | jq -r .path.kind)
	echo "${kind:-?}"
}
paths_are() { [ "$(path "$2" "$3")$(path "$3" "$2")" = "$1$1" ]; }
path_is() { [ "$(path "$2" "$3")" = "$1" ]; }
# direct_at A B ADDR: A's path to B goes there.
direct_at() { on "$1" lr-peer show "$2" --json | jq -e --arg a "$3" '.path | .kind == "direct" and (.endpoint | startswith($a + ":"))'; }
# via A B RELAY: A's path to B goes through that relay.
via() { on "$1" lr-peer show "$2" --json | jq -e --arg a "$3" '.path | .kind == "relay" and .endpoint == $a + ":3478"'; }
reason() { on "$1" lr-peer explain "$2" --json | jq -r .reason; }
reason_is() { [ "$(reason "$2" "$3")" = "$1" ]; }
explained() { on "$1" lr-peer explain "$2" | head -n 1; }
address() { on "$1" lr-peer show "$2" --json | jq -r .address; }
# measured A B: a probe of A to B was answered on the path in use.
measured() { on "$1" lr-peer show "$2" --json | jq -e '.path.rtt_us != null'; }
pings() { on "$1" lr-peer ping -c 1 -W 1 "$2" >/dev/null; }

rx() { on "$1" lr-peer show "$2" --json | jq .rx_packets; }
rx_beyond() { [ "$(rx "$1" "$2")" -ge "$3" ]; }
hears() { wait_until 20 rx_beyond "$1" "$2" $(($(rx "$1" "$2") + $3)); }

# events NAME: what lr-peer watch says from here on, into NAME.events.log.
events() {
	lab_exec run "$1" lr-peer watch >"$BATS_TEST_TMPDIR/$1.events.log" 2>&1 3>&- </dev/null &
	echo $! >>"$PIDS"
	wait_until 10 grep -q watching "$BATS_TEST_TMPDIR/$1.events.log"
}
# seen_event NAME EVENT [PEER]
seen_event() { jq -e -s --arg e "$2" --arg p "${3:-}" 'any(.event == $e and ($p == "" or .peer == $p))' "$BATS_TEST_TMPDIR/$1.events.log"; }
