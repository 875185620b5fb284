# SPDX-License-Identifier: GPL-3.0-or-later
"""The same inputs give the same bytes, whoever builds them, where and when."""

from __future__ import annotations

import gzip
import os
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from smedoit.runtime import files
from tests.harness.processes import wait_until
from tests.harness.project import Project, replicate

FAT_TICK = 2.1  # seconds after which the clock of every format we write shows another time
HERE = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1", "USER": "hyacinth", "HOSTNAME": "jacaranda"}
ELSEWHERE = {
    "TZ": "Pacific/Auckland",
    "LC_ALL": "C",
    "LANG": "tr_TR.ISO-8859-9",
    "PYTHONHASHSEED": "2",
    "USER": "pelargonium",
    "LOGNAME": "pelargonium",
    "HOSTNAME": "bougainvillea",
}


@dataclass(frozen=True)
class Two:
    """One world, built twice: in two places, at two times, by two users with other habits."""

    one: Project
    other: Project


HASHING = "hashing files: "  # a package that only its owner may read is copied, and the copy is a file to hash


def build(project: Project, mask: int, environment: Mapping[str, str], *args: str) -> None:
    """Build with a umask and an environment."""
    before = os.umask(mask)
    try:
        outcome = project.doit(*args, environment=environment, real=True)
    finally:
        os.umask(before)
    assert outcome.code == 0, outcome.out + outcome.err


@pytest.fixture(scope="module")
def one(practice_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("one") / "here")
    replicate(practice_world, project.home)
    build(project, 0o022, HERE)
    return project


@pytest.fixture(scope="module", params=[(), ("-n", "2"), ("-n", "2", "-P", "thread")], ids=["alone", "n2", "threads"])
def two(
    request: pytest.FixtureRequest, one: Project, practice_world: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Two]:
    other = Project(tmp_path_factory.mktemp("two") / "somewhere/else, far away")
    replicate(practice_world, other.home)
    for tier in other.release.tiers:
        for file in tier.path.rglob("a*.rpm"):  # one that only its owner may read
            data = file.read_bytes()
            files.write_file(file, data, mode=0o600)
    for file in other.release.content.path.rglob("*"):  # a checkout has other times, and modes that follow the umask
        os.utime(file, (1, 1))
        file.chmod(file.stat().st_mode & ~0o077)
    wait_until(lambda: time.time() > one.iso.stat().st_mtime + FAT_TICK)
    build(other, 0o077, ELSEWHERE, *request.param)
    yield Two(one, other)


def test_two_builds_give_the_same_tree_and_the_same_medium(two: Two) -> None:
    assert two.other.artifacts() == two.one.artifacts()


def test_two_builds_give_the_same_lock(two: Two) -> None:
    assert two.other.release.lock.read_bytes() == two.one.release.lock.read_bytes()


def test_every_task_writes_its_own_log(two: Two) -> None:
    def told(project: Project) -> dict[str, list[str]]:
        lines = {file.stem: file.read_text().replace(str(project.home), "").splitlines() for file in project.logs()}
        said = {task: [line.partition(" ")[2] for line in log] for task, log in lines.items()}
        return {task: [line for line in log if not line.startswith(HASHING)] for task, log in said.items()}

    assert told(two.other) == told(two.one)


def test_everybody_may_read_the_tree_and_the_medium(two: Two) -> None:
    rel = two.other.release
    found = [rel.tree, *rel.tree.rglob("*"), *rel.iso.parent.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in found}
    assert modes == {path: 0o755 if path.is_dir() else 0o644 for path in found}


@pytest.mark.parametrize("word", ["path", "user", "host"])
def test_no_artifact_names_the_builder(two: Two, word: str) -> None:
    words = {
        "path": [os.fspath(project.home).encode() for project in (two.one, two.other)],
        "user": [HERE["USER"].encode(), ELSEWHERE["USER"].encode()],
        "host": [HERE["HOSTNAME"].encode(), ELSEWHERE["HOSTNAME"].encode(), *real_host()],
    }
    found = [
        path
        for path in (*two.other.tree.rglob("*"), two.other.iso)
        if path.is_file() and any(one in unpacked(path) for one in words[word])
    ]
    assert not found


def real_host() -> list[bytes]:
    """Return this host's name, unless it is a word that may stand anywhere."""
    name = socket.gethostname()
    return [name.encode()] if len(name) > 8 and not name.startswith("localhost") else []


def unpacked(path: Path) -> bytes:
    """Return what is in a file, and in what it holds compressed."""
    data = path.read_bytes()
    return data + gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
