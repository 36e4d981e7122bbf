# fish completion, made by: lr-ipam --print-completion=fish
function __lr_ifaces
	set -l dir /run/lanrage
	test -n "$LR_RUN_DIR"; and set dir $LR_RUN_DIR
	for f in $dir/*.sock
		basename -- $f .sock
	end
end
function __lr_peers
	lr-peer list --json 2>/dev/null | sed -n 's/.*"peer":"\([^"\\]*\)".*/\1/p'
end
function __lr_games
	lr-game list 2>/dev/null | sed 's/ .*//'
end
complete -c lr-ipam -f
complete -c lr-ipam -s p -l pool -x -d 'the pool, /8 to /30 (default 10.66.0.0/16)'
complete -c lr-ipam -s u -l ula -x -d 'IPv6 prefix of a new pool (default: made from the pool)'
complete -c lr-ipam -s j -l json -d 'print JSON, one object a line'
complete -c lr-ipam -s h -l help -d 'show this help and exit'
complete -c lr-ipam -s V -l version -d 'show the version and exit'
complete -c lr-ipam -n __fish_use_subcommand -a alloc -d 'give each peer an address, the same one each time'
complete -c lr-ipam -n '__fish_seen_subcommand_from alloc' -s a -l address -x -d 'set this address aside for the one NAME, or fail'
complete -c lr-ipam -n '__fish_seen_subcommand_from alloc' -s r -l reserve -d 'mark the leases as reserved'
complete -c lr-ipam -n '__fish_seen_subcommand_from alloc' -a '(__lr_peers)'
complete -c lr-ipam -n __fish_use_subcommand -a lookup -d 'print who has which address'
complete -c lr-ipam -n '__fish_seen_subcommand_from lookup' -a '(__lr_peers)'
complete -c lr-ipam -n __fish_use_subcommand -a release -d 'end leases; a peer that comes back gets its address again'
complete -c lr-ipam -n '__fish_seen_subcommand_from release' -a '(__lr_peers)'
complete -c lr-ipam -n __fish_use_subcommand -a list -d 'print all leases in the order of addresses'
complete -c lr-ipam -n __fish_use_subcommand -a check -d 'look for duplicates, strays, torn and malformed lines'
complete -c lr-ipam -n '__fish_seen_subcommand_from check' -s r -l repair -d 'write the log anew without what is wrong, keep FILE.bad'
complete -c lr-ipam -n __fish_use_subcommand -a stats -d 'print how full the pool is and what comes next'
