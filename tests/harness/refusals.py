# SPDX-License-Identifier: GPL-3.0-or-later
"""A system that refuses: the action of a task, in a process of its own in which one call or one limit says no."""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import pickle
import resource
import runpy
import shutil
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doit import doit_cmd
from doit.exceptions import TaskFailed

from smedoit.engine.command_line import ReadVariables
from tests.harness.places import PROJECT
from tests.harness.project import Project

CALLS = ("open", "io.open", "replace", "rename", "link", "symlink", "unlink", "mkdir", "rmdir", "scandir", "stat",
         "lstat", "fsync", "chmod", "readlink", "listdir")  # fmt: skip
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EMFILE, errno.ENOENT, errno.EROFS, errno.ENOLCK, errno.ELOOP)
PATIENCE = 120  # seconds


@dataclass(frozen=True)
class Refusal:
    """What is refused: the call of this name and number below the project, or more than a limit."""

    call: str = ""
    number: int = 0
    error: int = errno.EIO
    limit: tuple[int, int] = ()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"{self.call} {self.number} {errno.errorcode[self.error]}" if self.call else f"limit {self.limit}"


@dataclass(frozen=True)
class Outcome:
    """How an action ended: kind is "done", "failed" with a sentence, or "raised" with a traceback."""

    kind: str
    text: str
    calls: Mapping[str, int]


def task_actions(project: Project) -> dict[str, tuple[Callable[[], object], list[Path]]]:
    """Return task -> its action with default options, and the files that it makes."""
    doit_cmd._CMDLINE_VARS = ReadVariables({})
    before = dict(os.environ)
    os.environ["SMEDOIT_RELEASE"] = str(project.file)
    try:
        page = runpy.run_path(str(PROJECT / "smedoit/contents.py"))
        found = {}
        for name, creator in page.items():
            if name.startswith("task_"):
                made = creator()
                for task in [made] if isinstance(made, dict) else list(made):
                    if task.get("actions"):
                        own = name.removeprefix("task_") + (f":{task['name']}" if task.get("name") else "")
                        found[own] = (_with_defaults(task), [Path(target) for target in task["targets"]])
        return found
    finally:
        os.environ.clear()
        os.environ.update(before)


def _with_defaults(task: Mapping[str, Any]) -> Callable[[], object]:
    options = {option["name"]: option["default"] for option in task["params"]}
    if "pos_arg" in task:
        options[task["pos_arg"]] = []
    return lambda: task["actions"][0](**options)


def refuse(action: Callable[[], object], home: Path, refusal: Refusal) -> Outcome:
    """Return how an action ends that meets a refusal."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        os.setpgid(0, 0)
        signal.alarm(PATIENCE)
        with contextlib.suppress(BaseException), os.fdopen(theirs, "wb") as told:
            pickle.dump(_limited_outcome(action, home, refusal), told)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        data = told.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return pickle.loads(data) if data else Outcome("raised", f"the process ended with {code}", {})


def _limited_outcome(action: Callable[[], object], home: Path, refusal: Refusal) -> Outcome:
    """Run the action where something is refused."""
    silence = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silence, number)
    calls: Counter[str] = Counter()
    with _refusing(home, refusal, calls):
        try:
            done = action()
        except BaseException as error:
            return Outcome("raised", "".join(traceback.format_exception(error))[-3000:], calls)
    if isinstance(done, TaskFailed):
        return Outcome("failed", done.get_msg().strip(), calls)
    return Outcome("done", str(done), calls)


@contextlib.contextmanager
def _refusing(home: Path, refusal: Refusal, calls: Counter[str]) -> Iterator[None]:
    """Let one call fail, or set a limit."""
    if refusal.limit:
        kind, most = refusal.limit
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        old = resource.getrlimit(kind)
        resource.setrlimit(kind, (min(most, old[1]) if old[1] >= 0 else most, old[1]))
        try:
            yield
        finally:
            resource.setrlimit(kind, old)
        return
    saved: list[tuple[Any, str, Any]] = []
    for name in CALLS:
        place: Any = io if name == "io.open" else os
        original = getattr(place, name.removeprefix("io."))
        saved.append((place, name.removeprefix("io."), original))
        setattr(place, name.removeprefix("io."), _counted(name, original, home, refusal, calls))
    saved.append((builtins, "open", builtins.open))
    builtins.open = io.open
    try:
        yield
    finally:
        for place, name, original in saved:
            setattr(place, name, original)


def _counted(name: str, original: Any, home: Path, refusal: Refusal, calls: Counter[str]) -> Any:
    """Return a call that counts itself, and fails when it is its turn."""

    def call(*args: Any, **options: Any) -> Any:
        first = args[0] if args else options.get("path", ".")
        path = "" if isinstance(first, int) else os.fsdecode(first)
        if name == "fsync" or path.startswith(str(home)):
            calls[name] += 1
            if name == refusal.call and calls[name] == refusal.number:
                raise OSError(refusal.error, os.strerror(refusal.error), *([path] if path else []))
        return original(*args, **options)

    return call


def forget_outputs(paths: list[Path]) -> None:
    """Remove what a task made, so that it makes it again."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
