# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two sets of packages and their changelogs: updated, added, removed, and which bugs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from smedoit.package import Evr
from smedoit.rpm.changelog import ChangelogEntry, bug_numbers, strip_dist_tag

KINDS = ("updated", "added", "removed", "downgraded")
OTHERS = "Other packages"
CATALOG = re.compile(r"(?:^|/)(?P<language>[^/]+)/LC_MESSAGES/anaconda\.mo$")


@dataclass(frozen=True)
class PackageChange:
    """What happened to the packages of one name.

    before, after  versions as text, "" where there was or is none
    entries        what the changelog says between them
    gap            whether the changelog does not reach back to before
    """

    kind: str
    name: str
    before: str
    after: str
    entries: tuple[ChangelogEntry, ...] = ()
    gap: bool = False


@dataclass(frozen=True)
class InstallerChanges:
    """What happened to the installer itself.

    anaconda   our build of it, None if it is the same or the last release is not known
    files      kind of change -> paths in product.img and updates.img, sorted
    languages  kind of change -> languages of its translations, sorted
    """

    anaconda: PackageChange | None = None
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    languages: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.anaconda or self.files or self.languages)


UNCHANGED = InstallerChanges()


@dataclass(frozen=True)
class PackageSet:
    """The packages of one release.

    versions    name -> newest version
    changelogs  name -> entries, newest first; only of those that changed, and where the package is at hand
    """

    versions: Mapping[str, Evr]
    changelogs: Mapping[str, Sequence[ChangelogEntry]] = field(default_factory=dict)


@dataclass(frozen=True)
class ChangeReport:
    """All changes: group -> changes by name; bug number -> names of packages, in order of the number."""

    groups: Mapping[str, Sequence[PackageChange]]
    bugs: Mapping[int, Sequence[str]] = field(default_factory=dict)
    installer: InstallerChanges = UNCHANGED

    def count(self, kind: str) -> int:
        """Return how many packages a kind of change has."""
        return sum(change.kind == kind for changes in self.groups.values() for change in changes)


def bare_evr(evr: Evr) -> Evr:
    """Return evr without epoch and dist tag, as changelog headers have it."""
    return strip_dist_tag(Evr(0, evr.version, evr.release))


def changed_packages(before: Mapping[str, Evr], after: Mapping[str, Evr]) -> dict[str, str]:
    """Return name -> kind of change, for every package that is not the same in both."""
    kinds = {name: "added" for name in after if name not in before}
    kinds |= {name: "removed" for name in before if name not in after}
    both = (name for name in after if name in before and after[name] != before[name])
    return kinds | {name: "updated" if after[name] > before[name] else "downgraded" for name in both}


def entries_between(
    entries: Sequence[ChangelogEntry], before: Evr, known: Sequence[ChangelogEntry] = ()
) -> tuple[tuple[ChangelogEntry, ...], bool]:
    """Return (the entries that came after a version, whether the changelog does not reach back to it).

    known  the changelog of the version before, where it is at hand: an entry that it has is not new
    """
    seen = {(entry.time, entry.text) for entry in known}
    new_entries: list[ChangelogEntry] = []
    for entry in entries:
        evr = entry.evr
        if (entry.time, entry.text) in seen or (evr is not None and not bare_evr(evr) > bare_evr(before)):
            return tuple(new_entries), False
        new_entries.append(entry)
    return tuple(new_entries), True


def report_changes(
    before: PackageSet,
    after: PackageSet,
    groups: Mapping[str, Sequence[str]],
    bugs: Sequence[str],
    installer: InstallerChanges = UNCHANGED,
) -> ChangeReport:
    """Return what happened between two sets of packages.

    before     what its changelogs say is not new
    groups     group's name -> package names; a package stands in the first group that lists it
    bugs       regular expressions with one group
    installer  what happened to the installer; bugs that its changelog names count, too
    """
    group_of = {name: group for group in reversed(list(groups)) for name in groups[group]}
    sorted_changes: dict[str, list[PackageChange]] = {group: [] for group in [*groups, OTHERS]}
    for name, kind in sorted(changed_packages(before.versions, after.versions).items()):
        sorted_changes[group_of.get(name, OTHERS)].append(compare_package(name, kind, before, after))
    found = {group: tuple(_sort_changes(changes)) for group, changes in sorted_changes.items() if changes}
    every_change = [change for changes in found.values() for change in changes] + (
        [installer.anaconda] if installer.anaconda else []
    )
    return ChangeReport(found, _packages_by_bug(every_change, bugs), installer)


def compare_package(name: str, kind: str, before: PackageSet, after: PackageSet) -> PackageChange:
    """Return one change, with the entries between where there are two versions."""
    old, new = (str(packages.versions[name]) if name in packages.versions else "" for packages in (before, after))
    if kind != "updated":
        return PackageChange(kind, name, old, new)
    entries, gap = entries_between(
        after.changelogs.get(name, ()), before.versions[name], before.changelogs.get(name, ())
    )
    return PackageChange(kind, name, old, new, entries, gap and bool(after.changelogs.get(name)))


def _sort_changes(changes: Iterable[PackageChange]) -> list[PackageChange]:
    """Return changes by kind, then by name."""
    return sorted(changes, key=lambda change: (KINDS.index(change.kind), change.name))


def overlay_changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[dict[str, list[str]], ...]:
    """Return what happened to the files of the overlay images, and to the languages: kind of change -> names, sorted.

    before, after  path in the installer -> content
    """
    files: dict[str, list[str]] = {}
    languages: dict[str, list[str]] = {}
    for path in sorted({*before, *after}):
        if before.get(path) == after.get(path):
            continue
        kind = "updated" if path in before and path in after else "added" if path in after else "removed"
        found = CATALOG.search(path)
        into, name = (languages, found["language"]) if found else (files, path)
        into.setdefault(kind, []).append(name)
    return files, languages


def _packages_by_bug(changes: Iterable[PackageChange], patterns: Sequence[str]) -> dict[int, Sequence[str]]:
    """Return bug number -> packages whose new entries name it, in order of the number."""
    found: dict[int, set[str]] = {}
    for change in changes:
        for number in bug_numbers("\n".join(entry.text for entry in change.entries), patterns):
            found.setdefault(number, set()).add(change.name)
    return {number: tuple(sorted(found[number])) for number in sorted(found)}
