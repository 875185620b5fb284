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

from smedoit.errors import FileError, PackageError, format_grouped
from smedoit.medium_paths import UNDER_WAY
from smedoit.runtime import digests, files

FORMAT = 1
LINKING, REMOVING, DONE = "linking", "removing", "done"


@dataclass(frozen=True)
class FileLink:
    """One file that appears at target; both paths as they are named in the lock, relative to the build root."""

    source: str
    target: str
    sha256: str


@dataclass(frozen=True)
class FileRemoval:
    """One file that disappears, if it still is what it was, and if the same content still lies at kept."""

    path: str
    sha256: str
    kept: str


@dataclass(frozen=True)
class PromotionRecord:
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
    links: tuple[FileLink, ...]
    removals: tuple[FileRemoval, ...]
    undoes: str = ""
    state: str = LINKING
    format: int = field(default=FORMAT)


def dump_promotion(record: PromotionRecord) -> str:
    """Return a record as JSON that people can read."""
    return json.dumps(asdict(record), indent=1, ensure_ascii=False) + "\n"


def load_promotion(path: Path) -> PromotionRecord:
    """Return a record from its file. Raises FileError, PackageError if it is none of this format."""
    try:
        found: dict[str, Any] = json.loads(files.read_file_text(path))
        links = tuple(FileLink(**entry) for entry in found.pop("links"))
        removals = tuple(FileRemoval(**entry) for entry in found.pop("removals"))
        record = PromotionRecord(links=links, removals=removals, packages=tuple(found.pop("packages")), **found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageError(
            f"{path}: is not the record of a promotion, {error!r}", hint="move it out of the way"
        ) from None
    if record.format != FORMAT:
        raise PackageError(f"{path}: is a record of format {record.format}, not {FORMAT}", hint="use a newer smedoit")
    return record


def list_promotions(records: Path) -> list[PromotionRecord]:
    """Return the records of what was done, the oldest first. Raises PackageError for one that cannot be read."""
    try:
        names = sorted(os.listdir(records))
    except FileNotFoundError:
        return []
    return [load_promotion(records / name) for name in names if name[:1].isdigit() and name.endswith(".json")]


def last_promotion(records: Path) -> PromotionRecord | None:
    """Return the last record that was not taken back yet, None if there is none."""
    every = list_promotions(records)
    undone = {record.undoes for record in every}
    return next((record for record in reversed(every) if not record.undoes and record.name not in undone), None)


def apply_promotion(record: PromotionRecord, root: Path, records: Path) -> list[str]:
    """Do what record says, all of it or nothing; return remarks. Raises PackageError, TreeError."""
    _refuse_blocked(record, root)
    _save_record(record, records)
    try:
        for link in record.links:
            files.link_file(root / link.source, root / link.target)
        _refuse_changed(record, root)
        files.sync_directories({(root / link.target).parent for link in record.links})
    except (FileError, PackageError):
        _roll_back(record, root, records)
        raise
    return _finish_record(replace(record, state=REMOVING), root, records)


def _finish_record(record: PromotionRecord, root: Path, records: Path) -> list[str]:
    """Remove what goes, once all links are there, and close the record; return remarks about what stays."""
    _save_record(record, records)
    kept = [removal.path for removal in record.removals if not _remove_if_unchanged(removal, root)]
    files.sync_directories({(root / removal.path).parent for removal in record.removals})
    files.write_file(records / f"{record.name}.json", dump_promotion(replace(record, state=DONE)))
    files.remove_file(records / UNDER_WAY)
    return [f"{path} was changed meanwhile and stays" for path in kept]


def _save_record(record: PromotionRecord, records: Path) -> None:
    """Write down how far a record is, so that it survives whatever comes."""
    files.write_file(records / UNDER_WAY, dump_promotion(record))
    files.sync_directories({records})


def _remove_if_unchanged(removal: FileRemoval, root: Path) -> bool:
    """Remove a file, unless it is not what it was, or the last of its kind; return whether it is gone."""
    path = root / removal.path
    if path.exists() and (digests.sha256_file(path) != removal.sha256 or not (root / removal.kept).is_file()):
        return False
    files.remove_file(path)
    return True


def _roll_back(record: PromotionRecord, root: Path, records: Path) -> None:
    """Remove the links that were made, and forget the record: everything is as it was."""
    for link in record.links:
        target = root / link.target
        files.remove_file(target.with_name(target.name + files.BESIDE))
        if target.exists() and (root / link.source).exists():
            files.remove_file(target)
    files.remove_file(records / UNDER_WAY)


def recover_promotion(root: Path, records: Path) -> str:
    """Finish or take back what a kill interrupted; return what was done, in words, "" if there was nothing."""
    path = records / UNDER_WAY
    if not path.exists():
        return ""
    record = load_promotion(path)
    if record.state == LINKING:
        _roll_back(record, root, records)
        return f"the {record.what} of {record.when} was interrupted: it is taken back, everything is as it was before"
    remarks = _finish_record(record, root, records)
    return "; ".join([f"the {record.what} of {record.when} was interrupted: it is finished now", *remarks])


def _refuse_blocked(record: PromotionRecord, root: Path) -> None:
    """Raise PackageError if a place is taken, or a file that must be there is not."""
    complaints: dict[str, list[str]] = {}
    for link in record.links:
        if (root / link.target).exists() or (root / link.target).is_symlink():
            complaints.setdefault("is there already", []).append(link.target)
        if not (root / link.source).is_file():
            complaints.setdefault("is not there any more", []).append(link.source)
    arriving = {link.target for link in record.links}
    for gone in record.removals:
        for path in {gone.path, gone.kept} - arriving:
            if not (root / path).is_file():
                complaints.setdefault("is not there any more", []).append(path)
    _raise_if_any(record, complaints)


def _refuse_changed(record: PromotionRecord, root: Path) -> None:
    """Raise PackageError if a file that was linked is not what it was."""
    changed = [link.source for link in record.links if digests.sha256_file(root / link.target) != link.sha256]
    _raise_if_any(record, {"has other content than when it was checked": changed} if changed else {})


def _raise_if_any(record: PromotionRecord, complaints: Mapping[str, Sequence[str]]) -> None:
    """Raise PackageError with what keeps a record from being carried out."""
    if complaints:
        raise PackageError(
            f"the {record.what} cannot be done, nothing has changed\n{format_grouped(complaints)}",
            hint="look again, then retry",
        )


def invert_promotion(record: PromotionRecord, name: str, when: str, who: str) -> PromotionRecord:
    """Return the record that takes record back."""
    links = tuple(FileLink(removal.kept, removal.path, removal.sha256) for removal in record.removals)
    removals = tuple(FileRemoval(link.target, link.sha256, link.source) for link in record.links)
    return PromotionRecord(name, f"undo of the {record.what}", when, who, record.packages, links, removals, record.name)
