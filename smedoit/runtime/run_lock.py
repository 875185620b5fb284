# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time in a build root, ended in order by a signal, and nothing half written left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import IO

from smedoit.errors import SmeError
from smedoit.runtime import files

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MASK = 0o022  # the mirrors must be able to read what we make, whoever makes it
PATIENCE = 5  # seconds that a worker gets to end in order
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class RunLock:
    """The lock of a build root, and what happens when a signal ends the run that has it."""

    def __init__(self, lock_file: Path, farewell: Callable[[str], None]) -> None:
        self.lock_file = lock_file
        self.farewell = farewell
        self.main = os.getpid()
        self.stopped = False
        self.held: IO[str] | None = None

    def take(self) -> None:
        """Begin a run. Raises SmeError, naming the holder, if another one is under way."""
        self.held = _acquire_lock(self.lock_file)
        os.umask(MASK)
        for number in SIGNALS:
            signal.signal(number, self.stop)
        os.register_at_fork(after_in_child=_die_with_parent)

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """End the run: what is finished is kept, what is half done is removed by its own task, or by the next run."""
        if self.stopped:
            return  # the tasks are already removing what they have half done
        self.stopped = True
        if os.getpid() != self.main:
            os.kill(self.main, number)  # a worker that was stopped alone: without it the run cannot go on
        else:
            name = signal.Signals(number).name
            self.farewell(f"stopped by {name}: what is finished is kept, run doit again to go on")
            if workers := [child for child in active_children() if not child.daemon]:
                _terminate_workers(workers)
                os._exit(128 + number)  # an exception might leave a queue that Python's own exit waits for, for ever
        raise SystemExit(128 + number)

    def release(self) -> None:
        """End a run that came to its end; the lock itself goes with the process."""
        if self.held:
            self.held.truncate(0)


def _acquire_lock(lock_file: Path) -> IO[str]:
    """Return the lock of this build root, held until it is closed or the process ends, however it ends.

    Whoever has it removes what the last run left half written, if that one did not come to its end.

    Raises SmeError, naming the holder, if another run has it. Processes that we start do not inherit it.
    """
    files.make_directory(lock_file.parent)
    with files.wrap_os_errors(lock_file, "written"):
        file = lock_file.open("a+", encoding="utf-8")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "somebody"
        file.close()
        raise SmeError(
            f"{lock_file.parent.parent}: another run is under way: {holder}",
            hint="wait until it is done, then try again",
        ) from None
    file.seek(0)
    if file.read():
        files.remove_partial_files(lock_file.parent.parent)
    file.truncate(0)
    file.write(f"process {os.getpid()} of user {os.getuid()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
    file.flush()
    return file


def _terminate_workers(workers: Sequence[BaseProcess]) -> None:
    """End the workers of `doit -n`, each with time to remove what it has half done."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(PATIENCE)


def _die_with_parent() -> None:
    """Let a worker of `doit -n` end when doit is killed: it would go on writing beside the next run. Linux only."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
