# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on many things at once, in processes: rpm-rs and createrepo_c let no second thread run meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from smedoit.errors import SmeError

T = TypeVar("T")
R = TypeVar("R")

SHARE = 32  # things that are done before a process of their own would have started


def map_parallel(function: Callable[[T], R], things: Sequence[T]) -> Iterator[R]:
    """Return what function returns for each of the things, in their order; its SmeErrors are raised here.

    The processes are forks: function sees all that we have, but only what it returns comes back.
    """
    count = min(os.cpu_count() or 1, len(things) // SHARE)
    if count < 2:
        return map(function, things)
    return _collect_results([_start_worker(function, things[first::count]) for first in range(count)], len(things))


def _start_worker(function: Callable[[T], R], share: Sequence[T]) -> tuple[Any, Any]:
    """Return a process at work on its share, and the pipe that its results come out of."""
    from multiprocessing import get_context

    forks = get_context("fork")
    results, sink = forks.Pipe(duplex=False)
    process = forks.Process(target=_run_share, args=(function, share, results, sink), daemon=True)
    process.start()
    sink.close()
    return process, results


def _run_share(function: Callable[[T], R], share: Sequence[T], results: Any, sink: Any) -> None:
    """Send what comes of each thing into the sink, until the share is done or nobody listens any more."""
    results.close()  # our copy would count as a listener
    try:
        for thing in share:
            try:
                sink.send(function(thing))
            except SmeError as error:
                sink.send(error)
    except BrokenPipeError:
        return


def _collect_results(working: Sequence[tuple[Any, Any]], total: int) -> Iterator[Any]:
    """Yield all results in the order of the things. However that ends, no process is left behind."""
    try:
        for number in range(total):
            result = working[number % len(working)][1].recv()
            if isinstance(result, SmeError):
                raise result
            yield result
    finally:
        for _, results in working:
            results.close()
        for process, _ in working:
            process.join()
