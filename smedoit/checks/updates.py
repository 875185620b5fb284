"""What a `yum update` after the first boot would fetch: newer copies of what is on the medium, and who obsoletes it.

The packages come as a libsolv pool: the medium is one repository of it, the tiers that are not
staged and upstream's mirrors are the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from smedoit.checks.closure import MEDIUM, PRIMARY, Places, loaded
from smedoit.config.checks import Updates
from smedoit.errors import PackageError, grouped
from smedoit.repodata import read
from smedoit.repodata.read import Source
from smedoit.runtime import progress


@dataclass(frozen=True)
class Update:
    """A package that would come in the place of one on the medium, and where it lies.

    held  NEVRA of the package on the medium
    """

    source: str
    name: str
    newer: str
    held: str
    obsoletes: bool = False

    def __str__(self) -> str:
        return f"{self.newer} obsoletes {self.held}" if self.obsoletes else f"{self.newer} is newer than {self.held}"


@dataclass(frozen=True)
class Judgement:
    """Updates without an explanation, those with one, and the explanations of nothing."""

    open: tuple[Update, ...]
    explained: tuple[tuple[Update, str], ...]
    unused: tuple[str, ...]


def behind(pool: Any, medium: str) -> list[Update]:
    """Return every update of the medium's packages, by source in the order of the pool, then by name."""
    held = newest(one for one in pool.solvables_iter() if one.repo.name == medium)
    others = [one for one in pool.solvables_iter() if one.repo.name != medium and one.installable()]
    newer: dict[tuple[int, str, str], tuple[Any, Any]] = {}
    for one in others:
        for old in held.get(one.name, ()):
            key = one.repo.id, one.name, old.arch
            if replaces(one, old) and (key not in newer or one.evrcmp(newer[key][0]) > 0):
                newer[key] = one, old
    found = [Update(one.repo.name, one.name, str(one), str(old)) for _, (one, old) in sorted(newer.items(), key=order)]
    gone = (Update(one.repo.name, one.name, str(one), str(old), True) for one, old in obsoleting(pool, medium, held))
    return list(dict.fromkeys([*found, *gone]))


def order(item: tuple[tuple[int, str, str], object]) -> tuple[int, str, str]:
    """Sort by repository, name, architecture."""
    return item[0]


def newest(packages: Iterable[Any]) -> dict[str, list[Any]]:
    """Return name -> its newest package of each architecture."""
    best: dict[tuple[str, str], Any] = {}
    for one in packages:
        key = one.name, one.arch
        if key not in best or one.evrcmp(best[key]) > 0:
            best[key] = one
    found: dict[str, list[Any]] = {}
    for (name, _), one in best.items():
        found.setdefault(name, []).append(one)
    return found


def replaces(one: Any, old: Any) -> bool:
    """Return whether yum would update old to one; a package may become noarch, or cease to be."""
    return (one.arch == old.arch or "noarch" in (one.arch, old.arch)) and one.evrcmp(old) > 0


def obsoleting(pool: Any, medium: str, held: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield (package, the one on the medium that it obsoletes); a newer copy of the medium's own is no news."""
    import solv

    for old in (one for several in held.values() for one in several):
        for one in pool.whatmatchessolvable(solv.SOLVABLE_OBSOLETES, old):
            if one.repo.name != medium and one.name not in held and one.installable():
                yield one, old


def judge(found: Sequence[Update], explanations: Mapping[str, str]) -> Judgement:
    """Return which updates are explained; a pattern is NAME or SOURCE/NAME, both may be globs."""
    why = {one: explanation(one, explanations) for one in found}
    used = {pattern for pattern in why.values() if pattern}
    return Judgement(
        tuple(one for one, pattern in why.items() if not pattern),
        tuple((one, explanations[pattern]) for one, pattern in why.items() if pattern),
        tuple(pattern for pattern in explanations if pattern not in used),
    )


def explanation(one: Update, patterns: Iterable[str]) -> str:
    """Return the first pattern that means an update, "" if none does."""
    names = one.name, f"{one.source}/{one.name}"
    return next((each for each in patterns if any(fnmatchcase(name, each) for name in names)), "")


def by_source(found: Iterable[Update]) -> dict[str, list[str]]:
    """Return source -> its updates as sentences, for a grouped report."""
    grouped: dict[str, list[str]] = {}
    for one in found:
        grouped.setdefault(f"{one.source} has", []).append(str(one))
    return grouped


def updates(
    tree_root: Path, tiers: Places, mirrors: Places, settings: Updates, is_final: bool, memory: Path, arch: str
) -> Mapping[str, str]:
    """Say what a `yum update` would fetch after the first boot. A final release may refuse what nobody explained.

    tiers    name and directory of those that are not staged; one that is not there is passed over
    mirrors  the same of upstream's

    Raises PackageError for a mirror that cannot be read.
    """
    pool = loaded(Source(MEDIUM, tree_root, arch), PRIMARY, arch, memory)
    present = [(name, place) for name, place in tiers if place.is_dir()]
    for name, place in [*present, *mirrors]:
        with read.unpacked(Source(name, place, arch), PRIMARY, memory) as files:
            read.load(pool, {name: files})
    judgement = judge(behind(pool, MEDIUM), settings.explained)
    lines = [f"explained: {one} ({one.source}): {reason}" for one, reason in judgement.explained]
    lines += [
        f"remove from release.toml: [updates] explained {one!r}, nothing answers to it" for one in judgement.unused
    ]
    lines += [f"not looked at: {place}, it is not there" for name, place in tiers if (name, place) not in present]
    return verdict(
        f"{len(judgement.open)} packages of the medium are behind",
        grouped(by_source(judgement.open)),
        "promote the newer ones, or say in [updates] explained of release.toml why the medium stays behind",
        refused=bool(judgement.open) and is_final and settings.final == "fail",
        otherwise=f"a yum update after the first boot fetches nothing{but(len(judgement.explained), 'explained')}",
        lines=lines,
    )


def but(count: int, what: str) -> str:
    """Return the exception to a sentence, "" if there is none."""
    return f", but for {count} {what}" if count else ""


def verdict(
    trouble: str, details: str, hint: str, *, refused: bool, otherwise: str, lines: Sequence[str]
) -> Mapping[str, str]:
    """Return what a gate says, in short and whole; raise PackageError if it stays shut.

    details    the trouble in lines; "" if there is none, and then otherwise is what is said
    lines      what else there is to know
    """
    if refused:
        raise PackageError(f"{trouble}:\n{details}", hint=hint)
    for line in lines:
        progress.note(line)
    if not details:
        return {"did": otherwise, "result": "\n".join([otherwise, *lines])}
    progress.note(f"{trouble}:\n{details}")
    whole = "\n".join([f"{trouble}:", details, f"  hint: {hint}", *lines])
    return {"did": f"WARNING: {trouble}, which the log tells", "result": whole}
