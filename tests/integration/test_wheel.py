# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheel carries everything: without the clone, in any directory, as any user."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.harness.places import PROJECT
from tests.harness.project import Project
from tests.harness.tools import missing

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NOBODY = 65534
AWKWARD = "Größe 7 & Maß"
PRACTICE_ISO = "build/stage/iso/10/x86_64/smeserver-10.1.rc2-x86_64.iso"


def data_files() -> set[str]:
    """Return every file of the package that is no code."""
    house = PROJECT / "smedoit"
    found = (path.relative_to(PROJECT).as_posix() for path in house.rglob("*") if path.is_file())
    return {path for path in found if not path.endswith((".py", ".pyc"))}


def test_every_file_of_the_package_is_named_for_the_wheel() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, given in settings["tool"]["setuptools"]["package-data"].items()
        for pattern in given
    ]
    assert [path for path in data_files() if not any(fnmatch.fnmatch(path, pattern) for pattern in patterns)] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the clone."""
    place = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("build", "tests", "docs", ".git", "__pycache__", "*.egg-info", ".venv")
    shutil.copytree(PROJECT, place / "clone", symlinks=True, ignore=ignored)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(place),
        str(place / "clone"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "No matching distribution found for setuptools" in done.stderr:
        missing("a network, or setuptools 68")
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = place.glob("smedoit-*.whl")
    return made


@pytest.fixture
def public_place() -> Iterator[Path]:
    """A directory that any user can reach and write to, with blanks and umlauts in its name."""
    place = Path(f"/var/tmp/smedoit test {os.getpid()}") / AWKWARD
    place.mkdir(parents=True)
    for directory in (place.parent, place):
        directory.chmod(0o777)
    yield place
    shutil.rmtree(place.parent)


@pytest.mark.exhaustive
def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {*archive.namelist()}
        assert data_files() <= names
        assert "smedoit/contents.py" in names
        assert archive.read("smedoit/command/practice.toml") == (PROJECT / "release.toml").read_bytes()


def as_nobody(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as a user that owns nothing."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, user=NOBODY, group=NOBODY, extra_groups=[],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def required_libraries() -> list[metadata.Distribution]:
    """Return what the wheel requires, and what that requires, as it is installed here."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    waiting: list[str] = list(settings["project"]["dependencies"])
    found: dict[str, metadata.Distribution] = {}
    while waiting:
        wanted = Requirement(waiting.pop())
        if wanted.name.lower() not in found and (not wanted.marker or wanted.marker.evaluate({"extra": ""})):
            library = found[wanted.name.lower()] = metadata.distribution(wanted.name)
            waiting += library.requires or []
    return list(found.values())


@pytest.fixture
def installed(wheel: Path, public_place: Path) -> Path:
    """The command in a venv of its own, whose Python anybody can run; its libraries are copies of ours."""
    if os.geteuid() != 0:
        missing("root, to become a user without rights")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (Path(sys.executable).resolve(), f"/usr/bin/python{version}"):
        with contextlib.suppress(OSError):
            if as_nobody(python, "-c", "import venv", cwd=public_place).returncode == 0:
                break
    else:
        missing(f"a Python {version} that another user can run")
    venv = public_place.parent / "venv"
    subprocess.run([python, "-m", "venv", "--without-pip", venv], check=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        venv / "bin/python",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, "--ignore-installed", wheel], check=True)
    packages = next((venv / "lib").glob("python3*/site-packages"))
    for library in required_libraries():
        for file in library.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                place = packages / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), place)
    return venv / "bin/smedoit"


@pytest.mark.exhaustive
def test_a_fresh_machine_makes_the_same_iso_without_the_clone_and_without_root(
    installed: Path, public_place: Path, practice_world: Path
) -> None:
    def typed(*words: str, cwd: Path = public_place) -> str:
        done = as_nobody(installed, *words, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "release.toml, dodo.py and doit.cfg are written" in typed("init", "--sample")
    assert f"{public_place}/{PRACTICE_ISO}" in typed("sample", "iso")
    assert os.stat(public_place / PRACTICE_ISO).st_uid == NOBODY
    below = public_place / "build/stage"
    assert typed("iso", cwd=below).startswith("nothing to do")
    assert "sealed" in typed("iso", "--help", cwd=below)
    project = Project(public_place.parent / "clone")
    shutil.copytree(practice_world, project.home)
    project.build()
    assert (public_place / PRACTICE_ISO).read_bytes() == project.iso.read_bytes()
