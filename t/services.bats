# services.bats - what desktops announce to each other, with the switch on: Avahi (mDNS) and SSDP between members
#
# Real programs on both sides: avahi-daemon and avahi-browse, miniupnpd and gssdp-discover or upnpc.
load helper
load party

setup() { lr_setup; }

# members [OPTION]...: a and b in a party, both with those
members() {
	party_net s a b
	relay_up
	host a "$@"
	join b "$INVITE" "$@"
	wait_until 20 path_is b a direct
	wait_until 20 pings b "$(address a)"
	A=$(address a)
}

# apart NAME CMD...: there, with a /run of its own: two hosts on one machine share it otherwise.
apart() {
	local n=$1
	shift
	mkdir -p "$BATS_TEST_TMPDIR/$n.run/dbus"
	ip netns exec "$(nsname "$n")" unshare --mount --uts bash -c '
		hostname "$1"; mount --bind "$0" /run; shift; exec "$@"' "$BATS_TEST_TMPDIR/$n.run" "host-$n" "$@"
}

avahi_on() {
	local n
	for n in a b; do
		printf '[server]\nallow-interfaces=%s\nuse-ipv4=yes\nuse-ipv6=yes\n[publish]\npublish-workstation=no\n' "$(ifn $n)" \
			>"$BATS_TEST_TMPDIR/$n.avahi"
		spawn apart $n dbus-daemon --system --nofork --nopidfile
		wait_until 10 test -S "$BATS_TEST_TMPDIR/$n.run/dbus/system_bus_socket"
		spawn apart $n avahi-daemon --no-drop-root --no-chroot -f "$BATS_TEST_TMPDIR/$n.avahi"
		wait_until 20 test -S "$BATS_TEST_TMPDIR/$n.run/avahi-daemon/socket"
	done
	spawn apart a avahi-publish -s "Game of a" _lanrage._tcp 4711
}
browses() { apart b timeout 10 avahi-browse -rtp _lanrage._tcp | grep "^=;.*;$1;Game" | grep -q "$2;4711"; }

@test "Avahi with --pass=mdns: a service of one member is resolved by the other, IPv4 and IPv6; without it is not" {
	only_all
	need avahi-daemon avahi-browse avahi-publish dbus-daemon
	members --pass=mdns
	avahi_on
	wait_until 30 browses IPv4 "$A"
	wait_until 30 browses IPv6 "$(peer b show a --json | jq -r .address6)\\|;fe80"
}

@test "Avahi without the switch: nothing of it passes, and it is counted" {
	only_all
	need avahi-daemon avahi-browse avahi-publish dbus-daemon
	members
	avahi_on
	wait_until 30 eval '[ "$(peer a status --json | jq .drops.lan_noise)" -gt 3 ]'
	! browses IPv4 "$A"
}

# device: a router of the house on a, which announces itself there and answers searches.
device() {
	need miniupnpd
	ns_make w
	ns_link a out0 203.0.113.2/24 w out1 203.0.113.1/24
	cat >"$BATS_TEST_TMPDIR/upnp.conf" <<-END
		ext_ifname=out0
		ext_ip=11.22.33.44
		listening_ip=$(ifn a)
		port=5000
		enable_upnp=yes
		uuid=6f8e1c4e-7a1d-4d0b-9d7e-1f0f5a5f7a11
		allow 1024-65535 0.0.0.0/0 1024-65535
	END
	ns a nft add table ip miniupnpd
	spawn ns a miniupnpd -d -f "$BATS_TEST_TMPDIR/upnp.conf" -P "$BATS_TEST_TMPDIR/upnp.pid"
	wait_until 10 eval 'ns a ss -Hlun "sport = :1900" | grep -q .'
}
igd() { ns b timeout 10 upnpc -m "$(ifn b)" -s | grep -q "$A:5000"; }
discovers() { ns b timeout 6 gssdp-discover -i "$(ifn b)" --timeout=4 | grep -q "$A:5000"; }

@test "SSDP with --pass=ssdp: a search finds a device of the other member; without it does not" {
	only_all
	need upnpc gssdp-discover
	members --pass=ssdp
	device
	wait_until 30 discovers
	wait_until 30 igd
}

@test "SSDP without the switch: nothing of it passes, and it is counted" {
	only_all
	need upnpc
	members
	device
	! igd
	[ "$(peer b status --json | jq .drops.lan_noise)" -ge 1 ]
}
