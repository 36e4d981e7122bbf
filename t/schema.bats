# The JSON that the programs print, against share/schema.
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
		(.name | test("^[a-z_]+$")) and (.documented | type == "number") and (.ours | type == "number")
		and (.unit | length > 0) and (.source | length > 0) and (.better == "lower" or .better == "higher"))
		and (map(.name) | unique | length) == length' share/targets.json
}
