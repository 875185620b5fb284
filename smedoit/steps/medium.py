"""The tree to the sealed ISO, and the ISO read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from smedoit.decide import layout
from smedoit.decide.errors import TreeError, grouped, human
from smedoit.decide.identity import Identity
from smedoit.decide.layout import Layout, Place
from smedoit.do import digests, iso, layers, mediasums, progress, seal, tree


def write(
    one: Identity, tree_root: Path, on_medium: Callable[[str], bool], target: Path, memory: Path, record: Path
) -> Mapping[str, str]:
    """Write the ISO, seal it, and put its SHA-256 beside it."""
    files = medium_files(tree_root, on_medium)
    medium = iso.Medium(one.volume, one.product, f"{one.product} {one.title}", one.epoch, files)
    return finish(medium, target, memory, record)


def finish(medium: iso.Medium, target: Path, memory: Path, record: Path) -> Mapping[str, str]:
    """Write a medium, seal it, put its SHA-256 beside it, and its layout where record says."""
    stamps = stamped(medium)
    with tree.writing(target) as beside:
        offsets = write_sealed(medium, beside, target.name)
        refuse_changed(medium, stamps, target)
        digest = seal.sha256(beside)
    tree.write(target.with_name(f"{target.name}.sha256"), seal.checksum_line(digest, target.name))
    remember(target, digest, memory)
    size = target.stat().st_size
    places = [Place(path, at, str(medium.files[path]), stamps[path]) for path, at in offsets.items()]
    ordered = sorted(places, key=lambda place: (place.offset, place.path))
    tree.write(record, layout.dumps(Layout(target.name, size, digest, tuple(ordered))))
    return {
        "did": f"{len(medium.files)} files, {human(size)}",
        "result": f"{target}  {size} bytes ({human(size)})  sha256 {digest}",
    }


def write_sealed(medium: iso.Medium, path: Path, name: str) -> dict[str, int]:
    """Write a medium with the media check's MD5 in it; return path -> offset of its files, in bytes."""
    with mediasums.following(path) as follower:
        with progress.meter(f"writing {name}") as moved:
            offsets = iso.write(medium, path, moved, follower.settled)
        with tree.syncing(path):  # what is on its way to the disk now need not be waited for at the end
            sums = follower.result()
    seal.implant(path, sums)
    return offsets


def stamped(medium: iso.Medium) -> dict[str, tree.Stamp]:
    """Return the stamp of every file that goes on a medium. Raises TreeError."""
    found = {}
    for path, source in medium.files.items():
        with tree.worded(source, "read"):
            found[path] = tree.stamp(source)
    return found


def refuse_changed(medium: iso.Medium, before: Mapping[str, tree.Stamp], target: Path) -> None:
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
    return {name: tree.real_file(tree_root, name) for name in layers.listed(tree_root) if on_medium(name)}
