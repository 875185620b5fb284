"""A practice world, made once, and projects that build from it in a process of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from smedoit.config import release
from smedoit.config.release import Release
from smedoit.runtime.files import BESIDE, FileStamp, digest_file, stamp_file
from smedoit.sample import catalogue, packages, world
from smedoit.sample.packages import RpmRecipe

ROOT = Path(__file__).parent.parent
FAULTS = "tests.integration.faults"
MINUTES = 120  # seconds after which a doit that should take one has come to a standstill
BECAUSE = re.compile(r"^(\w+): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """How a run of doit ended.

    ran  the tasks whose action was started, by their logs, whatever the output says
    """

    code: int
    out: str
    err: str
    ran: set[str] = field(default_factory=set)

    @cached_property
    def because(self) -> Mapping[str, str]:
        """Task -> the reasons that the run printed for it, joined by semicolons."""
        return dict(BECAUSE.findall(self.out))


@dataclass(frozen=True)
class Project:
    """A release.toml and its build root in one directory, and doit run upon them."""

    home: Path

    @property
    def rel(self) -> Release:
        """What release.toml says now."""
        return release.load_release(self.home / "release.toml")

    @property
    def tree(self) -> Path:
        return self.rel.tree

    @property
    def iso(self) -> Path:
        return self.rel.iso

    @property
    def state(self) -> Path:
        """Where one JSON file a task says that it succeeded."""
        return self.rel.state / "tasks"

    def start(
        self, *args: str, module: str = "doit", group: bool = False, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start doit, or a module that runs it, in the project root, as a person would.

        group  it leads a process group of its own, as a command at a terminal does
        """
        given = {"HOME": str(self.home), "SMEDOIT_RELEASE": str(self.home / "release.toml")}
        return subprocess.Popen(
            [sys.executable, "-m", module, *args], cwd=ROOT, env={**os.environ, **given, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=group,
        )  # fmt: skip

    def doit(self, *args: str, module: str = "doit", **environment: str) -> Outcome:
        """Run doit to its end, however it ends."""
        before = self.logs()
        process = self.start(*args, module=module, environment=environment)
        out, err = process.communicate(timeout=MINUTES)
        ran = {file.stem for file, now in self.logs().items() if before.get(file) != now}
        return Outcome(process.returncode, out, err, ran)

    @contextmanager
    def hold(
        self, marker: Path, *args: str, fault: tuple[str, str] = ("iso", ".iso"), deed: str = "hold"
    ) -> Iterator[subprocess.Popen[str]]:
        """Start a run that stands still where a task puts a file in its place: (task, end of the file's path).

        marker  where the process that does the task then tells its id
        """
        run = self.start(*fault, "written", f"{deed}:{marker}", *args, module=FAULTS, group=True)
        try:
            wait_until(lambda: marker.exists() or run.poll() is not None)
            assert marker.exists(), "the fault did not happen"
            yield run
        finally:
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.communicate()

    def logs(self) -> dict[Path, FileStamp]:
        """Return the logs of all tasks of all versions; a task that starts writes its own anew."""
        found = self.home.glob("build/stage/*/logs/*.log")
        return {file: stamp_file(file) for file in found if not file.parents[1].is_symlink()}

    def build(self) -> Outcome:
        """Run plain doit, which must succeed."""
        outcome = self.doit()
        assert outcome.code == 0, outcome.out + outcome.err
        return outcome

    def edit(self, file: Path, old: str, new: str) -> None:
        """Replace the first old in a text by new, in place, as an editor does."""
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def release(self, **changes: str) -> None:
        """Give keys of [release] other texts."""
        file = self.home / "release.toml"
        text = file.read_text(encoding="utf-8")
        for key, value in changes.items():
            text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {json.dumps(value)}", text, count=1)
            assert count == 1, f"release.toml has no {key}"
        file.write_text(text, encoding="utf-8")

    def recipe(self, name: str, tier: str, **changes: Any) -> RpmRecipe:
        """Return the recipe of a package that the practice tier has by its catalogue, changed as asked."""
        [recipe] = (
            one for one in catalogue.practice_recipes(tier, self.rel.release) if one.name == name and not one.is_source
        )
        return replace(recipe, **changes)

    def rpm(self, recipe: RpmRecipe, tier: str) -> Path:
        """Put a practice RPM into a tier."""
        [place] = (one.path for one in self.rel.tiers if one.name == tier)
        return packages.write_rpm(recipe, place / self.rel.release.arch / "RPMS")

    def artifacts(self) -> dict[str, str]:
        """Return the digest of every file of this version's tree and of the directory of the media."""
        rel = self.rel
        found = {
            os.path.relpath(path, self.home): digest_file(path)
            for top in (rel.tree, rel.iso.parent)
            for path in top.rglob("*")
            if path.is_file()
        }
        assert found
        return found

    def leftovers(self) -> set[str]:
        """Return what lies below stage/ although whoever was writing it should have removed it."""
        return {os.path.relpath(path, self.home) for path in self.home.glob(f"build/stage/**/*{BESIDE}")}


def wait_until(true: Callable[[], bool]) -> None:
    """Wait until something is true. It must become so, or the test fails."""
    deadline = time.monotonic() + MINUTES
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def replicate(source: Path, target: Path) -> None:
    """Make target a replica of source, in which tests may edit everything in place but RPMs and the boot set.

    Those two are hard links, so that a stamp stays what it was; a test replaces them by renaming.
    """
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_symlink():
            place.symlink_to(path.readlink())
        elif path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path.suffix == ".rpm" or "mirrors" in path.relative_to(source).parts:
            os.link(path, place)
        else:
            shutil.copy2(path, place)


@pytest.fixture(scope="session")
def practice_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with release.toml and the whole practice world, not built; nobody may change it."""
    home = tmp_path_factory.mktemp("practice")
    shutil.copyfile(ROOT / "release.toml", home / "release.toml")
    world.make_practice_world(release.load_release(home / "release.toml"))
    return home


@pytest.fixture
def project(practice_world: Path, tmp_path: Path) -> Iterator[Project]:
    """A world of the test's own, not built yet."""
    home = tmp_path / "project"
    home.mkdir()
    replicate(practice_world, home)
    yield Project(home)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def warm(practice_world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Where the built project lies, and a replica of it from which it is restored: its state knows its place."""
    home, saved = tmp_path_factory.mktemp("warm") / "project", tmp_path_factory.mktemp("saved")
    home.mkdir()
    replicate(practice_world, home)
    Project(home).build()
    replicate(home, saved)
    return home, saved


def restored(warm: tuple[Path, Path]) -> Project:
    """Return the built project as new, whatever a test did to it."""
    home, saved = warm
    shutil.rmtree(home)
    home.mkdir()
    replicate(saved, home)
    return Project(home)


@pytest.fixture
def built(warm: tuple[Path, Path]) -> Project:
    """A project that has been built once. It lies in one place for all tests, and each finds it as new."""
    return restored(warm)
