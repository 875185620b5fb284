# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel that a file is made for, read from files that real programs made."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.bootfiles import images
from smedoit.bootset import kernels
from smedoit.bootset.kernels import DamagedImageError, KernelVersionError
from smedoit.installer.cpio import CpioMember, cpio_archive
from tests.harness.tools import need, read_with

VERSION = "3.10.0-1160.el7.x86_64"
MODULE = f"lib/modules/{VERSION}/kernel/fs/isofs/isofs.ko.xz"


def bzimage(version: str = VERSION) -> bytes:
    """Return the beginning of a kernel as x86/boot.rst lays it out."""
    head = bytearray(4096)
    head[0x1FE:0x206] = b"\x55\xaa\0\0HdrS"
    struct.pack_into("<H", head, 0x20E, 0x400)
    text = f"{version} (mockbuild@kbuilder) #1 SMP\0".encode()
    head[0x600 : 0x600 + len(text)] = text
    return bytes(head)


def cpio(*names: str, size: int = 100) -> bytes:
    return cpio_archive([CpioMember(name, bytes(size)) for name in names], 0)


def initrd(place: Path, data: bytes) -> set[str]:
    (place / "initrd.img").write_bytes(data)
    return kernels.initrd_versions(place / "initrd.img")


def test_a_kernel_says_its_version(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(bzimage())
    assert kernels.vmlinuz_version(tmp_path / "vmlinuz") == {VERSION}


def test_this_hosts_kernels_say_the_version_of_their_names() -> None:
    found = [path for path in sorted(Path("/boot").glob("vmlinuz-*-amd64")) if path.stat().st_mode & 0o004]
    if not found:
        pytest.skip("needs a kernel in /boot that anybody may read")
    for path in found:
        assert kernels.vmlinuz_version(path) == {path.name.removeprefix("vmlinuz-")}


@pytest.mark.parametrize("data", [b"", b"text", bytes(70000), bzimage()[:0x205], bzimage()[:0x600]])
def test_what_is_no_kernel_tells_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "vmlinuz").write_bytes(data)
    with pytest.raises(KernelVersionError):
        kernels.vmlinuz_version(tmp_path / "vmlinuz")


@pytest.mark.parametrize(
    "packed",
    [bytes, gzip.compress, lzma.compress, bz2.compress, lambda data: lzma.compress(data, lzma.FORMAT_ALONE)],
    ids=["plain", "gz", "xz", "bz2", "lzma"],
)
def test_an_initrd_is_read_however_it_is_packed(tmp_path: Path, packed: Callable[[bytes], bytes]) -> None:
    assert initrd(tmp_path, packed(cpio("init", MODULE))) == {VERSION}


def test_early_microcode_before_the_rest_is_passed_over(tmp_path: Path) -> None:
    early = cpio("kernel/x86/microcode/GenuineIntel.bin", size=5000)
    padded = early + bytes(-len(early) % 512)
    assert initrd(tmp_path, padded + lzma.compress(cpio("init", MODULE))) == {VERSION}


def test_modules_below_usr_count_as_well(tmp_path: Path) -> None:
    assert initrd(tmp_path, gzip.compress(cpio(f"usr/{MODULE}"))) == {VERSION}


def test_a_large_file_in_it_is_not_held_in_memory(tmp_path: Path) -> None:
    assert initrd(tmp_path, gzip.compress(cpio("big", MODULE, size=5_000_001))) == {VERSION}


