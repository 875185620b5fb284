# fish completion of smedoit, and of doit in a world of smedoit: smedoit completion fish
function __smedoit_complete
    set -l typed (commandline -opc)
    set -e typed[1]
    smedoit complete $typed (commandline -ct) 2>/dev/null
end
for program in smedoit doit
    complete -c $program -e
    complete -c $program -a '(__smedoit_complete)'
end
