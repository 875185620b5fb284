from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from smedoit.do import fat, iso, tree
from smedoit.practice.record import boot_record
from tests.integration.qemu import Medium, boot

LABEL = "SME-10.1-x86_64"
EPOCH = 1793534400


def medium(place: Path, files: Mapping[str, bytes]) -> Path:
    """Write a medium of files and return the ISO."""
    for name, data in files.items():
        tree.write(place / name, data)
    found = {name: place / name for name, _ in tree.walk(place)}
    target = place / "medium.iso"
    iso.write(iso.Medium(LABEL, "Koozali", "smedoit", EPOCH, found), target)
    return target


@pytest.fixture(scope="module")
def record_medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("record")
    record = boot_record("Koozali SME Server 10.1 practice medium\nthe builder had no isolinux.\n")
    fat.make(place / "images/efiboot.img", {"EFI/BOOT/grub.cfg": b""}, "ANACONDA", EPOCH)
    return medium(place, {"isolinux/isolinux.bin": record})


@pytest.mark.parametrize("way", ["cd", "usb"])
def test_our_own_boot_record_says_its_words_from(record_medium: Path, way: Medium) -> None:
    assert "medium\nthe builder had no isolinux.\n" in boot(record_medium, "bios", way, "isolinux.\n", 60)
