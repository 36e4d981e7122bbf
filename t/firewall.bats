# firewall.bats - lr-peer netcheck: would this machine's own firewall drop what members send?
#
# What it says of a ruleset is held against what the kernel does: after the command that it names, the
# same packet arrives.
load helper
load party

setup() { lr_setup; }

# checks [FILTER]: of the host a
checks() { ns a lr-peer netcheck --json | jq -r ".firewall | (if .error then halt_error else . end) | .checks[] | select(${1:-true}) | \"\(.check)\(.ip_version) \(.protocol) \(.verdict)\""; }
# of CHECK VERSION PROTOCOL FIELD
of() { ns a lr-peer netcheck --json | jq -r ".firewall.checks[] | select(.game == null and .check == \"$1\" and .ip_version == $2 and .protocol == \"$3\").$4"; }

# one_host: a hosts a party, behind it a network that nobody answers from.
one_host() {
	need nft
	ns_make a
	ip -n "$(nsname a)" link add v0 type veth peer name v1
	ip -n "$(nsname a)" addr add 10.77.0.1/24 dev v0
	ip -n "$(nsname a)" link set v0 up
	ip -n "$(nsname a)" link set v1 up
	ip -n "$(nsname a)" route add default dev v0
	ns a lr-up --iface "$(ifn a)" --name a --no-portmap --json >"$BATS_TEST_TMPDIR/up" 2>"$BATS_TEST_TMPDIR/a.log"
	jq .pid "$BATS_TEST_TMPDIR/up" >>"$PIDS"
}

@test "rules of nftables: which drops what, and what mends it" {
	one_host
	is "$(checks '.verdict != "passes"')" ""
	ns a lr-peer netcheck | grep -q '^firewall *lets in what members send'
	ns a nft -f - <<-'END'
		table inet home {
			chain arrives {
				type filter hook input priority 0; policy drop;
				ct state established,related accept
				iifname "lo" accept
				meta l4proto { icmp, ipv6-icmp } limit rate 5/second accept
				udp dport 5353 ip daddr 224.0.0.251 accept
				jump games
			}
			chain games {
				meta pkttype broadcast udp dport 1000-60000 counter reject
			}
		}
	END
	ns a lr-peer netcheck --json >"$BATS_TEST_TMPDIR/out"
	json_ok netcheck <"$BATS_TEST_TMPDIR/out"
	is "$(of unicast 4 udp verdict) $(of unicast 4 udp rule)" "drops inet home arrives: the chain's policy"
	[[ $(of broadcast 4 udp rule) == 'inet home games: meta pkttype broadcast udp dport 1000-60000 counter '*' reject'* ]]
	is "$(of ping 4 icmp verdict)" unsure
	[[ $(of ping 4 icmp rule) == *'limit rate 5/second'* ]]
	is "$(of tunnel 4 udp mend)" "nft insert rule inet home arrives udp dport $(ns a lr-peer status --json | jq .listen_port) accept"
	ns a lr-peer netcheck >"$BATS_TEST_TMPDIR/plain"
	grep -q "^firewall *drops UDP, multicast, TCP.*the rule: inet home arrives: the chain's policy" "$BATS_TEST_TMPDIR/plain"
	grep -q "^  *to let members in: nft insert rule inet home arrives iifname $(ifn a) accept" "$BATS_TEST_TMPDIR/plain"
	ns a lr-game apply doom
	is "$(ns a lr-peer netcheck --json | jq -c '.firewall.checks[] | select(.game == "doom") | [.check, .port, .verdict]' | head -n 1)" '["broadcast",2342,"drops"]'
	ns a bash -c "$(of unicast 4 udp mend)"
	is "$(checks '.verdict != "passes" and .check != "tunnel"')" ""
	ns a bash -c "$(of tunnel 4 udp mend)"
	is "$(checks '.verdict != "passes"')" ""
}

@test "who may not read the rules is told so" {
	one_host
	ns a nft add table ip t
	is "$(ns a setpriv --bounding-set=-net_admin --inh-caps=-net_admin bash -c 'lr-peer netcheck --json' | jq -r .firewall.error)" \
		"the rules cannot be read: Operation not permitted (as root they can)"
}

# --- the same of the real tools, and what the kernel does ---

