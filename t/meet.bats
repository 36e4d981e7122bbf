# lr-meet: HTTP with relays and streams by upgrade, as the node asks for them; a port on a router.
load helper

setup() {
	lr_setup
	need jq python3
	LOG=$BATS_TEST_TMPDIR/requests
	export no_proxy='*'
}

# server [ANSWER]...: an HTTP server of the test's; its address is in $AT
server() {
	mkfifo "$BATS_TEST_TMPDIR/port"
	/usr/bin/python3 "$ROOT/t/tools/httpd.py" "$LOG" "$@" >"$BATS_TEST_TMPDIR/port" \
		2>"$BATS_TEST_TMPDIR/httpd.log" 3>&- </dev/null &
	started $!
	read -r -t 20 PORT <"$BATS_TEST_TMPDIR/port"
	AT=${LR_HTTPD_CERT:+https}
	AT=${AT:-http}://localhost:$PORT
}

# ask LINE...: the answers of lr-meet, one a line; each as its schema says
ask() {
	printf '%s\n' "$@" | json_ok meet-request
	printf '%s\n' "$@" | timeout 20 lr-meet serve - >"$BATS_TEST_TMPDIR/answers"
	json_ok meet-answer <"$BATS_TEST_TMPDIR/answers"
}
answer() { jq -c "select(.id == $1)" "$BATS_TEST_TMPDIR/answers"; }

@test "a PUT goes as it was asked, its answer comes back" {
	server
	ask "{\"id\":1,\"do\":\"http\",\"method\":\"PUT\",\"url\":\"$AT/echo\",\"headers\":[\"LR-Access: abc\"],\"body\":\"$(printf 'a\nb' | base64)\"}"
	is "$(answer 1 | jq -c '[.status, .headers, .rtt_us > 0]')" '[200,{"content-type":"application/json","retry-after":"7"},true]'
	is "$(answer 1 | jq -r .body | base64 -d | jq -c '[.method, .path, .body, .headers["LR-Access"], .headers["Content-Length"]]')" '["PUT","/echo","a\nb","abc","3"]'
	# Nothing that was not asked for: no form, no waiting for "100 Continue".
	is "$(answer 1 | jq -r .body | base64 -d | jq -c '.headers | [has("Content-Type"), has("Expect")]')" '[false,false]'
}

@test "GET, POST and DELETE; with and without a body; several at once, one connection for those in a row" {
	server
	ask "{\"id\":1,\"do\":\"http\",\"url\":\"$AT/echo\"}" \
		"{\"id\":2,\"do\":\"http\",\"method\":\"DELETE\",\"url\":\"$AT/echo\"}" \
		"{\"id\":3,\"do\":\"http\",\"method\":\"DELETE\",\"body\":\"aGk\",\"url\":\"$AT/echo\"}" \
		"{\"id\":4,\"do\":\"http\",\"method\":\"POST\",\"url\":\"$AT/echo\"}"
	is "$(for i in 1 2 3 4; do answer $i | jq -r .body | base64 -d | jq -r '"\(.method) \(.body) \(.headers["Content-Length"])"'; done)" "$(printf '%s\n' 'GET  null' 'DELETE  null' 'DELETE hi 2' 'POST  0')"
	: >"$LOG"
	mkfifo "$BATS_TEST_TMPDIR/in"
	lr-meet serve - <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/answers" 3>&- &
	exec 8>"$BATS_TEST_TMPDIR/in"
	for i in 1 2 3; do
		echo "{\"id\":$i,\"do\":\"http\",\"url\":\"$AT/echo\"}" >&8
		wait_until 10 grep -q "\"id\":$i," "$BATS_TEST_TMPDIR/answers"
	done
	exec 8>&-
	wait $!
	is "$(jq .connection "$LOG" | sort -u | wc -l)" 1 "connections"
}

