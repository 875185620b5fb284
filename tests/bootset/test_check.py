# SPDX-License-Identifier: GPL-3.0-or-later
"""The installer's boot files are whole and of one kernel, wherever they came from, or no ISO is written."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.bootfiles import images
from smedoit.bootset import kernels, squashfs
from smedoit.bootset.base_fit import find_base_faults
from smedoit.bootset.check import check_boot_files
from smedoit.errors import ContentError
from smedoit.medium_paths import INITRD, KERNEL
from smedoit.sample.upstream import upstream_treeinfo
from tests.bootset.test_kernels import VERSION, bzimage, cpio
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need, read_with

EL7, EL8, EL9, EL10 = BASES.values()
STAGE2, NEW_STAGE2 = EL7.stage2, EL8.stage2
OTHER = "3.10.0-957.el7.x86_64"


def stage2(place: Path, *, version: str = VERSION, name: str = "LiveOS/rootfs.img", packing: str = "xz") -> bytes:
    """Return a runtime as lorax makes it: an ext4 image in a squashfs."""
    need("mke2fs", "debugfs", "mksquashfs", "unsquashfs")
    (place / "root/usr/lib/modules" / version).mkdir(parents=True)
    image = place / "tree" / name
    image.parent.mkdir(parents=True)
    read_with("mke2fs", "-q", "-t", "ext4", "-d", place / "root", image, "4M")
    target = place / "made.img"
    read_with("mksquashfs", place / "tree", target, "-no-progress", "-quiet", "-all-root", "-comp", packing)
    return target.read_bytes()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {
        KERNEL: bzimage(),
        INITRD: gzip.compress(cpio("init", f"lib/modules/{VERSION}/kernel/a.ko")),
        STAGE2: stage2(tmp_path_factory.mktemp("stage2")),
    }


def checked(place: Path, files: dict[str, bytes], base: Base = EL7, treeinfo: str = "") -> str:
    for name, data in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    if treeinfo:
        (place / ".treeinfo").write_text(treeinfo)
    return check_boot_files(place, base, place / ".treeinfo")


def test_a_boot_set_of_one_release_passes_and_names_its_kernel(good: dict[str, bytes], tmp_path: Path) -> None:
    assert checked(tmp_path, good) == f"kernel {VERSION} in vmlinuz, initrd.img, squashfs.img"


def half(name: str, files: dict[str, bytes]) -> bytes:
    return files[name][: len(files[name]) // 2]


BAD: dict[str, tuple[str, Callable[[dict[str, bytes]], bytes], str]] = {
    "a kernel cut short": (KERNEL, lambda _: bzimage()[:600], "vmlinuz is cut short, its header says"),
    "a kernel that is a page": (KERNEL, lambda _: b"<html>" * 999, "vmlinuz is no Linux kernel for x86"),
    "an initrd cut short": (INITRD, partial(half, INITRD), "initrd.img cannot be unpacked: "),
    "an initrd that lacks its last byte": (INITRD, lambda files: files[INITRD][:-1], "initrd.img cannot be unpacked"),
    "an initrd without modules": (INITRD, lambda _: gzip.compress(cpio("init")), "initrd.img has no modules below"),
    "an initrd that is a page": (INITRD, lambda _: b"<html>", "initrd.img is no cpio archive"),
    "a stage 2 cut short": (STAGE2, lambda files: files[STAGE2][:300], "squashfs.img is cut short, its superblock"),
    "a stage 2 that is a page": (STAGE2, lambda _: b"<html>", "squashfs.img is no squashfs image"),
    "a stage 2 of an old squashfs": (
        STAGE2, lambda files: files[STAGE2][:28] + b"\3\0" + files[STAGE2][30:], "squashfs image of version 3"
    ),
    "a stage 2 with a damaged directory": (
        STAGE2,
        lambda files: files[STAGE2][: (at := int.from_bytes(files[STAGE2][72:80], "little")) + 4] + b"\xff" * 40
        + files[STAGE2][at + 44 :],
        "squashfs.img is a damaged squashfs image, ",
    ),
    "an initrd of another kernel": (
        INITRD,
        lambda _: gzip.compress(cpio(f"lib/modules/{OTHER}/a.ko")),
        rf"different kernels(.|\n)*initrd.img:\n    {OTHER}\n",
    ),
    "a kernel of another release": (KERNEL, lambda _: bzimage(OTHER), rf"vmlinuz:\n    {OTHER}\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_would_not_start_is_told(case: str, good: dict[str, bytes], tmp_path: Path) -> None:
    name, change, words = BAD[case]
    with pytest.raises(ContentError, match=words):
        checked(tmp_path, {**good, name: change(good)})


def test_all_that_is_damaged_is_told_together(good: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(ContentError) as raised:
        checked(tmp_path, {name: data[:60] for name, data in good.items()})
    assert all(name in str(raised.value) for name in good)


def test_a_stage_2_without_the_image_that_dracut_mounts_is_refused(good: dict[str, bytes], tmp_path: Path) -> None:
    other = stage2(tmp_path / "other", name="LiveOS/root.img")
    with pytest.raises(ContentError, match=r"LiveOS/squashfs.img holds no LiveOS/rootfs.img"):
        checked(tmp_path, {**good, STAGE2: other})


def squashed(place: Path, content: bytes) -> bytes:
    need("mksquashfs", "unsquashfs", "debugfs")
    (place / "tree/LiveOS").mkdir(parents=True)
    (place / "tree/LiveOS/rootfs.img").write_bytes(content)
    read_with("mksquashfs", place / "tree", place / "made.img", "-no-progress", "-quiet", "-comp", "xz")
    return (place / "made.img").read_bytes()


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "no LiveOS/rootfs.img"), (b"<html>" * 900, "LiveOS/rootfs.img that is no file system")]
)
def test_an_image_that_dracut_could_not_mount_is_refused(
    content: bytes, words: str, good: dict[str, bytes], tmp_path: Path
) -> None:
    with pytest.raises(ContentError, match=words):
        checked(tmp_path, {**good, STAGE2: squashed(tmp_path / "made", content)})


def test_the_older_name_of_the_image_is_known_too(good: dict[str, bytes], tmp_path: Path) -> None:
    assert checked(tmp_path, {**good, STAGE2: stage2(tmp_path / "o", name="LiveOS/ext3fs.img", packing="gzip")})


VERSIONS = {
    "el7": VERSION,
    "el8": "4.18.0-553.el8_10.x86_64",
    "el9": "5.14.0-570.el9_6.x86_64",
    "el10": "6.12.0-55.el10_0.x86_64",
}


def flat(place: Path, version: str, packing: str = "xz") -> bytes:
    """Return a runtime that is the root file system itself; packing erofs for one that is no squashfs."""
    (place / "flat/usr/lib/modules" / version).mkdir(parents=True)
    if packing == "erofs":
        need("mkfs.erofs", "dump.erofs")
        read_with("mkfs.erofs", place / "flat.img", place / "flat")
    else:
        need("mksquashfs", "unsquashfs")
        options = ("-no-progress", "-quiet", "-all-root", "-comp", packing)
        read_with("mksquashfs", place / "flat", place / "flat.img", *options)
    return (place / "flat.img").read_bytes()


@pytest.mark.parametrize("packing", ["xz", "zstd", "erofs"])
@pytest.mark.parametrize("base", [EL8, EL9, EL10], ids=["el8", "el9", "el10"])
def test_a_runtime_that_is_the_root_itself_is_for_bases_whose_dracut_takes_it(
    base: Base, packing: str, tmp_path: Path
) -> None:
    version = VERSIONS[base.name]
    files = {KERNEL: bzimage(version), INITRD: gzip.compress(cpio(f"lib/modules/{version}/a"))}
    files[base.stage2] = flat(tmp_path, version, packing)
    if base.erofs_stage2 if packing == "erofs" else base.flat_stage2:
        assert checked(tmp_path, files, base) == f"kernel {version} in vmlinuz, initrd.img, install.img"
    else:
        words = (
            "is an erofs image, which" if packing == "erofs" else "is the root file system itself and holds no LiveOS"
        )
        with pytest.raises(ContentError, match=f"images/install.img {words}.*{base.words}"):
            checked(tmp_path, files, base)


OTHER_KERNELS = [
    ("el7", "4.18.0-553.el8_10.x86_64", "Enterprise Linux 8"),
    ("el8", "3.10.0-1160.el7.x86_64", "Enterprise Linux 7"),
    ("el8", "5.4.17-2136.el7uek.x86_64", "Enterprise Linux 7"),
    ("el9", "4.18.0-553.el8_10.x86_64", "Enterprise Linux 8"),
    ("el9", "6.12.0-55.9.1.el10_0.x86_64", "Enterprise Linux 10"),
    ("el10", "5.14.0-570.el9_6.x86_64", "Enterprise Linux 9"),
    ("el10", "2.6.32-754.el6.x86_64", "Enterprise Linux 6"),
]


@pytest.mark.parametrize(("base", "version", "words"), OTHER_KERNELS)
def test_a_kernel_of_another_base_is_refused_by_name(base: str, version: str, words: str, tmp_path: Path) -> None:
    files = {KERNEL: bzimage(version), INITRD: images.STAND_IN, BASES[base].stage2: images.STAND_IN}
    with pytest.raises(ContentError) as caught:
        checked(tmp_path, files, BASES[base])
    assert f"the kernel {version} is of {words}" in str(caught.value)
    assert f"take the boot set of {BASES[base].words}" in str(caught.value)


ITS_KERNELS = [
    ("el7", "3.10.0-1160.el7.x86_64"),
    ("el7", "6.1.0-56-amd64"),  # of a practice world
    ("el8", "4.18.0-553.el8_10.x86_64"),
    ("el8", "5.15.0-206.153.7.1.el8uek.x86_64"),
    ("el9", "5.14.0-427.el9.x86_64"),
    ("el9", "6.1.90-1.el9.elrepo.x86_64"),
    ("el10", "6.12.0-55.9.1.el10_0.x86_64"),
    ("el10", "6.12.0-100.28.2.el10uek.x86_64"),
]


@pytest.mark.parametrize(("base", "version"), ITS_KERNELS)
def test_a_kernel_of_the_base_or_of_no_enterprise_linux_passes(base: str, version: str, tmp_path: Path) -> None:
    files = {KERNEL: bzimage(version), INITRD: images.STAND_IN, BASES[base].stage2: images.STAND_IN}
    assert checked(tmp_path, files, BASES[base]).startswith(f"kernel {version} in vmlinuz")


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_treeinfo_of_another_base_is_refused_by_name(base: Base, tmp_path: Path) -> None:
    stand_ins = dict.fromkeys((KERNEL, INITRD, base.stage2), images.STAND_IN)
    for other in BASES.values():
        treeinfo = upstream_treeinfo(other)
        if other is base:
            assert checked(tmp_path, stand_ins, base, treeinfo)
            continue
        name = re.escape(f"{other.upstream.name} {other.upstream.version}")
        with pytest.raises(ContentError, match=rf"\.treeinfo says that it is {name}, of {other.words}\n"):
            checked(tmp_path, stand_ins, base, treeinfo)


@pytest.mark.parametrize(
    "text",
    [
        "[general]\nfamily = Koozali SME Server\nversion = 11.0\n",  # a medium of our own
        "[release]\nname = Fedora\nversion = 40\n",
        "[general]\nfamily = CentOS\nversion =\n",
        "no ini at all",
        "[general]\nfamily = Rocky Linux\n",
    ],
)
def test_treeinfo_that_says_nothing_of_a_base_is_no_matter(text: str, tmp_path: Path) -> None:
    assert checked(tmp_path, dict.fromkeys((KERNEL, INITRD, NEW_STAGE2), images.STAND_IN), EL8, text)


@pytest.mark.parametrize(
    ("tree", "base"),
    [("centos7.3", "el7"), ("centos7.5-remaster", "el7"), ("centos8", "el8"), ("rocky9.6-remaster", "el9")],
)
def test_real_treeinfos_are_of_their_base(tree: str, base: str) -> None:
    text = (corpus_dir() / "trees" / tree / ".treeinfo").read_text()
    for other in BASES.values():
        assert bool(find_base_faults(other, (), text)) is (other.name != base)


def test_what_cannot_be_told_on_this_host_is_said_and_not_refused(
    good: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels.shutil, "which", lambda *_args, **_more: None)
    said = checked(tmp_path, good)
    assert said.splitlines()[0] == f"kernel {VERSION} in vmlinuz, initrd.img"
    assert "unsquashfs is not installed" in said


def test_stand_ins_of_the_practice_world_are_named(good: dict[str, bytes], tmp_path: Path) -> None:
    said = checked(tmp_path, dict.fromkeys(good, images.STAND_IN + b"x"))
    assert said.count("is a stand-in of the practice world") == 3


@pytest.mark.parametrize("packing", ["gzip", "xz"])
def test_our_reader_sees_what_unsquashfs_sees(packing: str, tmp_path: Path) -> None:
    need("mksquashfs", "unsquashfs")
    for number in range(700):
        (tmp_path / "tree/LiveOS").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"tree/LiveOS/a-rather-long-name-for-a-file-{number}").write_bytes(b"x" * number)
    image = tmp_path / "s.img"
    read_with("mksquashfs", tmp_path / "tree", image, "-no-progress", "-quiet", "-comp", packing)
    listed = read_with("unsquashfs", "-no-progress", "-l", image).splitlines()
    with image.open("rb", buffering=0) as file:
        opened = squashfs.SquashfsImage.open(file)
        found = opened.entries(opened.entries(opened.root)["LiveOS"].inode)
        assert {f"squashfs-root/LiveOS/{name}" for name in found} == {line for line in listed if line.count("/") == 2}
        assert opened.file_size("LiveOS/a-rather-long-name-for-a-file-650") == 650
        assert opened.file_size("LiveOS/none") is None
        assert opened.file_size("LiveOS") is None
        assert opened.file_size("LiveOS/a-rather-long-name-for-a-file-1/more") is None


def test_a_squashfs_in_zstd_is_looked_into_by_unsquashfs(
    good: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = {**good, STAGE2: stage2(tmp_path / "z", packing="zstd")}
    assert checked(tmp_path, packed) == f"kernel {VERSION} in vmlinuz, initrd.img, squashfs.img"
    with pytest.raises(ContentError, match=r"squashfs.img holds no LiveOS/rootfs.img"):
        checked(tmp_path, {**good, STAGE2: stage2(tmp_path / "y", packing="zstd", name="LiveOS/root.img")})
    monkeypatch.setattr(kernels.shutil, "which", lambda *_args, **_more: None)
    assert "LiveOS/squashfs.img is packed with zstd, so it was not looked into" in checked(tmp_path, packed)
