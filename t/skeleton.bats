# The ground that everything stands on: installing packages, building under sudo, t/run itself.
# t/run: long
load helper

setup() {
	lr_setup
	cd "$ROOT"
	unset YES CI SUDO_UID SUDO_GID
}

# --- scripts/install-deps, with a machine made of files and an apt-get that only takes notes ----

machine() {
	M=$BATS_TEST_TMPDIR/machine
	mkdir -p "$M/usr/sbin" "$M/etc" "$M/var/lib/apt/lists" "$M/bin"
	echo 'ID=debian' >"$M/etc/os-release"
	touch "$M/var/lib/apt/lists/x_Packages.lz4"
	export LR_INSTALL_ROOT=$M
	tool dpkg-query 'for p in ${HAVE:-}; do echo "installed:$p"; done'
	tool apt-cache 'case " ${KNOWN:-} " in *" $2 "*) echo "$2" ;; esac'
	tool apt-get '
		echo "$*" >>$M/calls
		cp -p $M/usr/sbin/policy-rc.d $M/policy.seen 2>/dev/null
		[ -z "$BLOCK" ] || { echo $$ >$M/apt.pid; exec tail -f /dev/null; }
		case "$*" in *install*) exit ${APT:-0} ;; esac'
	export M PATH="$M/bin:$PATH" HAVE= KNOWN= BLOCK= APT=
}

tool() {
	printf '#!/bin/sh\n%s\n' "$2" >"$M/bin/$1"
	chmod +x "$M/bin/$1"
}

calls() { cat "$M/calls" 2>/dev/null; }

@test "install-deps: nothing missing, nothing said, nothing called" {
	machine
	HAVE=$(grep -v '^#' share/build/packages | cut -f2 | tr '|\n' '  ')
	exits 0 scripts/install-deps build demo test test-all
	is "$output" ""
	is "$(calls)" ""
}

@test "install-deps: an unknown set is exit 2" {
	machine
	exits 2 scripts/install-deps kitchen
	[[ $output == *"kitchen: no such set"* ]]
	exits 2 scripts/install-deps
}

@test "install-deps: prints the list, then installs just that; the policy stands meanwhile" {
	need_root
	machine
	HAVE=$(grep '^build' share/build/packages | cut -f2 | grep -vxE 'libjansson-dev|libmnl-dev' | tr '|\n' '  ')
	YES=1 exits 0 scripts/install-deps build
	[[ $output == *"missing: libjansson-dev libmnl-dev"* ]]
	is "$(calls)" "-q install -y --no-install-recommends libjansson-dev libmnl-dev"
	[ -x "$M/policy.seen" ]
	[ ! -e "$M/usr/sbin/policy-rc.d" ]
	is "$(ls -A "$M/usr/sbin")" ""
}

@test "install-deps: CI goes ahead; without a terminal, CI and YES it names them and exits 77" {
	need_root
	machine
	CI=true exits 0 scripts/install-deps build
	[ -s "$M/calls" ]
	rm "$M/calls"
	exits 77 scripts/install-deps build </dev/null
	[[ $output == *"missing: gcc libc6-dev"* && $output == *"YES=1"* ]]
	is "$(calls)" ""
}

@test "install-deps: on a terminal it asks" {
	need_root
	need script
	machine
	exits 77 script -qec "scripts/install-deps build" /dev/null <<<n
	[[ $output == *"Install them?"*"nothing installed"* ]]
	is "$(calls)" ""
	exits 0 script -qec "scripts/install-deps build" /dev/null <<<y
	[[ $(calls) == *"install -y"* ]]
}

@test "install-deps: missing package lists are fetched first, old ones after a failure" {
	need_root
	machine
	rm "$M/var/lib/apt/lists/x_Packages.lz4"
	YES=1 exits 0 scripts/install-deps build
	is "$(calls | cut -d' ' -f2 | tr '\n' ' ')" "update install "
	touch "$M/var/lib/apt/lists/x_Packages.lz4"
	rm "$M/calls"
	APT=100 YES=1 exits 1 scripts/install-deps build
	is "$(calls | cut -d' ' -f2 | tr '\n' ' ')" "install update install "
	is "$(ls -A "$M/usr/sbin")" ""
}

