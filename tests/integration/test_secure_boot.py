# SPDX-License-Identifier: GPL-3.0-or-later
"""A medium with the distribution's own signed chain starts where Secure Boot is on, and one without it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.boottest import qemu
from smedoit.fat.format import build_fat_image
from smedoit.medium_paths import EFI_IMAGE, GRUB_CFG
from smedoit.runtime.files import write_file
from tests.harness.project import Project
from tests.harness.tools import missing, need

PLACES = {
    "BOOTX64.EFI": Path("/usr/lib/shim/shimx64.efi.signed"),
    "mmx64.efi": Path("/usr/lib/shim/mmx64.efi.signed"),
    "grubx64.efi": Path("/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed"),
}
LEADS_ON = f"search --no-floppy --set=root -f /{GRUB_CFG}\nconfigfile /{GRUB_CFG}\n"  # Debian's GRUB reads boot/grub
pytestmark = pytest.mark.exhaustive


@pytest.fixture
def signed(tmp_path: Path) -> Project:
    """A practice world whose boot set has Debian's shim, GRUB and kernel, as they are signed."""
    need(qemu.QEMU)
    for place in PLACES.values():
        if not place.is_file():
            missing(f"{place} (shim-signed, grub-efi-amd64-signed)")
    if not [*qemu.firmware_files(secure=True)]:
        missing("ovmf, with the keys of Microsoft")
    project = Project.bare(tmp_path / "project")
    assert project.doit("sample").code == 0
    boot_set = project.release.boot_set.path
    files = {f"EFI/BOOT/{name}": place.read_bytes() for name, place in PLACES.items()}
    menu = (boot_set / GRUB_CFG).read_bytes()
    inside = {**files, GRUB_CFG: menu, "boot/grub/grub.cfg": LEADS_ON.encode()}
    for name, data in files.items():
        write_file(boot_set / name, data)
    write_file(boot_set / EFI_IMAGE, build_fat_image(boot_set / EFI_IMAGE, inside, "ANACONDA", 1480944027))
    return project


def test_a_medium_with_a_signed_chain_starts_with_secure_boot_on(signed: Project) -> None:
    done = signed.doit("iso", "secure_boot")
    assert done.code == 0, done.err
    assert "each trusted by what starts it" in done.out
    assert "UEFI from CD with Secure Boot it boots" in done.out


def test_what_the_chain_does_not_cover_is_refused_by_the_firmware_as_well(signed: Project) -> None:
    from smedoit.boottest.boot import run_secure_boot
    from smedoit.config.media import BootTestSettings
    from smedoit.errors import VerifyError
    from smedoit.sample import loaders

    grub = loaders.build_grub_image()
    assert grub
    for place in (signed.release.boot_set.path,):
        write_file(place / "EFI/BOOT/grubx64.efi", grub)
        inside = {"EFI/BOOT/BOOTX64.EFI": PLACES["BOOTX64.EFI"].read_bytes(), "EFI/BOOT/grubx64.efi": grub}
        image = build_fat_image(place / EFI_IMAGE, {**inside, GRUB_CFG: b"set timeout=5\n"}, "ANACONDA", 1480944027)
        write_file(place / EFI_IMAGE, image)
    assert signed.doit("iso").code == 0
    done = signed.doit("secure_boot")
    assert done.code != 0
    assert "EFI/BOOT/grubx64.efi" in done.err
    with pytest.raises(VerifyError, match="with Secure Boot stopped before the boot menu"):
        run_secure_boot(signed.release.iso, BootTestSettings(seconds=60), signed.home / "logs")
