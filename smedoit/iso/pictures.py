# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PNG or JPEG is, and whether its reader on the medium can show it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from smedoit.runtime import foreign

PNG_MAGIC, JPEG_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
BASELINE = 0xC0  # the only kind of JPEG that vesamenu.c32's decoder knows
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers that begin a frame, and say its size
ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
START_OF_SCAN = 0xDA


@dataclass(frozen=True)
class PictureFacts:
    """A picture, by its header.

    kind    PNG or JPEG
    colour  PNG: the colour type; JPEG: the number of components
    depth   bits of a sample
    frame   JPEG: the marker of its frame, which says how it is coded
    """

    kind: str
    width: int
    height: int
    depth: int
    colour: int
    frame: int = 0


def parse_picture(data: bytes) -> PictureFacts:
    """Return what a whole PNG or JPEG is. Raises ValueError, with the reason as a clause, for anything else."""
    if data.startswith(PNG_MAGIC):
        return _parse_png(data)
    if data.startswith(JPEG_MAGIC):
        return _parse_jpeg(data)
    raise ValueError("is neither a PNG nor a JPEG")


def picture_fault(data: bytes) -> str:
    """Return why a picture cannot be read, "" if it can."""
    try:
        parse_picture(data)
    except ValueError as error:
        return str(error)
    return ""


def menu_picture_fault(data: bytes, size: tuple[int, int]) -> str:
    """Return why vesamenu.c32 cannot show a picture on a screen of size, as a clause; "" if it can.

    Source: syslinux, com32/lib/sys/vesa/background.c and com32/libutil's tinyjpeg
    """
    try:
        facts = parse_picture(data)
    except ValueError as error:
        return str(error)
    if (facts.width, facts.height) != size:
        return f"is {facts.width}x{facts.height}, and vesamenu.c32 shows {size[0]}x{size[1]} here"
    if facts.kind == "PNG" and facts.colour in (GREY, GREY_ALPHA) and facts.depth < 8:
        return f"is grey with {facts.depth} bits, of which vesamenu.c32 reads 8 or 16 only; a palette would do"
    if facts.kind == "JPEG" and (facts.frame != BASELINE or facts.depth != 8 or facts.colour != 3):
        return "is no baseline JPEG in three colours of 8 bits, and vesamenu.c32 reads no other"
    return ""


def _parse_png(data: bytes) -> PictureFacts:
    """Return the facts of a PNG whose chunks and pixels are all there. Raises ValueError."""
    chunks = list(_png_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        raise ValueError("is a PNG without a header")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if not width or not height or depth not in DEPTHS.get(colour, ()):
        raise ValueError("is a PNG of a kind that no reader knows")
    if colour == PALETTE and not any(name == b"PLTE" for name, _ in chunks):
        raise ValueError("is a PNG without its palette")
    rows = (-(-width * depth * CHANNELS[colour] // 8) + 1) * height
    packed = b"".join(content for name, content in chunks if name == b"IDAT")
    if not interlaced and _unpacked_size(packed, rows) < rows:
        raise ValueError("is a PNG that lacks some of its pixels")
    return PictureFacts("PNG", width, height, depth, colour)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of every chunk up to the last. Raises ValueError if one is damaged or absent."""
    at = len(PNG_MAGIC)
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        name, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if at + 12 + size > len(data):
            break
        if struct.unpack_from(">I", data, at + 8 + size)[0] != zlib.crc32(name + content):
            raise ValueError("is a damaged PNG: a checksum in it is wrong")
        yield name, content
        if name == b"IEND":
            return
        at += 12 + size
    raise ValueError("is a PNG that is cut short")


def _unpacked_size(packed: bytes, most: int) -> int:
    """Return to how many bytes pixels unpack, counted up to most. Raises ValueError for damaged ones."""
    if most > foreign.allowed_size(len(packed)):
        raise ValueError("is a PNG that asks for more memory than an honest one does")
    try:
        return len(zlib.decompressobj().decompress(packed, most))
    except zlib.error:
        raise ValueError("is a damaged PNG: its pixels do not unpack") from None


def _parse_jpeg(data: bytes) -> PictureFacts:
    """Return the facts of a JPEG, from its first frame. Raises ValueError."""
    at = len(JPEG_MAGIC)
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        (size,) = struct.unpack_from(">H", data, at + 2)
        if marker in FRAMES and at + 10 <= len(data):
            depth, height, width, components = struct.unpack_from(">BHHB", data, at + 4)
            if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
                raise ValueError("is a JPEG that is cut short")
            return PictureFacts("JPEG", width, height, depth, components, marker)
        if marker == START_OF_SCAN or size < 2:
            break
        at += 2 + size
    raise ValueError("is a JPEG without a frame")
