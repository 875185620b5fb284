# SPDX-License-Identifier: GPL-3.0-or-later
"""A release.toml and its build root in a directory of their own, and doit run upon them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from smedoit.bootfiles.images import STAND_IN
from smedoit.config import release
from smedoit.config.release import Release
from smedoit.runtime import files
from smedoit.runtime.files import BESIDE, FileStamp, digest_file, stamp_file
from smedoit.sample import catalogue, packages
from smedoit.sample.packages import RpmRecipe
from tests.harness import processes
from tests.harness.places import PROJECT
from tests.harness.processes import wait_until

FAULTS = "tests.harness.faults"
BECAUSE = re.compile(r"^(\w+): (.+)$", re.MULTILINE)
STAND_INS = {
    "images/pxeboot/vmlinuz": STAND_IN + b"a kernel",
    "images/pxeboot/initrd.img": STAND_IN + b"an initial RAM disk",
    "LiveOS/squashfs.img": STAND_IN + b"the installer's runtime",
}
NOT_OURS = ("DOIT", "PYTEST")  # variables of whoever runs the tests


@dataclass(frozen=True)
class Outcome:
    """How a run of doit ended.

    ran  the tasks whose action was started, by their logs, whatever the output says
    """

    code: int
    out: str
    err: str
    ran: set[str] = field(default_factory=set)

    @property
    def said(self) -> str:
        """All that it said."""
        return self.out + self.err

    @cached_property
    def because(self) -> Mapping[str, str]:
        """Task -> the reasons that the run printed for it, joined by semicolons."""
        return dict(BECAUSE.findall(self.out))


@dataclass(frozen=True)
class Project:
    """A release.toml and its build root in one directory, and doit run upon them."""

    home: Path

    @classmethod
    def new(cls, home: Path) -> Project:
        """Return a project with our release.toml, and a boot set small enough to be quick."""
        project = cls.bare(home)
        for name, data in STAND_INS.items():
            files.write_file(project.release.boot_set.path / name, data)
        return project

    @classmethod
    def bare(cls, home: Path) -> Project:
        """Return a project with our release.toml, and nothing else."""
        project = cls(home)
        files.write_file(project.file, (PROJECT / "release.toml").read_bytes())
        return project

    def copy(self, home: Path) -> Project:
        """Return a copy of this project that nothing done to it reaches back from."""
        shutil.copytree(self.home, home, symlinks=True)
        return Project(home)

    @property
    def file(self) -> Path:
        """Its release.toml."""
        return self.home / "release.toml"

    @property
    def release(self) -> Release:
        """What release.toml says now; it cannot be asked for once that is damaged."""
        return release.load_release(self.file)

    @property
    def tree(self) -> Path:
        return self.release.tree

    @property
    def iso(self) -> Path:
        return self.release.iso

    @property
    def state(self) -> Path:
        """Where one JSON file a task says that it succeeded."""
        return self.release.state / "tasks"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a run."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(NOT_OURS)}
        return {**inherited, "HOME": str(self.home), "SMEDOIT_RELEASE": str(self.file), **(more or {})}

    def start(self, *args: str, module: str = "doit", group: bool = False) -> subprocess.Popen[str]:
        """Start doit, or a module that runs it, from nothing, as a person would."""
        return processes.start(module, *args, environment=self.environment(), group=group)

    def doit(
        self, *args: str, module: str = "doit", environment: Mapping[str, str] | None = None,
        before: Callable[[], object] | None = None, real: bool = False,
    ) -> Outcome:  # fmt: skip
        """Run doit to its end, however it ends.

        before  called in the child, before it becomes doit
        real    it is started from nothing, as a person would, and not forked from what has its libraries at hand
        """
        earlier, given = self.logs(), self.environment(environment)
        if real or before:
            ended = processes.started(module, *args, environment=given, before=before)
        else:
            ended = processes.forked(module, *args, environment=given)
        ran = {file.stem for file, now in self.logs().items() if earlier.get(file) != now}
        return Outcome(ended.code, ended.out, ended.err, ran)

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

    def build(self, *args: str) -> Outcome:
        """Run doit, which must succeed."""
        outcome = self.doit(*args)
        assert outcome.code == 0, outcome.said
        return outcome

    def edit(self, file: Path, old: str, new: str) -> None:
        """Replace the first old in a text by new, in place, as an editor does."""
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def configure(self, old: str, new: str) -> None:
        """Replace the first old in release.toml by new."""
        self.edit(self.file, old, new)

    def rewrite(self, path: Path, change: Callable[[bytes], bytes]) -> None:
        """Put other content in a file's place; hard links to the old one keep it."""
        files.write_file(path, change(path.read_bytes()))

    def relabel(self, **changes: str) -> None:
        """Give keys of [release] other texts."""
        text = self.file.read_text(encoding="utf-8")
        for key, value in changes.items():
            text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {json.dumps(value)}", text, count=1)
            assert count == 1, f"release.toml has no {key}"
        self.file.write_text(text, encoding="utf-8")

    def tier(self, name: str = "smeos") -> Path:
        """Return where a tier lies."""
        [place] = (one.path for one in self.release.tiers if one.name == name)
        return place

    def rpm(self, name: str, tier: str = "smeos") -> Path:
        """Return the one package of a tier whose file name begins with name."""
        found = self.tier(tier).rglob(f"{name}*.rpm")
        [path] = sorted(path for path in found if not path.name.endswith(".src.rpm"))
        return path

    def recipe(self, name: str, tier: str, **changes: Any) -> RpmRecipe:
        """Return the recipe of a package that the practice tier has by its catalogue, changed as asked."""
        recipes = catalogue.practice_recipes(tier, self.release.release)
        [recipe] = (one for one in recipes if one.name == name and not one.is_source)
        return replace(recipe, **changes)

    def put(self, recipe: RpmRecipe, tier: str) -> Path:
        """Put a practice RPM into a tier."""
        return packages.write_rpm(recipe, self.tier(tier) / self.release.release.arch / "RPMS")

    def artifacts(self) -> dict[str, str]:
        """Return the digest of every file of this version's tree and of the directory of the media."""
        rel = self.release
        found = {
            os.path.relpath(path, self.home): digest_file(path)
            for top in (rel.tree, rel.iso.parent)
            for path in top.rglob("*")
            if path.is_file()
        }
        assert found
        return found

    def leftovers(self) -> list[str]:
        """Return every file that was half written, or forgotten, although whoever wrote it should have removed it."""
        marks = (BESIDE, ".tmp")
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*") if path.name.endswith(marks))


