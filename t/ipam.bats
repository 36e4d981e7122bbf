# lr-ipam: what it prints, what it refuses, and that its log survives
load helper
bats_require_minimum_version 1.5.0

LOG=ipam/10.66.0.0_16.jsonl
ULA=fd2f:66fc:c5d7:fb32

setup() {
	lr_setup
	log=$LR_STATE_DIR/$LOG
	KEY1=$(printf 'A%.0s' {1..43})=
	KEY2=$(printf 'B%.0s' {1..42})A=
}

# fails CODE TEXT CMD...: exit code, nothing on stdout, and this on stderr, one line.
fails() {
	local code=$1 text=$2 rc=0
	shift 2
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || rc=$?
	is $rc "$code" "exit code of $*: $(cat "$BATS_TEST_TMPDIR/err")"
	is "$(cat "$BATS_TEST_TMPDIR/err")" "$text"
	is "$(cat "$BATS_TEST_TMPDIR/out")" ""
}

# --- what it prints ------------------------------------------------------------------------------

@test "alloc gives addresses in order, the same one each time" {
	want="alice            10.66.0.1       $ULA::a42:1
bob              10.66.0.2       $ULA::a42:2"
	is "$(lr-ipam alloc alice bob)" "$want"
	is "$(lr-ipam alloc alice bob)" "$want"
	is "$(lr-ipam list)" "$want"
	is "$(cat "$log")" '{"op":"alloc","peer":"alice","address":"10.66.0.1"}
{"op":"alloc","peer":"bob","address":"10.66.0.2"}'
}

@test "rows are aligned, also for long names and those with wide letters" {
	is "$(lr-ipam alloc a_name_of_twenty_four_xx Zoë)" \
		"a_name_of_twenty_four_xx 10.66.0.1       $ULA::a42:1
Zoë                      10.66.0.2       $ULA::a42:2"
}

@test "alloc, list, lookup and release print the same JSON objects" {
	want='{"peer":"alice","address":"10.66.0.1","address6":"'$ULA'::a42:1","public_key":null,"reserved":false,"pool":"10.66.0.0/16"}'
	is "$(lr-ipam alloc alice --json)" "$want"
	is "$(lr-ipam --json list)" "$want"
	is "$(lr-ipam lookup --json 10.66.0.1)" "$want"
	is "$(lr-ipam lookup --json $ULA::a42:1)" "$want"
	is "$(lr-ipam release --json alice)" "$want"
	is "$(lr-ipam list --json)" ""
}

@test "the JSON of every verb fits its schema" {
	lr-ipam alloc alice "$KEY1" --json | json_ok lease
	lr-ipam alloc --address 10.66.3.7 carol --json | json_ok lease
	lr-ipam list --json | json_ok lease
	lr-ipam lookup carol --json | json_ok lease
	lr-ipam release carol --json | json_ok lease
	lr-ipam stats --json | json_ok ipam-stats
	printf 'x\n{"op":"release","peer":"x"}\n{"op":"alloc","peer":"y","address":"10.66.0.1"}\n' >>"$log"
	printf '{"op":"alloc","peer":"alice","address":"10.66.0.9"}\n{"op":"alloc","peer":"z","address":"10.66.0.0"}\n{' >>"$log"
	run -3 lr-ipam check --json
	is "${#lines[@]}" 6
	json_ok ipam-check <<<"$output"
	is "$(jq -r '.problem' <<<"$output" | sort -u | wc -l)" 6
}

@test "stats count" {
	lr-ipam alloc a b c >/dev/null
	lr-ipam alloc --address 10.66.9.9 d >/dev/null
	lr-ipam release b
	is "$(lr-ipam stats)" "pool         10.66.0.0/16
ula          $ULA::/64
capacity     65024
used         3
reserved     1
free         65021
utilisation  0.00 %
next         10.66.0.4"
	is "$(lr-ipam stats --json | jq -c '[.capacity,.used,.reserved,.free,.next]')" '[65024,3,1,65021,"10.66.0.4"]'
	is "$(lr-ipam stats --json --pool 10.0.0.0/8 | jq -c '[.capacity,.utilisation,.next]')" '[16646144,0,"10.0.0.1"]'
}

