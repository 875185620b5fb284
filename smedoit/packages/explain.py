# SPDX-License-Identifier: GPL-3.0-or-later
"""Explain why each copy of a package is on the medium or not: the rule that decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cmp_to_key

from smedoit.config.packages import PackageExclusions, PackageSelection, matches_package
from smedoit.modularity.medium import ModularRules
from smedoit.package import Package
from smedoit.packages import select
from smedoit.packages.select import SelectedPackage
from smedoit.runtime.terminal import escape_line

Winners = Mapping[tuple[str, str], Sequence[SelectedPackage]]


@dataclass(frozen=True)
class TierPackage:
    """One file of a tier; of a refused one, package is what its header claims, unverified.

    rank  of its tier, 0 is the most trusted
    """

    package: Package
    tier: str
    rank: int
    staged: bool = True
    refused: str = ""


@dataclass(frozen=True)
class SelectionVerdict:
    """What was decided about a copy, and the rule that decided."""

    copy: TierPackage
    picked: bool
    rule: str


def find_copies(copies: Iterable[TierPackage], patterns: Sequence[str]) -> list[TierPackage]:
    """Return the copies that match patterns (names, NEVRAs or globs), by name and architecture, the newest first."""
    found = [copy for copy in copies if any(matches_package(pattern, copy.package) for pattern in patterns)]
    return sorted(found, key=cmp_to_key(_compare_by_trust))


def _compare_by_trust(left: TierPackage, right: TierPackage) -> int:
    """Order copies by name and architecture, then the newest first, then by the trust in their tier."""
    ours, theirs = (left.package.name, left.package.arch), (right.package.name, right.package.arch)
    if ours != theirs:
        return -1 if ours < theirs else 1
    if verdict := right.package.evr.compare(left.package.evr):
        return verdict
    where, there = (left.rank, left.package.file), (right.rank, right.package.file)
    return (where > there) - (where < there)


def selected_by_slot(picks: Iterable[SelectedPackage], arch: str) -> dict[tuple[str, str], list[SelectedPackage]]:
    """Return the selected packages of a medium by slot."""
    found: dict[tuple[str, str], list[SelectedPackage]] = {}
    for selected in picks:
        found.setdefault(select.package_slot(selected.package, arch), []).append(selected)
    return found


def explain_copy(
    copy: TierPackage,
    winners: Winners,
    selection: PackageSelection,
    arch: str,
    exclusions: PackageExclusions,
    modules: ModularRules = select.NO_MODULES,
) -> SelectionVerdict:
    """Return the verdict on a copy.

    winners  the selected packages of the whole medium, as selected_by_slot() returns them
    """
    package = copy.package
    if copy.refused:
        return SelectionVerdict(copy, False, f"refused: {copy.refused}")
    if not copy.staged:
        return SelectionVerdict(copy, False, f"not staged: release.toml says stage = false for {copy.tier}")
    if rule := select.exclusion_rule(package, selection, arch, exclusions, modules):
        return SelectionVerdict(copy, False, rule)
    rivals = winners.get(select.package_slot(package, arch), ())
    if any((selected.package.file, selected.tier) == (package.file, copy.tier) for selected in rivals):
        return SelectionVerdict(copy, True, _selected_reason(package.name, len(rivals), selection))
    return SelectionVerdict(copy, False, _rejected_reason(copy, rivals))


def _selected_reason(name: str, count: int, selection: PackageSelection) -> str:
    """Return why a copy is on the medium."""
    allowed = select.versions_to_keep(name, selection)
    return "newest" if allowed == 1 else f"newest: one of {count}, [packages] several keeps {allowed}"


def _rejected_reason(copy: TierPackage, rivals: Sequence[SelectedPackage]) -> str:
    """Return why other copies of the same name and architecture are on the medium instead."""
    equal = next((selected for selected in rivals if selected.package.evr == copy.package.evr), None)
    if equal is None:
        newer = " and ".join(f"{selected.package.nevra} ({selected.tier})" for selected in rivals)
        verb = "is" if len(rivals) == 1 else "are"
        return f"older: {newer} {verb} newer" if rivals else "no copy of it was selected"
    if equal.tier == copy.tier:
        return f"double: {equal.package.file} is the same version in the same tier"
    return f"less trusted: {equal.tier} has the same version and stands before {copy.tier} in [[tiers]]"


def unknown_package(pattern: str, copies: Iterable[TierPackage]) -> str:
    """Return the message for a pattern that matches no copy, with the nearest names."""
    near = get_close_matches(pattern, sorted({copy.package.name for copy in copies}), n=3)
    return f"{pattern}: no tier has such a package" + (f"; did you mean {' or '.join(near)}?" if near else "")


def format_verdicts(verdicts: Iterable[SelectionVerdict]) -> str:
    """Return the verdicts as lines, a heading for each name and architecture."""
    lines, heading = [], ""
    for verdict in verdicts:
        package = verdict.copy.package
        if (title := f"{package.name}.{package.arch}") != heading:
            lines.append(title)
            heading = title
        mark = "*" if verdict.picked else "-"
        lines.append(f"  {mark} {package.evr} in {verdict.copy.tier}: {verdict.rule}")
        lines.append(f"      {package.file}")
    return "\n".join(map(escape_line, lines))  # of a refused copy nobody vouches for a word
