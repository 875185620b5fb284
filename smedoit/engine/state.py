# SPDX-License-Identifier: GPL-3.0-or-later
"""doit's memory, honest: one decision for `doit`, `doit list` and `doit why`, saved after each task.

Where doit looks at timestamps of inputs after a task has run, TaskState looks at content
before it, remembers what the task wrote by digest, and keeps its reasons in words.
"""

from __future__ import annotations

import inspect
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from doit.dependency import Dependency, DependencyStatus

from smedoit.config.release import Release
from smedoit.engine import decision
from smedoit.engine.decision import FileState, TaskSnapshot
from smedoit.errors import SmeError
from smedoit.runtime.files import FileStamp, NotRegularError, digest_file, remove_file, stamp_file, write_file
from smedoit.runtime.terminal import escape_text

RACY_NS = 20_000_000  # a file this young may change again without a new timestamp; its digest decides
NO_STAMP = (0, 0, 0)  # of a link: where it leads is all there is to know
NOT_REGULAR = "no regular file"  # stands where the digest would: a pipe would have us wait for ever
SMUDGED = -1  # the mtime we remember for such a file: it never equals a real one


class TaskState(Dependency):  # type: ignore[misc]
    """What every task saw when it last succeeded, and the decision that follows from it.

    A task says in its meta what doit has no words for: "config" (key -> value), "inputs" and
    "outputs" (Files), and "always" (it runs whenever somebody asks for it).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before: dict[str, TaskSnapshot] = {}  # as each task was found, before its action could race
        self.because: dict[str, list[str]] = {}
        self.edited: dict[str, list[str]] = {}

    def get_status(self, task: Any, _tasks: object, get_log: bool = False) -> DependencyStatus:
        """Return doit's status of a task; its reasons are kept in self.because."""
        remembered = self.remembered(task.name)
        now = _take_snapshot(task, remembered or TaskSnapshot())
        self.before[task.name] = now
        why = decision.rerun_reasons(remembered, now, task.targets)
        self.edited[task.name] = decision.edited_outputs(remembered, now)
        self.because[task.name] = [decision.ASKED] if task.meta.get("always") else [*_option_reasons(task), *why]
        status = DependencyStatus(get_log)
        status.status = "run" if self.because[task.name] else "up-to-date"
        task.dep_changed = sorted(task.file_dep)
        return status

    def remembered(self, name: str) -> TaskSnapshot | None:
        """Return what a task saw when it last succeeded, None if it never did."""
        saved = self._get(name, "snapshot:")
        return _unpack_snapshot(saved) if saved else None

    def save_success(self, task: Any, _result_hash: object = None) -> None:
        """Remember, on disk and now, what the task read before it ran and what it wrote."""
        known = self.before.get(task.name) or _take_snapshot(task, TaskSnapshot())
        after = _observe_outputs(task, TaskSnapshot())
        self._set(task.name, "snapshot:", _pack_snapshot(TaskSnapshot(known.config, known.inputs, after)))
        self._set(task.name, "_values_:", task.values)
        self.persist()

    def remove_success(self, task: Any) -> None:
        """Forget a task that failed, on disk and now."""
        super().remove_success(task)
        self.persist()

    def close(self) -> None:
        """Write what is not on disk yet."""
        self.persist()

    def persist(self) -> None:
        """Write down what changed; where that is impossible the run ends, with a sentence, not a traceback."""
        try:
            self.backend.dump()
        except SmeError as error:
            self.backend.dirty.clear()
            raise SystemExit(escape_text(str(error))) from None


def _option_reasons(task: Any) -> list[str]:
    """Return a reason for every option that somebody gave: what it asks for may not have been done yet."""
    given = task.options or {}
    options = (param for param in task.params if given.get(param["name"], param["default"]) != param["default"])
    return [f"{decision.ASKED} with --{param['long']}" for param in options]


def _take_snapshot(task: Any, known: TaskSnapshot) -> TaskSnapshot:
    """Return a task's snapshot of this moment; files with a known stamp are not opened."""
    meta = task.meta
    inputs = dict(_look_at_files(task.file_dep, known.inputs, content=True))
    for files in meta.get("inputs", ()):
        inputs.update(_look_at_files(files.paths(), known.inputs, content=files.content))
    return TaskSnapshot(meta.get("config", {}), inputs, _observe_outputs(task, known))


def _observe_outputs(task: Any, known: TaskSnapshot) -> dict[str, FileState]:
    """Return what there is now of that which the task writes."""
    outputs = dict(_look_at_files(task.targets, known.outputs, content=True))
    for files in task.meta.get("outputs", ()):
        outputs.update(_look_at_files(files.paths(), known.outputs, content=files.content))
    for link in task.meta.get("links", ()):
        if os.path.islink(link):
            outputs[os.fspath(link)] = FileState(NO_STAMP, f"link to {os.readlink(link)}")
    return outputs


