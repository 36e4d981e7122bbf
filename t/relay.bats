# relay.bats - lr-relay: directory over HTTP, STUN, packets over UDP and TCP, state files
#
# Members are t/tools/relaymember; HTTP is curl's, STUN is coturn's and ours.
# t/run: long
load helper
load relay

setup() { relay_setup; }

@test "with no options it serves HTTP, STUN and packets on one port, IPv4 and IPv6" {
	need turnutils_stunclient
	relay
	is "$(http $HOST/healthz)" ok
	is "$(http 'http://[::1]:3478/healthz')" ok
	http $HOST/v1/relay | json_ok relay
	ns r turnutils_stunclient -p 3478 127.0.0.1 | grep -q "reflexive addr: 127.0.0.1:"
	ns r turnutils_stunclient -p 3478 ::1 | grep -q "reflexive addr: \[::1\]:\|::1"
	ns r ss -Hlntu "sport = :3478" | awk '{ print $1 }' | sort | uniq -c | awk '{ print $1, $2 }' >"$BATS_TEST_TMPDIR/ports"
	is "$(cat "$BATS_TEST_TMPDIR/ports")" $'2 tcp\n2 udp'
}

# as_nobody CMD...: without root. The program is copied to where nobody may go.
as_nobody() { ip netns exec "$TAG-r" setpriv --reuid 65534 --regid 65534 --clear-groups env -u LR_RUN_DIR "$@"; }
for_nobody() {
	local dir=$BATS_TEST_TMPDIR
	need setpriv
	mkdir -p "$BATS_TEST_TMPDIR/nobody"
	cp "$BIN/lr-relay" "$BATS_TEST_TMPDIR/nobody/"
	chown 65534 "$BATS_TEST_TMPDIR/nobody"
	while [ "$dir" != "$(dirname "$BATS_RUN_TMPDIR")" ]; do
		chmod o+x "$dir"
		dir=$(dirname "$dir")
	done
	export LR_STATE_DIR=$BATS_TEST_TMPDIR/nobody/state
}

@test "it needs no root" {
	for_nobody
	spawn as_nobody "$BATS_TEST_TMPDIR/nobody/lr-relay"
	wait_until 5 http $HOST/healthz
	found
	is "$(member a)" 200
	is "$(stat -c %u:%a "$LR_STATE_DIR/relay")" 65534:700
	is "$(stat -c %u:%a "$LR_STATE_DIR/relay/$("$TOOL" id "$P").json")" 65534:600
}

@test "--json, --ready-fd and --background say when it listens; SIGTERM ends it with 0" {
	LR_STATE_DIR=$LR_STATE_DIR/bg ns r lr-relay --background --json >"$BATS_TEST_TMPDIR/up"
	json_ok listening <"$BATS_TEST_TMPDIR/up"
	pid=$(jq .pid "$BATS_TEST_TMPDIR/up")
	echo "$pid" >>"$PIDS"
	is "$(http $HOST/healthz)" ok
	is "$(find /proc/"$pid"/fd -lname /dev/null | wc -l)" 4 "stdin, stdout, stderr, and one to spare"
	kill "$pid"
	wait_until 5 gone "$pid"
	relay
	kill "$RELAY"
	wait_until 5 gone "$RELAY"
	wait "$RELAY"
}

@test "what is wrong on the command line is one line and exit 2, 1 or 77" {
	echo short >"$BATS_TEST_TMPDIR/token"
	echo nonsense >"$BATS_TEST_TMPDIR/pem"
	while IFS='|' read -r code options text; do
		# shellcheck disable=SC2086
		exits "$code" ns r lr-relay $options
		[[ "${lines[0]}" == "lr-relay: "*"$text"* ]] || { echo "$output"; false; }
		is "${#lines[@]}" 1 "lines"
	done <<-END
		2|--listen 1.2.3.4.5:1|is needed
		2|--listen :70000|is needed
		2|--listen 127.0.0.1|is needed
		2|--second-port 3478|listened on already
		2|--alternate nowhere|no address
		2|--cert $BATS_TEST_TMPDIR/pem|belong together
		2|--cert $BATS_TEST_TMPDIR/pem --key $BATS_TEST_TMPDIR/pem|not PEM
		2|--cert /none --key /none|No such file
		2|--token $BATS_TEST_TMPDIR/token|at least 8
		2|--party xyz|no id
		2|--foreground --background|exclude
		2|--ready-fd 77|no such descriptor
		2|--max-members 1|from 2 to 256
		1|--listen 192.0.2.7:3478|assign
	END
	relay
	exits 1 ns r lr-relay --listen :3479
	[[ "$output" == *"another lr-relay runs with this folder"* ]]
	exits 1 ns r lr-relay --state "$LR_STATE_DIR/other"
	[[ "$output" == *"in use"*"--listen"* ]]
}

