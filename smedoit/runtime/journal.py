# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal of changes to files of value: written down before they are made, finished or taken back after a kill.

A record prepares first: until all of that is done, whoever finds the record undoes it. Then its steps
follow: from there on, whoever finds it goes on. So a kill at any moment leaves the old state or the new one.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from smedoit.errors import FileError, SmeError, format_grouped
from smedoit.runtime import files, foreign, steps
from smedoit.runtime.steps import HardLink, Step, StepRoots

PREPARING, MOVING, UNDOING, DONE, UNDONE = "preparing", "moving", "undoing", "done", "undone"
STATES = (PREPARING, MOVING, UNDOING, DONE, UNDONE)
RECORD_NAME = re.compile(r"[0-9]{4}-[A-Za-z0-9._-]+")  # files and directories are called by it
CLOCK = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class JournalRecord:
    """What is done, and how far it is; features add what they want to know later.

    name     begins with its number, and sorts by it
    when     in UTC, as 2026-11-24T12:00:00Z
    prepare  steps that are undone if they are interrupted: nothing is lost by that
    steps    steps that are gone on with if they are interrupted
    """

    name: str
    when: str
    who: str
    state: str = PREPARING
    prepare: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    format: int = 1

    @property
    def words(self) -> str:
        """What it is, for people."""
        return f"{self.name} of {self.when}"

    @staticmethod
    def upgraded(found: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a record in today's format, from those of an older one."""
        return found

    def refuse_odd_values(self) -> None:
        """Raise ValueError for what no record of ours says: it was found on disk, and anybody may have written it."""
        for known in fields(self):
            value = getattr(self, known.name)
            texts = {"str": (value,), "tuple[str, ...]": value}.get(str(known.type), ())
            if not all(isinstance(text, str) for text in texts):
                raise ValueError(f"{known.name} is {value!r}")
        if not RECORD_NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r}")
        if self.state not in STATES:
            raise ValueError(f"state {self.state!r}")
        time.strptime(self.when, CLOCK)


R = TypeVar("R", bound=JournalRecord)


@dataclass(frozen=True)
class Journal(Generic[R]):
    """The records of changes below some roots.

    kind            the class of its records
    under_way_file  the record of what is being done; it is only there while it is done, or was interrupted
    records         the directory of the closed records
    """

    kind: type[R]
    roots: StepRoots
    under_way_file: Path
    records: Path = field(repr=False)

    def names(self) -> list[str]:
        """Return the names of the closed records' files, the oldest first."""
        found = sorted(os.listdir(self.records)) if self.records.is_dir() else []
        return [name for name in found if foreign.parse_decimal(name[:4]) is not None and name.endswith(".json")]

    def next_number(self) -> int:
        """Return the number of the next record."""
        return max((int(name[:4]) for name in self.names()), default=0) + 1

    def closed(self) -> Iterator[R]:
        """Yield every closed record, the newest first. Raises FileError for one that cannot be read."""
        return (self.load_record(self.records / name) for name in reversed(self.names()))

    def under_way(self) -> R | None:
        """Return what was begun and not finished, None if there is no such thing."""
        return self.load_record(self.under_way_file) if self.under_way_file.exists() else None

    def load_record(self, path: Path) -> R:
        """Return a record from its file. Raises FileError if it is none, or if it names what is not ours."""
        try:
            found: dict[str, Any] = self.kind.upgraded(foreign.parse_json(files.read_file_text(path)))
            parts = {key: tuple(map(steps.step_from_json, found.pop(key, ()))) for key in ("prepare", "steps")}
            for step in (*parts["prepare"], *parts["steps"]):
                steps.check_step_paths(step, self.roots)
            values: dict[str, Any] = {**found, **parts}
            for key, value in values.items():
                values[key] = tuple(value) if isinstance(value, list) else value
            record = self.kind(**values)
            expected = self.kind(name="", when="", who="").format
            if record.format == expected:
                record.refuse_odd_values()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileError(
                f"{path}: is not a record of this journal, {str(error)[:200]}", hint="move it out of the way"
            ) from None
        if record.format != expected:
            raise FileError(
                f"{path}: is a record of format {record.format}, not {expected}",
                hint="use the smedoit that wrote it, or a newer one",
            )
        return record

    def write_down(self, record: R) -> R:
        """Write down how far a record is, so that it survives whatever comes."""
        files.write_file(self.under_way_file, dump_record(record))
        files.sync_directories({self.under_way_file.parent})
        return record

    def carry_out(self, record: R) -> list[str]:
        """Do a record, which may be done in part, and close it; return remarks about what was left.

        Raises SmeError, and everything is as it was before, if it cannot be prepared.
        """
        if record.prepare:
            self._prepare_steps(self.write_down(record))
        return self._finish(record)

    def _finish(self, record: R) -> list[str]:
        remarks = steps.apply_steps(self.roots, self.write_down(replace(record, state=MOVING)).steps)
        self.close(replace(record, state=DONE))
        return remarks

    def _prepare_steps(self, record: R) -> None:
        try:
            steps.apply_steps(self.roots, record.prepare)
            changed = [step for step in record.prepare if not step.is_done(self.roots)]
            if changed:
                names = [step.source if isinstance(step, HardLink) else str(step) for step in changed]
                grouped = format_grouped({"has other content than when it was checked": names})
                raise FileError(
                    f"the {record.words} cannot be done, nothing has changed\n{grouped}", hint="look again, then retry"
                )
        except SmeError:
            self.forget(record)
            raise

    def take_back(self, record: R) -> None:
        """Undo all that a record did, which may be undone in part, and close it."""
        self.write_down(replace(record, state=UNDOING))
        steps.undo_steps(self.roots, (*record.prepare, *record.steps))
        self.close(replace(record, state=UNDONE))

    def close(self, record: R) -> None:
        """Put a record to the others: nothing is under way any more."""
        files.write_file(self.records / f"{record.name}.json", dump_record(record))
        files.sync_directories({self.records})
        files.remove_file(self.under_way_file)

    def forget(self, record: R) -> None:
        """Undo what a record prepared, and drop it: everything is as it was."""
        steps.undo_steps(self.roots, record.prepare)
        files.remove_file(self.under_way_file)

    def resume(self) -> str:
        """Finish what a kill interrupted, or undo what was only prepared; return what was done, "" for nothing."""
        record = self.under_way()
        if record is None:
            return ""
        if record.state == PREPARING:
            return self.undo()
        if record.state == UNDOING:
            self.take_back(record)
            return f"the rollback of the {record.words} was interrupted and is finished now"
        remarks = self._finish(record)
        return "; ".join([f"the {record.words} was interrupted and is finished now", *remarks])

    def undo(self) -> str:
        """Take back what a kill interrupted; return what was done, in words, "" if there was nothing."""
        record = self.under_way()
        if record is None:
            return ""
        if record.state == PREPARING:
            self.forget(record)
        else:
            self.take_back(record)
        return f"the {record.words} was interrupted and is rolled back: everything is as it was before"


def dump_record(record: JournalRecord) -> str:
    """Return a record as JSON that people can read."""
    said = {**vars(record), "steps": [steps.step_to_json(step) for step in record.steps]}
    if record.prepare:
        said["prepare"] = [steps.step_to_json(step) for step in record.prepare]
    else:
        del said["prepare"]
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def utc_time(clock: float) -> str:
    """Return a time in seconds since 1970 as records have it."""
    return time.strftime(CLOCK, time.gmtime(clock))


def current_user() -> str:
    """Return who does something, as records have it."""
    return f"uid {os.getuid()}"
