"""What was done to the published tree, and what is under way: records with times and digests, in TARGET/.smedoit.

While a release is being prepared nothing of it can be seen, and it can be forgotten. Once its
record says that it moves, whoever finds it goes on, or takes it back, step by step.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from smedoit.config.publish import PublishSettings
from smedoit.errors import PublishError
from smedoit.publish import moves
from smedoit.publish.channels import OURS
from smedoit.publish.moves import Step
from smedoit.runtime import files

FORMAT = 1
PREPARING, MOVING, UNDOING, DONE, UNDONE = "preparing", "moving", "undoing", "done", "undone"
PRUNE = "prune"  # cannot be undone: what it moved is removed


@dataclass(frozen=True)
class PublishRecord:
    """One change of the published tree.

    name   begins with its number, and sorts by it
    kind   publish, update, move, retire or prune
    place  the release that it is about, below the target
    plan   the digest of the plan, for whoever resumes it
    files  path in the release -> size and SHA-256, as it is afterwards
    gates  each as it was found, in words
    """

    name: str
    kind: str
    place: str
    when: str
    who: str
    state: str = PREPARING
    plan: str = ""
    steps: tuple[Step, ...] = ()
    files: Mapping[str, Any] = field(default_factory=dict)
    gates: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def words(self) -> str:
        """What it is, for people."""
        return f"{self.kind} of {self.place} ({self.when})"


class PublishHistory:
    """The records of one target, and the room where what it will get or has lost lies."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.home = target / OURS
        self.under_way_file = self.home / "under-way.json"
        self.records = self.home / "records"

    def work(self, record: PublishRecord) -> str:
        """Return where the files of a record lie before they appear and after they disappear, below the target."""
        return f"{OURS}/work/{record.name}"

    def begun(self, kind: str, place: str, clock: float) -> PublishRecord:
        """Return a new record, which is not written down yet; clock is in seconds since 1970."""
        number = max((int(name[:4]) for name in self.names()), default=0) + 1
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock))
        return PublishRecord(f"{number:04}-{kind}-{place.replace('/', '-')}", kind, place, when, f"uid {os.getuid()}")

    def names(self) -> list[str]:
        """Return the names of the closed records' files, the oldest first."""
        found = sorted(os.listdir(self.records)) if self.records.is_dir() else []
        return [name for name in found if name[:4].isdigit() and name.endswith(".json")]

    def all(self) -> Iterator[PublishRecord]:
        """Yield every closed record, the newest first."""
        return (_load_record(self.records / name) for name in reversed(self.names()))

    def last(self) -> PublishRecord | None:
        """Return the last record that stands, None if there is none."""
        return next((record for record in self.all() if record.state == DONE), None)

    def under_way(self) -> PublishRecord | None:
        """Return what was begun and not finished, None if there is no such thing."""
        return _load_record(self.under_way_file) if self.under_way_file.exists() else None

    def note(self, record: PublishRecord) -> PublishRecord:
        """Write down how far a record is, so that it survives whatever comes."""
        files.write_file(self.under_way_file, _dump_record(record))
        files.sync_directories({self.home})
        return record

    def carry_out(self, record: PublishRecord) -> None:
        """Do all steps of a record, which may be done in part, and close it."""
        moves.apply_steps(self.target, self.note(replace(record, state=MOVING)).steps)
        self.close(replace(record, state=DONE))

    def take_back(self, record: PublishRecord) -> None:
        """Undo all steps of a record, which may be undone in part, and close it."""
        moves.undo_steps(self.target, self.note(replace(record, state=UNDOING)).steps)
        self.close(replace(record, state=UNDONE))

    def close(self, record: PublishRecord) -> None:
        """Put a record to the others: nothing is under way any more."""
        files.write_file(self.records / f"{record.name}.json", _dump_record(record))
        files.sync_directories({self.records})
        files.remove_file(self.under_way_file)
        self.sweep()

    def forget(self, record: PublishRecord) -> None:
        """Drop a record of which nothing can be seen yet, and all that it prepared."""
        files.remove_directory(self.target / self.work(record))
        files.remove_file(self.under_way_file)

    def sweep(self) -> None:
        """Remove what nobody can ask for any more: all that was set aside, except by the last record that stands."""
        last = self.last()
        kept = {
            os.path.basename(self.work(record))
            for record in (last, self.under_way())
            if record and record.kind != PRUNE
        }
        place = self.home / "work"
        for name in sorted(os.listdir(place)) if place.is_dir() else ():
            if name not in kept:
                files.remove_directory(place / name)

    def resume(self) -> str:
        """Finish what a kill interrupted; return what was done, in words, "" if there was nothing to finish."""
        record = self.under_way()
        if record is None or record.state == PREPARING:
            return ""
        if record.state == UNDOING:
            self.take_back(record)
            return f"the rollback of the {record.words} was interrupted: it is finished now"
        self.carry_out(record)
        return f"the {record.words} was interrupted: it is finished now"

    def undo(self) -> str:
        """Take back what a kill interrupted; return what was done, in words, "" if there was nothing."""
        record = self.under_way()
        if record is None:
            return ""
        if record.state == PREPARING:
            self.forget(record)
        else:
            self.take_back(record)
        return f"the {record.words} was interrupted: it is taken back, everything is as it was before"

    def undoable(self) -> PublishRecord:
        """Return the last record, which can be undone. Raises PublishError if there is none, or it cannot."""
        record = self.last()
        if record is None:
            raise PublishError(f"{self.target}: nothing was published here that could be put back")
        if record.kind == PRUNE:
            raise PublishError(f"the {record.words} cannot be put back: what it removed is gone")
        moved = [step for step in record.steps if not step.is_done(self.target)]
        if moved:
            raise PublishError(
                f"the {record.words} cannot be put back, something was changed since: {moved[0]}",
                hint="look at the records in .smedoit of the target",
            )
        return record


