# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work shows how far it is: a bar on a terminal, plain lines in the task's log."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

from smedoit.runtime import files, terminal
from smedoit.runtime.outline import shorten_report

P = ParamSpec("P")
T = TypeVar("T")

RENDERED, LEFT = "rendered", "left as it is"  # how lines of a log begin that tell of texts; doit help repeats them
QUICK = 50  # fewer steps than this are over before anybody could read a bar
LARGE = 32 << 20  # bytes; a smaller file has come before anybody could read a bar


class RunningTask(threading.local):
    """The task that runs in this thread; `doit -n 2 -P thread` has several."""

    log: IO[str] | None = None
    path = Path()
    name = ""
    said: list[str] | None = None


@dataclass
class Chosen:
    """What somebody wants to see of a run.

    labelled  several tasks run at the same time, so every line says whose it is
    verbose   the lines of the logs, too
    """

    labelled: bool = False
    verbose: bool = False

    def label(self, name: str, text: str) -> str:
        """Return text with the name of its task before every line, where that is wanted."""
        if not self.labelled or not name:
            return text
        own = f"{name}:"
        return "\n".join(line if line.startswith((own, f"{name} ")) else f"{own} {line}" for line in text.split("\n"))


chosen = Chosen()


class Screen:
    """Where lines for people go; None stands for the output, whatever that is when one comes."""

    out: IO[str] | None = None


_running, _screen = RunningTask(), Screen()


@contextmanager
def run_named(name: str) -> Iterator[None]:
    """Let what is shown until the block ends be that of a task."""
    before, _running.name = _running.name, name
    try:
        yield
    finally:
        _running.name = before


@contextmanager
def open_task_log(path: Path) -> Iterator[None]:
    """Let note() write to path until the block ends; the log of the last run is replaced."""
    with files.wrap_os_errors(path, "written"):
        files.make_directory(path.parent)
        handle = files.open_without_link(os.fspath(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        log = os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace")
    _running.log, _running.path = log, path
    try:
        yield
    finally:
        _running.log = None
        with contextlib.suppress(OSError):  # what could not be written was told when it was
            log.close()


def carry_task_log(work: Callable[P, T]) -> Callable[P, T]:
    """Return work to be done in other threads, whose lines go to the log of the task that runs in this one."""
    log, name = _running.log, _running.name

    def logged(*args: P.args, **kwargs: P.kwargs) -> T:
        _running.log, _running.name = log, name
        return work(*args, **kwargs)

    return logged


def log_line(line: str) -> None:
    """Write one line, with the time of day, to the log of the running task."""
    if chosen.verbose:
        terminal.show_text(_screen.out or sys.stdout, chosen.label(_running.name, f"  {line}"))
    _note_line(line)


def _note_line(line: str) -> None:
    if _running.log is not None:
        with files.wrap_os_errors(_running.path, "written"):
            terminal.write_text(_running.log, f"{time.strftime('%H:%M:%S')} {line}")  # people look at it in a terminal


def show_line(line: str) -> None:
    """Show one line at once to whoever runs the task, and note it."""
    _show(line)
    _note_line(line)


def _show(text: str) -> None:
    """Show text to people, or give it to whoever collects it."""
    if _running.said is not None:
        _running.said += text.splitlines()
    else:
        terminal.show_text(_screen.out or sys.stdout, chosen.label(_running.name, text))


def send_lines(out: IO[str] | None) -> None:
    """Let lines for people go to another stream than the output, which machines read; None takes that back."""
    _screen.out = out


@contextmanager
def collect_lines() -> Iterator[list[str]]:
    """Yield a list that gets what the task that runs in this thread would show until the block ends."""
    said: list[str] = []
    _running.said = said
    try:
        yield said
    finally:
        _running.said = None


def show_json(document: str) -> None:
    """Show a JSON document on the output, for machines."""
    terminal.show_text(sys.stdout, document)


def join_names(names: Sequence[str], most: int, between: str = ", ") -> str:
    """Return names as a sentence has them: the first few and how many more there are; the log has all of them."""
    if len(names) <= most:
        return between.join(names)
    log_line("\n    ".join([f"all {len(names)} of them:", *names]))
    return f"{between.join(names[:most])} and {len(names) - most} more"


def show_report(text: str) -> None:
    """Show the first entries of each list of a report at once, and note all of it; say where that is."""
    log_line(text)
    is_whole = _running.log is None or _running.said is not None
    shown, is_cut = (text, False) if is_whole else shorten_report(text)
    _show(f"{shown}\n  the whole list is in {_running.path}" if is_cut else shown)


def track_progress(steps: Iterable[T], total: int, doing: str, slow: bool = False) -> Iterator[T]:
    """Yield the steps, showing on a terminal how many of total are done.

    slow  each of them takes its time, so a few are shown, too, and the log has lines meanwhile
    """
    log_line(f"{doing}: {total}")
    steps = _log_steps(steps, total, doing) if slow else steps
    if (total < QUICK and not slow) or not _bars_are_seen():
        yield from steps
    else:
        from rich.console import Console
        from rich.progress import track as bar

        yield from bar(steps, _bar_label(doing), total, console=Console(stderr=True), transient=True)
    log_line(f"{doing}: done")


def _log_steps(steps: Iterable[T], total: int, doing: str) -> Iterator[T]:
    """Yield the steps, with a line in the log whenever one is reached, or a tenth of many."""
    for number, step in enumerate(steps, 1):
        if total < QUICK or number * 10 // total != (number - 1) * 10 // total:
            log_line(f"{doing}: {number} of {total}")
        yield step


@contextmanager
def progress_meter(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be called with (bytes done, bytes in all), which moves a bar on a terminal."""
    log_line(doing)
    if not _bars_are_seen():
        yield lambda _done, _total: None
    else:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            bar = shown.add_task(_bar_label(doing), total=None)
            yield lambda done, total: shown.update(bar, completed=done, total=total)
    log_line(f"{doing}: done")


@contextmanager
def track_transfer(name: str, size: int | None, start: int = 0) -> Iterator[Callable[[int], None]]:
    """Yield a function that takes how many bytes have come, and shows it on a terminal.

    size   bytes of the whole, None if nobody knows
    start  bytes that were there before
    """
    if (size or 0) < LARGE or not _bars_are_seen():
        yield lambda _count: None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(_bar_label(name), total=size, completed=start)
        yield lambda count: bar.advance(task, count)


def _bars_are_seen() -> bool:
    """Return whether a bar can be shown: on a terminal that no other task writes to meanwhile."""
    return sys.stderr.isatty() and not chosen.labelled


def _bar_label(text: str) -> str:
    """Return text as rich shows it beside a bar: none of it is markup."""
    from rich.markup import escape

    return escape(terminal.escape_line(text))
