# fish completion, made by: lr-notify --print-completion=fish
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
complete -c lr-notify -f
complete -c lr-notify -s d -l discord -d 'post to a Discord webhook'
complete -c lr-notify -s w -l webhook -d 'post JSON to any webhook'
complete -c lr-notify -l desktop -d 'show it on the desktop, with notify-send'
complete -c lr-notify -s u -l url-file -r -F -d 'the webhook\'s URL (default $LR_WEBHOOK_URL)'
complete -c lr-notify -s e -l events -x -a 'all up down peer-added peer-removed handshake endpoint expired gave-up joined left lapsed kicked renamed address path network relay-connected relay-lost invite-claimed out' -d 'names of events with commas, or all'
complete -c lr-notify -s n -l dry-run -d 'print the posts instead, one JSON object a line'
complete -c lr-notify -s j -l json -d 'changes nothing: what it prints is JSON'
complete -c lr-notify -s h -l help -d 'show this help and exit'
complete -c lr-notify -s V -l version -d 'show the version and exit'
