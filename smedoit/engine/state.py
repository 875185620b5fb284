# SPDX-License-Identifier: GPL-3.0-or-later
"""doit's memory, honest: one decision for `doit`, `doit list` and `doit why`, saved after each task.

Where doit looks at timestamps of inputs after a task has run, TaskState looks at content
before it, remembers what the task wrote by digest, and keeps its reasons in words.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from doit.dependency import Dependency, DependencyStatus

from smedoit.config.release import Release
from smedoit.engine import decision
from smedoit.engine.decision import FileState, TaskSnapshot
from smedoit.engine.snapshot import current_file_state, digest_kind, pack_snapshot, unpack_snapshot
from smedoit.engine.task import JSON
from smedoit.errors import SmeError
from smedoit.runtime import foreign
from smedoit.runtime.files import FileStamp, explain_os_error, open_regular_file, remove_file, stamp_file, write_file
from smedoit.runtime.state_directory import claim_state_directory
from smedoit.runtime.terminal import escape_text, open_streams

if TYPE_CHECKING:
    from smedoit.runtime.digests import DigestCache

TABLES = ("snapshot:", "_values_:", "earlier:", "release:")  # what stands under these keys is a table, or damaged
DUMPING = threading.Lock()  # with `-P thread` tasks begin in threads, and each writes down that it does
NO_STAMP = FileStamp(0, 0, 0, 0)  # of a link: where it leads is all there is to know


class TaskState(Dependency):  # type: ignore[misc]
    """What every task saw when it last succeeded, and the decision that follows from it.

    A task says in its meta what doit has no words for: "config" (key -> value), "inputs" and
    "outputs" (Files), and "always" (it runs whenever somebody asks for it).

    fact_cache  knows digests of files whose ctime changed because they were linked
    release     that is made; stages are those of its contents page
    asks        this run only tells, and nothing of it is remembered
    """

    fact_cache = Path()
    asks = False
    release: Release
    stages: Mapping[str, str]

    def __init__(self, _backend: object, place: str, **kwargs: Any) -> None:
        super().__init__(StateDirectory, place, **kwargs)
        self.looked_again: list[DigestCache] = []
        self.restamped: dict[str, TaskSnapshot] = {}  # of tasks that need not run: their files with other stamps
        self.before: dict[str, TaskSnapshot] = {}  # as each task was found, before its action could race
        self.because: dict[str, list[str]] = {}
        self.edited: dict[str, list[str]] = {}

    def get_status(self, task: Any, _tasks: object, get_log: bool = False) -> DependencyStatus:
        """Return doit's status of a task; its reasons are kept in self.because."""
        remembered = self.remembered(task.name)
        earlier = None if self.backend.in_(task.name) else self.backend.inherited(task.name)
        known = remembered or (
            unpack_snapshot(earlier.get("snapshot:") or earlier.get("earlier:")) if earlier else None
        )
        try:
            now = self._take_snapshot(task, known or TaskSnapshot())
        except OSError as error:
            refused = explain_os_error(error, self.backend.name, "looked at")
            raise SystemExit(escape_text(str(refused))) from None
        self.before[task.name] = now
        self.edited[task.name] = decision.edited_outputs(remembered, now)
        if task.meta.get("always"):
            self.because[task.name] = [decision.ASKED]
        elif earlier and known:
            called = earlier.get("release:")
            identity = (called if isinstance(called, dict) else {}, self.identity)
            why = decision.inherited_reasons(identity, known, now, self.backend.stage)
            self.because[task.name] = [*_option_reasons(task), *why]
        else:
            self.because[task.name] = [*_option_reasons(task), *self._own_reasons(task, remembered, now)]
        status = DependencyStatus(get_log)
        status.status = "run" if self.because[task.name] else "up-to-date"
        if remembered and not self.because[task.name] and now != remembered:
            self.restamped[task.name] = now
        task.dep_changed = sorted(task.file_dep)
        return status

    def _own_reasons(self, task: Any, remembered: TaskSnapshot | None, now: TaskSnapshot) -> list[str]:
        """Return why a task must run by what it saw for this release; what it left half done is no work of others."""
        how = self._get(task.name, "unfinished:")
        if how == decision.STOPPED and remembered:
            self.edited[task.name] = []
            remembered = TaskSnapshot(remembered.config, remembered.inputs, now.outputs)
            return [how, *decision.rerun_reasons(remembered, now, ())]
        why = decision.rerun_reasons(remembered, now, task.targets)
        if how in (decision.FAILED, decision.STOPPED):
            return [how, *(reason for reason in why if reason != decision.NEVER)]
        return why

    def was_asked_for(self, name: str) -> bool:
        """Return whether a task has ever run for this release."""
        return bool(self.backend.in_(name))

    def how_it_ended(self, name: str) -> str:
        """Return the reason that a task left behind that did not come to its end, "" if it did."""
        return str(self._get(name, "unfinished:") or "")

    def mark_begun(self, name: str) -> None:
        """Remember, on disk and now, that a task begins: a kill leaves half of what it writes.

        From here on it has no snapshot: whoever asks whether a check has passed finds that it has not.
        """
        if (saved := self._get(name, "snapshot:")) or not self._get(name, "unfinished:"):
            self._set(name, "earlier:", saved)
        self._set(name, "snapshot:", None)
        self._set(name, "unfinished:", decision.STOPPED)
        self.persist()

    def remembered(self, name: str) -> TaskSnapshot | None:
        """Return what a task saw when it last succeeded, None if it never did."""
        saved = self._get(name, "earlier:" if self._get(name, "unfinished:") else "snapshot:")
        return unpack_snapshot(saved) if saved else None

    def save_success(self, task: Any, _result_hash: object = None) -> None:
        """Remember, on disk and now, what the task read before it ran and what it wrote."""
        known = self.before.get(task.name) or self._take_snapshot(task, TaskSnapshot())
        after = self._observe_outputs(task, TaskSnapshot())
        snapshot = TaskSnapshot(known.config, self._with_digests(known.inputs), self._with_digests(after))
        self._set(task.name, "snapshot:", pack_snapshot(snapshot))
        self._set(task.name, "_values_:", task.values)
        self._set(task.name, "release:", dict(self.identity))
        self._set(task.name, "unfinished:", None)
        self._set(task.name, "earlier:", None)
        self.restamped.pop(task.name, None)
        self.persist()

    def remove_success(self, task: Any) -> None:
        """Remember, on disk and now, that a task failed; what it saw when it last succeeded still says what changed.

        A task that never began, because what it waits for failed, stays as it was.
        """
        if not self._get(task.name, "unfinished:"):
            return
        self._set(task.name, "unfinished:", decision.FAILED)
        if known := self.remembered(task.name):
            after = self._with_digests(self._observe_outputs(task, known))
            self._set(task.name, "earlier:", pack_snapshot(TaskSnapshot(known.config, known.inputs, after)))
        self.persist()

    def close(self) -> None:
        """Write what is not on disk yet, and what was found to be the same under another stamp."""
        if self.asks:
            return
        for known in self.looked_again:
            known.save()
        for name, snapshot in self.restamped.items():
            self._set(name, "snapshot:", pack_snapshot(snapshot))
        self.persist()

    def persist(self) -> None:
        """Write down what changed; where that is impossible the run ends, with a sentence, not a traceback."""
        if self.asks:
            return
        try:
            self.backend.dump()
        except SmeError as error:
            self.backend.dirty.clear()
            raise SystemExit(escape_text(str(error))) from None

    def _take_snapshot(self, task: Any, known: TaskSnapshot) -> TaskSnapshot:
        """Return a task's snapshot of this moment; files with a known stamp are not opened."""
        meta = task.meta
        inputs = self._look_at_files(task.file_dep, known.inputs, content=True)
        for files in meta.get("inputs", ()):
            inputs |= self._look_at_files(files.paths(), known.inputs, content=files.content, within=files.root)
        return TaskSnapshot(meta.get("config", {}), inputs, self._observe_outputs(task, known))

    def _observe_outputs(self, task: Any, known: TaskSnapshot) -> dict[str, FileState]:
        """Return what there is now of that which the task writes."""
        outputs = self._look_at_files(task.targets, known.outputs, content=True)
        for files in task.meta.get("outputs", ()):
            outputs |= self._look_at_files(files.paths(), known.outputs, content=files.content)
        for link in task.meta.get("links", ()):
            if os.path.islink(link):
                outputs[os.fspath(link)] = FileState(NO_STAMP, f"link to {os.readlink(link)}")
        return outputs

    def _look_at_files(
        self, paths: Iterable[str], known: Mapping[str, FileState], content: bool, within: Path | None = None
    ) -> dict[str, FileState]:
        """Return path -> what is there, for every path that is there; an equal stamp means equal content.

        within  the directory that they are a set of: nothing is read through a link that leads out of it
        """
        found: dict[str, FileState] = {}
        doubtful: dict[str, FileState] = {}
        for path in paths:
            before = known.get(path)
            with contextlib.suppress(OSError):
                now = stamp_file(path)
                if before is not None and before.stamp == now:
                    found[path] = before
                elif before is not None and before.digest and _may_be_same(before.stamp, now, content):
                    doubtful[path] = FileState(now, before.digest)
                else:
                    found[path] = current_file_state(path, now, content, within)
        return found | self._look_again(doubtful)

    def _look_again(self, doubtful: Mapping[str, FileState]) -> dict[str, FileState]:
        """Return what files hold of which only the ctime changed: linked by us, or edited and their mtime put back."""
        if not doubtful:
            return {}
        from smedoit.runtime.digests import DigestCache

        cache, found = DigestCache(self.fact_cache), dict[str, FileState]()
        self.looked_again.append(cache)
        with contextlib.suppress(SmeError):  # those that can be read are hashed together; of others below, each alone
            cache.of_each({Path(path): (digest_kind(seen.digest),) for path, seen in doubtful.items()})
        for path, seen in doubtful.items():
            kind = digest_kind(seen.digest)
            with contextlib.suppress(SmeError):  # what cannot be read is told like what is not there
                found[path] = FileState(seen.stamp, cache.of(Path(path), kind)[kind])
        return found

    def _with_digests(self, states: Mapping[str, FileState]) -> dict[str, FileState]:
        """Return the states with the SHA-256 of those files that were not read here, but by their task."""
        from smedoit.runtime.digests import DigestCache

        unread = {path: seen.stamp for path, seen in states.items() if not seen.digest}
        digests = DigestCache(self.fact_cache).digests_at(unread, "sha256") if unread else {}
        return {path: FileState(seen.stamp, seen.digest or digests.get(path, "")) for path, seen in states.items()}


