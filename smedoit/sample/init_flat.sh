# A squashfs that is the root file system, or one with LiveOS/rootfs.img in it; what is written goes to memory.
mount_stage2() {
    mkdir -p /run/squashfs /run/rootfs /run/written
    mount -t squashfs -o loop,ro "$1" /run/squashfs 2> /dev/null || { say "stage 2 is no squashfs"; return 1; }
    lower=/run/squashfs
    if [ -f /run/squashfs/LiveOS/rootfs.img ]; then
        lower=/run/rootfs
        mount -t ext4 -o loop,ro /run/squashfs/LiveOS/rootfs.img $lower 2> /dev/null ||
            { say "LiveOS/rootfs.img in stage 2 cannot be mounted"; return 1; }
    fi
    mkdir -p /run/written/upper /run/written/work
    mount -t overlay -o lowerdir=$lower,upperdir=/run/written/upper,workdir=/run/written/work o /sysroot ||
        { say "this kernel has no overlay"; return 1; }
}

