"""The tree to the sealed ISO, and the ISO read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from smedoit.artifacts import checksums
from smedoit.config.identity import Identity
from smedoit.errors import TreeError, grouped, human
from smedoit.iso import extents, media_check
from smedoit.iso.extents import Layout, Place
from smedoit.iso.write import Medium
from smedoit.iso.write import write as write_write
from smedoit.runtime import digests, progress
from smedoit.runtime.files import Stamp, real_file, stamp, syncing, worded, writing
from smedoit.runtime.files import write as files_write
from smedoit.tree import layers


def write(
    one: Identity, tree_root: Path, on_medium: Callable[[str], bool], target: Path, memory: Path, record: Path
) -> Mapping[str, str]:
    """Write the ISO, seal it, and put its SHA-256 beside it."""
    files = medium_files(tree_root, on_medium)
    medium = Medium(one.volume, one.product, f"{one.product} {one.title}", one.epoch, files)
    return finish(medium, target, memory, record)


def finish(medium: Medium, target: Path, memory: Path, record: Path) -> Mapping[str, str]:
    """Write a medium, seal it, put its SHA-256 beside it, and its layout where record says."""
    stamps = stamped(medium)
    with writing(target) as beside:
        offsets = write_sealed(medium, beside, target.name)
        refuse_changed(medium, stamps, target)
        digest = digests.sha256(beside)
    files_write(target.with_name(f"{target.name}.sha256"), checksums.checksum_line(digest, target.name))
    remember(target, digest, memory)
    size = target.stat().st_size
    places = [Place(path, at, str(medium.files[path]), stamps[path]) for path, at in offsets.items()]
    ordered = sorted(places, key=lambda place: (place.offset, place.path))
    files_write(record, extents.dumps(Layout(target.name, size, digest, tuple(ordered))))
    return {
        "did": f"{len(medium.files)} files, {human(size)}",
        "result": f"{target}  {size} bytes ({human(size)})  sha256 {digest}",
    }


def write_sealed(medium: Medium, path: Path, name: str) -> dict[str, int]:
    """Write a medium with the media check's MD5 in it; return path -> offset of its files, in bytes."""
    with media_check.following(path) as follower:
        with progress.meter(f"writing {name}") as moved:
            offsets = write_write(medium, path, moved, follower.settled)
        with syncing(path):  # what is on its way to the disk now need not be waited for at the end
            sums = follower.result()
    media_check.implant(path, sums)
    return offsets


def stamped(medium: Medium) -> dict[str, Stamp]:
    """Return the stamp of every file that goes on a medium. Raises TreeError."""
    found = {}
    for path, source in medium.files.items():
        with worded(source, "read"):
            found[path] = stamp(source)
    return found


def refuse_changed(medium: Medium, before: Mapping[str, Stamp], target: Path) -> None:
    """Raise TreeError for files that somebody changed while they were written: the medium may have half of each."""
    now = stamped(medium)
    changed = sorted(str(medium.files[path]) for path in before if now[path] != before[path])
    if changed:
        raise TreeError(
            f"{target}: files changed while they were written to it\n{grouped({'changed meanwhile': changed})}",
            hint="run doit again once nobody works on them any more; the medium of before stays",
        )


def remember(path: Path, sha256: str, memory: Path) -> None:
    """Let nobody read a file again for a digest that is known."""
    known = digests.Digests(memory)
    known.learn(path, sha256=sha256)
    known.save()


def medium_files(tree_root: Path, on_medium: Callable[[str], bool]) -> dict[str, Path]:
    """Return what goes on the medium: path on it -> file of the tree. Raises TreeError for links that lead astray."""
    return {name: real_file(tree_root, name) for name in layers.listed(tree_root) if on_medium(name)}