@test "install-deps: of a|b it takes the one that the system has" {
	need_root
	machine
	# All that test-all wants but the one that has several names.
	HAVE=$(awk -F'\t' '$1 == "test-all" && $2 !~ /\|/ { printf "%s ", $2 }' share/build/packages)
	KNOWN=libclang-rt-18-dev YES=1 exits 0 scripts/install-deps test-all
	[[ $(calls) == *" libclang-rt-18-dev"* && $(calls) != *rt-14* ]]
	rm "$M/calls"
	HAVE="$HAVE libclang-common-14-dev" exits 0 scripts/install-deps test-all
	is "$(calls)" ""
}

@test "install-deps: other systems get the names and exit 77" {
	machine
	echo 'ID=fedora' >"$M/etc/os-release"
	YES=1 exits 77 scripts/install-deps build
	[[ $output == *"neither Debian nor Ubuntu"*libsodium-dev* ]]
	is "$(calls)" ""
}

@test "install-deps: a policy-rc.d that was there stays as it was" {
	need_root
	machine
	echo theirs >"$M/usr/sbin/policy-rc.d"
	YES=1 exits 0 scripts/install-deps build
	is "$(cat "$M/usr/sbin/policy-rc.d")" theirs
	is "$(cat "$M/policy.seen")" theirs
	is "$(ls -A "$M/usr/sbin")" policy-rc.d
}

@test "install-deps: a signal ends apt-get and takes the policy away" {
	need_root
	machine
	for signal in TERM INT HUP; do
		rm -f "$M/apt.pid"
		YES=1 BLOCK=1 spawn env --default-signal=INT scripts/install-deps build
		wait_until 5 test -s "$M/apt.pid"
		[ -x "$M/usr/sbin/policy-rc.d" ]
		kill -$signal "$SPAWNED"
		wait_until 5 gone "$SPAWNED"
		gone "$(cat "$M/apt.pid")"
		is "$(ls -A "$M/usr/sbin")" "" "after SIG$signal"
	done
}

@test "install-deps: the policy forbids while its installer lives, and removes itself afterwards" {
	need_root
	machine
	YES=1 BLOCK=1 spawn scripts/install-deps build
	wait_until 5 test -s "$M/apt.pid"
	exits 101 "$M/usr/sbin/policy-rc.d" cron start
	kill -KILL "$SPAWNED"
	wait_until 5 gone "$SPAWNED"
	cat "$M/apt.pid" >>"$PIDS"
	exits 0 "$M/usr/sbin/policy-rc.d" cron start
	[ ! -e "$M/usr/sbin/policy-rc.d" ]
}

# --- what cannot run here ----------------------------------------------------------------------

@test "without root: make demo and make test say so; the scripts exit 77" {
	need_root
	exits 77 setpriv --reuid 65534 --regid 65534 --clear-groups scripts/preflight "make demo"
	[[ $output == "make demo cannot run here: "*root* ]]
	for step in demo test; do
		exits 2 setpriv --reuid 65534 --regid 65534 --clear-groups make "$step"
		[[ $output == *"make $step cannot run here: "*"Error 77"* ]]
	done
}

@test "without /dev/net/tun: preflight says so, exit 77" {
	need_tun
	exits 77 unshare --mount sh -c 'mount -t tmpfs none /dev && scripts/preflight "make test"'
	[[ $output == *"there is no /dev/net/tun"* ]]
}

@test "without the right to make namespaces: preflight says so, exit 77" {
	need_tun
	exits 77 setpriv --bounding-set -sys_admin --inh-caps -sys_admin scripts/preflight "make test"
	[[ $output == *"network namespaces"* ]]
}

# --- building ----------------------------------------------------------------------------------

# A copy without what was built, owned by a user who does not exist elsewhere.
checkout() {
	C=$BATS_TEST_TMPDIR/checkout
	mkdir "$C"
	tar -c --exclude=./build --exclude=./.git . | tar -x -C "$C"
	chown -R 4242:4242 "$C"
	chmod 755 "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_RUN_TMPDIR"
}

