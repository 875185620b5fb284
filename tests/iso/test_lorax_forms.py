# SPDX-License-Identifier: GPL-3.0-or-later
"""Media of each base beside those that lorax's command lines make of the same tree, as xorriso and sgdisk see them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.bases.known import BASES
from smedoit.iso import write
from smedoit.iso.medium import IsoMedium
from tests.harness.nouns import EPOCH
from tests.harness.tools import missing, need, read_with
from tests.iso.test_verify_forms import LABEL, form_tree

MBR_CODE = Path("/usr/lib/ISOLINUX/isohdpfx.bin")
COMMON = ("-R", "-J", "-V", LABEL)
ISOLINUX = ("-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-boot-load-size", "4", "-boot-info-table",
            "-no-emul-boot", "-eltorito-alt-boot", "-e", "images/efiboot.img", "-no-emul-boot")  # fmt: skip
# Source: lorax 40.5, share/templates.d/99-generic/x86.tmpl
GRUB = ("-partition_offset", "16", "-appended_part_as_gpt",
        "-iso_mbr_part_type", "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "-c", "boot.cat", "--boot-catalog-hide",
        "-b", "images/eltorito.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info",
        "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot")  # fmt: skip
EFI_SYSTEM = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"


def lorax_8(tree: Path, target: Path) -> None:
    """Source: lorax 28.14, x86.tmpl"""
    need("mkisofs", "isohybrid")
    read_with("mkisofs", "-quiet", "-o", target, *ISOLINUX, *COMMON, "-allow-limited-size", tree)
    read_with("isohybrid", "--uefi", target)


def lorax_9(tree: Path, target: Path) -> None:
    """Source: lorax 34.9, x86.tmpl"""
    need("xorrisofs")
    if not MBR_CODE.is_file():
        missing(str(MBR_CODE))
    read_with("xorrisofs", "-quiet", "-o", target, *ISOLINUX, "-isohybrid-mbr", MBR_CODE, "-isohybrid-gpt-basdat",
              *COMMON, "-iso-level", "3", tree)  # fmt: skip


def lorax_10(tree: Path, target: Path) -> None:
    need("xorrisofs")
    own = tree.with_name("own")
    shutil.copytree(tree, own)
    efiboot, code = ((own / f"images/{name}").rename(own.parent / name) for name in ("efiboot.img", "boot_hybrid.img"))
    read_with("xorrisofs", "-quiet", "-o", target, *COMMON, "-iso-level", "3", "--grub2-mbr", code,
              "-append_partition", "2", EFI_SYSTEM, efiboot, *GRUB, own)  # fmt: skip


LORAX: dict[str, Callable[[Path, Path], None]] = {"el8": lorax_8, "el9": lorax_9, "el10": lorax_10}
# libisofs makes room for 248 entries, and its first partition ends before a table of that length
DIFFERENT = {"el9": {"GPT entry array", "GPT lba range"}}
LINE = re.compile(r"^([A-Z][\w ./]*?)\s*:\s*(.*)$", re.MULTILINE)


def described_form(image: Path) -> dict[str, list[str]]:
    """Return what xorriso reports of an image, with places and sizes by what is there, and without its own numbers."""
    said = read_with("xorriso", "-indev", image, "-report_el_torito", "plain", "-report_system_area", "plain")
    blocks = image.stat().st_size // 512
    [efi_lba, efi_blocks] = map(int, re.findall(r"boot img :\s+2.*?(\d+)\s+(\d+)$", said, re.MULTILINE)[0][::-1])
    volume = int(re.findall(r"ISO image size/512 : (\d+)", said)[0])
    efi, numbers = efi_lba * 4, {}
    numbers |= {efi: "EFI", efi_blocks: "EFI BLOCKS", efi - 64: "FILES", efi + efi_blocks: "BEHIND EFI"}
    numbers |= {blocks: "ALL", blocks - 1: "ALL - 1", volume: "VOLUME"}
    numbers |= dict.fromkeys((blocks - 33, blocks - 64), "UP TO THE SPARE GPT")
    places = {str(number): name for number, name in numbers.items()}
    form: dict[str, list[str]] = {}
    for key, value in LINE.findall(said):
        if ("GUID" in key and "type" not in key) or key in ("El Torito catalog", "Volume id", "ISO image size/512"):
            continue
        if key == "El Torito boot img":
            value = re.sub(r"\d+$", "LBA", value)
        form.setdefault(key, []).append(" ".join(places.get(word, word) for word in value.split()))
    return form


@pytest.mark.parametrize("base_name", LORAX)
def test_the_form_is_that_of_lorax_but_for_named_differences(tmp_path: Path, base_name: str) -> None:
    need("xorriso")
    files = form_tree(tmp_path / "tree", base_name)
    write.write_iso(IsoMedium(LABEL, "x", "x", EPOCH, files, base=BASES[base_name]), tmp_path / "ours.iso")
    LORAX[base_name](tmp_path / "tree", tmp_path / "theirs.iso")
    ours, theirs = described_form(tmp_path / "ours.iso"), described_form(tmp_path / "theirs.iso")
    assert {key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)} == DIFFERENT.get(base_name, set())


@pytest.mark.parametrize("base_name", LORAX)
def test_sgdisk_sees_the_same_partitions_and_no_other_faults(tmp_path: Path, base_name: str) -> None:
    need("xorriso", "sgdisk")
    files = form_tree(tmp_path / "tree", base_name)
    write.write_iso(IsoMedium(LABEL, "x", "x", EPOCH, files, base=BASES[base_name]), tmp_path / "ours.iso")
    LORAX[base_name](tmp_path / "tree", tmp_path / "theirs.iso")
    seen = []
    for name in ("ours", "theirs"):
        path = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}  # it ends with a fault where partitions overlap
        done = subprocess.run(
            ["sgdisk", "-p", "-v", tmp_path / f"{name}.iso"], capture_output=True, text=True, env=path, check=False
        )
        parts = re.findall(r"^ +(\d) .* ([0-9A-F]{4})  (.*)$", done.stdout, re.MULTILINE)
        seen.append((parts, set(re.findall(r"^(?:Problem|Warning)[:!] (\D*)", done.stdout, re.MULTILINE))))
    assert seen[0] == seen[1]
