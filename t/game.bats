# lr-game: profiles, which games run, a profile in the node, servers
load helper

# proc PID WORD...: a process in the folder that stands for /proc.
proc() {
	local dir=$BATS_TEST_TMPDIR/proc/$1
	shift
	mkdir -p "$dir/fd" "$BATS_TEST_TMPDIR/proc/net"
	printf '%s\0' "$@" >"$dir/cmdline"
}

@test "profiles: a user's own stands over ours; what is wrong with one is told, the rest counts" {
	lr-game list --json | json_ok listed-game
	[ "$(lr-game list | wc -l)" -ge 150 ]
	lr-game show --json wc3 DOOM | json_ok game
	mkdir -p "$LR_STATE_DIR/games"
	lr-game show --json doom | jq -c '.title = "Mine"' >"$LR_STATE_DIR/games/doom.json"
	echo rubbish >"$LR_STATE_DIR/games/bad.json"
	is "$(lr-game show --json doom 2>"$BATS_TEST_TMPDIR/err" | jq -r .title)" Mine
	grep -q 'lr-game: .*bad.json' "$BATS_TEST_TMPDIR/err"
	rm "$LR_STATE_DIR/games/bad.json"
	is "$(lr-game list | grep -c '(own)')" 1
	exits 1 lr-game show doom4
	is "$output" "lr-game: doom4: no such game: did you mean doom?"
}

@test "detect, apply and watch: what runs is active in the node, and only as long as somebody wants it" {
	two_nodes --tap --isolate=7777
	wait_until 10 ns a ping -q -c 1 -W 1 10.66.0.2
	games() { ns a lr-peer status --json | jq -c .games; }
	has() { [ "$(games)" = "$1" ]; }
	proc 10 /usr/games/openttd -D
	proc 11 /bin/sh -c true
	lr-game detect --json --proc "$BATS_TEST_TMPDIR/proc" >"$BATS_TEST_TMPDIR/out"
	json_ok running-game <"$BATS_TEST_TMPDIR/out"
	is "$(jq -r '"\(.game) \(.pid) \(.match)"' "$BATS_TEST_TMPDIR/out")" "openttd 10 executable"
	is "$(lr-game detect --json --proc "$BATS_TEST_TMPDIR/proc" | ns a lr-game apply -)" "applied openttd"
	is "$(games)" '["openttd"]'
	ns a lr-game apply --undo openttd
	is "$(games)" '[]'
	group() { ip -n "$(nsname a)" route show 225.1.1.1; }
	ns a lr-game apply freeciv
	[[ $(group) == *"dev $(ifn a)"* ]]
	ns a lr-game apply --undo freeciv
	is "$(group)" ''
	exits 1 ns a lr-game apply --undo openttd
	ns a lr-peer watch --json >"$BATS_TEST_TMPDIR/events" 3>&- </dev/null &
	started $!
	wait_until 10 grep -q watching "$BATS_TEST_TMPDIR/events"
	spawn ns a lr-game watch --json --proc "$BATS_TEST_TMPDIR/proc"
	wait_until 20 has '["openttd"]'
	proc 12 'C:\games\war3.exe'
	wait_until 20 has '["openttd","warcraft-3"]'
	rm -r "$BATS_TEST_TMPDIR/proc/10"
	wait_until 20 has '["warcraft-3"]'
	# How it is going stands in the status and the metrics, how it went in the event.
	ns a lr-peer status --json | tee "$BATS_TEST_TMPDIR/status" | json_ok status
	is "$(jq -r '.sessions[] | "\(.game) \(.ended == null)"' "$BATS_TEST_TMPDIR/status" | tail -2 | xargs)" "openttd false warcraft-3 true"
	ns a lr-peer metrics | grep -q '^lanrage_game_peer_rtt_seconds{.*game="warcraft-3",peer='
	ns a lr-peer metrics | grep -q '^lanrage_game_session_seconds{.*game="warcraft-3"} [0-9]'
	ns a lr-peer status | grep -q '^played  *warcraft-3 for 0:00:'
	for pid in $(ip netns pids "$(nsname a)"); do
		! grep -qx lr-game "/proc/$pid/comm" || kill -KILL "$pid"
	done
	wait_until 20 has '[]'
	grep '^{' "$BATS_TEST_TMPDIR/ns.log" >"$BATS_TEST_TMPDIR/lines" # the shell tells of the kill, too
	json_ok applied-game <"$BATS_TEST_TMPDIR/lines"
	is "$(jq -r '.event + " " + .game' "$BATS_TEST_TMPDIR/lines" | xargs)" \
		"began openttd began warcraft-3 ended openttd"
	jq -se '.[-1] | .duration_s > 0 and (.peers | length == 1 and .[0].peer != null and .[0].looks > 0 and .[0].rtt_of == "handshake" and .[0].rtt_us > 0 and .[0].score == null)' "$BATS_TEST_TMPDIR/lines"
	json_ok event <"$BATS_TEST_TMPDIR/events"
	is "$(jq -r 'select(.game != null) | .event + " " + .game' "$BATS_TEST_TMPDIR/events" | xargs)" \
		"game-began openttd game-began warcraft-3 game-ended openttd game-ended warcraft-3"
	jq -se 'map(select(.event == "game-ended")) | all(.session.duration_s > 0 and .session.ended != null)' "$BATS_TEST_TMPDIR/events"
}