@test "a port below 1024 without the right to it: exit 77 and what to do" {
	for_nobody
	ns r sh -c 'echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
	exits 77 as_nobody "$BATS_TEST_TMPDIR/nobody/lr-relay" --listen :443
	[[ "$output" == *"CAP_NET_BIND_SERVICE"*"ip_unprivileged_port_start=443"* ]]
}

@test "several places to listen; port 0 is any, the same for UDP and TCP" {
	relay --listen 127.0.0.1:4000 --listen '[::1]:4001' --listen :4443
	is "$(http http://127.0.0.1:4000/healthz)$(http 'http://[::1]:4001/healthz')$(http http://127.0.0.1:4443/healthz)" okokok
	is "$(status 'http://[::1]:4000/healthz' || :)" 000
	relay_kill
	relay --listen 127.0.0.1:0 --json
	at=$(grep listen "$BATS_TEST_TMPDIR/relay.log" | tail -n 1 | jq -r '.listen[0]')
	is "$(http "http://$at/healthz")" ok
	ns r ss -Hlun "src $at" | grep -q .
}

@test "HTTPS and HTTP on the same port" {
	need openssl
	cd "$BATS_TEST_TMPDIR"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
		-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	relay --cert cert.pem --key key.pem
	is "$(http --cacert cert.pem https://127.0.0.1:3478/healthz)" ok
	is "$(http $HOST/healthz)" ok
	is "$(http --cacert cert.pem https://127.0.0.1:3478/v1/relay | jq .tls)" true
	HOST=https://127.0.0.1:3478
	"$TOOL" found "$P"
	is "$(put_charter "$P" --cacert cert.pem)" 200
}

# tls_clients KIND COUNT [PATH [HEADER]]: t/tools/tlsclients.py, until it says `ready`
tls_clients() {
	local fifo=$BATS_TEST_TMPDIR/$1.out
	mkfifo "$fifo"
	spawn ns r bash -c 'exec 0<> <(:); exec "$@" >"$0"' "$fifo" /usr/bin/python3 "$ROOT/t/tools/tlsclients.py" 3478 "$@"
	read -r -t 60 _ <"$fifo"
}

@test "TLS clients that say half, rubbish, do not read or renegotiate harm nobody; each network may begin so many" {
	need openssl
	cd "$BATS_TEST_TMPDIR"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
		-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	relay --cert cert.pem --key key.pem
	healthy() { is "$(http --cacert cert.pem https://127.0.0.1:3478/healthz)" ok; }
	# At most 256 handshakes are open: the oldest of 300 go, and a newcomer gets through.
	tls_clients stall 300
	wait_until 5 eval '[ "$(metric tls_failed_total)" = 44 ]'
	healthy
	tls_clients rubbish 20
	tls_clients cut 20
	tls_clients deaf 20 /metrics
	healthy
	[ "$(metric tls_failed_total)" -ge 64 ]
	# Who may begin 50 a second is refused the 100th, others are not.
	run ns r bash -c 'for ((i = 0; i < 120; i++)); do exec 9<>/dev/tcp/127.0.0.1/3478 && printf "\x16\x03" >&9; done'
	wait_until 5 eval '[ "$(metric connections_refused_total)" -ge 20 ]'
	wait_until 5 healthy
	# Old versions, another protocol inside, renegotiation.
	wait_until 5 healthy
	run ns r curl -sk --tls-max 1.1 https://127.0.0.1:3478/healthz
	[ "$status" != 0 ]
	ns r openssl s_client -connect 127.0.0.1:3478 -alpn http/1.1 </dev/null 2>/dev/null | grep -q 'ALPN protocol: http/1.1'
	run ns r openssl s_client -connect 127.0.0.1:3478 -alpn h2
	[[ $output == *"no application protocol"* ]]
	run ns r bash -c '(printf "R\n"; read -r -t 0.3 _ <> <(:)) | openssl s_client -tls1_2 -connect 127.0.0.1:3478'
	[[ $output == *"no renegotiation"* ]]
	healthy
}

