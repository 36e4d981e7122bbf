# fish completion, made by: lr-game --print-completion=fish
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
complete -c lr-game -f
complete -c lr-game -s j -l json -d 'print JSON, one object a line'
complete -c lr-game -s h -l help -d 'show this help and exit'
complete -c lr-game -s V -l version -d 'show the version and exit'
complete -c lr-game -n __fish_use_subcommand -a list -d 'print all games that are known, or those with these words'
complete -c lr-game -n __fish_use_subcommand -a show -d 'print what is known of a game, and where from'
complete -c lr-game -n '__fish_seen_subcommand_from show' -a '(__lr_games)'
complete -c lr-game -n __fish_use_subcommand -a detect -d 'print which games run on this machine'
complete -c lr-game -n __fish_use_subcommand -a apply -d 'have the running node carry a game: ports, groups, priority'
complete -c lr-game -n '__fish_seen_subcommand_from apply' -l iface -x -a '(__lr_ifaces)' -d 'the node of this interface'
complete -c lr-game -n '__fish_seen_subcommand_from apply' -s u -l undo -d 'take the profiles back'
complete -c lr-game -n '__fish_seen_subcommand_from apply' -a '(__lr_games)'
complete -c lr-game -n __fish_use_subcommand -a watch -d 'apply what runs, for as long as it does'
complete -c lr-game -n '__fish_seen_subcommand_from watch' -l iface -x -a '(__lr_ifaces)' -d 'the node of this interface'
complete -c lr-game -n __fish_use_subcommand -a learn -d 'watch a running game, and print a profile of what it did'
complete -c lr-game -n '__fish_seen_subcommand_from learn' -l for -x -d 'watch for so long; 30s unless given'
complete -c lr-game -n '__fish_seen_subcommand_from learn' -s n -l name -x -d 'call the profile so'
complete -c lr-game -n '__fish_seen_subcommand_from learn' -s s -l save -d 'keep it as an own profile'
complete -c lr-game -n __fish_use_subcommand -a servers -d 'find servers of games, and what they say'
complete -c lr-game -n '__fish_seen_subcommand_from servers' -s g -l game -x -a '(__lr_games)' -d 'only servers of this game; several times'
complete -c lr-game -n '__fish_seen_subcommand_from servers' -s W -l wait -x -d 'how long to wait for answers (1.5)'
complete -c lr-game -n '__fish_seen_subcommand_from servers' -l iface -x -a '(__lr_ifaces)' -d 'ask the members of this interface\'s node'
complete -c lr-game -n '__fish_seen_subcommand_from servers' -l no-broadcast -d 'ask only the addresses, favourites and members'
complete -c lr-game -n '__fish_seen_subcommand_from servers' -l keep -d 'remember the addresses as favourites'
complete -c lr-game -n '__fish_seen_subcommand_from servers' -l forget -d 'the addresses are favourites no more'
