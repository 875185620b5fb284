# SPDX-License-Identifier: GPL-3.0-or-later
"""test_run_lock"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.errors import SmeError
from smedoit.runtime import run_lock
from smedoit.runtime.run_lock import RunLock
from tests.harness.places import PROJECT
from tests.harness.processes import wait_until

HOLDER = """
import sys
from pathlib import Path
from smedoit.runtime.run_lock import RunLock
lock = RunLock(Path(sys.argv[1]), print)
lock.take()
print("taken", flush=True)
for line in sys.stdin:
    try:
        lock.keep()
        print("kept", flush=True)
    except Exception as error:
        print(error, flush=True)
"""


class Holder:
    """A process that has the lock, and asks whether it still has, whenever it is told to."""

    def __init__(self, lock_file: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(lock_file)], cwd=PROJECT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.read() == "taken\n"

    def read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def keep(self) -> str:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.read()


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    return tmp_path / "build/stage/.smedoit/running"


@pytest.fixture
def holder(lock_file: Path) -> Iterator[Holder]:
    found = Holder(lock_file)
    yield found
    found.process.kill()
    found.process.communicate()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "MOMENT", 0.1)


def take(lock_file: Path) -> RunLock:
    """Take the lock in this process, without the signals that belong to a run."""
    lock = RunLock(lock_file, print)
    lock.acquire()
    return lock


@pytest.mark.usefixtures("holder", "quick")
def test_who_deletes_the_lock_lets_nobody_in(lock_file: Path) -> None:
    lock_file.unlink()
    with pytest.raises(SmeError, match="another run is under way: one whose lock was deleted"):
        take(lock_file)


@pytest.mark.usefixtures("holder", "quick")
def test_who_deletes_all_that_is_staged_lets_nobody_in(lock_file: Path) -> None:
    shutil.rmtree(lock_file.parents[1])
    with pytest.raises(SmeError, match="another run is under way"):
        take(lock_file)


def test_a_run_whose_lock_was_deleted_takes_it_again(lock_file: Path, holder: Holder) -> None:
    shutil.rmtree(lock_file.parents[1])
    assert holder.keep() == "kept\n"
    with pytest.raises(SmeError, match=f"another run is under way: process {holder.process.pid} of user"):
        take(lock_file)


def test_where_directories_know_no_locks_the_first_of_two_runs_finds_it_out(
    lock_file: Path, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file.unlink()
    monkeypatch.setattr(fcntl, "flock", refusing(errno.EBADF))  # as NFS answers for what is open to be read
    ours = take(lock_file)
    assert f"another run is under way: process {os.getpid()} of user" in holder.keep()
    assert ours.held


def test_a_lock_that_is_deleted_while_it_is_taken_is_not_the_one_that_is_had(
    lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, given = fcntl.lockf, []

    def slow(file: object, how: int) -> None:
        if not given:
            lock_file.unlink()
        given.append(file)
        lock(file, how)  # type: ignore[arg-type]

    monkeypatch.setattr(fcntl, "lockf", slow)
    held = take(lock_file).held
    assert held
    assert os.path.samestat(os.fstat(held.fileno()), lock_file.stat())


def test_a_file_system_without_locks_is_told_as_such(lock_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "lockf", refusing(errno.ENOLCK))
    with pytest.raises(SmeError) as told:
        take(lock_file)
    assert str(told.value).splitlines()[0] == f"{lock_file}: cannot be locked, no locks available"
    assert "another run" not in str(told.value)


def test_a_killed_run_leaves_the_way_free(lock_file: Path, holder: Holder) -> None:
    holder.process.kill()
    holder.process.wait()
    assert take(lock_file).held


def refusing(code: int) -> object:
    """Return a lock call that the system refuses."""

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


# Whoever is killed takes along what it started

STARTER = """
import sys
from pathlib import Path
from smedoit.runtime import process, workers
def stay(place):
    process.run_program(["sh", "-c", f"echo $$ > {place}; exec sleep 600"])
process.end_children_with_us()
if sys.argv[2] == "program":
    stay(sys.argv[1])
else:
    workers.os.cpu_count = lambda: 2
    workers.SHARE = 1
    list(workers.map_parallel(stay, [sys.argv[1], sys.argv[1] + "-other"]))
"""


@pytest.mark.parametrize("what", ["program", "worker"])
def test_the_programs_of_a_killed_run_end(tmp_path: Path, what: str) -> None:
    told = tmp_path / "told"
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(told), what], cwd=PROJECT)
    wait_until(lambda: told.exists() and told.read_text().endswith("\n"))
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    wait_until(lambda: not is_running(int(told.read_text())))


def is_running(process: int) -> bool:
    """Return whether a process is there, and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
