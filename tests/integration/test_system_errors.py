# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the system refuses to a task, it ends in a sentence that names a file, and the next run is whole again."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from random import Random

import pytest

from tests.harness.project import Project
from tests.harness.refusals import ERRORS, Outcome, Refusal, forget_outputs, refuse, task_actions

QUICK = ("repodata", "comps", "product_img", "treeinfo", "stage_packages")
LONG = ("boot_test", "preview", "new_major")  # minutes, or done but once


def is_told(outcome: Outcome) -> bool:
    """Return whether an action was done, or ended in a sentence that names a file or a program."""
    return outcome.kind == "done" or (
        outcome.kind == "failed" and ":" in outcome.text and "Traceback" not in outcome.text
    )


def refusals(random: Random, honest: Outcome, count: int) -> list[Refusal]:
    """Return that many refusals of what an action asks the system for."""
    files = len(os.listdir("/proc/self/fd"))
    found = [Refusal(limit=(resource.RLIMIT_FSIZE, size)) for size in (0, 200, 20_000)]
    found += [Refusal(limit=(resource.RLIMIT_NOFILE, files + more)) for more in (3, 6, 9)]
    for call, number in sorted(honest.calls.items()):
        places = sorted({1, number // 2 or 1, number, random.randint(1, number)})
        found += [Refusal(call, place, random.choice(ERRORS)) for place in places]
    return random.sample(found, min(count, len(found)))


def failures(project: Project, names: tuple[str, ...], count: int) -> list[str]:
    """Return what ended otherwise than in a sentence."""
    random, wrong = Random(12), []
    for name, (action, outputs) in task_actions(project).items():
        if (names and name not in names) or name in LONG:
            continue
        forget_outputs(outputs)
        honest = refuse(action, project.home, Refusal())
        for refusal in refusals(random, honest, count):
            forget_outputs(outputs)
            outcome = refuse(action, project.home, refusal)
            if not is_told(outcome) and (outcome.kind, outcome.text) != (honest.kind, honest.text):
                wrong.append(f"{name}, {refusal}: {outcome.kind} {outcome.text}")
        forget_outputs(outputs)
        if (after := refuse(action, project.home, Refusal())).kind != honest.kind:
            wrong.append(f"{name}, afterwards: {after.kind} {after.text}")
    return wrong


def test_a_refusal_of_the_system_is_told_in_a_sentence(built: Project) -> None:
    assert failures(built, QUICK, 8) == []


@pytest.mark.exhaustive
def test_a_refusal_of_the_system_is_told_in_a_sentence_by_every_task(built: Project) -> None:
    assert built.doit("release", "repoview", "tiers", "notes").code == 0
    assert failures(built, (), 20) == []


def test_a_directory_that_cannot_be_listed_is_not_taken_for_an_empty_one(built: Project) -> None:
    [(action, outputs)] = [found for name, found in task_actions(built).items() if name == "iso"]
    before = {path: path.read_bytes() for path in outputs if Path(path).is_file()}
    outcome = refuse(action, built.home, Refusal("scandir", 1))
    assert outcome.kind == "failed"
    assert "cannot be read, input/output error" in outcome.text
    assert {path: path.read_bytes() for path in before} == before
