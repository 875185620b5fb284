"""The tree to the sealed ISO, and the ISO read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from smedoit import iso, layers, progress, seal, tree
from smedoit import verify as reader
from smedoit.errors import human
from smedoit.identity import Identity
from smedoit.steps.packages import read_lock


def write(one: Identity, tree_root: Path, on_medium: Callable[[str], bool], target: Path) -> Mapping[str, str]:
    """Write the ISO, seal it, and put its SHA-256 beside it."""
    files = medium_files(tree_root, on_medium)
    title = f"{one.product} {one.title}"
    medium = iso.Medium(one.volume, one.product, title, one.epoch, files)
    with tree.writing(target) as beside:
        with progress.meter(f"writing {target.name}") as moved:
            iso.write(medium, beside, moved)
        seal.implant(beside)
        digest = seal.sha256(beside)
    tree.write(target.with_name(f"{target.name}.sha256"), seal.checksum_line(digest, target.name))
    size = target.stat().st_size
    return {
        "did": f"{len(files)} files, {human(size)}",
        "result": f"{target}  {size} bytes ({human(size)})  sha256 {digest}",
    }


def verify(one: Identity, lock_file: Path, tree_root: Path, on_medium: Callable[[str], bool], path: Path) -> str:
    """Read the finished ISO back and hold it against lock, tree and release."""
    expected = reader.Expected(one.volume, medium_files(tree_root, on_medium), read_lock(lock_file))
    return reader.verify(path, expected)


def medium_files(tree_root: Path, on_medium: Callable[[str], bool]) -> dict[str, Path]:
    """Return what goes on the medium: path on it -> file of the tree. Raises TreeError for links that lead astray."""
    return {name: tree.real_file(tree_root, name) for name in layers.listed(tree_root) if on_medium(name)}