# --- addresses -----------------------------------------------------------------------------------

@test "a /24 is followed by the next one; .0 and .255 are never given" {
	seq 600 | lr-ipam alloc - --json | jq -r .address >"$BATS_TEST_TMPDIR/got"
	for third in 0 1 2; do printf "10.66.$third.%d\n" {1..254}; done | head -n 600 | diff - "$BATS_TEST_TMPDIR/got"
}

@test "a /30 and a /29 give all their addresses and then say that they are full" {
	is "$(lr-ipam -p 192.168.7.4/30 alloc a b --json | jq -r .address | xargs)" "192.168.7.5 192.168.7.6"
	fails 1 "lr-ipam: pool 192.168.7.4/30 is full: all 2 addresses are held: release some or use a larger pool" \
		lr-ipam -p 192.168.7.4/30 alloc c
	is "$(lr-ipam -p 192.168.7.4/30 alloc a --json | jq -r .address)" 192.168.7.5
	is "$(lr-ipam -p 192.168.7.4/30 stats --json | jq -c '[.free,.utilisation,.next]')" '[0,1,null]'
	run -1 --separate-stderr lr-ipam -p 192.168.7.8/29 alloc a b c d e f g h
	is "${#lines[@]}" 6
	is "${#stderr_lines[@]}" 2
}

@test "a released address is given to others only when all were given once" {
	lr-ipam -p 192.168.7.8/29 alloc a b c >/dev/null
	lr-ipam -p 192.168.7.8/29 release b
	is "$(lr-ipam -p 192.168.7.8/29 alloc d --json | jq -r .address)" 192.168.7.12
	is "$(lr-ipam -p 192.168.7.8/29 alloc b --json | jq -r .address)" 192.168.7.10 "who comes back"
	lr-ipam -p 192.168.7.8/29 release b
	is "$(lr-ipam -p 192.168.7.8/29 alloc e f g --json | jq -r .address | xargs)" "192.168.7.13 192.168.7.14 192.168.7.10"
	fails 1 "lr-ipam: pool 192.168.7.8/29 is full: all 6 addresses are held: release some or use a larger pool" \
		lr-ipam -p 192.168.7.8/29 alloc b
}

@test "reservations: this address or none, and the holder is named" {
	is "$(lr-ipam alloc --address 10.66.3.7 bob --json | jq -c '[.address,.reserved]')" '["10.66.3.7",true]'
	is "$(lr-ipam alloc bob --json | jq -r .address)" 10.66.3.7
	is "$(lr-ipam alloc alice --json | jq -r .address)" 10.66.0.1 "the sequence has not moved"
	fails 1 "lr-ipam: 10.66.3.7: is held by bob: release bob or choose another address" lr-ipam alloc -a 10.66.3.7 eve
	fails 1 "lr-ipam: bob: has 10.66.3.7 already: release bob first" lr-ipam alloc -a 10.66.3.8 bob
	fails 2 "lr-ipam: 10.66.3.255: network and broadcast addresses, .0 and .255 are never given" \
		lr-ipam alloc -a 10.66.3.255 eve
	fails 2 "lr-ipam: 10.67.0.1: is not in the pool 10.66.0.0/16" lr-ipam alloc -a 10.67.0.1 eve
	fails 2 "lr-ipam: --address: not an IPv4 address" lr-ipam alloc -a fd00::1 eve
	fails 2 "lr-ipam: --address: is for one peer: give just one NAME" lr-ipam alloc -a 10.66.3.9 eve mallory
	is "$(lr-ipam alloc --reserve alice --json | jq -c '[.address,.reserved]')" '["10.66.0.1",true]'
}

