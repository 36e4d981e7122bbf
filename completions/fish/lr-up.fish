# fish completion, made by: lr-up --print-completion=fish
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
complete -c lr-up -f
complete -c lr-up -s c -l config -r -F -d 'run this wg-quick file, or our JSON; - is standard input'
complete -c lr-up -s i -l iface -x -a '(__lr_ifaces)' -d 'name of the interface, lr0 unless given'
complete -c lr-up -s r -l relay -x -d 'host: meet there (from now on), not at a relay on this machine; several with commas'
complete -c lr-up -l public -x -d 'host: the relay on this machine is reached from outside there'
complete -c lr-up -l new -d 'host: a new party, also when one is hosted here'
complete -c lr-up -s n -l name -x -d 'our name in the party, the host\'s unless given'
complete -c lr-up -l hide-address -d 'tell members no address of ours: all traffic goes over the relay'
complete -c lr-up -l hide-all -d 'host: the same for all members'
complete -c lr-up -l force -d 'members\' addresses go before those of a network of this host that overlaps'
complete -c lr-up -l punch-budget -x -d 'what reaching others through NATs may cost the router: sockets, packets a second'
complete -c lr-up -l no-portmap -d 'do not ask the home router for a port (UPnP, NAT-PMP, PCP)'
complete -c lr-up -l redundant -d 'send to members over two paths: game (small UDP packets, the default) or all'
complete -c lr-up -l uplink -x -d 'send no faster than this (19mbit), so that games need not wait in the router'
complete -c lr-up -l tun -d 'a layer 3 interface (the default with --config)'
complete -c lr-up -l tap -d 'an Ethernet interface, with broadcast and raw frames (the default in a party)'
complete -c lr-up -l open -d 'let services pass that no game needs, as shells, shared folders, desktops'
complete -c lr-up -l pass -x -a 'netbios llmnr ssdp dropbox mdns all' -d 'let chatter pass: netbios, llmnr, ssdp, dropbox, mdns, or all'
complete -c lr-up -l isolate -d 'let only ping and these ports pass, as 27960-27963,4445'
complete -c lr-up -l capture -x -a '(__lr_ifaces)' -d 'carry what active games send to all on another interface, or on every other'
complete -c lr-up -l bridge -x -d 'let consoles and other machines at this interface take part, by addresses of the pool'
complete -c lr-up -l dhcp -d 'with --bridge: give those machines their addresses, where nobody else does'
complete -c lr-up -l ipx -d 'serve the IPX network of DOSBox: there, ipxnet connect our address'
complete -c lr-up -s f -l foreground -d 'stay in the foreground'
complete -c lr-up -l ready-fd -x -d 'write a newline to this descriptor when all works'
complete -c lr-up -l spin -x -d 'poll this long after a packet before sleeping: less latency, a busy core'
complete -c lr-up -s d -l down -d 'end the node of IFACE, or the only one'
complete -c lr-up -s s -l status -d 'show the nodes that run here'
complete -c lr-up -s j -l json -d 'print JSON'
complete -c lr-up -s h -l help -d 'show this help and exit'
complete -c lr-up -s V -l version -d 'show the version and exit'
