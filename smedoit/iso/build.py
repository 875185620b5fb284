# SPDX-License-Identifier: GPL-3.0-or-later
"""An ISO made whole: written, sealed with the media check's MD5, its SHA-256 beside it, its layout kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import FileError, format_grouped, format_size
from smedoit.iso import extents, media_check, write
from smedoit.iso.extents import FileExtent, IsoLayout
from smedoit.runtime import checksums, digests, progress
from smedoit.runtime.files import (
    replacing_file,
    resolve_file_below,
    stamp_file,
    sync_in_background,
    wrap_os_errors,
    write_file,
)
from smedoit.tree import layers


@dataclass(frozen=True)
class IsoTarget:
    """Where a medium goes, and what is kept of it.

    path        the ISO
    layouts     directory for what lies where on it, under the ISO's own name
    fact_cache  learns its SHA-256
    """

    path: Path
    layouts: Path
    fact_cache: Path

    @property
    def layout(self) -> Path:
        """What lies where on this medium."""
        return self.layouts / f"{self.path.stem}.json"


def write_installation_iso(
    identity: ReleaseIdentity, tree_root: Path, on_medium: Callable[[str], bool], target: IsoTarget
) -> Mapping[str, str]:
    """Write the ISO, seal it, and put its SHA-256 beside it."""
    files = medium_files(tree_root, on_medium)
    medium = write.IsoMedium(
        identity.volume, identity.product, f"{identity.product} {identity.title}", identity.epoch, files
    )
    return finish_medium(medium, target)


def finish_medium(medium: write.IsoMedium, iso: IsoTarget) -> Mapping[str, str]:
    """Write a medium, seal it, put its SHA-256 beside it, and keep its layout."""
    target = iso.path
    stamps = _stamp_medium_files(medium)
    with replacing_file(target) as beside:
        offsets = _write_and_seal(medium, beside, target.name)
        _refuse_changed_files(medium, stamps, target)
        digest = digests.sha256_file(beside)
    write_file(target.with_name(f"{target.name}.sha256"), checksums.checksum_line(digest, target.name))
    _cache_digest(target, digest, iso.fact_cache)
    size = target.stat().st_size
    places = [FileExtent(path, at, str(medium.files[path]), stamps[path]) for path, at in offsets.items()]
    ordered = sorted(places, key=lambda place: (place.offset, place.path))
    write_file(iso.layout, extents.format_layout(IsoLayout(target.name, size, digest, tuple(ordered))))
    return {
        "did": f"{len(medium.files)} files, {format_size(size)}",
        "result": f"{target}  {size} bytes ({format_size(size)})  sha256 {digest}",
    }


def medium_files(tree_root: Path, on_medium: Callable[[str], bool]) -> dict[str, Path]:
    """Return path on the medium -> file of the tree. Raises FileError for links that lead out of the tree."""
    return {name: resolve_file_below(tree_root, name) for name in layers.list_tree_files(tree_root) if on_medium(name)}


def _write_and_seal(medium: write.IsoMedium, path: Path, name: str) -> dict[str, int]:
    """Write a medium with the media check's MD5 in it; return path -> offset of its files, in bytes."""
    with media_check.follow_media_sums(path) as follower:
        with progress.progress_meter(f"writing {name}") as moved:
            offsets = write.write_iso(medium, path, moved, follower.settled)
        with sync_in_background(path):  # what is on its way to the disk now need not be waited for at the end
            sums = follower.result()
    media_check.implant_md5(path, sums)
    return offsets


def _stamp_medium_files(medium: write.IsoMedium) -> dict[str, tuple[int, int, int]]:
    """Return the stamp of every file that goes on a medium; linking one changes none. Raises FileError."""
    found = {}
    for path, source in medium.files.items():
        with wrap_os_errors(source, "read"):
            found[path] = stamp_file(source).without_ctime
    return found


def _refuse_changed_files(medium: write.IsoMedium, before: Mapping[str, tuple[int, int, int]], target: Path) -> None:
    """Raise FileError for files that changed while they were written: the ISO may have half of each."""
    now = _stamp_medium_files(medium)
    changed = sorted(str(medium.files[path]) for path in before if now[path] != before[path])
    if changed:
        raise FileError(
            f"{target}: files changed while they were written to it\n{format_grouped({'changed': changed})}",
            hint="run doit again when nothing else writes to them; the previous ISO is kept",
        )


def _cache_digest(path: Path, sha256: str, fact_cache: Path) -> None:
    known = digests.DigestCache(fact_cache)
    known.learn(path, sha256=sha256)
    known.save()
