# SPDX-License-Identifier: GPL-3.0-or-later
"""test_layers"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.branding.rules import Branding
from smedoit.errors import ContentError, FileError
from smedoit.runtime.files import copy_file, link_file, stamp_file, write_file
from smedoit.tree import fill, layers
from smedoit.tree.layers import TreeLayer
from tests.harness import nouns


def everything(_: str) -> bool:
    return True


def made(place: Path, **files: str) -> Path:
    """Fill place; in a file's name __ stands for a slash."""
    for name, text in files.items():
        write_file(place / name.replace("__", "/"), text)
    place.mkdir(exist_ok=True)
    return place


def shown(target: Path) -> dict[str, str]:
    return {str(path.relative_to(target)): path.read_text() for path in sorted(target.rglob("*")) if path.is_file()}


def layer(root: Path, place: Callable[[Path, Path], None] = copy_file) -> TreeLayer:
    return layers.read_layer(root.name, root, everything, place)


def test_every_layer_shows_what_no_later_one_has(tmp_path: Path) -> None:
    below, above = made(tmp_path / "a", x="1", d__y="2"), made(tmp_path / "b", d__y="3", z="4")
    layers.apply_layers([layer(below), layer(above)], tmp_path / "t", everything)
    assert shown(tmp_path / "t") == {"x": "1", "d/y": "3", "z": "4"}


def test_it_counts_what_is_there_new_hidden_and_gone(tmp_path: Path) -> None:
    below, above = made(tmp_path / "a", x="1", y="2"), made(tmp_path / "b", y="3")
    made(tmp_path / "t", old="0")
    counts = layers.apply_layers([layer(below), layer(above)], tmp_path / "t", everything)
    assert list(counts.values()) == [2, 2, 1, 1]


def test_a_second_time_touches_no_file(tmp_path: Path) -> None:
    tree_layer = layer(made(tmp_path / "a", x="1", y="2"))
    layers.apply_layers([tree_layer], tmp_path / "t", everything)
    before = [stamp_file(tmp_path / "t" / name) for name in "xy"]
    layers.apply_layers([tree_layer], tmp_path / "t", everything)
    assert [stamp_file(tmp_path / "t" / name) for name in "xy"] == before


def test_a_file_that_somebody_changed_is_placed_again(tmp_path: Path) -> None:
    tree_layer = layer(made(tmp_path / "a", x="1"))
    layers.apply_layers([tree_layer], tmp_path / "t", everything)
    (tmp_path / "t/x").write_text("2")
    layers.apply_layers([tree_layer], tmp_path / "t", everything)
    assert shown(tmp_path / "t") == {"x": "1"}


def test_what_no_layer_has_any_more_disappears_with_its_empty_directories(tmp_path: Path) -> None:
    source = made(tmp_path / "a", x="1", d__e__y="2")
    layers.apply_layers([layer(source)], tmp_path / "t", everything)
    (source / "d/e/y").unlink()
    layers.apply_layers([layer(source)], tmp_path / "t", everything)
    assert shown(tmp_path / "t") == {"x": "1"}
    assert os.listdir(tmp_path / "t") == ["x"]


def test_what_is_not_owned_stays(tmp_path: Path) -> None:
    made(tmp_path / "t", Packages__bash="rpm", old="0")
    layers.apply_layers([], tmp_path / "t", lambda relative: not relative.startswith("Packages/"))
    assert shown(tmp_path / "t") == {"Packages/bash": "rpm"}


def test_only_wanted_files_are_in_a_layer(tmp_path: Path) -> None:
    found = layers.read_layer("a", made(tmp_path / "a", x="1", y="2"), lambda relative: relative == "y", copy_file)
    assert list(found.files) == ["y"]


def test_a_linked_layer_shares_its_files_and_a_copied_one_does_not(tmp_path: Path) -> None:
    linked, copied = made(tmp_path / "a", x="1"), made(tmp_path / "b", y="2")
    layers.apply_layers([layer(linked, link_file), layer(copied)], tmp_path / "t", everything)
    assert os.path.samefile(linked / "x", tmp_path / "t/x")
    assert not os.path.samefile(copied / "y", tmp_path / "t/y")


def test_a_file_that_became_a_link_elsewhere_keeps_its_source_whole(tmp_path: Path) -> None:
    linked = made(tmp_path / "a", x="1")
    layers.apply_layers([layer(linked, link_file)], tmp_path / "t", everything)
    layers.apply_layers([layer(linked, link_file), layer(made(tmp_path / "b", x="2"))], tmp_path / "t", everything)
    assert ((linked / "x").read_text(), shown(tmp_path / "t")) == ("1", {"x": "2"})


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none: the boot set is not there\n  hint: .*release\.toml"):
        layers.read_layer("boot set", tmp_path / "none", everything, copy_file)


