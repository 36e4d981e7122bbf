# lr-perf: captures through every stage, the reports, the exit codes, the targets.
# t/run: long
load helper

setup() {
	lr_setup
	cd "$BATS_TEST_TMPDIR"
	MKCAP=$ROOT/build/$MODE/t/tools/mkcap
}

# replayed [ARG]...: JSON of a replay in replay.json, held against its schema; every packet is accounted
# for. How long a stage takes here is no matter of tests: a missed target is as good as a met one.
replayed() {
	local code=0
	lr-perf replay --json "$@" >replay.json 2>replay.err || code=$?
	[ $code = 0 ] || [ $code = 3 ] || { echo "exit $code"; cat replay.err; return 1; }
	json_ok replay <replay.json
	accounted <replay.json
}

accounted() { jq -e '.packets == .delivered + ([.dropped[]] | add)' >/dev/null || { echo "the sums differ"; return 1; }; }
field() { jq -c "$1" replay.json; }

@test "every link type, byte order and kind of stamp is delivered whole" {
	for kind in ether vlan qinq snap raw raw12 cooked cooked2 null null-swapped loop ppp big nano big-nano ng ng-big; do
		"$MKCAP" $kind 200 >$kind.cap
		replayed $kind.cap
		is "$(field '[.packets, .delivered, .truncated, .members, .tunnels]')" "[200,200,false,4,4]" $kind
	done
}

@test "pcapng with interfaces that differ and sections of two byte orders" {
	"$MKCAP" ng-sections 30 >two.pcapng
	replayed two.pcapng
	is "$(field '[.packets, .delivered, .files[0].format]')" '[60,60,"pcapng"]'
}

@test "what is not delivered is counted by reason" {
	read -r packets delivered not_ip cut_short bad_header fragment < <("$MKCAP" mixed 2>&1 >mixed.pcap)
	replayed mixed.pcap
	is "$(field '[.packets, .delivered]')" "[$packets,$delivered]"
	is "$(field .dropped)" \
		"{\"not_ip\":$not_ip,\"cut_short\":$cut_short,\"bad_header\":$bad_header,\"fragment\":$fragment}"
}

@test "sources that are nobody's, and a thousand senders" {
	"$MKCAP" sources 60 >sources.pcap
	replayed sources.pcap
	is "$(field '[.delivered, .members]')" "[60,3]" "127.0.0.1 and both destinations are members"
	"$MKCAP" senders 1000 >senders.pcap
	replayed senders.pcap
	is "$(field '[.delivered, .members, .tunnels]')" "[1000,1001,128]"
}

@test "stages: names, order, samples, and a target where there is one" {
	"$MKCAP" raw 300 >raw.pcap
	replayed raw.pcap
	is "$(field '[.stages[].name]')" \
		'["parse","lookup","seal","open","replay","deliver","total","receive","ipam_alloc","ipam_lookup","metrics","config_load","state_load"]'
	is "$(field '[.stages[:8][].n] | unique')" "[300]"
	field '.stages[] | select(.n < 100)' | not_any
	is "$(field '[.stages[] | select(.target_ns) | {(.name): .target_ns}] | add')" \
		'{"total":5000000,"ipam_alloc":100000,"ipam_lookup":10000,"metrics":5000000,"config_load":10000000}'
	is "$(field '[.stages[] | select(.target_ns == null) | .pass] | unique')" "[null]"
	field '.stages[] | select(.p50_ns > .p90_ns or .p90_ns > .p99_ns or .p99_ns > .p999_ns or .p999_ns > .max_ns)' | not_any
}

not_any() { ! grep .; }

@test "fewer than 100 samples are not judged" {
	steady 1000
	"$MKCAP" raw 99 >few.pcap
	replayed few.pcap
	is "$(field '.stages[] | select(.name == "total") | [.n, .pass]')" "[99,null]"
	replayed --repeat 2 few.pcap
	is "$(field '.stages[] | select(.name == "total") | [.n, .pass]')" "[198,true]"
	is "$(field '[.packets, .repeat]')" "[198,2]"
}

