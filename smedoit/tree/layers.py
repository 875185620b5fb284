# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree's plain files as ordered layers: a later layer overrides an earlier one."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from smedoit.errors import ContentError, FileError, Findings, format_grouped
from smedoit.runtime import files, progress


@dataclass(frozen=True)
class TreeLayer:
    """A source of files: path in the tree -> where it comes from, and how it gets there."""

    name: str
    files: dict[str, Path]
    place: Callable[[Path, Path], None]


def read_layer(
    name: str,
    root: Path,
    wanted: Callable[[str], bool],
    place: Callable[[Path, Path], None],
    encoding: str = "",
) -> TreeLayer:
    """Return a layer of the wanted files below root, by names that are UTF-8.

    encoding  of file names that are not, "" for none

    Raises FileError for links that lead out of root, ContentError for names that cannot go on a medium.
    """
    try:
        found = [relative for relative, _ in files.walk_files(root) if wanted(relative)]
    except OSError:
        raise FileError(
            f"{root}: the {name} is not there", hint="correct its path in release.toml, or try doit content"
        ) from None
    names = utf8_names(root, found, encoding)
    return TreeLayer(name, {new: files.resolve_file_below(root, old) for new, old in names.items()}, place)


def utf8_names(root: Path, names: Iterable[str], encoding: str) -> dict[str, str]:
    """Return the name of each file in UTF-8, as a medium carries it -> its name below root.

    encoding  of names that are not UTF-8, "" for none

    Raises ContentError for all names that cannot go on a medium.
    """
    found, findings = dict[str, str](), Findings()
    for name in names:
        data = os.fsencode(name)
        shown = f"{root}/{data.decode('utf-8', 'backslashreplace')}"
        try:
            plain = _decode_name(data, encoding or "utf-8")
        except UnicodeError:
            findings.add(f"the name is not {'UTF-8' if not encoding else f'UTF-8, and not {encoding} either'}", shown)
            continue
        if plain in found:
            findings.add(f"the name is that of another file, {plain}, in another encoding", shown)
        found[plain] = name
    if findings.found:
        raise ContentError(
            f"file names cannot go on a medium\n{format_grouped(findings.found)}",
            hint='rename them there, or say how they are encoded: [content] names = "latin-1" in release.toml',
        )
    return found


def _decode_name(data: bytes, encoding: str) -> str:
    """Return a path that is UTF-8, or has that encoding. Raises UnicodeError, also where that would move it."""
    try:
        return data.decode("utf-8")
    except UnicodeError:
        plain = data.decode(encoding)
    if plain.count("/") != data.count(b"/") or "\0" in plain or {".", ".."} & {*plain.split("/")}:
        raise UnicodeError("it becomes another path")
    return plain


def apply_layers(layers: Sequence[TreeLayer], target: Path, owned: Callable[[str], bool]) -> dict[str, int]:
    """Make target the sum of the layers; return the number of files in all, new or changed, overridden, removed.

    owned  whether a path of target belongs to the layers; such a file that no layer has
           any more is removed, all others are left alone
    """
    top = topmost_layers(layers)
    overridden = sum(len(layer.files) for layer in layers) - len(top)
    changed = {
        relative: layer
        for relative, layer in sorted(top.items())
        if not _is_up_to_date(layer.files[relative], target / relative)
    }
    for relative, layer in changed.items():
        layer.place(layer.files[relative], target / relative)
    removed = [relative for relative in list_tree_files(target) if owned(relative) and relative not in top]
    for relative in removed:
        progress.log_line(f"{relative}: in no layer any more, removed")
        remove_with_parents(target, relative)
    return {"in all": len(top), "new or changed": len(changed), "overridden": overridden, "removed": len(removed)}


def topmost_layers(layers: Sequence[TreeLayer]) -> dict[str, TreeLayer]:
    """Return the layer that each path comes from; what is overridden goes to the log."""
    top: dict[str, TreeLayer] = {}
    for layer in layers:
        for relative in layer.files:
            if relative in top:
                progress.log_line(f"{relative}: {layer.name} overrides {top[relative].name}")
            top[relative] = layer
    return top


def list_tree_files(target: Path) -> Iterable[str]:
    """Return the path of every file in target; none if target does not exist. Raises FileError."""
    with files.wrap_os_errors(target, "read"):
        try:
            return [relative for relative, _ in files.walk_files(target)]
        except FileNotFoundError:
            return []


def remove_with_parents(target: Path, relative: str) -> None:
    """Remove a file, and the directories that it leaves empty."""
    files.remove_file(target / relative)
    for parent in (target / relative).parents:
        if parent == target or any(os.scandir(parent)):
            return
        parent.rmdir()


def _is_up_to_date(source: Path, target: Path) -> bool:
    """Return whether target is source already, as a link or by content."""
    try:
        return os.path.samefile(source, target) or filecmp.cmp(source, target, shallow=False)
    except OSError:
        return False
