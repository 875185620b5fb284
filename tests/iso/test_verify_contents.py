# SPDX-License-Identifier: GPL-3.0-or-later
"""test_verify_contents: a medium with two repositories, and what may be wrong with them"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.config.tiers import KeySettings
from smedoit.errors import Findings
from smedoit.iso import verify_contents, verify_packages
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.keys.keyring import load_pinned_keys
from smedoit.runtime.files import copy_file, write_file
from smedoit.sample.packages import FINGERPRINTS, KEYS
from smedoit.tree import treeinfo
from tests.harness.nouns import identity
from tests.harness.staged import BOTH, StagedTree

BASH, PHP = "Packages/bash-1-1.noarch.rpm", "Packages/php-1-1.noarch.rpm"


@pytest.fixture
def staged(tmp_path: Path) -> StagedTree:
    made = StagedTree(tmp_path)
    made.fill()
    release = identity(base="el8", major=11, version="11.0")
    write_file(made.tree / ".treeinfo", treeinfo.format_treeinfo(release, {}))
    return made


def findings_of(staged: StagedTree) -> set[str]:
    """Return what verify finds in the packages and the repodata of a medium."""
    pinned = load_pinned_keys([KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"])])
    expected = ExpectedIso("IT", {}, staged.picks, layout=BOTH, keys=pinned)
    findings, image = Findings(), staged.image()
    for check in (verify_packages.check_locked_packages, verify_contents.check_iso_repodata):
        check(image, expected, findings)
    verify_contents.check_treeinfo(image, expected, findings)
    return {what for found in findings.found.values() for what in found}


def move_package(staged: StagedTree) -> None:
    (staged.tree / "BaseOS" / BASH).rename(staged.tree / "AppStream" / BASH)


def copy_package(staged: StagedTree) -> None:
    copy_file(staged.tree / "BaseOS" / BASH, staged.tree / "AppStream" / BASH)


def describe_one(staged: StagedTree) -> None:
    """Write the repodata of AppStream for no package."""
    both, staged.picks = staged.picks, staged.picks[:1]
    staged.save()
    staged.describe()
    staged.picks = both
    staged.save()


def lose_repodata(staged: StagedTree) -> None:
    for path in (staged.tree / "AppStream/repodata").iterdir():
        path.unlink()


NO_APPSTREAM = "AppStream/repodata cannot be read: it has no repomd.xml"
FAULTS: dict[str, tuple[Callable[[StagedTree], None], set[str]]] = {
    "a package in the wrong repository": (
        move_package, {f"BaseOS/{BASH} is missing", f"AppStream/{BASH} belongs in BaseOS/Packages"},
    ),
    "a package in both": (copy_package, {f"AppStream/{BASH} belongs in BaseOS/Packages"}),
    "a package that its repodata lacks": (describe_one, {f"primary and the lock differ about AppStream/{PHP}"}),
    "a variant without repodata": (
        lose_repodata, {NO_APPSTREAM, "the installer ends at AppStream, whose repository has no metadata"},
    ),
}  # fmt: skip


def test_a_medium_with_two_repositories_passes(staged: StagedTree) -> None:
    assert findings_of(staged) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_repository_of_a_medium_is_found(staged: StagedTree, fault: str) -> None:
    change, said = FAULTS[fault]
    change(staged)
    assert findings_of(staged) == said