# steady NS: a clock of which every reading is NS after the last, for the commands behind it. So each
# stage takes NS, the sum of the six 6 NS, and a look-up or a sample, timed eight at a time, NS / 8.
steady() {
	[ "$MODE" != asan ] || skip "the sanitizer takes the place that the clock needs"
	need cc
	cc -shared -fPIC -D_GNU_SOURCE -DSTEP="$1" -x c -o steady.so - <<-'END'
		#include <time.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int clock_gettime(clockid_t id, struct timespec *ts)
		{
			static long ns;
			if (id != CLOCK_MONOTONIC_RAW)
				return (int)syscall(SYS_clock_gettime, id, ts);
			ns += STEP;
			ts->tv_sec = ns / 1000000000;
			ts->tv_nsec = ns % 1000000000;
			return 0;
		}
	END
	lr-perf() { LR_PERF_CLOCK=raw LD_PRELOAD=$BATS_TEST_TMPDIR/steady.so command lr-perf "$@"; }
}

@test "exit 3 says which stage missed and by how much" {
	steady 1000000
	"$MKCAP" raw 200 >raw.pcap
	code=0
	lr-perf replay --json --junit out.xml raw.pcap >slow.json 2>err || code=$?
	is $code 3
	json_ok replay <slow.json
	is "$(cat err)" "lr-perf: total: p99 is 6000000 ns, the documented target is 5000000 ns: 1000000 ns (20 %) too slow
lr-perf: ipam_alloc: p99 is 1000000 ns, the documented target is 100000 ns: 900000 ns (900 %) too slow
lr-perf: ipam_lookup: p99 is 125000 ns, the documented target is 10000 ns: 115000 ns (1150 %) too slow"
	is "$(jq -c '[.stages[] | select(.pass == false) | .name]' slow.json)" '["total","ipam_alloc","ipam_lookup"]'
	is "$(jq -c '[.stages[] | select(.pass) | .name]' slow.json)" '["metrics","config_load"]'
	is "$(jq -c '[.pass, .overhead_ns, .stages[2].p50_ns, .stages[2].packets_per_s]' slow.json)" '[false,1000000,1000000,1000]'
	grep -q '<failure message="total: p99 is 6000000 ns' out.xml
	code=0
	lr-perf replay --tap raw.pcap >tap 2>err || code=$?
	is $code 3
	is "$(grep -c '^not ok ' tap)" 3
}

@test "--gate ours judges the median against ours" {
	steady 1000000
	"$MKCAP" raw 200 >raw.pcap
	code=0
	lr-perf replay --gate ours --json raw.pcap >slow.json 2>err || code=$?
	is $code 3
	is "$(sed -n 's/^lr-perf: \([a-z_]*\): p50 is .* ns, our target is .* too slow$/\1/p' err | tr '\n' ' ')" \
		"total ipam_alloc ipam_lookup metrics config_load "
	is "$(jq -c '[.gate, .pass]' slow.json)" '["ours",false]'
	"$MKCAP" raw 1 >few.pcap
	lr-perf replay --gate ours --json few.pcap >slow.json 2>err || :
	is "$(jq -c '.stages[] | select(.name == "total") | [.p50_ns, .pass]' slow.json)" "[6000000,null]"
	exits 2 lr-perf replay --gate theirs raw.pcap
}

@test "every prefix of a capture ends with 0, 1 or 3 and tells when it was cut" {
	only_all
	"$MKCAP" raw 4 >raw.pcap
	"$MKCAP" ng 4 >ng.pcapng
	for file in raw.pcap ng.pcapng; do
		size=$(stat -c %s $file)
		for ((n = 0; n < size; n += 1 + n / 40)); do
			head -c $n $file >cut
			code=0
			lr-perf replay --json --no-timing cut >out 2>err || code=$?
			case $code in
			1) [ ! -s out ] && is "$(wc -l <err)" 1 "$file $n: $(cat err)" ;;
			0)
				accounted <out
				if jq -e .truncated out >/dev/null; then
					is "$(wc -l <err)" 1 "$file $n: one note"
					grep -q "^lr-perf: cut: broken or cut off: " err
				else
					[ ! -s err ]
				fi
				;;
			*) echo "$file $n: exit $code"; cat err; false ;;
			esac
		done
	done
}

