# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a target in a process with limits: which inputs ended otherwise than they should, and how small they get.

A process takes many inputs, one after the other, and tells before each which one it is. What ends it, a crash of
a library or a limit, is held against that input, and another process goes on with the next.
"""

from __future__ import annotations

import faulthandler
import gc
import hashlib
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import IO, Any

from smedoit.errors import SmeError

CPU = 5.0  # seconds of a processor that an input may take
WALL = 60.0  # seconds in all, on the busiest machine
MEMORY = 512 << 20  # bytes that a process may take beyond those it began with
DISK = 256 << 20  # bytes of one file
TRIES, PATIENCE = 100, 10.0  # tries to make an input smaller, and seconds for that

Run = Callable[[bytes, Path], object]
Mutate = Callable[[Random, bytes, Sequence[bytes]], bytes]


@dataclass(frozen=True)
class Target:
    """A parser, what it is given, and how it may end.

    seeds    honest inputs, of which others are made
    run      gives the parser an input; a directory of its own is at hand
    allowed  what it may raise besides errors of smedoit.errors, by its docstring
    """

    name: str
    seeds: Sequence[bytes]
    run: Run
    mutate: Mutate
    allowed: tuple[type[BaseException], ...] = ()


@dataclass(frozen=True)
class Failure:
    """An input that ended otherwise than it should: kind is equal for what probably has one cause."""

    target: str
    number: int
    kind: str
    report: str
    data: bytes = field(repr=False)


def make_input(target: Target, seed: int, number: int) -> bytes:
    """Return an input of a target; the seeds themselves come first."""
    if number < len(target.seeds):
        return target.seeds[number]
    random = Random(f"{seed} {target.name} {number}")
    return target.mutate(random, random.choice(target.seeds), target.seeds)


def run_target(target: Target, seed: int, numbers: Iterable[int]) -> list[Failure]:
    """Return the failures of a target with these inputs."""
    left, failures = list(numbers), list[Failure]()
    while left:
        done, found, end = _in_process(target, [make_input(target, seed, number) for number in left[:CHUNK]])
        chunk, left = left[:CHUNK], left[CHUNK:]
        failures += [
            Failure(target.name, chunk[at], kind, report, make_input(target, seed, chunk[at]))
            for at, kind, report in found
        ]
        if end:
            failures.append(Failure(target.name, chunk[done], end, end, make_input(target, seed, chunk[done])))
            left = [*chunk[done + 1 :], *left]
    return failures


CHUNK = 500  # inputs of one process


def _in_process(target: Target, inputs: Sequence[bytes]) -> tuple[int, list[tuple[int, str, str]], str]:
    """Return (the input that was last begun, failures by number, how the process ended if not at its end)."""
    ours, theirs = os.pipe()
    with TemporaryDirectory(prefix="smedoit-fuzz-") as place:
        gc.collect()
        child = os.fork()
        if child == 0:
            os.close(ours)
            code = 1
            with suppress(BaseException):
                _limited(target, inputs, Path(place), theirs)
                code = 0
            os._exit(code)
        os.close(theirs)
        done, found = 0, list[tuple[int, str, str]]()
        with os.fdopen(ours, "rb") as told:
            for event in _events(told):
                if isinstance(event, int):
                    done = event
                else:
                    found.append(event)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return done, found, _ending(code)


def _events(told: IO[bytes]) -> Iterable[Any]:
    """Yield what a process told, until it ended."""
    with suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield pickle.load(told)


def _ending(code: int) -> str:
    """Return how a process ended, "" if that was its end."""
    if code == 0:
        return ""
    names = {signal.SIGPROF: f"takes more than {CPU:.0f} s", signal.SIGALRM: f"waits for more than {WALL:.0f} s"}
    return names.get(
        -code, f"ends the interpreter, signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
    )


def _limited(target: Target, inputs: Sequence[bytes], place: Path, told: int) -> None:
    """Run the inputs, and tell of each."""
    faulthandler.disable()
    silence = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silence, number)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, DISK))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    for number, data in enumerate(inputs):
        os.write(told, pickle.dumps(number))
        with _watched():
            failure = run_once(target, data, place)
        if failure:
            os.write(told, pickle.dumps((number, *failure)))


@contextmanager
def _watched() -> Iterable[None]:  # type: ignore[misc]
    """Let the kernel end this process if the block takes too long."""
    signal.setitimer(signal.ITIMER_PROF, CPU)
    signal.setitimer(signal.ITIMER_REAL, WALL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def run_once(target: Target, data: bytes, place: Path) -> tuple[str, str] | None:
    """Return kind and report of the failure of an input, None if it ended as it may."""
    try:
        target.run(data, place)
    except (SmeError, *target.allowed) as error:
        return _silly_sentence(error)
    except BaseException as error:
        report = "".join(traceback.format_exception(error, limit=-12))
        return f"{type(error).__name__} in {_culprit(error)}", report[-4000:]
    return None


def _silly_sentence(error: BaseException) -> tuple[str, str] | None:
    """Return a failure for a sentence that nobody could read, or print."""
    text = str(error)
    if not text.strip():
        return f"an empty sentence, {type(error).__name__} in {_culprit(error)}", repr(error)
    longest = max(text.splitlines(), key=len)  # a report may be long, for it is whole; a line of it may not
    if len(longest) > 20_000:
        return f"a sentence of {len(longest) // 10_000}0,000 characters in {_culprit(error)}", longest[:500]
    return None


def _culprit(error: BaseException) -> str:
    """Return the innermost function of ours that an exception passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/smedoit/" in frame.filename] or frames
    return f"{Path(ours[-1].filename).stem}.{ours[-1].name}:{ours[-1].lineno}" if ours else "nowhere"


def shrink(target: Target, failure: Failure) -> bytes:
    """Return an input as small as is found soon that fails in the same way."""
    data, size, tries, until = failure.data, max(1, len(failure.data) // 2), TRIES, time.monotonic() + PATIENCE
    while size and tries:
        at = 0
        while at < len(data) and tries and time.monotonic() < until:
            smaller, tries = data[:at] + data[at + size :], tries - 1
            _, found, end = _in_process(target, [smaller])
            if end == failure.kind or any(kind == failure.kind for _, kind, _ in found):
                data = smaller
            else:
                at += size
        size = 0 if time.monotonic() > until else size // 2
    return data


def keep_failure(target: Target, failure: Failure, directory: Path) -> Path:
    """Write the smallest input found for a failure to a file, and return that."""
    data = shrink(target, failure)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{target.name}-{failure.number}-{hashlib.sha256(data).hexdigest()[:8]}"
    path.write_bytes(data)
    return path
