# SPDX-License-Identifier: GPL-3.0-or-later
"""No input of any parser ends otherwise than in a sentence, within its time and memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.mutation import mutate_bytes
from tests.fuzz.runner import Target, make_input, run_target
from tests.fuzz.seeds import Seeds
from tests.fuzz.targets import all_targets

FEW, MANY = 6, 200  # inputs of each parser, besides its honest ones
HONEST = 2  # honest inputs of each parser that are tried first


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> list[Target]:
    return all_targets(Seeds.build(tmp_path_factory.mktemp("fuzz") / "project"))


def failures(targets: list[Target], count: int, seed: int) -> list[str]:
    """Return what went wrong, with how to do it again."""
    found = []
    for target in targets:
        first = len(target.seeds)
        for failure in run_target(target, seed, [*range(min(HONEST, first)), *range(first, first + count)]):
            again = f"python -m tests.fuzz {target.name} --seed {seed} --input {failure.number} --verbose"
            found.append(f"{failure.kind}: {again}\n{failure.report}")
    return found


def test_no_parser_ends_otherwise_than_in_a_sentence(targets: list[Target]) -> None:
    assert failures(targets, FEW, 12) == []


@pytest.mark.exhaustive
def test_no_parser_ends_otherwise_than_in_a_sentence_at_length(targets: list[Target]) -> None:
    assert failures(targets, MANY, 13) == []


def test_the_same_seed_gives_the_same_inputs() -> None:
    target = Target("x", [b"abc" * 100], lambda _data, _place: None, mutate_bytes)
    inputs = [make_input(target, 1, number) for number in range(1, 50)]
    assert inputs == [make_input(target, 1, number) for number in range(1, 50)]
    assert inputs != [make_input(target, 2, number) for number in range(1, 50)]


def misbehave(data: bytes, place: Path) -> None:
    """Do what a parser must not do."""
    if data == b"crash":
        import os

        os.abort()
    if data == b"bug":
        raise KeyError(data)
    if data == b"memory":
        bytes(1 << 40)
    if data == b"disk":
        with (place / "large").open("wb") as file:
            file.truncate(1 << 40)


def test_whatever_a_parser_does_is_held_against_the_input_that_did_it() -> None:
    seeds = [b"fine", b"crash", b"bug", b"fine", b"memory", b"disk", b"fine"]
    found = run_target(Target("x", seeds, misbehave, mutate_bytes), 0, range(len(seeds)))
    kinds = {failure.number: failure.kind.split(" in ")[0] for failure in found}
    assert kinds == {
        1: "ends the interpreter, signal SIGABRT",
        2: "KeyError",
        4: "MemoryError",
        5: "ends the interpreter, signal SIGXFSZ",
    }
