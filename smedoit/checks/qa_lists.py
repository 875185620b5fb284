# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of what was verified, text to records: TOML and CSV by hand, CSV and JSON as Bugzilla saves them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from smedoit.config.schema import SettingsTable, require_value
from smedoit.config.tables import read_settings
from smedoit.errors import ContentError
from smedoit.runtime import foreign

DONE = ("VERIFIED", "CLOSED")


@dataclass(frozen=True)
class VerifiedPackage:
    """One verified package.

    package  NAME-[EPOCH:]VERSION-RELEASE, with or without .ARCH
    when     the day, as the list has it
    """

    package: str
    bug: str
    who: str
    when: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.who}, {self.when}, bug {self.bug}"


@dataclass(frozen=True)
class BugzillaBug:
    """One bug of a saved query."""

    number: int
    status: str
    who: str = ""
    when: str = ""

    @property
    def is_verified(self) -> bool:
        """Whether the bug counts as verified."""
        return self.status.upper() in DONE


@dataclass(frozen=True)
class QaLists:
    """All that the lists of the content tree say."""

    records: tuple[VerifiedPackage, ...] = ()
    bugs: Mapping[int, BugzillaBug] = field(default_factory=dict)


Reader = Callable[[str, Path], Iterable[VerifiedPackage | BugzillaBug]]
COLUMNS = ("package", "bug", "who", "when")
FORMATS = (
    "a list is TOML with [[verified]], CSV with the columns package, bug, who, when, or a Bugzilla query saved as CSV"
    " (bug_id, bug_status, …) or JSON (as rest/bug gives it)"
)


class VerifiedEntry(SettingsTable):
    """One [[verified]] entry: a package with its version, the bug, who verified it, and when."""

    package: str
    bug: int
    who: str
    when: datetime

    def __post_init__(self) -> None:
        require_value(self.package.strip(), "package", "name a package and its version")
        require_value(self.who.strip(), "who", "say who verified it")


class VerifiedList(SettingsTable):
    """A whole TOML list."""

    verified: tuple[VerifiedEntry, ...] = ()


def parse_qa_lists(texts: Mapping[Path, str]) -> QaLists:
    """Return what all lists say together, file -> text. Raises ContentError or ConfigError naming file and place.

    A bug that stands in several files counts as the last of them has it.
    """
    records: list[VerifiedPackage] = []
    bugs: dict[int, BugzillaBug] = {}
    for file, text in texts.items():
        for entry in _read_list(_reader_for_suffix(file), text, file):
            if isinstance(entry, VerifiedPackage):
                records.append(entry)
            else:
                bugs[entry.number] = entry
    return QaLists(tuple(records), bugs)


def _read_list(reader: Reader, text: str, file: Path) -> list[VerifiedPackage | BugzillaBug]:
    """Return all that a list says."""
    try:
        return list(reader(text, file))
    except csv.Error as error:
        raise ContentError(f"{file}: is not CSV, {error}", hint=FORMATS) from None


def _reader_for_suffix(file: Path) -> Reader:
    """Return the reader for a file by its suffix."""
    readers: dict[str, Reader] = {".toml": _read_toml_list, ".csv": _read_csv_list, ".json": _read_json_list}
    if file.suffix not in readers:
        raise ContentError(f"{file}: is not a .toml, .csv or .json list", hint=FORMATS)
    return readers[file.suffix]


def _read_toml_list(text: str, file: Path) -> Iterator[VerifiedPackage]:
    """Yield the records of a TOML list."""
    for entry in read_settings(VerifiedList, text, file).verified:
        yield VerifiedPackage(entry.package, str(entry.bug), entry.who, f"{entry.when:%Y-%m-%d}", file.name)


def _read_csv_list(text: str, file: Path) -> Iterator[VerifiedPackage | BugzillaBug]:
    """Yield the records of a CSV list, or the bugs of a Bugzilla query saved as CSV."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), skipinitialspace=True)
    columns = [column.strip().lower() for column in rows.fieldnames or ()]
    rows.fieldnames = columns
    if set(COLUMNS) <= set(columns):
        yield from (_parse_record(row, file, rows.line_num) for row in rows if any(row.values()))
    elif "bug_id" in columns and {"bug_status", "status"} & set(columns):
        yield from (_parse_bug(row, f"{file}, line {rows.line_num}") for row in rows if any(row.values()))
    else:
        raise ContentError(f"{file}: unknown columns: {', '.join(columns) or 'none'}", hint=FORMATS)


def _parse_record(row: Mapping[str, Any], file: Path, line: int) -> VerifiedPackage:
    """Return the record of one line."""
    values = {column: str(row[column] or "").strip() for column in COLUMNS}
    lacking = [column for column in ("package", "who", "when") if not values[column]]
    if lacking:
        raise ContentError(f"{file}: line {line} does not say {' and '.join(lacking)}", hint="complete the line")
    if foreign.parse_decimal(values["bug"]) is None:
        raise ContentError(f"{file}: line {line}: bug {values['bug']!r} is not a number", hint="write the number alone")
    return VerifiedPackage(**values, file=file.name)


def _read_json_list(text: str, file: Path) -> Iterator[BugzillaBug]:
    """Yield the bugs of a Bugzilla query saved as JSON."""
    try:
        document = foreign.parse_json(text)
    except ValueError as error:
        raise ContentError(f"{file}: is not JSON, {error}", hint="save the query again") from None
    found = document.get("bugs") if isinstance(document, dict) else document
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ContentError(f"{file}: holds no list of bugs", hint=FORMATS)
    for number, row in enumerate(found, 1):
        yield _parse_bug(row, f"{file}, bug {number} of the list")


def _parse_bug(row: Mapping[str, Any], place: str) -> BugzillaBug:
    """Return one bug; the names of the fields are Bugzilla's, by its CSV or by its REST interface."""
    number = _first_value(row, "bug_id", "id")
    status = _first_value(row, "bug_status", "status")
    if foreign.parse_decimal(number) is None or not status:
        raise ContentError(f"{place}: has no number or no status", hint="save the query with both")
    return BugzillaBug(
        int(number),
        status,
        _first_value(row, "qa_contact", "assigned_to"),
        _first_value(row, "changeddate", "last_change_time")[:10],
    )


def _first_value(row: Mapping[str, Any], *names: str) -> str:
    """Return the first value that is there, as text."""
    return next((str(row[name]).strip() for name in names if row.get(name)), "")
