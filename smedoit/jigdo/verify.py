# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify .jigdo and .template as jigdo-file will read them: that with the mirrors they make the ISO."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from smedoit.errors import Findings
from smedoit.jigdo import format, template
from smedoit.jigdo.format import FileRegion, JigdoError, JigdoFile, LiteralRegion, TemplateDescription
from smedoit.runtime import digests, files

JIGDO = "jigdo"


def check_jigdo(image: Path, smeos: Mapping[str, Path], mirrors: Sequence[str], findings: Findings) -> int:
    """Compare an image with what its .jigdo and .template make of the mirrors; return the number of parts.

    smeos    first directory of a path below smeos/ -> the local directory of what will be there
    mirrors  base URLs that the .jigdo must name, in this order
    """
    beside, pieces = (image.with_name(name(image.name)) for name in (format.jigdo_name, format.template_name))
    try:
        listing = format.parse_jigdo(files.read_file_text(beside))
        found = template.read_template(pieces)
        _check_listing(image, pieces, listing, mirrors, findings)
        _check_image(image, pieces, found, listing, smeos, findings)
    except JigdoError as error:
        findings.add(JIGDO, f"{beside.stem}: {error}")
        return 0
    return sum(isinstance(region, FileRegion) for region in found.regions)


def _check_listing(image: Path, pieces: Path, listing: JigdoFile, mirrors: Sequence[str], findings: Findings) -> None:
    """The .jigdo names this image, this template and these mirrors."""
    findings.check(listing.image == image.name, JIGDO, f"its .jigdo is for {listing.image}")
    belongs = listing.template == pieces.name and listing.template_md5 == digests.md5_file(pieces)
    findings.check(belongs, JIGDO, f"{pieces.name} is not the template that its .jigdo names")
    servers = tuple(format.jigdo_server(mirror) for mirror in mirrors)
    findings.check(listing.servers == servers, JIGDO, f"its .jigdo names the servers {', '.join(listing.servers)}")


def _check_image(
    image: Path,
    pieces: Path,
    found: TemplateDescription,
    listing: JigdoFile,
    smeos: Mapping[str, Path],
    findings: Findings,
) -> None:
    """What a reader would make of template and mirrors is the image, from end to end."""
    size, whole = image.stat().st_size, hashlib.md5(usedforsecurity=False)
    if found.size != size:
        findings.add(JIGDO, f"{pieces.name} does not belong to it: it makes {found.size} bytes, the image has {size}")
        return
    rest = ByteStream(template.read_template_data(pieces))
    with image.open("rb") as file:
        for region in found.regions:
            made = (
                rest.blocks(region.size)
                if isinstance(region, LiteralRegion)
                else _read_mirror_part(region, listing, smeos)
            )
            if fault := _compare_region(region, made, file, whole):
                findings.add(JIGDO, f"{pieces.name}: {fault}")
    findings.check(whole.hexdigest() == found.md5, JIGDO, f"{pieces.name} does not belong to it: its MD5 differs")
    findings.check(not rest.take(1), JIGDO, f"{pieces.name} holds more than the image")


def _compare_region(
    region: FileRegion | LiteralRegion, made: Iterable[bytes], file: IO[bytes], whole: hashlib._Hash
) -> str:
    """Return what is wrong with a region, "" if made has the same bytes as the image.

    whole  updated with the bytes of the image
    """
    own, equal, head, left = hashlib.md5(usedforsecurity=False), True, b"", region.size
    file.seek(region.offset)
    for data in made:
        there = file.read(min(len(data), left))
        head, left, equal = head or data, left - len(there), equal and there == data
        whole.update(there)
        own.update(data)
    whole.update(file.read(left))
    if isinstance(region, LiteralRegion):
        return "" if equal and not left else f"holds other bytes than the image at {region.offset}"
    if not equal or left:
        return f"the file for {region.offset} is not on the mirrors as it is on the image"
    good = own.hexdigest() == region.md5 and digests.rsync64_sum(head[: digests.BLOCK]) == region.rsync64
    return "" if good else f"the sums of the part at {region.offset} are wrong"


def _read_mirror_part(part: FileRegion, listing: JigdoFile, smeos: Mapping[str, Path]) -> Iterator[bytes]:
    """Yield the file of a part as the mirrors will have it, nothing if they will not."""
    first, _, below = listing.parts.get(part.md5, "").partition("/")
    path = smeos.get(first, Path()) / below
    if below and ".." not in Path(below).parts and path.is_file():
        with path.open("rb") as file:
            while data := file.read(files.BLOCK):
                yield data


class ByteStream:
    """Blocks of bytes, taken in portions of any size."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.source, self.held = blocks, b""

    def take(self, size: int) -> bytes:
        """Return the next bytes, at most size; nothing at the end."""
        if not self.held:
            self.held = next(self.source, b"")
        found, self.held = self.held[:size], self.held[size:]
        return found

    def blocks(self, size: int) -> Iterator[bytes]:
        """Yield the next size bytes, or what there is."""
        while size and (found := self.take(size)):
            size -= len(found)
            yield found
