# SPDX-License-Identifier: GPL-3.0-or-later
"""Media beyond 1 and 4 GiB, started from a USB stick: what lies at their end is read through the first partition."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.bases.known import USUAL
from smedoit.boottest.qemu import QEMU, Firmware
from smedoit.fat import format
from smedoit.iso import media_check, write
from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.runtime.files import walk_files, write_file
from smedoit.sample import boot as sample_boot
from smedoit.sample import initrd, loaders, scripts
from tests.harness.nouns import EPOCH
from tests.harness.qemu import boot
from tests.harness.tools import missing, need

LABEL, MIB = "SME-10.1-x86_64", 1 << 20
STAGE2, CONTENT = "zzz/squashfs.img", b"stage 2 at the end of the medium\n" * 100_000
INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /medium
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /lib/modules/*/order); do
    insmod /lib/modules/*/"$module"
done
for try in $(seq 120); do
    mount -t iso9660 -o ro /dev/sda1 /medium 2> /dev/null && break
    sleep 0.5
done
echo "stage 2 through the partition: $(md5sum < /medium/zzz/squashfs.img)" > /dev/ttyS0
sleep 1
poweroff -f
"""
APPEND = "console=ttyS0 panic=5"
ISOLINUX_CFG = f"""\
serial 0 115200
default linux
prompt 0
label linux
  kernel vmlinuz
  append initrd=initrd.img {APPEND}
"""
GRUB_CFG = f"""\
search --no-floppy --set=root -l '{LABEL}'
linux /isolinux/vmlinuz {APPEND}
initrd /isolinux/initrd.img
boot
"""
pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module", params=[1600, 4700], ids=lambda mib: f"{mib}MiB")
def large_medium(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    need(QEMU)
    host, isolinux, grub = sample_boot.find_host_kernel(), loaders.find_isolinux(), loaders.build_grub_image()
    if host is None or not isolinux or grub is None:
        missing("a kernel, its modules, a static busybox, isolinux and GRUB for UEFI")
        return
    place = tmp_path_factory.mktemp("large") / "tree"
    if shutil.disk_usage(place.parent).free < 2 * request.param * MIB:
        pytest.skip(f"needs twice {request.param} MiB of room in {place.parent}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scripts, "first_stage_script", lambda _: INIT)
        files = {"isolinux/initrd.img": initrd.build_initrd(*host, USUAL)}
    files |= {"isolinux/vmlinuz": host[0].image.read_bytes(), "isolinux/isolinux.cfg": ISOLINUX_CFG.encode()}
    files |= {f"isolinux/{name}": file.read_bytes() for name, file in isolinux.items()}
    efi = {"EFI/BOOT/BOOTX64.EFI": grub, "EFI/BOOT/grub.cfg": GRUB_CFG.encode()}
    files |= {"images/efiboot.img": format.build_fat_image(Path("efiboot.img"), efi, "ANACONDA", EPOCH)}
    for name, data in {**files, STAGE2: CONTENT, "Packages/a-1-1.noarch.rpm": b""}.items():
        write_file(place / name, data, durable=False)
    with (place / "Packages/a-1-1.noarch.rpm").open("r+b") as file:
        file.truncate(request.param * MIB)
    found = {relative: place / relative for relative, _ in walk_files(place)}
    image = place.with_name("medium.iso")
    write.write_iso(IsoMedium(LABEL, "Koozali", "smedoit", EPOCH, found), image)
    media_check.implant_md5(image)
    yield image
    shutil.rmtree(place.parent)


def test_stage_2_lies_behind_what_old_partitions_cover(large_medium: Path) -> None:
    start = IsoImage(large_medium).records[STAGE2].extent_location() * write.SECTOR
    assert start > 1024 * MIB


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_stage_2_is_read_from_a_stick_under(large_medium: Path, firmware: Firmware) -> None:
    expected = f"stage 2 through the partition: {hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"
    assert expected in boot(large_medium, firmware, "usb", "stage 2 through the partition: ")
