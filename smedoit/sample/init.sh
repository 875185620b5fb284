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

# A squashfs with LiveOS/rootfs.img in it, an ext4; what is written goes to memory.
mount_stage2() {
    mkdir -p /run/squashfs /run/rootfs /run/written
    mount -t squashfs -o loop,ro "$1" /run/squashfs 2> /dev/null || { say "stage 2 is no squashfs"; return 1; }
    mount -t ext4 -o loop,ro /run/squashfs/LiveOS/rootfs.img /run/rootfs 2> /dev/null ||
        { say "stage 2 holds no LiveOS/rootfs.img that can be mounted"; return 1; }
    mkdir -p /run/written/upper /run/written/work
    mount -t overlay -o lowerdir=/run/rootfs,upperdir=/run/written/upper,workdir=/run/written/work o /sysroot ||
        { say "this kernel has no overlay"; return 1; }
}

# As apply-live-updates.sh does: every directory is made, everything else copied.
lay_over_stage2() {
    cd /updates || return
    find . -type d | while read -r directory; do
        mkdir -p "/sysroot/$directory" || say "$directory of the overlay images is no directory in the runtime"
    done
    find . ! -type d | while read -r file; do
        cp -a "$file" "/sysroot/$file" || say "$file of the overlay images cannot be laid over the runtime"
    done
}

cd /lib/modules/* && for module in $(cat order); do
    insmod "$module"
done
label=$(option 'inst\.stage2=hd:LABEL' | sed 's/\\x20/ /g')
repo=$(option 'inst\.repo')
say "started with: $(cat /proc/cmdline)"
case $label,$repo in
    ?*,*)
        find_medium || finish "failed, no device has the label $label"
        say "medium $label mounted from $device"
        images=/run/install/repo/images stage2=/run/install/repo/LiveOS/squashfs.img
        ;;
    ,http://*)
        start_network || finish "failed, no network"
        fetch_tree "$repo" || finish "failed, $repo has no stage 2"
        say "stage 2 fetched from $repo"
        images=/run/fetched/images stage2=/run/fetched/stage2
        ;;
    *) finish "failed, neither inst.stage2=hd:LABEL= nor inst.repo=http:// is on the command line" ;;
esac
lay $images/updates.img # the order matters: product.img wins
lay $images/product.img
echo "$repo" > /run/install/address
mount_stage2 "$stage2" || { # a builder without mksquashfs: what stage 2 would say is said here
    mkdir -p /sysroot/sbin /sysroot/bin /sysroot/proc /sysroot/sys /sysroot/dev /sysroot/run
    cp /bin/busybox /sysroot/bin/busybox
    cp /say.sh /lease.sh /sysroot/
    cp /stage2.sh /sysroot/sbin/init
}
lay_over_stage2
for place in proc sys dev run; do
    mount --move "/$place" "/sysroot/$place"
done
exec chroot /sysroot /sbin/init < /dev/console > /dev/console 2>&1
