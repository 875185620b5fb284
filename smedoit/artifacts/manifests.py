"""What a release consists of, for machines: file lists, composeinfo, rpms and images, and a bill of materials."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import smedoit
from smedoit.artifacts import checksums, compose, spdx
from smedoit.artifacts.checksums import Summed
from smedoit.artifacts.compose import Disc
from smedoit.artifacts.media import media
from smedoit.config.identity import Identity
from smedoit.errors import TreeError
from smedoit.iso import media_check
from smedoit.iso.read import Image
from smedoit.iso.write import BIOS_IMAGE
from smedoit.packages.choose import read_lock
from smedoit.repodata import read
from smedoit.runtime import progress
from smedoit.runtime.digests import Digests
from smedoit.runtime.files import remove
from smedoit.runtime.files import write as files_write
from smedoit.tree import layers

FILES, SBOM, METADATA = ".files", ".spdx.json", "metadata"
SOURCES = "source"  # the directory of source media
SECTOR, VOLUME_AT, VOLUME = 2048, 40, 32  # the volume id within the volume descriptor, which is sector 16


def write(one: Identity, isos: Path, locks: tuple[Path, Path], tree_root: Path, main: Path, memory: Path) -> str:
    """Write every manifest of the media that there are.

    locks  packages.lock and sources.lock
    main   the installation ISO, whose packages the bill of materials lists
    """
    files, known = media(isos, one), Digests(memory)
    if not files:
        raise TreeError(f"{isos}: holds no medium of {one.full}", hint="run doit iso first")
    sums = known.of_all(files, "sha256", "md5")
    known.save()
    images = {path: Image(path) for path in files}
    discs = [disc(image, files, sums[path]) for path, image in images.items()]
    counted = sum(write_file_list(path, image) for path, image in images.items())
    picks, sources = read_lock(locks[0]), read_lock(locks[1])
    for name, text in compose.texts(one, discs, picks, sources).items():
        files_write(isos / METADATA / name, text)
    digests = {pick.package.filename: pick.package.sha256 for pick in sources}
    packages = read.read(tree_root / "repodata")
    text = spdx.dumps(one, spdx.Disc(main.name, sums[main]["sha256"]), packages, digests, tool())
    files_write(main.with_name(f"{main.stem}{SBOM}"), text)
    remove_others(isos, one, files)
    return f"{counted} files on {len(files)} media, {len(packages)} packages, {len(sources)} source packages"


def tool() -> str:
    """Return our name and version."""
    return f"smedoit-{smedoit.__version__}"


def write_file_list(path: Path, image: Image) -> int:
    """Write the list of all files on a medium, as sha256sum -c reads it where the medium is mounted."""
    names = sorted(image.records)
    found = list(progress.track(listed(image, names), len(names), f"reading {path.name}"))
    files_write(path.with_name(f"{path.stem}{FILES}"), checksums.bsd(found))
    return len(found)


def listed(image: Image, names: Sequence[str]) -> Iterator[Summed]:
    """Yield the files of a medium with size and SHA-256, as they lie on it."""
    for name in names:
        digest, size = hashlib.sha256(), 0
        for data in image.blocks(name):
            digest.update(data)
            size += len(data)
        yield Summed(name, size, digest.hexdigest())


def disc(image: Image, files: Sequence[Path], sums: dict[str, str]) -> Disc:
    """Return what a medium says of itself."""
    path = image.path
    is_source = path.parent.name == SOURCES
    number = re.search(r"-disc(\d+)$", path.stem)
    return Disc(
        path=f"{compose.PUBLISHED_ISOS}/{path.parent.name}/{path.name}",
        kind="dvd" if any(name.endswith(".rpm") for name in image.records) else "netinst",
        arch="src" if is_source else path.parent.name,
        size=image.size(),
        sha256=sums["sha256"],
        md5=sums["md5"],
        volume=image.at(16 * SECTOR + VOLUME_AT, VOLUME).decode("ascii", "replace").rstrip(" "),
        implanted=media_check.implanted(path)[0],
        bootable=BIOS_IMAGE in image.records,
        number=int(number.group(1)) if number else 1,
        count=sum(other.parent == path.parent for other in files) if number else 1,
    )


def remove_others(isos: Path, one: Identity, files: Sequence[Path]) -> None:
    """Remove the manifests of media of this release that are no more."""
    stems = {path.stem for path in files}
    for name in layers.listed(isos):
        own = Path(name).name
        for ending in (FILES, SBOM):
            stem = own.removesuffix(ending)
            if stem != own and stem.startswith(f"{one.name}-{one.full}-") and stem not in stems:
                remove(isos / name)
