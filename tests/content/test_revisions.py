# SPDX-License-Identifier: GPL-3.0-or-later
"""test_revisions"""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.content import revisions
from tests.harness.tools import need, read_with


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    need("git")
    place = tmp_path / "root/src/content"
    place.mkdir(parents=True)
    (place / "a").write_text("a\n")
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
    for words in (("init", "-q"), ("add", "a"), (*identity, "commit", "-q", "-m", "one")):
        read_with("git", "-C", place, *words)
    return place


def test_git_says_its_commit_and_whether_files_differ(checkout: Path) -> None:
    commit = read_with("git", "-C", checkout, "rev-parse", "HEAD").strip()
    assert revisions.checkout_revision(checkout, checkout.parents[1]) == {
        "kind": "git",
        "commit": commit,
        "changed": False,
    }
    (checkout / "a").write_text("b\n")
    assert revisions.checkout_revision(checkout, checkout.parents[1])["changed"] is True


def test_a_directory_within_a_checkout_has_its_commit(checkout: Path) -> None:
    (checkout / "deep/er").mkdir(parents=True)
    assert revisions.checkout_revision(checkout / "deep/er", checkout.parents[1])["kind"] == "git"


def test_a_checkout_around_the_build_root_says_nothing(checkout: Path) -> None:
    root = checkout / "build"
    (root / "src").mkdir(parents=True)
    assert revisions.checkout_revision(root / "src", root) == {}


def test_cvs_says_the_revision_of_every_file(tmp_path: Path) -> None:
    for directory, entries in {
        ".": "/a/1.4/Mon Jan  1 00:00:00 2024//\nD/sub////\n",
        "sub": "/b/1.1/dummy//Tsme10\n",
    }.items():
        place = tmp_path / directory / "CVS"
        place.mkdir(parents=True)
        (place / "Entries").write_text(entries)
    (tmp_path / "CVS/Repository").write_text("cdrom.image/sme10\n")
    (tmp_path / "CVS/Tag").write_text("Tsme10\n")
    assert revisions.checkout_revision(tmp_path, tmp_path) == {
        "kind": "cvs", "repository": "cdrom.image/sme10", "tag": "sme10", "revisions": {"a": "1.4", "sub/b": "1.1"},
    }  # fmt: skip
