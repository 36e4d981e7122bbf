# fish completion, made by: lr-meet --print-completion=fish
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
complete -c lr-meet -f
complete -c lr-meet -s j -l json -d 'answers as JSON'
complete -c lr-meet -s h -l help -d 'show this help and exit'
complete -c lr-meet -s V -l version -d 'show the version and exit'
complete -c lr-meet -n __fish_use_subcommand -a serve -d 'answer requests, JSON lines on standard input'
complete -c lr-meet -n '__fish_seen_subcommand_from serve' -l dialled -x -d 'descriptor 3 is a TCP connection to there, made or being made: use it first'
complete -c lr-meet -n __fish_use_subcommand -a get -d 'print what a relay answers, as the node would ask it'
complete -c lr-meet -n '__fish_seen_subcommand_from get' -s t -l timeout -x -d 'how long it may take (default 10000)'
complete -c lr-meet -n __fish_use_subcommand -a map -d 'ask the router for a port, hold it until interrupted'
complete -c lr-meet -n '__fish_seen_subcommand_from map' -s p -l port -x -d 'the port here, and the one wished for (default 51820)'
complete -c lr-meet -n '__fish_seen_subcommand_from map' -l tcp -d 'a TCP port instead of a UDP port'
complete -c lr-meet -n '__fish_seen_subcommand_from map' -l lifetime -x -d 'ask for it for so many seconds (default 3600)'