def _dump_record(record: PublishRecord) -> str:
    """Return a record as JSON that people can read."""
    said = {**vars(record), "steps": [moves.step_to_json(step) for step in record.steps], "files": dict(record.files)}
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def _load_record(path: Path) -> PublishRecord:
    """Return a record from its file. Raises FileError, PublishError if it is none of this format."""
    try:
        found: dict[str, Any] = json.loads(files.read_file_text(path))
        steps = tuple(moves.step_from_json(step) for step in found.pop("steps"))
        record = PublishRecord(steps=steps, gates=tuple(found.pop("gates")), **found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError(f"{path}: is not the record of a publish, {error}", hint="move it out of the way") from None
    if record.format != FORMAT:
        raise PublishError(f"{path}: is a record of format {record.format}, not {FORMAT}", hint="use a newer smedoit")
    return record


@contextmanager
def open_publish_history(settings: PublishSettings) -> Iterator[PublishHistory]:
    """Yield the ledger of the target, held alone. Raises PublishError if somebody else is at work there."""
    check_publish_target(settings)
    ledger = PublishHistory(settings.target)
    with files.wrap_os_errors(ledger.home, "made"):
        ledger.home.mkdir(mode=0o700, exist_ok=True)  # mirrors that replicate the target do not see it
    with files.wrap_os_errors(ledger.home, "written"):
        file = (ledger.home / "lock").open("a+")
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PublishError(f"{settings.target}: a publish is under way", hint="wait until it is done") from None
        yield ledger


def check_publish_target(settings: PublishSettings) -> None:
    """Raise PublishError unless the target is there, says that it is one, and can be written."""
    target = settings.target
    if not target.is_dir():
        raise PublishError(f"{target}: the target is not there", hint="correct [publish] target, or make the directory")
    if not (target / settings.marker).is_file():
        raise PublishError(
            f"{target}: has no {settings.marker}, so nothing is ever changed in it",
            hint=f"if this is the tree that mirrors replicate, touch {target / settings.marker}",
        )
    for place in (target, *(target / name for name in ("testing", "obsolete", OURS))):
        if place.exists() and not os.access(place, os.W_OK | os.X_OK):
            raise PublishError(f"{place}: cannot be written", hint="let your user write there")
        if place.exists() and (place.is_symlink() or place.stat().st_dev != target.stat().st_dev):
            raise PublishError(
                f"{place}: lies on another file system than {target}, or is a link",
                hint="a release can only appear at once where all lies on one file system",
            )
