#!/bin/busybox sh
# The practice installer's first stage, dracut's part: finds its medium or its tree as anaconda does, lays the overlay
# images over each other, mounts stage 2, lays them over that, and starts it.
/bin/busybox --install -s /bin
. /say.sh
mkdir -p /proc /sys /dev /run /updates /sysroot
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run
mkdir -p /run/install/repo /run/fetched

label_of() {
    dd if="$1" bs=1 skip=32808 count=32 2> /dev/null | sed 's/ *$//'
}

option() {
    sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

find_medium() {
    for try in $(seq 120); do
        for device in /dev/sr* /dev/sd* /dev/vd*; do
            if [ -b "$device" ] && [ "$(label_of "$device")" = "$label" ]; then
                mount -t iso9660 -o ro "$device" /run/install/repo 2> /dev/null && return 0
            fi
        done
        sleep 0.5
    done
    return 1
}

start_network() {
    for place in /sys/class/net/e*; do
        [ -e "$place" ] || continue
        ip link set "${place##*/}" up
        udhcpc -q -n -t 5 -T 2 -i "${place##*/}" -s /lease.sh > /dev/null 2>&1 && return 0
    done
    return 1
}

# As dracut does: stage 2 is what .treeinfo names, else LiveOS/squashfs.img; the overlay images may be absent.
fetch_tree() {
    mkdir -p /run/fetched/images
    wget -q -O /run/fetched/.treeinfo "$1/.treeinfo" || say ".treeinfo is not in $1"
    main=$(sed -n 's/^mainimage *= *//p' /run/fetched/.treeinfo)
    wget -q -O /run/fetched/stage2 "$1/${main:-LiveOS/squashfs.img}" || return 1
    for image in updates.img product.img; do
        wget -q -O "/run/fetched/images/$image" "$1/images/$image" || rm -f "/run/fetched/images/$image"
    done
}

lay() {
    [ -f "$1" ] || { say "${1##*/} is not on the medium"; return; }
    mkdir -p "/overlay/${1##*/}"
    cd "/overlay/${1##*/}" || return
    { gzip -dc "$1" 2> /dev/null || xz -dc "$1"; } | cpio -idmu 2> /dev/null ||
        { say "${1##*/} cannot be unpacked"; return; }
    say "${1##*/} holds $(find . -type f | wc -l) files"
    cp -a . /updates
}

