# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of a command is found from any directory of it, and a stranger's is not run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smedoit.engine.world import World, find_world
from smedoit.errors import UsageError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "release.toml").touch()
    return tmp_path


@pytest.mark.parametrize("start", [".", "a", "a/b"])
def test_the_nearest_release_toml_above_is_the_world(home: Path, start: str) -> None:
    assert find_world(home / start, None) == World(home, None)
    (home / "dodo.py").touch()
    assert find_world(home / start, None) == World(home, home / "dodo.py")


def test_a_world_within_a_world_is_its_own(home: Path) -> None:
    (home / "a/release.toml").touch()
    assert find_world(home / "a/b", None) == World(home / "a", None)


def test_without_any_the_way_to_begin_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no release.toml in .* or any directory above it\n.*smedoit init"):
        find_world(tmp_path, None)


def test_a_release_toml_that_is_named_needs_no_world_around(home: Path) -> None:
    assert find_world(home / "a/b", "../../release.toml").page is None


def test_what_another_user_put_above_is_not_run_but_in_its_own_directory(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "dodo.py").touch()
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(home).st_uid + 1000)
    monkeypatch.setattr(os, "stat", lambda path, stat=os.stat, **how: _given_away(stat(path, **how)))
    with pytest.raises(UsageError, match=r"release.toml: belongs to another user\n  hint: if you trust it, cd "):
        find_world(home / "a", None)
    assert find_world(home, None).home == home


def _given_away(found: os.stat_result) -> os.stat_result:
    return os.stat_result((*found[:4], 4711, *found[5:]))
