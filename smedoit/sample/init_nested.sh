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

