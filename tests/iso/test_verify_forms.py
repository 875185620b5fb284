# SPDX-License-Identifier: GPL-3.0-or-later
"""Each base's form of a medium, read back from raw bytes: what is written passes, each planted damage is told."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import DiskForm
from smedoit.bases.known import BASES
from smedoit.bootfiles.images import STAND_IN
from smedoit.errors import Findings, VerifyError
from smedoit.fat import format
from smedoit.iso import boot_records, media_check, verify, verify_boot, verify_contents, verify_partitions, write
from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.runtime.files import walk_files, write_file
from smedoit.runtime.filesets import matches_patterns
from smedoit.sample.boot_record import message_boot_record
from tests.harness.nouns import EPOCH
from tests.harness.tools import need, read_with

SECTOR, BLOCK = 2048, 512
LABEL = "SME-13-x86_64"
GRUB_MENU = f"search --no-floppy --set=root -l '{LABEL}'\nlinux /v inst.stage2=hd:LABEL={LABEL}\n"
ISOLINUX_MENU = f"label a\n append inst.stage2=hd:LABEL={LABEL}\n"
BIOS_MENU = {"isolinux/isolinux.cfg": ISOLINUX_MENU, "boot/grub2/grub.cfg": GRUB_MENU}
LOADERS = {
    "isolinux/isolinux.bin": message_boot_record("hello"),
    "images/eltorito.img": bytes(range(256)) + b"cdrom read fails" + bytes(range(256)) * 19,
    "images/boot_hybrid.img": b"\xeb\x63GRUB ".ljust(510, b"\x90") + b"\x55\xaa",
}
CHECKS = (
    verify_boot.check_volume_descriptor,
    verify_boot.check_boot_records,
    verify_partitions.check_partitions,
    verify_boot.check_labels,
    verify_contents.check_iso_files,
)


@dataclass(frozen=True)
class MadeMedium:
    """A medium, and what must be on it."""

    path: Path
    expected: ExpectedIso

    def faults(self, path: Path | None = None) -> dict[str, list[str]]:
        image, findings = IsoImage(path or self.path), Findings()
        for check in CHECKS:
            check(image, self.expected, findings)
        return dict(findings.found)

    def damaged(self, place: Path, *spans: tuple[int, bytes]) -> dict[str, list[str]]:
        """Return what is told of a copy with other bytes at some offsets; below 0 they count from its end."""
        data = bytearray(self.path.read_bytes())
        for at, other in spans:
            start = at if at >= 0 else len(data) + at
            data[start : start + len(other)] = other
        target = place / "damaged.iso"
        target.write_bytes(data)
        return self.faults(target)


def form_tree(place: Path, base_name: str) -> dict[str, Path]:
    """Write the smallest tree that a base's media boot from; return its files."""
    base = BASES[base_name]
    efi = {"EFI/BOOT/BOOTX64.EFI": STAND_IN, "EFI/BOOT/grub.cfg": GRUB_MENU.encode()}
    content = {
        base.bios.image: LOADERS[base.bios.image],
        base.bios.menu: BIOS_MENU[base.bios.menu].encode(),
        base.uefi.image: format.build_fat_image(Path("efiboot.img"), efi, "ANACONDA", EPOCH),
        base.uefi.menu: GRUB_MENU.encode(),
        **({base.mbr_image: LOADERS[base.mbr_image]} if base.mbr_image else {}),
        base.stage2: b"stage 2" * 99,
        "Packages/a-1-1.noarch.rpm": b"a" * 30000,
    }
    for name, data in content.items():
        write_file(place / name, data, durable=False)
    return {relative: place / relative for relative, _ in walk_files(place)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., MadeMedium]:
    """Media by base and firmware, each made once."""
    known: dict[tuple[str, tuple[str, ...]], MadeMedium] = {}

    def make(base_name: str, firmware: tuple[str, ...] = ("bios", "uefi")) -> MadeMedium:
        if (base_name, firmware) not in known:
            base = BASES[base_name]
            if base.disk is DiskForm.APPENDED:
                need("xorriso")
            place = tmp_path_factory.mktemp(base_name)
            files = form_tree(place / "tree", base_name)
            unused = base.unused_patterns(firmware)
            files = {path: file for path, file in files.items() if not matches_patterns(path, unused)}
            write.write_iso(IsoMedium(LABEL, "x", "x", EPOCH, files, firmware, base=base), place / "medium.iso")
            expected = ExpectedIso(LABEL, files, (), firmware=firmware, base=base)
            known[base_name, firmware] = MadeMedium(place / "medium.iso", expected)
        return known[base_name, firmware]

    return make


@pytest.mark.parametrize("firmware", [("bios", "uefi"), ("bios",), ("uefi",)])
@pytest.mark.parametrize("base_name", BASES)
def test_what_is_written_passes(made: Callable[..., MadeMedium], base_name: str, firmware: tuple[str, ...]) -> None:
    assert made(base_name, firmware).faults() == {}


