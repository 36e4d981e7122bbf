# party.bats - nodes in a party: joining, paths, leaving, kicks, restarts
# t/run: long

load helper
load party

setup() { party_setup; }

@test "two members reach each other through the relay, then directly, by address and by name" {
	block
	host a
	case $INVITE in lr://10.93.0.2/*) ;; *) false ;; esac
	join b "$INVITE"
	is "$(address a)" 10.66.0.1
	pings b 10.66.0.1
	is "$(kind b a)" relay
	peer a ping -c 1 b
	peer b explain a | grep -q "through the relay 10.93.0.2:3478"
	unblock
	wait_until 90 path_is b a direct
	wait_until 90 path_is a b direct
	pings b 10.66.0.1
	pings a "$(address b)"
	peer b explain a | grep -q "directly at 10.93.1.2"
}

@test "a joiner's first ping is answered; members see each other and have different addresses" {
	host a
	local one two
	join b "$INVITE" &
	one=$!
	join c "$INVITE" &
	two=$!
	wait "$one"
	wait "$two"
	pings b 10.66.0.1
	pings c 10.66.0.1
	wait_until 5 knows b c
	wait_until 5 pings b "$(address c)"
	[ "$(address b)" != "$(address c)" ]
	is "$(peer a list --json | jq -r .peer | sort | tr '\n' ' ')" "b c "
	ns b ping -6 -q -c 1 -W 1 "$(peer b show a --json | jq -r .address6)"
}

@test "who leaves is gone at once, and has the same address when it is back" {
	host a
	join b "$INVITE"
	local before
	before=$(address b)
	pings b 10.66.0.1
	ns b lr-up --down "$(ifn b)"
	wait_until 5 forgot a b
	join b "$INVITE"
	is "$(address b)" "$before"
	wait_until 5 pings b 10.66.0.1
	ns a lr-up --down "$(ifn a)"
	wait_until 5 forgot b a
	host a
	is "$(address a)" 10.66.0.1
	wait_until 5 pings b 10.66.0.1
}

@test "a kick: the member's node ends, the others go on, the old invite is void" {
	host a
	join b "$INVITE"
	join c "$INVITE"
	pings c 10.66.0.1
	local c
	c=$(address c)
	wait_until 5 knows b c
	exits 1 peer b kick c
	peer a kick c
	forgot a c
	wait_until 5 forgot b c
	wait_until 5 eval '! ip -n "$TAG-c" link show "$(ifn c)"'
	run pings a "$c"
	[ "$status" != 0 ]
	pings b 10.66.0.1
	exits 1 ns c lr-up "$INVITE" --iface "$(ifn c)"
	case $output in *void*) ;; *) echo "$output"; false ;; esac
	# Who is given a new one is let in again.
	join c "$(peer a invite)"
	pings c 10.66.0.1
}

@test "the relay is killed and comes back: nobody is lost, traffic goes on over it" {
	block
	host a
	join b "$INVITE"
	pings b 10.66.0.1
	is "$(kind b a)" relay
	kill -KILL "$RELAY"
	wait_until 5 gone "$RELAY"
	run pings b 10.66.0.1
	[ "$status" != 0 ]
	relay_up
	wait_until 5 pings b 10.66.0.1
	knows a b
	join c "$INVITE"
	wait_until 5 pings c 10.66.0.1
	wait_until 5 knows b c
}

@test "a direct path that stops is left for the relay, and found again" {
	only_all
	host a
	join b "$INVITE"
	wait_until 20 path_is b a direct
	wait_until 20 path_is a b direct
	pings b 10.66.0.1
	block
	wait_until 10 path_is b a relay
	pings b 10.66.0.1
	peer b explain a | grep -q "stopped answering"
	unblock
	wait_until 90 path_is b a direct
	pings b 10.66.0.1
}

@test "an invite for one joiner is for one" {
	host a
	local once
	once=$(peer a invite --once)
	join b "$once"
	pings b 10.66.0.1
	exits 1 ns c lr-up "$once" --iface "$(ifn c)"
}

@test "the helper dies: the tunnel goes on, and it is started again" {
	host a
	join b "$INVITE"
	pings b 10.66.0.1
	local node helper
	node=$(ns a lr-up --status --json | jq .pid)
	helper=$(pgrep -P "$node" -x lr-meet)
	kill -KILL "$helper"
	pings b 10.66.0.1
	join c "$INVITE"
	wait_until 10 knows a c
	wait_until 5 pings c 10.66.0.1
	[ "$(pgrep -P "$node" -x lr-meet)" != "$helper" ]
}

@test "the host's address changes: the path follows" {
	host a
	join b "$INVITE"
	wait_until 20 path_is b a direct
	ip -n "$TAG-a" addr del 10.93.1.2/24 dev eth0
	ip -n "$TAG-a" addr add 10.93.1.9/24 dev eth0
	ip -n "$TAG-a" route replace default via 10.93.1.1
	wait_until 5 pings b 10.66.0.1
	wait_until 30 eval 'peer b show a --json | jq -e ".path.endpoint | startswith(\"10.93.1.9:\")"'
	pings b 10.66.0.1
}

@test "hidden addresses: only the relay, and it is said" {
	host a --hide-all
	join b "$INVITE"
	pings b 10.66.0.1
	is "$(kind b a)" relay
	peer b explain a | grep -qi "hid"
	is "$(peer b explain a --json | jq -c .candidates)" "[]"
	is "$(peer a explain b --json | jq -c .candidates)" "[]"
}

# state NAME: the file of its only party.
state() { cat "$LR_STATE_DIR/$1"/parties/*.json; }

@test "the state files are as their schema says: of the host, of members, while joining, with a guest" {
	host a
	join b "$INVITE"
	join c "$(peer a invite --once)"
	peer a invite --wireguard phone >/dev/null
	wait_until 10 eval '[ "$(state a | jq "(.known | length) * 10 + (.guests | length)")" = 21 ]'
	wait_until 10 eval '[ "$(state c | jq ".known | length")" = 2 ]'
	for n in a b c; do
		state $n | json_ok party
		is "$(stat -c %a "$LR_STATE_DIR/$n"/parties/*.json)" 600
	done
	is "$(state a | jq -r 'has("host_secret")')" true
	is "$(state b | jq -r 'has("host_secret")')" false
	peer a kick c
	ns b lr-up --down
	state b | json_ok party
	! state b | jq -c '.secret = "short"' | json_ok party
	! state b | jq -c 'del(.epoch)' | json_ok party
}

@test "the host and the relay are restarted together: an idle member sees the host soon" {
	only_all
	host a
	join b "$INVITE"
	pings b 10.66.0.1
	ns a lr-up --down
	kill -KILL "$RELAY"
	wait_until 5 gone "$RELAY"
	relay_up
	host a
	wait_until 15 knows b a
	wait_until 5 pings b 10.66.0.1
}

@test "who leaves and is back at once is reached at once" {
	host a
	join b "$INVITE"
	pings b 10.66.0.1
	for i in 1 2 3; do
		ns b lr-up --down
		join b "$INVITE"
		pings b 10.66.0.1 || { echo "lost at $i"; false; }
	done
}
