# SPDX-License-Identifier: GPL-3.0-or-later
"""test_new_major"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.branding.rules import Branding
from smedoit.config import release
from smedoit.config.release import Release
from smedoit.errors import ConfigError, ContentError
from smedoit.release import new_major, next_toml
from smedoit.release.new_major import MajorStep
from smedoit.runtime import files
from smedoit.sample import content
from smedoit.sample.specfile import SPEC
from tests.harness.kills import WRITES, chosen, doors, killed_at
from tests.harness.nouns import identity

SAME = MajorStep(10, 11, base="el7")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def rel(tmp_path: Path) -> Release:
    shutil.copy(ROOT / "release.toml", tmp_path)
    rel = release.load_release(tmp_path / "release.toml")
    content.fill_content_tree(rel)
    return rel


def listing(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("src/cdrom.image/sme10", "src/cdrom.image/sme11"),
        ("repo/testing/10/smeos", "repo/testing/11/smeos"),
        (
            "src/rpms/smeserver-release/sme10/smeserver-release.spec",
            "src/rpms/smeserver-release/sme11/smeserver-release.spec",
        ),
        ("mirrors/centos/7/os/x86_64", "mirrors/centos/7/os/x86_64"),
        ("a/100/10x", "a/100/10x"),
    ],
)
def test_a_path_changes_where_a_part_of_it_is_the_major(path: str, wanted: str) -> None:
    assert next_toml.replace_major(path, 10, 11) == wanted


def test_the_new_release_toml_loads_and_differs_only_in_version_and_paths(rel: Release) -> None:
    new_major.make_new_major(rel, SAME)
    after = release.load_release(rel.file.with_name("release-11.toml"))
    assert (after.release.major, after.release.version, after.release.label) == (11, "11.0", "alpha1")
    assert replace(after.release, major=10, version="10.1", label="rc2") == rel.release
    assert after.content.path.name == "sme11"
    assert [tier.name for tier in after.tiers] == [tier.name for tier in rel.tiers]


def test_the_old_tree_and_file_are_never_touched(rel: Release) -> None:
    before, text = listing(rel.content.path), rel.file.read_text()
    new_major.make_new_major(rel, SAME)
    assert (listing(rel.content.path), rel.file.read_text()) == (before, text)


def test_no_text_that_already_speaks_of_the_new_release_is_left_to_decide(rel: Release) -> None:
    notes = new_major.make_new_major(rel, SAME)["result"]
    asked = [line for line in notes.splitlines() if "may stay" in line]
    assert asked == [
        "[ ] decide whether this may stay: README.txt, line 1: Koozali SME Server 10.0",
        "[ ] decide whether this may stay: updates/README.txt, line 1: SME Server 10.0",
        "[ ] decide whether this may stay: updates/README.txt, line 5: SME Server 8",
    ]


def test_tiers_translations_and_the_spec_file_of_the_new_major_have_their_places(rel: Release) -> None:
    files.write_file(rel.root / rel.spec.path, SPEC)
    new_major.make_new_major(rel, SAME)
    after = release.load_release(rel.file.with_name("release-11.toml"))
    for tier in after.tiers:
        assert (tier.path / "x86_64/RPMS").is_dir() is (tier.path / "SRPMS").is_dir() is (tier.name != "centos")
    assert after.translations.path.is_dir() and after.translations.path != rel.translations.path
    assert Path(after.anaconda.source).is_dir()
    assert (after.root / after.spec.path).read_text() == SPEC


def test_no_leftover_of_version_control_comes_along(rel: Release) -> None:
    new_major.make_new_major(rel, SAME)
    assert not list(rel.content.path.with_name("sme11").rglob("CVS"))


def test_every_version_string_is_changed_or_listed(rel: Release) -> None:
    notes = new_major.make_new_major(rel, SAME)["result"]
    new = rel.content.path.with_name("sme11")
    assert "SME Server 11.0 ALPHA1" in (new / "isolinux/isolinux.cfg").read_text()
    for path, data in listing(new).items():
        if b"10.0" in data and b"\0" not in data:
            assert path in notes


@pytest.mark.parametrize(
    ("old", "new", "version", "words"),
    [
        (9, 11, "", "is of major 10"),
        (10, 10, "", "must be greater than"),
        (10, 11, "12.0", "does not belong to major 11"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(rel: Release, old: int, new: int, version: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        new_major.make_new_major(rel, MajorStep(old, new, version))


def test_what_is_there_already_is_never_overwritten(rel: Release) -> None:
    new_major.make_new_major(rel, SAME)
    before = listing(rel.content.path.with_name("sme11"))
    with pytest.raises(ContentError, match="already exists"):
        new_major.make_new_major(rel, replace(SAME, label="alpha2"))
    assert listing(rel.content.path.with_name("sme11")) == before


def test_the_checklist_names_what_is_left() -> None:
    notes = new_major.new_major_checklist(
        identity(major=11, version="11.0", label=""), identity(), ["decide whether this may stay: README.txt"]
    )
    assert notes.splitlines()[-1] == "[ ] decide whether this may stay: README.txt"


def test_a_kill_while_the_tree_is_copied_leaves_nothing_or_all_of_it(rel: Release, tmp_path: Path) -> None:
    def copying(target: Path) -> Callable[[], object]:
        return lambda: new_major._write_content_tree(target, tree.files, executables, Branding(rel.release))

    tree, executables = new_major._read_content_tree(rel.content.path, "")

    steps = doors(copying(tmp_path / "whole/sme11"), WRITES)
    for number in chosen(steps, False):
        target = tmp_path / str(number) / "sme11"
        assert killed_at(number, copying(target), WRITES)
        assert not target.exists() or listing(target) == listing(tmp_path / "whole/sme11"), steps[number - 1]
