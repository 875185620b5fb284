"""What a release consists of, for machines: file lists, composeinfo, rpms and images, and a bill of materials."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import smedoit
from smedoit.decide import checksums, manifest, spdx
from smedoit.decide.checksums import Summed
from smedoit.decide.errors import TreeError
from smedoit.decide.identity import Identity
from smedoit.decide.manifest import Disc
from smedoit.do import descriptions, iso, layers, progress, seal, tree
from smedoit.do.digests import Digests
from smedoit.do.isoimage import Image
from smedoit.steps.packages import read_lock
from smedoit.steps.papers import media

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
    for name, text in manifest.texts(one, discs, picks, sources).items():
        tree.write(isos / METADATA / name, text)
    digests = {pick.package.filename: pick.package.sha256 for pick in sources}
    packages = descriptions.read(tree_root / "repodata")
    text = spdx.dumps(one, spdx.Disc(main.name, sums[main]["sha256"]), packages, digests, tool())
    tree.write(main.with_name(f"{main.stem}{SBOM}"), text)
    remove_others(isos, one, files)
    return f"{counted} files on {len(files)} media, {len(packages)} packages, {len(sources)} source packages"


def tool() -> str:
    """Return our name and version."""
    return f"smedoit-{smedoit.__version__}"


def write_file_list(path: Path, image: Image) -> int:
    """Write the list of all files on a medium, as sha256sum -c reads it where the medium is mounted."""
    names = sorted(image.records)
    found = list(progress.track(listed(image, names), len(names), f"reading {path.name}"))
    tree.write(path.with_name(f"{path.stem}{FILES}"), checksums.bsd(found))
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
        path=f"{manifest.PUBLISHED_ISOS}/{path.parent.name}/{path.name}",
        kind="dvd" if any(name.endswith(".rpm") for name in image.records) else "netinst",
        arch="src" if is_source else path.parent.name,
        size=image.size(),
        sha256=sums["sha256"],
        md5=sums["md5"],
        volume=image.at(16 * SECTOR + VOLUME_AT, VOLUME).decode("ascii", "replace").rstrip(" "),
        implanted=seal.implanted(path)[0],
        bootable=iso.BIOS_IMAGE in image.records,
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
                tree.remove(isos / name)
