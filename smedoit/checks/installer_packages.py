# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that the installer adds by itself: where one is absent, an installation stops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from smedoit.bases.enterprise_linux import UEFI, AddedByInstaller
from smedoit.config.checks import ClosureSettings


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


def packages_added(
    settings: ClosureSettings, base: AddedByInstaller, arch: str, firmware: Collection[str]
) -> Mapping[str, str]:
    """Return name -> when the installer adds it, on any machine of the architecture that the medium starts on."""
    named = dict.fromkeys(settings.installer, "by [closure] installer")
    loaders = base.under_uefi if arch == "x86_64" and UEFI in firmware else {}
    return {**named, **base.always, **loaders, **base.offered}


def judge_added_packages(
    added: Mapping[str, str], sometimes: Mapping[str, str], allow_missing: Mapping[str, str], absent: Collection[str]
) -> AddedPackages:
    """Return what the medium must have of what the installer adds.

    added      of packages_added
    sometimes  name -> the machines that want it
    absent     of all names that the installer knows, those that no package on the medium has
    """
    reasons = {
        name: reason for pattern, reason in allow_missing.items() for name in absent if fnmatchcase(name, pattern)
    }
    notes = [
        f"{name}, which the installer adds {added[name]}, is not on the medium: {reasons[name]}"
        for name in added
        if name in reasons
    ]
    rare = [f"{name} ({what})" for name, what in sometimes.items() if name in absent and name not in reasons]
    if rare:
        notes.append(f"an installation stops where the installer needs what is not on the medium: {', '.join(rare)}")
    required = tuple(name for name in added if name not in reasons)
    return AddedPackages(required, tuple(notes), tuple(_idle_patterns(allow_missing, reasons)))


def _idle_patterns(patterns: Iterable[str], excused: Iterable[str]) -> list[str]:
    """Return the patterns that excuse no name."""
    names = list(excused)
    return [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]
