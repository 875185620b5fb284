# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that the installer adds by itself, held against the medium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from smedoit.bases.el7 import EL7
from smedoit.bases.enterprise_linux import ALL_FIRMWARE, BIOS, UEFI
from smedoit.bases.known import BASES
from smedoit.checks import installer_packages
from smedoit.config.checks import ClosureSettings

EVERYTHING = [
    *("authconfig", "grub2", "grub2-tools", "kernel"),
    *("btrfs-progs", "cryptsetup", "dosfstools", "e2fsprogs", "lvm2", "mdadm", "xfsprogs"),
]
UEFI_LOADERS = ["efibootmgr", "grub2-efi-x64", "shim-x64"]


def judged(absent: list[str], allow_missing: Mapping[str, str] | None = None) -> installer_packages.AddedPackages:
    return installer_packages.judge_added_packages(added(), EL7.added.sometimes, allow_missing or {}, absent)


def added(
    arch: str = "x86_64", firmware: Sequence[str] = ALL_FIRMWARE, installer: Sequence[str] = ()
) -> dict[str, str]:
    settings = ClosureSettings(installer=tuple(installer))
    return dict(installer_packages.packages_added(settings, EL7.added, arch, firmware))


def test_a_release_that_says_nothing_needs_all_that_the_installer_adds() -> None:
    assert judged([]) == installer_packages.AddedPackages((*EVERYTHING[:4], *UEFI_LOADERS, *EVERYTHING[4:]), (), ())


def test_an_empty_list_takes_nothing_away() -> None:
    assert set(added(installer=())) == {*EVERYTHING, *UEFI_LOADERS}


def test_what_is_absent_without_a_reason_is_still_needed() -> None:
    assert judged(["mdadm"]).required == judged([]).required


def test_a_list_of_ours_adds_to_what_the_installer_adds() -> None:
    assert next(iter(added(installer=["shim-ia32", "kernel"]))) == "shim-ia32"
    assert set(added(installer=["shim-ia32"])) == {"shim-ia32", *EVERYTHING, *UEFI_LOADERS}


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
    assert set(added(arch)) == set(EVERYTHING)


def test_media_that_start_from_bios_alone_need_no_loader_for_uefi() -> None:
    assert set(added(firmware=[BIOS])) == set(EVERYTHING)


def test_media_that_start_from_uefi_alone_need_the_grub_packages_too_as_the_installer_asks_for_them() -> None:
    assert set(added(firmware=[UEFI])) == {*EVERYTHING, *UEFI_LOADERS}


# What anaconda of each base adds besides what it offers for disks
ADDED = {
    "el7": {"authconfig", "grub2", "grub2-tools", "kernel", *UEFI_LOADERS},
    "el8": {"chrony", "grub2", "grub2-tools", "kernel", *UEFI_LOADERS},
    "el9": {"chrony", "grub2", "grub2-tools", "kernel", *UEFI_LOADERS},
    "el10": {"chrony", "grub2", "grub2-tools", "grub2-tools-extra", "grubby", "kernel", *UEFI_LOADERS},
}
TOLD = {
    "el7": {"dmraid", "teamd"},
    "el8": {"authselect", "authselect-compat", "dmraid", "firewalld", "prefixdevname", "rdma-core", "realmd", "teamd"},
    "el9": {"authselect-compat", "biosdevname", "crypto-policies-scripts", "dnsconfd", "kbd-legacy", "realmd"},
    "el10": {"authselect", "biosdevname", "dnsconfd", "dnsconfd-dracut", "firewalld"},
}


@pytest.mark.parametrize("name", BASES)
def test_each_base_needs_what_its_installer_adds_and_tells_of_the_rest(name: str) -> None:
    base = BASES[name].added
    asked = installer_packages.packages_added(ClosureSettings(), base, "x86_64", ALL_FIRMWARE)
    assert asked.keys() - base.offered.keys() == ADDED[name]
    assert TOLD[name] <= base.sometimes.keys()
    assert not base.sometimes.keys() & asked.keys()


def test_what_is_gone_from_an_installer_is_asked_for_no_more() -> None:
    gone = {"authselect-compat", "dmraid", "kbd-legacy"}
    assert not gone & BASES["el10"].added.sometimes.keys()
    assert "btrfs-progs" not in BASES["el8"].added.offered
