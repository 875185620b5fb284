"""Changes of the published tree, one rename each: every one can be done again after a kill, and undone.

All paths are relative to the target. What disappears is moved to a place from where it can come back.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from smedoit.errors import PublishError
from smedoit.publish.channels import OURS
from smedoit.runtime import files

DIRECTORY_MODE = 0o755


@dataclass(frozen=True)
class MovePath:
    """A file or directory that goes from source to target, where nothing is yet."""

    source: str
    target: str

    def __str__(self) -> str:
        ours = f"{OURS}/"
        if self.source.startswith(ours):
            return f"{self.target} appears"
        return f"{self.source} disappears" if self.target.startswith(ours) else f"{self.source} becomes {self.target}"

    def forward(self, root: Path) -> None:
        """Do it, unless it is done."""
        _move_once(root, self.source, self.target)

    def backward(self, root: Path) -> None:
        """Undo it, unless it is undone."""
        _move_once(root, self.target, self.source)

    def is_done(self, root: Path) -> bool:
        """Return whether it is done, and can be undone."""
        return os.path.lexists(root / self.target) and not os.path.lexists(root / self.source)


@dataclass(frozen=True)
class ReplaceFile:
    """A file whose place source takes; the old one is saved. At no moment is there none."""

    source: str
    target: str
    saved: str

    def __str__(self) -> str:
        return f"{self.target} is replaced"

    def forward(self, root: Path) -> None:
        """Do it, unless it is done."""
        if (root / self.source).exists():
            _save_old(root / self.target, root / self.saved)
            _replace_path(root / self.source, root / self.target)

    def backward(self, root: Path) -> None:
        """Undo it, unless it is undone."""
        if (root / self.saved).exists():
            _save_old(root / self.target, root / self.source)
            _replace_path(root / self.saved, root / self.target)

    def is_done(self, root: Path) -> bool:
        """Return whether it is done, and can be undone."""
        return (root / self.saved).exists() and (root / self.target).exists() and not (root / self.source).exists()


@dataclass(frozen=True)
class SwitchLink:
    """A link that says after where it said before; "" stands for no link."""

    link: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"link {self.link}: {self.before or 'none'} -> {self.after or 'none'}"

    def forward(self, root: Path) -> None:
        """Do it, unless it is done."""
        _set_link(root, self.link, self.after)

    def backward(self, root: Path) -> None:
        """Undo it, unless it is undone."""
        _set_link(root, self.link, self.before)

    def is_done(self, root: Path) -> bool:
        """Return whether it is done, and can be undone: what it named before must still be there."""
        link = root / self.link
        return _read_link(link) == self.after and (not self.before or (link.parent / self.before).is_dir())


@dataclass(frozen=True)
class CreateDirectory:
    """A directory that comes into being, empty; undone, it goes if it is empty again."""

    path: str

    def forward(self, root: Path) -> None:
        """Do it, unless it is done."""
        _create_directory(root / self.path)

    def backward(self, root: Path) -> None:
        """Undo it, unless it is undone."""
        _remove_empty(root / self.path)

    def is_done(self, root: Path) -> bool:
        """Return whether it is done, and can be undone."""
        return (root / self.path).is_dir()

    def __str__(self) -> str:
        return f"{self.path}/ appears"


@dataclass(frozen=True)
class RemoveDirectory:
    """A directory that goes because nothing is left in it; undone, it comes back."""

    path: str

    def forward(self, root: Path) -> None:
        """Do it, unless it is done."""
        _remove_empty(root / self.path)

    def backward(self, root: Path) -> None:
        """Undo it, unless it is undone."""
        _create_directory(root / self.path)

    def is_done(self, root: Path) -> bool:
        """Return whether it is done, and can be undone: it can always be made again."""
        return (root / self.path).parent.is_dir()

    def __str__(self) -> str:
        return f"{self.path}/ disappears"


Step = MovePath | ReplaceFile | SwitchLink | CreateDirectory | RemoveDirectory
KINDS: Mapping[str, type[Step]] = {
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
    """Return a step from JSON. Raises ValueError for a path that leads out of the target."""
    values = {key: str(value) for key, value in said.items() if key != "step"}
    for path in values.values():
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise ValueError(f"{path} leads out of the target")
    return KINDS[said["step"]](**values)


def apply_steps(root: Path, steps: Sequence[Step]) -> None:
    """Do the steps that are not done yet, in their order."""
    for step in steps:
        step.forward(root)
    _sync_names(root, steps)


def undo_steps(root: Path, steps: Sequence[Step]) -> None:
    """Undo the steps that are done, the last one first."""
    for step in reversed(steps):
        step.backward(root)
    _sync_names(root, steps)


def _sync_names(root: Path, steps: Sequence[Step]) -> None:
    """Bring all names that the steps changed safely to disk."""
    names = ("source", "target", "link", "path")
    paths = [getattr(step, name) for step in steps for name in names if hasattr(step, name)]
    files.sync_directories({parent for path in paths if (parent := (root / path).parent).is_dir()})


def _move_once(root: Path, source: str, target: str) -> None:
    """Move source to target unless it is there already. Raises PublishError if both or neither are there."""
    here, there = os.path.lexists(root / source), os.path.lexists(root / target)
    if here and there:
        raise PublishError(f"{root / target}: is there already", hint="look who put it there, and take it away")
    if not here and not there:
        raise PublishError(f"{root / source}: is not there any more", hint="bring it back, then try again")
    if here:
        files.move_path(root / source, root / target)


def _create_directory(path: Path) -> None:
    """Make a directory that everybody may read."""
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


def _set_link(root: Path, link: str, says: str) -> None:
    """Make a link say something, or remove it; a directory in its place stays."""
    place = root / link
    if os.path.lexists(place) and not place.is_symlink():
        raise PublishError(f"{place}: is no link, and stays as it is", hint="move it out of the way, then try again")
    files.remove_file(place.with_name(place.name + files.BESIDE))  # what a kill left of an earlier switch
    if not says:
        files.remove_file(place)
    elif _read_link(place) != says:
        files.switch_link(place, says)


def _read_link(link: Path) -> str:
    """Return what a link says, "" if there is none."""
    return os.readlink(link) if link.is_symlink() else ""
