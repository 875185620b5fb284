# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that the installer of Enterprise Linux 7 adds by itself: where one is absent, an installation stops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from smedoit.config.checks import ClosureSettings
from smedoit.config.identity import UEFI

# Name -> when it is added. Sources: anaconda 21.48.22.159, install.py, bootloader.py, kickstart.py; blivet 0.61.15,
# _packages of its devices and formats. Languages add groups of comps only, and firewalld comes with a firewall line.
ALWAYS = {
    "authconfig": "for the auth line of its own defaults",
    "grub2": "to boot",
    "grub2-tools": "to boot",
    "kernel": "to boot",
}
UNDER_UEFI = {  # besides, for EFIGRUB of bootloader.py asks for what GRUB2 does
    "efibootmgr": "to boot under UEFI",
    "grub2-efi-x64": "to boot under UEFI",
    "shim-x64": "to boot under UEFI",
}
OFFERED = {  # on any disk, by its window for manual partitioning
    "btrfs-progs": "for a btrfs file system",
    "cryptsetup": "for an encrypted disk",
    "dosfstools": "for a FAT file system, as UEFI has it",
    "e2fsprogs": "for an ext4 file system",
    "lvm2": "for logical volumes, its own choice",
    "mdadm": "for software RAID",
    "xfsprogs": "for an xfs file system, its own choice",
}
ON_SOME_MACHINES = {
    "device-mapper-multipath": "multipath disks",
    "dmraid": "RAID of the firmware",
    "dracut-network": "disks on the network",
    "fcoe-utils": "FCoE disks",
    "iscsi-initiator-utils": "iSCSI disks",
    "ndctl": "NVDIMM disks",
    "teamd": "teamed network cards",
}


@dataclass(frozen=True)
class AddedPackages:
    """What the installer adds: what the medium must have, and sentences about what it may lack.

    required  names
    notes     on what is absent with a reason, or wanted on some machines only
    unused    entries of [closure] allow_missing that excuse nothing
    """

    required: tuple[str, ...]
    notes: tuple[str, ...]
    unused: tuple[str, ...]


def packages_added(settings: ClosureSettings, arch: str, firmware: Collection[str]) -> Mapping[str, str]:
    """Return name -> when the installer adds it, on any machine of the architecture that the medium starts on."""
    named = dict.fromkeys(settings.installer, "by [closure] installer")
    return {**named, **ALWAYS, **(UNDER_UEFI if arch == "x86_64" and UEFI in firmware else {}), **OFFERED}


def judge_added_packages(
    added: Mapping[str, str], allow_missing: Mapping[str, str], absent: Collection[str]
) -> AddedPackages:
    """Return what the medium must have of what the installer adds.

    added   of packages_added
    absent  of all names that the installer knows, those that no package on the medium has
    """
    reasons = {
        name: reason for pattern, reason in allow_missing.items() for name in absent if fnmatchcase(name, pattern)
    }
    notes = [
        f"{name}, which the installer adds {added[name]}, is not on the medium: {reasons[name]}"
        for name in added
        if name in reasons
    ]
    rare = [f"{name} ({what})" for name, what in ON_SOME_MACHINES.items() if name in absent and name not in reasons]
    if rare:
        notes.append(f"an installation stops where the installer needs what is not on the medium: {', '.join(rare)}")
    required = tuple(name for name in added if name not in reasons)
    return AddedPackages(required, tuple(notes), tuple(_idle_patterns(allow_missing, reasons)))


def _idle_patterns(patterns: Iterable[str], excused: Iterable[str]) -> list[str]:
    """Return the patterns that excuse no name."""
    names = list(excused)
    return [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]
