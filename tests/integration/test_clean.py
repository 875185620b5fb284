# SPDX-License-Identifier: GPL-3.0-or-later
"""doit clean removes what was made below stage/, and nothing else in the world."""

from __future__ import annotations

from pathlib import Path

from tests.harness.project import Project


def elsewhere(project: Project) -> dict[Path, bytes]:
    """Return every file of the build root that does not lie below stage/."""
    stage = project.release.root / "stage"
    found = (path for path in project.release.root.rglob("*") if path.is_file() and not path.is_relative_to(stage))
    return {path: path.read_bytes() for path in found}


def test_clean_empties_no_tier_and_what_it_removes_is_made_again(built: Project) -> None:
    digest = built.artifacts()
    assert built.doit("tiers", "repoview").code == 0
    before = elsewhere(built)
    assert any(path.name == "repomd.xml" for path in before)
    answer = built.doit("clean", "-a")
    assert answer.code == 0, answer.said
    assert "smeos/x86_64/repodata: is kept, it is not below " in answer.said
    assert elsewhere(built) == before
    assert not built.iso.exists() and not (built.tree / ".treeinfo").exists()
    assert built.doit("iso").code == 0
    assert built.artifacts() == digest


def test_clean_follows_no_link_out_of_the_stage(built: Project, tmp_path: Path) -> None:
    precious = tmp_path / "repodata"
    (built.tree / "repodata").rename(precious)
    (built.tree / "repodata").symlink_to(precious)
    before = sorted(precious.iterdir())
    assert built.doit("clean", "repodata").code == 0
    assert sorted(precious.iterdir()) == before