# dialled PORT LINE...: the answers of lr-meet with a connection to PORT, which may not be there yet
dialled() {
	/usr/bin/python3 -c 'import os, socket, sys
s = socket.socket()
s.setblocking(False)
s.connect_ex(("127.0.0.1", int(sys.argv[1])))
print(s.getsockname()[1], file=open(sys.argv[2], "w"))
os.dup2(s.fileno(), 3)
os.execvp("lr-meet", ["lr-meet", "serve", "-", "--dialled=127.0.0.1:" + sys.argv[1]])' \
		"$1" "$BATS_TEST_TMPDIR/from" >"$BATS_TEST_TMPDIR/answers" < <(printf '%s\n' "${@:2}")
}

@test "a connection that was begun before is the first one there, whatever came of it" {
	server
	local ask="\"do\":\"http\",\"url\":\"http://127.0.0.1:$PORT/echo\""
	dialled "$PORT" "{\"id\":1,$ask}"
	is "$(answer 1 | jq .status)" 200
	is "$(jq .connection "$LOG")" "$(cat "$BATS_TEST_TMPDIR/from")"
	dialled 1 '{"id":1,"do":"http","url":"http://127.0.0.1:1/"}' "{\"id\":2,$ask}"
	is "$(answer 1 | jq -c '[.temporary, (.error | test("connect"))]')" '[true,true]'
	is "$(answer 2 | jq .status)" 200
	run -2 lr-meet serve - --dialled 127.0.0.1:1 3</dev/null
	is "$output" "lr-meet: --dialled: descriptor 3 is no connection"
	run -2 lr-meet serve - --dialled localhost 3</dev/null
}

@test "no answer in time, no server, no such name, an answer that is too long, a redirect" {
	server
	ask "{\"id\":1,\"do\":\"http\",\"url\":\"$AT/slow\",\"timeout_ms\":200}" \
		'{"id":2,"do":"http","url":"http://127.0.0.1:1/"}' \
		"{\"id\":3,\"do\":\"http\",\"url\":\"$AT/big/4194305\"}" \
		"{\"id\":4,\"do\":\"http\",\"url\":\"$AT/big/4194304\"}" \
		"{\"id\":5,\"do\":\"http\",\"url\":\"$AT/loop\"}" \
		'{"id":6,"do":"http","url":"ftp://127.0.0.1/"}'
	is "$(answer 1 | jq -c '[.temporary, (.error | test("timed out"))]')" '[true,true]'
	is "$(answer 2 | jq -c '[.temporary, (.error | test("connect"))]')" '[true,true]'
	is "$(answer 3)" '{"id":3,"error":"the answer is longer than 4 MiB","temporary":false}'
	is "$(answer 4 | jq -r .body | base64 -d | wc -c)" 4194304
	is "$(answer 5 | jq .status)" 302
	is "$(answer 6 | jq .temporary)" false
}

@test "a request that waits is cancelled; an id can be used again; the same at once cannot" {
	server
	mkfifo "$BATS_TEST_TMPDIR/in"
	lr-meet serve - <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/answers" 3>&- &
	exec 8>"$BATS_TEST_TMPDIR/in"
	echo "{\"id\":1,\"do\":\"http\",\"url\":\"$AT/slow\",\"timeout_ms\":60000}" >&8
	wait_until 10 grep -q /slow "$LOG"
	echo "{\"id\":1,\"do\":\"http\",\"url\":\"$AT/echo\"}" >&8
	echo '{"id":2,"do":"cancel","of":1}' >&8
	echo '{"id":3,"do":"cancel","of":1}' >&8
	echo '{"do":"cancel","of":1}' >&8
	echo "{\"id\":1,\"do\":\"http\",\"url\":\"$AT/echo\"}" >&8
	wait_until 10 grep -q '"status":200' "$BATS_TEST_TMPDIR/answers"
	exec 8>&-
	wait $!
	is "$(jq -c '[.id, .error // .done // .status]' "$BATS_TEST_TMPDIR/answers" | tr '\n' ' ')" \
		'[null,"id: another request with this one is open"] [1,"cancelled"] [2,true] [3,null] [1,200] '
}

