# SPDX-License-Identifier: GPL-3.0-or-later
"""What a `yum update` after the first boot would fetch: newer copies of what is on the medium, and who obsoletes it.

The packages come as a libsolv pool: the medium is one repository of it, the tiers that are not
staged and upstream's mirrors are the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from smedoit.checks import module_filter
from smedoit.checks.closure import PRIMARY, Places, load_pool
from smedoit.checks.result import CheckResult, report_check
from smedoit.config.checks import UpdatesSettings
from smedoit.errors import format_count, format_grouped
from smedoit.repodata import read
from smedoit.repodata.inputs import MEDIUM, MediumMetadata, RepoReader, RepoSource
from smedoit.repodata.requirements import packages_obsoleting


@dataclass(frozen=True)
class AvailableUpdate:
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


def find_updates(pool: Any, medium: str) -> list[AvailableUpdate]:
    """Return every update of the medium's packages, by source in the order of the pool, then by name."""
    considered = set(pool.get_considered_list())  # all, or what modules do not hide
    held = _newest_by_name(
        solvable for solvable in pool.solvables_iter() if solvable.repo.name == medium and solvable.id in considered
    )
    others = [solvable for solvable in pool.solvables_iter() if solvable.repo.name != medium and solvable.installable()]
    newer: dict[tuple[int, str, str], tuple[Any, Any]] = {}
    for solvable in others:
        for old in held.get(solvable.name, ()):
            key = solvable.repo.id, solvable.name, old.arch
            if _is_update_of(solvable, old) and (key not in newer or solvable.evrcmp(newer[key][0]) > 0):
                newer[key] = solvable, old
    found = [
        AvailableUpdate(new.repo.name, new.name, str(new), str(old))
        for _, (new, old) in sorted(newer.items(), key=_update_sort_key)
    ]
    gone = (
        AvailableUpdate(new.repo.name, new.name, str(new), str(old), True)
        for new, old in _obsoleting_packages(pool, medium, held)
    )
    return list(dict.fromkeys([*found, *gone]))


def _update_sort_key(item: tuple[tuple[int, str, str], object]) -> tuple[int, str, str]:
    """Sort by repository, name, architecture."""
    return item[0]


def _newest_by_name(packages: Iterable[Any]) -> dict[str, list[Any]]:
    """Return name -> its newest package of each architecture."""
    best: dict[tuple[str, str], Any] = {}
    for solvable in packages:
        key = solvable.name, solvable.arch
        if key not in best or solvable.evrcmp(best[key]) > 0:
            best[key] = solvable
    found: dict[str, list[Any]] = {}
    for (name, _), solvable in best.items():
        found.setdefault(name, []).append(solvable)
    return found


def _is_update_of(new: Any, old: Any) -> bool:
    """Return whether yum would update old to one; a package may become noarch, or cease to be."""
    return (new.arch == old.arch or "noarch" in (new.arch, old.arch)) and new.evrcmp(old) > 0


def _obsoleting_packages(pool: Any, medium: str, held: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield (package, the one on the medium that it obsoletes); a newer copy of the medium's own is no news."""
    for old in (solvable for several in held.values() for solvable in several):
        for new in packages_obsoleting(pool, old):
            if new.repo.name != medium and new.name not in held and new.installable():
                yield new, old


def explain_updates(found: Sequence[AvailableUpdate], explanations: Mapping[str, str]) -> CheckResult:
    """Return the updates as a result: an explanation waives what it names.

    explanations  NAME or SOURCE/NAME, both may be globs -> why the medium stays behind
    """
    patterns = {update: _matching_pattern(update, explanations) for update in found}
    failures = [update for update, pattern in patterns.items() if not pattern]
    return CheckResult(
        name="updates",
        summary=f"{format_count(len(failures), 'package')} of the medium outdated"
        if failures
        else "a yum update after the first boot fetches nothing",
        failures=tuple(map(str, failures)),
        fix="promote the newer ones, or say in [updates] explained of release.toml why the medium stays behind",
        waivers=tuple(
            (f"{update} ({update.source})", explanations[pattern]) for update, pattern in patterns.items() if pattern
        ),
        unused=tuple(f"[updates] explained {entry!r}" for entry in explanations if entry not in patterns.values()),
        details=format_grouped(updates_by_source(failures)),
    )


def _matching_pattern(update: AvailableUpdate, patterns: Iterable[str]) -> str:
    """Return the first pattern that means an update, "" if none does."""
    names = update.name, f"{update.source}/{update.name}"
    return next((each for each in patterns if any(fnmatchcase(name, each) for name in names)), "")


def updates_by_source(found: Iterable[AvailableUpdate]) -> dict[str, list[str]]:
    """Return source -> its updates as sentences, for a grouped report."""
    grouped: dict[str, list[str]] = {}
    for update in found:
        grouped.setdefault(f"{update.source} has", []).append(str(update))
    return grouped


def check_updates(
    medium: MediumMetadata,
    tiers: Places,
    mirrors: Places,
    settings: UpdatesSettings,
    is_final: bool,
    reader: RepoReader,
) -> Mapping[str, str]:
    """Say what a `yum update` would fetch after the first boot. A final release may refuse what nobody explained.

    tiers    name and directory of those that are not staged; one that is not there is passed over
    mirrors  the same of upstream's

    Raises PackageError for a mirror that cannot be read, CheckError for a final release with unexplained updates.
    """
    arch, fact_cache = reader.arch, reader.fact_cache
    pool = load_pool(medium.repositories, PRIMARY, arch, fact_cache)
    present = [(name, place) for name, place in tiers if place.is_dir()]
    for name, place in [*present, *mirrors]:
        with read.plain_metadata(RepoSource(name, place, arch), PRIMARY, fact_cache) as files:
            read.load_repositories(pool, {name: files})
    module_filter.hide_after_installation(
        pool, medium, [RepoSource(name, place, arch) for name, place in [*present, *mirrors]]
    )
    result = explain_updates(find_updates(pool, MEDIUM), settings.explained)
    missing = tuple(f"not checked: {place}, it is not there" for name, place in tiers if (name, place) not in present)
    return report_check(replace(result, notes=missing), blocks=is_final and settings.final == "fail")
