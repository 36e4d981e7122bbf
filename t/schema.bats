# The JSON that the programs print, against share/schema.
# t/run: long
load helper

setup() {
	lr_setup
	cd "$ROOT"
}

@test "the schemas are sound and speak the one vocabulary" {
	[ "$(ls share/schema/*.json | wc -l)" -gt 8 ]
	t/tools/vocabulary.py share/schema/terms.json $(ls share/schema/*.json | grep -v /terms.json)
}

@test "the vocabulary check sees an unknown word, a wrong type and a schema without a title" {
	echo '{"address":{"type":"string, null","doc":"x"},"mtu":{"type":"integer","doc":"x"}}' >"$BATS_TEST_TMPDIR/terms.json"
	good='{"$schema":"http://json-schema.org/draft-07/schema#","title":"t","description":"d","type":"object",
		"properties":{"address":{"type":["string","null"]},"mtu":{"type":"integer"}}}'
	echo "$good" >"$BATS_TEST_TMPDIR/x.json"
	check() { t/tools/vocabulary.py "$BATS_TEST_TMPDIR/terms.json" "$BATS_TEST_TMPDIR/x.json"; }
	exits 0 check
	for change in 's/"mtu"/"tmu"/' 's/"integer"/"string"/' 's/"title":"t",//' 's/"object"/"array"/' 's/"integer"/"whole"/'; do
		sed "$change" <<<"$good" >"$BATS_TEST_TMPDIR/x.json"
		exits 1 check
	done
}

@test "share/targets.json: every target has its numbers, a unit and a source" {
	need jq
	jq -e '.targets | length >= 14 and all(.[];
		(.name | test("^[a-z_]+$")) and ((.documented | type == "number") or (.name == "failover" and .documented == null)) and (.ours | type == "number")
		and (.unit | length > 0) and (.source | length > 0) and (.better == "lower" or .better == "higher"))
		and (map(.name) | unique | length) == length' share/targets.json
}

# What each verb prints, in this order: SCHEMA COMMAND; "-": the verb has no JSON of its own, or needs
# a party, or (lr-meet) somebody who answers.
verbs() {
	cat <<-END
		lease lr-ipam alloc alice bob carol
		lease lr-ipam lookup bob 10.66.0.3
		lease lr-ipam list
		ipam-stats lr-ipam stats
		lease lr-ipam release carol
		- lr-ipam check
		status lr-up --status
		listed-peer lr-peer list
		listed-peer lr-peer show b
		listed-peer lr-peer add --key $(pub c) --name carol --allowed-ips 10.66.0.3/32
		config lr-peer export
		config lr-peer export --private
		listed-peer lr-peer import $(conf d)
		listed-peer lr-peer remove carol
		ping lr-peer ping -c 1 b
		status lr-peer status
		- lr-peer discover
		- lr-peer metrics
		- lr-peer watch
		- lr-peer invite
		- lr-peer kick
		- lr-peer rename
		- lr-peer explain
		- lr-peer netcheck
		replay lr-perf replay $ROOT/share/traces/doom.pcap
		monitor lr-perf monitor --interval 0.05 --for 1s
		profile lr-perf profile --for 1s
		capture lr-perf record lo /dev/null --count 1 --for 1s
		trace lr-perf trace-info $ROOT/share/traces/doom.pcap
		capture lr-perf synth doom /dev/null
		target lr-perf targets
		check lr-perf check $BATS_TEST_TMPDIR/results
		- lr-perf report
		- lr-perf bundle
		listed-game lr-game list
		game lr-game show warcraft-3 flatout-2 minecraft-java
		- lr-game detect
		bench lr-perf bench format --runs 1
		live lr-perf live --only startup --quick
		compare lr-perf compare $BATS_TEST_TMPDIR/results $BATS_TEST_TMPDIR/results
		applied-game lr-game apply warcraft-3
		applied-game lr-game apply --undo warcraft-3
		- lr-game watch
		- lr-game learn
		- lr-game servers
		- lr-meet serve
		- lr-meet get
		- lr-meet map
	END
}

@test "every verb's --json is as its schema says" {
	two_nodes
	lr_keys c
	lr_conf d 10.66.0.4/24
	lr_conf_peer d e 10.66.0.5/32
	# Ten runs that are all alike.
	lr-perf bench --once --json logging | jq -c '.metrics[].samples |= [range(10) as $i | .[0]]' \
		>"$BATS_TEST_TMPDIR/results"
	while read -r schema command; do
		[ "$schema" != - ] || continue
		# shellcheck disable=SC2086
		ns a $command --json >"$BATS_TEST_TMPDIR/out" || [ $? = 3 ]
		json_ok "$schema" <"$BATS_TEST_TMPDIR/out" || { echo "$command"; cat "$BATS_TEST_TMPDIR/out"; false; }
	done < <(verbs)
}

@test "lr-up --json, lr-peer watch and lr-ipam check as their schemas say" {
	ns_make a
	lr_conf a 10.66.0.1/24
	ns a lr-up --config "$(conf a)" --iface "$(ifn a)" --json >"$BATS_TEST_TMPDIR/up"
	json_ok up <"$BATS_TEST_TMPDIR/up"
	spawn ns a lr-peer watch
	wait_until 5 grep -q watching "$BATS_TEST_TMPDIR/ns.log"
	lr_keys c
	ns a lr-peer add --key "$(pub c)" --name carol
	ns a lr-peer remove carol
	ns a lr-up --down
	wait_until 5 grep -q '"down"' "$BATS_TEST_TMPDIR/ns.log"
	json_ok event <"$BATS_TEST_TMPDIR/ns.log"
	is "$(jq -r .event "$BATS_TEST_TMPDIR/ns.log" | tr '\n' ' ')" "watching peer-added peer-removed down "
	ns a lr-ipam alloc alice
	echo rubbish >>"$(find "$LR_STATE_DIR/a" -name '*.jsonl')"
	exits 3 ns a lr-ipam check --json
	json_ok ipam-check <<<"$output"
}

@test "in a party: every verb's --json is as its schema says" {
	two_hosts
	ip -n "$(nsname a)" route del default # no router is asked for a port
	ip -n "$(nsname a)" route add 10.91.2.0/24 via 10.91.1.1
	for n in a b; do
		ns $n lr-up --iface "$(ifn $n)" --name $n --json ${inv:+"$inv"} >"$BATS_TEST_TMPDIR/up"
		json_ok up <"$BATS_TEST_TMPDIR/up"
		jq .pid "$BATS_TEST_TMPDIR/up" >>"$PIDS"
		inv=$(jq -r .invite "$BATS_TEST_TMPDIR/up")
	done
	wait_until 5 ns a lr-peer show b
	for command in "netcheck netcheck" "status status" "explain explain b" "listed-peer show b" \
		"discover discover b" "invite invite" "guest invite --wireguard phone" "status status" "listed-peer show phone" \
		"kick kick phone" "invite invite --once --for 1h30m" "rename rename alice" "kick kick b"; do
		# shellcheck disable=SC2086
		ns a lr-peer ${command#* } --json >"$BATS_TEST_TMPDIR/out"
		json_ok "${command%% *}" <"$BATS_TEST_TMPDIR/out" || { echo "$command"; cat "$BATS_TEST_TMPDIR/out"; false; }
	done
}

@test "no verb is without a schema" {
	lr_keys c
	for p in "$ROOT"/cmd/lr-*.c; do
		p=$(basename "$p" .c)
		for verb in $("$p" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
			verbs | grep -q " $p $verb\b" || { echo "$p $verb"; false; }
		done
	done
}