def test_a_link_out_of_the_source_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "a", x="1")
    (tmp_path / "a/link").symlink_to("/etc/passwd")
    with pytest.raises(FileError, match="link: leads out of"):
        layer(tmp_path / "a")


def test_a_linked_directory_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    made(tmp_path / "a", d__x="1")
    (tmp_path / "a/link").symlink_to("d")
    with pytest.raises(FileError, match="link: is not a regular file"):
        layer(tmp_path / "a")


def test_a_file_where_a_directory_must_be_is_a_sentence(tmp_path: Path) -> None:
    made(tmp_path / "t", d="in the way")
    with pytest.raises(FileError, match="cannot be written"):
        layers.apply_layers([layer(made(tmp_path / "a", d__x="1"))], tmp_path / "t", everything)


def test_a_target_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert list(layers.list_tree_files(tmp_path / "none")) == []


def test_a_name_that_is_not_utf8_is_told_before_a_medium_breaks_on_it(tmp_path: Path) -> None:
    made(tmp_path / "a", x="1")
    with open(os.fsencode(tmp_path / "a") + b"/caf\xe9.txt", "w") as file:
        file.write("x")
    with pytest.raises(ContentError, match=r"(?s)the name is not UTF-8:\n.*a/caf\\xe9\.txt\n.*\[content\] names"):
        layer(tmp_path / "a")


@pytest.mark.parametrize("name", [b"caf\xe9\\x2f..", b"caf\xe9\\x00"])
def test_a_name_that_an_encoding_makes_another_path_is_refused(tmp_path: Path, name: bytes) -> None:
    place = made(tmp_path / "a", x="1")
    with open(os.fsencode(place) + b"/" + name, "w") as file:
        file.write("x")
    with pytest.raises(ContentError, match="the name is not UTF-8, and not unicode_escape either"):
        layers.read_layer("a", place, everything, copy_file, "unicode_escape")


def test_names_in_the_encoding_that_release_toml_names_are_utf8_on_the_medium(tmp_path: Path) -> None:
    place = made(tmp_path / "a", x="1")
    for name in (b"caf\xe9.txt", "쿠잘리.txt".encode()):
        with open(os.fsencode(place) + b"/" + name, "wb") as file:
            file.write(name)
    found = layers.read_layer("a", place, everything, copy_file, "latin-1")
    assert sorted(found.files) == ["café.txt", "x", "쿠잘리.txt"]
    layers.apply_layers([found], tmp_path / "t", everything)
    assert (tmp_path / "t/café.txt").read_bytes() == b"caf\xe9.txt"
    assert layers.apply_layers([found], tmp_path / "t", everything)["new or changed"] == 0


def test_one_name_in_two_encodings_and_a_name_in_neither_are_told_together(tmp_path: Path) -> None:
    place = made(tmp_path / "a", x="1")
    for name in (b"caf\xe9.txt", "café.txt".encode()):
        with open(os.fsencode(place) + b"/" + name, "wb") as file:
            file.write(name)
    with pytest.raises(ContentError, match=r"the name is that of another file, café\.txt, in another encoding"):
        layers.read_layer("a", place, everything, copy_file, "latin-1")
    with pytest.raises(ContentError, match="not UTF-8, and not euc-kr either"):
        layers.read_layer("a", place, everything, copy_file, "euc-kr")


def test_packages_that_no_tier_has_do_not_go_on_the_medium_and_are_named(tmp_path: Path) -> None:
    content, boot_set = tmp_path / "content", tmp_path / "os"
    for path in (content / "extras/koozali-1-1.noarch.rpm", content / "x.RPM", boot_set / "images/driver.rpm"):
        write_file(path, b"\xed\xab\xee\xdb")
    parts = fill.TreeParts(everything, everything, everything)
    branding = Branding(nouns.identity())
    with pytest.raises(ContentError) as caught:
        fill.fill_tree((content, boot_set), (), branding, parts, tmp_path / "tree")
    said = str(caught.value)
    assert "packages lie where nobody verifies them" in said
    assert all(str(name) in said for name in (content / "extras", content / "x.RPM", boot_set / "images/driver.rpm"))
    assert not (tmp_path / "tree").exists()
