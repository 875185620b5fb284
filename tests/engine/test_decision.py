# SPDX-License-Identifier: GPL-3.0-or-later
"""test_decision"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.engine import decision
from smedoit.engine.decision import FileState, TaskSnapshot
from smedoit.runtime.files import FileStamp

HERE = Path.cwd()
ONE, OTHER = FileState(FileStamp(1, 1, 1, 1), "aa"), FileState(FileStamp(2, 2, 2, 2), "bb")
TOUCHED = FileState(FileStamp(1, 9, 9, 9), "aa")


def at(*names: str, seen: FileState = ONE) -> dict[str, FileState]:
    return {str(HERE / name): seen for name in names}


def reasons(before: TaskSnapshot | None, now: TaskSnapshot, *promised: str) -> list[str]:
    return decision.rerun_reasons(before, now, [str(HERE / name) for name in promised])


# One file


def test_equal_digests_are_equal_content_whatever_the_stamps() -> None:
    assert ONE.same_as(TOUCHED)


def test_different_digests_are_different_content_whatever_the_stamps() -> None:
    assert not ONE.same_as(FileState(ONE.stamp, "bb"))


@pytest.mark.parametrize(("stamp", "verdict"), [((1, 1, 1, 1), True), ((1, 1, 2, 1), False), ((1, 1, 1, 2), True)])
def test_without_digests_size_mtime_and_inode_decide(stamp: tuple[int, int, int, int], verdict: bool) -> None:
    assert FileState(FileStamp(1, 1, 1, 1), "").same_as(FileState(FileStamp(*stamp), "")) is verdict


# One task


def test_what_never_ran_runs() -> None:
    assert reasons(None, TaskSnapshot()) == ["it has not been made yet"]


def test_nothing_changed_is_no_reason() -> None:
    same = TaskSnapshot({"[release] label": "rc2"}, at("in"), at("out"))
    assert reasons(same, same, "out") == []


def test_a_touched_file_is_no_reason() -> None:
    assert reasons(TaskSnapshot(inputs=at("in")), TaskSnapshot(inputs=at("in", seen=TOUCHED))) == []


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (at("in"), at("in", seen=OTHER), "in changed"),
        ({}, at("in"), "in is new"),
        (at("in"), {}, "in is gone"),
    ],
)
def test_an_input_that_is_otherwise_is_a_reason(
    before: Mapping[str, FileState], now: Mapping[str, FileState], reason: str
) -> None:
    assert reasons(TaskSnapshot(inputs=before), TaskSnapshot(inputs=now)) == [reason]


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (at("out", seen=OTHER), "out was changed by somebody else since it was made"),
        ({}, "out was deleted"),
        (at("out", "more"), "more does not belong there"),
    ],
)
def test_an_output_that_is_otherwise_is_a_reason(now: Mapping[str, FileState], reason: str) -> None:
    assert reasons(TaskSnapshot(outputs=at("out")), TaskSnapshot(outputs=now), "out") == [reason]


def test_a_promised_target_that_never_was_is_missing() -> None:
    assert reasons(TaskSnapshot(), TaskSnapshot(), "out") == ["out is missing"]


def test_what_it_is_told_is_a_reason_with_both_values() -> None:
    before, now = (
        TaskSnapshot({"release.toml [release] label": "rc1"}),
        TaskSnapshot({"release.toml [release] label": "rc2"}),
    )
    assert reasons(before, now) == ["release.toml [release] label changed from rc1 to rc2"]


def test_values_too_long_to_read_are_not_shown() -> None:
    assert reasons(TaskSnapshot({"smedoit itself": "a" * 32}), TaskSnapshot({"smedoit itself": "b" * 32})) == [
        "smedoit itself changed"
    ]


def test_what_it_is_told_now_and_was_not_before_is_a_reason() -> None:
    assert reasons(TaskSnapshot(), TaskSnapshot({"key": "x"})) == ["key is read now"]


def test_what_it_is_told_no_more_is_a_reason() -> None:
    assert reasons(TaskSnapshot({"key": "x"}), TaskSnapshot()) == ["key is no longer read"]


def test_keys_that_come_with_a_change_are_no_change_of_their_own() -> None:
    before = TaskSnapshot({"[[rules]]": "nothing"})
    now = TaskSnapshot({"[[rules]]": "a rule", "[release] aliases": "SME", "[release] arch": "x86_64"})
    assert reasons(before, now) == ["[[rules]] changed from nothing to a rule"]


def test_what_is_there_and_no_longer_read_is_not_gone(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    read = {str(there): ONE, str(tmp_path / "gone"): ONE}
    assert reasons(TaskSnapshot(inputs=read), TaskSnapshot()) == [
        f"{tmp_path}/gone is gone",
        f"{there} is no longer read",
    ]


def test_what_is_there_and_no_longer_made_was_not_deleted(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    assert reasons(TaskSnapshot(outputs={str(there): ONE}), TaskSnapshot()) == [f"{there} is no longer made"]


def test_of_a_file_that_nobody_read_it_is_not_said_that_it_changed() -> None:
    before, now = FileState(FileStamp(1, 1, 1, 1), ""), FileState(FileStamp(1, 2, 1, 2), "")
    assert reasons(TaskSnapshot(outputs=at("a", seen=before)), TaskSnapshot(outputs=at("a", seen=now))) == [
        "a was touched or changed since it was made"
    ]


IDENTITIES = {"release.toml [release] label": "rc2"}, {"release.toml [release] label": "rc3"}


def test_a_new_version_says_what_a_person_changed() -> None:
    before = TaskSnapshot({**IDENTITIES[0], "key": "a"}, at("stage/1/tree", "in"))
    now = TaskSnapshot({**IDENTITIES[1], "key": "b"}, at("in", seen=OTHER))
    assert decision.inherited_reasons(IDENTITIES, before, now, str(HERE / "stage")) == [
        "release.toml [release] label changed from rc2 to rc3",
        "key changed from a to b",
        "in changed",
    ]


def test_a_new_version_always_runs() -> None:
    assert decision.inherited_reasons(({}, {}), TaskSnapshot(), TaskSnapshot(), "/stage") == [
        "it has not been made yet"
    ]


def test_the_most_telling_reasons_come_first() -> None:
    before = TaskSnapshot({"key": "a"}, at("in"), at("out"))
    now = TaskSnapshot({"key": "b"}, at("in", seen=OTHER), {})
    assert reasons(before, now, "out") == ["key changed from a to b", "in changed", "out was deleted"]


def test_three_files_are_named() -> None:
    assert reasons(TaskSnapshot(inputs=at("a/1", "a/2", "a/3")), TaskSnapshot()) == [
        "a/1 is gone",
        "a/2 is gone",
        "a/3 is gone",
    ]


def test_many_files_are_counted_and_the_first_of_them_named() -> None:
    found = reasons(TaskSnapshot(), TaskSnapshot(inputs=at(*(f"tier/{number}.rpm" for number in range(5)))))
    assert found == ["5 files below tier are new: 0.rpm, 1.rpm, 2.rpm, …"]


@pytest.mark.parametrize(
    ("verb", "several"),
    [
        ("is new", "are new"),
        ("was deleted", "were deleted"),
        ("does not belong there", "do not belong there"),
        ("changed", "changed"),
    ],
)
def test_several_files_take_the_plural(verb: str, several: str) -> None:
    assert decision.plural_verb(verb) == several


def test_a_path_elsewhere_is_shown_whole(tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "in")
    assert reasons(TaskSnapshot(), TaskSnapshot(inputs={elsewhere: ONE})) == [f"{elsewhere} is new"]


# Edited by hand


def test_only_what_the_task_made_and_somebody_changed_was_edited() -> None:
    before = TaskSnapshot(inputs=at("in"), outputs=at("same", "changed", "deleted"))
    now = TaskSnapshot(inputs=at("in", seen=OTHER), outputs=at("same", seen=TOUCHED) | at("changed", "new", seen=OTHER))
    assert decision.edited_outputs(before, now) == [str(HERE / "changed")]


def test_what_never_ran_has_no_edited_files() -> None:
    assert decision.edited_outputs(None, TaskSnapshot(outputs=at("out"))) == []


# Any snapshots

SEEN = st.builds(
    FileState,
    st.builds(FileStamp, st.integers(0, 1), st.just(0), st.just(0), st.integers(0, 1)),
    st.sampled_from(["", "a", "b"]),
)
FILES = st.dictionaries(st.sampled_from([os.path.join("/t", name) for name in "abcdef"]), SEEN)
TOLD = st.dictionaries(st.sampled_from("kl"), st.sampled_from(["", "x", "y"]))
SNAPSHOTS = st.builds(TaskSnapshot, TOLD, FILES, FILES)


@given(SNAPSHOTS)
def test_a_task_that_just_ran_does_not_run_again(one: TaskSnapshot) -> None:
    assert decision.rerun_reasons(one, one, one.outputs) == []


@given(SNAPSHOTS, SNAPSHOTS)
def test_no_reason_means_that_nothing_is_otherwise(before: TaskSnapshot, now: TaskSnapshot) -> None:
    if not decision.rerun_reasons(before, now, ()):
        assert before.config.keys() == now.config.keys() or "" in {*before.config.values(), *now.config.values()}
        for old, new in ((before.inputs, now.inputs), (before.outputs, now.outputs)):
            assert old.keys() == new.keys()
            assert all(new[path].same_as(old[path]) for path in old)


@given(SNAPSHOTS, SNAPSHOTS)
def test_every_edited_file_is_also_a_reason(before: TaskSnapshot, now: TaskSnapshot) -> None:
    assert not decision.edited_outputs(before, now) or decision.rerun_reasons(before, now, ())
