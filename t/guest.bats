# guest.bats - guests with a stock WireGuard client: Debian's wireguard-go, with the file as it is printed
load helper
load party

# The party's namespaces, and g, where the guest is. The relay lends ports.
setup() {
	party_setup
	need wireguard-go wg wg-quick
	ns_make g
	ns_link g eth0 10.93.9.2/24 r rg 10.93.9.1/24
	ip -n "$TAG-g" route add default via 10.93.9.1
}

teardown() {
	guest_down
	lr_teardown
}

# behind_nat: what comes from a goes out with the router's address, and only answers come in.
behind_nat() {
	ns r nft -f - <<-END
		table ip n {
			chain out { type nat hook postrouting priority srcnat; ip saddr 10.93.1.2 masquerade; }
			chain forwarded { type filter hook forward priority filter; oifname ra ct state new drop; }
		}
	END
}

GUEST() { echo "$TAG"g; }
file() { echo "$BATS_TEST_TMPDIR/$(GUEST).conf"; }

# invite NAME [OPTION]...: a's file for a guest, at $(file)
invite() { (umask 077 && peer a invite --wireguard "$@" >"$(file)" 2>>"$BATS_TEST_TMPDIR/invite.log"); }
value() { sed -n "s/^$1 = //p" "$(file)"; }
guest_address() { value Address | sed 's,/.*,,'; }
guest_up() {
	WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go ns g wg-quick up "$(file)" >>"$BATS_TEST_TMPDIR/quick.log" 2>&1
}
guest_down() { [ ! -S "/var/run/wireguard/$(GUEST).sock" ] || ns g wg-quick down "$(file)" >>"$BATS_TEST_TMPDIR/quick.log" 2>&1 || :; }

# With the router before it, and the party's members a (who is the hub) and b.
party_of_two() {
	host a --no-portmap "$@"
	join b "$INVITE"
	wait_until 10 pings b 10.66.0.1
}

@test "a guest of a hub behind NAT comes in through a port of the relay, and reaches everybody" {
	behind_nat
	party_of_two
	invite phone
	case $(value Endpoint) in 10.93.0.2:28[0-9][0-9][0-9]) ;; *) cat "$(file)"; false ;; esac
	is "$(value PersistentKeepalive)" 25
	is "$(value MTU)" 1280
	guest_up
	local ip
	ip=$(guest_address)
	wait_until 10 pings g 10.66.0.1
	wait_until 10 pings g "$(address b)"
	wait_until 10 pings b "$ip"
	pings a "$ip"
}
