# SPDX-License-Identifier: GPL-3.0-or-later
"""The source packages of the medium: which belong to its packages, and sources.lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.config.media import SourceIsoSettings
from smedoit.errors import PackageError, format_grouped
from smedoit.keys import keyring
from smedoit.package import Package
from smedoit.packages import lock, scan
from smedoit.packages.scan import PackageSources
from smedoit.packages.select import SelectedPackage
from smedoit.repodata import write
from smedoit.runtime import files


def choose_sources(
    lock_file: Path, sources: PackageSources, settings: SourceIsoSettings, target: Path, fact_cache: Path
) -> str:
    """Write sources.lock: the SRPM of every package of the lock, from any tier that has it."""
    picks = lock.read_lock(lock_file)
    needed = needed_sources(picks, settings.allow_missing)
    there = [tier for tier in sources.tiers if tier.stage or tier.path.is_dir()]
    found = scan.load_tier_packages(
        there, sources.root, keyring.load_pinned_keys(sources.keys), fact_cache, needed.__contains__
    )
    chosen = select_sources(needed, found)
    scan.refuse_later_signatures((pick.package for pick in chosen), sources.date)
    files.write_file(target, lock.format_lock(chosen))
    return f"{len(chosen)} source packages of {len(picks)} packages"


def needed_sources(picks: Iterable[SelectedPackage], allow_missing: Mapping[str, str]) -> dict[str, list[str]]:
    """Return file name of an SRPM -> NEVRAs of the packages that were built from it, both sorted.

    allow_missing  file name of an SRPM (globs allowed) -> why it need not be there
    """
    found: dict[str, list[str]] = {}
    for pick in picks:
        name = pick.package.source_rpm
        if not any(fnmatchcase(name, pattern) for pattern in allow_missing):
            found.setdefault(name, []).append(pick.package.nevra)
    return {name: sorted(found[name]) for name in sorted(found)}


def select_sources(
    needed: Mapping[str, Sequence[str]], tiers: Mapping[str, Iterable[Package]]
) -> list[SelectedPackage]:
    """Return the source package of every file name needed, sorted by it.

    needed  as needed_sources() returns it
    tiers   source packages by tier, the most trusted first: the first one that has a file gives it

    Raises PackageError with every SRPM that no tier has, and with those that tiers have with different bytes.
    """
    found: dict[str, list[SelectedPackage]] = {}
    for tier, packages in tiers.items():
        for package in packages:
            if package.filename in needed:
                found.setdefault(package.filename, []).append(SelectedPackage(package, tier))
    _refuse_missing_sources({name: users for name, users in needed.items() if name not in found})
    _refuse_ambiguous_sources(found)
    return [found[name][0] for name in sorted(found)]


def repo_packages(directory: Path, picks: Iterable[SelectedPackage]) -> list[write.RepoPackage]:
    """Return source packages as they lie in a repository at directory."""
    return [write.RepoPackage(pick.package, directory / pick.package.filename, pick.package.filename) for pick in picks]


def _refuse_missing_sources(missing: Mapping[str, Sequence[str]]) -> None:
    """Raise PackageError for SRPMs that no tier has."""
    if missing:
        complaints = {f"{name or 'packages that name no SRPM'}, for": users for name, users in missing.items()}
        raise PackageError(
            f"{len(missing)} source packages of the medium are in no tier\n{format_grouped(complaints)}",
            hint="put each into a tier; what need not be there goes into [sources] allow_missing, with a reason",
        )


def _refuse_ambiguous_sources(found: Mapping[str, Sequence[SelectedPackage]]) -> None:
    """Raise PackageError for SRPMs of the same name with different bytes: no rule could choose between them."""
    complaints = {
        name: [f"{pick.package.file} ({pick.tier})" for pick in picks]
        for name, picks in found.items()
        if len({pick.package.sha256 for pick in picks}) > 1
    }
    if complaints:
        raise PackageError(
            f"the same source package stands in the tiers with different bytes\n{format_grouped(complaints)}",
            hint="remove the wrong copy",
        )
