"""Files that change their places all at once: a record is written first, links are made, removals come last.

Until the record says that all links are there, whoever finds it undoes them; from then on,
whoever finds it goes on. So a kill at any moment leaves the old state or the new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from smedoit.errors import PackageError, TreeError, grouped
from smedoit.medium_paths import UNDER_WAY
from smedoit.runtime import digests, files

FORMAT = 1
LINKING, REMOVING, DONE = "linking", "removing", "done"


@dataclass(frozen=True)
class Link:
    """One file that appears at target; both paths as they are named in the lock, relative to the build root."""

    source: str
    target: str
    sha256: str


@dataclass(frozen=True)
class Removal:
    """One file that disappears, if it still is what it was, and if the same content still lies at kept."""

    path: str
    sha256: str
    kept: str


@dataclass(frozen=True)
class Record:
    """What is done, and when; its name sorts by time.

    what      for people: "promotion from smetest to smeupdates-testing"
    packages  NEVRAs
    undoes    name of the record that this one takes back, "" for none
    """

    name: str
    what: str
    when: str
    who: str
    packages: tuple[str, ...]
    links: tuple[Link, ...]
    removals: tuple[Removal, ...]
    undoes: str = ""
    state: str = LINKING
    format: int = field(default=FORMAT)


def dumps(record: Record) -> str:
    """Return a record as JSON that people can read."""
    return json.dumps(asdict(record), indent=1, ensure_ascii=False) + "\n"


def load(path: Path) -> Record:
    """Return a record from its file. Raises TreeError, PackageError if it is none of this format."""
    try:
        found: dict[str, Any] = json.loads(files.read_text(path))
        links = tuple(Link(**one) for one in found.pop("links"))
        removals = tuple(Removal(**one) for one in found.pop("removals"))
        record = Record(links=links, removals=removals, packages=tuple(found.pop("packages")), **found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageError(
            f"{path}: is not the record of a promotion, {error!r}", hint="move it out of the way"
        ) from None
    if record.format != FORMAT:
        raise PackageError(f"{path}: is a record of format {record.format}, not {FORMAT}", hint="use a newer smedoit")
    return record


def done(records: Path) -> list[Record]:
    """Return the records of what was done, the oldest first. Raises PackageError for one that cannot be read."""
    try:
        names = sorted(os.listdir(records))
    except FileNotFoundError:
        return []
    return [load(records / name) for name in names if name[:1].isdigit() and name.endswith(".json")]


def last(records: Path) -> Record | None:
    """Return the last record that was not taken back yet, None if there is none."""
    every = done(records)
    undone = {one.undoes for one in every}
    return next((one for one in reversed(every) if not one.undoes and one.name not in undone), None)


def carry_out(record: Record, root: Path, records: Path) -> list[str]:
    """Do what record says, all of it or nothing; return remarks. Raises PackageError, TreeError."""
    refuse_blocked(record, root)
    note(record, records)
    try:
        for one in record.links:
            files.link(root / one.source, root / one.target)
        refuse_changed(record, root)
        files.sync_directories({(root / one.target).parent for one in record.links})
    except (TreeError, PackageError):
        take_back(record, root, records)
        raise
    return finish(replace(record, state=REMOVING), root, records)


def finish(record: Record, root: Path, records: Path) -> list[str]:
    """Remove what goes, once all links are there, and close the record; return remarks about what stays."""
    note(record, records)
    kept = [one.path for one in record.removals if not removed(one, root)]
    files.sync_directories({(root / one.path).parent for one in record.removals})
    files.write(records / f"{record.name}.json", dumps(replace(record, state=DONE)))
    files.remove(records / UNDER_WAY)
    return [f"{path} was changed meanwhile and stays" for path in kept]


def note(record: Record, records: Path) -> None:
    """Write down how far a record is, so that it survives whatever comes."""
    files.write(records / UNDER_WAY, dumps(record))
    files.sync_directories({records})


def removed(one: Removal, root: Path) -> bool:
    """Remove a file, unless it is not what it was, or the last of its kind; return whether it is gone."""
    path = root / one.path
    if path.exists() and (digests.sha256(path) != one.sha256 or not (root / one.kept).is_file()):
        return False
    files.remove(path)
    return True


def take_back(record: Record, root: Path, records: Path) -> None:
    """Remove the links that were made, and forget the record: everything is as it was."""
    for one in record.links:
        target = root / one.target
        files.remove(target.with_name(target.name + files.BESIDE))
        if target.exists() and (root / one.source).exists():
            files.remove(target)
    files.remove(records / UNDER_WAY)


def recover(root: Path, records: Path) -> str:
    """Finish or take back what a kill interrupted; return what was done, in words, "" if there was nothing."""
    path = records / UNDER_WAY
    if not path.exists():
        return ""
    record = load(path)
    if record.state == LINKING:
        take_back(record, root, records)
        return f"the {record.what} of {record.when} was interrupted: it is taken back, everything is as it was before"
    remarks = finish(record, root, records)
    return "; ".join([f"the {record.what} of {record.when} was interrupted: it is finished now", *remarks])


def refuse_blocked(record: Record, root: Path) -> None:
    """Raise PackageError if a place is taken, or a file that must be there is not."""
    complaints: dict[str, list[str]] = {}
    for one in record.links:
        if (root / one.target).exists() or (root / one.target).is_symlink():
            complaints.setdefault("is there already", []).append(one.target)
        if not (root / one.source).is_file():
            complaints.setdefault("is not there any more", []).append(one.source)
    arriving = {one.target for one in record.links}
    for gone in record.removals:
        for path in {gone.path, gone.kept} - arriving:
            if not (root / path).is_file():
                complaints.setdefault("is not there any more", []).append(path)
    raise_if_any(record, complaints)


def refuse_changed(record: Record, root: Path) -> None:
    """Raise PackageError if a file that was linked is not what it was."""
    changed = [one.source for one in record.links if digests.sha256(root / one.target) != one.sha256]
    raise_if_any(record, {"has other content than when it was checked": changed} if changed else {})


def raise_if_any(record: Record, complaints: Mapping[str, Sequence[str]]) -> None:
    """Raise PackageError with what keeps a record from being carried out."""
    if complaints:
        raise PackageError(
            f"the {record.what} cannot be done, nothing has changed\n{grouped(complaints)}",
            hint="look again, then retry",
        )


def inverse(record: Record, name: str, when: str, who: str) -> Record:
    """Return the record that takes record back."""
    links = tuple(Link(one.kept, one.path, one.sha256) for one in record.removals)
    removals = tuple(Removal(one.target, one.sha256, one.source) for one in record.links)
    return Record(name, f"undo of the {record.what}", when, who, record.packages, links, removals, record.name)
