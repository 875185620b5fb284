# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a journal: changes of files of value, each of which can be done again after a kill, and undone.

Their paths come from a record that was found on disk: none of them leads out of the directories that
the journal is for, neither by its name nor through a link on its way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from smedoit.errors import FileError
from smedoit.runtime import digests, files

DIRECTORY_MODE = 0o755


@dataclass(frozen=True)
class StepRoots:
    """Where steps may act.

    root    what relative paths start from
    others  further directories, for what is configured to lie outside of root, or behind a link in it
    """

    root: Path
    others: tuple[Path, ...] = ()

    def locate(self, path: str) -> Path:
        """Return where a path of a step lies now. Raises FileError if that is outside."""
        place = self.root / path
        parent = Path(os.path.realpath(place.parent))
        allowed = [Path(os.path.realpath(top)) for top in (self.root, *self.others)]
        if ".." in PurePosixPath(path).parts or not any(parent.is_relative_to(top) for top in allowed):
            raise FileError(
                f"{place}: leads out of {self.root}, to {parent}",
                hint="a link stands on its way: put the directory itself there",
            )
        return place


@dataclass(frozen=True)
class HardLink:
    """A file that appears at target, too, with its content checked; a copy where no link can be made."""

    source: str
    target: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.target} appears"

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless something is there; is_done tells whether it has the right content."""
        source, target = roots.locate(self.source), roots.locate(self.target)
        if not os.path.lexists(target):
            files.link_file(source, target)

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone; a file that somebody else put there stays."""
        source, target = roots.locate(self.source), roots.locate(self.target)
        files.remove_file(target.with_name(target.name + files.BESIDE))
        if source.is_file() and target.is_file() and self._is_ours(source, target):
            files.remove_file(target)

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, with the content that it was planned with."""
        target = roots.locate(self.target)
        return target.is_file() and not target.is_symlink() and digests.sha256_file(target) == self.sha256

    def _is_ours(self, source: Path, target: Path) -> bool:
        """Return whether target is what this step made of source, which may have changed since it was planned."""
        return source.samefile(target) or digests.sha256_file(target) in (self.sha256, digests.sha256_file(source))


@dataclass(frozen=True)
class RemoveUnchanged:
    """A file that goes, if it still is what it was and the same content still lies at kept; else it stays."""

    path: str
    sha256: str
    kept: str

    def __str__(self) -> str:
        return f"{self.path} disappears"

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless it is done."""
        path, kept = roots.locate(self.path), roots.locate(self.kept)
        if path.is_file() and kept.is_file() and digests.sha256_file(path) == self.sha256:
            files.remove_file(path)

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        path = roots.locate(self.path)
        if not os.path.lexists(path):
            files.link_file(roots.locate(self.kept), path)

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone."""
        return not os.path.lexists(roots.locate(self.path)) and roots.locate(self.kept).is_file()


@dataclass(frozen=True)
class MovePath:
    """A file or directory that goes from source to target, where nothing is yet."""

    source: str
    target: str

    def __str__(self) -> str:
        if PurePosixPath(self.source).parts[0].startswith("."):  # our own directory, that nobody else reads
            return f"{self.target} appears"
        hidden = PurePosixPath(self.target).parts[0].startswith(".")
        return f"{self.source} disappears" if hidden else f"{self.source} becomes {self.target}"

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless it is done."""
        _move_once(roots, self.source, self.target)

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        _move_once(roots, self.target, self.source)

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone."""
        return os.path.lexists(roots.locate(self.target)) and not os.path.lexists(roots.locate(self.source))


@dataclass(frozen=True)
class ReplaceFile:
    """A file whose place source takes; the old one is saved. At no moment is there none."""

    source: str
    target: str
    saved: str

    def __str__(self) -> str:
        return f"{self.target} is replaced"

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless it is done."""
        if roots.locate(self.source).exists():
            _save_old(roots.locate(self.target), roots.locate(self.saved))
            _replace_path(roots.locate(self.source), roots.locate(self.target))

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        if roots.locate(self.saved).exists():
            _save_old(roots.locate(self.target), roots.locate(self.source))
            _replace_path(roots.locate(self.saved), roots.locate(self.target))

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone."""
        source, target, saved = (roots.locate(path) for path in (self.source, self.target, self.saved))
        return saved.exists() and target.exists() and not source.exists()


@dataclass(frozen=True)
class SwitchLink:
    """A link that says after where it said before; "" stands for no link."""

    link: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"link {self.link}: {self.before or 'none'} -> {self.after or 'none'}"

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless it is done."""
        _set_link(roots, self.link, self.after)

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        _set_link(roots, self.link, self.before)

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone: what it named before must still be there."""
        link = roots.locate(self.link)
        return _read_link(link) == self.after and (not self.before or (link.parent / self.before).is_dir())


@dataclass(frozen=True)
class CreateDirectory:
    """A directory that comes into being, empty; undone, it goes if it is empty again."""

    path: str

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless it is done."""
        _create_directory(roots.locate(self.path))

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        _remove_empty(roots.locate(self.path))

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone."""
        return roots.locate(self.path).is_dir()

    def __str__(self) -> str:
        return f"{self.path}/ appears"


@dataclass(frozen=True)
class RemoveDirectory:
    """A directory that goes because nothing is left in it; undone, it comes back."""

    path: str

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless it is done."""
        _remove_empty(roots.locate(self.path))

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        _create_directory(roots.locate(self.path))

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone: it can always be made again."""
        return roots.locate(self.path).parent.is_dir()

    def __str__(self) -> str:
        return f"{self.path}/ disappears"


Step = HardLink | RemoveUnchanged | MovePath | ReplaceFile | SwitchLink | CreateDirectory | RemoveDirectory
KINDS: Mapping[str, type[Step]] = {
    "link": HardLink,
    "remove": RemoveUnchanged,
    "move": MovePath,
    "replace": ReplaceFile,
    "switch": SwitchLink,
    "appear": CreateDirectory,
    "vanish": RemoveDirectory,
}


def step_to_json(step: Step) -> dict[str, str]:
    """Return a step as JSON knows it."""
    [kind] = (name for name, of in KINDS.items() if type(step) is of)
    return {"step": kind, **asdict(step)}


def step_from_json(said: Mapping[str, Any]) -> Step:
    """Return a step from JSON. Raises ValueError, KeyError, TypeError for what is none."""
    return KINDS[said["step"]](**{key: str(value) for key, value in said.items() if key != "step"})


def check_step_paths(step: Step, roots: StepRoots) -> None:
    """Raise ValueError for a path that leads out by its name alone: nothing of such a record is believed."""
    for key, value in asdict(step).items():
        path = PurePosixPath(value)
        outside = path.is_absolute() and not any(path.is_relative_to(top) for top in (roots.root, *roots.others))
        if key != "sha256" and (outside or ".." in path.parts):
            raise ValueError(f"{value} leads out of {roots.root}")


def apply_steps(roots: StepRoots, steps: Sequence[Step]) -> list[str]:
    """Do the steps that are not done yet, in their order; return remarks about what was left."""
    for step in steps:
        step.forward(roots)
    _sync_names(roots, steps)
    left = (step.path for step in steps if isinstance(step, RemoveUnchanged) and roots.locate(step.path).exists())
    return [f"{path} was changed meanwhile and stays" for path in left]


def undo_steps(roots: StepRoots, steps: Sequence[Step]) -> None:
    """Undo the steps that are done, the last one first."""
    for step in reversed(steps):
        step.backward(roots)
    _sync_names(roots, steps)


def _sync_names(roots: StepRoots, steps: Sequence[Step]) -> None:
    """Bring all names that the steps changed safely to disk."""
    names = ("source", "target", "link", "path")
    paths = [getattr(step, name) for step in steps for name in names if hasattr(step, name)]
    files.sync_directories({parent for path in paths if (parent := roots.locate(path).parent).is_dir()})


def _move_once(roots: StepRoots, source: str, target: str) -> None:
    """Move source to target unless it is there already. Raises FileError if both or neither are there."""
    before, after = roots.locate(source), roots.locate(target)
    here, there = os.path.lexists(before), os.path.lexists(after)
    if here and there:
        raise FileError(f"{after}: is there already", hint="look who put it there, and take it away")
    if not here and not there:
        raise FileError(f"{before}: is not there any more", hint="bring it back, then try again")
    if here:
        files.move_path(before, after)


def _create_directory(path: Path) -> None:
    """Make a directory that everybody may read."""
    if path.is_symlink():
        raise FileError(f"{path}: is a link, where a directory belongs", hint="move it away, then try again")
    files.make_directory(path)
    with files.wrap_os_errors(path, "made"):
        path.chmod(DIRECTORY_MODE)


def _remove_empty(path: Path) -> None:
    """Remove a directory if it is there and empty."""
    if path.is_dir() and not any(os.scandir(path)):
        with files.wrap_os_errors(path, "removed"):
            path.rmdir()


def _save_old(path: Path, saved: Path) -> None:
    """Let saved be the file at path, too, unless something is saved there already."""
    if not saved.exists():
        files.make_directory(saved.parent)
        with files.wrap_os_errors(saved, "linked"):
            os.link(path, saved)


def _replace_path(source: Path, target: Path) -> None:
    """Put source in the place of target."""
    files.move_path(source, target, replacing=True)
    files.remove_file(source)  # a rename does nothing when both names are one inode


def _set_link(roots: StepRoots, link: str, says: str) -> None:
    """Make a link say something, or remove it; a directory in its place stays."""
    place = roots.locate(link)
    if os.path.lexists(place) and not place.is_symlink():
        raise FileError(f"{place}: is no link, and stays as it is", hint="move it out of the way, then try again")
    files.remove_file(place.with_name(place.name + files.BESIDE))  # what a kill left of an earlier switch
    if not says:
        files.remove_file(place)
    elif _read_link(place) != says:
        files.switch_link(place, says)


def _read_link(link: Path) -> str:
    """Return what a link says, "" if there is none."""
    return os.readlink(link) if link.is_symlink() else ""
