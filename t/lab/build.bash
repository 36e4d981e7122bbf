# build.bash - what a topology means: parsing it, its addresses, and building it
#
# Addresses, N being the number of an item in the order of the command line:
#   line of N to the internet   11.0.N.0/24        2a00:11:N::/64      internet .1, router or relay .2 (relay: and .3)
#   line of N behind a carrier  100.64.N.0/24      2a00:11:N::/64      carrier .1, router .2
#   LAN of N                    192.168.N.0/24     2a00:11:N:1::/64    router .1, hosts .2 ...; lan=PREFIX says another
#   LAN of N without NAT        11.1.N.0/24
# They look public because some programs (miniupnpd) refuse to work with documentation addresses; nothing
# of it can leave the namespaces.
#
# Theory of operation. All namespaces are made by one ip, all cables by another; then each namespace is set up
# by a script of its own, all of them at once.
# shellcheck shell=bash disable=SC2034,SC2154

declare -A KIND=() OPT=() INDEX=() HOME_OF=() WAN=() LAN=()
ITEMS='' SPACES=''
KINDS=' open firewall fullcone restricted port portshift symmetric sequential addrmap dmz relay '
LINE_KEYS='delay jitter loss duplicate reorder rate queue'
OPTIONS=" hosts lan cg carrier hairpin timeout block mtu icmp mss v6 upnp $LINE_KEYS "

in_ns() {
	local name=$1
	shift
	nsenter --net="/run/netns/$LAB-$name" -- "$@"
}

opt() { echo "${OPT[$1.$2]:-${3:-}}"; }
is_set() { [ -n "${OPT[$1.$2]+set}" ]; }

# --- the command line -------------------------------------------------------------------------------------

parse() {
	local item
	for item; do parse_item "$item"; done
	[[ " ${KIND[*]} " == *' relay '* ]] || parse_item relay=relay
}

parse_item() {
	local name=${1%%=*} rest=${1#*=} kind word key words
	[[ $1 == *=* && $name =~ ^[a-z][a-z0-9_-]{0,15}$ ]] || usage "'$1' is not NAME=KIND[,OPTION]..."
	[ -z "${KIND[$name]:-}" ] && [ "$name" != inet ] || usage "'$name' is there twice"
	IFS=, read -ra words <<<"$rest"
	kind=${words[0]}
	[[ $KINDS == *" $kind "* ]] || usage "'$kind' is no kind; there are:$KINDS"
	for word in "${words[@]:1}"; do
		key=${word%%=*}
		[[ $OPTIONS == *" $key "* ]] || usage "'$key' is no option; there are:$OPTIONS"
		OPT[$name.$key]=
		[[ $word == *=* ]] && OPT[$name.$key]=${word#*=}
	done
	check_options "$name"
	KIND[$name]=$kind
	add_item "$name"
}

# A carrier that a home names by a kind gets made for it.
check_options() {
	local cg v key
	v=$(opt "$1" timeout 30) && [[ $v =~ ^[0-9]+$ ]] || usage "timeout=$v: seconds"
	v=$(opt "$1" hosts 1) && [[ $v =~ ^[1-9][0-9]?$ ]] || usage "hosts=$v: 1 to 99"
	for key in $LINE_KEYS; do
		v=$(opt "$1" "$key" 0) && [[ $v =~ ^[0-9]+(\.[0-9]+)?$ ]] || usage "$key=$v: a number"
	done
	v=$(opt "$1" block udp) && [[ $v =~ ^(udp|udp-reject|web)$ ]] || usage "block=$v: udp, udp-reject or web"
	is_set "$1" cg || return 0
	cg=$(opt "$1" cg)
	if [[ $KINDS == *" $cg "* ]]; then
		parse_item "$1-cg=$cg,carrier"
		OPT[$1.cg]=$1-cg
	else
		is_set "$cg" carrier || usage "cg=$cg: neither a kind nor an item before it with the option carrier"
	fi
}

add_item() {
	local name=$1 n
	ITEMS+="${ITEMS:+ }$name"
	n=$(wc -w <<<"$ITEMS")
	INDEX[$name]=$n
	[ "$n" -le 250 ] || usage "at most 250 items"
	if [ "${KIND[$name]}" = relay ]; then
		WAN[$name]=11.0.$n.2
		add_space "$name" "$name"
		return
	fi
	WAN[$name]=11.0.$n.2
	is_set "$name" cg && WAN[$name]=100.64.$n.2
	add_space "$name.r" "$name"
	is_set "$name" carrier || add_hosts "$name"
}

add_hosts() {
	local name=$1 i host prefix
	prefix=$(lan_prefix "$name")
	for ((i = 1; i <= $(opt "$name" hosts 1); i++)); do
		host=$name
		[ "$i" = 1 ] || host=$name$i
		add_space "$host" "$name"
		LAN[$host]=$prefix.$((i + 1))
	done
}

add_space() {
	[ -z "${HOME_OF[$1]:-}" ] || usage "'$1' is there twice: homes of several hosts call them NAME, NAME2 ..."
	HOME_OF[$1]=$2
	SPACES+="${SPACES:+ }$1"
}

lan_prefix() {
	case ${KIND[$1]} in
	open | firewall) echo "11.1.${INDEX[$1]}" ;;
	*) opt "$1" lan "192.168.${INDEX[$1]}" ;;
	esac
}

