# The checks of `make lint`: this checkout passes, and each check finds what it is for.
# t/run: long
load helper

@test "lint: sizes, includes and words of this checkout" {
	exits 0 t/lint/run files functions arrows doors headers words
}

@test "lint: layout as .clang-format says" {
	need clang-format
	exits 0 t/lint/run format
}

@test "lint: shell scripts" {
	need shellcheck
	exits 0 t/lint/run scripts
}

@test "lint: static analysis" {
	need cppcheck
	exits 0 t/lint/run cppcheck
}

setup() {
	lr_setup
	cd "$ROOT"
}

# A tree with one file of each room, in which a test plants something.
tree() {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p lib/base lib/net lib/io cmd t scripts share/build
	cp -r "$ROOT/t/lint" t/
	echo 'ROOMS := base net io' >Makefile
	printf '#ifndef H\n#define H\nint lr_a(void);\n#endif\n' | tee lib/base/a.h lib/net/a.h >lib/io/a.h
	printf '#include "lib/net/a.h"\nint main(void)\n{\n\treturn lr_a();\n}\n' >cmd/lr-a.c
}

# finds CHECK TEXT: the check passes on the tree with $file as it was, and names TEXT with what is planted.
finds() {
	local check=$1 text=$2
	t/lint/run "$check"
	cat >"$file"
	exits 1 t/lint/run "$check"
	[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
}

@test "lint finds an include that points the wrong way" {
	tree
	file=lib/net/b.c
	echo '#include "lib/io/a.h"' | finds arrows "lib/net/b.c:1: must not include lib/io/a.h"
}

@test "lint finds a room that is in no order" {
	tree
	mkdir lib/attic
	file=lib/attic/b.c
	echo '#include "lib/base/a.h"' | finds arrows "the room attic is not in ROOMS"
}

@test "lint finds a library outside its room" {
	tree
	file=lib/net/b.c
	echo '#include <openssl/evp.h>' | finds doors "lib/net/b.c:1:#include <openssl/evp.h>"
}

@test "lint finds a header that needs another before it" {
	tree
	file=lib/net/b.h
	echo 'size_t lr_b(void);' | finds headers "lib/net/b.h: "
}

@test "lint finds a long function and a long file" {
	tree
	file=lib/net/b.c
	{ echo 'int lr_b(void)' && echo '{' && seq -f '	lr_a(%.0f);' 130 && echo '}'; } >b
	finds functions "lib/net/b.c:1 int lr_b(void)" <b
	rm "$file"
	seq -f '/* %.0f */' 601 | finds files "lib/net/b.c: 601 lines"
}

@test "lint finds calls without a bound and work left for later" {
	tree
	file=lib/net/b.c
	echo 'void b(char *d, char *s) { strcpy(d, s); }' | finds words strcpy
	rm "$file"
	echo "/* TO""DO: more */" | finds words more
}
