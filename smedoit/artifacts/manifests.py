# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release consists of, for machines: file lists, composeinfo, rpms and images, and a bill of materials."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import smedoit
from smedoit.artifacts import compose, spdx
from smedoit.artifacts.compose import ComposeMedium, LocatedPackages
from smedoit.artifacts.media import finished_media
from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import FileError
from smedoit.iso import media_check
from smedoit.iso.read import IsoImage
from smedoit.medium_paths import REPODATA
from smedoit.repodata import read
from smedoit.runtime import checksums, progress
from smedoit.runtime.checksums import ChecksummedFile
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import remove_file, write_file
from smedoit.tree import layers

FILES, SBOM, METADATA = ".files", ".spdx.json", "metadata"
SOURCES = "source"  # the directory of source media
SECTOR, VOLUME_AT, VOLUME = 2048, 40, 32  # the volume id within the volume descriptor, which is sector 16


def write_manifests(
    identity: ReleaseIdentity, isos: Path, packages: LocatedPackages, tree_root: Path, main: Path, fact_cache: Path
) -> str:
    """Write every manifest of the media that there are.

    main  the installation ISO, whose packages the bill of materials lists
    """
    files, known = finished_media(isos, identity), DigestCache(fact_cache)
    if not files:
        raise FileError(f"{isos}: holds no medium of {identity.full}", hint="run doit iso first")
    sums = known.of_all(files, "sha256", "md5")
    known.save()
    images = {path: IsoImage(path) for path in files}
    discs = [describe_medium(image, files, sums[path]) for path, image in images.items()]
    counted = sum(_write_file_list(path, image) for path, image in images.items())
    for name, text in compose.format_manifests(identity, discs, packages).items():
        write_file(isos / METADATA / name, text)
    digests = {pick.package.filename: pick.package.sha256 for pick in packages.sources}
    described = [
        package
        for place in identity.repository_places
        for package in read.read_package_descriptions(tree_root / place / REPODATA)
    ]
    text = spdx.format_spdx(
        identity, spdx.SpdxMedium(main.name, sums[main]["sha256"]), described, digests, _tool_version()
    )
    write_file(main.with_name(f"{main.stem}{SBOM}"), text)
    _remove_stale_manifests(isos, identity, files)
    return f"{counted} files on {len(files)} media, {len(described)} packages, {len(packages.sources)} source packages"


def _tool_version() -> str:
    """Return our name and version."""
    return f"smedoit-{smedoit.__version__}"


def _write_file_list(path: Path, image: IsoImage) -> int:
    """Write the list of all files on a medium, as sha256sum -c reads it where the medium is mounted."""
    names = sorted(image.records)
    found = list(progress.track_progress(checksum_iso_files(image, names), len(names), f"reading {path.name}"))
    write_file(path.with_name(f"{path.stem}{FILES}"), checksums.format_bsd_checksums(found))
    return len(found)


def checksum_iso_files(image: IsoImage, names: Sequence[str]) -> Iterator[ChecksummedFile]:
    """Yield the files of a medium with size and SHA-256, as they lie on it."""
    for name in names:
        digest, size = hashlib.sha256(), 0
        for data in image.blocks(name):
            digest.update(data)
            size += len(data)
        yield ChecksummedFile(name, size, digest.hexdigest())


def describe_medium(image: IsoImage, files: Sequence[Path], sums: dict[str, str]) -> ComposeMedium:
    """Return what a medium says of itself."""
    path = image.path
    is_source = path.parent.name == SOURCES
    number = re.search(r"-disc(\d+)$", path.stem)
    return ComposeMedium(
        path=f"{compose.PUBLISHED_ISOS}/{path.parent.name}/{path.name}",
        kind="dvd" if any(name.endswith(".rpm") for name in image.records) else "netinst",
        arch="src" if is_source else path.parent.name,
        size=image.size(),
        sha256=sums["sha256"],
        md5=sums["md5"],
        volume=image.at(16 * SECTOR + VOLUME_AT, VOLUME).decode("ascii", "replace").rstrip(" "),
        implanted=media_check.read_implanted_md5(path)[0],
        bootable=image.has_boot_record,
        number=int(number.group(1)) if number else 1,
        count=sum(other.parent == path.parent for other in files) if number else 1,
    )


def _remove_stale_manifests(isos: Path, identity: ReleaseIdentity, files: Sequence[Path]) -> None:
    """Remove the manifests of media of this release that are no more."""
    stems = {path.stem for path in files}
    for name in layers.list_tree_files(isos):
        own = Path(name).name
        for ending in (FILES, SBOM):
            stem = own.removesuffix(ending)
            if stem != own and stem.startswith(f"{identity.name}-{identity.full}-") and stem not in stems:
                remove_file(isos / name)
