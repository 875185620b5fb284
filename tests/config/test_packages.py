# SPDX-License-Identifier: GPL-3.0-or-later
"""test_packages"""

from __future__ import annotations

import pytest

from smedoit.config.packages import PackageExclusions, PackageSelection, RetiredPackage, refuse_contradictory_lists
from smedoit.config.schema import InvalidValueError
from smedoit.packages.select import select_newest
from tests.harness.nouns import package

GONE = RetiredPackage("nobody mends it any more", "b")


def refusal(lists: PackageExclusions, **wanted: str) -> str:
    with pytest.raises(InvalidValueError) as caught:
        refuse_contradictory_lists(lists, wanted)
    return f"{caught.value.key}: {caught.value.reason}"


@pytest.mark.parametrize("pattern", ["a", "a*", "a-2-1.x86_64", "a-2-1", "a-2-*", "?-2-1.*"])
def test_a_name_a_nevra_or_a_glob_on_either_is_understood(pattern: str) -> None:
    assert (
        PackageExclusions(excluded={pattern: "broken"}).rule(package("a-2-1.x86_64"))
        == f"excluded by {pattern!r}: broken"
    )


@pytest.mark.parametrize("pattern", ["b", "a-1-1", "a-2-1.noarch", "", "A"])
def test_what_is_not_meant_stays(pattern: str) -> None:
    assert PackageExclusions(excluded={pattern: "broken"}).rule(package("a-2-1.x86_64")) == ""


def test_an_epoch_belongs_to_the_nevra() -> None:
    lists = PackageExclusions(excluded={"a-1:2-1.x86_64": "broken"})
    assert lists.rule(package("a-1:2-1.x86_64")) != ""
    assert lists.rule(package("a-2-1.x86_64")) == ""


def test_a_retired_package_names_its_reason_and_its_successor() -> None:
    rule = PackageExclusions({"a": GONE}).rule(package("a-1-1.noarch"))
    assert rule == "retired by 'a': nobody mends it any more, replaced by b"


def test_what_is_excluded_lets_an_older_copy_take_its_place() -> None:
    copies = [package("a-1-1.noarch"), package("a-2-1.noarch")]
    lists = PackageExclusions(excluded={"a-2-1": "broken"})
    assert [one.package for one in select_newest({"smeos": copies}, PackageSelection(), "x86_64", lists)] == copies[:1]


def test_what_is_retired_is_in_no_version_on_the_medium() -> None:
    copies = [package("a-1-1.noarch"), package("a-2-1.noarch"), package("b-1-1.noarch")]
    assert [
        one.package.name
        for one in select_newest({"x": copies}, PackageSelection(), "x86_64", PackageExclusions({"a": GONE}))
    ] == ["b"]


def test_entries_that_match_nothing_are_named_and_so_are_absent_successors() -> None:
    lists = PackageExclusions({"a": GONE, "old*": RetiredPackage("old")}, {"c": "broken"})
    assert lists.remarks([package("a-1-1.noarch")], []) == [
        "[retired] old* matches no package of the staged tiers",
        "[excluded] c matches no package of the staged tiers",
        "[retired] a is replaced by b, which is not on the medium",
    ]
    assert PackageExclusions({"a": GONE}).remarks([package("a-1-1.noarch")], [package("b-1-1.noarch")]) == []


def test_a_circle_is_refused_with_its_members() -> None:
    lists = PackageExclusions(
        {"a": RetiredPackage("x", "b"), "b": RetiredPackage("x", "c"), "c": RetiredPackage("x", "a")}
    )
    assert refusal(lists) == "retired.a: goes in a circle: a is replaced by b is replaced by c is replaced by a"


def test_a_package_cannot_replace_itself() -> None:
    assert "circle" in refusal(PackageExclusions({"a*": RetiredPackage("x", "ab")}))


def test_a_chain_of_successors_that_ends_on_the_medium_is_fine() -> None:
    refuse_contradictory_lists(PackageExclusions({"a": RetiredPackage("x", "b"), "b": RetiredPackage("x", "c")}), {})


def test_a_successor_that_is_retired_without_one_is_refused() -> None:
    assert refusal(PackageExclusions({"a": GONE, "b": RetiredPackage("x")})) == (
        "retired.a: is replaced by b, which is retired itself"
    )


def test_a_successor_that_is_excluded_is_refused() -> None:
    assert "is replaced by b, which [excluded] 'b*' takes away" in refusal(PackageExclusions({"a": GONE}, {"b*": "x"}))


def test_an_entry_in_both_lists_is_refused() -> None:
    assert refusal(PackageExclusions({"a": RetiredPackage("x")}, {"a": "y"})) == (
        "excluded.a: stands in [retired] too; keep one of the two"
    )


def test_what_another_key_asks_for_cannot_be_taken_away() -> None:
    assert refusal(PackageExclusions(excluded={"ker*": "x"}), kernel="[packages] several") == (
        "excluded.ker*: takes away kernel, which [packages] several asks for"
    )


@pytest.mark.parametrize("reason", ["", "  "])
def test_every_entry_has_a_reason(reason: str) -> None:
    assert "say why" in refusal(PackageExclusions(excluded={"a": reason}))
    with pytest.raises(InvalidValueError, match="say why"):
        RetiredPackage(reason)