@test "lines that are no requests are told, the others answered, exit 1" {
	server
	printf '%s\n' rubbish '[1]' '' '{"id":"x","do":"http"}' '{"id":1}' '{"id":2,"do":"zap"}' \
		'{"id":3,"do":"http","url":7}' "{\"id\":4,\"do\":\"http\",\"url\":\"$AT/echo\",\"headers\":[\"a: b\\r\\nc: d\"]}" \
		"{\"id\":5,\"do\":\"http\",\"url\":\"$AT/echo\",\"headers\":[\"nothing\"]}" \
		"{\"id\":6,\"do\":\"http\",\"url\":\"$AT/echo\",\"body\":\"%%%\"}" \
		"{\"id\":7,\"do\":\"http\",\"method\":\"BREW\",\"url\":\"$AT/echo\"}" \
		'{"id":8,"do":"map","port":0}' '{"id":9,"do":"upgrade","url":"http://localhost/"}' \
		"{\"id\":10,\"do\":\"http\",\"url\":\"$AT/echo\"}" >"$BATS_TEST_TMPDIR/in"
	head -c 1100000 /dev/zero | tr '\0' x >>"$BATS_TEST_TMPDIR/in"
	code=0
	lr-meet serve - <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/answers" 2>"$BATS_TEST_TMPDIR/err" || code=$?
	is $code 1
	is "$(sed 's/: column.*//' "$BATS_TEST_TMPDIR/err")" "$(printf 'lr-meet: line %s\n' 1 '2: not an object' '15: longer than 1 MiB')"
	json_ok meet-answer <"$BATS_TEST_TMPDIR/answers"
	is "$(jq -s 'map(select(.error)) | length' "$BATS_TEST_TMPDIR/answers")" 13
	is "$(answer 10 | jq .status)" 200
	is "$(wc -l <"$LOG")" 1 "requests that went"
}

@test "a long body goes to a node as a file, whatever its length; a short one in the line" {
	server
	for n in 1 262144; do
		run /usr/bin/python3 "$ROOT/t/tools/meetnode.py" --get "$AT/big/$n" lr-meet serve -
		is "$output" "$(printf '%s\n' '{"id": 7, "status": 200} 0' "body $n" 'exit 0')"
	done
	for n in 262145 800000 4194304; do
		run /usr/bin/python3 "$ROOT/t/tools/meetnode.py" --get "$AT/big/$n" lr-meet serve -
		is "$output" "$(printf '%s\n' '{"fd": true, "id": 7, "status": 200} 1' "file $n sealed" 'exit 0')"
	done
}

@test "names are resolved beside other requests: addresses with the port; what is no name is told" {
	server
	ask '{"id":1,"do":"resolve","host":"127.0.0.1","port":3478}' '{"id":2,"do":"resolve","host":"::1","port":443}' \
		'{"id":3,"do":"resolve","host":"localhost","port":80}' '{"id":4,"do":"resolve","host":"no name","port":80}' \
		"{\"id\":5,\"do\":\"http\",\"url\":\"$AT/echo\"}"
	is "$(answer 1)" '{"id":1,"endpoints":["127.0.0.1:3478"]}'
	is "$(answer 2)" '{"id":2,"endpoints":["[::1]:443"]}'
	answer 3 | jq -e '.endpoints - ["127.0.0.1:80", "[::1]:80"] == [] and (.endpoints | length) > 0'
	answer 4 | jq -e '.error | length > 0'
	is "$(answer 5 | jq .status)" 200
	is "$(echo '{"id":6,"do":"resolve","host":"localhost","port":0}' | lr-meet serve -)" \
		'{"id":6,"error":"port: 1 to 65535","temporary":false}'
}

@test "an upgraded plain connection is handed over as it is" {
	server
	run /usr/bin/python3 "$ROOT/t/tools/meetnode.py" "$AT/upgrade" lr-meet serve -
	is "$output" "$(printf '%s\n' '{"fd": true, "id": 7, "status": 101} 1' hello capitals 'exit 0')"
	is "$(jq -r '.headers | "\(.Upgrade) \(.Connection) \(.Host)"' "$LOG")" "lanrage-relay Upgrade localhost:$PORT"
	run /usr/bin/python3 "$ROOT/t/tools/meetnode.py" "$AT/echo" lr-meet serve -
	is "${lines[0]}" '{"error": "not upgraded: HTTP status 200", "id": 7, "temporary": false} 0'
}

