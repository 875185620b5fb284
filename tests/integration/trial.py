"""A small world of its own to build in, to damage, and to build in again, through real runs of doit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from smedoit.config import release
from smedoit.config.release import Release
from smedoit.runtime import files

PROJECT = Path(__file__).parents[2]
STAND_INS = {"images/pxeboot/vmlinuz": b"a kernel", "images/pxeboot/initrd.img": b"an initial RAM disk"}


@dataclass(frozen=True)
class Answer:
    """What a run of doit came to: its exit status, and all that it said."""

    code: int
    said: str


class Trial:
    """A directory with a release.toml and a world below it."""

    def __init__(self, place: Path) -> None:
        self.place, self.file = place, place / "release.toml"

    @classmethod
    def new(cls, place: Path) -> Trial:
        """Return a trial with the project's release.toml, and a boot set small enough to be quick."""
        trial = cls(place)
        files.write_file(trial.file, (PROJECT / "release.toml").read_bytes())
        for name, data in STAND_INS.items():
            files.write_file(trial.release.boot_set.path / name, data)
        return trial

    def copy(self, place: Path) -> Trial:
        """Return a copy of this trial that nothing done to it reaches back from."""
        shutil.copytree(self.place, place, symlinks=True)
        return Trial(place)

    @property
    def release(self) -> Release:
        """The release as it is now; it cannot be asked for once release.toml is damaged."""
        return release.load_release(self.file)

    def doit(self, *words: str, before: Callable[[], None] | None = None) -> Answer:
        """Run doit in the project's root with this release.

        before  called in the child, before it becomes doit
        """
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("DOIT", "PYTEST"))}
        done = subprocess.run(
            [sys.executable, "-m", "doit", *words],
            cwd=PROJECT,
            env={**environment, "SMEDOIT_RELEASE": str(self.file)},
            preexec_fn=before,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(errors="replace"))

    def edit(self, old: str, new: str) -> None:
        """Replace the first occurrence of old in release.toml; it must be there."""
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        files.write_file(self.file, text.replace(old, new, 1))

    def rewrite(self, path: Path, change: Callable[[bytes], bytes]) -> None:
        """Put other content in a file's place; hard links to the old one keep it."""
        files.write_file(path, change(path.read_bytes()))

    def rpm(self, name: str, tier: str = "smeos") -> Path:
        """Return the one package of a tier whose file name begins with name."""
        place = next(one.path for one in self.release.tiers if one.name == tier)
        [found] = sorted(path for path in place.rglob(f"{name}*.rpm") if not path.name.endswith(".src.rpm"))
        return found

    def leftovers(self) -> list[str]:
        """Return every file that was half written, or forgotten, below the trial."""
        marks = (files.BESIDE, ".tmp")
        return sorted(str(path.relative_to(self.place)) for path in self.place.rglob("*") if path.name.endswith(marks))


def flip(at: int, data: bytes) -> bytes:
    """Return data with one bit of the byte at changed."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def flipped(at: int) -> Callable[[bytes], bytes]:
    """Return a change for Trial.rewrite; a negative at counts from the end."""
    return partial(flip, at)
