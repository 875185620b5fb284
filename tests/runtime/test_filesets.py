# SPDX-License-Identifier: GPL-3.0-or-later
"""test_filesets"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smedoit.runtime.filesets import FileSet, matches_patterns, ready

PATHS = st.text("ab/.", max_size=6)
PATTERNS = st.lists(st.text("ab/.*?[]", max_size=5), max_size=3).map(tuple)


@given(PATHS, PATTERNS)
@example("a", ("a*a",))
@example("aa", ("a*a",))
@example("a/b", ("*",))
@example("", ("*",))
@example("a*", ("a*", "a[*]"))
def test_a_path_matches_what_fnmatch_says_it_matches(relative: str, patterns: tuple[str, ...]) -> None:
    assert matches_patterns(relative, patterns) == any(fnmatchcase(relative, one) for one in patterns)


@given(PATHS, PATHS, PATTERNS)
def test_no_directory_is_passed_over_that_holds_a_match(above: str, below: str, patterns: tuple[str, ...]) -> None:
    if matches_patterns(f"{above}/{below}", patterns):
        assert ready(patterns).may_match_below(f"{above}/")


@given(PATHS, PATHS, PATTERNS)
def test_no_directory_is_left_out_that_holds_anything_else(above: str, below: str, patterns: tuple[str, ...]) -> None:
    if ready(patterns).match_all_below(f"{above}/"):
        assert matches_patterns(f"{above}/{below}", patterns)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("README", "Packages/a.rpm", "Packages/base/comps.xml", "CVS/Root", "half.smedoit-new"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def names(files: FileSet) -> set[str]:
    return {str(Path(path).relative_to(files.root)) for path in files.paths()}


def test_all_files_are_meant_but_those_of_version_control_and_those_still_being_written(place: Path) -> None:
    assert names(FileSet(place)) == {"README", "Packages/a.rpm", "Packages/base/comps.xml"}


def test_only_and_apart_choose(place: Path) -> None:
    assert names(FileSet(place, ("Packages/*",), ("*.rpm",))) == {"Packages/base/comps.xml"}


def test_files_named_one_by_one_are_there_or_not(place: Path) -> None:
    assert names(FileSet(place, ("README", "Packages", "absent"))) == {"README"}


def test_a_directory_that_is_not_there_holds_nothing(place: Path) -> None:
    assert names(FileSet(place / "absent")) == set()