@test "an upgraded TLS connection is carried; a certificate of nobody is refused" {
	need openssl
	export LR_HTTPD_CERT=$BATS_TEST_TMPDIR/both.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout "$BATS_TEST_TMPDIR/key.pem" \
		-out "$BATS_TEST_TMPDIR/cert.pem" 2>/dev/null
	cat "$BATS_TEST_TMPDIR/key.pem" "$BATS_TEST_TMPDIR/cert.pem" >"$LR_HTTPD_CERT"
	server
	run lr-meet get "$AT/echo"
	is "$status" 1
	[[ $output == *certificate* ]]
	SSL_CERT_FILE=$BATS_TEST_TMPDIR/cert.pem lr-meet get "$AT/echo" | jq -e '.method == "GET"'
	SSL_CERT_FILE=$BATS_TEST_TMPDIR/cert.pem run /usr/bin/python3 "$ROOT/t/tools/meetnode.py" "$AT/upgrade" lr-meet serve -
	is "$output" "$(printf '%s\n' '{"fd": true, "id": 7, "status": 101} 1' hello capitals 'exit 0')"
}

@test "it ends when nobody reads, and on a signal, whatever is open" {
	server
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	lr-meet serve - <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	pid=$!
	started $pid
	exec 8>"$BATS_TEST_TMPDIR/in" 9<"$BATS_TEST_TMPDIR/out"
	echo "{\"id\":1,\"do\":\"http\",\"url\":\"$AT/slow\",\"timeout_ms\":600000}" >&8
	wait_until 10 grep -q /slow "$LOG"
	exec 9<&-
	wait_until 5 gone $pid
	lr-meet serve - <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/answers" 3>&- &
	pid=$!
	started $pid
	echo "{\"id\":1,\"do\":\"http\",\"url\":\"$AT/slow\",\"timeout_ms\":600000}" >&8
	asked_twice() { [ "$(grep -c /slow "$LOG")" = 2 ]; }
	wait_until 10 asked_twice
	kill -TERM $pid
	wait $pid
}

@test "get prints what came, and says by its exit code what went wrong" {
	server
	lr-meet get "$AT/echo" | jq -e '.path == "/echo"'
	lr-meet get --json "$AT/echo" | json_ok meet-answer
	exits 4 lr-meet get http://127.0.0.1:1/
	exits 4 lr-meet get --timeout 200 "$AT/slow"
	exits 0 lr-meet get "$AT/else"
}

@test "operands: serve wants -, get a URL" {
	exits 2 lr-meet serve file
	exits 2 lr-meet serve
	exits 2 lr-meet get
	exits 2 lr-meet
}

@test "only the helpers load the libraries of HTTP and port mapping" {
	need readelf
	for p in lr-up lr-peer lr-ipam lr-perf; do
		! readelf -d "$BIN/$p" | grep -E 'NEEDED.*lib(curl|miniupnpc|natpmp)' || { echo "$p"; false; }
	done
	for lib in curl miniupnpc natpmp; do
		readelf -d "$BIN/lr-meet" | grep -q "NEEDED.*lib$lib"
	done
}

# --- port mapping, with miniupnpd as the router ---------------------------------------------------