@test "learn: what a program sends and listens on becomes a profile that detect knows it by" {
	ns_make a
	ip -n "$(nsname a)" link add v0 type veth peer name v1
	ip -n "$(nsname a)" addr add 10.77.0.1/24 brd + dev v0
	ip -n "$(nsname a)" link set v0 up
	ip -n "$(nsname a)" link set v1 up
	ip -n "$(nsname a)" route add default dev v0
	cat >"$BATS_TEST_TMPDIR/lab-game.py" <<-'END'
		import socket, time
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
		udp.bind(("", 7000))
		tcp = socket.create_server(("", 7002))
		for _ in range(600):
		    for to in "255.255.255.255", "10.77.0.255", "225.7.7.7":
		        udp.sendto(b"here", (to, 7001))
		    time.sleep(0.1)
	END
	spawn ns a python3 "$BATS_TEST_TMPDIR/lab-game.py"
	pid() { ns a ss -Hlptn sport = :7002 | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | grep .; }
	wait_until 10 pid
	lr() { ns a lr-game "$@"; }
	lr learn --for 1s --save "$(pid)" >"$BATS_TEST_TMPDIR/out"
	json_ok game <"$BATS_TEST_TMPDIR/out"
	is "$(jq -r '.discovery[] | "\(.kind) \(.group) \(.first) \(.by)"' "$BATS_TEST_TMPDIR/out" | sort | xargs)" \
		"broadcast null 7001 host multicast 225.7.7.7 7001 host subnet null 7001 host"
	is "$(jq -r '.play[] | "\(.protocol) \(.first)"' "$BATS_TEST_TMPDIR/out" | xargs)" "udp 7000 tcp 7002"
	lr show --json lab-game | json_ok game
	is "$(lr detect --json | jq -r 'select(.game == "lab-game") | "\(.pid) \(.confidence)"')" "$(pid) 99"
	exits 1 lr learn --for 1s --save "$(pid)"
	[[ $output == *"lab-game: there is such a profile"* ]]
	exits 1 lr learn 4194305
	is "$output" "lr-game: 4194305: there is no such process"
	exits 2 lr learn doom
}

@test "learn: real free games, hosting" {
	only_all
	need chocolate-server openttd
	ns_make a
	ip -n "$(nsname a)" link add v0 type veth peer name v1
	ip -n "$(nsname a)" addr add 10.77.0.1/24 brd + dev v0
	ip -n "$(nsname a)" link set v0 up
	ip -n "$(nsname a)" link set v1 up
	export HOME=$BATS_TEST_TMPDIR
	printf '[network]\nserver_name = Lab\nserver_game_type = local\n[game_creation]\nmap_x = 6\nmap_y = 6\n' >"$HOME/ttd.cfg"
	spawn ns a chocolate-server -privateserver
	spawn ns a openttd -D -c "$HOME/ttd.cfg"
	pid() { ns a ss -Hlupn sport = ":$1" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | sort -u | grep .; }
	learned() { ns a lr-game learn --for 2s "$(pid "$1")" | jq -c '[.executables[0].name, (.play[] | .protocol, .first)]'; }
	wait_until 30 pid 2342
	is "$(learned 2342)" '["chocolate-server","udp",2342]'
	wait_until 60 pid 3979
	is "$(learned 3979)" '["openttd","udp",3979,"tcp",3979]'
}