@test "under sudo everything in the checkout stays its owner's" {
	only_all # it builds everything
	need_root
	checkout
	cd "$C"
	setpriv --reuid 4242 --regid 4242 --clear-groups env HOME=/nonexistent git init -q .
	export SUDO_UID=4242 SUDO_GID=4242 MAKEFLAGS=
	exits 0 make -j2 CFLAGS_release=-O0
	[ -x build/release/bin/lr-ipam ]
	exits 0 scripts/keep-owner sh -c 'touch bench.json && mkdir -p build/x && touch build/x/y'
	[ -f build/x/y ]
	is "$(find . ! -uid 4242)" ""
	exits 0 make install CFLAGS_release=-O0 PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR/dest"
	is "$(find . ! -uid 4242)" ""
	is "$(stat -c %u "$BATS_TEST_TMPDIR/dest/usr/bin/lr-ipam")" 0
}

@test "keep-owner hands on the exit code and gives back also after a failure or a signal" {
	need_root
	checkout
	cd "$C"
	export SUDO_UID=4242 SUDO_GID=4242
	exits 77 scripts/keep-owner sh -c 'touch left; exit 77'
	is "$(stat -c %u left)" 4242
}

@test "make without headers: one line that names make deps" {
	machine
	tool pkg-config 'exit 1'
	checkout
	cd "$C"
	exits 2 make build/release/lib/base/err.o
	[[ $output == *"Run: sudo make deps"* ]]
	[[ $output != *"fatal error"* ]]
	is "$(calls)" ""
}

@test "make knows its modes and help names every target that a person types" {
	exits 2 make MODE=fast
	[[ $output == *"MODE=fast is not one of"* ]]
	run make help
	for target in deps demo test test-all test-games lint fuzz bench install completions clean; do
		[[ $output == *"make $target "* || $output == *"make $target"$'\n'* ]] || { echo "$target"; false; }
	done
}

# --- t/run -------------------------------------------------------------------------------------

program() {
	printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/$1"
	chmod +x "$BATS_TEST_TMPDIR/$1"
}

last() { echo "${lines[-1]}"; }

@test "t/run counts what passed, failed and was skipped" {
	program a 'echo "ok 1 - x"; echo "ok 2 - y # SKIP no moon"; echo 1..2'
	program b 'echo "ok 1 - x"; echo "not ok 2 - bad"; echo "# got 7"; echo 1..2; exit 1'
	printf '@test "p" { true; }\n@test "f" { false; }\n@test "s" { skip "no sun"; }\n' >"$BATS_TEST_TMPDIR/c.bats"
	cd "$BATS_TEST_TMPDIR"
	exits 0 "$ROOT/t/run" "$PWD/a"
	is "$(last)" "1 passed, 0 failed, 1 skipped"
	exits 1 "$ROOT/t/run" "$PWD/a" "$PWD/b" "$PWD/c.bats"
	is "$(last)" "3 passed, 2 failed, 2 skipped"
	[[ $output == *"not ok: bad"*"# got 7"* ]]
}

@test "t/run: a file that wants to be alone runs when no other does" {
	printf '# t/run: alone\n@test "x" { [ "$(cat "$BATS_TEST_DIRNAME"/done.* | wc -l)" = 2 ]; }\n' \
		>"$BATS_TEST_TMPDIR/alone.bats"
	program a 'echo >"${0%/*}/done.a"; echo "ok 1 - x"; echo 1..1'
	program b 'echo >"${0%/*}/done.b"; echo "ok 1 - x"; echo 1..1'
	cd "$BATS_TEST_TMPDIR"
	exits 0 "$ROOT/t/run" "$PWD/alone.bats" "$PWD/a" "$PWD/b"
	is "$(last)" "3 passed, 0 failed, 0 skipped"
	[[ ${lines[-2]} == *alone.bats* ]]
}

