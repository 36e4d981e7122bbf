# Real pipes between the programs: what one prints, another takes
load helper

setup() {
	lr_setup
	set -o pipefail
}

fake_key() { printf '%s%.*s=\n' "$1" $((43 - ${#1})) AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; }

three_peers() {
	local psk=$BATS_TEST_TMPDIR/psk
	(umask 077 && wg genpsk >"$psk")
	lr-peer add --key "$(fake_key bobbob)" --name bob --endpoint 192.0.2.7:51820 --keepalive 25
	lr-peer add --key "$(fake_key carolc)" --name 'carol Äther"x"' --psk-file "$psk" \
		--endpoint '[2001:db8::7]:7' --allowed-ips 10.77.0.0/16,fd77::/64
	lr-peer add --key "$(fake_key daveda)"
}

# The same on the state files, and against a node on host a (after `on_node`).
on_node() {
	ns_make a
	lr_conf a 10.66.0.1/24 51820
	node_up a
	lr-peer() { ns a "$BIN/lr-peer" "$@"; }
	lr-ipam() { ns a "$BIN/lr-ipam" "$@"; }
}

list_alloc_import() {
	three_peers
	lr-peer list --json | lr-ipam alloc - --json | jq -e .address >"$BATS_TEST_TMPDIR/addresses"
	is "$(paste -sd' ' "$BATS_TEST_TMPDIR/addresses")" '"10.66.0.1" "10.66.0.2" "10.66.0.3"'
	lr-ipam list --json | lr-peer import -
	is "$(lr-peer list --json | jq -r .address | paste -sd' ')" "10.66.0.1 10.66.0.2 10.66.0.3"
	is "$(lr-peer list --json | jq -r .address6)" "$(lr-ipam list --json | jq -r .address6)"
	# What was there stays, and a second time changes nothing.
	lr-peer list --json >"$BATS_TEST_TMPDIR/before"
	jq -se 'any(.endpoint == "[2001:db8::7]:7" and (.allowed_ips | index("10.77.0.0/16")))' "$BATS_TEST_TMPDIR/before"
	lr-ipam list --json | lr-peer import -
	lr-peer list --json | cmp - "$BATS_TEST_TMPDIR/before"
	# An address leads back to the peer.
	lr-ipam lookup 10.66.0.1 --json | jq -r .peer | lr-peer remove -
	is "$(lr-peer list --json | wc -l)" 2
}

@test "state files: lr-peer list | lr-ipam alloc | jq, lr-ipam list | lr-peer import" { list_alloc_import; }
@test "a node: lr-peer list | lr-ipam alloc | jq, lr-ipam list | lr-peer import" {
	on_node
	list_alloc_import
}

export_import() {
	three_peers
	lr-peer export >"$BATS_TEST_TMPDIR/export"
	lr-peer export --json >"$BATS_TEST_TMPDIR/export.json"
	lr-peer list --json >"$BATS_TEST_TMPDIR/before"
	lr-peer export | lr-peer import -
	lr-peer list --json | cmp - "$BATS_TEST_TMPDIR/before"
	local form
	for form in export export.json; do
		lr-peer list --json | lr-peer remove -
		is "$(lr-peer list)" ""
		lr-peer import - <"$BATS_TEST_TMPDIR/$form"
		lr-peer list --json | cmp - "$BATS_TEST_TMPDIR/before"
		lr-peer export | cmp - "$BATS_TEST_TMPDIR/export"
		lr-peer export --json | cmp - "$BATS_TEST_TMPDIR/export.json"
	done
	# One peer's way from here to another machine; a person's editor; jq over several lines.
	lr-peer list --json | lr-peer remove -
	lr-peer() { "$BIN/lr-peer" "$@"; }
	export LR_STATE_DIR=$BATS_TEST_TMPDIR/elsewhere LR_RUN_DIR=$BATS_TEST_TMPDIR/norun
	jq . "$BATS_TEST_TMPDIR/export.json" | lr-peer import -
	lr-peer export | grep -v ^ListenPort | cmp - <(grep -v ^ListenPort "$BATS_TEST_TMPDIR/export")
}

@test "state files: export | import without loss, as a file and as JSON" { export_import; }
@test "a node: export | import without loss, as a file and as JSON" {
	on_node
	export_import
}

@test "a peer list goes from a node to the state files of another machine" {
	on_node
	three_peers
	lr-peer list --json | LR_STATE_DIR=$BATS_TEST_TMPDIR/other LR_RUN_DIR=$BATS_TEST_TMPDIR/none "$BIN/lr-peer" import -
	is "$(LR_STATE_DIR=$BATS_TEST_TMPDIR/other LR_RUN_DIR=$BATS_TEST_TMPDIR/none "$BIN/lr-peer" list --json |
		jq -c '[.peer,.public_key,.endpoint,.allowed_ips,.keepalive]')" \
		"$(lr-peer list --json | jq -c '[.peer,.public_key,.endpoint,.allowed_ips,.keepalive]')"
}

@test "lr-up runs an export; our own machine in a list is no peer and no mistake" {
	ns_make a
	three_peers
	(umask 077 && wg genkey >"$LR_STATE_DIR/identity.key")
	own=$(wg pubkey <"$LR_STATE_DIR/identity.key")
	printf '{"peer":"me","public_key":"%s"}\n' "$own" | lr-ipam alloc - --json | lr-peer import -
	is "$(lr-peer list --json | wc -l)" 3
	lr-peer export --private >"$BATS_TEST_TMPDIR/a.conf"
	node_up a
	is "$(ns a lr-peer list --json | jq -r .public_key)" "$(lr-peer list --json | jq -r .public_key)"
	is "$(ns a lr-peer status --json | jq -r .public_key)" "$own"
}

@test "watch | head -n1 ends at once, and silently" {
	on_node
	is "$(lr-peer watch 2>"$BATS_TEST_TMPDIR/err" | head -n 1 | jq -r .event)" watching
	is "$(cat "$BATS_TEST_TMPDIR/err")" ""
}

@test "list | head -n1 of a thousand: one line, silence on stderr" {
	for n in {1000..1999}; do fake_key "many$n"; done | lr-peer add -
	is "$( (lr-peer list --json || [ $? = 141 ]) 2>"$BATS_TEST_TMPDIR/err" | head -n 1 | jq -r .public_key)" "$(fake_key many1000)"
	is "$(cat "$BATS_TEST_TMPDIR/err")" ""
}

@test "a thousand peers through every pipe" {
	on_node
	for n in {1000..1999}; do fake_key "many$n"; done | lr-peer add -
	lr-peer list --json | lr-ipam alloc - --json | lr-peer import -
	is "$(lr-peer list --json | jq -r .address | sort -u | wc -l)" 1000
	is "$(lr-peer status --json | jq '.peers | length')" 1000
	is "$(lr-peer export --json | jq '.peers | length')" 1000
	lr-peer export | lr-peer import -
	lr-peer list --json | lr-peer remove -
	is "$(lr-peer list)" ""
}
