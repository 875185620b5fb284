# SPDX-License-Identifier: GPL-3.0-or-later
"""Select the packages of the medium: of every name, the newest copy that any staged tier holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cmp_to_key

from smedoit.bases.known import find_dist_tag
from smedoit.config.packages import PackageExclusions, PackageSelection
from smedoit.errors import PackageError, format_grouped
from smedoit.modularity.medium import ModularRules
from smedoit.package import Package, native_architectures

NOTHING_EXCLUDED = PackageExclusions()
NO_MODULES = ModularRules()
FOREIGN = "architecture"  # begins the rule for packages of other machines


@dataclass(frozen=True)
class SelectedPackage:
    """One package of the medium, and the tier it came from.

    module  NAME:STREAM of the module whose artifact it is, "" for one of none
    """

    package: Package
    tier: str
    module: str = ""


@dataclass(frozen=True)
class Candidate:
    """A copy of a package that might go on the medium; rank 0 is the most trusted tier."""

    package: Package
    tier: str
    rank: int

    def __str__(self) -> str:
        return f"{self.package.nevra} ({self.tier})"


def select_newest(
    tiers: Mapping[str, Iterable[Package]],
    selection: PackageSelection,
    arch: str,
    exclusions: PackageExclusions = NOTHING_EXCLUDED,
    modules: ModularRules = NO_MODULES,
) -> list[SelectedPackage]:
    """Return the newest package of every name and slot, sorted by name, architecture, newest first.

    Tiers come in order of trust: on equal versions the earlier tier wins, so a rebuild in
    smeupdates-testing never replaces what smeos has already shipped. Source packages and
    architectures that the selection does not admit are left out. noarch and the release's
    own arch share a slot: a package that became noarch replaces its older self. What is
    retired, excluded, or of a module stream that is not on the medium is no candidate, so an
    older copy that is none of these may take its place.

    Raises PackageError when one NEVRA stands in two tiers with different bytes.
    """
    slots: dict[tuple[str, str], list[Candidate]] = {}
    for rank, (tier, packages) in enumerate(tiers.items()):
        for package in packages:
            if not exclusion_rule(package, selection, arch, exclusions, modules):
                slots.setdefault(package_slot(package, arch), []).append(Candidate(package, tier, rank))
    _refuse_ambiguous_nevras(slots.values())
    return [
        replace(selected, module=modules.module_of(selected.package))
        for slot in sorted(slots)
        for selected in _best_of_slot(slots[slot], versions_to_keep(slot[0], selection))
    ]


def modular_nevras(picks: Iterable[SelectedPackage]) -> frozenset[str]:
    """Return the NEVRAs of the packages that belong to streams of modules."""
    return frozenset(pick.package.nevra for pick in picks if pick.module)


def package_slot(package: Package, arch: str) -> tuple[str, str]:
    """Return what copies of a package compete for: its name and architecture, noarch counting as arch."""
    return package.name, arch if package.arch == "noarch" else package.arch


def exclusion_rule(
    package: Package,
    selection: PackageSelection,
    arch: str,
    exclusions: PackageExclusions,
    modules: ModularRules = NO_MODULES,
) -> str:
    """Return the rule that keeps a package of a staged tier off a medium for arch, "" if none does."""
    if package.is_source:
        return "source: source packages go on the source medium"
    if package.arch not in (*native_architectures(arch), "noarch"):
        if package.arch not in selection.secondary:
            return f"{FOREIGN}: {package.arch} is neither {arch} nor noarch"
        if not any(fnmatchcase(package.name, name) for name in selection.multilib):
            return f"multilib: {package.arch} is for names that [packages] multilib lists"
    return exclusions.rule(package) or modules.rule(package)


def foreign_packages(packages: Iterable[Package], selection: PackageSelection, arch: str) -> dict[str, list[str]]:
    """Return architecture -> NEVRAs of the packages that no medium for arch takes, whatever multilib says, sorted."""
    found: dict[str, list[str]] = {}
    for package in packages:
        if exclusion_rule(package, selection, arch, NOTHING_EXCLUDED).startswith(FOREIGN):
            found.setdefault(package.arch, []).append(package.nevra)
    return {name: sorted(found[name]) for name in sorted(found)}


def other_dists(packages: Iterable[Package], dist: str) -> dict[str, list[str]]:
    """Return dist tag -> NEVRAs of the packages that were built for another Enterprise Linux, sorted.

    dist  of the base, as .el8.sme; what has no such tag in its release was built for none
    """
    own = find_dist_tag(dist)
    found: dict[str, list[str]] = {}
    for package in packages:
        tag = find_dist_tag(package.evr.release)
        if tag not in ("", own):
            found.setdefault(tag, []).append(package.nevra)
    return {tag: sorted(found[tag]) for tag in sorted(found)}


def versions_to_keep(name: str, selection: PackageSelection) -> int:
    """Return how many versions of a package stay: one, or what the selection says."""
    counts = (count for pattern, count in selection.several.items() if fnmatchcase(name, pattern))
    return max(counts, default=1)


def _best_of_slot(candidates: Iterable[Candidate], count: int) -> list[SelectedPackage]:
    """Return the selected packages of a slot, newest first."""
    ordered = sorted(candidates, key=cmp_to_key(_compare_candidates))
    distinct: list[Candidate] = []
    for candidate in ordered:
        is_new = not distinct or distinct[-1].package.evr != candidate.package.evr
        if is_new and len(distinct) < count:
            distinct.append(candidate)
    return [SelectedPackage(candidate.package, candidate.tier) for candidate in distinct]


def _compare_candidates(left: Candidate, right: Candidate) -> int:
    """Order candidates by EVR, newest first; then by the trust in their tier; then by file."""
    if verdict := right.package.evr.compare(left.package.evr):
        return verdict
    if left.rank != right.rank:
        return left.rank - right.rank
    return (left.package.file > right.package.file) - (left.package.file < right.package.file)


def _refuse_ambiguous_nevras(slots: Iterable[Iterable[Candidate]]) -> None:
    """Raise PackageError if a NEVRA stands for two different files: no rule could choose between them."""
    complaints: dict[str, list[str]] = {}
    for slot in slots:
        files: dict[str, dict[str, Candidate]] = {}
        for candidate in slot:
            files.setdefault(candidate.package.nevra, {}).setdefault(candidate.package.sha256, candidate)
        for nevra, copies in files.items():
            if len(copies) > 1:
                complaints[nevra] = [f"{candidate.package.file} ({candidate.tier})" for candidate in copies.values()]
    if complaints:
        raise PackageError(
            f"the same package stands in the tiers with different bytes\n{format_grouped(complaints)}",
            hint="remove the wrong copy, or give the rebuilt package a new release number",
        )