# --- addresses --------------------------------------------------------------------------------------------

outermost() {
	local home=$1
	while is_set "$home" cg; do home=$(opt "$home" cg); done
	echo "$home"
}
above() { if is_set "$1" cg; then echo "$(opt "$1" cg).r"; else echo inet; fi; }
net6() { printf '2a00:11:%x' "${INDEX[$1]}"; }
gateway() { echo "${WAN[$1]%.*}.1"; }
has_lan6() { is_set "$1" v6; }

# addresses NAME [lan|wan|v6|gw]
addresses() {
	local name=$1 home=${HOME_OF[$1]:-$1} what=${2:-lan}
	[ -n "${KIND[$home]:-}" ] || die "there is no '$name' in lab '$LAB'"
	if [ "${KIND[$home]}" = relay ]; then
		case $what in
		lan | wan) printf '%s\n' "${WAN[$home]}" "${WAN[$home]%.*}.3" ;;
		v6) printf '%s\n' "$(net6 "$home")::2" "$(net6 "$home")::3" ;;
		gw) gateway "$home" ;;
		*) usage ;;
		esac
		return
	fi
	case $what in
	lan) echo "${LAN[$name]:-}" ;;
	wan) outside "$name" "$home" ;;
	v6) has_lan6 "$home" && [ -n "${LAN[$name]:-}" ] && echo "$(net6 "$home"):1::$(printf %x "${LAN[$name]##*.}")" ;;
	gw) echo "$(lan_prefix "$home").1" ;;
	*) usage ;;
	esac
	return 0
}

# The address under which the internet sees a host.
outside() {
	case ${KIND[$2]} in
	open | firewall) is_set "$2" cg || { echo "${LAN[$1]:-${WAN[$2]}}"; return; } ;;
	esac
	echo "${WAN[$(outermost "$2")]}"
}

# --- building ---------------------------------------------------------------------------------------------

build() {
	local name
	mkdir "$DIR/setup"
	for name in inet $SPACES; do
		mkdir -p "$DIR/$name/run" "$DIR/$name/state"
		setup_begin "$name"
	done
	hosts_file >"$DIR/hosts"
	for name in inet $SPACES; do echo "netns add $LAB-$name"; done | ip -batch - || die "cannot make the namespaces"
	for name in $ITEMS; do item "$name"; done
	setup inet route add blackhole 10.0.0.0/8 '
route add blackhole 100.64.0.0/10
route add blackhole 172.16.0.0/12
route add blackhole 192.168.0.0/16'
	lines_up
	ip -batch "$DIR/cables" || die "cannot lay the cables"
	run_setups
	for name in $ITEMS; do is_set "$name" upnp && upnp_up "$name"; done
	return 0
}

