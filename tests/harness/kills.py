# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that is done in a process of its own, and killed there before any of its steps."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Collection, Iterable
from itertools import count
from types import FrameType

import pytest

MOVES = frozenset({"os.link", "os.symlink", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"})
WRITES = MOVES | {"open"}
DEPTH = 3  # functions of ours that make a door: who changes files, and for whom

BOTH = pytest.mark.parametrize(
    "every",
    [pytest.param(False, id="each door"), pytest.param(True, id="every step", marks=pytest.mark.exhaustive)],
)


def killed_at(number: int, work: Callable[[], object], events: Collection[str] = MOVES) -> bool:
    """Do work in a process that is killed before its step NUMBER, from 1 on; return whether it came that far.

    A step is whatever changes files, as Python's own audit hooks tell it.
    """

    def arm() -> None:
        left = number

        def step(_frame: FrameType | None) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        watch(events, step)

    status = in_a_child(arm, work)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def doors(work: Callable[[], object], events: Collection[str] = MOVES) -> list[str]:
    """Do work to its end in a process of its own; return of each of its steps by which functions it was taken."""
    with tempfile.TemporaryFile() as told:
        found: list[str] = []

        def tell() -> None:
            work()
            told.write(json.dumps(found).encode())
            told.flush()

        status = in_a_child(lambda: watch(events, lambda frame: found.append(door(frame))), tell)
        assert os.waitstatus_to_exitcode(status) == 0
        told.seek(0)
        steps: list[str] = json.load(told)
        return steps


def chosen(steps: list[str], every: bool) -> Iterable[int]:
    """Return the numbers of the steps at which to kill: all there may be, or the first and the last one of each door.

    What an earlier kill left behind may make work longer or shorter, so all is until it is not killed any more.
    """
    if every:
        return count(1)
    places: dict[str, list[int]] = {}
    for number, one in enumerate(steps, 1):
        places.setdefault(one, []).append(number)
    ends = {number for numbers in places.values() for number in (numbers[0], numbers[-1])}
    return sorted(ends)


def in_a_child(prepare: Callable[[], object], work: Callable[[], object]) -> int:
    """Do work in a child; return how that ended, as os.wait tells it."""
    child = os.fork()
    if child == 0:
        try:
            prepare()
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(child, 0)[1]


def watch(events: Collection[str], step: Callable[[FrameType | None], object]) -> None:
    """Call step before every change of files by this process, for ever, with the frame that makes it."""

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event not in events:
            return
        if event != "open" or (isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)):
            step(sys._getframe(1))

    sys.addaudithook(hook)


def door(frame: FrameType | None) -> str:
    """Return the functions of ours that lead to a frame, the innermost first."""
    found: list[str] = []
    while frame and len(found) < DEPTH:
        code = frame.f_code
        if "/smedoit/" in code.co_filename:
            found.append(f"{os.path.basename(code.co_filename)}:{code.co_name}")
        frame = frame.f_back
    return " < ".join(found)
