# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a journal: changes of files of value, each of which can be done again after a kill, and undone.

Their paths come from a record that was found on disk: none of them leads out of the directories that
the journal is for, neither by its name nor through a link on its way, whenever somebody puts that there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from smedoit.errors import FileError
from smedoit.runtime import rooted
from smedoit.runtime.rooted import RootedPath

DIRECTORY_MODE = 0o755


@dataclass(frozen=True)
class StepRoots:
    """Where steps may act.

    root    what relative paths start from
    others  further directories, for what is configured to lie outside of root, or behind a link in it
    """

    root: Path
    others: tuple[Path, ...] = ()

    def locate(self, path: str) -> RootedPath:
        """Return where a path of a step lies, below which directory. Raises FileError if that is outside."""
        place = self.root / path
        for top in sorted((self.root, *self.others), key=lambda top: len(top.parts), reverse=True):
            below = place.relative_to(top) if place.is_relative_to(top) else None
            if below and below.name and ".." not in below.parts and "\0" not in path:
                return RootedPath(top, below.as_posix())
        raise FileError(f"{place}: leads out of {self.root}", hint="move the record that names it out of the way")


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
        if not target.exists():
            rooted.link_rooted(source, target)

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone; a file that somebody else put there stays."""
        source, target = roots.locate(self.source), roots.locate(self.target)
        rooted.remove_rooted_file(target.beside())
        if source.is_file() and target.is_file() and self._is_ours(source, target):
            rooted.remove_rooted_file(target)

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, with the content that it was planned with."""
        target = roots.locate(self.target)
        return target.is_file() and target.sha256() == self.sha256

    def _is_ours(self, source: RootedPath, target: RootedPath) -> bool:
        """Return whether target is what this step made of source, which may have changed since it was planned."""
        return source.is_same(target) or target.sha256() in (self.sha256, source.sha256())


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
        if path.is_file() and kept.is_file() and path.sha256() == self.sha256:
            rooted.remove_rooted_file(path)

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        path = roots.locate(self.path)
        if not path.exists():
            rooted.link_rooted(roots.locate(self.kept), path)

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone."""
        return not roots.locate(self.path).exists() and roots.locate(self.kept).is_file()


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
        return roots.locate(self.target).exists() and not roots.locate(self.source).exists()


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
        before = RootedPath(link.top, os.path.join(os.path.dirname(link.relative), self.before))
        return link.read_link() == self.after and (not self.before or before.is_directory())


@dataclass(frozen=True)
class CreateDirectory:
    """A directory that comes into being, empty; undone, it goes if it is empty again."""

    path: str

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless it is done."""
        rooted.make_rooted_directory(roots.locate(self.path), DIRECTORY_MODE)

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        rooted.remove_empty_directory(roots.locate(self.path))

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone."""
        return roots.locate(self.path).is_directory()

    def __str__(self) -> str:
        return f"{self.path}/ appears"


@dataclass(frozen=True)
class RemoveDirectory:
    """A directory that goes because nothing is left in it; undone, it comes back."""

    path: str

    def forward(self, roots: StepRoots) -> None:
        """Do it, unless it is done."""
        rooted.remove_empty_directory(roots.locate(self.path))

    def backward(self, roots: StepRoots) -> None:
        """Undo it, unless it is undone."""
        rooted.make_rooted_directory(roots.locate(self.path), DIRECTORY_MODE)

    def is_done(self, roots: StepRoots) -> bool:
        """Return whether it is done, and can be undone: it can always be made again."""
        path = roots.locate(self.path)
        above = os.path.dirname(path.relative)
        return RootedPath(path.top, above).is_directory() if above else path.top.is_dir()

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
        if key == "sha256" or (isinstance(step, SwitchLink) and not value):
            continue
        try:
            roots.locate(value)
        except FileError:
            raise ValueError(f"{value} leads out of {roots.root}") from None


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


def describe_undo(roots: StepRoots, steps: Sequence[Step]) -> list[str]:
    """Return what undo_steps will do, in words and in its order; what is not done has nothing to undo."""
    return [_undo_words(step) for step in reversed(steps) if step.is_done(roots)]


def _undo_words(step: Step) -> str:
    """Return in words what undoing a step does."""
    match step:
        case HardLink():
            return f"{step.target} disappears"
        case RemoveUnchanged():
            return f"{step.path} appears"
        case MovePath():
            return str(MovePath(step.target, step.source))
        case ReplaceFile():
            return f"{step.target} is put back"
        case SwitchLink():
            return str(SwitchLink(step.link, step.after, step.before))
        case CreateDirectory():
            return str(RemoveDirectory(step.path))
        case RemoveDirectory():
            return str(CreateDirectory(step.path))


def _sync_names(roots: StepRoots, steps: Sequence[Step]) -> None:
    """Bring all names that the steps changed safely to disk."""
    names = ("source", "target", "link", "path")
    rooted.sync_rooted_parents(
        roots.locate(getattr(step, name)) for step in steps for name in names if hasattr(step, name)
    )


def _move_once(roots: StepRoots, source: str, target: str) -> None:
    """Move source to target unless it is there already. Raises FileError if both or neither are there."""
    before, after = roots.locate(source), roots.locate(target)
    here, there = before.exists(), after.exists()
    if here and there:
        raise FileError(f"{after}: is there already", hint="look who put it there, and take it away")
    if not here and not there:
        raise FileError(f"{before}: is not there any more", hint="bring it back, then try again")
    if here:
        rooted.move_rooted(before, after)


def _save_old(path: RootedPath, saved: RootedPath) -> None:
    """Let saved be the file at path, too, unless something is saved there already."""
    if not saved.exists():
        rooted.link_rooted(path, saved)


def _replace_path(source: RootedPath, target: RootedPath) -> None:
    """Put source in the place of target."""
    rooted.move_rooted(source, target, replacing=True)
    rooted.remove_rooted_file(source)  # a rename does nothing when both names are one inode


def _set_link(roots: StepRoots, link: str, says: str) -> None:
    """Make a link say something, or remove it; a directory in its place stays."""
    place = roots.locate(link)
    if place.exists() and not place.read_link():
        raise FileError(f"{place}: is no link, and stays as it is", hint="move it out of the way, then try again")
    rooted.remove_rooted_file(place.beside())  # what a kill left of an earlier switch
    if not says:
        rooted.remove_rooted_file(place)
    elif place.read_link() != says:
        rooted.switch_rooted_link(place, says)