@test "each pool has its own log and its own IPv6 prefix" {
	lr-ipam -p 10.66.0.0/16 alloc a >/dev/null
	lr-ipam -p 10.77.0.0/16 alloc b a >/dev/null
	is "$(lr-ipam -p 10.77.5.5/16 lookup a --json | jq -r .address)" 10.77.0.2
	is "$(lr-ipam list --json | jq -r .peer)" a
	is "$(ls "$LR_STATE_DIR/ipam" | grep -c 'jsonl$')" 2
	[ "$(lr-ipam stats --json | jq .ula)" != "$(lr-ipam stats --json -p 10.77.0.0/16 | jq .ula)" ]
}

@test "--ula is remembered, and refused when there are leases in another one" {
	is "$(lr-ipam --ula fd77:1::/48 alloc a --json | jq -r .address6)" fd77:1::a42:1
	is "$(lr-ipam alloc b --json | jq -r .address6)" fd77:1::a42:2
	is "$(lr-ipam lookup fd77:1::a42:2 --json | jq -r .peer)" b
	fails 2 "lr-ipam: --ula: the leases of pool 10.66.0.0/16 have addresses in fd77:1::/64 already; only an empty pool takes another prefix" \
		lr-ipam --ula fd78::/64 alloc c
	fails 2 "lr-ipam: 2001:db8::/64: the prefix is from fc00::/7 and /64 or shorter" lr-ipam -u 2001:db8::/64 -p 10.1.0.0/16 alloc c
}

# --- names and keys ------------------------------------------------------------------------------

@test "a peer is found by name, key, the beginning of its key, and addresses" {
	echo "{\"peer\":\"bob\",\"public_key\":\"$KEY2\"}" | lr-ipam alloc - >/dev/null
	lr-ipam alloc "$KEY1" >/dev/null
	for name in bob "$KEY2" BBBBBB 10.66.0.1 $ULA::a42:1; do
		is "$(lr-ipam lookup "$name" --json | jq -r .peer)" bob "$name"
	done
	is "$(lr-ipam lookup AAAAAA --json | jq -r .public_key)" "$KEY1"
	fails 1 "lr-ipam: BBBBB: not found in the pool 10.66.0.0/16" lr-ipam lookup BBBBB
}

@test "lookup and release name each peer that is not there and do the rest" {
	lr-ipam alloc a b c >/dev/null
	run -1 --separate-stderr lr-ipam lookup a nobody 10.66.0.9 c
	is "${lines[0]%% *} ${lines[1]%% *} ${#lines[@]}" "a c 2"
	is "$stderr" "lr-ipam: nobody: not found in the pool 10.66.0.0/16
lr-ipam: 10.66.0.9: not found in the pool 10.66.0.0/16"
	run -1 --separate-stderr lr-ipam release a nobody a c
	is "$output" ""
	is "${#stderr_lines[@]}" 2
	is "$(lr-ipam list --json | jq -r .peer)" b
}

@test "a key under another name was renamed: it keeps its address" {
	echo "{\"peer\":\"bob\",\"public_key\":\"$KEY1\"}" | lr-ipam alloc - >/dev/null
	is "$(echo "{\"peer\":\"rob\",\"public_key\":\"$KEY1\"}" | lr-ipam alloc - --json | jq -c '[.peer,.address]')" \
		'["rob","10.66.0.1"]'
	fails 1 "lr-ipam: bob: not found in the pool 10.66.0.0/16" lr-ipam lookup bob
	run -1 lr-ipam alloc - <<<"{\"peer\":\"rob\",\"public_key\":\"$KEY2\"}"
	is "$output" "lr-ipam: line 1: rob: is known with another public key, $KEY1: release rob first"
	lr-ipam alloc carol >/dev/null
	run -1 lr-ipam alloc - <<<"{\"peer\":\"carol\",\"public_key\":\"$KEY1\"}"
	is "$output" "lr-ipam: line 1: carol: has 10.66.0.2, but its key is known as rob with 10.66.0.1: release one of them"
}

# --- standard input ------------------------------------------------------------------------------

