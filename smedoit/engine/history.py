# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier runs did and why: each is written down while it goes on, so that a kill leaves what it had done."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from smedoit.errors import SmeError, UsageError
from smedoit.runtime import files, foreign
from smedoit.runtime.state_directory import claim_state_directory

NAME = re.compile(r"([0-9]{6,9})\.jsonl")
FORMAT = 1
KEPT = 200  # runs; those that had nothing to do are not counted, as they leave no file
LARGEST = 16 << 20  # bytes of the file of one run; one that makes everything has 50,000
PASSED, FAILED, NOT_RUN, STOPPED = "passed", "failed", "not run", "was stopped"
CLOCK = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class PastTask:
    """A task of an earlier run.

    began    in seconds since 1970 UTC
    seconds  that it took, None if it never ended
    ended    PASSED, FAILED, NOT_RUN, or STOPPED
    said     what came of it, in one line, or all that it complained of
    result   what a run that was asked for it closed with
    """

    task: str
    reasons: Sequence[str] = ()
    began: float = 0.0
    seconds: float | None = None
    ended: str = STOPPED
    said: str = ""
    result: str = ""


@dataclass(frozen=True)
class PastRun:
    """An earlier run.

    asked  the tasks that somebody typed
    ended  PASSED, FAILED, or STOPPED, which is all that is known of one that a kill or a signal ended
    """

    number: int
    asked: Sequence[str]
    began: float
    seconds: float | None = None
    ended: str = STOPPED
    tasks: Sequence[PastTask] = ()

    @property
    def when(self) -> str:
        """When it began, by the clock of this machine."""
        return time.strftime(CLOCK, time.localtime(self.began))


@dataclass
class RunRecorder:
    """Writes down a run while it goes on; one that comes to nothing leaves no file.

    Nothing in a release depends on it: where it cannot be written, the run goes on without.
    """

    directory: Path
    asked: Sequence[str]
    began: float = field(default_factory=time.time)
    file: Path | None = None
    usable: bool = True

    def begin_task(self, name: str, reasons: Sequence[str]) -> None:
        """Write down that a task begins, and why."""
        self._append({"begins": name, "reasons": list(reasons), "began": round(time.time(), 3)})

    def end_task(self, name: str, ended: str, seconds: float | None, said: str, result: str = "") -> None:
        """Write down how a task ended."""
        known = {"ends": name, "ended": ended, "seconds": seconds and round(seconds, 3), "said": said, "result": result}
        self._append(known)

    def end_run(self, ended: str) -> None:
        """Write down how the run ended, if anything happened in it."""
        if self.file:
            self._append({"ended": ended, "seconds": round(time.time() - self.began, 3)})

    def _append(self, line: Mapping[str, object]) -> None:
        """Add a line; the first one begins the file, and lets the oldest go."""
        if not self.usable:
            return
        lines = [line]
        try:
            if self.file is None:
                claim_state_directory(self.directory.parent)
                self.file = _next_file(self.directory)
                lines.insert(0, {"format": FORMAT, "asked": list(self.asked), "began": round(self.began, 3)})
            with self.file.open("a", encoding="utf-8", errors="backslashreplace") as out:
                out.writelines(f"{json.dumps(each, ensure_ascii=False)}\n" for each in lines)
        except (OSError, SmeError):
            self.usable = False


def _next_file(directory: Path) -> Path:
    """Return the file of a new run; the oldest ones go. Raises OSError, SmeError."""
    files.make_directory(directory)
    there = _list_files(directory)
    for _, old in there[: len(there) + 1 - KEPT]:
        files.remove_file(old)
    last = there[-1][0] if there else 0
    return directory / f"{last + 1:06}.jsonl"


def _list_files(directory: Path) -> list[tuple[int, Path]]:
    """Return (number, file) of each run that was written down, the oldest first. Raises OSError."""
    if not directory.is_dir():
        return []
    found = ((NAME.fullmatch(path.name), path) for path in directory.iterdir())
    return sorted((int(match[1]), path) for match, path in found if match)


def read_history(directory: Path) -> Iterator[PastRun]:
    """Yield the runs that are kept, the latest first; a file that is no such record is passed over."""
    try:
        there = _list_files(directory)
    except OSError:
        there = []
    for number, path in reversed(there[-KEPT:]):
        try:
            with files.open_regular_file(path) as file:
                text = file.read(LARGEST).decode("utf-8", "replace")
            yield _parse_run(number, text.splitlines())
        except (OSError, ValueError, TypeError, LookupError, AttributeError, OverflowError):
            continue


def _parse_run(number: int, lines: Sequence[str]) -> PastRun:
    """Return a run from its lines. Raises what a line that is none of ours raises; a torn last one is nothing."""
    head = foreign.parse_json(lines[0])
    if head["format"] != FORMAT:
        raise ValueError("written by another version")
    tasks: dict[str, dict[str, Any]] = {}
    ended: dict[str, Any] = {}
    for line in lines[1:]:
        try:
            event = foreign.parse_json(line)
        except ValueError:
            break
        if name := event.get("begins"):
            tasks[str(name)] = {"reasons": tuple(map(str, event["reasons"])), "began": float(event["began"])}
        elif name := event.get("ends"):
            seconds = event["seconds"]
            tasks.setdefault(str(name), {}).update(
                {key: str(event[key]) for key in ("ended", "said", "result")},
                seconds=None if seconds is None else float(seconds),
            )
        else:
            ended = {"ended": str(event["ended"]), "seconds": float(event["seconds"])}
    past = tuple(PastTask(task=name, **facts) for name, facts in tasks.items())
    began = float(head["began"])
    time.localtime(began)  # a moment that no clock shows is none of ours
    return PastRun(number, tuple(map(str, head["asked"])), began, tasks=past, **ended)


def find_run(kept: Iterable[PastRun], word: str) -> PastRun:
    """Return the run that a typed number means. Raises UsageError for one that is not kept."""
    there = {past.number: past for past in kept}
    number = foreign.parse_decimal(word)
    if number not in there:
        known = f"there are {min(there)} to {max(there)}" if there else "none of this release is kept yet"
        raise UsageError(f"there is no run {word}; {known}", hint="history shows them")
    return there[number]


def run_facts(run: PastRun) -> dict[str, object]:
    """Return a run for machines."""
    return {**asdict(run), "when": run.when}
