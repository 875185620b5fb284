"""Choose the packages of the medium: of every name, the newest copy that any staged tier holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cmp_to_key

from smedoit.config.packages import Exclusions, Selection
from smedoit.errors import PackageError, grouped
from smedoit.package import Package


@dataclass(frozen=True)
class Pick:
    """One package of the medium, the tier it came from, and the NEVRAs (with tier) that it beat."""

    package: Package
    tier: str
    beaten: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A copy of a package that might go on the medium; rank 0 is the most trusted tier."""

    package: Package
    tier: str
    rank: int

    def __str__(self) -> str:
        return f"{self.package.nevra} ({self.tier})"


NOTHING_EXCLUDED = Exclusions()


def pick(
    tiers: Mapping[str, Iterable[Package]], selection: Selection, arch: str, without: Exclusions = NOTHING_EXCLUDED
) -> list[Pick]:
    """Return the newest package of every name and slot, sorted by name, architecture, newest first.

    Tiers come in order of trust: on equal versions the earlier tier wins, so a rebuild in
    smeupdates-testing never replaces what smeos has already shipped. Source packages and
    architectures that the selection does not admit are left out. noarch and the release's
    own arch share a slot: a package that became noarch replaces its older self. What is
    retired or excluded is no candidate, so an older copy that is not may take its place.

    Raises PackageError when one NEVRA stands in two tiers with different bytes.
    """
    slots: dict[tuple[str, str], list[Candidate]] = {}
    for rank, (tier, packages) in enumerate(tiers.items()):
        for package in packages:
            if not why_not(package, selection, arch, without):
                slots.setdefault(slot_of(package, arch), []).append(Candidate(package, tier, rank))
    refuse_ambiguous(slots.values())
    return [one for slot in sorted(slots) for one in best(slots[slot], keep(slot[0], selection))]


def slot_of(package: Package, arch: str) -> tuple[str, str]:
    """Return the place that a package competes for: its name and architecture, noarch counting as arch."""
    return package.name, arch if package.arch == "noarch" else package.arch


def why_not(package: Package, selection: Selection, arch: str, without: Exclusions) -> str:
    """Return the rule that keeps a package of a staged tier off a medium for arch, in words, "" if none does."""
    if package.is_source:
        return "source: source packages go on the source medium"
    if package.arch not in (arch, "noarch"):
        if package.arch not in selection.secondary:
            return f"architecture: {package.arch} is neither {arch} nor noarch"
        if not any(fnmatchcase(package.name, name) for name in selection.multilib):
            return f"multilib: {package.arch} is for names that [packages] multilib lists"
    return without.rule(package)


def keep(name: str, selection: Selection) -> int:
    """Return how many versions of a package stay: one, or what the selection says."""
    counts = (count for pattern, count in selection.several.items() if fnmatchcase(name, pattern))
    return max(counts, default=1)


def best(candidates: Iterable[Candidate], count: int) -> list[Pick]:
    """Return the picks of one slot, newest first; the last of them carries what it beat."""
    ordered = sorted(candidates, key=cmp_to_key(newest_then_trusted))
    distinct: list[Candidate] = []
    beaten: list[str] = []
    for one in ordered:
        fresh = not distinct or distinct[-1].package.evr != one.package.evr
        if fresh and len(distinct) < count:
            distinct.append(one)
        else:
            beaten.append(str(one))
    return [Pick(one.package, one.tier, tuple(beaten) if one is distinct[-1] else ()) for one in distinct]


def newest_then_trusted(left: Candidate, right: Candidate) -> int:
    """Order candidates by EVR, newest first; then by the trust in their tier; then by file."""
    if verdict := right.package.evr.compare(left.package.evr):
        return verdict
    if left.rank != right.rank:
        return left.rank - right.rank
    return (left.package.file > right.package.file) - (left.package.file < right.package.file)


def refuse_ambiguous(slots: Iterable[Iterable[Candidate]]) -> None:
    """Raise PackageError if a NEVRA stands for two different files: no rule could choose between them."""
    complaints: dict[str, list[str]] = {}
    for slot in slots:
        files: dict[str, dict[str, Candidate]] = {}
        for one in slot:
            files.setdefault(one.package.nevra, {}).setdefault(one.package.sha256, one)
        for nevra, copies in files.items():
            if len(copies) > 1:
                complaints[nevra] = [f"{one.package.file} ({one.tier})" for one in copies.values()]
    if complaints:
        raise PackageError(
            f"the same package stands in the tiers with different bytes\n{grouped(complaints)}",
            hint="remove the wrong copy, or give the rebuilt package a new release number",
        )