@test "a party is founded, joined, listed and left" {
	relay
	found
	BODY=$BATS_TEST_TMPDIR/body
	is "$(status "$(url)")" 200
	cmp "$BODY" "$P/charter"
	is "$(member a)" 200
	is "$("$TOOL" list <"$BODY" | tail -n +2)" $'charter\nrecord '"$(hash a) version 1" "the answer to PUT is the list"
	is "$(member b)" 200
	is "$("$TOOL" list <"$BODY" | grep -c record)" 2
	is "$(members "" | tail -n +3)" "record $(hash a) version 1"$'\n'"record $(hash b) version 1"
	since=$(members "" | awk '/^list/ { print $3 }')
	is "$(members "?since=$since" | head -n 1 | cut -d' ' -f1,2)" "list part"
	is "$(members "?since=$since" | wc -l)" 1 "nothing since"
	is "$(member a 2)" 200
	is "$(members "?since=$since" | tail -n +2)" "record $(hash a) version 2"
	is "$(members "?since=0123456789abcdef.1" | head -n 1 | cut -d' ' -f2)" whole "an unknown epoch gets all"
	"$TOOL" record "$P" b 5 600 leave >"$BATS_TEST_TMPDIR/record"
	is "$(status -X DELETE --data-binary "@$BATS_TEST_TMPDIR/record" "$(url)/members/$(hash b)")" 200
	is "$(members "?since=$since" | tail -n 1)" "record $(hash b) version 5 left"
	is "$(metric members)" 1
}

@test "records and charters that are forged, replayed, misplaced or too large are refused" {
	relay
	three
	q=$BATS_TEST_TMPDIR/q
	"$TOOL" found "$q"
	BODY=$BATS_TEST_TMPDIR/body
	is "$(member a 1)" 409 "the same version with other bytes"
	is "$("$TOOL" list <"$BODY" | tail -n 1)" "record $(hash a) version 1" "answered with the one held"
	cp "$BATS_TEST_TMPDIR/record" "$BATS_TEST_TMPDIR/good"
	"$TOOL" record "$P" a 3 >"$BATS_TEST_TMPDIR/good"
	put() { status -X PUT --data-binary "@$2" "$1"; }
	is "$(put "$(url)/members/$(hash b)" "$BATS_TEST_TMPDIR/good")" 403 "under another's name"
	is "$(put "$(url "$q")/members/$(hash a)" "$BATS_TEST_TMPDIR/good")" 404 "in a party that is not there"
	for at in 5 60 200 300; do
		cp "$BATS_TEST_TMPDIR/good" "$BATS_TEST_TMPDIR/bad"
		printf '\xff\xfe' | dd of="$BATS_TEST_TMPDIR/bad" bs=1 seek=$at conv=notrunc 2>/dev/null
		code=$(put "$(url)/members/$(hash a)" "$BATS_TEST_TMPDIR/bad")
		[[ $code =~ ^4..$ ]] || { echo "byte $at: $code"; false; }
	done
	is "$(member a 9 7200)" 422 "an expiry two hours ahead"
	is "$(member a 9 -5)" 422 "an expiry that is over"
	"$TOOL" epoch "$P" 2
	is "$(member a 9)" 409 "signed with an epoch that is not yet"
	"$TOOL" epoch "$P" 1
	is "$(put "$(url)" "$q/charter")" 403 "a charter of another party"
	head -c 40000 /dev/zero >"$BATS_TEST_TMPDIR/big"
	is "$(put "$(url)" "$BATS_TEST_TMPDIR/big")" 413
	head -c 2305 /dev/zero >"$BATS_TEST_TMPDIR/big"
	is "$(put "$(url)/members/$(hash a)" "$BATS_TEST_TMPDIR/big")" 413
	head -c 2304 /dev/zero >"$BATS_TEST_TMPDIR/big"
	is "$(put "$(url)/members/$(hash a)" "$BATS_TEST_TMPDIR/big")" 400
	is "$(members "" | tail -n +3 | sort)" \
		"$(for m in a b c; do echo "record $(hash $m) version 1"; done | sort)" "nothing of all that changed anything"
}