@test "an empty capture is no error, a file that is none is" {
	"$MKCAP" raw 0 >empty.pcap
	replayed empty.pcap
	is "$(field '[.packets, .delivered, .truncated]')" "[0,0,false]"
	: >nothing
	echo "just text, and enough of it to be a header" >text
	gzip -c empty.pcap >empty.pcap.gz
	for file in nothing text empty.pcap.gz missing .; do
		exits 1 lr-perf replay $file
		is "${#lines[@]}" 1
		[[ $output == "lr-perf: $file: "* ]]
	done
	[[ $(lr-perf replay empty.pcap.gz 2>&1) == *"gzip -dc empty.pcap.gz | lr-perf replay -"* ]]
	"$MKCAP" raw 10 >raw.pcap
	code=0
	lr-perf replay --json missing raw.pcap absent >replay.json 2>replay.err || code=$?
	is $code 1 "a file that is not there"
	grep -q "^lr-perf: missing: " replay.err && grep -q "^lr-perf: absent: " replay.err
	is "$(field '[.delivered, [.files[].format]]')" '[10,[null,"pcap",null]]'
	exits 1 timeout 20 lr-perf replay --loop missing empty.pcap
	exits 1 lr-perf replay missing absent
	is "${#lines[@]}" 2
}

@test "a frame of megabytes ends the capture; no capture is written over itself" {
	printf '\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\x08\xe7\0\0\0' >big.pcap
	for _ in 1 2; do
		printf '\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\x40\0'
		head -c 4194304 /dev/zero
	done >>big.pcap
	for how in --no-timing --sample=2; do
		replayed $how big.pcap
		is "$(field '[.packets, .truncated]')" "[0,true]"
		grep -q 'big.pcap: a frame of 4194304 bytes: at most 524288 are read' replay.err
	done
	"$MKCAP" ng 10 >same.pcapng
	ln same.pcapng link.pcapng
	exits 2 lr-perf replay --annotate link.pcapng same.pcapng
	[ -s same.pcapng ]
}

@test "standard input, several files, and no second reading of a pipe" {
	"$MKCAP" raw 100 >raw.pcap
	"$MKCAP" ng 100 >ng.pcapng
	replayed - <raw.pcap
	is "$(field '[.delivered, .files[0].file]')" '[100,"-"]'
	cat ng.pcapng | replayed -
	is "$(field '.delivered')" 100
	replayed raw.pcap ng.pcapng
	is "$(field '[.delivered, .members, (.files | length)]')" "[200,4,2]"
	exits 2 lr-perf replay --repeat 2 - <raw.pcap
	exits 2 lr-perf replay - - <raw.pcap
	exits 2 lr-perf replay
}

@test "a choice of packets: filter, peers, direction; what is left out is counted" {
	"$MKCAP" raw 200 >raw.pcap
	replayed --filter 'src host 10.1.0.1' raw.pcap
	n=$(field .delivered)
	[ "$n" -gt 0 ]
	is "$(field '.dropped.filtered + .delivered')" 200
	replayed --filter 'not src host 10.1.0.1' raw.pcap
	is "$(field .delivered)" $((200 - n))
	replayed --peers 10.1.0.1=me,10.9.9.9=nobody --direction out raw.pcap
	is "$(field '[.delivered, .peers[0].tx_packets, .peers[0].peer, .peers[1].rx_packets]')" "[$n,$n,\"me\",0]"
	replayed --direction in raw.pcap
	is "$(field '[.delivered, .dropped.filtered]')" "[0,200]" "raw IP does not tell a direction"
	grep -q 'no packet was chosen.*--peers' replay.err
	"$MKCAP" cooked 200 >cooked.pcap
	replayed --direction in cooked.pcap
	is "$(field '.delivered + .dropped.filtered')" 200
	exits 2 lr-perf replay --filter 'no such thing' raw.pcap
	[[ $output == "lr-perf: --filter no such thing: "* ]]
	exits 2 lr-perf replay --direction up raw.pcap
	for map in "" = a=b 10.0.0.1 10.0.0.1= 10.0.0.1=a,; do
		exits 2 lr-perf replay --peers "$map" raw.pcap
	done
}

