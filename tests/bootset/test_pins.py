# SPDX-License-Identifier: GPL-3.0-or-later
"""test_pins"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES, USUAL
from smedoit.bootset.pins import (
    PinFile,
    boot_set_tops,
    check_required_files,
    format_pins,
    in_boot_set,
    parse_pins,
    parse_upstream_sums,
    pin_differences,
    single_kernel_version,
    treeinfo_checksums,
)
from smedoit.errors import ContentError
from smedoit.medium_paths import EFI_IMAGE, GRUB_CFG, INITRD, KERNEL
from smedoit.runtime.checksums import ChecksummedFile
from smedoit.tree.boot_files import check_kernel_copies
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need, read_with

ONE, TWO = "1" * 64, "2" * 64


def pins(*names: str) -> dict[str, ChecksummedFile]:
    return {name: ChecksummedFile(name, 7, ONE) for name in names}


@pytest.mark.parametrize(
    "path",
    ["isolinux/vmlinuz", "images/pxeboot/initrd.img", "EFI/BOOT/fonts/unicode.pf2", "LiveOS/squashfs.img", ".treeinfo"],
)
def test_what_boots_belongs_to_the_boot_set(path: str) -> None:
    assert in_boot_set(USUAL, path)


@pytest.mark.parametrize(
    "path",
    [
        *("Packages/bash.rpm", "images", "repodata/repomd.xml", "isolinux/boot.cat", "images/TRANS.TBL"),
        *("images/product.img", "images/updates.img", "GPL", ".discinfo", "imagesx/a"),
    ],
)
def test_packages_leftovers_and_what_we_make_ourselves_do_not(path: str) -> None:
    assert not any(in_boot_set(base, path) for base in BASES.values())


@pytest.mark.parametrize(
    ("base", "path", "belongs"),
    [
        ("el8", "images/install.img", True),
        ("el8", "LiveOS/squashfs.img", False),
        ("el8", "isolinux/ldlinux.c32", True),
        ("el9", "boot/grub2/grub.cfg", False),
        ("el10", "boot/grub2/i386-pc/normal.mod", True),
        ("el10", "images/boot_hybrid.img", True),
    ],
)
def test_a_boot_set_is_what_its_base_boots_from(base: str, path: str, belongs: bool) -> None:
    assert in_boot_set(BASES[base], path) is belongs
    assert belongs <= (path.partition("/")[0] in boot_set_tops(BASES[base]))


def test_pins_survive_writing_and_reading() -> None:
    some = pins("images/boot.iso", "isolinux/vm linuz", "EFI/ä b")
    assert parse_pins(format_pins(some.values(), "a remark"), "pins") == some


def test_sha256sum_reads_the_pins(tmp_path: Path) -> None:
    need("sha256sum")
    data = b"content"
    (tmp_path / "images").mkdir()
    (tmp_path / "images/boot.iso").write_bytes(data)
    digest = read_with("sha256sum", tmp_path / "images/boot.iso").split()[0]
    (tmp_path / "pins").write_text(format_pins([ChecksummedFile("images/boot.iso", 7, digest)], "remark"))
    assert read_with("sh", "-c", 'cd "$1" && sha256sum --strict -c pins', "sh", tmp_path) == "images/boot.iso: OK\n"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a//b", "a\\b", "a/\\x00b", "./x"])
def test_a_pinned_path_cannot_lead_out(path: str) -> None:
    with pytest.raises(ContentError, match="pins: the path"):
        parse_pins(f"# {path}: 7 bytes\nSHA256 ({path}) = {ONE}\n", "pins")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "pins nothing"),
        ("# a comment\n", "pins nothing"),
        ("nonsense\n", "is no checksum"),
        (f"SHA256 (images/boot.iso) = {ONE}\n", "lacks its size"),
        (f"# images/boot.iso: 7 bytes\n{'1' * 32}  images/boot.iso\n", "lacks its size or its SHA-256"),
    ],
)
def test_a_pin_file_that_cannot_be_meant_is_refused(text: str, words: str) -> None:
    with pytest.raises(ContentError, match=words):
        parse_pins(text, "pins")


def test_a_set_that_cannot_boot_names_all_that_it_lacks() -> None:
    with pytest.raises(ContentError) as caught:
        check_required_files([KERNEL, INITRD, USUAL.bios.image, GRUB_CFG], "x", PinFile(Path("x")))
    assert str(caught.value).startswith("x: lacks LiveOS/squashfs.img, images/efiboot.img\n")


@pytest.mark.parametrize(("firmware", "names"), [("bios", (USUAL.bios.image,)), ("uefi", (EFI_IMAGE, GRUB_CFG))])
def test_a_set_for_one_firmware_needs_nothing_of_the_other(firmware: str, names: tuple[str, ...]) -> None:
    needed, pins = (KERNEL, INITRD, USUAL.stage2), PinFile(Path("x"), firmware=(firmware,))
    check_required_files([*needed, *names], "x", pins)
    with pytest.raises(ContentError, match=f"x: lacks {', '.join(sorted(names))}"):
        check_required_files(needed, "x", pins)


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_a_set_of_another_base_is_told_as_such(base: Base) -> None:
    pins = PinFile(Path("x"), base)
    check_required_files(base.required_files(pins.firmware), "x", pins)
    for other in BASES.values():
        if other.stage2 != base.stage2:
            with pytest.raises(
                ContentError, match=f"lacks .*{base.stage2}.*; it has {other.stage2}, as .*{other.words}"
            ):
                check_required_files(other.required_files(pins.firmware), "x", pins)


def test_the_code_of_the_mbr_may_come_with_the_network_install_iso() -> None:
    pins = PinFile(Path("x"), BASES["el10"])
    names = {*pins.base.required_files(pins.firmware)} - {pins.base.mbr_image}
    check_required_files({*names, "images/boot.iso"}, "x", pins)
    with pytest.raises(ContentError, match=r"lacks images/boot_hybrid\.img"):
        check_required_files(names, "x", pins)


@pytest.mark.parametrize("name", ["vmlinuz", "initrd.img"])
def test_isolinux_and_pxeboot_must_hold_the_same(name: str) -> None:
    same = {f"{place}/{one}": ONE for place in ("isolinux", "images/pxeboot") for one in ("vmlinuz", "initrd.img")}
    check_kernel_copies(USUAL, same)
    with pytest.raises(ContentError, match=re.escape(f"isolinux/{name}: is not the same file")):
        check_kernel_copies(USUAL, {**same, f"isolinux/{name}": TWO})


def test_files_made_for_one_kernel_agree() -> None:
    assert (
        single_kernel_version({"vmlinuz": {"3.10"}, "initrd.img": {"3.10"}, "squashfs.img": {"3.10", "2.6"}}) == "3.10"
    )
    assert single_kernel_version({"initrd.img": {"3.10"}}) == "3.10"
    assert single_kernel_version({}) == ""


def test_different_kernels_are_told_file_by_file() -> None:
    with pytest.raises(ContentError) as caught:
        single_kernel_version(
            {"vmlinuz": {"3.10.0-1160"}, "initrd.img": {"3.10.0-1160"}, "squashfs.img": {"3.10.0-957"}}
        )
    said = str(caught.value)
    assert said.index("squashfs.img") < said.index("3.10.0-957") < said.index("vmlinuz")


def test_a_real_treeinfo_says_what_it_vouches_for() -> None:
    text = (corpus_dir() / "trees/centos8/.treeinfo").read_text()
    sums = treeinfo_checksums(text, ".treeinfo")
    assert sums["images/pxeboot/vmlinuz"] == "151fb7b594cb096e25769688cc748eefafeea133894878271bf9c428dba2cc71"
    assert len(sums) == 4


@pytest.mark.parametrize("tree", ["centos7.3", "centos7.5-remaster"])
def test_a_real_treeinfo_without_checksums_vouches_for_nothing(tree: str) -> None:
    assert treeinfo_checksums((corpus_dir() / "trees" / tree / ".treeinfo").read_text(), "") == {}


def test_what_is_no_treeinfo_is_refused() -> None:
    with pytest.raises(ContentError, match=r"is no \.treeinfo"):
        treeinfo_checksums("<html>", ".treeinfo")


def test_a_checksum_file_is_read_in_either_form_and_past_its_prose() -> None:
    text = f"Checksums of today:\n{ONE}  ./a.iso\n{TWO} *b.iso\nSHA256 (c.iso) = {ONE}\n\n-- the mirror team\n"
    assert parse_upstream_sums(text) == {"a.iso": ONE, "b.iso": TWO, "c.iso": ONE}


def test_new_pins_tell_what_is_otherwise() -> None:
    old, new = pins("a", "b", "c"), {**pins("b", "d"), "c": ChecksummedFile("c", 8, TWO)}
    assert pin_differences(old, new) == ["d: is new", "a: is gone", f"c: was 7 bytes, sha256 {ONE}"]
