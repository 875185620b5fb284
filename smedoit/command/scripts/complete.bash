# bash completion of smedoit, and of doit in a world of smedoit: smedoit completion bash
_smedoit() {
    local line words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=()
    # bash breaks TASK:PART and --option=value at their marks; what is asked for is the word as it was typed
    local typed="${COMP_LINE:0:COMP_POINT}" current
    current="${typed##*[[:space:]]}"
    read -r -a words <<<"${typed#*[[:space:]]}"
    [[ "$typed" == *[[:space:]] ]] || unset 'words[${#words[@]}-1]'
    while IFS=$'\t' read -r line _; do
        COMPREPLY+=("${line#"${current%"${current##*[:=]}"}"}")
    done < <(smedoit complete "${words[@]}" "$current" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *= ]] && compopt -o nospace
    return 0
}
complete -o bashdefault -o default -F _smedoit smedoit
complete -o bashdefault -o default -F _smedoit doit
