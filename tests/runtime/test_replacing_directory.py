# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to replace a directory: a kill leaves the old one or the new one, and what was begun is settled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smedoit.runtime.files import recover_directory, replacing_directory, write_file
from tests.harness.kills import WRITES, doors, killed_at

OLD, NEW = {"a": b"old", "sub/b": b"old"}, {"a": b"new", "sub/c": b"new"}


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def fill(root: Path, what: dict[str, bytes]) -> None:
    for name, data in what.items():
        write_file(root / name, data, durable=False)


def replace_with_new(path: Path) -> None:
    with replacing_directory(path) as new:
        fill(new, NEW)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process loses nothing that it wrote, so nobody need wait for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def test_the_new_directory_takes_the_place_of_the_old_one_and_nothing_is_left_beside(tmp_path: Path) -> None:
    fill(tmp_path / "x/place", OLD)
    replace_with_new(tmp_path / "x/place")
    assert (content(tmp_path / "x/place"), os.listdir(tmp_path / "x")) == (NEW, ["place"])


def test_a_place_where_nothing_is_gets_the_new_one(tmp_path: Path) -> None:
    replace_with_new(tmp_path / "x/place")
    assert (content(tmp_path / "x/place"), os.listdir(tmp_path / "x")) == (NEW, ["place"])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ZeroDivisionError])
def test_what_fails_leaves_the_old_directory_and_nothing_beside(tmp_path: Path, stop: type[BaseException]) -> None:
    fill(tmp_path / "x/place", OLD)
    with pytest.raises(stop), replacing_directory(tmp_path / "x/place") as new:
        fill(new, NEW)
        raise stop
    assert (content(tmp_path / "x/place"), os.listdir(tmp_path / "x")) == (OLD, ["place"])


def test_a_rename_that_fails_brings_the_old_directory_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, rename = tmp_path / "x/place", os.rename
    fill(place, OLD)

    def failing(source: Path, target: Path) -> None:
        if target == place:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(KeyboardInterrupt):
        replace_with_new(place)
    assert (content(place), os.listdir(tmp_path / "x")) == (OLD, ["place"])


def test_a_link_keeps_what_it_says(tmp_path: Path) -> None:
    fill(tmp_path / "real/place", OLD)
    (tmp_path / "link").symlink_to("real/place")
    replace_with_new(tmp_path / "link")
    assert os.readlink(tmp_path / "link") == "real/place"
    assert (content(tmp_path / "real/place"), os.listdir(tmp_path / "real")) == (NEW, ["place"])


@pytest.mark.parametrize("by", ["recovery", "the next call"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_one(tmp_path: Path, by: str) -> None:
    fill(tmp_path / "other", OLD)
    steps = doors(lambda: replace_with_new(tmp_path / "other"), WRITES)
    ends = []
    for number in range(1, len(steps) + 1):
        place = tmp_path / str(number) / "place"
        fill(place, OLD)
        assert killed_at(number, lambda place=place: replace_with_new(place), WRITES)  # type: ignore[misc]
        recover_directory(place)
        ends.append(content(place))
        assert ends[-1] in (OLD, NEW), steps[number - 1]
        assert not place.with_name(".place.old").exists()
        if by == "the next call":
            replace_with_new(place)
            assert (content(place), os.listdir(place.parent)) == (NEW, ["place"])
    assert OLD in ends and NEW in ends
    assert [end == NEW for end in ends] == sorted(end == NEW for end in ends)  # once it is new, it stays new


def test_a_kill_between_the_two_renames_is_told_by_whoever_recovers(tmp_path: Path) -> None:
    place = tmp_path / "place"
    fill(place, OLD)
    os.rename(place, tmp_path / ".place.old")
    assert recover_directory(place) == f"{place}: its replacement was interrupted; the directory is back as it was"
    assert (content(place), recover_directory(place)) == (OLD, "")


def test_a_kill_while_recovering_loses_nothing(tmp_path: Path) -> None:
    for number in range(1, 20):
        place = tmp_path / str(number) / "place"
        fill(place, NEW)
        fill(place.with_name(".place.old"), OLD)  # killed after the switch
        fill(place.with_name(".place.new"), OLD)
        killed = killed_at(number, lambda place=place: recover_directory(place), WRITES)  # type: ignore[misc]
        recover_directory(place)
        assert content(place) == NEW
        if not killed:
            return
    raise AssertionError("a recovery has fewer steps")