@test "names and objects come through a pipe; a bad line costs one line" {
	printf 'alice\n\n{"peer":"bob","rtt_us":7,"endpoint":null}\n{"peer":1}\n{nonsense\n{"name":"x"}\ncarol\r\n-b\ndave' >"$BATS_TEST_TMPDIR/in"
	run -1 --separate-stderr lr-ipam alloc - --json <"$BATS_TEST_TMPDIR/in"
	is "$(jq -r .peer <<<"$output" | xargs)" "alice bob carol dave"
	is "${#stderr_lines[@]}" 4
	for n in 4 5 6 8; do [[ $stderr == *"lr-ipam: line $n: "* ]] || { echo "$stderr"; false; }; done
}

@test "what list prints, alloc takes: the same addresses elsewhere" {
	lr-ipam alloc a b c >/dev/null
	lr-ipam release b
	lr-ipam alloc --address 10.66.8.8 d >/dev/null
	lr-ipam list --json >"$BATS_TEST_TMPDIR/list"
	LR_STATE_DIR=$BATS_TEST_TMPDIR/elsewhere lr-ipam alloc - --json <"$BATS_TEST_TMPDIR/list" | sort | diff - <(sort "$BATS_TEST_TMPDIR/list")
}

@test "an address in an object is a wish: free it is given, else a note tells the other one" {
	is "$(lr-ipam alloc - --json <<<'{"peer":"a","address":"10.66.4.4"}' | jq -c '[.address,.reserved]')" '["10.66.4.4",false]'
	run --separate-stderr lr-ipam alloc - --json <<<'{"peer":"b","address":"10.66.4.4"}'
	is "$status $(jq -r .address <<<"$output")" "0 10.66.0.1"
	is "$stderr" "lr-ipam: b: 10.66.4.4 is not to be had: it has 10.66.0.1"
}

@test "each answer of a slow pipe comes before the next question, and nobody waits for the lock" {
	mkfifo "$BATS_TEST_TMPDIR/q" "$BATS_TEST_TMPDIR/a"
	lr-ipam alloc - --json <"$BATS_TEST_TMPDIR/q" >"$BATS_TEST_TMPDIR/a" 3>&- &
	echo $! >>"$PIDS"
	exec {q}>"$BATS_TEST_TMPDIR/q" {a}<"$BATS_TEST_TMPDIR/a"
	for name in one two three; do
		echo $name >&$q
		read -r -t 10 line <&$a
		is "$(jq -r .peer <<<"$line")" $name
		timeout 10 lr-ipam alloc "between-$name" >/dev/null
	done
	exec {q}>&-
	wait $!
	is "$(lr-ipam list --json | jq -r .peer | xargs)" "one between-one two between-two three between-three"
}

@test "a closed pipe ends it silently, and what was given stays" {
	run -0 bash -o pipefail -c 'seq 5000 | { lr-ipam alloc - --json || [ $? = 141 ]; } | head -n 1 | jq -r .address'
	is "$output" 10.66.0.1
	is "$(lr-ipam list | wc -l)" 5000
}

@test "a NUL byte and a line of a megabyte are bad lines" {
	run -1 --separate-stderr lr-ipam alloc - < <(printf 'a\nb\0c\nd\n')
	is "${#lines[@]}" 2
	is "$stderr" "lr-ipam: line 2: has a NUL byte"
	run -1 --separate-stderr lr-ipam alloc - < <(printf 'e\n'; head -c 1100000 /dev/zero | tr '\0' x; printf '\nf\n')
	is "${#lines[@]}" 2
	is "$stderr" "lr-ipam: line 2: longer than 1048576 bytes"
	run -1 --separate-stderr lr-ipam alloc - < <(head -c 1000000 /dev/zero | tr '\0' x; printf '\ng\n')
	is "${#lines[@]}" 1
	[[ $stderr == "lr-ipam: line 1: xxxx"*"...: the name is longer than 63 bytes" ]]
}

# --- what is refused -----------------------------------------------------------------------------

