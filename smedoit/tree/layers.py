# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree's plain files as ordered layers: what a later layer has, an earlier one does not show."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from smedoit.errors import FileError
from smedoit.runtime import files, progress


@dataclass(frozen=True)
class TreeLayer:
    """A source of files: path in the tree -> where it comes from, and how it gets there."""

    name: str
    files: dict[str, Path]
    place: Callable[[Path, Path], None]


def read_layer(name: str, root: Path, wanted: Callable[[str], bool], place: Callable[[Path, Path], None]) -> TreeLayer:
    """Return a layer of the wanted files below root. Raises FileError for links that lead astray."""
    try:
        found = [relative for relative, _ in files.walk_files(root) if wanted(relative)]
    except OSError:
        raise FileError(
            f"{root}: the {name} is not there", hint="correct its path in release.toml, or try doit content"
        ) from None
    return TreeLayer(name, {relative: files.resolve_file_below(root, relative) for relative in found}, place)


def topmost_layers(layers: Sequence[TreeLayer]) -> dict[str, TreeLayer]:
    """Return which layer shows each path; what it hides of others is noted."""
    top: dict[str, TreeLayer] = {}
    for layer in layers:
        for relative in layer.files:
            if relative in top:
                progress.log_line(f"{relative}: {layer.name} overrides {top[relative].name}")
            top[relative] = layer
    return top


def apply_layers(layers: Sequence[TreeLayer], target: Path, owned: Callable[[str], bool]) -> dict[str, int]:
    """Make target show the layers; return how many files there are, are new, hide another and went.

    owned  whether a path of target belongs to the layers; such a file that no layer has
           any more disappears, all others are left alone
    """
    top = topmost_layers(layers)
    overridden = sum(len(layer.files) for layer in layers) - len(top)
    fresh = {
        relative: layer
        for relative, layer in sorted(top.items())
        if not _is_up_to_date(layer.files[relative], target / relative)
    }
    for relative, layer in fresh.items():
        layer.place(layer.files[relative], target / relative)
    gone = [relative for relative in list_tree_files(target) if owned(relative) and relative not in top]
    for relative in gone:
        progress.log_line(f"{relative}: no layer has it any more, removed")
        remove_with_parents(target, relative)
    return {"in all": len(top), "new or changed": len(fresh), "overridden": overridden, "removed": len(gone)}


def _is_up_to_date(source: Path, target: Path) -> bool:
    """Return whether target already is what source is, as a link or by content."""
    try:
        return os.path.samefile(source, target) or filecmp.cmp(source, target, shallow=False)
    except OSError:
        return False


def list_tree_files(target: Path) -> Iterable[str]:
    """Return the path of every file in target; a target that is not there has none."""
    try:
        return [relative for relative, _ in files.walk_files(target)]
    except OSError:
        return []


def remove_with_parents(target: Path, relative: str) -> None:
    """Remove a file, and the directories that it leaves empty."""
    files.remove_file(target / relative)
    for parent in (target / relative).parents:
        if parent == target or any(os.scandir(parent)):
            return
        parent.rmdir()