@pytest.mark.parametrize("base_name", BASES)
def test_a_medium_of_one_form_is_told_where_another_is_due(made: Callable[..., MadeMedium], base_name: str) -> None:
    medium = made(base_name)
    others = [base for base in BASES.values() if base.disk is not medium.expected.base.disk]
    for other in others:
        wrong = replace(medium, expected=replace(medium.expected, base=other))
        assert wrong.faults().get("partitions"), other.name


# What is planted: base -> where, and what is said


def gpt_span(image: bytes, number: int, field: int, value: bytes) -> list[tuple[int, bytes]]:
    """Return the changes that give a partition another field in both tables, with checksums that hold."""
    spans = []
    for block in (1, len(image) // BLOCK - 1):
        header = bytearray(image[block * BLOCK : (block + 1) * BLOCK])
        start, count, length = (struct.unpack_from("<Q", header, 72)[0], *struct.unpack_from("<LL", header, 80))
        entries = bytearray(image[start * BLOCK : start * BLOCK + count * length])
        entries[number * length + field : number * length + field + len(value)] = value
        struct.pack_into("<L", header, 88, zlib.crc32(entries))
        struct.pack_into("<L", header, 16, 0)
        struct.pack_into("<L", header, 16, zlib.crc32(header[:92]))
        spans += [(block * BLOCK, bytes(header)), (start * BLOCK, bytes(entries))]
    return spans


LINUX = bytes.fromhex("af3dc60f838472478e793d69d8477de4")  # another kind of partition


@pytest.mark.parametrize("base_name", BASES)
@pytest.mark.parametrize("number", [0, 1])
def test_a_partition_of_another_kind_is_told(
    made: Callable[..., MadeMedium], tmp_path: Path, base_name: str, number: int
) -> None:
    medium = made(base_name)
    spans = gpt_span(medium.path.read_bytes(), number, 0, LINUX)
    if medium.expected.base.disk is DiskForm.APPENDED:
        kind = ("is none of basic data", "is no EFI system partition")[number]
        which = ("first", "second")[number]
        tables = (1, medium.path.stat().st_size // BLOCK - 1)
        said = [f"the {which} partition of the GPT at block {block} {kind}" for block in tables]
        assert medium.damaged(tmp_path, *spans) == {"partitions": said}
    else:
        with pytest.raises(VerifyError, match="is too damaged to be read as an ISO: Invalid Partition Type UUID"):
            medium.damaged(tmp_path, *spans)


@pytest.mark.parametrize("base_name", BASES)
def test_a_partition_for_uefi_that_is_cut_short_is_told(
    made: Callable[..., MadeMedium], tmp_path: Path, base_name: str
) -> None:
    medium = made(base_name)
    data = medium.path.read_bytes()
    first, last = struct.unpack_from("<QQ", data, struct.unpack_from("<Q", data, BLOCK + 72)[0] * BLOCK + 128 + 32)
    told = medium.damaged(tmp_path, *gpt_span(data, 1, 40, struct.pack("<Q", last - 8)))
    appended = f"the second partition of the GPT at block 1 is {last - 7 - first} blocks from {first},"
    assert [*told] == ["partitions"]
    assert told["partitions"][0].startswith(
        appended if medium.expected.base.disk is DiskForm.APPENDED else "the GPT at block 1 does not lead to"
    )


@pytest.mark.parametrize("base_name", BASES)
def test_a_broken_checksum_of_either_table_is_told(
    made: Callable[..., MadeMedium], tmp_path: Path, base_name: str
) -> None:
    medium = made(base_name)
    for at in (BLOCK + 16, -BLOCK + 16):
        assert medium.damaged(tmp_path, (at, b"evil"))["partitions"] == ["the checksum of the GPT header is wrong"]


@pytest.mark.parametrize("base_name", BASES)
def test_a_wrong_load_size_in_the_catalogue_is_told(
    made: Callable[..., MadeMedium], tmp_path: Path, base_name: str
) -> None:
    medium = made(base_name)
    image = IsoImage(medium.path)
    catalog = boot_records.boot_catalog_sector(image.at(16 * SECTOR, 16 * SECTOR)) * SECTOR
    told = medium.damaged(tmp_path, (catalog + 32 + 6, struct.pack("<H", 5)))
    assert told["boot records"] == ["the catalogue has BIOS load 5 blocks, not 4"]
    told = medium.damaged(tmp_path, (catalog + 96 + 6, struct.pack("<H", 9)))
    said = [*told.get("boot records", ()), *told.get("partitions", ())]
    assert any(re.search("UEFI load 9 blocks|leads UEFI to 9 from", line) for line in said)


@pytest.mark.parametrize("base_name", BASES)
def test_a_loader_that_is_told_a_wrong_place_is_told(
    made: Callable[..., MadeMedium], tmp_path: Path, base_name: str
) -> None:
    medium = made(base_name)
    name = medium.expected.base.bios.image
    at = IsoImage(medium.path).start_sector(name) * SECTOR
    assert medium.damaged(tmp_path, (at + 12, b"\1"))["boot records"] == [f"the boot info table of {name} is wrong"]
    told = medium.damaged(tmp_path, (boot_records.LOADER_AT, b"\xff\xff"))
    assert told["partitions"] == [f"the MBR does not lead to {name}"]


@pytest.mark.parametrize("base_name", BASES)
def test_a_stale_label_in_any_menu_is_told(made: Callable[..., MadeMedium], tmp_path: Path, base_name: str) -> None:
    medium = made(base_name)
    image, stale = IsoImage(medium.path), "SME-12-x86_64"
    base = medium.expected.base
    menus = {base.bios.menu: image.read(base.bios.menu), base.uefi.menu: image.read(base.uefi.menu)}
    places = {name: image.start_sector(name) * SECTOR for name in menus}
    [(efi, _)] = image.extents(base.uefi.image)
    inner = image.read_efi_image()
    places["grub.cfg in images/efiboot.img"] = efi + inner.index(GRUB_MENU.encode())
    menus["grub.cfg in images/efiboot.img"] = GRUB_MENU.encode()
    for name, at in places.items():
        told = medium.damaged(tmp_path, (at, menus[name].replace(LABEL.encode(), stale.encode())))
        assert f"{name} looks for {stale}" in told["label"]


def test_without_the_second_volume_descriptor_it_is_told(made: Callable[..., MadeMedium], tmp_path: Path) -> None:
    told = made("el10").damaged(tmp_path, (32 * SECTOR, bytes(6)))
    assert told == {
        "partitions": ["its first partition holds no file system, so it cannot be mounted from a USB stick"]
    }
    told = made("el10").damaged(tmp_path, (32 * SECTOR + 40, b"SME-12-x86_64"))
    assert told == {"label": [f"the first partition is called 'SME-12-x86_64', not {LABEL!r}"]}


def test_grubs_own_place_in_its_image_is_verified(made: Callable[..., MadeMedium], tmp_path: Path) -> None:
    at = IsoImage(made("el10").path).start_sector("images/eltorito.img") * SECTOR
    told = made("el10").damaged(tmp_path, (at + 2548, b"\1"))
    assert "images/eltorito.img is told a wrong place to go on at" in told["boot records"]


def test_code_in_the_mbr_that_is_not_that_of_the_tree_is_told(made: Callable[..., MadeMedium], tmp_path: Path) -> None:
    assert made("el10").damaged(tmp_path, (100, b"x")) == {"files": ["images/boot_hybrid.img differs from the tree"]}


def test_an_mbr_that_protects_less_than_the_whole_is_told(made: Callable[..., MadeMedium], tmp_path: Path) -> None:
    told = made("el10").damaged(tmp_path, (446 + 12, struct.pack("<L", 1000)))
    assert told == {"partitions": ["the MBR is not one that protects a GPT over the whole ISO"]}


def test_an_efiboot_img_that_differs_is_told(made: Callable[..., MadeMedium], tmp_path: Path) -> None:
    [(efi, size)] = IsoImage(made("el10").path).extents("images/efiboot.img")
    assert made("el10").damaged(tmp_path, (efi + size - 9, b"x")) == {
        "files": ["images/efiboot.img differs from the tree"]
    }


@pytest.mark.parametrize("base_name", ["el9", "el10"])
def test_a_spare_table_outside_of_the_volume_is_told(
    made: Callable[..., MadeMedium], tmp_path: Path, base_name: str
) -> None:
    medium = made(base_name)
    size = medium.path.stat().st_size // SECTOR
    less = struct.pack("<L", size - 512) + struct.pack(">L", size - 512)
    told = medium.damaged(tmp_path, (16 * SECTOR + 80, less))
    assert any("the spare GPT is not within the volume" in line for line in told["partitions"])


# The media check


def test_verify_looks_at_the_sum_of_every_kind_of_medium() -> None:
    for checks in (verify.INSTALLATION, verify.NETINSTALL, verify.SOURCES):
        assert verify_boot.check_iso_checksums in checks


@pytest.mark.parametrize("base_name", BASES)
def test_a_sum_that_is_missing_or_stale_is_found_in_each_form(
    made: Callable[..., MadeMedium], tmp_path: Path, base_name: str
) -> None:
    need("checkisomd5")
    medium, sealed = made(base_name), tmp_path / "sealed.iso"

    def told() -> list[str]:
        findings = Findings()
        verify_boot.check_iso_checksums(IsoImage(sealed), medium.expected, findings)
        return findings.found.get("media check", [])

    sealed.write_bytes(medium.path.read_bytes())
    assert told()[0].endswith("has no implanted MD5; its default boot entry would stop at the media check")
    media_check.implant_md5(sealed)
    assert told() == []
    read_with("checkisomd5", sealed)
    with sealed.open("r+b") as file:
        file.seek(IsoImage(medium.path).start_sector(medium.expected.base.stage2) * SECTOR)
        file.write(b"x")
    assert told() == ["the implanted MD5 is wrong"]
