# fish completion, made by: lr-peer --print-completion=fish
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
complete -c lr-peer -f
complete -c lr-peer -l iface -x -a '(__lr_ifaces)' -d 'talk to the node of this interface'
complete -c lr-peer -s j -l json -d 'print JSON, one object a line'
complete -c lr-peer -s h -l help -d 'show this help and exit'
complete -c lr-peer -s V -l version -d 'show the version and exit'
complete -c lr-peer -n __fish_use_subcommand -a list -d 'all peers'
complete -c lr-peer -n __fish_use_subcommand -a show -d 'everything about a peer'
complete -c lr-peer -n '__fish_seen_subcommand_from show' -a '(__lr_peers)'
complete -c lr-peer -n __fish_use_subcommand -a add -d 'add a peer, or change one'
complete -c lr-peer -n '__fish_seen_subcommand_from add' -s k -l key -x -d 'the peer\'s public key'
complete -c lr-peer -n '__fish_seen_subcommand_from add' -s n -l name -x -d 'its nickname'
complete -c lr-peer -n '__fish_seen_subcommand_from add' -s e -l endpoint -x -d 'where it is reached'
complete -c lr-peer -n '__fish_seen_subcommand_from add' -s a -l allowed-ips -x -d 'prefixes that are its own, with commas'
complete -c lr-peer -n '__fish_seen_subcommand_from add' -l psk-file -r -F -d 'file with the preshared key'
complete -c lr-peer -n '__fish_seen_subcommand_from add' -l keepalive -x -d 'send a keepalive so often'
complete -c lr-peer -n __fish_use_subcommand -a remove -d 'remove peers'
complete -c lr-peer -n '__fish_seen_subcommand_from remove' -a '(__lr_peers)'
complete -c lr-peer -n __fish_use_subcommand -a import -d 'take peers from wg-quick files or JSON'
complete -c lr-peer -n '__fish_seen_subcommand_from import' -F
complete -c lr-peer -n __fish_use_subcommand -a export -d 'print the configuration as a wg-quick file, or JSON'
complete -c lr-peer -n '__fish_seen_subcommand_from export' -l private -d 'with our own private key'
complete -c lr-peer -n '__fish_seen_subcommand_from export' -a '(__lr_peers)'
complete -c lr-peer -n __fish_use_subcommand -a ping -d 'round trips through the tunnel'
complete -c lr-peer -n '__fish_seen_subcommand_from ping' -s c -l count -x -d 'how many to send (4)'
complete -c lr-peer -n '__fish_seen_subcommand_from ping' -s i -l interval -x -d 'time between two (0.2)'
complete -c lr-peer -n '__fish_seen_subcommand_from ping' -s s -l size -x -d 'payload of each (56)'
complete -c lr-peer -n '__fish_seen_subcommand_from ping' -s W -l wait -x -d 'how long to wait for an answer (2)'
complete -c lr-peer -n '__fish_seen_subcommand_from ping' -s 4 -l ipv4 -d 'ping the IPv4 address'
complete -c lr-peer -n '__fish_seen_subcommand_from ping' -s 6 -l ipv6 -d 'ping the IPv6 address'
complete -c lr-peer -n '__fish_seen_subcommand_from ping' -a '(__lr_peers)'
complete -c lr-peer -n __fish_use_subcommand -a discover -d 'whether games would find each other, there and back'
complete -c lr-peer -n '__fish_seen_subcommand_from discover' -s g -l game -x -a '(__lr_games)' -d 'on the ports of this game (lr-game list)'
complete -c lr-peer -n '__fish_seen_subcommand_from discover' -a '(__lr_peers)'
complete -c lr-peer -n __fish_use_subcommand -a invite -d 'print an invite to the party'
complete -c lr-peer -n '__fish_seen_subcommand_from invite' -l once -d 'good for one who joins, within a day unless --for says so'
complete -c lr-peer -n '__fish_seen_subcommand_from invite' -l for -x -d 'good for so long: 30m, 2h, 7d'
complete -c lr-peer -n '__fish_seen_subcommand_from invite' -s w -l wireguard -x -d 'a wg-quick file for a guest with a stock WireGuard client'
complete -c lr-peer -n '__fish_seen_subcommand_from invite' -s e -l endpoint -x -d 'where the guest reaches this machine'
complete -c lr-peer -n __fish_use_subcommand -a kick -d 'put a member out of the party, for good'
complete -c lr-peer -n '__fish_seen_subcommand_from kick' -a '(__lr_peers)'
complete -c lr-peer -n __fish_use_subcommand -a rename -d 'change our own name in the party'
complete -c lr-peer -n __fish_use_subcommand -a explain -d 'why the path to a member is what it is'
complete -c lr-peer -n '__fish_seen_subcommand_from explain' -a '(__lr_peers)'
complete -c lr-peer -n __fish_use_subcommand -a netcheck -d 'what this network and this machine let through'
complete -c lr-peer -n __fish_use_subcommand -a status -d 'the running node'
complete -c lr-peer -n __fish_use_subcommand -a metrics -d 'the running node for Prometheus'
complete -c lr-peer -n __fish_use_subcommand -a watch -d 'events as JSON lines, as they happen'