# arrives TO: b's datagrams to that address get to a program at a.
arrives() {
	rm -f "$BATS_TEST_TMPDIR/got"
	spawn ip netns exec "$(nsname a)" socat -u UDP-RECV:27960 "OPEN:$BATS_TEST_TMPDIR/got,creat"
	wait_until 5 udp_bound a 27960
	for _ in 1 2 3 4 5; do
		echo x | ns b socat -u - "UDP-DATAGRAM:$1:27960,broadcast,so-bindtodevice=$(ifn b)" || :
		sleep 0.1
	done
	kill "$SPAWNED"
	wait_until 5 gone "$SPAWNED"
	[ -s "$BATS_TEST_TMPDIR/got" ]
}

# true_of VERDICT: netcheck says it of datagrams and of broadcasts, and so it is.
true_of() {
	local to way
	for way in unicast broadcast; do
		is "$(of $way 4 udp verdict)" "$1" "$way"
		[ $way = unicast ] && to=$(address a) || to=255.255.255.255
		if [ "$1" = passes ]; then arrives "$to"; else ! arrives "$to"; fi
	done
}

two_members() {
	need nft socat
	party_net s a b
	relay_up
	host a
	join b "$INVITE"
	wait_until 20 path_is b a direct
	wait_until 20 pings b "$(address a)"
	true_of passes
}

# beside CMD...: in a, with own /run, and own copies of the folders in $OWN.
beside() {
	ip netns exec "$(nsname a)" unshare --mount bash -c '
		for dir in $OWN; do
			[ ! -e "$dir" ] || { [ -e "$0$dir" ] || { mkdir -p "$0$dir"; cp -a "$dir/." "$0$dir"; }; mount --bind "$0$dir" "$dir"; }
		done
		"$@"' "$BATS_TEST_TMPDIR/root" "$@"
}

@test "rules of iptables, both kinds: what netcheck says is so" {
	only_all
	need iptables-nft iptables-legacy
	two_members
	for iptables in iptables-nft iptables-legacy; do
		ns a $iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		ns a $iptables -A INPUT -m addrtype --dst-type BROADCAST -j ACCEPT
		ns a $iptables -A INPUT -i "$(ifn a)" -p udp -m multiport ! --dports 1:1023 -m comment --comment 'no "games"' -j DROP
		is "$(of unicast 4 udp verdict) $(of broadcast 4 udp verdict)" "drops passes"
		! arrives "$(address a)"
		arrives 255.255.255.255
		ns a bash -c "$(of unicast 4 udp mend)"
		true_of passes
		ns a $iptables -F INPUT
		true_of passes
	done
}

@test "ufw, as it comes: it drops, and its own command mends that" {
	only_all
	need ufw
	two_members
	export OWN="/etc/ufw /lib/ufw /etc/default"
	beside ufw --force enable
	true_of drops
	is "$(of ping 4 icmp verdict)" passes
	is "$(of unicast 4 udp mend)" "ufw allow in on $(ifn a)"
	is "$(of tunnel 4 udp verdict) $(of unicast 6 udp verdict)" "drops drops"
	beside bash -c "$(of unicast 4 udp mend)"
	true_of passes
	is "$(of unicast 6 udp verdict)" passes
	is "$(of tunnel 4 udp verdict)" drops
	beside bash -c "$(of tunnel 4 udp mend)"
	is "$(checks '.verdict != "passes"')" ""
}

@test "firewalld, as it comes: it drops, and its own command mends that" {
	only_all
	need firewalld firewall-cmd dbus-daemon
	two_members
	mkdir -p "$BATS_TEST_TMPDIR/root/run/dbus" "$BATS_TEST_TMPDIR/root/run/firewalld"
	export OWN="/etc/firewalld /run"
	spawn beside dbus-daemon --system --nofork --nopidfile
	wait_until 10 test -S "$BATS_TEST_TMPDIR/root/run/dbus/system_bus_socket"
	spawn beside firewalld --nofork --nopid
	wait_until 60 beside firewall-cmd --state
	true_of drops
	is "$(of unicast 4 udp mend)" "firewall-cmd --zone=trusted --add-interface=$(ifn a)"
	beside bash -c "$(of unicast 4 udp mend)"
	true_of passes
	beside bash -c "$(of tunnel 4 udp mend)"
	is "$(checks '.verdict != "passes"')" ""
}
