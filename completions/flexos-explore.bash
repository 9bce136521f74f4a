# Bash completion for flexos-explore.
# shellcheck shell=bash

_flexos_explore_specs() {
  local name
  compopt -o filenames 2>/dev/null
  while IFS= read -r name; do
    [[ -d $name || $name == *.yaml || $name == *.yml || $name == *.json ]] && COMPREPLY+=("$name")
  done < <(compgen -f -- "$1")
}

_flexos_explore() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local commands="check rank frontier safest compartments explain build run attack scan inspect"
  commands="$commands measure results report doctor sweep diff profile calibrate"
  local common="--format --color --specs --time-limit --certify --no-certify --stats --help"
  local measuring="--platform --workload --width --budget --lean --retry --runs --output --results"
  local command="" options i
  COMPREPLY=()

  # Bash splits --option=value at the sign.
  if [[ $word == "=" ]]; then
    word=""
  elif [[ $previous == "=" ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $previous in
    --format)
      options="text json dot"
      [[ " ${COMP_WORDS[*]} " == *" check "* ]] && options="text json sarif"
      mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") && return
      ;;
    --preset)
      mapfile -t COMPREPLY < <(compgen -W "microkernel monolithic mpk unikernel" -- "$word") && return
      ;;
    --color) mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$word") && return ;;
    --measured | --replay | --record)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -X '!*.csv' -- "$word" && compgen -d -- "$word")
      return
      ;;
    --objective) mapfile -t COMPREPLY < <(compgen -W "fastest safest" -- "$word") && return ;;
    --strategy) mapfile -t COMPREPLY < <(compgen -W "exhaustive poset model" -- "$word") && return ;;
    --specs | --output | -o)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      return
      ;;
    --platform) mapfile -t COMPREPLY < <(compgen -W "qemu linux" -- "$word") && return ;;
    --results | --beside | --figure | --csv)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    --accel) mapfile -t COMPREPLY < <(compgen -W "auto kvm tcg" -- "$word") && return ;;
    --width | --budget | --tolerance | --noise | --workload | --harden | --mechanism | -n) return ;;
    --timeout | --top | --time-limit | --slowdown | --at-least | --metric | --config | --layout) return ;;
  esac

  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ " $commands " == *" ${COMP_WORDS[i]} "* ]]; then
      command=${COMP_WORDS[i]}
      break
    fi
  done
  case $command in
    check) options="--sarif $common" ;;
    compartments | doctor) options=$common ;;
    sweep) options="--preset --top --no-measure --attack --junit --sarif $measuring $common" ;;
    diff) options="--tolerance $common" ;;
    profile) options="--operations --platform --workload --output --out --no-hardening $common" ;;
    calibrate) options="--platform --runs --output $common" ;;
    rank) options="--top --distinct --objective --poset $common" ;;
    frontier) options="--top --poset $common" ;;
    safest)
      options="--top --slowdown --measured --measure --replay --strategy --at-least --metric --noise"
      options="$options --record --poset -n $measuring $common"
      ;;
    explain) options="--config --layout $common" ;;
    build) options="--top --config --layout --unprotected --output --platform --heap $common" ;;
    measure)
      options="--top --config --layout --mechanism --harden --unprotected -n $measuring $common"
      ;;
    results)
      options="--results $common"
      [[ $COMP_CWORD == 2 ]] && options="list show merge export"
      ;;
    report) options="--output --beside --figure --csv $common" ;;
    run) options="--timeout --gdb --accel --forward --tap $common" ;;
    attack)
      options="--spec --top --config --layout --mechanism --unprotected --platform --only --without"
      options="$options --mutate --timeout $common"
      ;;
    scan) options="--strict --all $common" ;;
    inspect) options=$common ;;
    *) options="--top --slowdown --all --no-measure --predict-only --attack --version $measuring $common" ;;
  esac

  if [[ $word == -* || ($command == results && $COMP_CWORD == 2) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  else
    [[ -z $command ]] && mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
    case $command in
      run | scan | inspect | diff | results | report)
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
        ;;
      *) _flexos_explore_specs "$word" ;;
    esac
  fi
}

complete -F _flexos_explore flexos-explore ./flexos-explore
