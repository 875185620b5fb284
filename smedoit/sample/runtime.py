# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice installer's runtime, stage 2: a squashfs with an ext4 image in it, of the shape of CentOS 7's."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from smedoit.runtime.files import write_file
from smedoit.runtime.process import run_program

HERE = Path(__file__).parent
PROGRAMS = ("mksquashfs", "mke2fs", "debugfs")
SIZE = "12M"  # of the ext4 image: a shell, a script, and what the overlay images bring stays in memory
UUID = "5ed0175e-0000-4000-8000-000000000007"  # also the seed of its directory hashes: none of it may be random
CONFIG = """\
[defaults]
  base_features = sparse_super,large_file,filetype,dir_index,ext_attr,extent,huge_file,flex_bg,dir_nlink,extra_isize
  default_mntopts = acl,user_xattr
  enable_periodic_fsck = 0
  blocksize = 1024
  inode_size = 256
  inode_ratio = 4096
"""  # what the kernel of any base mounts, instead of what this desk's mke2fs.conf says
DIRECTORIES = (
    *("proc", "sys", "dev", "run", "tmp", "sbin", "bin", "usr/bin", "usr/share/anaconda/pixmaps", "etc"),
    "usr/lib64/python2.7/site-packages/pyanaconda/installclasses",
)
BUILDSTAMP = "[Main]\nProduct=CentOS\nVersion=7\nBugURL=https://bugs.centos.org\nIsFinal=True\nUUID=1.x86_64\n"
EXECUTABLE = ("init", "busybox")
NAME = "a squashfs with an ext4 image in it, made by smedoit's practice world\n"


def has_image_tools() -> bool:
    """Return whether this host can make the runtime's images."""
    return all(map(shutil.which, PROGRAMS))


def build_runtime(shell: Path, kernel: str, epoch: int) -> bytes:
    """Return stage 2; the same shell and the same programs give the same bytes, whoever runs them.

    kernel  the version that it is made for; of its modules it has none, all that it needs are loaded when it starts
    """
    texts = {
        "sbin/init": HERE.joinpath("stage2.sh").read_text(),
        "say.sh": HERE.joinpath("say.sh").read_text(),
        ".buildstamp": BUILDSTAMP,
        "etc/practice-runtime": NAME,
        f"usr/lib/modules/{kernel}/modules.order": "",
    }
    with tempfile.TemporaryDirectory(prefix="smedoit-") as place:
        root, live, image = Path(place) / "root", Path(place) / "live", Path(place) / "squashfs.img"
        for name in DIRECTORIES:
            (root / name).mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_file(root / name, text, durable=False)
        shutil.copyfile(shell, root / "bin/busybox")
        _set_plain_modes(root)
        (live / "LiveOS").mkdir(parents=True)
        _build_ext4(root, live / "LiveOS/rootfs.img", epoch)
        _set_plain_modes(live)
        run_program(
            [
                *("mksquashfs", live, image, "-noappend", "-no-progress", "-no-xattrs", "-all-root", "-comp", "xz"),
                *("-processors", "1"),
            ],
            env={"SOURCE_DATE_EPOCH": str(epoch)},  # it takes no times as options where a desk has set this
            package="squashfs-tools",
        )
        return image.read_bytes()


def _set_plain_modes(top: Path) -> None:
    """Give everything the mode that it has anywhere, and not as this desk's umask would have it."""
    for path in (top, *top.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.name in EXECUTABLE else 0o644)


def _build_ext4(root: Path, image: Path, epoch: int) -> None:
    """Write an ext4 image of the files below root, which belong to root in it, with one time for all."""
    config = image.with_name("mke2fs.conf")
    write_file(config, CONFIG, durable=False)
    desk = {"E2FSPROGS_FAKE_TIME": str(epoch), "SOURCE_DATE_EPOCH": str(epoch), "MKE2FS_CONFIG": str(config)}
    options = f"root_owner=0:0,hash_seed={UUID},lazy_itable_init=0,no_copy_xattrs"
    run_program(
        [
            *("mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-U", UUID, "-L", "Anaconda"),
            *("-E", options, "-d", root, image, SIZE),
        ],
        env=desk,
        package="e2fsprogs",
    )
    names = ["/", *(f"/{path.relative_to(root)}" for path in sorted(root.rglob("*")))]
    times = [f"set_inode_field {name} {field} @{epoch}" for name in names for field in ("atime", "mtime", "ctime")]
    owners = [f"set_inode_field {name} {field} 0" for name in names for field in ("uid", "gid")]
    commands = image.with_name("commands")
    write_file(commands, "".join(f"{line}\n" for line in (*owners, *times)), durable=False)
    run_program(["debugfs", "-w", "-f", commands, image], env=desk, package="e2fsprogs")
    commands.unlink()
    config.unlink()