def test_what_cpio_and_xz_made_is_read(tmp_path: Path) -> None:
    need("cpio", "xz")
    module = tmp_path / MODULE
    module.parent.mkdir(parents=True)
    module.write_bytes(b"module")
    (tmp_path / "init").symlink_to("bin/sh")
    names = f"lib\nlib/modules\nlib/modules/{VERSION}\n{MODULE}\ninit\n"
    script = 'cd "$1" && cpio -o -H newc 2>/dev/null | xz --check=crc32 > initrd.img'
    read_with("sh", "-c", script, "sh", tmp_path, stdin=names.encode())
    assert kernels.initrd_versions(tmp_path / "initrd.img") == {VERSION}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no modules"),
        (b"hello, world", "no cpio archive"),
        (b"\x28\xb5\x2f\xfd" + bytes(2), "cannot be unpacked"),
        (b"\x02\x21\x4c\x18" + bytes(100), "packed with lz4"),
        (lzma.compress(cpio(MODULE))[:60], "cannot be unpacked"),
        (gzip.compress(cpio(MODULE))[:-20], "cannot be unpacked"),
        (cpio(MODULE)[:120], "cannot be unpacked"),
        (b"070701" + b"g" * 200, "cannot be unpacked"),
        (b"070701" + b"F" * 200, "cannot be unpacked"),
        (cpio("init"), "no modules"),
    ],
)
def test_a_damaged_initrd_says_what_is_wrong(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(KernelVersionError, match=words):
        initrd(tmp_path, data)


@pytest.mark.parametrize("behind", [b"", bytes(512)], ids=["to its end", "with zeros behind it"])
def test_an_initrd_that_is_packed_with_zstd_is_read_behind_its_microcode(tmp_path: Path, behind: bytes) -> None:
    need("zstd")
    (tmp_path / "plain").write_bytes(cpio("init", MODULE))
    read_with("zstd", "-q", "-o", tmp_path / "packed", tmp_path / "plain")
    early = cpio("kernel/x86/microcode/GenuineIntel.bin")
    packed = (tmp_path / "packed").read_bytes()
    assert initrd(tmp_path, early + bytes(-len(early) % 512) + packed + behind) == {VERSION}
    assert {path.name for path in tmp_path.iterdir()} == {"plain", "packed", "initrd.img"}
    with pytest.raises(KernelVersionError, match="cannot be unpacked"):
        initrd(tmp_path, packed[: len(packed) // 2])


def test_an_initrd_in_zstd_that_would_unpack_to_too_much_is_refused(tmp_path: Path) -> None:
    need("zstd")
    with (tmp_path / "plain").open("wb") as file:
        file.truncate(300 << 20)
    read_with("zstd", "-q", "-o", tmp_path / "packed", tmp_path / "plain")
    with pytest.raises(KernelVersionError, match="it may unpack to more than"):
        initrd(tmp_path, (tmp_path / "packed").read_bytes())


@pytest.mark.parametrize("place", ["usr/lib/modules", "lib/modules"])
def test_a_runtime_that_is_an_erofs_image_is_looked_into(tmp_path: Path, place: str) -> None:
    need("mkfs.erofs", "dump.erofs")
    (tmp_path / "tree" / place / VERSION).mkdir(parents=True)
    read_with("mkfs.erofs", tmp_path / "install.img", tmp_path / "tree")
    assert kernels.runtime_versions(tmp_path / "install.img") == {VERSION}
    shutil.rmtree(tmp_path / "tree/" / place.partition("/")[0])
    (tmp_path / "install.img").unlink()
    read_with("mkfs.erofs", tmp_path / "install.img", tmp_path / "tree")
    with pytest.raises(kernels.NoModulesError):
        kernels.runtime_versions(tmp_path / "install.img")


def squashfs(place: Path, tree: Path) -> Path:
    need("mksquashfs", "unsquashfs")
    read_with("mksquashfs", tree, place / "squashfs.img", "-no-progress", "-quiet", "-all-root")
    return place / "squashfs.img"


def superblock() -> bytes:
    """Return the superblock of an image of nothing."""
    return images.SUPERBLOCK.pack(b"hsqs", 1, 0, 1 << 17, 0, 1, 17, 0, 1, 4, 0, 0, 96, *[0] * 6)


def test_the_runtime_inside_the_squashfs_is_looked_into(tmp_path: Path) -> None:
    need("mke2fs", "debugfs")
    modules = tmp_path / "root/usr/lib/modules" / VERSION
    modules.mkdir(parents=True)
    (tmp_path / "tree/LiveOS").mkdir(parents=True)
    image = tmp_path / "tree/LiveOS/rootfs.img"
    read_with("mke2fs", "-q", "-t", "ext4", "-d", tmp_path / "root", image, "8M")
    assert kernels.runtime_versions(squashfs(tmp_path, tmp_path / "tree")) == {VERSION}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root", "squashfs.img", "tree"]


def test_a_squashfs_that_is_the_runtime_itself_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "tree/usr/lib/modules" / VERSION).mkdir(parents=True)
    assert kernels.runtime_versions(squashfs(tmp_path, tmp_path / "tree")) == {VERSION}


def test_a_link_in_the_place_of_the_runtime_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "tree/LiveOS").mkdir(parents=True)
    (tmp_path / "tree/LiveOS/rootfs.img").symlink_to("/etc/passwd")
    with pytest.raises(KernelVersionError):
        kernels.runtime_versions(squashfs(tmp_path, tmp_path / "tree"))


def test_what_is_no_squashfs_says_so(tmp_path: Path) -> None:
    (tmp_path / "squashfs.img").write_bytes(b"hsq")
    with pytest.raises(KernelVersionError, match="no squashfs"):
        kernels.runtime_versions(tmp_path / "squashfs.img")


def test_a_damaged_squashfs_says_so(tmp_path: Path) -> None:
    need("unsquashfs")
    (tmp_path / "squashfs.img").write_bytes(superblock() + bytes(5000))
    with pytest.raises(DamagedImageError, match="cannot be looked into"):
        kernels.runtime_versions(tmp_path / "squashfs.img")


def test_without_the_program_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.shutil, "which", lambda *_args, **_more: None)
    (tmp_path / "squashfs.img").write_bytes(superblock())
    with pytest.raises(KernelVersionError, match="squashfs-tools"):
        kernels.runtime_versions(tmp_path / "squashfs.img")
