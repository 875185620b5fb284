# SPDX-License-Identifier: GPL-3.0-or-later
"""doit with a fault built in: python -m tests.harness.faults TASK FILE MOMENT DEED [doit's arguments …]

Where TASK puts a file whose path ends with FILE in its place, at this MOMENT the DEED is done:

torn     the new file is only half written          unsaved  the task is done, its state is not saved
written  it is whole, and not yet in its place      saved    its state is saved
renamed  it is in its place

KILL, TERM and INT send that signal to the process that runs the task; hold:PATH writes its
process id to PATH and waits for ever; deaf:PATH does so, too, and hears no signal that can be ignored.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smedoit.engine import state
from smedoit.runtime import progress, run_lock


class Working(threading.local):
    """Which task is at work in this thread."""

    task = ""


@dataclass
class Fault:
    """Which fault."""

    task: str
    file: str
    moment: str
    deed: str
    working: Working = field(default_factory=Working, init=False)

    def here(self, path: str | Path) -> bool:
        """Return whether putting path in its place is what the fault waits for."""
        return self.working.task == self.task and os.fspath(path).endswith(self.file)

    def at(self, moment: str) -> None:
        """Do the deed if this is its moment."""
        if moment != self.moment:
            return
        kind, _, place = self.deed.partition(":")
        if kind == "deaf":
            for number in run_lock.SIGNALS:
                signal.signal(number, signal.SIG_IGN)
        elif kind != "hold":
            os.kill(os.getpid(), getattr(signal, f"SIG{kind}"))
            return
        marker = Path(place)
        marker.with_suffix(".part").write_text(str(os.getpid()))
        marker.with_suffix(".part").rename(marker)
        while True:  # in short naps: a signal may come between Python's look at it and the nap
            time.sleep(0.05)


def install(fault: Fault) -> None:
    """Put the fault where files are renamed and where states are saved."""
    run_lock.PATIENCE = 1  # with those who are deaf
    rename, logging, save = os.replace, progress.open_task_log, state.TaskState.save_success

    @contextmanager
    def followed(path: Path) -> Iterator[None]:
        fault.working.task = path.stem
        with logging(path):
            yield
        fault.working.task = ""

    def replace(source: Any, target: Any) -> None:
        here = fault.here(target)
        if here and fault.moment == "torn":
            tear(source)
            fault.at("torn")
        if here:
            fault.at("written")
        rename(source, target)
        if here:
            fault.at("renamed")

    def save_success(ledger: state.TaskState, task: Any, result_hash: object = None) -> None:
        if task.name == fault.task:
            fault.at("unsaved")
        save(ledger, task, result_hash)
        if task.name == fault.task:
            fault.at("saved")

    patched: list[tuple[Any, str, Callable[..., Any]]] = [
        (os, "replace", replace), (progress, "open_task_log", followed), (state.TaskState, "save_success", save_success)
    ]  # fmt: skip
    for place, name, function in patched:
        setattr(place, name, function)


def tear(file: Any) -> None:
    """Leave half of a file, unless it is a link to one that lies elsewhere."""
    if os.stat(file).st_nlink == 1:
        os.truncate(file, os.path.getsize(file) // 2)


if __name__ == "__main__":
    from smedoit.command.main import run_command

    install(Fault(*sys.argv[1:5]))
    sys.exit(run_command(sys.argv[5:], "doit"))
