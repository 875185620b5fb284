#compdef smedoit doit
# zsh completion of smedoit, and of doit in a world of smedoit: smedoit completion zsh
_smedoit() {
    local -a found
    local line
    for line in "${(@f)$(smedoit complete "${(@)words[2,CURRENT-1]}" "${words[CURRENT]}" 2>/dev/null)}"; do
        [[ -n "$line" ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( $#found )); then
        _describe -V smedoit found
    else
        _files
    fi
}
if [[ "$funcstack[1]" == "_smedoit" ]]; then
    _smedoit "$@"
else
    compdef _smedoit smedoit doit
fi
