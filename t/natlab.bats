#!/usr/bin/env bats
# The laboratory itself: each kind of NAT does what its name says, as judged by coturn and by a prober of
# our own; lines delay and lose what they are told; and nothing is left of it, however it ends.
# t/run: long
load helper
load lab

KINDS="open firewall fullcone restricted port portshift symmetric sequential addrmap dmz"

each_kind() { for k in $KINDS; do echo "${k}=$k"; done; }

# not CMD [ARG]...: fails when CMD succeeds (a bare ! would be ignored by the shell's errexit).
not() {
	if "$@"; then
		echo "succeeded: $*"
		return 1
	fi
}

# --- behaviour ---------------------------------------------------------------------------------

# What turnutils_natdiscovery found: mapping/filtering, in letters.
verdict() {
	sed -n 's/^NAT with \(.*\) \(Mapping\|Filtering\)!$/\1/p; s/^No NAT.*\|^.*no NAT.*/none/p' "$1" |
		sed 's/Endpoint Independent/EI/; s/Address and Port Dependent/APD/; s/Address Dependent/AD/' | paste -sd/
}

@test "lab: coturn finds the mapping and the filtering of each kind" {
	need turnserver turnutils_natdiscovery
	# shellcheck disable=SC2046
	lab_up $(each_kind) double=port,cg=symmetric twice=port,cg=port
	{ read -r R1 && read -r R2; } < <(lab addr relay)
	on_bg relay turnserver -n --no-tls --no-dtls --no-cli -S -L "$R1" -L "$R2" -p 3478 \
		--alt-listening-port 3479 -l stdout -b "$BATS_TEST_TMPDIR/turn.db"
	wait_until 20 bound relay 3479
	pids=()
	for k in $KINDS double twice; do
		on "$k" timeout 60 turnutils_natdiscovery -m -f -p 3478 "$R1" >"$BATS_TEST_TMPDIR/$k.found" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	while read -r k want; do
		is "$(verdict "$BATS_TEST_TMPDIR/$k.found")" "$want" "$k: $(tail -n 30 "$BATS_TEST_TMPDIR/$k.found")"
	done <<-END
		open EI/EI
		firewall EI/APD
		fullcone EI/EI
		restricted EI/AD
		port EI/APD
		portshift EI/APD
		symmetric APD/APD
		sequential APD/APD
		addrmap AD/APD
		dmz EI/EI
		double APD/APD
		twice EI/APD
	END
}

@test "lab: the ports that each kind gives" {
	# shellcheck disable=SC2046
	lab_up $(each_kind)
	reflector
	for k in open firewall; do
		w=$(lab addr $k lan):5000
		is "$(seen $k 5000)" "$w $w $w $w " $k
	done
	for k in fullcone restricted port dmz; do
		w=$(lab addr $k wan):5000
		is "$(seen $k 5000)" "$w $w $w $w " $k
	done
	read -r a b c d <<<"$(seen portshift 5000)"
	is "$a $b $c" "$b $c $d" portshift
	[ "${a#*:}" -ge 10000 ] && [ "${a#*:}" -le 19999 ]
	is "$(seen symmetric 5000 | tr ' ' '\n' | sort -u | grep -c :)" 4 symmetric
	w=$(lab addr sequential wan)
	is "$(seen sequential 5000)" "$w:30000 $w:30001 $w:30002 $w:30003 " sequential
	read -r a b c d <<<"$(seen addrmap 5000)"
	is "$a $c" "$b $d" addrmap
	[ "$a" != "$c" ]
}

# --- the truth table ---------------------------------------------------------------------------

# joins A B: whether simultaneous opening must join the two: always when one filters by address at
# most, else when both map endpoint-independently.
joins() {
	case "$1 $2" in
	*fullcone* | *restricted* | *dmz* | *open*) echo yes ;;
	*symmetric* | *sequential* | *addrmap* | *double*) echo no ;;
	*) echo yes ;;
	esac
}

