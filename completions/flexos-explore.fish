# Fish completion for flexos-explore.

set -l commands check rank frontier safest compartments explain
set -l none "not __fish_seen_subcommand_from $commands"
set -l any "__fish_seen_subcommand_from $commands"
set -l ordered "__fish_seen_subcommand_from rank frontier safest"

complete -c flexos-explore -f
complete -c flexos-explore -k -a "(__fish_complete_suffix .yaml)"

complete -c flexos-explore -n $none -a check -d "say whether specs are well formed and consistent"
complete -c flexos-explore -n $none -a rank -d "list the best configurations"
complete -c flexos-explore -n $none -a frontier -d "list every non-dominated cost and safety"
complete -c flexos-explore -n $none -a safest -d "list the safest configurations within the budget"
complete -c flexos-explore -n $none -a compartments -d "find the fewest compartments"
complete -c flexos-explore -n $none -a explain -d "say why infeasible, or why not a configuration"

complete -c flexos-explore -l help -d "show help"
complete -c flexos-explore -l color -x -a "auto always never" -d "colours"
complete -c flexos-explore -n $none -l version -d "show the version"
complete -c flexos-explore -n $any -l format -x -a "text json dot" -d "form of the answer"
complete -c flexos-explore -n $any -l specs -x -a "(__fish_complete_directories)" -d "folder of definitions"
complete -c flexos-explore -n $any -l time-limit -x -d "answer with the best found after so many seconds"
complete -c flexos-explore -n $any -l certify -d "have Z3 confirm the answer whatever the size"
complete -c flexos-explore -n $any -l no-certify -d "do not ask Z3 to confirm"
complete -c flexos-explore -n $any -l stats -d "what the search did, on stderr"
complete -c flexos-explore -n $ordered -l top -x -d "how many"
complete -c flexos-explore -n $ordered -l poset -d "with JSON, the Hasse diagram of the safety order"
complete -c flexos-explore -n "__fish_seen_subcommand_from rank" -l distinct -d "one configuration a layout"
complete -c flexos-explore -n "__fish_seen_subcommand_from rank" -l objective -x -a "fastest safest" -d "what comes first"
complete -c flexos-explore -n "__fish_seen_subcommand_from safest" -l slowdown -x -d "budget"
complete -c flexos-explore -n "__fish_seen_subcommand_from safest" -l measured -r -k -a "(__fish_complete_suffix .csv)" -d "measured configurations"
complete -c flexos-explore -n "__fish_seen_subcommand_from safest" -l at-least -x -d "least value of the metric"
complete -c flexos-explore -n "__fish_seen_subcommand_from safest" -l metric -x -d "column of the table"
complete -c flexos-explore -n "__fish_seen_subcommand_from explain" -l config -x -d "why not this configuration"
complete -c flexos-explore -n "__fish_seen_subcommand_from explain" -l layout -x -d "why not this split"
