# party.bash - a relay and members in namespaces for bats files: `load party` after `load helper`
#
#   party_setup               builds it; the relay runs, its pid is in $RELAY
#   party_net NAME..., relay_up [OPTION]...   the same in steps, with other members
#   host NAME [OPTION]...     hosts at the relay $AT; the invite is in $INVITE
#   join NAME INVITE [OPTION]...
#   peer NAME ARG...          lr-peer for its node
#   address, kind, path_is, pings, knows, forgot    what a node says
#   block, unblock            the straight way between two members
# shellcheck shell=bash disable=SC2154,SC2034

# party_net NAME...: those, each behind its own leg of the router r: 10.93.0.2, 10.93.1.2, ...
party_net() {
	lr_setup
	need lr-relay lr-meet nft jq
	need_tun
	local i=0 n
	ns_make r "$@"
	ns_forward r
	for n; do
		ns_link "$n" eth0 10.93.$i.2/24 r "r$n" 10.93.$i.1/24
		ip -n "$TAG-$n" route add default via 10.93.$i.1
		i=$((i + 1))
	done
	AT=10.93.0.2
}
# party_setup: a relay s, which runs, and members a, b, c.
party_setup() {
	party_net s a b c
	relay_up
}

# relay_up [OPTION]...: in s; its pid is in $RELAY.
relay_up() {
	spawn ns s lr-relay "$@"
	wait_until 20 listens
	RELAY=$(ip netns pids "$TAG-s")
}
listens() { ns s ss -Hltn "sport = :${1:-3478}" | grep -q .; }

# host a [OPTION]..., join b INVITE [OPTION]...: in the background; the process goes with the namespace.
host() {
	local n=$1
	shift
	INVITE=$(ns "$n" lr-up --relay "$AT" --iface "$(ifn "$n")" --name "$n" "$@" 2>>"$BATS_TEST_TMPDIR/$n.log")
}
join() {
	local n=$1 invite=$2
	shift 2
	ns "$n" lr-up "$invite" --iface "$(ifn "$n")" --name "$n" "$@" >>"$BATS_TEST_TMPDIR/$n.log" 2>&1
}
peer() {
	local n=$1
	shift
	ns "$n" lr-peer --iface "$(ifn "$n")" "$@"
}
address() { ip -n "$TAG-$1" -4 -j addr show dev "$(ifn "$1")" | jq -r '.[0].addr_info[0].local'; }
kind() { peer "$1" show "$2" --json | jq -r .path.kind; }
path_is() { [ "$(kind "$1" "$2")" = "$3" ]; }
pings() { ns "$1" ping -q -c 1 -W 1 "$2"; }
knows() { peer "$1" list --json | jq -r .peer | grep -qx "$2"; }
forgot() { ! knows "$@"; }

# block A B: no packet goes straight from one to the other.
block() {
	ns r nft add table ip t
	ns r nft 'add chain ip t f { type filter hook forward priority 0 ; }'
	local a=${1:-1} b=${2:-2}
	ns r nft add rule ip t f ip saddr 10.93."$a".2 ip daddr 10.93."$b".2 drop
	ns r nft add rule ip t f ip saddr 10.93."$b".2 ip daddr 10.93."$a".2 drop
}
unblock() { ns r nft delete table ip t; }
