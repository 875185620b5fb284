# SPDX-License-Identifier: GPL-3.0-or-later
"""Media that start from one firmware alone, from release.toml to the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.boottest.qemu import Firmware
from smedoit.iso.read import IsoImage
from smedoit.runtime import files
from smedoit.sample import boot
from tests.harness.project import Project
from tests.harness.tools import missing, need, read_with

DEFAULT = '# firmware = ["uefi"]'
OTHERS = {"bios": ("EFI/", "images/efiboot.img"), "uefi": ("isolinux/",)}


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_world_whose_firmware_is_one_makes_media_that_verify_and_have_nothing_of_the_other(
    tmp_path: Path, firmware: Firmware
) -> None:
    need("xorriso")
    trial = Project.new(tmp_path)
    trial.build("sample")
    for path in [
        path for path, _ in files.walk_files(trial.release.boot_set.path) if path.startswith(OTHERS[firmware])
    ]:
        (trial.release.boot_set.path / path).unlink()
    trial.configure(DEFAULT, f'firmware = ["{firmware}"]')
    answer = trial.doit("iso", "netinstall", "verify")
    assert answer.code == 0, answer.said
    for image in (trial.iso, trial.release.netinstall_iso):
        said = read_with("xorriso", "-indev", image, "-report_el_torito", "plain")
        assert [line.split()[6] for line in said.splitlines() if line.startswith("El Torito boot img : ")] == [
            firmware.upper()
        ]
        others = [name for name in IsoImage(image).records if name.startswith(OTHERS[firmware])]
        assert others in ([], ["isolinux/boot.cat"])


@pytest.mark.exhaustive
def test_what_was_made_for_the_other_firmware_goes_and_comes_back(tmp_path: Path) -> None:
    trial = Project.new(tmp_path)
    trial.build("sample", "iso")
    before, whole = trial.iso.read_bytes(), set(IsoImage(trial.iso).records)
    trial.configure(DEFAULT, 'firmware = ["bios"]')
    trial.build("iso", "verify")
    assert {name for name in whole if name.startswith(OTHERS["bios"])}
    assert set(IsoImage(trial.iso).records) == {name for name in whole if not name.startswith(OTHERS["bios"])}
    trial.configure('firmware = ["bios"]', DEFAULT)
    trial.build("iso", "verify")
    assert trial.iso.read_bytes() == before


@pytest.mark.exhaustive
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_medium_for_one_firmware_boots_from_cd_and_usb(tmp_path: Path, firmware: Firmware) -> None:
    if boot.find_host_kernel() is None:
        missing("a kernel that can be read, its modules, and a static busybox")
    trial = Project.bare(tmp_path)
    trial.configure(DEFAULT, f'firmware = ["{firmware}"]')
    trial.configure("[boot_test]\n", '[boot_test]\nentries = "default"\n')
    answer = trial.doit("sample", "iso", "boot_test")
    assert answer.code == 0, answer.said
    name = firmware.upper()
    assert f"2 media boot: {name} from CD, {name} from USB;" in answer.said
