# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two releases, decided from what was read of them; text and JSON of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from smedoit.errors import format_count
from smedoit.package import Evr

FORMAT = 1
ADDED, REMOVED, UP, DOWN, REBUILT, CHANGED = "added", "removed", "up", "down", "rebuilt", "changed"
WHAT = (ADDED, REMOVED, UP, DOWN, REBUILT, CHANGED)
PACKAGES, FILES, BOOT, LABEL, BYTES = "packages", "files", "boot records", "label", "bytes"
OPENED = "the files in it are listed below"
PACKED = "packed otherwise, the files in it are the same"


@dataclass(frozen=True)
class ComparedPackage:
    """A package as a comparison sees it."""

    name: str
    evr: Evr
    arch: str
    sha256: str


@dataclass(frozen=True)
class ComparedSide:
    """What lies on one side of a comparison; None stands for what this kind of place cannot tell.

    kind        lock, tree or ISO
    files       path -> digest of all that is no package
    off_medium  the files of a tree that never go on a medium
    images      path of an image -> path in it -> digest
    boot        what firmware finds, by its name
    label       of the medium, "" where nobody says it
    digest      SHA-256 of a whole ISO, "" for anything else
    """

    name: str
    kind: str
    packages: tuple[ComparedPackage, ...] = ()
    files: Mapping[str, str] | None = None
    off_medium: frozenset[str] = frozenset()
    images: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    boot: Mapping[str, str] | None = None
    label: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same.

    group         packages, files, boot records, label, bytes, or the path of an image that was looked into
    what          one of WHAT
    before, after how it is on either side, "" where there is nothing to say
    """

    group: str
    what: str
    name: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.before and self.after:
            return f"{self.name}: {self.before} -> {self.after}"
        more = self.before or self.after
        return f"{self.name}: {more}" if more else self.name


def compare_sides(one: ComparedSide, other: ComparedSide) -> list[Difference]:
    """Return all that differs, packages first. Nothing is said of what one of the two cannot tell."""
    found = list(_compare_packages(one.packages, other.packages))
    if one.files is not None and other.files is not None:
        found += _compare_files(one, other)
    if one.boot is not None and other.boot is not None:
        found += _compare_named(BOOT, one.boot, other.boot, shown=True)
    if one.label and other.label and one.label != other.label:
        found.append(Difference(LABEL, CHANGED, "label", one.label, other.label))
    if not found and one.digest and other.digest and one.digest != other.digest:
        words = "the same files, but other bytes: where they lie, times, or what fills up"
        found.append(Difference(BYTES, CHANGED, "whole ISO", words))
    return found


def untold_parts(one: ComparedSide, other: ComparedSide) -> str:
    """Return what was not compared because one side cannot tell, as a sentence; "" if everything was."""
    lacking = [name for name, told in (
        (FILES, one.files is not None and other.files is not None),
        (BOOT, one.boot is not None and other.boot is not None),
        (LABEL, bool(one.label and other.label)),
    ) if not told]  # fmt: skip
    return f"not compared, as one side does not have them: {', '.join(lacking)}" if lacking else ""


def _compare_packages(one: Sequence[ComparedPackage], other: Sequence[ComparedPackage]) -> Iterator[Difference]:
    """Yield what happened to packages: of several versions the newest that is gone and the newest that came are one."""
    before, after = _by_slot(one), _by_slot(other)
    for name, arch in sorted({*before, *after}):
        old, new = before.get((name, arch), []), after.get((name, arch), [])
        gone = [package for package in old if all(package.evr != kept.evr for kept in new)]
        came = [package for package in new if all(package.evr != kept.evr for kept in old)]
        if gone and came:
            was, now = gone.pop(0), came.pop(0)
            yield Difference(PACKAGES, UP if now.evr > was.evr else DOWN, f"{name}.{arch}", str(was.evr), str(now.evr))
        yield from (Difference(PACKAGES, REMOVED, f"{name}.{arch}", str(package.evr)) for package in gone)
        yield from (Difference(PACKAGES, ADDED, f"{name}.{arch}", "", str(package.evr)) for package in came)
        for package in old:
            twins = [kept for kept in new if kept.evr == package.evr]
            if twins and all(kept.sha256 != package.sha256 for kept in twins):
                yield Difference(PACKAGES, REBUILT, f"{name}.{arch}", str(package.evr))


def _by_slot(packages: Iterable[ComparedPackage]) -> dict[tuple[str, str], list[ComparedPackage]]:
    """Return (name, architecture) -> packages, newest first."""
    found: dict[tuple[str, str], list[ComparedPackage]] = {}
    for package in packages:
        found.setdefault((package.name, package.arch), []).append(package)
    return {slot: sorted(some, key=lambda package: package.evr, reverse=True) for slot, some in found.items()}


def _compare_files(one: ComparedSide, other: ComparedSide) -> Iterator[Difference]:
    """Yield what happened to files, and to the files in images that could be looked into on both sides."""
    before, after = _told_files(one, other), _told_files(other, one)
    for difference in _compare_named(FILES, before, after):
        held = [side.images.get(difference.name) for side in (one, other)]
        inner = list(_compare_named(difference.name, held[0], held[1])) if held[0] is not None and held[1] is not None \
            else None  # fmt: skip
        words = "" if inner is None else OPENED if inner else PACKED
        yield Difference(FILES, difference.what, difference.name, words)
        yield from inner or ()


def _told_files(side: ComparedSide, other: ComparedSide) -> Mapping[str, str]:
    """Return the files of one side that the other could have, too."""
    skipped = side.off_medium if side.kind != other.kind else frozenset()
    return {name: digest for name, digest in (side.files or {}).items() if name not in skipped}


def _compare_named(
    group: str, before: Mapping[str, str], after: Mapping[str, str], shown: bool = False
) -> Iterator[Difference]:
    """Yield what happened to named things.

    shown  whether what they are is worth showing; a digest is not
    """
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            what = ADDED if old is None else REMOVED if new is None else CHANGED
            yield Difference(group, what, name, *((old or "", new or "") if shown else ()))


def format_differences(found: Sequence[Difference]) -> list[str]:
    """Return differences as lines, grouped by what they are about."""
    lines = []
    for group in dict.fromkeys(difference.group for difference in found):
        for what in WHAT:
            some = [difference for difference in found if (difference.group, difference.what) == (group, what)]
            if some:
                lines += [f"{group} {what} ({len(some)}):", *(f"  {difference}" for difference in some)]
    return lines


def summarize_differences(found: Sequence[Difference]) -> str:
    """Return how many differences there are of each kind, in one line."""
    if not found:
        return "no difference"
    groups = dict.fromkeys((difference.group, difference.what) for difference in found)
    counts = (
        f"{sum((one.group, one.what) == (group, what) for one in found)} in {group} {what}" for group, what in groups
    )
    return f"{format_count(len(found), 'difference')}: {', '.join(counts)}"


def format_json_differences(one: ComparedSide, other: ComparedSide, found: Sequence[Difference]) -> str:
    """Return the comparison as JSON, one difference a line."""
    sides = [{"name": side.name, "kind": side.kind, "label": side.label} for side in (one, other)]
    head = {"format": FORMAT, "same": not found, "before": sides[0], "after": sides[1]}
    lines = ",\n".join(json.dumps(asdict(difference), ensure_ascii=False) for difference in found)
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "differences": [\n{lines}\n]}}'
