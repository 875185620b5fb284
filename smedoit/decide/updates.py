"""What a `yum update` after the first boot would fetch: newer copies of what is on the medium, and who obsoletes it.

The packages come as a libsolv pool: the medium is one repository of it, the tiers that are not
staged and upstream's mirrors are the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


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
