# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that the installer adds by itself, held against the medium."""

from __future__ import annotations

import pytest

from smedoit.checks import installer_packages
from smedoit.config.checks import ClosureSettings

EVERYTHING = [
    *("authconfig", "grub2", "grub2-tools", "kernel"),
    *("btrfs-progs", "cryptsetup", "dosfstools", "e2fsprogs", "lvm2", "mdadm", "xfsprogs"),
]
UEFI = ["efibootmgr", "grub2-efi-x64", "shim-x64"]


def judged(absent: list[str], **settings: object) -> installer_packages.AddedPackages:
    return installer_packages.judge_added_packages(ClosureSettings(**settings), "x86_64", absent)  # type: ignore[arg-type]


def test_a_release_that_says_nothing_needs_all_that_the_installer_adds() -> None:
    assert judged([]) == installer_packages.AddedPackages((*EVERYTHING[:4], *UEFI, *EVERYTHING[4:]), (), ())


def test_an_empty_list_takes_nothing_away() -> None:
    assert judged(["mdadm"], installer=()).required == judged([]).required


def test_a_list_of_ours_adds_to_what_the_installer_adds() -> None:
    assert judged([], installer=("shim-ia32", "kernel")).required[0] == "shim-ia32"
    assert set(judged([], installer=("shim-ia32",)).required) == {"shim-ia32", *EVERYTHING, *UEFI}


def test_what_may_be_absent_is_told_with_its_reason() -> None:
    found = judged(["btrfs-progs"], allow_missing={"btrfs*": "xfs only"})
    assert "btrfs-progs" not in found.required
    assert found.notes == (
        "btrfs-progs, which the installer adds for a btrfs file system, is not on the medium: xfs only",
    )


def test_what_may_be_absent_and_is_there_is_still_needed_and_its_excuse_told() -> None:
    found = judged([], allow_missing={"mdadm": "no RAID"})
    assert "mdadm" in found.required
    assert found.unused == ("mdadm",)


def test_what_some_machines_need_is_told_unless_a_reason_says_why() -> None:
    [said] = judged(["dmraid", "ndctl"]).notes
    assert said.endswith("is not on the medium: dmraid (RAID of the firmware), ndctl (NVDIMM disks)")
    assert judged(["dmraid"], allow_missing={"dmraid": "never sold"}).notes == ()


@pytest.mark.parametrize("arch", ["i386", "i686"])
def test_an_architecture_without_uefi_needs_no_loader_for_it(arch: str) -> None:
    assert set(installer_packages.packages_added(ClosureSettings(), arch)) == set(EVERYTHING)
