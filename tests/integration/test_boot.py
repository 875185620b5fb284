# SPDX-License-Identifier: GPL-3.0-or-later
"""test_boot"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from smedoit.boottest.qemu import Medium
from smedoit.fat import format
from smedoit.iso import write
from smedoit.iso.medium import IsoMedium
from smedoit.runtime.files import walk_files, write_file
from smedoit.sample.boot_record import message_boot_record
from tests.harness.qemu import boot

LABEL = "SME-10.1-x86_64"
EPOCH = 1793534400


def medium(place: Path, files: Mapping[str, bytes]) -> Path:
    """Write a medium of files and return the ISO."""
    for name, data in files.items():
        write_file(place / name, data)
    found = {name: place / name for name, _ in walk_files(place)}
    target = place / "medium.iso"
    write.write_iso(IsoMedium(LABEL, "Koozali", "smedoit", EPOCH, found), target)
    return target


@pytest.fixture(scope="module")
def record_medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("record")
    record = message_boot_record("Koozali SME Server 10.1 practice medium\nthe builder had no isolinux.\n")
    efiboot = place / "images/efiboot.img"
    write_file(efiboot, format.build_fat_image(efiboot, {"EFI/BOOT/grub.cfg": b""}, "ANACONDA", EPOCH))
    return medium(place, {"isolinux/isolinux.bin": record})


@pytest.mark.parametrize("way", ["cd", "usb"])
def test_our_own_boot_record_says_its_words_from(record_medium: Path, way: Medium) -> None:
    assert "medium\nthe builder had no isolinux.\n" in boot(record_medium, "bios", way, "isolinux.\n")
