#!/bin/busybox sh
# The practice installer: finds its medium as anaconda does, lays the overlay images
# over each other, says what it sees, and switches the machine off.
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /medium /updates
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

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

label_of() {
    dd if="$1" bs=1 skip=32808 count=32 2> /dev/null | sed 's/ *$//'
}

find_medium() {
    for try in $(seq 120); do
        for device in /dev/sr* /dev/sd* /dev/vd*; do
            if [ -b "$device" ] && [ "$(label_of "$device")" = "$label" ]; then
                mount -t iso9660 -o ro "$device" /medium 2> /dev/null && return 0
            fi
        done
        sleep 0.5
    done
    return 1
}

lay() {
    image=/medium/images/$1
    [ -f "$image" ] || { say "$1 is not on the medium"; return; }
    mkdir -p "/overlay/$1"
    cd "/overlay/$1" || return
    { gzip -dc "$image" 2> /dev/null || xz -dc "$image"; } | cpio -idmu 2> /dev/null ||
        { say "$1 cannot be unpacked"; return; }
    say "$1 holds $(find . -type f | wc -l) files"
    cp -a . /updates
}

stamp() {
    sed -n "s/^$1 *= *//p" /updates/.buildstamp 2> /dev/null
}

for module in $(cat /modules/order); do
    insmod "/modules/$module"
done
label=$(sed -n 's/.*inst\.stage2=hd:LABEL=\([^ ]*\).*/\1/p' /proc/cmdline | sed 's/\\x20/ /g')
say "started with: $(cat /proc/cmdline)"
[ -n "$label" ] || finish "failed, inst.stage2=hd:LABEL= is not on the command line"
find_medium || finish "failed, no device has the label $label"
say "medium $label mounted from $device"
lay updates.img # the order matters: product.img wins
lay product.img
for key in Product Version IsFinal; do
    say "$key $(stamp $key)"
done
say "medium holds $(find /medium/Packages -name '*.rpm' 2> /dev/null | wc -l) packages"
finish done