@test "requests that are none" {
	relay
	three
	while read -r want method path; do
		is "$(status -X "$method" "$HOST$path")" "$want" "$method $path"
	done <<-END
		404 GET /
		404 GET /v1
		404 GET /v1/parties/
		404 GET /v1/parties/short
		404 GET /v1/parties/$("$TOOL" id "$P")/
		404 GET /v1/parties/$("$TOOL" id "$P")x
		404 GET /v1/parties/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
		405 DELETE /v1/parties/$("$TOOL" id "$P")
		405 POST /healthz
		404 PUT /v1/parties/$("$TOOL" id "$P")/members/xyz
		403 GET /v1/parties/$("$TOOL" id "$P")/members
		426 GET /v1/frames
		404 POST /v1/invites/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/claim
		404 GET /../../etc/passwd
		404 GET /%2e%2e/%00/x
	END
	access=$("$TOOL" access "$P")
	is "$(status -H "LR-Access: $access" "$(url)/members?since=banana")" 400
	is "$(status -H "LR-Access: ${access/./..}" "$(url)/members")" 400
	is "$(status -H "LR-Access: $("$TOOL" access "$P" 4000)" "$(url)/members")" 409 "a time far ahead"
	is "$(status -H "LR-Access: ${access:0:20}AAAA${access:24}" "$(url)/members")" 403
	# A chunked body has no length to look at: it is cut off when it is too long.
	head -c 200000 /dev/zero | run ns r curl -s -o /dev/null --max-time 10 -X PUT -H 'Transfer-Encoding: chunked' \
		--data-binary @- "$(url)/members/$(hash a)"
	printf 'GET /%0.sa' $(seq 3000) | timeout 5 ip netns exec "$TAG-r" socat - TCP:127.0.0.1:3478 >/dev/null || :
	head -c 5000 /dev/urandom | timeout 5 ip netns exec "$TAG-r" socat - TCP:127.0.0.1:3478 >/dev/null || :
	is "$(http $HOST/healthz)" ok
}

@test "a long poll waits for news, and for its time" {
	relay
	three
	since=$(members "" | awk '/^list/ { print $3 }')
	members "?since=$since&wait=25" >"$BATS_TEST_TMPDIR/poll" &
	wait_until 5 polls 1
	is "$(member a 2)" 200
	wait $!
	is "$(tail -n 1 "$BATS_TEST_TMPDIR/poll")" "record $(hash a) version 2"
	since=$(members "" | awk '/^list/ { print $3 }')
	is "$(members "?since=$since&wait=1" | wc -l)" 1 "nothing came within the second"
	# A client that goes away is forgotten when its time is over.
	timeout 0.3 ip netns exec "$TAG-r" curl -s -H "LR-Access: $("$TOOL" access "$P")" "$(url)/members?since=$since&wait=1" || :
	wait_until 5 polls 0
	is "$(http $HOST/healthz)" ok
}
polls() { [ "$(metric polls)" = "$1" ]; }

