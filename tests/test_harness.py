# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is forked is the run that a person starts: else all that the others show would be of another doit."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest

from tests.harness import processes
from tests.harness.project import FAULTS, Project

RUNS: dict[str, tuple[str, ...]] = {
    "nothing to do": (),
    "a list": ("list",),
    "why": ("why", "iso"),
    "help": ("help", "iso"),
    "no such task": ("nowhere",),
    "no such option": ("promote", "--nowhere"),
    "two at once": ("-n", "2", "iso"),
    "a task that always runs": ("why_package", "bash"),
}


def timeless(said: str) -> str:
    """Return what a run said, but for how long it took."""
    return re.sub(r"\d+\.\d s$", "…", said, flags=re.MULTILINE)


@pytest.mark.parametrize("words", RUNS.values(), ids=RUNS)
def test_a_forked_run_says_what_one_from_nothing_says(built: Project, words: tuple[str, ...]) -> None:
    forked, real = built.doit(*words), built.doit(*words, real=True)
    assert (forked.code, timeless(forked.out), forked.err) == (real.code, timeless(real.out), real.err)
    assert forked.ran == real.ran


def test_a_forked_run_builds_what_one_from_nothing_builds(built: Project) -> None:
    before = built.artifacts()
    built.iso.unlink()
    built.release.lock.unlink()
    assert built.build().ran >= {"packages", "iso"}
    assert built.artifacts() == before
    built.iso.unlink()
    built.release.lock.unlink()
    assert built.doit(real=True).ran >= {"packages", "iso"}
    assert built.artifacts() == before


@pytest.mark.parametrize("name", ["KILL", "TERM", "INT"])
def test_a_forked_run_ends_by_a_signal_as_one_from_nothing_does(built: Project, name: str) -> None:
    def ended(real: bool) -> tuple[int, str, str]:
        built.iso.unlink()
        outcome = built.doit("iso", ".iso", "written", name, module=FAULTS, real=real)
        assert outcome.code == (-signal.SIGKILL if name == "KILL" else 128 + signal.Signals[f"SIG{name}"])
        built.build()
        return outcome.code, timeless(outcome.out), outcome.err

    assert ended(False) == ended(True)


def test_no_run_leaves_anything_to_the_next_one(built: Project, project: Project) -> None:
    assert "nothing to do" in built.doit().out
    assert "packages: it has not been made yet" in project.doit().out
    assert "nothing to do" in built.doit().out


@pytest.mark.parametrize("ask", [lambda: processes.forked, lambda: processes.started], ids=["forked", "from nothing"])
def test_a_run_has_its_own_environment_and_no_input(ask: Callable[[], Callable[..., processes.Ended]]) -> None:
    environment = {**os.environ, "COLOUR": "blue"}
    ended = ask()("tests.harness.mirror", "a b", "c", environment=environment)
    words = "['a b', 'c'] 'blue' '' 0o22 [0, 1, 2] True 1"
    assert (ended.code, ended.out, ended.err.splitlines()[-1]) == (1, f"{words}\n", "RuntimeError: the end")
