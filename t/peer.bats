# lr-peer: every verb, with the state files and against running nodes
load helper
bats_require_minimum_version 1.5.0

setup() {
	lr_setup
	# Keys that need no curve: their text is chosen.
	BOB=$(fake_key bobbob) CAROL=$(fake_key carolc) DAVE=$(fake_key daveda)
	CONFIG=$LR_STATE_DIR/config.json
}

# fake_key TEXT: a public key that begins so.
fake_key() { printf '%s%.*s=\n' "$1" $((43 - ${#1})) AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; }

# fails CODE TEXT CMD...: exit code, exactly this one line, nothing on stdout.
fails() {
	local code=$1 text=$2
	shift 2
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null && status=0 || status=$?
	is "$status" "$code" "exit code of $*" || { cat "$BATS_TEST_TMPDIR/err"; return 1; }
	is "$(cat "$BATS_TEST_TMPDIR/err")" "lr-peer: $text" "stderr of $*"
	is "$(cat "$BATS_TEST_TMPDIR/out")" "" "stdout of $*"
}

# says CMD...: stdout; fails when CMD does, or when it writes to stderr.
says() {
	"$@" 2>"$BATS_TEST_TMPDIR/err" || { echo "exit $? of $*"; cat "$BATS_TEST_TMPDIR/err"; return 1; }
	is "$(cat "$BATS_TEST_TMPDIR/err")" "" "stderr of $*"
}

add_bob() {
	says lr-peer add --key "$BOB" --name bob --endpoint 192.0.2.7:51820 \
		--allowed-ips 10.66.0.2/32,fd66::2/128,10.77.0.0/16 --keepalive 25
}

peer() { lr-peer show "$1" --json | jq -c "$2"; }

# --- the state files -----------------------------------------------------------------------------

@test "no node, no state: nothing, and nothing is made" {
	is "$(says lr-peer list)" ""
	is "$(says lr-peer list --json)" ""
	is "$(says lr-peer export)" "[Interface]"
	is "$(ls -A "$LR_STATE_DIR")" ""
}

@test "add, list, show: what went in comes out, and fits the schema" {
	add_bob
	says lr-peer add "$CAROL"
	is "$(says lr-peer list)" \
"PEER  PUBLIC KEY                                    ADDRESS    ENDPOINT         HANDSHAKE  RECEIVED  SENT
bob   $BOB  10.66.0.2  192.0.2.7:51820  -          -         -
-     $CAROL  -          -                -          -         -"
	says lr-peer list --json >"$BATS_TEST_TMPDIR/list"
	is "$(wc -l <"$BATS_TEST_TMPDIR/list")" 2
	json_ok listed-peer <"$BATS_TEST_TMPDIR/list"
	json_ok peer <"$BATS_TEST_TMPDIR/list"
	is "$(jq -c '[.peer,.public_key,.address,.address6,.endpoint,.allowed_ips,.keepalive,.last_handshake,.rx_bytes,.path.kind]' \
		<"$BATS_TEST_TMPDIR/list")" \
"[\"bob\",\"$BOB\",\"10.66.0.2\",\"fd66::2\",\"192.0.2.7:51820\",[\"10.66.0.2/32\",\"fd66::2/128\",\"10.77.0.0/16\"],25,null,null,\"none\"]
[\"$CAROL\",\"$CAROL\",null,null,null,[],0,null,null,\"none\"]"
	lr-peer show bob --json | json_ok listed-peer
	is "$(says lr-peer show bob)" "\
peer            bob
public key      $BOB
preshared key   no
address         10.66.0.2
address6        fd66::2
allowed IPs     10.66.0.2/32, fd66::2/128, 10.77.0.0/16
endpoint        192.0.2.7:51820
keepalive       25
path            none
handshake       -
received        -
sent            -"
	is "$(stat -c %a "$CONFIG")" 600
	json_ok config <"$CONFIG"
}

@test "add again changes what is given and keeps the rest; allowed IPs are added" {
	add_bob
	says lr-peer add --key "$BOB" --endpoint '[2001:db8::7]:7' --allowed-ips 10.88.0.0/16
	is "$(peer bob '[.peer,.endpoint,.keepalive,.allowed_ips]')" \
		'["bob","[2001:db8::7]:7",25,["10.66.0.2/32","fd66::2/128","10.77.0.0/16","10.88.0.0/16"]]'
	says lr-peer add --key "$BOB" --name robert
	is "$(peer robert .address)" '"10.66.0.2"'
	# A prefix belongs to the last that claims it.
	says lr-peer add --key "$CAROL" --name carol --allowed-ips 10.77.0.0/16
	is "$(peer robert .allowed_ips)" '["10.66.0.2/32","fd66::2/128","10.88.0.0/16"]'
	is "$(peer carol .allowed_ips)" '["10.77.0.0/16"]'
}

@test "a NAME is a nickname, a key, 6 characters of one, an address; else an error says why" {
	add_bob
	says lr-peer add --key "$(fake_key bobboX)" --name eve --allowed-ips 10.66.0.3
	for name in bob "$BOB" bobbob 10.66.0.2 fd66::2 fd66:0::2; do is "$(peer "$name" .public_key)" "\"$BOB\"" "$name"; done
	none="no such peer (\`lr-peer list\` shows those there are)"
	for name in bobbo BOB 10.66.0.4 10.77.0.1 "${BOB}x"; do fails 1 "$name: $none" lr-peer show "$name"; done
	says lr-peer add "$(fake_key bobbobX)"
	fails 1 "bobbob: 2 peers fit: bobbobAAAAAA... (bob), bobbobXAAAAA..." lr-peer show bobbob
	fails 1 "bobbob: 2 peers fit: bobbobAAAAAA... (bob), bobbobXAAAAA..." lr-peer remove bobbob
	# A nickname goes before the prefix of a key.
	says lr-peer add --key "$CAROL" --name bobbobX
	is "$(peer bobbobX .public_key)" "\"$CAROL\""
}

@test "add: what is wrong is told, and nothing changes" {
	add_bob
	before=$(cat "$CONFIG")
	fails 2 "add: --key KEY is missing; - reads keys or JSON lines from standard input" lr-peer add
	fails 2 "add: --key is missing" lr-peer add --name x
	fails 2 "add: either --key or operands, not both" lr-peer add --key "$CAROL" "$DAVE"
	fails 2 "abc: no public key: 44 characters of base64 are needed" lr-peer add --key abc
	fails 1 "abc: no public key" lr-peer add abc
	fails 2 "1.2.3.4: no endpoint: HOST:PORT or [ADDR]:PORT is needed" lr-peer add --key "$CAROL" --endpoint 1.2.3.4
	fails 2 "h:70000: no endpoint: HOST:PORT or [ADDR]:PORT is needed" lr-peer add --key "$CAROL" --endpoint h:70000
	fails 2 "10.0.0.0/33: not an address with a prefix length" lr-peer add --key "$CAROL" --allowed-ips 10.1.0.0/16,10.0.0.0/33
	fails 1 "bob: another peer has this name: $BOB" lr-peer add --key "$CAROL" --name bob
	fails 1 "peer: the name has a control or invisible character" lr-peer add --key "$CAROL" --name $'a\nb'
	exits 2 lr-peer add --key "$CAROL" --keepalive 65536
	exits 2 lr-peer add --key "$CAROL" --psk-file "$BATS_TEST_TMPDIR/none"
	echo nonsense >"$BATS_TEST_TMPDIR/psk"
	fails 2 "$BATS_TEST_TMPDIR/psk: no preshared key: \`wg genpsk\` makes one" \
		lr-peer add --key "$CAROL" --psk-file "$BATS_TEST_TMPDIR/psk"
	(umask 077 && wg genkey >"$LR_STATE_DIR/identity.key")
	own=$(wg pubkey <"$LR_STATE_DIR/identity.key")
	fails 1 "that is this machine itself, no peer" lr-peer add --key "$own"
	is "$(cat "$CONFIG")" "$before"
}

@test "a preshared key comes from a file, and shows only in an export" {
	(umask 077 && wg genpsk >"$BATS_TEST_TMPDIR/psk")
	psk=$(cat "$BATS_TEST_TMPDIR/psk")
	says lr-peer add --key "$BOB" --name bob --psk-file "$BATS_TEST_TMPDIR/psk" --json >"$BATS_TEST_TMPDIR/out"
	json_ok listed-peer <"$BATS_TEST_TMPDIR/out"
	{ cat "$BATS_TEST_TMPDIR/out"; lr-peer list --json; lr-peer list; lr-peer show bob; } >"$BATS_TEST_TMPDIR/all"
	! grep -F "$psk" "$BATS_TEST_TMPDIR/all"
	is "$(peer bob .preshared)" true
	lr-peer export | grep -Fx "PresharedKey = $psk"
	lr-peer export --json | json_ok config
	is "$(lr-peer export --json | jq -r '.peers[0].preshared_key')" "$psk"
	says lr-peer add --key "$BOB" --keepalive 5
	lr-peer export | grep -Fx "PresharedKey = $psk"
}

@test "add -: keys and objects, a bad line is told with its number and the rest is done" {
	run --separate-stderr lr-peer add - <<-END
		$BOB
		{"public_key":"$CAROL","peer":"carol","address":"10.66.0.3","unknown":[1]}
		not a key

		{"peer":"ghost","address":"10.66.0.9"}
		{"public_key":"$DAVE","keepalive":70000}
		{broken
		{"public_key":"$DAVE","address":"10.66.0.4"}
	END
	is "$status" 1
	is "$output" ""
	is "${#stderr_lines[@]}" 4
	is "${stderr_lines[0]}" "lr-peer: line 3: not a key: no public key"
	is "${stderr_lines[1]}" "lr-peer: line 5: no peer \"ghost\", and no public_key to add one"
	is "${stderr_lines[2]}" "lr-peer: line 6: keepalive: a number from 0 to 65535 is needed"
	[[ ${stderr_lines[3]} == "lr-peer: line 7: "* ]]
	is "$(lr-peer list --json | jq -r '[.peer,.address] | @csv')" "\"$BOB\",
\"carol\",\"10.66.0.3\"
\"$DAVE\",\"10.66.0.4\""
}

@test "remove: by name, several, and from a pipe; who is not there is told" {
	printf '%s\n' "$BOB" "$CAROL" "$DAVE" | lr-peer add -
	fails 1 "nobody: no such peer (\`lr-peer list\` shows those there are)" lr-peer remove "$BOB" nobody
	is "$(lr-peer list --json | jq -r .public_key)" "$CAROL
$DAVE"
	says lr-peer remove --json daveda >"$BATS_TEST_TMPDIR/out"
	json_ok listed-peer <"$BATS_TEST_TMPDIR/out"
	lr-peer list --json | lr-peer remove -
	is "$(lr-peer list)" ""
	exits 2 lr-peer remove
	exits 2 lr-peer show
	exits 2 lr-peer import
}

@test "import of a wg-quick file: its peers, and of its interface what we lack but never the key" {
	lr_conf x 10.66.0.1/24,fd66::1/64 51821 'MTU = 1380' 'DNS = 9.9.9.9'
	lr_conf_peer x bob 10.66.0.2/32 localhost:51820 'PersistentKeepalive = 15'
	run --separate-stderr lr-peer import "$(conf x)"
	is "$status" 0
	[[ $stderr == *"the private key is not imported: this machine keeps its own"* ]]
	[[ $stderr == *DNS* ]]
	is "$(lr-peer list --json | jq -c '[.peer,.public_key,.keepalive,.address]')" "[\"bob\",\"$(pub bob)\",15,\"10.66.0.2\"]"
	is "$(jq -c '[.listen_port,.mtu,.addresses,.private_key]' "$CONFIG")" '[51821,1380,["10.66.0.1/24","fd66::1/64"],null]'
	! grep -F "$(key x)" "$CONFIG"
	# What we have stays.
	lr_conf y 10.99.0.1/24 1111
	exits 0 lr-peer import "$(conf y)"
	is "$(jq -c '[.listen_port,.addresses]' "$CONFIG")" '[51821,["10.66.0.1/24","fd66::1/64"]]'
}

@test "import: a file that is wrong is told with its line and changes nothing; the next is done" {
	printf '[Interface]\n[Peer]\nPublicKey = short\n' >"$BATS_TEST_TMPDIR/bad"
	printf '[Peer]\nPublicKey = %s\n# Name = bob\n' "$BOB" >"$BATS_TEST_TMPDIR/good"
	run lr-peer import "$BATS_TEST_TMPDIR/bad" "$BATS_TEST_TMPDIR/none" "$BATS_TEST_TMPDIR/good"
	is "$status" 2
	is "${#lines[@]}" 2
	[[ ${lines[0]} == "lr-peer: $BATS_TEST_TMPDIR/bad:3: "* && ${lines[1]} == *none* ]]
	is "$(lr-peer list --json | jq -r .peer)" bob
	exits 1 lr-peer import "$BATS_TEST_TMPDIR/none"
	exits 0 lr-peer import /dev/null
}

@test "import of what lr-ipam prints: a peer that we have gets its addresses, another is told" {
	add_bob
	says lr-peer add "$CAROL"
	run lr-peer import - <<-END
		{"peer":"bob","public_key":null,"address":"10.66.9.2","address6":"fd66::9:2"}
		{"peer":"$CAROL","address":"10.66.9.3","address6":null}
		{"peer":"zoe","public_key":null,"address":"10.66.9.4"}
		{"peer":"dave","public_key":"$DAVE","address":"10.66.9.5"}
		[]
		{"address":"10.66.9.6"}
	END
	is "$status" 1
	is "$output" "lr-peer: line 3: no peer \"zoe\", and no public_key to add one
lr-peer: line 5: not a JSON object
lr-peer: line 6: neither peer nor public_key: nothing to go by"
	is "$(peer bob .allowed_ips)" '["10.66.0.2/32","fd66::2/128","10.77.0.0/16","10.66.9.2/32","fd66::9:2/128"]'
	is "$(peer "$CAROL" '[.peer,.address]')" "[\"$CAROL\",\"10.66.9.3\"]"
	is "$(peer dave .address)" '"10.66.9.5"'
}

@test "export: a wg-quick file without our key unless it is asked for; some peers or all" {
	add_bob
	says lr-peer add --key "$CAROL" --name carol
	(umask 077 && wg genkey >"$LR_STATE_DIR/identity.key")
	is "$(says lr-peer export)" "[Interface]

[Peer]
# Name = bob
PublicKey = $BOB
Endpoint = 192.0.2.7:51820
PersistentKeepalive = 25
AllowedIPs = 10.66.0.2/32, fd66::2/128, 10.77.0.0/16

[Peer]
# Name = carol
PublicKey = $CAROL"
	is "$(says lr-peer export carol | grep -c '^\[Peer')" 1
	is "$(says lr-peer export --json carolc carol | jq -c '[.peers[].peer]')" '["carol"]'
	is "$(says lr-peer export --private | sed -n 2p)" "PrivateKey = $(cat "$LR_STATE_DIR/identity.key")"
	is "$(lr-peer export --json | jq -c '[has("private_key"), .public_key]')" \
		"[false,\"$(wg pubkey <"$LR_STATE_DIR/identity.key")\"]"
	fails 1 "zoe: no such peer (\`lr-peer list\` shows those there are)" lr-peer export bob zoe
}

@test "a damaged state file is told and left as it is" {
	echo '{"peers":[{"public_key":"x"}]}' >"$CONFIG"
	for verb in list "add $BOB" "remove bob" export; do
		fails 2 "$CONFIG: peers[0]: public_key: no key: 44 characters of base64 are needed" lr-peer $verb
	done
	is "$(cat "$CONFIG")" '{"peers":[{"public_key":"x"}]}'
}

@test "twenty lr-peer at the same moment: none is lost" {
	for n in {10..29}; do lr-peer add "$(fake_key "many$n")" & jobs+=($!); done
	for job in "${jobs[@]}"; do wait "$job"; done
	is "$(lr-peer list --json | wc -l)" 20
}

@test "without a node: what needs one says so, exit 4; with --iface nothing falls back to files" {
	add_bob
	for verb in "status" "metrics" "watch" "ping bob"; do
		fails 4 "no node runs: run \`lr-up\` first" lr-peer $verb
	done
	for verb in "list" "add $CAROL" "show bob"; do
		fails 4 "lr9: no node runs: run \`lr-up --iface lr9\` first" lr-peer --iface lr9 $verb
	done
	fails 2 "../x: not a name of an interface" lr-peer --iface ../x list
}

@test "a stale socket and other files in the run folder are no nodes" {
	python3 -c 'import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1])' "$LR_RUN_DIR/lr7.sock"
	touch "$LR_RUN_DIR/lr8.sock" "$LR_RUN_DIR/notes"
	fails 4 "no node runs: run \`lr-up\` first" lr-peer status
	fails 4 "lr7: no node runs: run \`lr-up --iface lr7\` first" lr-peer --iface lr7 status
	is "$(says lr-peer list)" ""
}

# --- a running node ------------------------------------------------------------------------------

# p ARG...: lr-peer on host a
p() { ns a lr-peer "$@"; }

one_node() {
	ns_make a
	lr_conf a 10.66.0.1/24,fd66::1/64 51820
	lr_conf_peer a b 10.66.0.2/32 192.0.2.2:51820
	node_up a
}

@test "lr-up runs what lr-peer put into the state files" {
	ns_make a
	LR_STATE_DIR=$LR_STATE_DIR/a lr-peer add --key "$BOB" --name bob --allowed-ips 10.66.0.2/32
	node_up a "$LR_STATE_DIR/a/config.json"
	is "$(p list --json | jq -r .peer)" bob
}

@test "a running node is asked, not the files: list, show, add, remove, import, export" {
	one_node
	p list --json | json_ok listed-peer
	is "$(p list --json | jq -c '[.peer,.address,.rx_bytes,.last_handshake]')" '["b","10.66.0.2",0,null]'
	is "$(p show b --json | jq -c '.drops | [.replay,.auth,length > 10]')" '[0,0,true]'
	p show b --json | json_ok listed-peer
	says p add --key "$BOB" --name bob --allowed-ips 10.66.0.9/32,10.1.0.0/16 --endpoint 192.0.2.9:9
	is "$(p show bob --json | jq -c '[.allowed_ips,.endpoint]')" '[["10.1.0.0/16","10.66.0.9/32"],"192.0.2.9:9"]'
	wg show "$(ifn a)" allowed-ips | grep -F "$BOB" | grep -qF 10.1.0.0/16
	is "$(ip -n "$(nsname a)" route show 10.1.0.0/16)" "10.1.0.0/16 dev $(ifn a) proto static scope link "
	fails 1 "bob: another peer has this name: $BOB" p add --key "$CAROL" --name bob
	fails 1 "that is this machine itself, no peer" p add --key "$(pub a)"
	fails 1 "zoe: no such peer (\`lr-peer list\` shows those there are)" p remove zoe
	p export >"$BATS_TEST_TMPDIR/export"
	! grep -F "$(key a)" "$BATS_TEST_TMPDIR/export"
	p export --private | grep -qFx "PrivateKey = $(key a)"
	says p remove bob
	is "$(p list --json | jq -r .peer)" b
	is "$(ip -n "$(nsname a)" route show 10.1.0.0/16)" ""
	says p import "$BATS_TEST_TMPDIR/export"
	is "$(p export)" "$(cat "$BATS_TEST_TMPDIR/export")"
	[ ! -e "$LR_STATE_DIR/a/config.json" ]
}

@test "forty lr-peer at once against a node: all are answered" {
	one_node
	for n in {10..49}; do p add --key "$(fake_key "many$n")" --name "n$n" & jobs+=($!); done
	for job in "${jobs[@]}"; do wait "$job"; done
	is "$(p list --json | wc -l)" 41
}

@test "ping: round trips, loss and the path; JSON fits the schema" {
	two_nodes
	run p ping -c 3 -i 0.01 b
	is "$status" 0 "$output"
	is "${#lines[@]}" 5
	[[ ${lines[0]} =~ ^"b (10.66.0.2): 64 bytes, 1, "[0-9.]+" ms"$ ]]
	is "${lines[3]}" "3 sent, 3 received, 0 % lost, path direct via $B4:51820"
	[[ ${lines[4]} =~ ^"round trip p50 "[0-9.]+" ms, p90 "[0-9.]+" ms, p99 "[0-9.]+" ms, max "[0-9.]+" ms, jitter "[0-9.]+" ms"$ ]]
	for opt in "" -4 -6; do
		p ping $opt -c 5 -i 0.01 -s 1000 --json b >"$BATS_TEST_TMPDIR/ping"
		json_ok ping <"$BATS_TEST_TMPDIR/ping"
		jq -e '.sent == 5 and .received == 5 and .loss == 0 and .path.kind == "direct" and .min_us > 0
			and .min_us <= .p50_us and .p50_us <= .p90_us and .p90_us <= .p99_us and .p99_us <= .max_us
			and .jitter_us >= 0' "$BATS_TEST_TMPDIR/ping"
		is "$(jq -r .address "$BATS_TEST_TMPDIR/ping")" "$([ "$opt" = -6 ] && echo fd66::2 || echo 10.66.0.2)"
	done
	p ping -c 1 fd66::2 | grep -qF 'b (fd66::2): 64 bytes'
	p ping -c 2 -i 0.01 -s 0 b
	is "$(p show b --json | jq -r .path.kind)" direct
	json_ok listed-peer <<<"$(p list --json)"
}

@test "ping: nobody answers, exit 1; a name nobody has, a peer without address" {
	one_node
	run --separate-stderr p ping -c 2 -i 0.01 -W 0.1 --json b
	is "$status" 1
	json_ok ping <<<"$output"
	is "$(jq -c '[.sent,.received,.loss,.p50_us,.jitter_us,.path.kind]' <<<"$output")" '[2,0,1,null,null,"none"]'
	run p ping -c 1 -W 0.1 b
	is "$status" 1
	is "$output" "1 sent, 0 received, 100 % lost, path none"
	fails 1 "zoe: no such peer (\`lr-peer list\` shows those there are)" p ping zoe
	says p add "$CAROL"
	fails 1 "$CAROL: has no virtual address: give it one in its allowed IPs" p ping carolc
	fails 1 "b: has no virtual IPv6 address: give it one in its allowed IPs" p ping -6 b
	fails 2 "ping: either -4 or -6" p ping -46 b
	exits 2 p ping -c 0 b
}

@test "ping: Ctrl-C ends it with what was measured so far" {
	two_nodes
	out=$BATS_TEST_TMPDIR/ping.out
	LR_RUN_DIR=$LR_RUN_DIR/a ip netns exec "$(nsname a)" lr-peer ping -c 1000 -i 0.05 b >"$out" 3>&- &
	job=$!
	echo "$job" >>"$PIDS"
	wait_until 5 grep -q '^b (10.66.0.2): 64 bytes, 2,' "$out"
	kill -TERM "$job" # background jobs of a shell ignore SIGINT; both are handled alike
	wait "$job"
	grep -Eq '^[0-9]+ sent, [0-9]+ received, ' "$out"
	is "$(grep -c '^round trip' "$out")" 1
}

@test "status: everything, by schema and for people; a drop is counted under its name" {
	two_nodes
	p ping -c 1 b
	p status --json >"$BATS_TEST_TMPDIR/status"
	json_ok status <"$BATS_TEST_TMPDIR/status"
	is "$(jq -c '[.iface,.device,.listen_port,.mtu,.addresses,.peer_count,(.peers|length)]' "$BATS_TEST_TMPDIR/status")" \
		"[\"$(ifn a)\",\"tun\",51820,1420,[\"10.66.0.1/24\",\"fd66::1/64\"],1,1]"
	is "$(jq -r '.pid,.public_key' "$BATS_TEST_TMPDIR/status")" "$NODE_a
$(pub a)"
	jq -e '[.rx_packets,.tx_packets,.rx_bytes,.tx_bytes,.device_rx_packets,.device_tx_packets] | all(. > 0)' \
		"$BATS_TEST_TMPDIR/status"
	before=$(jq .drops.type "$BATS_TEST_TMPDIR/status")
	ns b sh -c "printf 'not wireguard' | socat - UDP4-SENDTO:$A4:51820"
	dropped() { [ "$(p status --json | jq .drops.type)" = $((before + 1)) ]; }
	wait_until 3 dropped
	run p status
	is "$status" 0
	is "${lines[0]}" "interface       $(ifn a) (tun), pid $NODE_a"
	[[ $output == *$'\n'"dropped         1 type"$'\n'* ]]
	[[ ${lines[-1]} == "b     $(pub b)  10.66.0.2  $B4:51820 "* ]]
}

# The grammar of the text format: comments, then samples of a metric that was declared, each once.
prometheus() {
	awk '
	function bad(why) { print "line " NR ": " why ": " $0; faults++ }
	/^# HELP [a-z_:][a-z0-9_:]* .+$/ { if (helped[$3]++) bad("second HELP"); next }
	/^# TYPE [a-z_:][a-z0-9_:]* (counter|gauge)$/ { if (typed[$3]++) bad("second TYPE"); type[$3] = $4; next }
	/^#/ { bad("comment"); next }
	!/^[a-z_:][a-z0-9_:]*\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\} -?[0-9]+(\.[0-9]+)?$/ { bad("sample"); next }
	{
		name = $0; sub(/\{.*/, "", name)
		series = $0; sub(/\} [^ ]*$/, "}", series)
		if (!typed[name] || !helped[name]) bad("not declared")
		if ((type[name] == "counter") != (name ~ /_total$/)) bad("name and type")
		if (seen[series]++) bad("twice")
		samples++
	}
	END { if (!samples) { print "no samples"; faults++ } exit faults > 0 }'
}

@test "metrics: Prometheus text, whatever a peer is called" {
	one_node
	says p add --key "$BOB" --name 'we"ird\bob' --allowed-ips 10.66.0.9/32
	p metrics >"$BATS_TEST_TMPDIR/metrics"
	prometheus <"$BATS_TEST_TMPDIR/metrics"
	grep -qF "lanrage_peer_receive_bytes_total{iface=\"$(ifn a)\",peer=\"we\\\"ird\\\\bob\",public_key=\"$BOB\"} 0" "$BATS_TEST_TMPDIR/metrics"
	grep -qFx "lanrage_peers{iface=\"$(ifn a)\"} 2" "$BATS_TEST_TMPDIR/metrics"
	grep -qFx "lanrage_drops_total{iface=\"$(ifn a)\",reason=\"replay\"} 0" "$BATS_TEST_TMPDIR/metrics"
	! prometheus <<<'lanrage_peers{iface="x"} 2'
	! sed 's/we\\/we/' "$BATS_TEST_TMPDIR/metrics" | prometheus >/dev/null
}

@test "watch: events as they happen, by schema; ends with the node" {
	two_nodes
	out=$BATS_TEST_TMPDIR/events
	LR_RUN_DIR=$LR_RUN_DIR/a ip netns exec "$(nsname a)" lr-peer watch >"$out" 3>&- &
	job=$!
	echo "$job" >>"$PIDS"
	wait_until 5 grep -q '"watching"' "$out"
	p add --key "$BOB" --name bob
	p ping -c 1 b
	p remove bob
	wait_until 5 grep -q '"peer-removed"' "$out"
	node_down "$NODE_a"
	wait "$job"
	json_ok event <"$out"
	is "$(jq -r '[.event,.peer] | join(" ")' "$out" | head -n 4)" "watching 
peer-added bob
handshake b
peer-removed bob"
	is "$(tail -n 1 "$out" | jq -r .event)" down
	is "$(jq -r .iface "$out" | sort -u)" "$(ifn a)"
}

@test "watch: a node that is killed is told, exit 4" {
	one_node
	out=$BATS_TEST_TMPDIR/events
	LR_RUN_DIR=$LR_RUN_DIR/a ip netns exec "$(nsname a)" lr-peer watch >"$out" 2>&1 3>&- &
	job=$!
	wait_until 5 grep -q '"watching"' "$out"
	kill -KILL "$NODE_a"
	wait "$NODE_a" 2>/dev/null || : # the shell tells of it here, not later
	wait "$job" && code=0 || code=$?
	is "$code" 4
	is "$(tail -n 1 "$out")" "lr-peer: $(ifn a): the node has gone"
	# Its socket is stale now, and in nobody's way.
	fails 4 "no node runs: run \`lr-up\` first" p status
	node_up a
	is "$(p list --json | jq -r .peer)" b
}

# --- several nodes -------------------------------------------------------------------------------

@test "three nodes that share a run folder: --iface says which, else exit 2 lists them" {
	need_tun
	ns_make a b c
	export LR_STATE_DIR=$BATS_TEST_TMPDIR/shared-state LR_RUN_DIR=$BATS_TEST_TMPDIR/shared-run
	for h in a b c; do
		lr_conf $h "10.66.0.$((0x$h - 9))/24"
		lr_conf_peer $h "friend$h" 10.66.0.9/32
		out=$(timeout 20 ip netns exec "$(nsname $h)" lr-up --config "$(conf $h)" --iface "$(ifn $h)" --json)
		pids+=("$(jq .pid <<<"$out")")
		echo "${pids[-1]}" >>"$PIDS"
	done
	fails 2 "3 nodes run ($(ifn a), $(ifn b), $(ifn c)): say which with --iface" lr-peer list
	fails 2 "3 nodes run ($(ifn a), $(ifn b), $(ifn c)): say which with --iface" lr-peer add "$BOB"
	fails 2 "3 nodes run ($(ifn a), $(ifn b), $(ifn c)): say which with --iface" lr-peer status
	for h in a b c; do is "$(lr-peer list --json --iface "$(ifn $h)" | jq -r .peer)" friend$h; done
	is "$(lr-peer --iface "$(ifn b)" status --json | jq .pid)" "${pids[1]}"
	lr-up --down "$(ifn b)"
	gone "${pids[1]}"
	fails 2 "2 nodes run ($(ifn a), $(ifn c)): say which with --iface" lr-peer list
	kill -KILL "${pids[0]}"
	wait_until 3 gone "${pids[0]}"
	is "$(lr-peer list --json | jq -r .peer)" friendc
	# The name is taken while its node lives.
	run ip netns exec "$(nsname b)" lr-up --config "$(conf b)" --iface "$(ifn c)"
	is "$status" 1
	is "$output" "lr-up: $(ifn c): a node runs already (pid ${pids[2]})"
	is "$(lr-peer list --json | jq -r .peer)" friendc
}

@test "another user's node: exit 77, and not that user's own files" {
	one_node
	chmod 755 "$BATS_TEST_TMPDIR" "$LR_RUN_DIR" "$LR_RUN_DIR/a"
	cp "$BIN/lr-peer" "$BATS_TEST_TMPDIR/lr-peer"
	for d in "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_RUN_TMPDIR"; do chmod o+x "$d"; done
	other() { LR_RUN_DIR=$LR_RUN_DIR/a setpriv --reuid 65534 --regid 65534 --clear-groups "$BATS_TEST_TMPDIR/lr-peer" "$@"; }
	fails 77 "$(ifn a): a node runs, but it belongs to another user: try as root" other list
	is "$(stat -c %a "$LR_RUN_DIR/a/$(ifn a).sock")" 600
}

@test "rubbish on the control socket: an error line each, and the node goes on" {
	need socat
	one_node
	sock=$LR_RUN_DIR/a/$(ifn a).sock
	ask() { socat -t 3 - "UNIX-CONNECT:$sock"; }
	is "$(printf '{"do":"hello"}\n' | ask | jq -c '[.ok,.iface,.pid]')" "[true,\"$(ifn a)\",$NODE_a]"
	is "$(printf '%s\n' '{"do":"fly"}' '[]' '"x"' '{"do":7}' '{"do":"peer-set"}' '{"do":"peer-set","peer":{}}' \
		'{"do":"peers","names":[1]}' '{"do":"peers","names":{}}' '{"do":"peer-remove"}' | ask | jq -c '[.ok,.error]')" \
		'[false,"fly: no such request"]
[false,"a request is an object with \"do\""]
[false,"a request is an object with \"do\""]
[false,"a request is an object with \"do\""]
[false,"peer: not an object"]
[false,"neither peer nor public_key: nothing to go by"]
[false,"names: not all are texts"]
[false,"names: not a list"]
[false,"peer: not a text"]'
	printf 'rubbish\n\n\0\n{"do":"hello"}\n' | ask >"$BATS_TEST_TMPDIR/answers"
	is "$(jq -c .ok "$BATS_TEST_TMPDIR/answers" | paste -sd' ')" "false false false true"
	head -c 3000000 /dev/zero | tr '\0' x | ask >"$BATS_TEST_TMPDIR/answers" || :
	head -c 300000 /dev/urandom | ask >/dev/null || :
	is "$(p list --json | jq -r .peer)" b
}
