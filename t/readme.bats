# Every example of the README, in the README's order: on two machines a and b that have the addresses
# that it uses, each with its own state, folder and user. Where it shows an output, that output; `...`
# in it stands for anything.
load helper

setup() {
	lr_setup
	cd "$ROOT"
	D=$BATS_TEST_TMPDIR/readme
	mkdir "$D"
	awk -v dir="$D" -f t/tools/readme.awk README.md >"$D/list"
}

# The machines of the README: public addresses out of the ranges for documentation.
machines() {
	ns_make a r b
	ns_forward r
	ns_link a eth0 203.0.113.7/24 r ra 203.0.113.1/24
	ns_link b eth0 198.51.100.9/24 r rb 198.51.100.1/24
	ip -n "$(nsname a)" route add default via 203.0.113.1
	ip -n "$(nsname b)" route add default via 198.51.100.1
	mkdir -p "$D/a" "$D/b" "$D/here" "$D/bin" "$D/wg/a" "$D/wg/b" /run/wireguard
	printf '#!/bin/sh\nexec "$@"\n' >"$D/bin/sudo"
	chmod +x "$D/bin/sudo"
	PATH=$D/bin:$PATH
}

# on MACHINE BLOCK: in its namespace, its folder, and with a folder for wg's sockets of its own.
on() {
	cd "$D/$1"
	ns "$1" unshare --mount bash -c 'mount --bind "$1" /run/wireguard && exec bash -euo pipefail "$2"' \
		_ "$D/wg/$1" "$D/$2.sh"
}

has_left() { ! ns "$1" ip link show lr0 2>/dev/null; }

# Speed is no matter of the tests: a target that is missed here (exit 3) breaks no example.
here() {
	cd "$D/here"
	ln -sfn "$ROOT/share" share
	echo 'lr-perf() { command lr-perf "$@" || [ $? = 3 ]; }' >prelude
	BASH_ENV=prelude bash -euo pipefail "$D/$1.sh"
}

# A block's output against what the README shows, line by line.
same() {
	local want got
	exec {w}<"$1" {g}<<<"$2"
	while IFS= read -r want <&$w; do
		IFS= read -r got <&$g || { echo "missing: $want"; return 1; }
		want=${want//\\/\\\\} want=${want//\*/\\*} want=${want//\[/\\[} want=${want//\?/\\?}
		# shellcheck disable=SC2053
		[[ $got == ${want//.../*} ]] || { printf 'want: %s\n got: %s\n' "$want" "$got"; return 1; }
	done
	exec {w}<&- {g}<&-
}

@test "the README's examples do what it says" {
	need_tun
	need wg jq
	machines
	ran=0
	while read -r n where; do
		case $where in
		shown) continue ;;
		a | b) (on "$where" "$n") ;;
		*) (here "$n") ;;
		esac >"$D/$n.out" 2>"$D/$n.err" 3>&- </dev/null || {
			echo "block $n on $where failed:"
			cat "$D/$n.sh" "$D/$n.out" "$D/$n.err"
			return 1
		}
		ran=$((ran + 1))
		# Who is kicked leaves within a second: sooner than a person types the next line.
		! grep -q 'lr-peer kick' "$D/$n.sh" || wait_until 5 has_left b
		# They send each other their public keys and invites.
		cp -u "$D"/[ab]/*.pub "$D"/[ab]/invite "$D/a" 2>/dev/null || :
		cp -u "$D"/[ab]/*.pub "$D"/[ab]/invite "$D/b" 2>/dev/null || :
		[ ! -e "$D/$n.want" ] || same "$D/$n.want" "$(cat "$D/$n.out")" || { cat "$D/$n.sh" "$D/$n.out" "$D/$n.err"; false; }
	done <"$D/list"
	[ "$ran" -ge 8 ]
}

@test "what the README only shows are make targets and packages" {
	while read -r n where; do
		[ "$where" = shown ] || continue
		while read -r line; do
			case $line in
			"sudo apt-get install -y git make sudo" | "apt-get install -y git make sudo") ;;
			"sudo make "* | "make "*)
				# The target exists: make can say how it would be made.
				make -n ${line#*make } >/dev/null
				;;
			*) echo "only shown: $line"; false ;;
			esac
		done < <(sed 's/ *#.*//' "$D/$n.sh" | grep .)
	done <"$D/list"
}
