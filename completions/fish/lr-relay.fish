# fish completion, made by: lr-relay --print-completion=fish
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
complete -c lr-relay -f
complete -c lr-relay -s l -l listen -x -d 'listen here, TCP and UDP; may be given again (:3478)'
complete -c lr-relay -l second-port -x -d 'a second UDP port, so that STUN can tell NATs apart'
complete -c lr-relay -l alternate -x -d 'a second address of this machine, for STUN'
complete -c lr-relay -l cert -r -F -d 'certificate chain, PEM: the port takes HTTPS too'
complete -c lr-relay -l key -r -F -d 'the certificate\'s private key, PEM'
complete -c lr-relay -s t -l token -r -F -d 'only who knows the word in FILE may found parties'
complete -c lr-relay -l party -x -d 'serve only this party'
complete -c lr-relay -l guest-ports -x -d 'UDP ports that are lent to parties for guests (28000-28999)'
complete -c lr-relay -l state -r -F -d 'folder of the state'
complete -c lr-relay -l region -x -d 'where this relay stands, shown to members'
complete -c lr-relay -l max-parties -x -d 'parties'
complete -c lr-relay -l max-members -x -d 'members a party'
complete -c lr-relay -l max-record -x -d 'size of a member\'s record'
complete -c lr-relay -l max-memory -x -d 'all charters, records and invites together'
complete -c lr-relay -l max-channels -x -d 'channels'
complete -c lr-relay -l max-connections -x -d 'TCP connections'
complete -c lr-relay -l max-per-network -x -d 'TCP connections of one network'
complete -c lr-relay -l idle-days -x -d 'days after which an unused party is forgotten'
complete -c lr-relay -l source-pps -x -d 'packets/s of one member; 0: no limit'
complete -c lr-relay -l source-rate -x -d 'kilobytes/s of one member; 0: no limit'
complete -c lr-relay -l party-pps -x -d 'packets/s of one party; 0: no limit'
complete -c lr-relay -l party-rate -x -d 'kilobytes/s of one party; 0: no limit'
complete -c lr-relay -l checks -x -d 'signatures checked a second for one network'
complete -c lr-relay -l new-parties -x -d 'parties that one network may found in an hour'
complete -c lr-relay -s f -l foreground -d 'stay in the foreground (the default)'
complete -c lr-relay -s b -l background -d 'return when it listens, and go on in the background'
complete -c lr-relay -l ready-fd -x -d 'write a newline to this descriptor when it listens'
complete -c lr-relay -s j -l json -d 'print JSON'
complete -c lr-relay -s h -l help -d 'show this help and exit'
complete -c lr-relay -s V -l version -d 'show the version and exit'
