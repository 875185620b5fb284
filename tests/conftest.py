# SPDX-License-Identifier: GPL-3.0-or-later
"""A practice world, made once, and projects that build from it in a process of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.sample import world
from tests.harness.project import Project, Warm, replicate


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With `pytest -n 2`, let who is done take from who is not: what a module shares is seldom made twice."""
    if config.getoption("numprocesses", None) and config.getoption("dist") == "no":
        config.option.dist = "worksteal"


@pytest.fixture(scope="session")
def practice_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with release.toml and the whole practice world, not built; nobody may change it."""
    project = Project.bare(tmp_path_factory.mktemp("practice"))
    world.make_practice_world(project.release)
    return project.home


@pytest.fixture
def project(practice_world: Path, tmp_path: Path) -> Iterator[Project]:
    """A world of the test's own, not built yet."""
    home = tmp_path / "project"
    home.mkdir()
    replicate(practice_world, home)
    yield Project(home)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def warm(practice_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Warm:
    return Warm(practice_world, tmp_path_factory.mktemp("warm"))


@pytest.fixture
def built(warm: Warm) -> Project:
    """A project that has been built once. It lies in one place for all tests, and each finds it as new."""
    return warm.restored()
