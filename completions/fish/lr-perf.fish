# fish completion, made by: lr-perf --print-completion=fish
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
complete -c lr-perf -f
complete -c lr-perf -l json -d 'print JSON'
complete -c lr-perf -s h -l help -d 'show this help and exit'
complete -c lr-perf -s V -l version -d 'show the version and exit'
complete -c lr-perf -n __fish_use_subcommand -a replay -d 'play captures through every stage and time each'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -s r -l repeat -x -d 'play each file N times, for more samples'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -s g -l gate -x -a 'documented ours' -d 'judge these targets: documented (p99) or ours (p50)'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l tap -d 'print TAP, a test a stage'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l junit -r -F -d 'write JUnit XML to FILE too'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l no-timing -d 'do not time packets, only the whole'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l annotate -r -F -d 'write the packets to FILE with what each stage took'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l sample -x -d 'time one packet in N'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l speed -x -a '1 max' -d 'at N times the capture\'s own pace; max: as fast as it goes'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l loop -d 'begin anew at the end, until an interrupt or --for'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l for -x -d 'end after so long'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l filter -x -d 'play what this pcap-filter(7) lets through'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l peers -x -d 'play these peers\' packets: ADDRESS=NAME,...'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -l direction -x -a 'in out both' -d 'play what went in, out or both'
complete -c lr-perf -n '__fish_seen_subcommand_from replay' -F
complete -c lr-perf -n __fish_use_subcommand -a monitor -d 'watch a node or a process, and say what looks wrong'
complete -c lr-perf -n '__fish_seen_subcommand_from monitor' -s i -l interval -x -d 'take a sample so often (1.0)'
complete -c lr-perf -n '__fish_seen_subcommand_from monitor' -l for -x -d 'end after so long; unless given, at an interrupt'
complete -c lr-perf -n '__fish_seen_subcommand_from monitor' -a '(__lr_ifaces)'
complete -c lr-perf -n __fish_use_subcommand -a profile -d 'where a running node\'s time goes'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l for -x -d 'measure so long (10s)'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l top -x -d 'print the N spans that take most (20), 0 for all'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l slow -x -d 'tell spans that take longer, as 10ms or 200us'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l stall -x -d 'tell handlers that hold the loop up longer (10ms)'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l every -x -d 'measure one turn of the event loop in N'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l folded -d 'print folded stacks, for flame graph tools'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l svg -r -F -d 'write a flame graph to FILE too'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l on -d 'switch it on, 1 % of all turns unless --every says else, and end'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l report -x -d 'with --on: tell an event so often (1h)'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l off -d 'switch it off, and end'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l reset -d 'forget what was found, and end'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -l now -d 'print what was found so far, and change nothing'
complete -c lr-perf -n '__fish_seen_subcommand_from profile' -a '(__lr_ifaces)'
complete -c lr-perf -n __fish_use_subcommand -a bench -d 'measure every operation that counts, in fresh processes'
complete -c lr-perf -n '__fish_seen_subcommand_from bench' -s n -l runs -x -d 'measure in so many fresh processes (10)'
complete -c lr-perf -n '__fish_seen_subcommand_from bench' -l repeats -x -d 'measure up to N runs again that met a slow processor (twice --runs)'
complete -c lr-perf -n '__fish_seen_subcommand_from bench' -l against -r -F -d 'measure another build, too, in turns with this one'
complete -c lr-perf -n '__fish_seen_subcommand_from bench' -l against-out -r -F -d 'write the other build\'s results to FILE'
complete -c lr-perf -n '__fish_seen_subcommand_from bench' -s o -l out -r -F -d 'write the results to FILE'
complete -c lr-perf -n '__fish_seen_subcommand_from bench' -l cpu -x -a 'any' -d 'the processor to run on (the last one)'
complete -c lr-perf -n '__fish_seen_subcommand_from bench' -l once -d 'measure in this process, once; what --runs starts'
complete -c lr-perf -n '__fish_seen_subcommand_from bench' -a 'performance bottlenecks scaling config state ipam metrics crypto wg lan relay party json format start profiles concurrent memory growth logging leaks'
complete -c lr-perf -n __fish_use_subcommand -a live -d 'the promises end to end, in a laboratory of namespaces (root)'
complete -c lr-perf -n '__fish_seen_subcommand_from live' -s g -l gate -x -a 'documented ours' -d 'judge by these targets: documented or ours'
complete -c lr-perf -n '__fish_seen_subcommand_from live' -l quick -d 'fewer rounds, and no crowd'
complete -c lr-perf -n '__fish_seen_subcommand_from live' -l only -x -a 'startup idle connect direct failover relay active memory peers' -d 'only these: startup, idle, connect, direct, failover, relay, active, memory, peers'
complete -c lr-perf -n '__fish_seen_subcommand_from live' -l members -x -d 'in the last step so many peers (100)'
complete -c lr-perf -n '__fish_seen_subcommand_from live' -s o -l out -r -F -d 'write the results to FILE'
complete -c lr-perf -n '__fish_seen_subcommand_from live' -l tap -d 'print TAP, a test a target'
complete -c lr-perf -n '__fish_seen_subcommand_from live' -l junit -r -F -d 'write JUnit XML to FILE too'
complete -c lr-perf -n '__fish_seen_subcommand_from live' -F
complete -c lr-perf -n __fish_use_subcommand -a compare -d 'whether the new results are worse than the base\'s'
complete -c lr-perf -n '__fish_seen_subcommand_from compare' -l baseline -r -F -d 'the base is in FILE; only NEW is named'
complete -c lr-perf -n '__fish_seen_subcommand_from compare' -l update -d 'NEW becomes the baseline, unless something is worse'
complete -c lr-perf -n '__fish_seen_subcommand_from compare' -l any-machine -d 'also compare results of different machines'
complete -c lr-perf -n '__fish_seen_subcommand_from compare' -s a -l all -d 'also show what is the same'
complete -c lr-perf -n '__fish_seen_subcommand_from compare' -l md -d 'print Markdown'
complete -c lr-perf -n '__fish_seen_subcommand_from compare' -l junit -r -F -d 'write JUnit XML to FILE too'
complete -c lr-perf -n '__fish_seen_subcommand_from compare' -F
complete -c lr-perf -n __fish_use_subcommand -a check -d 'the release checklist, and what to run next'
complete -c lr-perf -n '__fish_seen_subcommand_from check' -l baseline -r -F -d 'compare with the results in FILE, too'
complete -c lr-perf -n '__fish_seen_subcommand_from check' -l md -d 'print Markdown'
complete -c lr-perf -n '__fish_seen_subcommand_from check' -l junit -r -F -d 'write JUnit XML to FILE too'
complete -c lr-perf -n '__fish_seen_subcommand_from check' -F
complete -c lr-perf -n __fish_use_subcommand -a bundle -d 'what to send with a bug report, without secrets'
complete -c lr-perf -n '__fish_seen_subcommand_from bundle' -l iface -x -a '(__lr_ifaces)' -d 'only the node of this interface, not all that run'
complete -c lr-perf -n '__fish_seen_subcommand_from bundle' -F
complete -c lr-perf -n __fish_use_subcommand -a report -d 'results as a page, a plot or a comment'
complete -c lr-perf -n '__fish_seen_subcommand_from report' -l html -r -F -d 'write the page to FILE'
complete -c lr-perf -n '__fish_seen_subcommand_from report' -l svg -x -a 'waterfall latency scaling history flame' -d 'print one plot as SVG'
complete -c lr-perf -n '__fish_seen_subcommand_from report' -l md -d 'print Markdown'
complete -c lr-perf -n '__fish_seen_subcommand_from report' -F
complete -c lr-perf -n __fish_use_subcommand -a record -d 'record an interface\'s packets as pcapng'
complete -c lr-perf -n '__fish_seen_subcommand_from record' -s c -l count -x -d 'end after N packets'
complete -c lr-perf -n '__fish_seen_subcommand_from record' -l for -x -d 'end after so long; unless given, at an interrupt'
complete -c lr-perf -n '__fish_seen_subcommand_from record' -l filter -x -d 'record what this pcap-filter(7) lets through'
complete -c lr-perf -n '__fish_seen_subcommand_from record' -s s -l snaplen -x -d 'keep so many bytes of each packet'
complete -c lr-perf -n '__fish_seen_subcommand_from record' -a '(__lr_ifaces)'
complete -c lr-perf -n __fish_use_subcommand -a trace-info -d 'what captures hold: games, sizes, rates, ports'
complete -c lr-perf -n '__fish_seen_subcommand_from trace-info' -F
complete -c lr-perf -n __fish_use_subcommand -a synth -d 'make a capture of a game\'s traffic from its profile'
complete -c lr-perf -n '__fish_seen_subcommand_from synth' -s p -l players -x -d 'so many play, the first hosts (4)'
complete -c lr-perf -n '__fish_seen_subcommand_from synth' -l for -x -d 'traffic of so long (10s)'
complete -c lr-perf -n '__fish_seen_subcommand_from synth' -l seed -x -d 'another seed, another capture (1)'
complete -c lr-perf -n __fish_use_subcommand -a targets -d 'show what is to be reached'