# router [EXTERNAL]: host a and host c at a router r with miniupnpd, whose address outside is
# EXTERNAL (miniupnpd takes no private address for its own)
router() {
	need miniupnpd nft
	two_hosts
	ns_make c
	ns_link c eth0 10.91.3.2/24 r rc 10.91.3.1/24
	ip -n "$TAG-c" route add default via 10.91.3.1
	WAN=${1:-5.9.1.1}
	{
		printf '%s\n' ext_ifname=rb listening_ip=ra listening_ip=rc port=5000 enable_natpmp=yes enable_upnp=yes \
			secure_mode=yes system_uptime=yes upnp_table_name=miniupnpd upnp_nat_table_name=miniupnpd \
			upnp_forward_chain=miniupnpd upnp_nat_chain=prerouting_miniupnpd \
			upnp_nat_postrouting_chain=postrouting_miniupnpd "lease_file=$BATS_TEST_TMPDIR/leases"
		[ "$WAN" = - ] || echo "ext_ip=$WAN"
		printf '%s\n' 'allow 1024-65535 10.91.0.0/16 1024-65535' 'deny 0-65535 0.0.0.0/0 0-65535'
	} >"$BATS_TEST_TMPDIR/miniupnpd.conf"
	ns r nft -f - <<-'END'
		table inet miniupnpd {
			chain miniupnpd { type filter hook forward priority -1; }
			chain prerouting_miniupnpd { type nat hook prerouting priority -101; }
			chain postrouting_miniupnpd { type nat hook postrouting priority 99; }
		}
	END
	daemon
}
daemon() {
	ns r setsid miniupnpd -d -P "$BATS_TEST_TMPDIR/pid" -f "$BATS_TEST_TMPDIR/miniupnpd.conf" \
		>>"$BATS_TEST_TMPDIR/miniupnpd.log" 2>&1 3>&- 8>&- </dev/null &
	DAEMON=$!
	started $DAEMON
	wait_until 10 udp_bound r 5351
}
rules() { ns r nft list chain inet miniupnpd prerouting_miniupnpd | tee "$BATS_TEST_TMPDIR/rules.log"; }
# without HOST RULE...: what HOST sends and the router shall not understand comes back as refused
without() {
	ns "$1" nft "add table inet without; add chain inet without out { type filter hook output priority 0; }"
	ns "$1" nft "add rule inet without out udp dport 5351 ${*:2} reject"
}

# serve HOST: lr-meet in namespace HOST; requests to descriptor 8
serve() {
	mkfifo "$BATS_TEST_TMPDIR/in.$1"
	ns "$1" lr-meet serve - <"$BATS_TEST_TMPDIR/in.$1" >"$BATS_TEST_TMPDIR/answers" 2>"$BATS_TEST_TMPDIR/meet.log" 3>&- &
	MEET=$!
	started $MEET
	exec 8>"$BATS_TEST_TMPDIR/in.$1"
}
lines_of() { [ "$(answer "$1" | wc -l)" -ge "$2" ]; }

@test "a port by PCP, renewed after the router has forgotten it, removed at the end" {
	router
	export LR_PORTMAP_RENEW_MS=300
	serve a
	echo '{"id":3,"do":"map","port":51820,"protocol":"udp","lifetime_s":3600}' >&8
	wait_until 10 lines_of 3 1
	json_ok meet-answer <"$BATS_TEST_TMPDIR/answers"
	is "$(answer 3)" "{\"id\":3,\"mapped\":\"$WAN:51820\",\"by\":\"pcp\",\"lifetime_s\":3600,\"double_nat\":false}"
	rules | grep -qE '\<(th|udp) dport 51820 dnat ip to 10.91.1.2:51820'
	ns r nft flush chain inet miniupnpd prerouting_miniupnpd
	kill -KILL "$(cat "$BATS_TEST_TMPDIR/pid")"
	wait_until 5 gone "$DAEMON"
	rm -f "$BATS_TEST_TMPDIR/leases"
	daemon
	has_rule() { rules | grep -q 51820; }
	wait_until 10 has_rule
	exec 8>&-
	wait_until 5 gone "$MEET"
	wait "$MEET"
	! rules | grep 51820
}

# addressed HOST ADDRESS: another address, same router
addressed() {
	ip -n "$TAG-$1" addr flush dev eth0 scope global
	ip -n "$TAG-$1" addr add "$2/24" dev eth0
	ip -n "$TAG-$1" route replace default via "${2%.*}.1"
}

