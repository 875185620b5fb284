# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice installer's runtime, stage 2, in upstream's shape: a squashfs, with an ext4 image in it or without."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.runtime.files import write_file
from smedoit.runtime.process import run_program
from smedoit.sample import scripts

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
DIRECTORIES = "proc", "sys", "dev", "run", "tmp", "sbin", "bin", "usr/bin", "usr/share/anaconda/pixmaps", "etc"
EXECUTABLE = ("init", "busybox")
NAME = "a squashfs with an ext4 image in it, made by smedoit's practice world\n"
FLAT_NAME = "a squashfs, made by smedoit's practice world\n"


def has_image_tools(base: Base) -> bool:
    """Return whether this host can make the runtime's images."""
    return all(map(shutil.which, PROGRAMS[:1] if base.flat_stage2 else PROGRAMS))


def build_runtime(shell: Path, kernel: str, base: Base) -> bytes:
    """Return stage 2; the same shell and the same programs give the same bytes, whoever runs them.

    kernel  the version that it is made for; of its modules it has none, all that it needs are loaded when it starts
    """
    epoch = base.upstream.epoch
    with tempfile.TemporaryDirectory(prefix="smedoit-") as place:
        root, live, image = Path(place) / "root", Path(place) / "live", Path(place) / "squashfs.img"
        for name in (*DIRECTORIES, *_configuration_places(base)):
            (root / name).mkdir(parents=True, exist_ok=True)
        for name, text in _runtime_texts(kernel, base).items():
            write_file(root / name, text, durable=False)
        shutil.copyfile(shell, root / "bin/busybox")
        _set_plain_modes(root)
        if not base.flat_stage2:
            (live / "LiveOS").mkdir(parents=True)
            _build_ext4(root, live / "LiveOS/rootfs.img", epoch)
            _set_plain_modes(live)
        run_program(
            [
                *("mksquashfs", root if base.flat_stage2 else live, image, "-noappend", "-no-progress", "-no-xattrs"),
                *("-all-root", "-comp", "xz", "-processors", "1"),
            ],
            env={"SOURCE_DATE_EPOCH": str(epoch)},  # it takes no times as options where a desk has set this
            package="squashfs-tools",
        )
        return image.read_bytes()


def _configuration_places(base: Base) -> tuple[str, ...]:
    """Return the directories in which the installer has what a product decides."""
    package = f"{base.python.site}/pyanaconda"
    if base.configuration is Configuration.INSTALL_CLASSES:
        return (f"{package}/{base.configuration.value}",)
    return package, "etc/anaconda/conf.d", f"etc/anaconda/{base.configuration.value}"


def _runtime_texts(kernel: str, base: Base) -> dict[str, str]:
    """Return path -> text of the runtime's files."""
    texts = {
        "sbin/init": scripts.second_stage_script(base),
        "say.sh": scripts.shared_scripts()["say.sh"],
        ".buildstamp": _upstream_buildstamp(base),
        "etc/practice-runtime": FLAT_NAME if base.flat_stage2 else NAME,
        f"usr/lib/modules/{kernel}/modules.order": "",
    }
    if base.configuration is not Configuration.INSTALL_CLASSES:
        texts["etc/os-release"] = _upstream_os_release(base)
    return texts


def _upstream_buildstamp(base: Base) -> str:
    """Return .buildstamp of the distribution itself."""
    upstream = base.upstream
    return (
        f"[Main]\nProduct={upstream.product}\nVersion={upstream.version}\nBugURL={upstream.bug_url}\n"
        "IsFinal=True\nUUID=1.x86_64\n"
    )


def _upstream_os_release(base: Base) -> str:
    """Return os-release of the distribution itself."""
    upstream, major = base.upstream, base.upstream.version.partition(".")[0]
    return f"""\
NAME="{upstream.name}"
VERSION="{upstream.version}"
ID="{upstream.ident}"
ID_LIKE="rhel centos fedora"
VERSION_ID="{upstream.version}"
PLATFORM_ID="{base.platform or f"platform:el{major}"}"
PRETTY_NAME="{upstream.name} {upstream.version}"
CPE_NAME="cpe:/o:{upstream.ident}:{upstream.ident}:{major}"
"""


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
