# Shell words that the practice installer's two stages share.
export PATH=/usr/bin:/bin

say() {
    echo "practice installer: $*" > /dev/console
    case $(cat /sys/class/tty/console/active) in
        *ttyS0) ;;
        *) echo "practice installer: $*" > /dev/ttyS0 ;;
    esac 2> /dev/null
}

finish() {
    say "$*"
    sleep 1
    poweroff -f
}
