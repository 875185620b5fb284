"""Why a package is on the medium or is not: the rule that decided about each copy of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cmp_to_key

from smedoit.config.packages import Exclusions, Selection, matches
from smedoit.package import Package
from smedoit.packages import select
from smedoit.packages.select import Pick

Winners = Mapping[tuple[str, str], Sequence[Pick]]


@dataclass(frozen=True)
class Copy:
    """One file of a tier; of a refused one, package is what its header claims, unverified.

    rank  of its tier, 0 is the most trusted
    """

    package: Package
    tier: str
    rank: int
    staged: bool = True
    refused: str = ""


@dataclass(frozen=True)
class Verdict:
    """What was decided about a copy, and the rule that decided."""

    copy: Copy
    picked: bool
    rule: str


def selected(copies: Iterable[Copy], words: Sequence[str]) -> list[Copy]:
    """Return the copies that words (names, NEVRAs or globs) mean, by name and architecture, the newest first."""
    meant = [one for one in copies if any(matches(word, one.package) for word in words)]
    return sorted(meant, key=cmp_to_key(in_order))


def in_order(left: Copy, right: Copy) -> int:
    """Order copies by name and architecture, then the newest first, then by the trust in their tier."""
    ours, theirs = (left.package.name, left.package.arch), (right.package.name, right.package.arch)
    if ours != theirs:
        return -1 if ours < theirs else 1
    if verdict := right.package.evr.compare(left.package.evr):
        return verdict
    where, there = (left.rank, left.package.file), (right.rank, right.package.file)
    return (where > there) - (where < there)


def by_slot(picks: Iterable[Pick], arch: str) -> dict[tuple[str, str], list[Pick]]:
    """Return the picks of a medium by the place that they won."""
    found: dict[tuple[str, str], list[Pick]] = {}
    for one in picks:
        found.setdefault(select.slot_of(one.package, arch), []).append(one)
    return found


def judge(copy: Copy, winners: Winners, selection: Selection, arch: str, without: Exclusions) -> Verdict:
    """Return the verdict on a copy; winners are the picks of the whole medium, by_slot()."""
    package = copy.package
    if copy.refused:
        return Verdict(copy, False, f"refused: {copy.refused}")
    if not copy.staged:
        return Verdict(copy, False, f"not staged: release.toml says stage = false for {copy.tier}")
    if rule := select.why_not(package, selection, arch, without):
        return Verdict(copy, False, rule)
    rivals = winners.get(select.slot_of(package, arch), ())
    if any((one.package.file, one.tier) == (package.file, copy.tier) for one in rivals):
        return Verdict(copy, True, chosen(package.name, len(rivals), selection))
    return Verdict(copy, False, beaten(copy, rivals))


def chosen(name: str, count: int, selection: Selection) -> str:
    """Return why a copy is on the medium."""
    allowed = select.keep(name, selection)
    return "newest" if allowed == 1 else f"newest: one of {count}, [packages] several keeps {allowed}"


def beaten(copy: Copy, rivals: Sequence[Pick]) -> str:
    """Return why other copies of the same name and architecture are on the medium instead."""
    equal = next((one for one in rivals if one.package.evr == copy.package.evr), None)
    if equal is None:
        newer = " and ".join(f"{one.package.nevra} ({one.tier})" for one in rivals)
        verb = "is" if len(rivals) == 1 else "are"
        return f"older: {newer} {verb} newer" if rivals else "no copy of it was picked"
    if equal.tier == copy.tier:
        return f"double: {equal.package.file} is the same version in the same tier"
    return f"less trusted: {equal.tier} has the same version and stands before {copy.tier} in [[tiers]]"


def unknown(word: str, copies: Iterable[Copy]) -> str:
    """Return a sentence for a word that means no copy at all."""
    near = get_close_matches(word, sorted({one.package.name for one in copies}), n=3)
    return f"{word}: no tier has such a package" + (f"; did you mean {' or '.join(near)}?" if near else "")


def report(verdicts: Iterable[Verdict]) -> str:
    """Return the verdicts as lines, a heading for each name and architecture."""
    lines, heading = [], ""
    for one in verdicts:
        package = one.copy.package
        if (title := f"{package.name}.{package.arch}") != heading:
            lines.append(title)
            heading = title
        mark = "*" if one.picked else "-"
        lines.append(f"  {mark} {package.evr} in {one.copy.tier}: {one.rule}")
        lines.append(f"      {package.file}")
    return "\n".join(lines)
