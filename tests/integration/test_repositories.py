# SPDX-License-Identifier: GPL-3.0-or-later
"""The repositories on a medium of each base, beside dnf: it lists what the lock names, and resolves every choice."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from smedoit.bases.known import BASES
from smedoit.command.init import release_text
from smedoit.packages.lock import read_lock
from smedoit.packages.places import medium_layout
from smedoit.repodata.comps import parse_comps
from smedoit.repodata.inputs import MEDIUM, RepoSource
from tests.harness.modular import Dnf
from tests.harness.project import Project
from tests.harness.tools import need, read_with

NEWER = [name for name, base in BASES.items() if all(base.repositories)]


def world_on(home: Path, base: str) -> Project:
    """Return the practice project of a base, not yet filled."""
    project = Project(home)
    text = release_text(base, True, datetime(2026, 11, 28, tzinfo=timezone.utc))
    project.file.write_text(text, encoding="utf-8")
    return project


def judge_medium(project: Project, place: Path) -> None:
    """Take the medium apart, and hold what dnf finds in its repositories against the lock."""
    identity = project.release.release
    read_with("xorriso", "-osirrox", "on", "-indev", project.iso, "-extract", "/", place / "medium")
    sources = [RepoSource(MEDIUM, place / "medium" / below, "x86_64") for below in identity.repository_places]
    picks, dnf = read_lock(project.release.lock), Dnf(place / "dnf")
    platform = identity.built_on.platform or f"platform:{identity.base}"
    seen = dnf.run(sources, "-q", "repoquery", "--qf=found %{repoid} %{location}", platform=platform).splitlines()
    places = {f"r{number}": below for number, below in enumerate(identity.repository_places)}
    found = {f"{places[words[1]]}/{words[2]}".lstrip("/") for line in seen if (words := line.split())[0] == "found"}
    assert found == set(medium_layout(project.release).locate_packages(picks))
    comps = project.release.comps
    for name in ("core", *parse_comps(comps.read_text("utf-8"), comps).environments):
        said = dnf.run(sources, "--assumeno", "install", f"@{name}", platform=platform)
        assert "Operation aborted" in said, said


@pytest.mark.exhaustive
@pytest.mark.parametrize("base", NEWER)
def test_dnf_lists_all_packages_of_a_medium_and_installs_every_choice_from_it_alone(base: str, tmp_path: Path) -> None:
    need("dnf", "xorriso")
    project = world_on(tmp_path, base)
    project.build("sample", "iso", "verify")
    judge_medium(project, tmp_path / "two")
    text = project.file.read_text("utf-8").replace('repository = "AppStream"\n', "")
    project.file.write_text(text.replace("\nbase = ", '\nrepositories = ["."]\nbase = ', 1), encoding="utf-8")
    project.build("iso", "verify")
    assert not any((project.tree / place).exists() for place in BASES[base].repositories)
    judge_medium(project, tmp_path / "flat")
