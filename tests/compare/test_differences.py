# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two releases, from what was read of them."""

from __future__ import annotations

import json

from smedoit.compare.differences import (
    PACKED,
    ComparedPackage,
    ComparedSide,
    Difference,
    compare_sides,
    format_differences,
    format_json_differences,
    summarize_differences,
    untold_parts,
)
from smedoit.package import Evr


def package(name: str, evr: str, sha256: str = "1", arch: str = "noarch") -> ComparedPackage:
    return ComparedPackage(name, Evr.parse(evr), arch, sha256)


def side(*packages: ComparedPackage, kind: str = "tree", **more: object) -> ComparedSide:
    return ComparedSide("a", kind, packages, **{"files": {}, **more})  # type: ignore[arg-type]


def said(one: ComparedSide, other: ComparedSide) -> list[str]:
    return [f"{found.what} {found}" for found in compare_sides(one, other)]


def test_a_package_is_added_removed_up_down_or_rebuilt() -> None:
    before = side(package("b", "1-1"), package("c", "1-1"), package("d", "1:2-1"), package("e", "1-1"))
    after = side(package("a", "1-1"), package("c", "1.10-1"), package("d", "3-1"), package("e", "1-1", "2"))
    assert said(before, after) == [
        "added a.noarch: 1-1",
        "removed b.noarch: 1-1",
        "up c.noarch: 1-1 -> 1.10-1",
        "down d.noarch: 1:2-1 -> 3-1",
        "rebuilt e.noarch: 1-1",
    ]


def test_of_several_versions_only_those_that_went_or_came_are_told() -> None:
    before = side(package("kernel", "1-1"), package("kernel", "2-1"))
    after = side(package("kernel", "2-1"), package("kernel", "3-1"), package("kernel", "1-0"))
    assert said(before, after) == ["up kernel.noarch: 1-1 -> 3-1", "added kernel.noarch: 1-0"]


def test_the_other_way_round_the_same_things_are_told() -> None:
    one = side(package("a", "1-1"), package("b", "1-1"), files={"x": "1", "y": "1"}, label="A")
    other = side(package("b", "2-1"), files={"x": "2", "z": "1"}, label="B")
    there, back = compare_sides(one, other), compare_sides(other, one)
    assert len(there) == len(back) == 6
    turned = {"added": "removed", "removed": "added", "up": "down", "down": "up"}
    assert {(found.name, turned.get(found.what, found.what)) for found in there} == {
        (found.name, found.what) for found in back
    }


def test_equal_sides_have_no_difference() -> None:
    one = side(package("a", "1-1"), files={"x": "1"}, images={"i": {"f": "1"}}, boot={"MBR": "yes"}, label="A")
    assert compare_sides(one, one) == []
    assert summarize_differences([]) == "no difference"


def test_an_image_that_differs_is_told_by_its_files() -> None:
    before = side(files={"images/product.img": "1"}, images={"images/product.img": {"a": "1", "b": "1"}})
    after = side(files={"images/product.img": "2"}, images={"images/product.img": {"a": "1", "b": "2", "c": "1"}})
    assert [(found.group, found.what, found.name) for found in compare_sides(before, after)] == [
        ("files", "changed", "images/product.img"),
        ("images/product.img", "changed", "b"),
        ("images/product.img", "added", "c"),
    ]


def test_an_image_that_is_only_packed_otherwise_says_so() -> None:
    before = side(files={"images/product.img": "1"}, images={"images/product.img": {"a": "1"}})
    after = side(files={"images/product.img": "2"}, images={"images/product.img": {"a": "1"}})
    assert said(before, after) == [f"changed images/product.img: {PACKED}"]


def test_what_no_medium_holds_is_no_difference_between_an_iso_and_its_tree() -> None:
    tree = side(files={"a": "1", "images/boot.iso": "1"}, off_medium=frozenset({"images/boot.iso"}))
    assert compare_sides(tree, side(files={"a": "1"}, kind="ISO")) == []
    assert said(tree, side(files={"a": "1"})) == ["removed images/boot.iso"]


def test_a_lock_tells_of_packages_only_and_that_is_said() -> None:
    lock = ComparedSide("packages.lock", "lock", (package("a", "1-1"),))
    tree = side(package("a", "1-1"), files={"x": "1"}, label="A")
    assert compare_sides(lock, tree) == []
    assert untold_parts(lock, tree) == "not compared, as one side does not have them: files, boot records, label"


def test_the_text_groups_and_the_json_holds_every_difference() -> None:
    before, after = side(package("a", "1-1"), files={"x": "1"}), side(package("a", "2-1"), files={"y": "1"})
    found = compare_sides(before, after)
    assert format_differences(found) == [
        "packages up (1):", "  a.noarch: 1-1 -> 2-1", "files added (1):", "  y", "files removed (1):", "  x",
    ]  # fmt: skip
    assert summarize_differences(found).startswith("3 differences: 1 in packages up, ")
    told = json.loads(format_json_differences(before, after, found))
    assert not told["same"]
    assert [Difference(**one) for one in told["differences"]] == found
    assert json.loads(format_json_differences(before, before, []))["same"]


def test_two_isos_that_differ_in_no_file_may_still_differ_in_bytes() -> None:
    one, other = side(kind="ISO", digest="1"), side(kind="ISO", digest="2")
    assert [found.group for found in compare_sides(one, other)] == ["bytes"]
