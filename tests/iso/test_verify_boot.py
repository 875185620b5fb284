# SPDX-License-Identifier: GPL-3.0-or-later
"""test_verify_boot"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.errors import Findings
from smedoit.fat import format
from smedoit.iso import verify_boot, verify_partitions, write
from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.runtime.files import walk_files, write_file
from smedoit.sample.boot_record import message_boot_record
from tests.harness.nouns import EPOCH
from tests.harness.tools import need, read_with

BLOCK, CYLINDERS = 512, 1024 << 20  # what pycdlib lets the first partition cover
EXPECTED = ExpectedIso("SME-10.1-x86_64", {}, ())


def written(place: Path, files: Mapping[str, int]) -> Path:
    """Write a medium that boots, with sparse files of these sizes, and return it."""
    efiboot = format.build_fat_image(Path("efiboot.img"), {"EFI/BOOT/grub.cfg": b"x"}, "ANACONDA", EPOCH)
    write_file(place / "isolinux/isolinux.bin", message_boot_record("hello"))
    write_file(place / "images/efiboot.img", efiboot)
    for name, size in files.items():
        write_file(place / name, b"")
        with (place / name).open("r+b") as file:
            file.truncate(size)
    found = {relative: place / relative for relative, _ in walk_files(place)}
    target = place.with_suffix(".iso")
    write.write_iso(IsoMedium(EXPECTED.volume, "x", "x", EPOCH, found), target)
    return target


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("small") / "tree", {})


def partition_faults(image: Path) -> list[str]:
    findings = Findings()
    verify_partitions.check_partitions(IsoImage(image), EXPECTED, findings)
    return findings.found.get("partitions", [])


def changed(small: Path, place: Path, at: int, data: bytes) -> Path:
    """Return a copy of the small medium with other bytes at an offset, counted from its end if it is below 0."""
    raw = bytearray(small.read_bytes())
    at += len(raw) if at < 0 else 0
    raw[at : at + len(data)] = data
    (place / "changed.iso").write_bytes(raw)
    return place / "changed.iso"


def test_partitions_as_written_pass(small: Path) -> None:
    assert partition_faults(small) == []


@pytest.mark.parametrize("change", [-4, 4, -2048])
def test_a_first_partition_that_is_not_the_whole_medium_is_told(small: Path, tmp_path: Path, change: int) -> None:
    blocks = small.stat().st_size // BLOCK
    broken = changed(small, tmp_path, 458, struct.pack("<L", blocks + change))
    assert partition_faults(broken) == [
        f"the MBR's first partition is {blocks + change} blocks from 0, not the whole ISO, which has {blocks}"
    ]


@pytest.mark.parametrize("blocks", [0, 1, 4000])
def test_a_second_partition_that_is_not_efiboot_img_is_told(small: Path, tmp_path: Path, blocks: int) -> None:
    broken = changed(small, tmp_path, 458 + 16, struct.pack("<L", blocks))
    assert partition_faults(broken) == ["the MBR does not lead to images/efiboot.img"]


@pytest.mark.exhaustive
def test_the_first_partition_covers_a_medium_of_more_than_1024_cylinders(tmp_path: Path) -> None:
    image = written(tmp_path / "tree", {"Packages/a-1-1.noarch.rpm": CYLINDERS + (100 << 20)})
    assert image.stat().st_size > CYLINDERS
    assert partition_faults(image) == []
    need("xorriso")
    said = read_with("xorriso", "-indev", image, "-report_system_area", "plain")
    [blocks] = re.findall(r"MBR partition\s+:\s+1\s+0x80\s+0x\w\w\s+0\s+(\d+)\n", said)
    assert int(blocks) == image.stat().st_size // BLOCK
    image.unlink()


def boot_faults(image: Path, *firmware: str) -> dict[str, list[str]]:
    """Return what is told of a medium that should start from this firmware."""
    findings, expected = Findings(), replace(EXPECTED, firmware=firmware)
    verify_boot.check_boot_records(IsoImage(image), expected, findings)
    verify_partitions.check_partitions(IsoImage(image), expected, findings)
    return dict(findings.found)


@pytest.fixture(scope="module")
def single(small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Media for one firmware each."""
    place, found = tmp_path_factory.mktemp("single"), {}
    tree = small.parent / "tree"
    for firmware, name in (("bios", "isolinux/isolinux.bin"), ("uefi", "images/efiboot.img")):
        found[firmware] = place / f"{firmware}.iso"
        medium = IsoMedium(EXPECTED.volume, "x", "x", EPOCH, {name: tree / name}, (firmware,))
        write.write_iso(medium, found[firmware])
    return found


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_medium_for_one_firmware_passes_as_such_and_fails_as_another(
    single: dict[str, Path], small: Path, firmware: str
) -> None:
    assert boot_faults(single[firmware], firmware) == {}
    told = boot_faults(small, firmware)["boot records"]
    assert [re.sub(r"\d+", "N", line) for line in told] == ["the catalogue leads to [(N, N), (N, N)], not to [(N, N)]"]


def test_a_medium_for_bios_that_has_a_partition_for_uefi_is_told(small: Path) -> None:
    assert boot_faults(small, "bios")["partitions"] == [
        "the MBR has a second partition, and [release] firmware has no uefi"
    ]


def test_a_medium_for_uefi_whose_partitions_lead_elsewhere_is_told(single: dict[str, Path], tmp_path: Path) -> None:
    broken = changed(single["uefi"], tmp_path, 454 + 16, struct.pack("<L", 4))
    assert boot_faults(broken, "uefi") == {"partitions": ["the MBR does not lead to images/efiboot.img"]}


def test_a_medium_without_a_joliet_tree_is_told(small: Path, tmp_path: Path) -> None:
    need("xorriso")
    bare = tmp_path / "bare.iso"
    read_with("xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", EXPECTED.volume, "-o", bare, small.parent / "tree")
    findings = Findings()
    verify_boot.check_volume_descriptor(IsoImage(bare), EXPECTED, findings)
    assert findings.found == {"label": ["there is no Joliet tree, so Windows would show short names"]}
