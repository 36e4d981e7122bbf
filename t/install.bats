# make install, make uninstall
load helper

setup() {
	lr_setup
	cd "$ROOT"
	D=$BATS_TEST_TMPDIR/dest
}

files() { (cd "$D" && find . -type f | sort); }

@test "install puts programs, manuals, completions, schemas and targets where they belong" {
	make -s install PREFIX=/usr DESTDIR="$D"
	for f in cmd/lr-*.c; do
		p=$(basename "$f" .c)
		[ -x "$D/usr/bin/$p" ]
		compgen -G "$D/usr/share/man/man[18]/$p.[18]"
		[ -s "$D/usr/share/bash-completion/completions/$p" ]
		[ -s "$D/usr/share/zsh/site-functions/_$p" ]
		[ -s "$D/usr/share/fish/vendor_completions.d/$p.fish" ]
	done
	for f in share/*.json; do cmp "$f" "$D/usr/share/lanrage/${f#share/}"; done
	for f in share/schema/*.json; do cmp "$f" "$D/usr/share/lanrage/${f#share/}"; done
	cmp LICENSE "$D/usr/share/doc/lanrage/LICENSE"
	is "$(find "$D" -type f -perm /022)" ""
	is "$(find "$D" -type f -perm /111 ! -path '*/bin/*')" ""
}

@test "the installed programs run without the checkout" {
	make -s install PREFIX=/opt/lr DESTDIR="$D"
	cd /
	for p in "$D"/opt/lr/bin/*; do
		env -i LR_STATE_DIR="$LR_STATE_DIR" LR_RUN_DIR="$LR_RUN_DIR" "$p" --version
	done
	! grep -l "$ROOT" "$D"/opt/lr/bin/* || false
}

@test "uninstall takes away exactly what install put there" {
	mkdir -p "$D/usr/bin" "$D/usr/share/man/man1"
	echo theirs | tee "$D/usr/bin/lr-other" >"$D/usr/share/man/man1/other.1"
	before=$(files)
	make -s install PREFIX=/usr DESTDIR="$D"
	[ "$(files)" != "$before" ]
	make -s uninstall PREFIX=/usr DESTDIR="$D"
	is "$(files)" "$before"
}

@test "install twice is as once, and PREFIX defaults to /usr/local" {
	make -s install DESTDIR="$D"
	once=$(files)
	make -s install DESTDIR="$D"
	is "$(files)" "$once"
	[ -x "$D/usr/local/bin/lr-up" ]
}
