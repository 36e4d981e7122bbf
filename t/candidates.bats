#!/usr/bin/env bats
# At which addresses members reach each other: a port of the home router, IPv6, the LAN, hairpin.
load helper
load lab
load labparty

setup() {
	lr_setup
	need lr-relay lr-meet jq
}

# field N VERB... FILTER: of what lr-peer prints there; holds N VERB... FILTER WANT
field() { on "$1" lr-peer "${@:2:$#-2}" --json | jq -c "${*: -1}"; }
holds() { [ "$(field "${@:1:$#-1}")" = "${*: -1}" ]; }
# goes A B ENDPOINT: A's path to B is a direct one to exactly there.
goes() { holds "$1" show "$2" '.path | [.kind, .endpoint]' "[\"direct\",\"$3\"]"; }
candidates() { field "$1" netcheck '[.candidates[]] | sort'; }
knows() { field "$1" list .peer | grep -qxF "\"$2\""; }
# mappings HOME: what leads in, as miniupnpd has it.
mappings() { on "$1.r" nft list chain inet miniupnpd prerouting_miniupnpd | grep -o 'dport.*'; }
unmapped() { ! mappings "$1"; }

@test "a symmetric NAT and a port-restricted one: direct by the router's port, which is given back at the end" {
	need miniupnpd
	lab_up a=symmetric,upnp b=port
	relay_on
	host a
	wait_until 20 holds a netcheck .port_mapping.state '"mapped"'
	join b
	local port outside
	port=$(field a status .listen_port)
	outside=$(lab addr a wan):$port
	is "$(field a netcheck '.port_mapping | [.by, .outside, .lifetime_s, .double_nat, .attempts]')" \
		"[\"pcp\",\"$outside\",3600,false,[]]"
	candidates a | grep -q "\"mapped $outside\""
	is "$(mappings a)" "dport $port dnat ip to $(lab addr a):$port"
	wait_until 30 goes b a "$outside"
	wait_until 30 paths_are direct a b
	pings b a
	wait_until 30 reason_is port_mapping b a
	wait_until 30 reason_is port_mapping a b
	on b lr-peer explain a | grep -q "directly at $outside, because the other end's router forwards a port"
	on a lr-peer explain b | grep -q "because the router here forwards a port to this end"
	on a lr-peer explain b | grep -q "^port mapping *$outside leads here (pcp, for 3600 s, then renewed)"
	on a lr-up --down
	unmapped a
}

@test "the end by a signal gives the port back; when the node or its helper is killed the port is not left behind" {
	need miniupnpd
	lab_up a=port,upnp
	relay_on
	host a
	wait_until 20 mappings a
	local node helper
	node=$(field a status .pid)
	helper=$(pgrep -P "$node" -x lr-meet)
	# The helper dies: another one asks anew.
	kill -KILL "$helper"
	wait_until 20 eval '[ "$(field a netcheck .port_mapping.state)" = "\"mapped\"" ] && ! gone "$(pgrep -P "'"$node"'" -x lr-meet)"'
	kill -TERM "$node"
	wait_until 10 gone "$node"
	unmapped a
	host a
	wait_until 20 mappings a
	kill -KILL "$(field a status .pid)"
	wait_until 10 unmapped a
}

@test "--no-portmap and --hide-address ask no router; a router that gives no port, or none of the internet" {
	need miniupnpd
	lab_up a=port,upnp b=port c=port,upnp,cg=port
	relay_on
	host a --no-portmap
	join b
	join c
	is "$(field a netcheck .port_mapping.state)" '"off"'
	on a lr-peer netcheck | grep -q '^port mapping *the router is not asked'
	wait_until 30 holds c netcheck .port_mapping.state '"none"'
	is "$(field c netcheck '.port_mapping.attempts | map(.by)')" '["pcp","nat-pmp","upnp"]'
	wait_until 30 holds b netcheck .port_mapping.state '"none"'
	is "$(field b netcheck '.port_mapping.attempts | map(.by)')" '["pcp","nat-pmp","upnp"]'
	candidates b | grep -vq mapped
	candidates c | grep -vq mapped
	unmapped a
	on a lr-up --down
	host a --hide-address
	on b lr-up --down
	join b
	wait_until 20 knows a b
	is "$(field a netcheck .port_mapping.state)" '"off"'
	unmapped a
	is "$(field b explain a .candidates)" '[]'
}