@test "pools that are none are exit 2, and nothing is made" {
	rmdir "$LR_STATE_DIR"
	for pool in 300.1.2.3/16 10.66.0.0/31 10.0.0.0/7 10.66.0.0 fd00::/16 '' x 10.66.0.0/16/16 127.0.0.0/8; do
		run -2 lr-ipam --pool "$pool" alloc a
		is "${#lines[@]}" 1
		[[ $output == "lr-ipam: $pool: "* ]]
	done
	[ ! -e "$LR_STATE_DIR" ]
}

@test "names that are none are exit 2, and nothing is done" {
	for name in '' ' a' 'a ' $'a\tb' $'a\x01' $'\x1b[2Jx' $'a\xff' $'a\u202e' 10.66.0.1 fd00::1 '{x' "$(printf 'x%.0s' {1..64})"; do
		run -2 --separate-stderr lr-ipam alloc good "$name"
		is "$output" ""
		is "${#stderr_lines[@]}" 1
		[[ $stderr != *$'\x1b'* ]]
	done
	run -2 lr-ipam alloc -- -x
	[ ! -e "$log" ]
}

@test "missing and unknown verbs, operands and options are exit 2, and never wait" {
	for args in "" alloc lookup release "list x" "stats x" "frob" "alloc --frob a" "check --repair=yes"; do
		# shellcheck disable=SC2086 # words
		run -2 timeout 10 lr-ipam $args
	done
	[ ! -e "$log" ]
}

@test "a file where the folder of state should be, and a folder where the log should be" {
	touch "$BATS_TEST_TMPDIR/file"
	export LR_STATE_DIR=$BATS_TEST_TMPDIR/file
	fails 1 "lr-ipam: $LR_STATE_DIR: Not a directory" lr-ipam alloc a
	fails 1 "lr-ipam: $LR_STATE_DIR/$LOG: Not a directory" lr-ipam list
	export LR_STATE_DIR=$BATS_TEST_TMPDIR/state
	mkdir -p "$log"
	fails 1 "lr-ipam: $log: Is a directory" lr-ipam alloc a
	fails 1 "lr-ipam: $log: Is a directory" lr-ipam list
}

