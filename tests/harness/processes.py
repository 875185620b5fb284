# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of doit, as processes of their own: forked from the zygote, or started from nothing as a person would."""

from __future__ import annotations

import atexit
import functools
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.harness.places import PROJECT

CEILING = 1200  # seconds after which what should take one has come to a standstill, on the busiest machine
AT_START = ("PYTHON", "LC_", "LANG", "MALLOC")  # what a Python hears of when it starts, and never again


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str


def wait_until(true: Callable[[], bool]) -> None:
    """Wait until something is true. It must become so, or the test fails."""
    deadline = time.monotonic() + CEILING
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(
    module: str, *args: str, environment: Mapping[str, str], group: bool = False,
    before: Callable[[], object] | None = None,
) -> subprocess.Popen[str]:  # fmt: skip
    """Start `python -m MODULE` in the project's root, as a person would.

    group   it leads a process group of its own, as a command at a terminal does
    before  called in the child, before it becomes Python
    """
    return subprocess.Popen(
        [sys.executable, "-m", module, *args], cwd=PROJECT, env=environment, start_new_session=group,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=before,
    )  # fmt: skip


def started(
    module: str, *args: str, environment: Mapping[str, str], before: Callable[[], object] | None = None
) -> Ended:
    """Start a Python and let it run to its end."""
    process = start(module, *args, environment=environment, before=before)
    out, err = process.communicate(timeout=CEILING)
    return Ended(process.returncode, out, err)


def forked(module: str, *args: str, environment: Mapping[str, str], cwd: Path = PROJECT) -> Ended:
    """Let the zygote fork, and the child run to its end; what it is told only at its start it is started for."""
    forks = zygote(os.getpid())
    if forks.heard != told_at_start(environment):
        assert cwd == PROJECT
        return started(module, *args, environment=environment)
    mask = os.umask(0)
    os.umask(mask)
    request = {"module": module, "args": args, "cwd": str(cwd), "umask": mask, "environment": dict(environment)}
    return forks.run(json.dumps(request).encode())


def told_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a Python takes from its environment when it starts."""
    return {key: value for key, value in environment.items() if key.startswith(AT_START)}


class Zygote:
    """The process that forks, as its client sees it."""

    def __init__(self) -> None:
        self.asking, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.asking.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.heard = told_at_start(os.environ)
        command = [sys.executable, "-m", "tests.harness.zygote"]
        self.process = subprocess.Popen(  # a session of its own: an interruption of the tests is none of its runs
            command, cwd=PROJECT, stdin=its.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
        )
        its.close()
        atexit.register(self.end)

    def end(self) -> None:
        """Let the zygote end."""
        self.asking.close()
        self.process.wait()

    def run(self, request: bytes) -> Ended:
        """Return how a run ended."""
        pipes = [os.pipe() for _ in range(3)]
        try:
            socket.send_fds(self.asking, [request], [theirs for _, theirs in pipes])
        finally:
            for _, theirs in pipes:
                os.close(theirs)
        out, err, told = followed([ours for ours, _ in pipes])
        numbers = told.split()
        assert len(numbers) == 2, f"the zygote is gone: {self.process.poll()}"
        return Ended(int(numbers[1]), *(text.decode(errors="replace") for text in (out, err)))


def followed(files: Sequence[int]) -> list[bytes]:
    """Return all that comes out of pipes, whose last one tells first which process it is that writes."""
    found: dict[int, bytes] = dict.fromkeys(files, b"")
    deadline = time.monotonic() + CEILING
    with selectors.DefaultSelector() as selector:
        for file in files:
            selector.register(file, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                with suppress(ProcessLookupError):
                    os.kill(int(found[files[-1]].split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired("a run of doit", CEILING)
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                found[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [found[file] for file in files]


@functools.cache
def zygote(_whose: int) -> Zygote:
    """Return the zygote of this process, which ends with it."""
    return Zygote()
