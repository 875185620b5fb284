# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the .jigdo and .template of sealed ISOs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from smedoit.errors import VerifyError, format_grouped, format_size
from smedoit.iso import extents
from smedoit.iso.boot_images import BIOS_LOADERS
from smedoit.iso.extents import FileExtent, IsoLayout
from smedoit.jigdo import format, template
from smedoit.jigdo.format import FileRegion
from smedoit.runtime import files
from smedoit.runtime.digests import DigestCache

KINDS = ("md5", "rsync64")


def make_jigdo_files(
    bases: Sequence[str], images: Path, pattern: str, layouts: Path, published: Mapping[Path, str], fact_cache: Path
) -> str:
    """Write .jigdo and .template beside each image, and remove those of images that are gone.

    bases      base URLs of the mirrors
    images     directory of the ISOs that match pattern; layouts has a file of the same stem for each
    published  directory -> where its content is on the mirrors, below smeos/
    """
    known = DigestCache(fact_cache)
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
    layout = extents.parse_layout(files.read_file_text(record), record)
    _check_iso_digest(path, layout, known)
    shared = {extent: name for extent in layout.extents if (name := _mirror_path(extent, published))}
    sums = known.of_each({path: ("md5",), **{Path(extent.source): KINDS for extent in shared}})
    _check_source_files(path, shared, {extent: sums[Path(extent.source)]["md5"] for extent in shared})
    parts = [_make_region(extent, name, sums[Path(extent.source)]) for extent, name in shared.items()]
    regions = format.image_regions(parts, layout.size)
    target = path.with_name(format.template_name(path.name))
    template.write_template(path, regions, sums[path]["md5"], target)
    listed = [region for region in regions if isinstance(region, FileRegion)]
    digest = known.of(target, "md5")["md5"]
    image_digests = {"MD5": sums[path]["md5"], "SHA256": layout.sha256}
    text = format.format_jigdo(path.name, image_digests, layout.size, digest, listed, mirrors)
    files.write_file(path.with_name(format.jigdo_name(path.name)), text)
    return target.stat().st_size


def _check_iso_digest(path: Path, layout: IsoLayout, known: DigestCache) -> None:
    """Raise VerifyError if an ISO is not what it was when it was sealed."""
    if known.sha256(path) != layout.sha256:
        raise VerifyError(
            f"{path}: modified after it was sealed",
            hint="delete it and run doit jigdo, which makes it first; nothing may edit a sealed ISO",
        )


def _mirror_path(extent: FileExtent, published: Mapping[Path, str]) -> str:
    """Return the path below smeos/ at which mirrors have a file of an ISO, "" where they have it not."""
    source = Path(extent.source)
    for root, prefix in published.items():
        # what BIOS starts has its place filled in on the ISO
        if source.is_relative_to(root) and extent.path not in BIOS_LOADERS:
            name = f"{prefix}/{source.relative_to(root).as_posix()}"
            return name if format.may_be_fetched(name, extent.size) else ""
    return ""


def _check_source_files(path: Path, shared: Mapping[FileExtent, str], sums: Mapping[FileExtent, str]) -> None:
    """Raise VerifyError for files that changed since the ISO was written from them.

    A file with the same stamp is unchanged; of all others the bytes on the ISO are compared.
    """
    doubtful = [extent for extent in shared if files.stamp_file(extent.source) != extent.stamp]
    with files.wrap_os_errors(path, "read"), path.open("rb") as file:
        changed = [extent.source for extent in doubtful if _extent_md5(file, extent) != sums[extent]]
    if changed:
        raise VerifyError(
            f"{path}: was written from files that have changed since\n{format_grouped({'changed': changed})}",
            hint="run doit again, so that the ISO is written from them",
        )


def _extent_md5(file: IO[bytes], extent: FileExtent) -> str:
    """Return the MD5 of a file as it lies on an ISO."""
    state = hashlib.md5(usedforsecurity=False)
    file.seek(extent.offset)
    for start in range(0, extent.size, files.BLOCK):
        state.update(file.read(min(files.BLOCK, extent.size - start)))
    return state.hexdigest()


def _make_region(extent: FileExtent, name: str, sums: Mapping[str, str]) -> FileRegion:
    """Return a file of an ISO as jigdo knows it."""
    return FileRegion(extent.offset, extent.size, name, sums["md5"], int(sums["rsync64"], 16))


def _remove_stale_jigdo(images: Path, pattern: str, stems: set[str]) -> None:
    """Remove .jigdo and .template of images that are gone."""
    for suffix in (".jigdo", ".template"):
        for stale in images.glob(pattern.removesuffix(".iso") + suffix):
            if stale.stem not in stems:
                files.remove_file(stale)