@test "pace and end: --speed, --loop with --for, --sample" {
	"$MKCAP" raw 1000 >raw.pcap
	replayed --sample 10 raw.pcap
	is "$(field '[.sample, .delivered, .stages[0].n, .stages[6].n]')" "[10,1000,100,100]"
	replayed --loop --for 1s --no-timing raw.pcap
	is "$(field '.repeat > 1 and .packets > 1000 and .packets == .delivered and .speed == null')" true
	# a second between the first and the last packet, at 1000 times the pace
	"$MKCAP" raw 3 >slow.pcap
	replayed --speed 1000000 slow.pcap
	is "$(field '[.delivered, .speed]')" "[3,1000000]"
	for speed in 0 -1 fast 1x; do
		exits 2 lr-perf replay --speed "$speed" raw.pcap
	done
	exits 2 lr-perf replay --loop - <raw.pcap
	exits 2 lr-perf replay --loop --repeat 2 raw.pcap
	exits 2 lr-perf replay --no-timing --sample 2 raw.pcap
	# a pipe that says nothing more
	mkfifo pipe
	exec 7<>pipe
	cat slow.pcap >&7
	replayed --for 1s - <pipe
	is "$(field '[.packets, .truncated]')" "[3,false]"
}

# The most memory that a process has had, in kB; nothing when it is gone.
most_of() { awk '/^VmHWM:/ { print $2 }' "/proc/$1/status" 2>/dev/null; }

capture_of() { # PIECES
	cat head
	for ((i = 0; i < $1; i++)); do cat body; done
}

most_from_pipe() { # PIECES
	local to pid
	exec {to}> >(exec lr-perf replay --json - >played.json 3>&-)
	pid=$!
	capture_of "$1" >&"$to"
	most_of $pid
	exec {to}>&-
	wait_until 60 gone $pid
}

most_from_file() { # FILE
	local pid now most=
	lr-perf replay --no-timing --json "$1" >played.json 3>&- &
	pid=$!
	while now=$(most_of $pid) && [ -n "$now" ]; do
		most=$now
		pause
	done
	echo "$most"
}

@test "memory does not grow with the capture: 1 MB and 300 MB, from a pipe and from a file" {
	only_all
	"$MKCAP" bulk 5000 >piece.pcap
	head -c 24 piece.pcap >head
	tail -c +25 piece.pcap >body
	small=$(most_from_pipe 1)
	large=$(most_from_pipe 280)
	is "$(jq -c '[.delivered, .truncated]' played.json)" '[1400000,false]'
	[ "$small" -gt 1000 ]
	[ "$large" -le $((small + 1024)) ] || { echo "1 MB takes $small kB, 300 MB $large kB"; false; }
	capture_of 280 >large.pcap
	large=$(most_from_file large.pcap)
	is "$(jq .delivered played.json)" 1400000
	[ "$large" -le $((small + 1024)) ] || { echo "1 MB takes $small kB, 300 MB $large kB"; false; }
}

@test "TAP: a point a stage, and the plan is right" {
	steady 1000
	"$MKCAP" raw 200 >raw.pcap
	exits 0 lr-perf replay --tap raw.pcap
	is "$(grep -c '^ok ' <<<"$output")" 14
	grep -qx '1..14' <<<"$output"
	grep -q '^ok .* - seal: .* # SKIP no target$' <<<"$output"
	exits 2 lr-perf replay --tap --json raw.pcap
}

