# lr-perf monitor: a node and other processes, rows and JSON. What it finds: t/unit/perf_watch.c.
load helper

setup() {
	lr_setup
	cd "$BATS_TEST_TMPDIR"
}

# The exit code may be 3 on a machine that is busy: what is found is no matter here.
monitor() { ns a lr-perf monitor "$@" || [ $? = 3 ]; }

@test "a node: rows, JSON lines, the summary; by interface, by process, until an interrupt" {
	two_nodes
	spawn ns a ping -q -i 0.02 10.66.0.2
	monitor --interval 0.1 --for 1s --json >m.jsonl
	json_ok monitor <m.jsonl
	is "$(jq -s '[.[:-1][].event] | unique' -c m.jsonl)" '["sample"]'
	is "$(jq -s '.[-1].event' -c m.jsonl)" '"summary"'
	[ "$(jq -s '[.[] | select(.event == "sample" and .rx_per_s > 0 and .rss_bytes > 1000000 and .descriptors > 5 and .threads == 1 and .answer_ms > 0)] | length' m.jsonl)" -ge 1 ]
	is "$(jq -s '.[-1] | .n == ([.metrics[]] | length) or .n >= 1' m.jsonl)" true
	is "$(jq -rs '.[0].pid' m.jsonl)" "$NODE_a"
	monitor "$NODE_a" --interval 0.1 --for 1s >rows
	is "$(head -n 1 rows | awk '{print $1, $2, $3}')" "cpu % rss"
	grep -q '^rss MB  *[0-9.]* ' rows
	grep -q '^nothing looks wrong$\|^[a-z_]*: ' rows
	LR_STATE_DIR=$LR_STATE_DIR/a LR_RUN_DIR=$LR_RUN_DIR/a lr-perf monitor "$(ifn a)" --interval 0.05 --json >until 3>&- &
	local pid=$!
	started $pid
	wait_until 10 test -s until
	kill -INT $pid
	wait_until 10 gone $pid
	json_ok monitor <until
	is "$(tail -n 1 until | jq -r .event)" summary
}

@test "the live table keeps to the terminal's width, however long it runs" {
	script -qec "stty cols 80; lr-perf monitor --interval 0.02 --for 1s $$" "$BATS_TEST_TMPDIR/live" </dev/null >/dev/null
	grep -q '█' "$BATS_TEST_TMPDIR/live"
	awk 'length($0) > 80 { print length($0) ": " $0; bad = 1 } END { exit bad }' < <(
		sed '/^Script/d; s/\x1b\[[0-9]*[AK]//g; s/\r//g' "$BATS_TEST_TMPDIR/live" |
			sed '/^$/,$d' | sed 's/[▁▂▃▄▅▆▇█]/#/g')
}

@test "a process without a node; what there is not; a reader that leaves" {
	spawn sleep 60
	lr-perf monitor $SPAWNED --interval 0.05 --for 1s --json >s.jsonl || [ $? = 3 ]
	json_ok monitor <s.jsonl
	is "$(head -n 1 s.jsonl | jq -c '[.iface, .rx_per_s, .rtt_us, .drops, .threads]')" "[null,null,null,null,1]"
	exits 4 lr-perf monitor
	exits 4 lr-perf monitor nothere0
	exits 1 lr-perf monitor 4194304
	exits 2 lr-perf monitor --interval 0 $SPAWNED
	exits 2 lr-perf monitor --for soon $SPAWNED
	is "$(lr-perf monitor $SPAWNED --interval 0.02 --json | head -n 1 | jq -r .event)" sample
	# a process that ends while it is watched: the summary comes
	spawn sleep 0.3
	lr-perf monitor $SPAWNED --interval 0.05 --for 20s --json >s.jsonl || [ $? = 3 ]
	is "$(tail -n 1 s.jsonl | jq -r .event)" summary
}
