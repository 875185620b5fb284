# SPDX-License-Identifier: GPL-3.0-or-later
"""test_side_by_side: several release.toml with one root"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from smedoit.command.init import release_text
from smedoit.config import release
from smedoit.release.majors import MAJORS
from smedoit.sample.world import fill_practice_world
from tests.harness.project import Project


@pytest.mark.exhaustive
def test_two_releases_of_one_root_share_its_cache_and_keep_what_they_made(project: Project) -> None:
    """The second one reads no package again, and neither disturbs the other."""
    other = project.home / "release-next.toml"
    text = project.file.read_text(encoding="utf-8")
    other.write_text(text.replace('label = "rc2"', 'label = "rc3"'), encoding="utf-8")
    first, second = release.load_release(project.file), release.load_release(other)
    assert (first.root, first.fact_cache) == (second.root, second.fact_cache)
    project.build("packages")
    facts = first.fact_cache.read_bytes()
    made = first.lock.read_bytes()
    said = project.build("packages", f"release={other}")
    assert "10.1.rc3" in str(second.lock)
    assert second.lock.is_file()
    assert first.lock.read_bytes() == made
    assert first.fact_cache.read_bytes() == facts, "what was learned of each package held for the second release"
    assert project.build("packages").ran == set(), said.said
    assert project.build("packages", f"release={other}").ran == set()


def place_release_files(home: Path) -> dict[int, Path]:
    """Put the practice release.toml of each major side by side; return major -> file."""
    found = {}
    for base, major in MAJORS.items():
        name = "release.toml" if major.major == 10 else f"release-{major.major}.toml"
        found[major.major] = home / name
        found[major.major].write_text(
            release_text(base, True, datetime(2026, 11, 28, tzinfo=timezone.utc)), encoding="utf-8"
        )
    return found


def test_releases_of_several_bases_share_root_and_cache_and_no_other_place(tmp_path: Path) -> None:
    loaded = [release.load_release(file) for file in place_release_files(tmp_path).values()]
    assert len({(rel.root, rel.fact_cache) for rel in loaded}) == 1
    for places in (
        [rel.stage for rel in loaded],
        [rel.iso for rel in loaded],
        [rel.pins for rel in loaded],
        [rel.content.path for rel in loaded],
        [rel.boot_set.path for rel in loaded],
        [rel.translations.path for rel in loaded],
        [rel.anaconda.source for rel in loaded],
        [rel.quality.previous_release for rel in loaded],
        [rel.spec.path for rel in loaded],
        [tier.path for rel in loaded for tier in rel.tiers],
    ):
        assert len({*places}) == len(places)


def test_releases_of_two_bases_explain_nothing_by_each_other(project: Project) -> None:
    """Each is built once, and neither list nor why of one names the other."""
    files = place_release_files(project.home)
    fill_practice_world(release.load_release(files[11]))
    names = {major: f"release={files[major]}" for major in (10, 11)}
    project.build("packages", names[10])
    said = project.build("list", "packages", names[11]).said + project.build("packages", names[11]).said
    assert "it has not been made yet" in said and "10.1" not in said and "label changed" not in said
    assert project.build("packages", names[10]).ran == set()
    assert "11.0" not in project.build("list", "packages", "comps", names[10]).said


@pytest.mark.exhaustive
def test_releases_10_11_and_12_are_built_side_by_side(tmp_path: Path) -> None:
    """Whole media of three bases from one root; building the next one makes nothing of the others again."""
    files = place_release_files(tmp_path)
    project = Project(tmp_path)
    isos = {}
    for major in (10, 11, 12):
        project.build("sample", "iso", "verify", f"release={files[major]}")
        isos[major] = release.load_release(files[major]).iso
    before = {major: iso.read_bytes() for major, iso in isos.items()}
    for major in (10, 11, 12):
        assert project.build("iso", f"release={files[major]}").ran == set()
        assert isos[major].read_bytes() == before[major]


@pytest.mark.exhaustive
def test_each_next_major_of_a_practice_world_is_built_at_once(tmp_path: Path) -> None:
    """10 on EL 7, then 11, 12 and 13, each made of the one before, without a hand's help."""
    project = Project(tmp_path)
    project.file.write_text(release_text("el7", True, datetime(2026, 11, 28, tzinfo=timezone.utc)), encoding="utf-8")
    project.build("sample", "packages")
    file = project.file
    for major in (11, 12, 13):
        project.build("new_major", f"release={file}")
        file = tmp_path / f"release-{major}.toml"
        project.build("iso", "verify", f"release={file}")
        points = (tmp_path / f"checklist-{major}.txt").read_text(encoding="utf-8")
        assert release.load_release(file).release.built_on.words in points
