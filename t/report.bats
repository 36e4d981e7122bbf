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
	exits 2 lr-perf report --svg pie new
	lr-perf report --html - old new replay profile | cmp - page.html
	lr-perf report --md replay >replay.md
	grep -qF '**Replay of ' replay.md
	grep -qE '^\| `seal` \| [0-9.]+ [nu]s \| ' replay.md
	! grep -q 'of 0 documented' replay.md
	lr-perf report --md new | grep -qF '| `start_lr_up_load` | 3 ms | 100 ms | 2 ms missed |'
	exits 2 lr-perf report new
	echo '{}' >empty
	exits 1 lr-perf report --md empty
}

# Curves in one file, latency in another one; a leak that appears; files of different machines.
@test "report: plots come from whichever file has them, and zeros are plotted as they are" {
	result aaaaaaaaaa 1 | jq -c 'del(.distributions) | .metrics += [{name: "leak_x", unit: "bytes", better: "lower", family: "leaks", samples: [0]},
		{name: "leak_y", unit: "bytes", better: "lower", family: "leaks", samples: [0]}]' >bench
	jq -c '.git = "bbbbbbbbbb" | (.metrics[] | select(.name == "leak_x") | .samples) = [64]' bench >leaky
	result cccccccccc 1 | jq -c '.metrics = [{name: "startup", unit: "ns", better: "lower", family: "live", samples: [1e6]}]' >live
	for order in "bench live" "live bench"; do
		# shellcheck disable=SC2086
		lr-perf report --html page.html $order
		for part in latency scaling; do grep -q "id=\"$part\"" page.html || { echo "$part"; false; }; done
	done
	lr-perf report --svg history bench leaky >history.svg
	grep -q 'leaks, from zero' history.svg
	grep -q '>leak_x<' history.svg
	grep -q '>64 B<' history.svg
	! grep -qE '[0-9]e-[0-9]+ ' history.svg
	jq -c '.machine.cores = 64' leaky >elsewhere
	lr-perf report --html page.html bench elsewhere 2>err
	grep -q 'different machines, cores: 2 and 64' err
	grep -q 'different machines, cores: 2 and 64' page.html
}

# The page measures itself: nothing is wider than the screen, no letter smaller than 8 pixels.
@test "the page on a phone: its plots fit, and their letters can be read" {
	only_all
	need chromium
	files
	cp page.html phone.html
	cat >>phone.html <<-'END'
		<script>
		addEventListener("load", () => {
			const small = [...document.querySelectorAll("svg text")].filter(t => {
				const box = t.getBoundingClientRect();
				return box.width > 0 && box.height < 8;
			});
			const wide = [...document.querySelectorAll("body > div > svg")].filter(s => s.getBoundingClientRect().width > innerWidth);
			document.body.insertAdjacentHTML("beforeend", `<i id="found">width ${innerWidth}, texts ${document.querySelectorAll("svg text").length > 40},
		small ${small.length}, wide ${wide.length}, flame ${document.querySelectorAll("#flame + div svg svg").length}</i>`);
		});
		</script>
	END
	chromium --headless --no-sandbox --disable-gpu --disable-background-networking --user-data-dir="$PWD/dom" --window-size=500,3000 \
		--dump-dom "file://$PWD/phone.html" 2>/dev/null | tr '\n' ' ' | grep -o 'id="found">[^<]*' >found
	cat found
	[[ $(cat found) =~ width\ (3|4|5)[0-9]{2},\ texts\ true,.*small\ 0,\ wide\ 0,\ flame\ [1-9] ]]
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
