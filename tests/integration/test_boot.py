from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit import config, fat, images, iso, tree
from smedoit.practice import boot as practice
from smedoit.practice.record import boot_record
from tests.integration.qemu import Firmware, Medium, boot
from tests.tools import missing

ROOT = Path(__file__).parents[2]
LABEL = "SME-10.1-x86_64"
EPOCH = 1793534400
ISOLINUX_CFG = f"""\
serial 0 115200
default vesamenu.c32
timeout 10
menu title practice
label linux
  menu label ^Install
  menu default
  kernel vmlinuz
  append initrd=initrd.img inst.stage2=hd:LABEL={LABEL} console=ttyS0 quiet
"""
GRUB_CFG = f"""\
set default="0"
function load_video {{
  insmod efi_gop
  insmod efi_uga
  insmod all_video
}}
load_video
set gfxpayload=keep
insmod gzio
insmod part_gpt
set timeout=1
search --no-floppy --set=root -l '{LABEL}'
menuentry 'Install' --class fedora --class os {{
    linuxefi /images/pxeboot/vmlinuz inst.stage2=hd:LABEL={LABEL} console=ttyS0 quiet
    initrdefi /images/pxeboot/initrd.img
}}
"""
BUILDSTAMP = b"[Main]\nProduct=Koozali SME Server\nVersion=10.1rc2\nIsFinal=False\n"


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


@pytest.fixture(scope="module")
def practice_medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The practice boot set as a medium with overlay images and a menu that does not wait for a key."""
    if practice.borrowed() is None:
        missing("a kernel that can be read, its modules, and a static busybox")
    place = tmp_path_factory.mktemp("practice")
    rel = config.load(ROOT / "release.toml")
    practice.make(replace(rel, boot_set=replace(rel.boot_set, path=place)))
    efiboot = place / "images/efiboot.img"
    fat.replace_file(efiboot, efiboot, "EFI/BOOT/grub.cfg", GRUB_CFG.encode(), EPOCH)  # not the one beside it
    updates = {".buildstamp": b"[Main]\nVersion=not this\n", "etc/a": b"", "etc/b": b""}
    files = {
        "isolinux/isolinux.cfg": ISOLINUX_CFG.encode(),
        "images/updates.img": overlay(updates),
        "images/product.img": overlay({".buildstamp": BUILDSTAMP, "etc/c": b""}),
        "Packages/b/bash-4.2.46-34.el7.x86_64.rpm": b"",
    }
    return medium(place, files)


def overlay(files: Mapping[str, bytes]) -> bytes:
    return images.image((images.Member(name, data) for name, data in files.items()), EPOCH)


@pytest.mark.parametrize("way", ["cd", "usb"])
def test_our_own_boot_record_says_its_words_from(record_medium: Path, way: Medium) -> None:
    assert "medium\nthe builder had no isolinux.\n" in boot(record_medium, "bios", way, "isolinux.\n", 60)


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
@pytest.mark.parametrize("way", ["cd", "usb"])
def test_the_practice_installer_finds_its_medium_and_its_overlay_images(
    practice_medium: Path, firmware: Firmware, way: Medium
) -> None:
    heard = boot(practice_medium, firmware, way, "practice installer: done", 150)
    device = {"cd": "/dev/sr0", "usb": "/dev/sda"}[way]
    for words in (
        f"medium {LABEL} mounted from {device}",
        "updates.img holds 3 files",
        "product.img holds 2 files",
        "Product Koozali SME Server",
        "Version 10.1rc2",
        "IsFinal False",
        "medium holds 1 packages",
    ):
        assert f"practice installer: {words}\n" in heard