@test "renew: the router is asked at once, and leads to the address that we have now" {
	router
	for by in pcp upnp; do
		[ "$by" = pcp ] || without a
		rm -f "$BATS_TEST_TMPDIR/in.a"
		addressed a 10.91.1.2
		serve a
		echo '{"id":1,"do":"map","port":51820}' >&8
		wait_until 20 lines_of 1 1
		is "$(answer 1 | jq -r .by)" $by
		addressed a 10.91.1.77
		echo '{"id":2,"do":"renew","of":1}' '{"id":3,"do":"renew","of":9}' | tr ' ' '\n' >&8
		wait_until 20 lines_of 1 2
		json_ok meet-answer <"$BATS_TEST_TMPDIR/answers"
		is "$(answer 1 | tail -n 1 | jq -r '.mapped != null')" true
		rules | grep -q 'dnat ip to 10.91.1.77:51820'
		is "$(answer 2)$(answer 3)" '{"id":2,"done":true}{"id":3,"done":false}'
		exec 8>&-
		wait "$MEET"
		! rules | grep 10.91.1.77
	done
}

# taken HOST-C'S PORT: host c has it
taken() {
	ns c lr-meet map --port "$1" >"$BATS_TEST_TMPDIR/taken" 2>&1 3>&- </dev/null &
	started $!
	wait_until 10 grep -q "$WAN:$1 by pcp" "$BATS_TEST_TMPDIR/taken"
}

# clash PROTOCOL: a asks for the port that c has, and gets another one, which leads to it; then none
clash() {
	taken 51820
	serve a
	echo '{"id":1,"do":"map","port":51820,"lifetime_s":1200}' >&8
	wait_until 20 lines_of 1 1
	json_ok meet-answer <"$BATS_TEST_TMPDIR/answers"
	is "$(answer 1 | jq -r .by)" "$1"
	port=$(answer 1 | jq -r .mapped)
	is "${port%:*}" "$WAN"
	port=${port#*:}
	[ "$port" != 51820 ]
	rules | grep -qE "\\<(th|udp) dport $port dnat ip to 10.91.1.2:51820"
	rules | grep -qE "\\<(th|udp) dport 51820 dnat ip to 10.91.3.2:51820"
	echo '{"id":2,"do":"unmap","of":1}' >&8
	wait_until 5 lines_of 1 2
	is "$(answer 1 | tail -n 1 | jq -r .error)" "the mapping was removed"
	is "$(answer 2)" '{"id":2,"done":true}'
	! rules | grep 10.91.1.2
	exec 8>&-
	wait "$MEET"
}

@test "a port that another host has: PCP gives another one" {
	router
	clash pcp
}

@test "a port that another host has: NAT-PMP gives another one" {
	router
	without a @th,64,8 2
	clash nat-pmp
}

@test "a port that another host has: by UPnP another one is tried" {
	router
	without a
	clash upnp
}

@test "a router behind a NAT: none of the protocols gives a port, each with its reason" {
	router -
	run ns a lr-meet map
	is "$status" 4
	is "$output" "$(printf 'lr-meet: %s\n' 'pcp: the router says: no resources' \
		'nat-pmp: the router says: network failure: it has no public address itself' \
		'upnp: the router says that it is not connected: it may be behind another NAT' 'the router gave no port')"
	serve a
	echo '{"id":1,"do":"map","port":51820}' >&8
	wait_until 20 lines_of 1 1
	json_ok meet-answer <"$BATS_TEST_TMPDIR/answers"
	is "$(answer 1 | jq -c '[.error, .temporary, (.attempts | map(.by))]')" '["the router gave no port",true,["pcp","nat-pmp","upnp"]]'
}

@test "no router: the reasons; a TCP port; what was mapped is removed by a signal" {
	ns_make lone
	run ns lone lr-meet map
	is "$status" 4
	[[ $output == *"pcp: there is no default route"* ]]
	router
	ip netns exec "$TAG-a" lr-meet map --tcp --port 6000 --lifetime 600 --json >"$BATS_TEST_TMPDIR/tcp" 3>&- </dev/null &
	pid=$!
	started $pid
	wait_until 10 grep -q mapped "$BATS_TEST_TMPDIR/tcp"
	json_ok meet-answer <"$BATS_TEST_TMPDIR/tcp"
	is "$(jq -c '[.mapped, .lifetime_s]' "$BATS_TEST_TMPDIR/tcp")" "[\"$WAN:6000\",600]"
	rules | grep -qE '\<(th|tcp) dport 6000 dnat ip to 10.91.1.2:6000'
	kill -TERM $pid
	wait $pid
	! rules | grep 6000
}
