# SPDX-License-Identifier: GPL-3.0-or-later
"""test_lock"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import PackageError
from smedoit.package import Evr, Package
from smedoit.packages import lock
from smedoit.packages.select import SelectedPackage, modular_nevras
from tests.harness.nouns import package

FILE = Path("packages.lock")
PICKS = [
    SelectedPackage(package("bash-4.2.46-34.el7.x86_64"), "smeos"),
    SelectedPackage(package("lvm2-7:2.02-1.noarch", file="tiers/Käse/lvm2.rpm", source_rpm=""), "smeupdates"),
]
TEXT = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=20)
PACKAGES = st.builds(Package, TEXT, st.builds(Evr, st.integers(0), TEXT, TEXT), TEXT, TEXT, st.integers(0), TEXT, TEXT)


def test_what_is_written_is_read_back() -> None:
    assert lock.parse_lock(lock.format_lock(PICKS), FILE) == PICKS


@given(st.lists(st.builds(SelectedPackage, PACKAGES, TEXT)))
def test_any_pick_survives(picks: list[SelectedPackage]) -> None:
    text = lock.format_lock(picks)
    assert lock.format_lock(lock.parse_lock(text, FILE)) == text


def test_each_pick_has_a_line_so_that_diff_shows_it() -> None:
    assert [line for line in lock.format_lock(PICKS).splitlines() if '"name": "bash"' in line] != []
    assert len(lock.format_lock(PICKS).splitlines()) == len(PICKS) + 2


def test_the_same_picks_make_the_same_text() -> None:
    assert lock.format_lock(PICKS) == lock.format_lock(iter(PICKS))


def test_a_lock_of_nothing_is_a_lock() -> None:
    assert lock.parse_lock(lock.format_lock([]), FILE) == []


def test_a_lock_says_who_signed() -> None:
    [first, _] = json.loads(lock.format_lock(PICKS))["picks"]
    assert first["key"] == PICKS[0].package.key


def test_a_lock_says_of_which_module_a_package_is_and_nothing_of_one_of_none() -> None:
    plain, modular = (
        SelectedPackage(package("bash-4.4-1.el8.x86_64"), "smeos"),
        SelectedPackage(package("php-8.2.1-1.module_el8.x86_64"), "a", "php:8.2"),
    )
    text = lock.format_lock([plain, modular])
    assert lock.parse_lock(text, Path("packages.lock")) == [plain, modular]
    assert text.count('"module": ') == 1
    assert modular_nevras([plain, modular]) == {modular.package.nevra}


def test_another_format_is_refused_by_its_number() -> None:
    with pytest.raises(PackageError, match=r"packages\.lock: is a lock of format 2, not 1"):
        lock.parse_lock('{"format": 2, "picks": []}', FILE)


@pytest.mark.parametrize("count", range(0, len(lock.format_lock(PICKS)) - 1, 7))
def test_a_torn_lock_is_refused_in_words(count: int) -> None:
    with pytest.raises(PackageError, match=r"packages\.lock: is not a package lock"):
        lock.parse_lock(lock.format_lock(PICKS)[:count], FILE)


@pytest.mark.parametrize(
    "text", ["[]", "5", "null", '{"format": 1}', '{"format": 1, "picks": 5}', '{"format": 1, "picks": [{}]}']
)
def test_json_that_is_no_lock_is_refused_in_words(text: str) -> None:
    with pytest.raises(PackageError, match=r"packages\.lock: is not a package lock"):
        lock.parse_lock(text, FILE)


@pytest.mark.parametrize("key", ["epoch", "size"])
def test_a_pick_with_a_wrong_value_is_refused_in_words(key: str) -> None:
    document = json.loads(lock.format_lock(PICKS))
    document["picks"][0][key] = "x"
    with pytest.raises(PackageError, match=r"packages\.lock: is not a package lock"):
        lock.parse_lock(json.dumps(document), FILE)


@pytest.mark.parametrize(("key", "value"), [("name", "../../x"), ("version", "1/2"), ("release", "/1"), ("arch", "a/b"),
                                            ("name", "a\0"), ("file", "a\0b")])  # fmt: skip
def test_a_package_whose_name_is_a_path_is_refused(key: str, value: str) -> None:
    document = json.loads(lock.format_lock(PICKS))
    document["picks"][0][key] = value
    with pytest.raises(PackageError, match=r"packages\.lock: is not a package lock.*is no name of a package"):
        lock.parse_lock(json.dumps(document), FILE)


def test_a_lock_that_no_task_of_this_release_makes_is_not_told_to_be_deleted() -> None:
    with pytest.raises(PackageError, match="hint: delete it; doit packages or doit sources makes it again"):
        lock.parse_lock("{}", FILE)
    with pytest.raises(PackageError, match="hint: get a good copy") as caught:
        lock.parse_lock("{}", FILE, mend="get a good copy")
    assert "delete it" not in str(caught.value)