@test "without the right to write: exit 77, and reading still works" {
	need_root
	need setpriv
	chmod 755 "$LR_STATE_DIR"
	d=$BATS_TEST_TMPDIR
	while [ "$d" != / ]; do [ "$(stat -c %a "$d")" -ge 711 ] || chmod o+x "$d" || skip "the folder of tests is closed"; d=${d%/*}; d=${d:-/}; done
	lr-ipam alloc a >/dev/null
	cp "$BIN/lr-ipam" "$BATS_TEST_TMPDIR/lr-ipam"
	nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$BATS_TEST_TMPDIR/lr-ipam" "$@"; }
	is "$(nobody lookup a --json | jq -r .address)" 10.66.0.1
	fails 77 "lr-ipam: $log.lock: Permission denied" nobody alloc b
	export LR_STATE_DIR=$BATS_TEST_TMPDIR/new/state
	fails 77 "lr-ipam: $BATS_TEST_TMPDIR/new: Permission denied" nobody alloc b
}

@test "a full disk: exit 1, no answer, nothing of the batch, and all goes on when there is room" {
	need_root
	unshare -m true 2>/dev/null || skip "needs mount namespaces"
	unshare -m bash -euc '
		mount -t tmpfs -o size=32k,mode=700 none "$LR_STATE_DIR"
		lr-ipam alloc first >/dev/null
		rc=0
		seq 2000 | lr-ipam alloc - >"$1/out" 2>"$1/err" || rc=$?
		echo "$rc $(wc -c <"$1/out") $(cat "$1/err")"
		lr-ipam list --json | jq -r .peer
		lr-ipam alloc second --json | jq -r .address
		lr-ipam check' _ "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/got"
	is "$(cat "$BATS_TEST_TMPDIR/got")" "1 0 lr-ipam: $log: No space left on device
first
10.66.0.2"
}

# --- the log -------------------------------------------------------------------------------------

@test "check explains each flaw, repair removes them and keeps a copy" {
	lr-ipam alloc alice bob >/dev/null
	run -0 lr-ipam check
	is "$output" ""
	{
		echo '{"op":"alloc","peer":"eve","address":"10.66.0.1"}'
		echo '{"op":"alloc","peer":"bob","address":"10.66.0.9"}'
		echo 'rubbish'
		echo '{"op":"alloc","peer":"far","address":"10.67.0.1"}'
		echo '{"op":"alloc","peer":"zero","address":"10.66.7.0"}'
		echo '{"op":"release","peer":"nobody"}'
		printf '{"op":"alloc","peer":"late","addr'
	} >>"$log"
	cp "$log" "$BATS_TEST_TMPDIR/before"
	want="10.66.0.0/16: line 3: duplicate_address: 10.66.0.1 is held by alice since line 1; the later lease of eve is ignored
10.66.0.0/16: line 4: duplicate_peer: bob has 10.66.0.2 since line 2; the later 10.66.0.9 is ignored
10.66.0.0/16: line 5: malformed: column 7: invalid token near 'rubbish'; ignored
10.66.0.0/16: line 6: stray: far: 10.67.0.1 is no address that the pool 10.66.0.0/16 gives; ignored
10.66.0.0/16: line 7: stray: zero: 10.66.7.0 is no address that the pool 10.66.0.0/16 gives; ignored
10.66.0.0/16: line 8: unknown_peer: nobody has no such lease; ignored
10.66.0.0/16: line 9: torn: the last line is cut short after 33 bytes; ignored"
	run -3 lr-ipam check
	is "$output" "$want"
	cmp "$log" "$BATS_TEST_TMPDIR/before"
	run -0 --separate-stderr lr-ipam check --repair
	is "$output" "$want"
	is "$stderr" "lr-ipam: repaired; the log as it was is $log.bad"
	cmp "$log.bad" "$BATS_TEST_TMPDIR/before"
	run -0 lr-ipam check
	is "$output" ""
	is "$(lr-ipam list --json | jq -r '.peer + " " + .address' | xargs)" "alice 10.66.0.1 bob 10.66.0.2"
	is "$(lr-ipam alloc new --json | jq -r .address)" 10.66.0.3
	echo x >>"$log"
	run -0 lr-ipam check --repair
	cmp "$log.bad" "$BATS_TEST_TMPDIR/before"
	[ -s "$log.bad.2" ]
}

@test "check of a pool without a log finds nothing" {
	run -0 lr-ipam check
	is "$output" ""
	run -0 lr-ipam check --repair
	is "$output" ""
}

@test "a torn last line: readers tell and go on, a writer drops it and appends behind a whole line" {
	lr-ipam alloc alice >/dev/null
	printf '{"op":"alloc","peer":"bob","addr' >>"$log"
	run -0 --separate-stderr lr-ipam list --json
	is "$(jq -r .peer <<<"$output")" alice
	is "$stderr" "lr-ipam: $log: the last line is cut short: not read"
	run -0 --separate-stderr lr-ipam alloc carol --json
	is "$(jq -r .address <<<"$output")" 10.66.0.2
	is "$stderr" "lr-ipam: $log: the last line is cut short: dropped"
	is "$(cat "$log")" '{"op":"alloc","peer":"alice","address":"10.66.0.1"}
{"op":"alloc","peer":"carol","address":"10.66.0.2"}'
	run -0 lr-ipam check
}

@test "cut at any byte, the log gives the leases of its whole lines, and takes new ones" {
	lr-ipam alloc alice bob >/dev/null
	cp "$log" "$BATS_TEST_TMPDIR/whole"
	first=$(head -n 1 "$log" | wc -c)
	for ((n = 0; n < $(wc -c <"$BATS_TEST_TMPDIR/whole"); n += 3)); do
		head -c $n "$BATS_TEST_TMPDIR/whole" >"$log"
		want=2
		[ $n -ge $((first - 1)) ] || want=1
		is "$(lr-ipam alloc new --json 2>/dev/null | jq -r .address)" 10.66.0.$want "cut at $n"
		run -0 lr-ipam check
	done
}

@test "lines of any JSON form are read: an editor may have been at it" {
	mkdir -p "${log%/*}"
	printf ' { "address" : "10.66.0.5", "peer" : "\\u00e9va", "op" : "alloc", "note" : [1, {"a": 2}] }\r\n\r\n' >"$log"
	printf '{"op":"alloc","peer":"last","address":"10.66.0.6"}' >>"$log"
	is "$(lr-ipam list --json | jq -r '.peer + " " + .address' | xargs)" "éva 10.66.0.5 last 10.66.0.6"
	run -0 lr-ipam check
	is "$(lr-ipam alloc éva last new --json | jq -r .address | xargs)" "10.66.0.5 10.66.0.6 10.66.0.1"
	run -0 lr-ipam check
}

@test "many changes of few peers do not make the log grow without end" {
	for i in {1..8}; do
		seq -f p%g 400 | lr-ipam alloc - >/dev/null
		seq -f p%g 400 | lr-ipam release -
	done
	[ "$(wc -l <"$log")" -lt 2000 ]
	is "$(lr-ipam alloc p1 new --json | jq -r .address | xargs)" "10.66.0.1 10.66.1.147"
	run -0 lr-ipam check
}

@test "two writers with a thousand names each: no address twice, no name lost" {
	work() { for i in {1..10}; do seq -f "$1-$i-%g" 100 | lr-ipam alloc - --json; done >"$BATS_TEST_TMPDIR/$1"; }
	work a 3>&- &
	work b
	wait $!
	is "$(cat "$BATS_TEST_TMPDIR"/[ab] | jq -r .address | sort -u | wc -l)" 2000
	lr-ipam list --json | sort | diff - <(sort "$BATS_TEST_TMPDIR"/[ab])
	run -0 lr-ipam check
}

@test "the same names from two writers at once are given one address each" {
	seq -f p%g 1000 | lr-ipam alloc - --json >"$BATS_TEST_TMPDIR/a" 3>&- &
	seq -f p%g 1000 -1 1 | lr-ipam alloc - --json >"$BATS_TEST_TMPDIR/b"
	wait $!
	diff <(sort "$BATS_TEST_TMPDIR/a") <(sort "$BATS_TEST_TMPDIR/b")
	is "$(jq -r .address <"$BATS_TEST_TMPDIR/a" | sort -u | wc -l)" 1000
}

@test "60,000 leases through one call, and the next one finds its place" {
	is "$(seq -f peer%05.0f 60000 | lr-ipam alloc - | tail -n 1 | awk '{print $1, $2}')" "peer60000 10.66.236.56"
	is "$(lr-ipam alloc one --json | jq -r .address)" 10.66.236.57
	is "$(lr-ipam lookup peer00001 10.66.236.56 --json | jq -r '.peer' | xargs)" "peer00001 peer60000"
}

# --- the manual ----------------------------------------------------------------------------------

@test "the examples of the manual work" {
	sed -n '/^\.Bd/,/^\.Ed/{/^\./d;p}' "$ROOT/share/man/lr-ipam.1" >"$BATS_TEST_TMPDIR/examples"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/examples")" -ge 8 ]
	while read -r line; do
		[[ $line != *lr-peer* ]] || command -v lr-peer >/dev/null || continue
		bash -euo pipefail -c "$line" </dev/null || { echo "failed: $line"; false; }
	done <"$BATS_TEST_TMPDIR/examples"
	is "$(lr-ipam lookup carol --json | jq -r .address)" 10.66.3.7
	is "$(lr-ipam -p 192.168.77.0/28 lookup dave --json | jq -r .address6)" fd77::c0a8:4d01
}