def _may_be_same(before: FileStamp, now: FileStamp, content: bool) -> bool:
    """Return whether a file may still hold what it did, so that looking is better than guessing.

    A mirror that was fetched anew, or touched, has other times and the same packages.
    """
    return before.without_ctime == now.without_ctime or (not content and before.size == now.size)


def _option_reasons(task: Any) -> list[str]:
    """Return a reason for every option that somebody gave: what it asks for may not have been done yet.

    How the answer is to be told is no such thing.
    """
    given = task.options or {}
    options = (
        param
        for param in task.params
        if given.get(param["name"], param["default"]) != param["default"] and param["name"] != JSON.name
    )
    return [f"{decision.ASKED} with --{param['long']}" for param in options]


def doit_config(
    rel: Release, before_run: Sequence[Callable[[], str]] = (), stages: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """Return DOIT_CONFIG: doit with our memory, our reporter, and `iso` as the default.

    before_run  what is called once no other run is under way and before any task is looked at; each
                returns a line to show, "" for none
    stages      of the contents page: name -> its first task, for doit status

    doit offers no setting for the class that decides, so it is put in its place here.
    """
    from doit import cmd_base, loader

    from smedoit.engine.reporter import ConsoleReporter

    open_streams()
    cmd_base.Dependency = TaskState
    TaskState.identity = {f"release.toml [release] {key}": getattr(rel.release, key) for key in ("version", "label")}
    TaskState.fact_cache, TaskState.release, TaskState.stages = rel.fact_cache, rel, stages
    loader.inspect = _inspect_without_sources(inspect)
    ConsoleReporter.lock_file = rel.cache / "running"
    ConsoleReporter.kept = rel.state / "edited"
    ConsoleReporter.history_directory = TaskState.history = rel.state / "history"
    ConsoleReporter.before_run = tuple(before_run)
    return {
        "default_tasks": ["iso"],
        "dep_file": str(rel.state / "tasks"),
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


def _read_state(path: Path) -> dict[str, Any]:
    """Return the state of a task from its file; of one that cannot be read, nothing."""
    try:
        with open_regular_file(path) as file:
            state = foreign.parse_json(file.read())
    except (OSError, ValueError):
        state = {}
    known = state if isinstance(state, dict) else {}
    return {key: kept for key, kept in known.items() if key not in TABLES or isinstance(kept, dict)}


class StateDirectory:
    """doit's database as one JSON file a task: a torn or foreign one costs that task a run, nothing else.

    Nothing is created before the first success, and nothing is read before it is asked for.
    """

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
            self.tasks[task] = _read_state(self.file(task))
        return self.tasks[task]

    @property
    def stage(self) -> str:
        """Where all releases are staged."""
        return os.fspath(Path(self.name).parents[2])

    def inherited(self, task: str) -> dict[str, Any] | None:
        """Return the state of a task for the version of this major that it ran for last, None if there is none.

        What another major of the same root did explains nothing: releases side by side do not name each other.
        """
        found: list[tuple[int, Path]] = []
        major = Path(self.name).parents[1].name.partition(".")[0]
        for file in Path(self.stage).glob(f"*/.smedoit/tasks/{task}.json"):
            version = file.parents[2]
            if version.name.partition(".")[0] == major and not version.is_symlink():
                with contextlib.suppress(OSError):
                    found.append((file.stat().st_mtime_ns, file))
        return _read_state(max(found)[1]) if found else None

    def get(self, task: str, key: str) -> Any:
        """Return one value of a task's state, None if there is none."""
        return self.load(task).get(key)

    def set(self, task: str, key: str, value: object) -> None:
        """Change one value, None drops it; it is on disk after dump()."""
        self.load(task)[key] = value
        if value is None:
            del self.tasks[task][key]
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
        with DUMPING:
            if self.dirty:
                claim_state_directory(Path(self.name).parent)
            while self.dirty:
                task = min(self.dirty)
                if self.tasks[task]:
                    write_file(self.file(task), json.dumps(self.tasks[task], separators=(",", ":")), durable=False)
                else:
                    remove_file(self.file(task))
                self.dirty.discard(task)
