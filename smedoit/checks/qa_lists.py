"""Lists of what was verified, text to records: TOML and CSV by hand, CSV and JSON as Bugzilla saves them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from smedoit.checks.qa import Bug, Lists, Record
from smedoit.config.release import parsed
from smedoit.config.schema import build, demand
from smedoit.errors import ContentError

Reader = Callable[[str, Path], Iterable[Record | Bug]]
COLUMNS = ("package", "bug", "who", "when")
FORMATS = (
    "a list is TOML with [[verified]], CSV with the columns package, bug, who, when, or a Bugzilla query saved as CSV"
    " (bug_id, bug_status, …) or JSON (as rest/bug gives it)"
)


@dataclass(frozen=True)
class Verified:
    """One [[verified]] entry: a package with its version, the bug, who verified it, and when."""

    package: str
    bug: int
    who: str
    when: datetime

    def __post_init__(self) -> None:
        demand(self.package.strip(), "package", "name a package and its version")
        demand(self.who.strip(), "who", "say who verified it")


@dataclass(frozen=True)
class TomlList:
    """A whole TOML list."""

    verified: tuple[Verified, ...] = ()


def lists(texts: Mapping[Path, str]) -> Lists:
    """Return what all lists say together, file -> text. Raises ContentError or ConfigError naming file and place.

    A bug that stands in several files counts as the last of them has it.
    """
    records: list[Record] = []
    bugs: dict[int, Bug] = {}
    for file, text in texts.items():
        for one in read_whole(of_kind(file), text, file):
            if isinstance(one, Record):
                records.append(one)
            else:
                bugs[one.number] = one
    return Lists(tuple(records), bugs)


def read_whole(reader: Reader, text: str, file: Path) -> list[Record | Bug]:
    """Return all that a list says."""
    try:
        return list(reader(text, file))
    except csv.Error as error:
        raise ContentError(f"{file}: is not CSV, {error}", hint=FORMATS) from None


def of_kind(file: Path) -> Reader:
    """Return the reader for a file by its suffix."""
    readers: dict[str, Reader] = {".toml": from_toml, ".csv": from_csv, ".json": from_json}
    if file.suffix not in readers:
        raise ContentError(f"{file}: is no list of verified packages by its name", hint=FORMATS)
    return readers[file.suffix]


def from_toml(text: str, file: Path) -> Iterator[Record]:
    """Yield the records of a TOML list."""
    for one in build(TomlList, parsed(text, file), file).verified:
        yield Record(one.package, str(one.bug), one.who, f"{one.when:%Y-%m-%d}", file.name)


def from_csv(text: str, file: Path) -> Iterator[Record | Bug]:
    """Yield the records of a CSV list, or the bugs of a Bugzilla query saved as CSV."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), skipinitialspace=True)
    columns = [column.strip().lower() for column in rows.fieldnames or ()]
    rows.fieldnames = columns
    if set(COLUMNS) <= set(columns):
        yield from (record(row, file, rows.line_num) for row in rows if any(row.values()))
    elif "bug_id" in columns and {"bug_status", "status"} & set(columns):
        yield from (bug(row, f"{file}, line {rows.line_num}") for row in rows if any(row.values()))
    else:
        raise ContentError(
            f"{file}: its first line names the columns {', '.join(columns) or 'of nothing'}", hint=FORMATS
        )


def record(row: Mapping[str, Any], file: Path, line: int) -> Record:
    """Return the record of one line."""
    values = {column: str(row[column] or "").strip() for column in COLUMNS}
    lacking = [column for column in ("package", "who", "when") if not values[column]]
    if lacking:
        raise ContentError(f"{file}: line {line} does not say {' and '.join(lacking)}", hint="complete the line")
    if not values["bug"].isdecimal():
        raise ContentError(
            f"{file}: line {line}: the bug {values['bug']!r} is no number", hint="write the number alone"
        )
    return Record(**values, file=file.name)


def from_json(text: str, file: Path) -> Iterator[Bug]:
    """Yield the bugs of a Bugzilla query saved as JSON."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ContentError(f"{file}: is not JSON, {error}", hint="save the query again") from None
    found = document.get("bugs") if isinstance(document, dict) else document
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ContentError(f"{file}: holds no list of bugs", hint=FORMATS)
    for number, one in enumerate(found, 1):
        yield bug(one, f"{file}, bug {number} of the list")


def bug(row: Mapping[str, Any], place: str) -> Bug:
    """Return one bug; the names of the fields are Bugzilla's, by its CSV or by its REST interface."""
    number = first(row, "bug_id", "id")
    status = first(row, "bug_status", "status")
    if not number.isdecimal() or not status:
        raise ContentError(f"{place}: has no number or no status", hint="save the query with both")
    return Bug(
        int(number), status, first(row, "qa_contact", "assigned_to"), first(row, "changeddate", "last_change_time")[:10]
    )


def first(row: Mapping[str, Any], *names: str) -> str:
    """Return the first value that is there, as text."""
    return next((str(row[name]).strip() for name in names if row.get(name)), "")
