# lr-perf report: the page, its plots and the comment, out of results, a replay and a profile.
load helper

setup() {
	lr_setup
	cd "$BATS_TEST_TMPDIR"
}

# result GIT FACTOR: three points of a curve, a start, and round trips.
result() {
	jq -nc --arg git "$1" --argjson f "$2" '{machine: {cpu: "c <&> d", cores: 2, memory_kb: 1000, kernel: "6"}, git: $git,
		metrics: (([10, 100, 1000] | map({name: "ipam_lookup_\(.)", unit: "ns", better: "lower", family: "ipam",
			series: "ipam_lookup", size: ., samples: [40 * $f, 41 * $f]})) +
			[{name: "start_lr_up_load", unit: "ns", better: "lower", family: "start", samples: [3e6]}]),
		distributions: [{name: "bare link", quantiles: [[0.5, 30000], [0.99, 60000]]},
			{name: "tunnel", quantiles: [[0.5, 70000], [0.99, 90000]]}]}'
}

files() {
	result aaaaaaaaaa 1 >old
	result bbbbbbbbbb 1.5 >new
	lr-perf replay --json "$ROOT/share/traces/doom.pcap" >replay || [ $? = 3 ]
	echo '{"spans":[{"stack":"udp;open","own_ns":900},{"stack":"device;seal","own_ns":100}]}' >profile
	lr-perf report --html page.html old new replay profile
}

@test "report --html: one file with every part, and nothing to load" {
	files
	for part in targets waterfall latency scaling history flame metrics; do
		grep -q "id=\"$part\"" page.html || { echo "$part"; false; }
	done
	is "$(grep -c '<script' page.html)" 0
	is "$(grep -oE '(src|href)="[^"]*"' page.html)" 'href="data:,"'
	! grep -oE 'https?://[^"]*' page.html | grep -v '^http://www.w3.org/'
	grep -q 'prefers-color-scheme:dark' page.html
	grep -q 'c &lt;&amp;&gt; d' page.html
}

@test "report --svg and --md; what is no result is refused" {
	files
	for plot in waterfall latency scaling history flame; do
		lr-perf report --svg $plot old new replay profile >$plot.svg
		python3 -c 'import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1]).documentElement
assert d.tagName == "svg" and len(d.getElementsByTagName("*")) > 5' $plot.svg
	done
	exits 1 lr-perf report --svg history new
	exits 1 lr-perf report --svg pie new
	lr-perf report --md new | grep -qF '| `start_lr_up_load` | 3 ms | 100 ms | 2 ms missed |'
	exits 2 lr-perf report new
	echo '{}' >empty
	exits 1 lr-perf report --md empty
}

# Its net log names every request; the page itself is the only one.
@test "the page in a browser: no error, no request, plots in both colour schemes" {
	only_all
	need chromium
	files
	for scheme in 0 1; do
		chromium --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --user-data-dir="$PWD/profile-$scheme" \
			--blink-settings=preferredColorScheme=$scheme --window-size=1000,3000 --enable-logging=stderr \
			--log-net-log="$PWD/net.json" --screenshot="$PWD/$scheme.png" "file://$PWD/page.html" 2>log.$scheme
		! grep -i 'console' log.$scheme
		! grep -oE '"url":"https?://[^"]*' net.json | grep -v -e google -e gvt1
		[ -s $scheme.png ]
	done
	is "$(chromium --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --user-data-dir="$PWD/dom" --dump-dom "file://$PWD/page.html" 2>/dev/null |
		grep -c '<path class="s s0"')" "$(grep -c '<path class="s s0"' page.html)"
	! cmp -s 0.png 1.png
}
