# SPDX-License-Identifier: GPL-3.0-or-later
"""What we believe lies where nobody else could have written it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from smedoit.errors import FileError
from smedoit.runtime.state_directory import claim_state_directory, refuse_foreign_directory
from tests.harness.project import Project

NOBODY = 65534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_it_is_private_from_its_first_moment_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        claim_state_directory(tmp_path / "stage/.smedoit")
    finally:
        os.umask(before)
    assert mode(tmp_path / "stage/.smedoit") == 0o700


def test_one_that_others_could_only_read_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    claim_state_directory(tmp_path / "state")
    assert mode(tmp_path / "state") == 0o700


@pytest.mark.parametrize("bits", [0o777, 0o775, 0o702, 0o720])
def test_one_that_others_could_write_to_is_refused_and_stays(tmp_path: Path, bits: int) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(bits)
    for look in (claim_state_directory, refuse_foreign_directory):
        with pytest.raises(FileError, match=rf"state: others may write to it \(mode {bits:04o}\).*\n.*chmod 0700"):
            look(tmp_path / "state")
    assert mode(tmp_path / "state") == bits


def test_one_of_somebody_else_is_refused(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a directory away")
    (tmp_path / "state").mkdir(mode=0o700)
    os.chown(tmp_path / "state", NOBODY, NOBODY)
    for look in (claim_state_directory, refuse_foreign_directory):
        with pytest.raises(FileError, match=rf"state: belongs to user {NOBODY}, and what is in it is believed"):
            look(tmp_path / "state")


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_no_directory_is_refused(tmp_path: Path, kind: str) -> None:
    if kind == "link":
        (tmp_path / "there").mkdir(mode=0o700)
        (tmp_path / "state").symlink_to("there")
    else:
        (tmp_path / "state").touch()
    for look in (claim_state_directory, refuse_foreign_directory):
        with pytest.raises(FileError, match="state: is no directory"):
            look(tmp_path / "state")


def test_what_is_not_there_is_nobodys(tmp_path: Path) -> None:
    refuse_foreign_directory(tmp_path / "state")
    assert not (tmp_path / "state").exists()


def test_all_state_of_a_build_is_private_whatever_the_umask(project: Project) -> None:
    answer = project.doit("sample", "packages", before=lambda: os.umask(0))
    assert answer.code == 0, answer.said
    assert {mode(place) for place in (project.release.cache, project.release.state)} == {0o700}


@pytest.mark.parametrize("place", ["cache", "state"])
def test_a_run_believes_no_state_that_others_could_have_written(built: Project, place: str) -> None:
    directory = getattr(built.release, place)
    directory.chmod(0o777)
    answer = built.doit()
    assert answer.code != 0
    assert f"{directory}: others may write to it" in answer.said
    assert "Traceback" not in answer.said
    assert answer.ran == set()
    directory.chmod(0o700)
    assert built.build().ran == set()