# table KIND...: every pair of them, each side in a home of its own, all at once.
table() {
	local items=() k l n=0 cells=() pids=() i dir=$BATS_TEST_TMPDIR/cells got
	declare -A args=()
	mkdir "$dir"
	for k; do
		for i in 1 2; do
			case $k in
			double) items+=("${k}$i=port,cg=symmetric") ;;
			twice) items+=("${k}$i=port,cg=port") ;;
			*) items+=("${k}$i=$k") ;;
			esac
		done
	done
	lab_up "${items[@]}"
	reflector
	for k; do
		for l; do
			[[ $k > $l ]] && continue
			args[${k}1]+=" a:$n"
			args[${l}2]+=" b:$n"
			cells[n]="$k $l"
			n=$((n + 1))
		done
	done
	for i in "${!args[@]}"; do
		# shellcheck disable=SC2086
		on "$i" "$LABTOOLS/punch" meet "$R1:3000" "$dir" 100 ${args[$i]} >"$dir/$i.out" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "$dir"/*.out | sort -n >"$dir/all"
	is "$(wc -l <"$dir/all")" $((2 * n)) "answers"
	for ((i = 0; i < n; i++)); do
		# shellcheck disable=SC2086
		got=$(awk -v n=$i '$1 == n { print $2 }' "$dir/all" | sort -u | paste -sd+)
		is "$got" "$(joins ${cells[i]})" "${cells[i]}"
	done
}

@test "lab: who meets whom by simultaneous opening: some kinds" {
	table fullcone port portshift sequential symmetric
}

@test "lab: who meets whom by simultaneous opening: all kinds, behind one and two NATs" {
	only_all
	# shellcheck disable=SC2086
	table $KINDS double twice
}

# meet A B: both ends' answer to whether they meet.
meet() {
	local dir
	dir=$(mktemp -d -p "$BATS_TEST_TMPDIR")
	on "$1" "$LABTOOLS/punch" meet "$R1:3000" "$dir" "${3:-50}" a:1 >"$dir/a.out" 3>&- &
	on "$2" "$LABTOOLS/punch" meet "$R1:3000" "$dir" "${3:-50}" b:1 >"$dir/b.out" 3>&-
	wait $!
	cat "$dir/a.out" "$dir/b.out" | cut -d' ' -f2 | sort -u | paste -sd+
}

@test "lab: hairpin or not, in a home and in a carrier; carriers have several customers" {
	lab_up h=fullcone,hosts=2,hairpin n=fullcone,hosts=2 isp=fullcone,carrier,hairpin c=port,cg=isp d=port,cg=isp
	reflector
	# Two hosts of one home, by the home's public address.
	is "$(lab addr h wan)" "$(lab addr h2 wan)"
	is "$(meet h h2)" yes
	is "$(meet n n2)" no
	# Two customers of one carrier have one public address.
	is "$(lab addr c wan)" "$(lab addr d wan)"
	is "$(meet c d 150)" yes
	on n ping -q -c 1 -W 5 "$(lab addr n2 lan)"
}

@test "lab: a mapping ends when it was silent for its time" {
	lab_up f=fullcone,timeout=2 p=port,timeout=2
	reflector
	for k in f p; do
		seen $k 5000 >/dev/null
		on_bg $k socat -u UDP-RECVFROM:5000,reuseaddr,fork OPEN:"$BATS_TEST_TMPDIR/$k.in",creat,append
		wait_until 5 bound $k 5000
		poke() { echo "$2" | on relay socat -u - "UDP-SENDTO:$(lab addr $1 wan):5000,bind=$R1:4000"; }
		arrived() { grep -q "$2" "$BATS_TEST_TMPDIR/$1.in"; }
	done
	poke f early
	wait_until 5 arrived f early
	none() { [ -z "$(on "$1.r" conntrack -L -p udp 2>/dev/null)" ]; }
	learned() { on f.r nft list map ip nat eim | grep -q 5000; }
	wait_until 20 none f
	wait_until 20 none p
	not learned
	poke f late
	poke p late
	# What follows on the same way arrives, so the late one was dropped.
	on f "$LABTOOLS/punch" ports 5001 "$R1:3000"
	not arrived f late
	not test -s "$BATS_TEST_TMPDIR/p.in"
}

@test "lab: rebinding gives other ports" {
	lab_up s=symmetric p=portshift k=port
	reflector
	before=$(seen p 5000)
	for _ in 1 2 3 4; do # one in 10,000 comes again
		lab rebind p
		[ "$(seen p 5000)" = "$before" ] || break
	done
	[ "$(seen p 5000)" != "$before" ]
	before=$(seen k 5000)
	lab rebind k
	is "$(seen k 5000)" "$before" "port-preserving"
}

# --- what networks refuse ----------------------------------------------------------------------

listen_tcp() {
	local port
	for port in "$@"; do
		on_bg relay socat TCP-LISTEN:$port,reuseaddr,fork PIPE
		wait_until 5 bound relay $port t
	done
}
tcp() { echo hello | on "$1" timeout 2 socat - "TCP:$R1:$2,connect-timeout=1" | grep -q hello; }

@test "lab: UDP blocked, silently or with an error; web ports only" {
	only_all
	lab_up u=port,block=udp j=port,block=udp-reject w=port,block=web
	reflector
	listen_tcp 443 8443
	for h in u j w; do
		exits 1 on $h "$LABTOOLS/punch" ports 5000 "$R1:3000"
		is "$output" - $h
		tcp $h 443
	done
	tcp u 8443
	tcp j 8443
	not tcp w 8443
	# A connected socket hears of it, or not.
	run on j socat -T 1 - "UDP:$R1:3000" <<<"?"
	[[ $output == *'No route to host'* ]]
	run on u socat -T 1 - "UDP:$R1:3000" <<<"?"
	is "$output" ""
}

@test "lab: low MTU, told by ICMP or not, IPv4 and IPv6; MSS clamped" {
	lab_up a=port,mtu=1400,v6 b=port,mtu=1400,icmp=drop,v6 c=open,mtu=1280,mss
	R1=$(lab addr relay | head -n 1) S1=$(lab addr relay v6 | head -n 1)
	for h in a b; do
		on $h ping -q -c 1 -W 5 -M do -s 1300 "$R1"
		on $h ping -q -c 1 -W 5 -M do -s 1300 "$S1"
	done
	# Out: the home's router says so. In: the internet's.
	run on a ping -c 1 -W 2 -M do -s 1450 "$R1"
	[[ $output == *'mtu = 1400'* || $output == *'mtu=1400'* ]]
	run on a ping -c 1 -W 2 -M do -s 1450 "$S1"
	[[ $output == *'mtu = 1400'* || $output == *'mtu=1400'* ]]
	run on relay ping -c 1 -W 2 -M do -s 1450 "$(lab addr a wan)"
	[[ $output == *'mtu = 1400'* ]]
	run on relay ping -c 1 -W 2 -M do -s 1450 "$(lab addr a v6)"
	[[ $output == *'mtu = 1400'* || $output == *'mtu=1400'* ]]
	for to in "b $R1" "b $S1" "relay $(lab addr b wan)" "relay $(lab addr b v6)"; do
		# shellcheck disable=SC2086
		set -- $to
		run on "$1" ping -c 1 -W 1 -M do -s 1450 "$2"
		[[ $output == *'100% packet loss'* && $output != *mtu* ]] || { echo "$to: $output"; false; }
	done
	on_bg relay socat TCP-LISTEN:7000,reuseaddr,fork OPEN:/dev/null
	wait_until 5 bound relay 7000 t
	on_bg c socat -u EXEC:'sleep 30' "TCP:$R1:7000"
	mss() { on relay ss -Htni "sport = :7000" | grep -o 'advmss:[0-9]*\|mss:[0-9]*' | sort -u; }
	wait_until 5 eval 'mss | grep -q .'
	mss | grep -qx 'mss:1228'
}

@test "lab: IPv6 behind a stateful firewall, or open" {
	lab_up a=port,v6 b=symmetric,v6=open c=port
	S1=$(lab addr relay v6 | head -n 1)
	for h in a b; do
		on $h ping -6 -q -c 1 -W 5 "$S1"
		on relay ping -6 -q -c 1 -W 5 "$(lab addr $h v6)"
		on_bg $h socat -u UDP6-RECV:6000 OPEN:"$BATS_TEST_TMPDIR/$h.in",creat,append
		wait_until 5 bound $h 6000
	done
	is "$(lab addr c v6)" ""
	# Unasked: through the open one only. Asked for: through both.
	say() { echo unasked | on relay socat -u - "UDP6-SENDTO:[$(lab addr $1 v6)]:6000"; }
	say a
	say b
	wait_until 5 grep -q unasked "$BATS_TEST_TMPDIR/b.in"
	on relay ping -6 -q -c 1 -W 5 "$(lab addr a v6)" # comes after it on the same way
	not grep -q unasked "$BATS_TEST_TMPDIR/a.in"
	on_bg relay socat "UDP6-RECVFROM:6002,bind=[$S1],fork" SYSTEM:'read -r x; echo hello'
	wait_until 5 bound relay 6002
	for h in a b; do
		is "$(on $h bash -c 'exec 9<>"/dev/udp/$0/6002" && echo >&9 && timeout 5 head -n 1 <&9' "$S1")" hello $h
	done
}

# --- lines -------------------------------------------------------------------------------------

load_up() { on "$1" "$LABTOOLS/udpload" send "$R1" --port 7001 --count "$2" --pps "$3"; }
sink() {
	R1=$(lab addr relay | head -n 1)
	on_bg relay "$LABTOOLS/udpload" sink --port 7001
	wait_until 5 bound relay 7001
}

@test "lab: a line loses and doubles what it says it does, and that much; ARP is spared" {
	lab_up a=open,loss=0 b=open,delay=0
	sink
	load_up a 100 1000 >/dev/null # so that nothing waits for ARP
	lab set a up.loss=10 up.duplicate=5
	before=$(lab counts a | jq -c '[.up.lost, .up.duplicated]')
	got=$(load_up a 4000 4000)
	# Besides the data only the question about them went up, and once more each time it was lost.
	lab counts a | jq -e --argjson o "$before" --argjson got "$got" '
		(.up.lost - $o[0] - $got.lost) as $lost | (.up.duplicated - $o[1] - $got.duplicates) as $doubled |
		[., $got] | $lost >= 0 and $lost < 10 and $doubled >= 0 and $doubled < 10' ||
		{ echo "before $before, then $got"; lab counts a; false; }
	jq -e '.lost > 300 and .lost < 500' <<<"$got"
	is "$(lab counts a | jq .down.lost)" 0
	lab set a loss=100
	on a ip neigh flush dev eth0
	on a.r ip neigh flush dev wan
	exits 1 on a ping -q -c 1 -W 1 "$R1"
	is "$(on a.r ip neigh show dev wan | grep -c '11.0.*lladdr')" 1
	exits 2 lab set a delay=x
	exits 2 lab set a colour=1
}

@test "lab: nothing arrives before its delay; jitter keeps the order, reorder does not" {
	lab_up a=open,delay=20 b=open,delay=5,jitter=4
	sink
	on_bg relay "$LABTOOLS/udpload" echo --port 7002
	wait_until 5 bound relay 7002
	[ "$(on a ping -c 3 -i 0.2 "$R1" | sed -n 's|^rtt min/[a-z/]* = \([0-9]*\).*|\1|p')" -ge 40 ]
	lab set a delay=0
	[ "$(on a ping -c 3 -i 0.2 "$R1" | sed -n 's|^rtt min/[a-z/]* = \([0-9]*\).*|\1|p')" -lt 40 ]
	load_up b 100 1000 >/dev/null
	is "$(load_up b 1000 4000 | jq -c '[.lost, .reordered]')" '[0,0]'
	lab set b reorder=20
	load_up b 1000 4000 | jq -e '.lost == 0 and .reordered > 100'
	lab counts b | jq -e '.up.overtook > 100 and .up.overtook < 300'
}

@test "lab: a rate is not exceeded, and what does not fit its queue is dropped" {
	lab_up a=open,rate=8000,queue=50
	sink
	load_up a 20 100 >/dev/null
	got=$(on a "$LABTOOLS/udpload" send "$R1" --port 7001 --size 1000 --count 2000 --pps 4000)
	lab counts a | jq -e '.up.queue_full > 100'
	# 8 Mbit/s are 960 of these a second; the sink takes times from its first to its last batch.
	jq -e '.lost > 100 and .received_pps < 1060' <<<"$got" || { echo "$got"; false; }
}

# --- the lab as a tool -------------------------------------------------------------------------

@test "lab: each host has its own /run, state, and the names of the others" {
	only_all
	lab_up a=port,hosts=2 b=firewall r2=relay
	for h in a a2 b; do on $h sh -c 'mkdir -p "$LR_RUN_DIR" "$LR_STATE_DIR" && echo "$0" >/run/who' $h; done
	for h in a a2 b; do is "$(on $h cat /run/who)" $h; done
	is "$(for h in a a2 b; do on $h sh -c 'echo $LR_RUN_DIR $LR_STATE_DIR'; done | sort | uniq -c | wc -l)" 3
	not test -e /run/who
	is "$(on b getent hosts r2 | cut -d' ' -f1)" "$(lab addr r2 | head -n 1)"
	is "$(lab addr r2 | wc -l)" 2
	for ip in $(lab addr r2); do on b ping -q -c 1 -W 5 "$ip"; done
	on a ping -q -c 1 -W 5 a2
	is "$(on a sh -c 'exit 7'; echo $?)" 7
}

@test "lab: nothing can leave it" {
	lab_up a=port,v6 b=open,delay=0
	# Every interface's other end is in a namespace of this lab, and the internet ends at itself.
	is "$(on inet ip -j link | jq -r '.[].ifname' | sort | paste -sd' ')" "lo w1 w2 w3"
	is "$(on inet ip route show default; on inet ip -6 route show default)" ""
	for ip in 8.8.8.8 192.168.250.1 10.0.0.1; do exits 1 on a ping -q -c 1 -W 1 $ip; done
}

@test "lab: hosts that are blocked hear nothing from each other, and hear it again" {
	lab_up a=port b=port
	reflector
	is "$(meet a b)" yes
	lab block a b
	is "$(meet a b 30)" no
	on a ping -q -c 1 -W 5 relay
	lab unblock a b
	lab rebind a
	is "$(meet a b)" yes
	lab block a relay
	exits 1 on a "$LABTOOLS/punch" ports 5000 "$R1:3000"
}

@test "lab: another address, of the home and of a host" {
	lab_up a=restricted,hosts=2 b=port
	reflector
	before=$(lab addr a wan)
	is "$(seen a 5000 | cut -d: -f1)" "$before"
	lab renumber a
	[ "$(lab addr a wan)" != "$before" ]
	is "$(seen a 5000 | cut -d: -f1)" "$(lab addr a wan)"
	is "$(meet a b)" yes
	before=$(lab addr a2)
	lab move a2
	[ "$(lab addr a2)" != "$before" ]
	is "$(on a2 ip -j -4 addr show eth0 | jq -r '.[].addr_info[].local')" "$(lab addr a2)"
	on a2 ping -q -c 1 -W 5 relay
}

@test "lab: a home router that maps ports: UPnP-IGD and NAT-PMP; behind a carrier it cannot" {
	need miniupnpd upnpc natpmpc
	lab_up a=port,upnp c=port,upnp,cg=port
	gw=$(lab addr a gw) pub=$(lab addr a wan)
	on a upnpc -u "http://$gw:5000/rootDesc.xml" -e test -a "$(lab addr a)" 6000 6000 UDP 3600
	on a natpmpc -g "$gw" -a 6001 6001 udp 600 | grep -q 'Mapped public port 6001'
	for p in 6000 6001; do
		on_bg a socat -u UDP-RECV:$p OPEN:"$BATS_TEST_TMPDIR/$p.in",creat,append
		wait_until 5 bound a $p
		echo asked | on relay socat -u - "UDP-SENDTO:$pub:$p"
		wait_until 5 grep -q asked "$BATS_TEST_TMPDIR/$p.in"
	done
	exits 1 on c natpmpc -g "$(lab addr c gw)" -a 6001 6001 udp 600
}

left() {
	compgen -G "/run/netns/$1-*" || compgen -G "$BATS_TEST_TMPDIR/lanrage-lab-$1*" || ps -eo args | grep -F -- "lanrage-lab-$1/" | grep -v grep
}

@test "lab: several at once, and nothing is left after down, a failed up, or an owner who is killed" {
	need_tun
	tool() { LAB_ROOT=$BATS_TEST_TMPDIR "$ROOT/t/lab/lab" "$@"; }
	pids=()
	for n in 1 2 3; do
		tool -n $TAG.$n with a=port,delay=1 b=symmetric -- sh -c '"$0" run a ping -q -c 1 -W 5 relay' \
			"$ROOT/t/lab/lab" 3>&- >"$BATS_TEST_TMPDIR/$n.out" 2>&1 &
		pids+=($!)
	done
	for n in 0 1 2; do wait ${pids[n]} || { cat "$BATS_TEST_TMPDIR"/*.out; false; }; done
	# The owner is killed while a program runs in its lab.
	LAB_ROOT=$BATS_TEST_TMPDIR "$ROOT/t/lab/lab" -n $TAG.4 with a=port,delay=1 -- sh -c '"$0" run a sh -c "echo >\$1; exec sleep 600" sh "$1"' \
		"$ROOT/t/lab/lab" "$BATS_TEST_TMPDIR/running" >/dev/null 2>&1 3>&- &
	owner=$!
	echo $owner >>"$PIDS"
	wait_until 20 test -e "$BATS_TEST_TMPDIR/running"
	is "$(compgen -G "/run/netns/$TAG.4-*" | wc -l)" 4
	kill -KILL $owner
	wait_until 20 not left $TAG.4
	# The owner's files vanish before the lab does.
	tool -n $TAG.7 up a=port,delay=1
	wire=$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/lanrage-lab-$TAG.7/pids" | tail -n 1)
	rm -r "$BATS_TEST_TMPDIR/lanrage-lab-$TAG.7"
	wait_until 5 gone "$wire"
	tool -n $TAG.7 down
	# What it cannot build goes away as well.
	exits 1 env LAB_BIN=/nonexistent LAB_ROOT="$BATS_TEST_TMPDIR" "$ROOT/t/lab/lab" -n $TAG.5 up a=port,delay=1
	for n in 1 2 3 5 7; do not left $TAG.$n; done
	exits 1 tool -n $TAG.6 show
}

@test "lab: what the command line cannot mean is refused before anything is made" {
	for bad in a a=nothing a=port,colour A=port a=port,timeout=x a=port,block=tcp a=port,cg=b "a=port a=port" \
		"a=port,hosts=2 a2=port" a=port,hosts=0 a=port,delay=x; do
		# shellcheck disable=SC2086
		exits 2 lab up $bad
	done
	not compgen -G "/run/netns/$TAG-*"
	exits 2 lab
	exits 2 lab fly
}
