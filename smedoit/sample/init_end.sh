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
