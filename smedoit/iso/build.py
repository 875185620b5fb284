# SPDX-License-Identifier: GPL-3.0-or-later
"""An ISO made whole: written, sealed with the media check's MD5, its SHA-256 beside it, its layout kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from smedoit.bases.enterprise_linux import BIOS
from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import FileError, PackageError, format_grouped, format_size
from smedoit.iso import boot_images, boot_records, extents, media_check, write
from smedoit.iso.check_menus import MediumFiles
from smedoit.iso.check_references import check_medium_references
from smedoit.iso.extents import FileExtent, IsoLayout
from smedoit.iso.medium import IsoMedium
from smedoit.package import Package
from smedoit.runtime import checksums, digests, progress
from smedoit.runtime.files import (
    FileStamp,
    read_file_bytes,
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
    identity: ReleaseIdentity,
    tree_root: Path,
    packages: Mapping[str, Package],
    on_medium: Callable[[str], bool],
    target: IsoTarget,
) -> Mapping[str, str]:
    """Write the ISO, seal it, and put its SHA-256 beside it.

    packages  path on the medium -> package of the lock
    """
    files = medium_files(tree_root, on_medium)
    medium = IsoMedium(
        volume=identity.volume,
        publisher=identity.product,
        application=f"{identity.product} {identity.title}",
        epoch=identity.epoch,
        files=files,
        firmware=identity.firmware,
        base=identity.built_on,
        sha256={path: package.sha256 for path, package in packages.items()},
    )
    return finish_medium(medium, target)


def finish_medium(medium: IsoMedium, iso: IsoTarget) -> Mapping[str, str]:
    """Write a medium, seal it, put its SHA-256 beside it, and keep its layout.

    Raises ContentError if something on it would not boot, or names what is not there; PackageError if a package is not,
    or was not while it was written, what the lock names; FileError if another file changed meanwhile.
    """
    target = iso.path
    remarks = check_medium_references(MediumFiles(medium.files, medium.volume, medium.names, medium.base), target)
    stamps = _stamp_medium_files(medium)
    with replacing_file(target) as beside:
        sizes = {path: stamps[path].size for path in medium.sha256}
        offsets, written = _write_and_seal(medium, beside, target.name, sizes)
        _refuse_unlocked_bytes(medium, written, target)
        places = [FileExtent(path, at, str(medium.files[path]), stamps[path]) for path, at in offsets.items()]
        _refuse_changed_files([place for place in places if place.path not in medium.sha256], beside, target)
        _refuse_other_mbr(medium, beside, target)
        digest = digests.sha256_file(beside)
    write_file(target.with_name(f"{target.name}.sha256"), checksums.checksum_line(digest, target.name))
    _cache_digest(target, digest, iso.fact_cache)
    size = target.stat().st_size
    ordered = sorted(places, key=lambda place: (place.offset, place.path))
    write_file(iso.layout, extents.format_layout(IsoLayout(target.name, size, digest, tuple(ordered))))
    return {
        "did": "\n  ".join([f"{len(medium.files)} files, {format_size(size)}", *remarks]),
        "result": f"{target}  {size} bytes ({format_size(size)})  sha256 {digest}",
    }


def medium_files(tree_root: Path, on_medium: Callable[[str], bool]) -> dict[str, Path]:
    """Return path on the medium -> file of the tree. Raises FileError for links that lead out of the tree."""
    return {name: resolve_file_below(tree_root, name) for name in layers.list_tree_files(tree_root) if on_medium(name)}


def _write_and_seal(
    medium: IsoMedium, path: Path, name: str, sizes: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, str]]:
    """Write a medium with the media check's MD5 in it.

    sizes  path -> bytes of the files whose SHA-256 is wanted

    Return path -> offset of its files, in bytes, and path -> SHA-256 of what was written.
    """
    with media_check.follow_media_sums(path) as follower:
        with progress.progress_meter(f"writing {name}") as moved:
            offsets = write.write_iso(medium, path, moved, follower.settled)
        with sync_in_background(path):  # what is on its way to the disk now need not be waited for at the end
            written = extents.digest_spans(path, {file: (offsets[file], size) for file, size in sizes.items()})
            sums = follower.result()
    media_check.implant_md5(path, sums)
    return offsets, written


def _stamp_medium_files(medium: IsoMedium) -> dict[str, FileStamp]:
    """Return the stamp of every file that goes on a medium. Raises FileError."""
    found = {}
    for path, source in medium.files.items():
        with wrap_os_errors(source, "read"):
            found[path] = stamp_file(source)
    return found


def _refuse_unlocked_bytes(medium: IsoMedium, written: Mapping[str, str], target: Path) -> None:
    """Raise PackageError for packages whose bytes on the medium are not those that their lock names."""
    changed = sorted(str(medium.files[path]) for path, digest in medium.sha256.items() if written[path] != digest)
    if changed:
        raise PackageError(
            f"{target}: packages are not what the lock names\n{format_grouped({'was modified': changed})}",
            hint="run doit again, it reads the tiers anew; if it says the same, put these packages back as they were",
        )


def _refuse_changed_files(places: Iterable[FileExtent], image: Path, target: Path) -> None:
    """Raise FileError for files that changed while they were written: the ISO may have half of each.

    One with another ctime only may have been linked meanwhile: then it is what lies on the image.
    """
    changed = []
    for place in places:
        with wrap_os_errors(Path(place.source), "read"):
            now = stamp_file(place.source)
            if now == place.stamp:
                continue
            touched = now.without_ctime == place.stamp.without_ctime
            if not touched or not extents.holds_content(image, place, Path(place.source)):
                changed.append(place.source)
    if changed:
        raise FileError(
            f"{target}: files changed while they were written to it\n{format_grouped({'changed': changed})}",
            hint="run doit again when nothing else writes to them; the previous ISO is kept",
        )


def _refuse_other_mbr(medium: IsoMedium, image: Path, target: Path) -> None:
    """Raise FileError if the code of the MBR is not, or no longer, that of its file."""
    source = medium.files.get(medium.base.mbr_image)
    if source and BIOS in medium.firmware:
        head = b"".join(extents.read_span(image, 0, boot_records.BLOCK))
        if not boot_images.has_mbr_code(head, read_file_bytes(source)):
            raise FileError(
                f"{target}: the code of its MBR is not that of {source}, which changed while it was written",
                hint="run doit again when nothing else writes to it; the previous ISO is kept",
            )


def _cache_digest(path: Path, sha256: str, fact_cache: Path) -> None:
    known = digests.DigestCache(fact_cache)
    known.learn(path, sha256=sha256)
    known.save()
