# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats of jigdo: an image as files that mirrors have, and a template with the rest.

The template holds, compressed, what no mirror has, and ends in a description of the order in
which rest and files make the image. A download needs the small template, and takes the files
from any mirror. We know where every file lies, so nothing is searched.

Source: TechDetails.txt of jigdo-file, "File format of .template and .tmp files"
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from smedoit import __version__
from smedoit.runtime.digests import BLOCK

FORMAT = "1.1"  # MD5 and zlib: jigdo-file from 0.6.3 on, jigit and all that came later read it
GENERATOR = f"smedoit/{__version__}"
COMMENT = "Give the .jigdo file that lies beside this one to jigdo-lite; see http://atterer.org/jigdo/"
MIN_FILE_SIZE = 4096  # bytes; a smaller file costs more as a request of its own than in the template
LABEL = "smeos"  # stands for the directory smeos/ of a release on the mirrors
NAME = re.compile(r"[A-Za-z0-9._+~^@,/-]+")  # no character with a meaning in [Parts] or in a URL
ENCODED = re.compile(r"[A-Za-z0-9_-]{22}")

LITERAL, IMAGE, FILE = 2, 5, 6  # types of entry in the description
LENGTHS = {LITERAL: 7, IMAGE: 27, FILE: 31}  # bytes of an entry, its type included
HEADER = re.compile(rb"JigsawDownload template (\d+)\.\d+ [^\r\n]*\r\n[^\r\n]*\r\n\r\n")
DATA, DESCRIPTION = b"DATA", b"DESC"


@dataclass(frozen=True)
class FileRegion:
    """A stretch of an image that is one whole file of the mirrors.

    path     on the mirrors, below smeos/
    md5      of the file, in hexadecimal, and its rolling sum
    """

    offset: int
    size: int
    path: str
    md5: str
    rsync64: int


@dataclass(frozen=True)
class LiteralRegion:
    """A stretch of an image that no mirror has."""

    offset: int
    size: int


@dataclass(frozen=True)
class TemplateDescription:
    """What a template says of its image; the parts in it have no path."""

    size: int
    md5: str
    regions: tuple[FileRegion | LiteralRegion, ...]


@dataclass(frozen=True)
class JigdoFile:
    """What a .jigdo file says.

    parts    MD5 in hexadecimal -> path below the label
    servers  URLs of the label, in order
    """

    image: str
    template: str
    template_md5: str
    parts: Mapping[str, str]
    servers: tuple[str, ...]


class JigdoError(ValueError):
    """A template or .jigdo file that no reader would take; its text says why."""


def may_be_fetched(path: str, size: int) -> bool:
    """Return whether a file may be fetched from a mirror: large enough, with a name that needs no quoting."""
    return size >= MIN_FILE_SIZE and NAME.fullmatch(path) is not None


def image_regions(parts: Iterable[FileRegion], size: int) -> list[FileRegion | LiteralRegion]:
    """Return an image of size bytes from end to end: the parts, and literals wherever there is none.

    Of several parts in one place (hard links) the first by path is taken. Raises ValueError if parts overlap.
    """
    found: list[FileRegion | LiteralRegion] = []
    reached = 0
    for part in sorted(parts, key=lambda region: (region.offset, region.path)):
        if found and part.offset == found[-1].offset and part.size == found[-1].size:
            continue
        if part.offset < reached or part.offset + part.size > size:
            raise ValueError(f"{part.path} at {part.offset} overlaps what lies before it")
        if part.offset > reached:
            found.append(LiteralRegion(reached, part.offset - reached))
        found.append(part)
        reached = part.offset + part.size
    return [*found, LiteralRegion(reached, size - reached)] if reached < size else found


def template_header() -> bytes:
    """Return the beginning of a template."""
    return f"JigsawDownload template {FORMAT} {GENERATOR} \r\n{COMMENT} \r\n\r\n".encode("ascii")


def data_part_header(compressed: int, plain: int) -> bytes:
    """Return what stands before a piece of zlib's output; both sizes in bytes."""
    return DATA + _le48(compressed + 16) + _le48(plain)


def format_description(regions: Iterable[FileRegion | LiteralRegion], size: int, md5: str) -> bytes:
    """Return the end of a template: every region of the image, then its size and MD5."""
    entries = b"".join(_region_entry(region) for region in regions)
    image = bytes([IMAGE]) + _le48(size) + bytes.fromhex(md5) + struct.pack("<I", BLOCK)
    length = _le48(len(DESCRIPTION) + 6 + len(entries) + len(image) + 6)
    return DESCRIPTION + length + entries + image + length