@test "an invite is claimed as often as it says, and the party is told" {
	relay
	three
	"$TOOL" offer "$P" secret 2 600 >"$BATS_TEST_TMPDIR/offer"
	is "$(status -X POST --data-binary "@$BATS_TEST_TMPDIR/offer" "$(url)/invites")" 200
	claim=$HOST/v1/invites/$("$TOOL" tokenhash secret)/claim
	is "$(http -X POST "$claim" | wc -c)" 91
	relay_kill KILL
	relay
	is "$(status -X POST "$claim")" 200 "also after kill -9"
	is "$(status -X POST "$claim")" 404 "but no third time"
	is "$(status -X POST --data-binary "@$BATS_TEST_TMPDIR/offer" "$(url)/invites")" 200 "offered again it is the same, spent"
	is "$(status -X POST "$claim")" 404
	members "" | grep -q "claim left 0 by 127.0.0.1:"
}

@test "kill -9 at any moment loses nothing that was acknowledged" {
	relay
	three
	for v in 2 3 4 5 6 7 8 9; do
		is "$(member b $v)" 200
		relay_kill KILL
		rm -f "$LR_STATE_DIR"/r/relay/*.new
		printf 'half a fi' >"$LR_STATE_DIR/r/relay/$("$TOOL" id "$P").json.new"
		relay
		members "" | grep -qx "record $(hash b) version $v"
	done
	is "$(members "" | grep -c record)" 3
	relay_kill
	relay
	is "$(members "" | grep -c record)" 3 "nor does SIGTERM"
}

@test "a damaged state file is kept beside and the rest goes on" {
	relay
	three
	q=$BATS_TEST_TMPDIR/q
	found "$q"
	relay_kill
	file=$LR_STATE_DIR/r/relay/$("$TOOL" id "$P").json
	truncate -s -40 "$file"
	relay
	is "$(status "$(url)")" 404
	is "$(status "$(url "$q")")" 200
	[ -s "$file.bad" ]
	grep -q "kept as" "$BATS_TEST_TMPDIR/relay.log"
	three_again() { for m in a b c; do is "$(member $m 9)" 200; done; }
	is "$(put_charter "$P")" 200
	three_again
}

@test "packets go between members of one party, over UDP and TCP in any mixture" {
	relay
	three
	expect "$(talk <<-END
		bind a
		bind b
		send a b one
		recv b
		send b a two
		recv a
		tcp c
		bind c
		send a c three
		recv c
		send c b four
		recv b
		tcp a
		bind a
		send c a five
		recv a
		keepalive a
		keepalive b
	END
	)" "bound a
bound b
sent
got b a one
sent
got a b two
open
bound c
sent
got c a three
sent
got b c four
open
bound a
sent
got a c five
number a
number b"
	is "$(metric forwarded_packets_total)" 5
	wait_until 5 test "$(metric tunnels)" = 0
}

@test "over IPv6 and over TLS" {
	need socat openssl
	cd "$BATS_TEST_TMPDIR"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
		-subj /CN=localhost 2>/dev/null
	relay --cert cert.pem --key key.pem
	three
	RELAY_AT=[::1]:3478
	expect "$(talk <<<$'bind a\nbind b\nsend a b six\nrecv b')" $'bound a\nbound b\nsent\ngot b a six'
	# The tool speaks no TLS: socat does it for it.
	spawn ns r socat TCP-LISTEN:4000,bind=127.0.0.1,fork,reuseaddr OPENSSL:127.0.0.1:3478,verify=0
	wait_until 5 ns r sh -c 'ss -Hltn "sport = :4000" | grep -q .'
	RELAY_AT=127.0.0.1:4000
	expect "$(talk <<<$'tcp a\nbind a\ntcp b\nbind b\nsend a b tls\nrecv b\nsend b a back\nrecv a')" \
		$'open\nbound a\nopen\nbound b\nsent\ngot b a tls\nsent\ngot a b back'
}

@test "no open proxy: strangers, other parties and who left reach nobody" {
	relay
	three
	Q=$BATS_TEST_TMPDIR/q
	P0=$P P=$Q
	found
	is "$(member z)" 200
	P=$P0
	a=$(talk <<<$'bind a\nbind b' | awk '{ print $3 }' | tr '\n' ' ')
	read -r ca cb <<<"$a"
	out=$(P=$Q; talk <<-END
		bind z
		to z $ca hello
		to z $cb hello
		keepalive z
		to stranger $ca hello
		bind stranger
		bind z $ca
	END
	)
	expect "$out" $'bound z\nsent\nsent\nnumber z\nsent\nrefused stranger member\nrefused z channel'
	is "$(metric forwarded_packets_total)" 0
	"$TOOL" record "$P" b 5 600 leave >"$BATS_TEST_TMPDIR/record"
	is "$(status -X DELETE --data-binary "@$BATS_TEST_TMPDIR/record" "$(url)/members/$(hash b)")" 200
	expect "$(talk <<<$'bind a\nbind b\n'"to a $cb gone")" $'bound a\nrefused b member\nsent'
	is "$(metric forwarded_packets_total)" 0
}

@test "a kicked member has no channel, and its old signatures count for nothing" {
	relay
	three
	mkfifo "$BATS_TEST_TMPDIR/in"
	ns r "$TOOL" talk "$P" 127.0.0.1:3478 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	echo $! >>"$PIDS"
	exec 5>"$BATS_TEST_TMPDIR/in"
	printf 'bind a\nbind b\nbind c\n' >&5
	wait_until 5 lines 3
	cp "$P/charter" "$BATS_TEST_TMPDIR/old-charter"
	"$TOOL" kick "$P" b a c
	is "$(put_charter "$P")" 200
	printf 'signal a\nsend a b hello\nsend b a hello\nbind b\ncount a\n' >&5
	wait_until 10 lines 8
	exec 5>&-
	expect "$(tail -n 5 "$BATS_TEST_TMPDIR/out")" $'signal a\nsent\nsent\nrefused b member\ncount a 0'
	is "$(member a 2)" 200 "with the new epoch"
	"$TOOL" epoch "$P" 1
	is "$(member b 7)" 409 "b with the old one"
	is "$(member a 8)" 409 "and nobody else either"
	is "$(status -H "LR-Access: $("$TOOL" access "$P")" "$(url)/members")" 409
	is "$(status -X PUT --data-binary "@$BATS_TEST_TMPDIR/old-charter" "$(url)")" 409 "the old charter"
	relay_kill KILL
	relay
	is "$(member b 7)" 409 "also after a restart"
}
lines() { [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -ge "$1" ]; }

@test "a restart: the channel numbers are the members' again" {
	relay
	three
	mkfifo "$BATS_TEST_TMPDIR/in"
	ns r "$TOOL" talk "$P" 127.0.0.1:3478 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	echo $! >>"$PIDS"
	exec 5>"$BATS_TEST_TMPDIR/in"
	printf 'bind a\nbind b\n' >&5
	wait_until 5 lines 2
	ca=$(awk '/^bound a/ { print $3 }' "$BATS_TEST_TMPDIR/out")
	cb=$(awk '/^bound b/ { print $3 }' "$BATS_TEST_TMPDIR/out")
	wait_until 5 grep -q "$cb" "$LR_STATE_DIR/r/relay/$("$TOOL" id "$P").json"
	relay_kill KILL
	relay
	printf '%s\n' 'keepalive a' "bind a $ca" "bind b $cb" 'send a b again' 'recv b' >&5
	wait_until 10 lines 7
	exec 5>&-
	is "$(tail -n 5 "$BATS_TEST_TMPDIR/out")" "refused a unbound
bound a $ca
bound b $cb
sent
got b a again"
}

@test "members with a channel are signalled, again when they do not answer" {
	relay
	three
	mkfifo "$BATS_TEST_TMPDIR/in"
	ns r "$TOOL" talk "$P" 127.0.0.1:3478 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	echo $! >>"$PIDS"
	exec 5>"$BATS_TEST_TMPDIR/in"
	printf 'bind a\ntcp b\nbind b\n' >&5
	wait_until 5 lines 3
	is "$(member c 2)" 200
	printf 'signal a noack\nsignal a\nsignal b\nsignal a noack\n' >&5
	wait_until 10 lines 7
	exec 5>&-
	is "$(tail -n 4 "$BATS_TEST_TMPDIR/out")" $'signal a\nsignal a\nsignal b\nsilence a'
}

@test "no reflector: nobody gets more bytes than they sent before they are verified" {
	relay --checks 10000
	three
	{
		for kind in 00 01 02 03 04 05 06 07 08 09 ff; do
			for len in 0 1 4 8 16 19 20 32 48 52 60 100 140 200; do
				printf 'ratio x f201000000000001%s%s\n' $kind "$(printf '00%.0s' $(seq 1 $((len + 1))))"
				printf 'ratio x f200000000000001%s%s\n' $kind "$(printf 'ab%.0s' $(seq 1 $((len + 1))))"
			done
		done
	} >"$BATS_TEST_TMPDIR/hostile"
	talk <"$BATS_TEST_TMPDIR/hostile" >"$BATS_TEST_TMPDIR/ratios"
	is "$(wc -l <"$BATS_TEST_TMPDIR/ratios")" 308
	awk '$4 > $2 { print "answered with more: " $0; bad = 1 } $4 { n++ } END { exit bad || n < 20 }' "$BATS_TEST_TMPDIR/ratios"
	# STUN is the exception: at most 120 bytes, at most 20 a second of one network.
	printf 'ratio x 000100002112a442000102030405060708090a0b\n%.0s' $(seq 60) | talk >"$BATS_TEST_TMPDIR/ratios"
	awk '$4 > 120 { bad = 1 } END { exit bad }' "$BATS_TEST_TMPDIR/ratios"
	printf 'ratio x 0101%s\n' "002112a442000102030405060708090a0b" 0011000021 | talk | awk '$4 { exit 1 }'
}

@test "junk on a bound channel, on a TCP stream and on the port breaks nothing" {
	relay
	three
	expect "$(talk <<-END
		bind a
		bind b
		junk a f2
		junk a f203000000000001
		junk a f2010000000000010900000000
		junk a 00
		junk a ffffffffffffffffffffffff
		send a b still
		recv b
		tcp c
		bind c
		junk c f2000003000000
		junk c 01616263
		junk c 474554202f20
		keepalive c
		send a b here
		recv b
	END
	)" "bound a
bound b
sent
sent
sent
sent
sent
sent
got b a still
open
bound c
sent
sent
sent
silence c
sent
got b a here"
	is "$(metric tunnels)" 0 "a stream that cannot be followed is closed"
	[ "$(metric 'dropped_packets_total{reason="foreign"}')" -ge 2 ]
}

@test "a flooder is cut off, the others of its party are not" {
	relay --source-pps 200 --party-pps 0
	three
	out=$(talk <<<$'bind a\nbind b\nbind c\nflood a b 2000\nsend c b mine\ncount b')
	n=$(awk '/^count b/ { print $3 }' <<<"$out")
	[ "$n" -ge 40 ] && [ "$n" -le 900 ] || { echo "$out"; false; }
	[ "$(metric 'dropped_packets_total{reason="source_rate"}')" -gt 1000 ]
	is "$(($(metric forwarded_packets_total) + $(metric 'dropped_packets_total{reason="source_rate"}')))" 2001
}

@test "a TCP client that takes nothing: the oldest frames go, and are counted" {
	relay --source-pps 0 --party-pps 0 --source-rate 0 --party-rate 0
	three
	ns r sh -c 'echo "4096 4096 8192" >/proc/sys/net/ipv4/tcp_rmem; echo "4096 4096 8192" >/proc/sys/net/ipv4/tcp_wmem'
	out=$(talk <<<$'tcp b\nbind b\nbind a\nflood a b 20000\nsend a b last\ncount b')
	n=$(awk '/^count b/ { print $3 }' <<<"$out")
	dropped=$(metric 'dropped_packets_total{reason="queue_full"}')
	[ "$dropped" -gt 1000 ] || { echo "$out, $dropped dropped"; false; }
	is "$((n + dropped))" "$(metric forwarded_packets_total)" "each was delivered or counted"
}

@test "new parties: a token, a limit a network, a limit in all, one only" {
	echo "correct horse" >"$BATS_TEST_TMPDIR/token"
	relay --token "$BATS_TEST_TMPDIR/token" --max-parties 2
	is "$(http $HOST/v1/relay | jq .open)" false
	"$TOOL" found "$P"
	is "$(put_charter "$P")" 403
	is "$(put_charter "$P" -H 'Authorization: Bearer correct')" 403
	is "$(put_charter "$P" -H 'Authorization: Bearer correct horse')" 200
	is "$(member a)" 200 "joining needs none"
	for q in q1 q2; do "$TOOL" found "$BATS_TEST_TMPDIR/$q"; done
	is "$(put_charter "$BATS_TEST_TMPDIR/q1" -H 'Authorization: Bearer correct horse')" 200
	is "$(put_charter "$BATS_TEST_TMPDIR/q2" -H 'Authorization: Bearer correct horse')" 503
	is "$(put_charter "$P")" 200 "a live one is not dropped for it"
	relay_kill
	id=$("$TOOL" id "$P")
	relay --party="$id"
	is "$(put_charter "$BATS_TEST_TMPDIR/q2")" 403
	is "$(member a 2)" 200
	is "$(status "$(url "$BATS_TEST_TMPDIR/q1")")" 404 "others are not even read"
	relay_kill
	rm -r "$LR_STATE_DIR/r"
	relay --new-parties 2
	is "$(put_charter "$P")" 200
	is "$(put_charter "$BATS_TEST_TMPDIR/q1")" 200
	is "$(put_charter "$BATS_TEST_TMPDIR/q2")" 429
	is "$(put_charter "$P")" 200
}

@test "members, signatures and connections have their limits" {
	relay --max-members 2 --checks 20 --max-per-network 8
	found
	is "$(member a)$(member b)" 200200
	is "$(member c)" 503 "a third member"
	is "$(member a 2)" 200 "the others go on"
	printf 'url = "%s"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\nheader = "LR-Access: %s"\nnext\n' \
		"$(url)/members" "$("$TOOL" access "$P")" >"$BATS_TEST_TMPDIR/one"
	for _ in $(seq 100); do cat "$BATS_TEST_TMPDIR/one"; done | sed '$d' >"$BATS_TEST_TMPDIR/curlrc"
	http -K "$BATS_TEST_TMPDIR/curlrc" >"$BATS_TEST_TMPDIR/codes"
	grep -q 200 "$BATS_TEST_TMPDIR/codes"
	grep -q 429 "$BATS_TEST_TMPDIR/codes"
	for _ in $(seq 12); do spawn ns r socat -u TCP:127.0.0.1:3478 /dev/null; done
	wait_until 5 many_refused
	is "$(ns r ss -Htn state established 'sport = :3478' | wc -l)" 8
}
many_refused() { [ "$(ns r ss -Htn state established 'sport = :3478' | wc -l)" = 8 ]; }

@test "STUN with a second port and a second address: what a NAT does can be found out" {
	need turnutils_natdiscovery
	ns_make c
	ns_link c eth0 192.0.2.10/24 r eth0 192.0.2.1/24,192.0.2.2/24
	relay --second-port 3479 --alternate 192.0.2.2
	ns c turnutils_natdiscovery -m -f 192.0.2.1 >"$BATS_TEST_TMPDIR/nat" 2>&1
	cat "$BATS_TEST_TMPDIR/nat"
	grep -qi "NAT with Endpoint Independent Mapping\|No NAT" "$BATS_TEST_TMPDIR/nat"
	grep -qi "Endpoint Independent Filtering" "$BATS_TEST_TMPDIR/nat"
}

@test "the unit is sound, and as hard as it says" {
	need systemd-analyze
	sed "s|/usr/local/bin/lr-relay|$BIN/lr-relay|" "$ROOT/share/lr-relay.service" >"$BATS_TEST_TMPDIR/lr-relay.service"
	run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/lr-relay.service"
	is "$output" ""
	run systemd-analyze security --offline=true --threshold=20 "$BATS_TEST_TMPDIR/lr-relay.service"
	is "$status" 0
	grep -q -- '--listen :443' "$BATS_TEST_TMPDIR/lr-relay.service"
}