@test "servers: found by broadcast and at an address, measured, kept as favourites" {
	need socat
	ns_make a
	ip -n "$(nsname a)" link add v0 type veth peer name v1
	ip -n "$(nsname a)" addr add 10.77.0.1/24 brd + dev v0
	ip -n "$(nsname a)" link set v0 up
	ip -n "$(nsname a)" link set v1 up
	# The answer of a Chocolate Doom server, as captured.
	printf '\0\016Chocolate Doom 3.0.0\0\0\2\10\4\0Our server\0' >"$BATS_TEST_TMPDIR/answer"
	spawn ns a socat -T 1 UDP4-RECVFROM:2342,fork,broadcast SYSTEM:"cat $BATS_TEST_TMPDIR/answer"
	answers() { ns a lr-game servers --game doom --wait 1 --json 127.0.0.1:2342 >"$BATS_TEST_TMPDIR/out"; }
	wait_until 10 answers
	ns a lr-game servers --game doom --wait 1 --json >"$BATS_TEST_TMPDIR/out"
	json_ok game-server <"$BATS_TEST_TMPDIR/out"
	is "$(jq -r 'select(.endpoint == "10.77.0.1:2342") | "\(.game) \(.name) \(.players)/\(.players_max) \(.version)"' \
		"$BATS_TEST_TMPDIR/out")" "doom Our server 2/8 Chocolate Doom 3.0.0"
	# An answer after the second question was asked belongs to the first.
	spawn ns a socat -t 2 -T 2 UDP4-RECVFROM:2343,fork SYSTEM:"sleep 0.5; cat $BATS_TEST_TMPDIR/answer"
	slow() { ns a lr-game servers --game doom --no-broadcast --wait 2 --json 127.0.0.1:2343 >"$BATS_TEST_TMPDIR/slow"; }
	wait_until 10 slow
	is "$(jq '.rtt_us >= 500000' "$BATS_TEST_TMPDIR/slow")" true
	ns a lr-game servers --keep --wait 1 10.77.0.1 >/dev/null
	is "$(ns a lr-game servers --no-broadcast --json | jq -r .endpoint)" 10.77.0.1:2342
	exits 1 ns a lr-game servers --forget 10.77.0.9
	ns a lr-game servers --forget 10.77.0.1
	exits 1 ns a lr-game servers --forget 10.77.0.1
	is "$output" "lr-game: 10.77.0.1: no favourite"
	for wrong in --keep --forget "--keep --forget 10.77.0.1" 10.77.0.1: 10.77.0.1:99999 [::1]:27960; do
		exits 2 ns a lr-game servers $wrong
	done
	is "$(lr-game list 'doom 3' | cut -d' ' -f1)" doom-3
	exits 1 ns a lr-game servers --no-broadcast --wait 0.2
	exits 1 ns a lr-game servers --game stellaris
	is "$output" "lr-game: stellaris: its servers answer no query that is known"
}

@test "servers: real ones of free games" {
	only_all
	need chocolate-server openttd teeworlds-server
	ns_make a
	export HOME=$BATS_TEST_TMPDIR
	printf '[network]\nserver_name = Lab\nserver_game_type = local\n[game_creation]\nmap_x = 6\nmap_y = 6\n' >"$HOME/ttd.cfg"
	spawn ns a chocolate-server -privateserver
	spawn ns a openttd -D -c "$HOME/ttd.cfg"
	spawn ns a teeworlds-server "sv_name Tee;sv_register 0"
	heard() { ns a lr-game servers --json --wait 1 127.0.0.1 | jq -r '"\(.game) \(.name)"' | sort >"$HOME/got" && grep -q "$1" "$HOME/got"; }
	wait_until 30 heard "doom Unnamed server"
	wait_until 30 heard "openttd Lab"
	wait_until 30 heard "teeworlds Tee"
}
