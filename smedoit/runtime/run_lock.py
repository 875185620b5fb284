# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time in a build root, ended in order by a signal, and nothing half written left behind."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from smedoit.errors import SmeError, os_error_text
from smedoit.runtime import files, process
from smedoit.runtime.state_directory import claim_state_directory

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MASK = 0o022  # the mirrors must be able to read what we make, whoever makes it
PATIENCE = 5  # seconds that a worker gets to end in order
LONGEST = 200  # bytes of what stands in a lock
MOMENT = 1  # seconds in which the workers of a run that was killed are gone
HELD = (errno.EACCES, errno.EAGAIN)  # what a lock says that another process has


class RunLock:
    """The lock of a build root, and what happens when a signal ends the run that has it."""

    def __init__(self, lock_file: Path, farewell: Callable[[str], None]) -> None:
        self.lock_file = lock_file
        self.farewell = farewell
        self.main = os.getpid()
        self.stopped = False
        self.held: IO[str] | None = None
        self.root_held: int | None = None

    def take(self) -> None:
        """Begin a run. Raises SmeError, naming the holder, if another one is under way."""
        os.umask(MASK)
        claim_state_directory(self.lock_file.parent)
        self.acquire()
        self.listen()

    def listen(self) -> None:
        """Let signals end this process in order; who only asks does no more than that."""
        for number in SIGNALS:
            signal.signal(number, self.stop)
        process.end_children_with_us()

    def acquire(self) -> None:
        """Get the lock, and remove what the last run left half written, if that one did not come to its end.

        Raises SmeError, naming the holder, if another run has it.
        """
        self.held = lock_file_alone(self.lock_file, self.refuse)
        self.root_held = self._lock_root()
        self.held.seek(0)
        if self.held.read():
            files.remove_partial_files(self.lock_file.parent.parent)
        self._sign()

    def keep(self) -> None:
        """Go on only if nobody else has begun: whoever deletes the lock lets the next run in.

        Raises SmeError, naming the other run. To be called before anything is begun that writes.
        """
        if self.held and os.getpid() == self.main and not _is_same_file(self.held, self.lock_file):
            self.held.close()
            self.held = lock_file_alone(self.lock_file, self.refuse)
            self._sign()

    def _sign(self) -> None:
        """Write down who has the lock, for those who find it taken."""
        assert self.held
        self.held.truncate(0)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        self.held.write(f"process {self.main} of user {os.getuid()}, since {since}\n")
        self.held.flush()

    def refuse(self, holder: str) -> SmeError:
        """Return the error for a run that cannot begin, because another one is under way."""
        place = self.lock_file.parent.parent
        return SmeError(f"{place}: another run is under way: {holder}", hint="wait until it is done, then try again")

    def _lock_root(self) -> int | None:
        """Return the second lock, on the build root itself: it still is held when somebody deletes the first.

        None where directories know no locks (NFS); there keep() alone finds it out. Raises SmeError if another
        run has it.
        """
        try:
            handle = os.open(self.lock_file.parents[2], os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return None
        deadline = time.monotonic() + MOMENT
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return handle
            except OSError as error:
                if error.errno in HELD and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                os.close(handle)
                if error.errno in HELD:
                    raise self.refuse("one whose lock was deleted") from None
                return None

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
            self.end_run(128 + number)
        raise SystemExit(128 + number)

    def end_run(self, code: int) -> NoReturn:
        """End the run now, with all of its workers."""
        if workers := [child for child in active_children() if not child.daemon]:
            _terminate_workers(workers)
            os._exit(code)  # an exception might leave a queue that Python's own exit waits for, for ever
        raise SystemExit(code)

    def release(self) -> None:
        """End a run that came to its end; the lock itself goes with the process."""
        if self.held:
            self.held.truncate(0)


def find_holder(lock_file: Path) -> str:
    """Return who has the lock of a build root now, in words, "" if nobody has; nothing is changed."""
    try:
        with files.open_regular_file(lock_file) as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError as error:
                return file.read(LONGEST).decode(errors="replace").strip() if error.errno in HELD else ""
    except OSError:
        pass
    return ""


def lock_file_alone(path: Path, refuse: Callable[[str], SmeError]) -> IO[str]:
    """Return path, open and locked until it is closed or the process ends, however it ends.

    refuse  returns the error for a lock that another process has, given what stands in the file: who that is

    Raises SmeError. Processes that we start do not inherit it.
    """
    files.make_directory(path.parent)
    while True:
        with files.wrap_os_errors(path, "written"):
            handle = files.open_without_link(os.fspath(path), os.O_RDWR | os.O_CREAT | os.O_APPEND)
            file = os.fdopen(handle, "a+", encoding="utf-8")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            if error.errno in HELD:
                raise refuse(holder or "somebody") from None
            raise SmeError(
                f"{path}: cannot be locked, {os_error_text(error)}",
                hint="on NFS its lock service must run; or let it lie on a file system that has locks",
            ) from None
        if _is_same_file(file, path):
            return file
        file.close()  # it was deleted between the two: others would find another one, and free


def _is_same_file(file: IO[str], path: Path) -> bool:
    """Return whether a file that is open still is the one that others find at path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except OSError:
        return False


def _terminate_workers(workers: Sequence[BaseProcess]) -> None:
    """End the workers of `doit -n`, each with time to remove what it has half done."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(PATIENCE)