def replicate(source: Path, target: Path) -> None:
    """Make target a replica of source, in which tests may edit everything in place but RPMs and the boot set.

    Those two are hard links, so that a stamp stays what it was; a test replaces them by renaming. What is there already
    stays.
    """
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if os.path.lexists(place):
            continue
        if path.is_symlink():
            place.symlink_to(path.readlink())
        elif path.is_dir():
            place.mkdir(parents=True)
        elif path.suffix == ".rpm" or "mirrors" in path.relative_to(source).parts:
            os.link(path, place)
        else:
            shutil.copy2(path, place)


class Warm:
    """A project that has been built once, which every test finds as new: its state knows its place, so it stays there.

    What a test changed is replaced; the rest is told from it by inode, times and mode, in a moment.
    """

    def __init__(self, source: Path, place: Path) -> None:
        self.home, self.saved = place / "project", place / "saved"
        for directory in (self.home, self.saved):
            directory.mkdir(parents=True)
        replicate(source, self.home)
        Project(self.home).build()
        replicate(self.home, self.saved)
        self.known = marks(self.home)

    def restored(self) -> Project:
        """Return the project as new, whatever a test did to it."""
        for path, mark in reversed(marks(self.home).items()):  # what lies in a directory comes before it
            if self.known.get(path) != mark:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        replicate(self.saved, self.home)
        self.known = marks(self.home)
        return Project(self.home)


def marks(top: Path) -> dict[Path, tuple[int, ...]]:
    """Return what tells each path below top from another one in its place; directories first.

    A hard link comes and goes with another time of change, and nobody writes through it.
    """
    found: dict[Path, tuple[int, ...]] = {}
    for directory, directories, names in os.walk(top):
        for name in directories + names:
            path = Path(directory, name)
            info = path.lstat()
            mine = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns if info.st_nlink == 1 else 0)
            found[path] = (info.st_mode, *(() if stat.S_ISDIR(info.st_mode) else mine))
    return found


def flip(at: int, data: bytes) -> bytes:
    """Return data with one bit of the byte at changed."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def flipped(at: int) -> Callable[[bytes], bytes]:
    """Return a change for Project.rewrite; a negative at counts from the end."""
    return partial(flip, at)
