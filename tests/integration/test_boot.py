from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit import config, fat
from smedoit.practice import boot as practice
from smedoit.practice import initrd
from smedoit.practice.record import boot_record
from tests.integration.qemu import Firmware, Medium, boot

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


def medium(iso: Path, files: Mapping[str, bytes]) -> Path:
    """Write a hybrid medium as iso.py's would be: isolinux first, UEFI second when there is an efiboot.img."""
    import pycdlib

    image = pycdlib.PyCdlib()
    image.new(interchange_level=4, rock_ridge="1.09", vol_ident=LABEL)
    for folder in sorted({str(parent) for name in files for parent in Path(name).parents} - {"."}):
        image.add_directory(f"/{folder.upper()}", rr_name=Path(folder).name)
    for name, data in files.items():
        image.add_fp(io.BytesIO(data), len(data), f"/{name.upper()}", rr_name=Path(name).name)
    catalog = {"bootcatfile": "/ISOLINUX/BOOT.CAT", "rr_bootcatname": "boot.cat"}
    image.add_eltorito("/ISOLINUX/ISOLINUX.BIN", boot_load_size=4, boot_info_table=True, **catalog)
    if "images/efiboot.img" in files:
        image.add_eltorito("/IMAGES/EFIBOOT.IMG", efi=True)
    image.add_isohybrid(efi="images/efiboot.img" in files)
    image.write(iso)
    image.close()
    return iso


@pytest.fixture(scope="module")
def record_medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    record = boot_record("Koozali SME Server 10.1 practice medium\nthe builder had no isolinux.\n")
    return medium(tmp_path_factory.mktemp("record") / "record.iso", {"isolinux/isolinux.bin": record})


@pytest.fixture(scope="module")
def practice_medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The practice boot set as a medium with overlay images and a menu that does not wait for a key."""
    place = tmp_path_factory.mktemp("practice")
    rel = config.load(ROOT / "release.toml")
    rel = replace(rel, boot_set=replace(rel.boot_set, path=place / "boot"))
    practice.make(rel)
    if practice.borrowed_kernel() is None:
        pytest.skip("needs a kernel and a static busybox to borrow")
    efiboot = place / "boot/images/efiboot.img"
    fat.replace_file(efiboot, efiboot, "EFI/BOOT/grub.cfg", GRUB_CFG.encode(), EPOCH)
    files = {str(path.relative_to(place / "boot")): path for path in sorted((place / "boot").rglob("*"))}
    content = {name: path.read_bytes() for name, path in files.items() if path.is_file()}
    content["isolinux/isolinux.cfg"] = ISOLINUX_CFG.encode()
    content["images/product.img"] = overlay({".buildstamp": BUILDSTAMP, "etc": b""})
    content["images/updates.img"] = overlay({".buildstamp": BUILDSTAMP.replace(b"10.1rc2", b"wrong"), "a": b"", "b": b""})
    content["Packages/bash-4.2.46-34.el7.x86_64.rpm"] = b""
    return medium(place / "practice.iso", content)


def overlay(files: Mapping[str, bytes]) -> bytes:
    return gzip.compress(b"".join(initrd.archive(files)), mtime=0)


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