@test "JUnit: well-formed, and its counts are right" {
	steady 1000
	"$MKCAP" raw 200 >raw.pcap
	exits 0 lr-perf replay --junit out.xml raw.pcap
	/usr/bin/python3 - <<-'END'
		import xml.etree.ElementTree as tree
		suite = tree.parse("out.xml").getroot()
		cases = suite.findall("testcase")
		assert len(cases) == int(suite.get("tests")) == 14
		assert len(suite.findall("testcase/skipped")) == int(suite.get("skipped"))
		assert len(suite.findall("testcase/failure")) == int(suite.get("failures")) == 0
	END
	exits 1 lr-perf replay --junit /nowhere/out.xml raw.pcap
}

@test "the table names every stage; without timing only the whole is told" {
	"$MKCAP" raw 200 >raw.pcap
	run lr-perf replay raw.pcap
	for stage in parse lookup seal open replay deliver total ipam_alloc ipam_lookup config_load state_load; do
		grep -q "^$stage  *[0-9]" <<<"$output"
	done
	grep -q '^clock: ' <<<"$output"
	replayed --no-timing raw.pcap
	is "$(field '[.delivered, .clock, [.stages[].name], .stages[0].n, .stages[0].p50_ns, .pass]')" \
		'[200,null,["total"],200,null,null]'
}

@test "the other clock" {
	"$MKCAP" raw 200 >raw.pcap
	LR_PERF_CLOCK=raw replayed raw.pcap
	is "$(field .clock)" '"monotonic_raw"'
}

@test "targets: every row, as in share/targets.json" {
	lr-perf targets --json | tee rows.json | json_ok target
	is "$(jq -cS . rows.json)" "$(jq -cS '.targets[]' "$ROOT/share/targets.json")"
	is "$(lr-perf targets --json ipam_alloc | jq '.documented')" 100000
	exits 1 lr-perf targets nonsense
	exits 2 lr-perf targets ipam_alloc ipam_lookup
	exits 0 lr-perf targets
	is "${#lines[@]}" "$(($(jq '.targets | length' "$ROOT/share/targets.json") + 1))"
	[[ $output == *"ipam_alloc"*"100 us"*"50 us"*"1 us"* ]]
}

@test "the shipped captures are delivered" {
	for file in "$ROOT"/share/traces/*.pcap; do
		replayed "$file"
		is "$(field '[.truncated, .dropped.cut_short, .dropped.bad_header, .dropped.fragment]')" '[false,0,0,0]' "$file"
		jq -e '.delivered >= 600' replay.json
	done
}

# INDEX.md counts packets with capinfos. Where that could not read the file, or the file is deliberately
# broken, only the sums are held. It counts custom blocks of pcapng as packets, of which one file
# has three.
@test "captures from elsewhere: no crash, every packet accounted for, as many as the index says" {
	only_all
	need_traces INDEX.md
	n=0
	while IFS='|' read -r _ file _ _ _ packets _ _ format _; do
		file=${file// /} packets=${packets// /}
		[ -f "$TRACES/$file" ] || continue
		code=0
		lr-perf replay --json "$TRACES/$file" >replay.json 2>replay.err || code=$?
		case $code in
		0 | 3) accounted <replay.json && json_ok replay <replay.json ;;
		1) is "$(wc -l <replay.err)" 1 "$file" ;;
		*) echo "$file: exit $code"; false ;;
		esac
		if [[ $format == *unreadable* ]]; then
			[ $code = 1 ] || jq -e .truncated replay.json >/dev/null
		else
			[ $code != 1 ] || { echo "$file: $(cat replay.err)"; false; }
			[ "$file" != be_test102.pcapng ] || packets=$((packets - 3))
			is "$(field .packets)" "$packets" "$file"
		fi
		n=$((n + 1))
	done <"$TRACES/INDEX.md"
	[ $n -ge 60 ]
}