def _look_at_files(
    paths: Iterable[str], known: Mapping[str, FileState], content: bool
) -> Iterator[tuple[str, FileState]]:
    """Yield (path, what is there) for every path that is there; an equal stamp means equal content.

    The ctime stays out: tasks link what other tasks have read or written, and what is only looked at is not
    written down, so such a file would be read again by every doit from then on.
    """
    for path in paths:
        before = known.get(path)
        try:
            now = stamp_file(path)
            yield (
                path,
                before
                if before is not None and before.stamp == now.without_ctime
                else _current_file_state(path, now, content),
            )
        except OSError:
            continue


def _current_file_state(path: str, now: FileStamp, content: bool) -> FileState:
    """Return what is there now, read if its content decides. Raises OSError."""
    if not content:
        return FileState(now.without_ctime, "")
    if time.time_ns() - now.mtime_ns < RACY_NS:
        now = now._replace(mtime_ns=SMUDGED)
    try:
        return FileState(now.without_ctime, digest_file(path))
    except NotRegularError:
        return FileState(now.without_ctime, NOT_REGULAR)  # so that the task runs, and says so


def _pack_snapshot(snapshot: TaskSnapshot) -> dict[str, Any]:
    """Return a snapshot as JSON knows it."""
    return {"config": dict(snapshot.config), "inputs": dict(snapshot.inputs), "outputs": dict(snapshot.outputs)}


def _unpack_snapshot(saved: Mapping[str, Any]) -> TaskSnapshot | None:
    """Return a snapshot from JSON, None if it is not one of ours."""
    try:
        parts = [
            {path: FileState(tuple(saved_state[0]), saved_state[1]) for path, saved_state in saved[key].items()}
            for key in ("inputs", "outputs")
        ]
        return TaskSnapshot(saved["config"], *parts)
    except (KeyError, TypeError, IndexError, AttributeError):
        return None


def doit_config(rel: Release, before_run: Sequence[Callable[[], str]] = ()) -> dict[str, Any]:
    """Return DOIT_CONFIG: doit with our memory, our reporter, and `iso` as the default.

    before_run  what is called once no other run is under way and before any task is looked at; each
                returns a line to show, "" for none

    doit offers no setting for the class that decides, so it is put in its place here.
    """
    from doit import cmd_base, loader

    from smedoit.engine.reporter import ConsoleReporter

    cmd_base.Dependency = TaskState
    loader.inspect = _inspect_without_sources(inspect)
    ConsoleReporter.lock_file = rel.cache / "running"
    ConsoleReporter.kept = rel.state / "edited"
    ConsoleReporter.before_run = tuple(before_run)
    return {
        "default_tasks": ["iso"],
        "dep_file": str(rel.state / "tasks"),
        "backend": "directory",
        "reporter": ConsoleReporter,
        "verbosity": 2,
    }


def _inspect_without_sources(inspect: Any) -> SimpleNamespace:
    """Return what doit's loader needs of inspect; the line of a task comes from its code, not from tokenizing dodo.py.

    That alone takes doit longer than all of our own looking around.
    """
    return SimpleNamespace(
        isgenerator=inspect.isgenerator,
        isfunction=inspect.isfunction,
        ismethod=inspect.ismethod,
        getsourcelines=lambda creator: ([], creator.__code__.co_firstlineno),
    )


class StateDirectory:
    """doit's database as one JSON file a task: a torn or foreign one costs that task a run, nothing else.

    Nothing is created before the first success, and nothing is read before it is asked for.
    """

    desc = "one JSON file a task"

    def __init__(self, name: str, **_codec_and_module: object) -> None:
        self.name = name
        self.tasks: dict[str, dict[str, Any]] = {}
        self.dirty: set[str] = set()

    def file(self, task: str) -> Path:
        """Return where a task's state lies."""
        return Path(self.name) / f"{task}.json"

    def load(self, task: str) -> dict[str, Any]:
        """Return a task's state, read at the first call."""
        if task not in self.tasks:
            try:
                state = json.loads(self.file(task).read_bytes())
            except (OSError, ValueError):
                state = {}
            self.tasks[task] = state if isinstance(state, dict) else {}
        return self.tasks[task]

    def get(self, task: str, key: str) -> Any:
        """Return one value of a task's state, None if there is none."""
        return self.load(task).get(key)

    def set(self, task: str, key: str, value: object) -> None:
        """Change one value; it is on disk after dump()."""
        self.load(task)[key] = value
        self.dirty.add(task)

    def in_(self, task: str) -> bool:
        """Return whether anything is known of a task."""
        return bool(self.load(task))

    def remove(self, task: str) -> None:
        """Forget a task."""
        self.tasks[task] = {}
        self.dirty.add(task)

    def remove_all(self) -> None:
        """Forget all tasks."""
        for file in Path(self.name).glob("*.json"):
            self.remove(file.stem)

    def dump(self) -> None:
        """Write what was changed; a state that is empty needs no file."""
        for task in sorted(self.dirty):
            if self.tasks[task]:
                write_file(self.file(task), json.dumps(self.tasks[task], separators=(",", ":")), durable=False)
            else:
                remove_file(self.file(task))
        self.dirty.clear()
