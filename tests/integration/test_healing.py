# SPDX-License-Identifier: GPL-3.0-or-later
"""A hint heals: what a failure tells somebody to do is done here, and then it is well."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.harness.project import Project


def hint(project: Project, *words: str) -> str:
    """Return the hint of a doit that fails."""
    answer = project.doit(*words)
    assert answer.code != 0, answer.said
    found = re.search(r"hint: (.*)", answer.said)
    assert found, answer.said
    return found[1]


def succeeds(project: Project, *words: str) -> str:
    answer = project.doit(*words)
    assert answer.code == 0, answer.said
    return answer.said


def damage(path: Path) -> None:
    """Flip a byte in place, with the times that the file had, as a bad disk does."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size // 2)
        [byte] = file.read(1)
        file.seek(before.st_size // 2)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_iso_that_was_made_before_a_change_is_made_again(built: Project) -> None:
    with (built.release.content.path / "product/usr/share/anaconda/pixmaps/sidebar-logo.png").open("ab") as file:
        file.write(b"a better picture")
    succeeds(built, "product_img", "treeinfo")
    told = hint(built, "verify")
    assert told.startswith("something has changed since it was made: run doit iso; ")
    assert "iso: " in succeeds(built, "iso")
    succeeds(built, "verify")


def test_an_iso_that_was_damaged_is_deleted_and_made_again(built: Project) -> None:
    damage(built.iso)
    assert hint(built, "verify") == "it was damaged or modified after it was sealed: delete it and run doit iso"
    built.iso.unlink()
    succeeds(built, "iso")
    succeeds(built, "verify")


def test_a_file_of_the_tree_that_was_damaged_is_deleted_and_made_again(built: Project) -> None:
    comps = next((built.tree / "repodata").glob("*comps*.xml"))
    damage(comps)
    assert hint(built, "verify").endswith("what differs was damaged in the tree: delete it there first")
    comps.unlink()
    succeeds(built, "iso")
    succeeds(built, "verify")


def test_a_boot_menu_that_is_kept_and_looks_for_another_medium_is_refused_before_it_is_on_one(built: Project) -> None:
    text = built.file.read_text()
    built.file.write_text(f'{text}\n[[rules]]\nfiles = ["isolinux/isolinux.cfg"]\nkind = "keep"\n')
    answer = built.doit("iso")
    assert answer.code != 0
    assert "isolinux/isolinux.cfg: looks for " in answer.said and "so it would not boot" in answer.said
    assert "take it out of [[rules]]" in answer.said
    built.file.write_text(text)
    succeeds(built, "iso", "verify")