hosts_file() {
	local name
	echo 127.0.0.1 localhost
	for name in $SPACES; do
		if [ "${KIND[$name]:-}" = relay ]; then
			echo "${WAN[$name]} $name"
			echo "${WAN[$name]%.*}.3 $name-b"
			echo "$(net6 "$name")::2 $name-v6"
			printf '%s\n' "${WAN[$name]} $name-both" "$(net6 "$name")::2 $name-both"
		elif [ -n "${LAN[$name]:-}" ]; then
			echo "${LAN[$name]} $name"
		fi
	done
}

# setup NAME WORD...: one line for the ip in that namespace. rules NAME <TEXT: nftables rules for it.
setup() { echo "${*:2}" >>"$DIR/setup/$1.ip"; }
rules() { cat >>"$DIR/setup/$1.nft"; }

setup_begin() {
	echo 'link set lo up' >"$DIR/setup/$1.ip"
	cat >"$DIR/setup/$1.sh" <<-'END'
		cd /proc/sys/net
		for f in ipv4/conf/all ipv4/conf/default; do echo 0 >$f/rp_filter; echo 0 >$f/send_redirects; done
		for f in ipv6/conf/*; do echo 0 >$f/accept_dad; echo 0 >$f/accept_ra; done
		for f in bridge/bridge-nf-call-*; do [ ! -e "$f" ] || echo 0 >$f; done
	END
	case $1 in
	inet | *.r) echo 'echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding' >>"$DIR/setup/$1.sh" ;;
	esac
}

run_setups() {
	local name pids=() pid bad=
	for name in inet $SPACES; do
		{
			echo "ip -batch $DIR/setup/$name.ip"
			[ ! -f "$DIR/setup/$name.nft" ] || echo "nft -f $DIR/setup/$name.nft"
		} >>"$DIR/setup/$name.sh"
		in_ns "$name" sh -e "$DIR/setup/$name.sh" 2>"$DIR/setup/$name.err" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
	[ -z "$bad" ] || die "setting up failed: $(cat "$DIR"/setup/*.err)"
}

item() {
	local name=$1 n=${INDEX[$1]} up end=$1.r mtu ifname=wan
	up=$(above "$name")
	mtu=$(opt "$name" mtu 1500)
	[ "${KIND[$name]}" = relay ] && end=$name ifname=eth0
	has_line "$name" || echo "link add $ifname netns $LAB-$end type veth peer name w$n netns $LAB-$up" >>"$DIR/cables"
	setup "$up" link set "w$n" mtu "$mtu" up
	setup "$up" addr add "$(gateway "$name")/24" dev "w$n"
	setup "$up" addr add "$(net6 "$name")::1/64" dev "w$n" nodad
	setup "$end" link set "$ifname" mtu "$mtu" up
	! has_line "$name" || { setup "$end" link set "$ifname" txqueuelen 10000; setup "$up" link set "w$n" txqueuelen 10000; }
	setup "$end" addr add "${WAN[$name]}/24" dev "$ifname"
	setup "$end" addr add "$(net6 "$name")::2/64" dev "$ifname" nodad
	setup "$end" route add default via "$(gateway "$name")"
	setup "$end" route add default via "$(net6 "$name")::1"
	if [ "${KIND[$name]}" = relay ]; then
		setup "$end" addr add "${WAN[$name]%.*}.3/24" dev eth0
		setup "$end" addr add "$(net6 "$name")::3/64" dev eth0 nodad preferred_lft 0
		return
	fi
	home "$name" "$up"
}

home() {
	local name=$1 up=$2 carrier
	routes_down "$name" "$up"
	is_set "$name" carrier || lan "$name"
	router_setup "$name"
	[ "$(opt "$name" icmp)" = drop ] || return 0
	if [ "$up" = inet ]; then
		{
			printf 'table inet mtu%d { chain output {\n\t\ttype filter hook output priority 0\n' "${INDEX[$name]}"
			mtu_rules "${INDEX[$name]}"
			printf '}\n}\n'
		} | rules inet
	fi
}

# Which way the LAN of a home lies, as far as it has public addresses: through all carriers above it.
routes_down() {
	local name=$1 up=$2 via=$1
	while :; do
		if has_lan6 "$name"; then setup "$up" route add "$(net6 "$name"):1::/64" via "$(net6 "$via")::2"; fi
		case ${KIND[$name]} in
		open | firewall) setup "$up" route add "$(lan_prefix "$name").0/24" via "${WAN[$via]}" ;;
		esac
		[ "$up" != inet ] || break
		via=$(opt "$via" cg)
		up=$(above "$via")
		# Beyond a carrier only its own addresses are known.
		setup "$up" route replace "$(net6 "$name")::/64" via "$(net6 "$via")::2"
	done
}

lan() {
	local name=$1 host i=0 prefix
	prefix=$(lan_prefix "$name")
	[ "$(opt "$name" hosts 1)" = 1 ] || setup "$name.r" link add lan type bridge
	for host in $SPACES; do
		[ "${HOME_OF[$host]}" = "$name" ] && [ "$host" != "$name.r" ] || continue
		if [ "$(opt "$name" hosts 1)" = 1 ]; then
			echo "link add eth0 netns $LAB-$host type veth peer name lan netns $LAB-$name.r" >>"$DIR/cables"
		else
			echo "link add eth0 netns $LAB-$host type veth peer name p$((++i)) netns $LAB-$name.r" >>"$DIR/cables"
			setup "$name.r" link set "p$i" master lan up
		fi
		setup "$host" link set eth0 up
		setup "$host" addr add "${LAN[$host]}/24" dev eth0
		setup "$host" route add default via "$prefix.1"
		has_lan6 "$name" || continue
		setup "$host" addr add "$(addresses "$host" v6)/64" dev eth0 nodad
		setup "$host" route add default via "$(net6 "$name"):1::1"
	done
	setup "$name.r" link set lan up
	setup "$name.r" addr add "$prefix.1/24" dev lan
	! has_lan6 "$name" || setup "$name.r" addr add "$(net6 "$name"):1::1/64" dev lan nodad
}

router_setup() {
	local name=$1
	router_text "$name" | rules "$name.r"
	cat >>"$DIR/setup/$name.r.sh" <<-END
		if [ -e netfilter/nf_conntrack_udp_timeout ]; then
			echo $(opt "$name" timeout 30) >netfilter/nf_conntrack_udp_timeout
			echo $(opt "$name" timeout 120) >netfilter/nf_conntrack_udp_timeout_stream
		fi
	END
}

# The rules of a home's router, as the options say.
router_text() {
	local name=$1 words=()
	is_set "$name" hairpin && words+=(hairpin)
	is_set "$name" carrier && words+=(carrier)
	is_set "$name" mss && words+=(mss)
	is_set "$name" block && words+=("block=$(opt "$name" block udp)")
	[ "$(opt "$name" icmp)" = drop ] && words+=(icmp-drop)
	is_set "$name" v6 && words+=(v6)
	[ "$(opt "$name" v6)" = open ] && words+=(v6-open)
	router_rules "$name" "${KIND[$name]}" "${WAN[$name]}" "${LAN[$name]:-}" "$(opt "$name" timeout 120)" "${words[@]}"
}

# --- lines with a forwarder -------------------------------------------------------------------------------


has_line() {
	local key
	for key in $LINE_KEYS; do is_set "$1" "$key" && return; done
	return 1
}

lines_up() {
	local name key n=0 fd values end ifname
	[ ! -e "$DIR/ready" ] && mkfifo "$DIR/ready" && exec {fd}<>"$DIR/ready"
	for name in $ITEMS; do
		has_line "$name" || continue
		[ -x "$WIRE" ] || die "no $WIRE: make tools"
		values=() end=$name.r ifname=wan
		[ "${KIND[$name]}" = relay ] && end=$name ifname=eth0
		for key in $LINE_KEYS; do is_set "$name" "$key" && values+=("$key=$(opt "$name" "$key" 0)"); done
		setsid "$WIRE" run "/run/netns/$LAB-$end" "$ifname" "/run/netns/$LAB-$(above "$name")" "w${INDEX[$name]}" \
			"$DIR/$name.line" "${values[@]}" </dev/null >"$DIR/ready" 2>>"$DIR/$name.line.log" 3>&- 4>&- &
		note_pid $!
		n=$((n + 1))
	done
	for (( ; n > 0; n--)); do
		read -r -t 10 -u "$fd" _ || die "a forwarder does not start: $(cat "$DIR"/*.line.log)"
	done
	exec {fd}>&-
}

# --- changes while it runs --------------------------------------------------------------------------------

renumber_wan() {
	local name=$1 old=${WAN[$1]} last=${WAN[$1]##*.}
	case ${KIND[$name]} in open | firewall) die "'$name' has no NAT: move its host instead" ;; esac
	WAN[$name]=${old%.*}.$((last < 100 ? last + 100 : last - 100))
	{
		echo 'flush ruleset'
		router_text "$name"
	} >"$DIR/setup/$name.r.nft"
	printf '%s\n' "addr del $old/24 dev wan" "addr add ${WAN[$name]}/24 dev wan" \
		"route add default via $(gateway "$name")" | in_ns "$name.r" ip -batch - || die "no new address"
	in_ns "$name.r" nft -f "$DIR/setup/$name.r.nft" || die "no new rules"
	forget "$name"
}

renumber_lan() {
	local host=$1 old=${LAN[$1]} last=${LAN[$1]##*.}
	LAN[$host]=${old%.*}.$((last < 100 ? last + 100 : last - 100))
	printf '%s\n' "addr del $old/24 dev eth0" "addr add ${LAN[$host]}/24 dev eth0" \
		"route add default via ${old%.*}.1" | in_ns "$host" ip -batch - || die "no new address"
}

# --- a home router's port mapping -------------------------------------------------------------------------

upnp_up() {
	local name=$1 prefix
	prefix=$(lan_prefix "$name")
	command -v miniupnpd >/dev/null || die "upnp: no miniupnpd"
	in_ns "$name.r" nft -f - <<-'END' || die "no table for miniupnpd"
		table inet miniupnpd {
			chain miniupnpd { }
			chain prerouting_miniupnpd { }
			chain postrouting_miniupnpd { }
			chain forward { type filter hook forward priority -1; jump miniupnpd; }
			chain prerouting { type nat hook prerouting priority -101; jump prerouting_miniupnpd; }
			chain postrouting { type nat hook postrouting priority 99; jump postrouting_miniupnpd; }
		}
	END
	cat >"$DIR/$name.upnp.conf" <<-END
		ext_ifname=wan
		listening_ip=lan
		port=5000
		enable_natpmp=yes
		enable_upnp=yes
		secure_mode=yes
		system_uptime=yes
		upnp_table_name=miniupnpd
		upnp_nat_table_name=miniupnpd
		upnp_forward_chain=miniupnpd
		upnp_nat_chain=prerouting_miniupnpd
		upnp_nat_postrouting_chain=postrouting_miniupnpd
		lease_file=/run/upnp.leases
		uuid=00000000-0000-4000-8000-$(printf %012d "${INDEX[$name]}")
		allow 1024-65535 $prefix.0/24 1024-65535
		deny 0-65535 0.0.0.0/0 0-65535
	END
	setsid "$self" -n "$LAB" run "$name.r" miniupnpd -d -f "$DIR/$name.upnp.conf" \
		</dev/null >"$DIR/$name.upnp.log" 2>&1 3>&- 4>&- &
	note_pid $!
	wait_for 10 listens "$name.r" 5351 || die "miniupnpd does not start: $(tail -n 3 "$DIR/$name.upnp.log")"
}

listens() { in_ns "$1" ss -Hlun "sport = :$2" | grep -q .; }
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		read -r -t 0.02 <> <(:) || :
	done
}
