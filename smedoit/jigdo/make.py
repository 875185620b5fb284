# SPDX-License-Identifier: GPL-3.0-or-later
"""Sealed ISOs to .jigdo and .template, and these read back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from smedoit import medium_paths
from smedoit.errors import VerifyError, format_grouped, format_size
from smedoit.iso import extents
from smedoit.iso.extents import FileExtent, IsoLayout
from smedoit.jigdo import format, template
from smedoit.jigdo.format import FileRegion
from smedoit.runtime import files
from smedoit.runtime.digests import DigestCache

KINDS = ("md5", "rsync64")


def make_jigdo_files(
    bases: Sequence[str], images: Path, pattern: str, layouts: Path, published: Mapping[Path, str], memory: Path
) -> str:
    """Write .jigdo and .template beside each image, and remove those of images that are gone.

    bases      base URLs of the mirrors
    images     directory of the ISOs that match pattern; layouts has a file of the same stem for each
    published  directory -> where its content is on the mirrors, below smeos/
    """
    known = DigestCache(memory)
    found = sorted(images.glob(pattern))
    try:
        sizes = [_write_jigdo(path, layouts / f"{path.stem}.json", published, bases, known) for path in found]
    finally:
        known.save()
    _remove_stale_jigdo(images, pattern, {path.stem for path in found})
    return f"{len(found)} {'image' if len(found) == 1 else 'images'}, {format_size(sum(sizes))} of templates"


def _write_jigdo(
    path: Path, record: Path, published: Mapping[Path, str], mirrors: Sequence[str], known: DigestCache
) -> int:
    """Write .jigdo and .template of one image; return the bytes of the template."""
    where = extents.parse_layout(files.read_file_text(record), record)
    _check_iso_digest(path, where, known)
    shared = {place: name for place in where.places if (name := _mirror_path(place, published))}
    sums = known.of_each({path: ("md5",), **{Path(place.source): KINDS for place in shared}})
    _check_source_files(path, shared, {place: sums[Path(place.source)]["md5"] for place in shared})
    parts = [_make_region(place, name, sums[Path(place.source)]) for place, name in shared.items()]
    every = format.image_regions(parts, where.size)
    target = path.with_name(format.template_name(path.name))
    template.write_template(path, every, sums[path]["md5"], target)
    listed = [region for region in every if isinstance(region, FileRegion)]
    digest = known.of(target, "md5")["md5"]
    of_image = {"MD5": sums[path]["md5"], "SHA256": where.sha256}
    text = format.format_jigdo(path.name, of_image, where.size, digest, listed, mirrors)
    files.write_file(path.with_name(format.jigdo_name(path.name)), text)
    return target.stat().st_size


def _check_iso_digest(path: Path, where: IsoLayout, known: DigestCache) -> None:
    """Raise VerifyError if an ISO is not what it was when it was sealed."""
    if known.sha256(path) != where.sha256:
        raise VerifyError(
            f"{path}: changed after it was sealed, so what is known of it is no longer true",
            hint="delete it and run doit; nothing may edit a sealed ISO",
        )


def _mirror_path(place: FileExtent, published: Mapping[Path, str]) -> str:
    """Return the path below smeos/ at which mirrors have a file of an ISO, "" where they have it not."""
    source = Path(place.source)
    for root, prefix in published.items():
        if (
            source.is_relative_to(root) and place.path != medium_paths.BIOS_IMAGE
        ):  # that one gets its boot info table on the ISO
            name = f"{prefix}/{source.relative_to(root).as_posix()}"
            return name if format.may_be_fetched(name, place.size) else ""
    return ""


def _check_source_files(path: Path, shared: Mapping[FileExtent, str], sums: Mapping[FileExtent, str]) -> None:
    """Raise VerifyError for files that are not any more what the ISO was written from.

    An equal stamp says that they are; for all others the bytes on the ISO are read.
    """
    doubtful = [place for place in shared if tuple(files.stamp_file(place.source)) != place.stamp]
    with files.wrap_os_errors(path, "read"), path.open("rb") as file:
        changed = [place.source for place in doubtful if _extent_md5(file, place) != sums[place]]
    if changed:
        raise VerifyError(
            f"{path}: was written from files that have changed since\n{format_grouped({'changed': changed})}",
            hint="run doit again, so that the ISO is written from them",
        )


def _extent_md5(file: IO[bytes], place: FileExtent) -> str:
    """Return the MD5 of a file as it lies on an ISO."""
    state = hashlib.md5(usedforsecurity=False)
    file.seek(place.offset)
    for start in range(0, place.size, files.BLOCK):
        state.update(file.read(min(files.BLOCK, place.size - start)))
    return state.hexdigest()


def _make_region(place: FileExtent, name: str, sums: Mapping[str, str]) -> FileRegion:
    """Return a file of an ISO as jigdo knows it."""
    return FileRegion(place.offset, place.size, name, sums["md5"], int(sums["rsync64"], 16))


def _remove_stale_jigdo(images: Path, pattern: str, stems: set[str]) -> None:
    """Remove .jigdo and .template of images that are no more."""
    for suffix in (".jigdo", ".template"):
        for stale in images.glob(pattern.removesuffix(".iso") + suffix):
            if stale.stem not in stems:
                files.remove_file(stale)