@test "t/run: a crash, a missing test, a missing program and no test at all are failures" {
	program crash 'echo "ok 1 - x"; kill -SEGV $$'
	program short 'echo "ok 1 - x"; echo 1..2'
	program liar 'echo "ok 1 - x"; echo 1..1; exit 3'
	program none 'echo 1..0'
	for p in crash short liar nowhere; do
		exits 1 t/run "$BATS_TEST_TMPDIR/$p"
		[[ $(last) == *" 1 failed, 0 skipped" ]]
	done
	exits 1 t/run "$BATS_TEST_TMPDIR/none"
	is "$(last)" "0 passed, 1 failed, 0 skipped"
}

@test "t/run: in CI a skip fails unless t/skips lists it" {
	program a 'echo "ok 1 - x # SKIP no moon"; echo 1..1'
	program b 'echo "ok 1 - x # SKIP LR_TEST_ALL=1 runs it"; echo 1..1'
	CI=true exits 1 t/run "$BATS_TEST_TMPDIR/a"
	is "$(last)" "0 passed, 1 failed, 0 skipped"
	[[ $output == *"not listed in t/skips: x: no moon"* ]]
	CI=true exits 0 t/run "$BATS_TEST_TMPDIR/b"
	is "$(last)" "0 passed, 0 failed, 1 skipped"
}

# --- t/tools/validate.py -----------------------------------------------------------------------

@test "json_ok refuses what the schema does not allow" {
	mkdir -p "$BATS_TEST_TMPDIR/share/schema"
	echo '{"definitions":{"address":{"type":"string"}}}' >"$BATS_TEST_TMPDIR/share/schema/terms.json"
	echo '{"type":"object","required":["address"],"properties":{"address":{"$ref":"terms.json#/definitions/address"}}}' \
		>"$BATS_TEST_TMPDIR/share/schema/x.json"
	check() { ROOT=$BATS_TEST_TMPDIR json_ok x; }
	mkdir -p "$BATS_TEST_TMPDIR/t" && ln -s "$ROOT/t/tools" "$BATS_TEST_TMPDIR/t/tools"
	check <<<'{"address":"10.66.0.1","more":null}'
	for bad in '{}' '{"address":7}' '[]' '{"address":"x"' '{"address":"x","n":NaN}' ''; do
		run check <<<"$bad"
		is "$status" 1 "$bad"
	done
	run check </dev/null
	is "$status" 1 "nothing at all"
}

@test "the tests' own jq answers as the real one does" {
	local own=$ROOT/build/$MODE/t/jq/jq real filter json
	[ -x "$own" ]
	for real in $(type -ap jq); do [ "$real" = "$own" ] || break; done
	json='{"a":{"b":[{"c":"x"}]},"n":null,"t":true,"r":1.50,"big":123456789012345678,"u":"\u00e9","e":"a\"\n"} null [1]'
	for filter in .a "-r .a.b[0].c" .r .big "-e .t" "-e .n" "-r .u" .u .e "-r .e" .no.more ".a.b | length" .[0] .a[; do
		# shellcheck disable=SC2086 # options and filter
		is "$("$own" $filter <<<"$json" 2>&1; echo $?)" "$("$real" $filter <<<"$json" 2>&1; echo $?)" "$filter"
	done
	is "$("$own" .a.b[0].c <<<"${json%% null*}"; echo $?)" $'"x"\n0'
}

# --- .ci/run -----------------------------------------------------------------------------------

@test ".ci/run ends with the line of counts and hands on make's exit code, whatever happened" {
	need_root
	mkdir -p "$BATS_TEST_TMPDIR/ci/.ci"
	cp .ci/run "$BATS_TEST_TMPDIR/ci/.ci/"
	cd "$BATS_TEST_TMPDIR/ci"
	printf 'test:\n\t@echo CI=$$CI; echo "3 passed, 0 failed, 1 skipped"\n' >Makefile
	exits 0 .ci/run
	is "${lines[0]}" CI=true
	is "$(last)" "3 passed, 0 failed, 1 skipped"
	printf 'test:\n\t@echo "3 passed, 2 failed, 1 skipped"; exit 1\n' >Makefile
	exits 2 .ci/run
	is "$(last)" "3 passed, 2 failed, 1 skipped"
	printf 'test:\n\t@echo no compiler; exit 1\n' >Makefile
	exits 2 .ci/run
	is "$(last)" "0 passed, 1 failed, 0 skipped"
}
