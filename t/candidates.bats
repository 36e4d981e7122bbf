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
	only_all
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
	is "$(candidates b)$(candidates c | grep -c mapped)" "$(candidates b | grep -v mapped)0"
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

# --- IPv6 --------------------------------------------------------------------------------------

# relay_both: on all addresses of the relay; `relay-both` is a name for both families.
relay_both() {
	{ read -r R1 && read -r R2; } < <(lab addr relay)
	on_bg relay lr-relay --second-port 3479
	wait_until 20 bound relay 3478 t
	R1=relay-both
}
without4() { ip -n "$(lab_ns "$1")" -4 addr flush dev eth0; }
lab_ns() { echo "$TAG-$1"; }

@test "IPv6: a firewall at both ends; what is seen outside, what netcheck says" {
	lab_up a=symmetric,v6 b=symmetric,v6 c=port
	relay_both
	party a b c
	local six
	six="[$(lab addr a v6)]:$(field a status .listen_port)"
	wait_until 30 goes b a "$six"
	is "$(reason b a)" ipv6
	wait_until 30 holds a netcheck '[.udp, .ipv4, .ipv6, .outside6, (.path_mtu > 1279)]' "[true,true,true,\"$six\",true]"
	candidates a | grep -qF "\"ipv6 $six\""
	is "$(field a netcheck '[.candidates[] | select(contains("['"$(lab addr a v6)"']"))] | length')" 1
	wait_until 30 holds c netcheck '[.ipv4, .ipv6, .outside6, .nat6]' '[true,false,null,null]'
	on a lr-peer netcheck | grep -q '^path MTU *1[2-5][0-9][0-9] bytes at least'
	on c lr-peer netcheck | grep -q '^IPv6 *no'
}

@test "a member without IPv4 and one without IPv6: the relay joins them, and direct is what both have" {
	only_all
	lab_up a=port,v6 b=port,v6 c=port
	relay_both
	without4 b
	party a b c
	wait_until 30 paths_are direct a b
	is "$(reason b a) $(reason a b)" "ipv6 ipv6"
	wait_until 30 paths_are direct a c
	wait_until 30 holds b netcheck '[.udp, .ipv4, .ipv6]' '[true,false,true]'
	is "$(field b netcheck .relays[0].endpoint)" "\"[$(lab addr relay v6 | head -n 1)]:3478\""
	wait_until 30 reason_is no_common_ip b c
	reason_is no_common_ip c b
	explained b c | grep -q "because the other end has only IPv4 and this end only IPv6; IPv4 and IPv6 at one"
	paths_are relay b c
	pings b c
	pings c b
}

# --- what is nobody's candidate ------------------------------------------------------------------

@test "addresses of tunnels, our own and others', are told to nobody" {
	lab_up a=port,v6 b=port
	relay_on
	ip -n "$(lab_ns a)" tuntap add dev corp mode tun
	ip -n "$(lab_ns a)" addr add 10.99.0.1/24 dev corp
	ip -n "$(lab_ns a)" addr add fd99::1/64 dev corp
	ip -n "$(lab_ns a)" link set corp up
	party a b
	host a --new --iface lr1
	join b --iface lr1
	local iface all own
	for iface in lr0 lr1; do
		all=$(on a lr-peer --iface $iface netcheck --json | jq -r '.candidates[]')
		own=$(grep -E '^(host|ipv6|reflexive) ' <<<"$all" | grep -cE " ($(lab addr a)|$(lab addr a wan)|\[$(lab addr a v6)\]):")
		is "$own" "$(wc -l <<<"$all")" "$all"
		grep -q "^host $(lab addr a):" <<<"$all"
	done
	# An address that comes is told, one of a tunnel is not.
	ip -n "$(lab_ns a)" addr add 10.99.1.1/24 dev corp
	ip -n "$(lab_ns a)" addr add 172.20.0.1/24 dev eth0
	wait_until 20 eval 'candidates_of lr0 | grep -q "host 172.20.0.1:"'
	is "$(candidates_of lr0 | grep -c 10.99.1.1)" 0
}
candidates_of() { on a lr-peer --iface "$1" netcheck --json | jq -r '.candidates[]'; }

# --- one carrier for both ------------------------------------------------------------------------

@test "one carrier's NAT for both: by its inside where there is a way, else the relay, and why" {
	only_all
	lab_up isp=port,carrier a=firewall,cg=isp b=firewall,cg=isp isp2=port,carrier c=port,cg=isp2 d=portshift,cg=isp2
	relay_on
	party a b c d
	wait_until 30 goes a b "$(lab addr b):$(field b status .listen_port)"
	wait_until 30 paths_are direct a b
	wait_until 60 reason_is no_hairpin c d
	wait_until 60 reason_is no_hairpin d c
	explained c d | grep -q "both are behind the same NAT, which does not send back in"
	paths_are relay c d
	pings c d
}