def _region_entry(region: FileRegion | LiteralRegion) -> bytes:
    """Return the description's entry for one region."""
    if isinstance(region, LiteralRegion):
        return bytes([LITERAL]) + _le48(region.size)
    return bytes([FILE]) + _le48(region.size) + struct.pack("<Q", region.rsync64) + bytes.fromhex(region.md5)


def _le48(number: int) -> bytes:
    """Return a number as six bytes, the lowest first."""
    return number.to_bytes(6, "little")


def parse_description(data: bytes) -> TemplateDescription:
    """Return what the end of a template says; data is the whole DESC part. Raises JigdoError."""
    if data[:4] != DESCRIPTION or data[4:10] != _le48(len(data)) or data[-6:] != data[4:10]:
        raise JigdoError("its description is damaged")
    at, offset, end = 10, 0, len(data) - 6
    found: list[FileRegion | LiteralRegion] = []
    while at < end:
        kind = data[at]
        if kind not in LENGTHS or at + LENGTHS[kind] > end:
            raise JigdoError(f"its description has an entry of type {kind}, unknown or cut short")
        size = int.from_bytes(data[at + 1 : at + 7], "little")
        if kind == IMAGE:
            if size != offset or at + LENGTHS[kind] != end:
                raise JigdoError(f"its parts make {offset} bytes, its image has {size}")
            return TemplateDescription(size, data[at + 7 : at + 23].hex(), tuple(found))
        found.append(LiteralRegion(offset, size) if kind == LITERAL else _parse_region(data, at, offset, size))
        at, offset = at + LENGTHS[kind], offset + size
    raise JigdoError("its description has no entry for the image")


def _parse_region(data: bytes, at: int, offset: int, size: int) -> FileRegion:
    """Return the part that an entry describes."""
    (rolling,) = struct.unpack_from("<Q", data, at + 7)
    return FileRegion(offset, size, "", data[at + 15 : at + 31].hex(), int(rolling))


def encode_md5(md5: str) -> str:
    """Return an MD5 as .jigdo files spell it: base64 that suits file names, without its padding."""
    return base64.urlsafe_b64encode(bytes.fromhex(md5)).decode("ascii").rstrip("=")


def decode_md5(word: str) -> str:
    """Return the MD5, in hexadecimal, that a .jigdo file spells. Raises JigdoError."""
    if not ENCODED.fullmatch(word):
        raise JigdoError(f"{word} is no MD5 in base64")
    return base64.urlsafe_b64decode(f"{word}==").hex()


def format_jigdo(
    image: str,
    sums: Mapping[str, str],
    size: int,
    template_md5: str,
    parts: Sequence[FileRegion],
    mirrors: Iterable[str],
) -> str:
    """Return a .jigdo file.

    image    file name of the ISO; its template bears the same name
    sums     its digests by kind, for readers
    mirrors  base URLs, each with smeos/ below it
    """
    unique = {part.md5: part.path for part in reversed(parts)}
    lines = [
        "# JigsawDownload",
        "# Give this file, or its URL, to jigdo-lite: it fetches what it names and makes the image.",
        "",
        "[Jigdo]",
        f"Version={FORMAT}",
        f"Generator={GENERATOR}",
        "",
        "[Image]",
        f"Filename={image}",
        f"Template={template_name(image)}",
        f"Template-MD5Sum={encode_md5(template_md5)}",
        f"# Image size {size} bytes",
        *(f"# Image {kind} {digest}" for kind, digest in sorted(sums.items())),
        "",
        "[Parts]",
        *(f"{encode_md5(part.md5)}={LABEL}:{part.path}" for part in parts if unique[part.md5] == part.path),
        "",
        "[Servers]",
        *(f"{LABEL}={jigdo_server(mirror)}" for mirror in mirrors),
        "",
    ]
    return "\n".join(lines)


def jigdo_server(mirror: str) -> str:
    """Return what the label stands for on a mirror."""
    return f"{mirror.rstrip('/')}/{LABEL}/"


def template_name(image: str) -> str:
    """Return the file name of an image's template."""
    return f"{image.removesuffix('.iso')}.template"


def jigdo_name(image: str) -> str:
    """Return the file name of an image's .jigdo file."""
    return f"{image.removesuffix('.iso')}.jigdo"


def parse_jigdo(text: str) -> JigdoFile:
    """Return what a .jigdo file of ours says. Raises JigdoError."""
    sections: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            current.append((key, value))
    image = dict(sections.get("Image", ()))
    try:
        md5 = decode_md5(image["Template-MD5Sum"])
        parts = {decode_md5(key): value.removeprefix(f"{LABEL}:") for key, value in sections["Parts"]}
        servers = tuple(value for key, value in sections["Servers"] if key == LABEL)
        return JigdoFile(image["Filename"], image["Template"], md5, parts, servers)
    except KeyError as error:
        raise JigdoError(f"it has no {error.args[0]}") from None
