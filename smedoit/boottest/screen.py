# SPDX-License-Identifier: GPL-3.0-or-later
"""What a screen shows: pixels in, PNG or found words out.

No guessing at letters: words stand there in the machine's own font, pixel by pixel, or they do not.
The font is the one that the machine's video BIOS draws with, 256 characters of 8 by 16
pixels; isolinux's menus and everything in text mode use it.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

CELL, LINES = 8, 16  # pixels of a character; in text mode a ninth column keeps characters apart
# What a VGA font begins with: nothing, then a face.
FONT_BEGINS = bytes(16) + bytes.fromhex("00007e81a581 81bd9981817e00000000")
ADVANCES = (8, 9)
BRIGHT = (96, 128, 160, 192)  # thresholds that part blended text from its background


@dataclass(frozen=True)
class Screenshot:
    """A screen; pixels are red, green and blue, a byte each, line by line."""

    width: int
    height: int
    pixels: bytes

    def line(self, y: int) -> bytes:
        """Return the pixels of one line."""
        return self.pixels[3 * self.width * y : 3 * self.width * (y + 1)]

    @property
    def is_blank(self) -> bool:
        """Whether every pixel has the same colour."""
        return self.pixels == self.pixels[:3] * (self.width * self.height)


def parse_ppm(data: bytes) -> Screenshot:
    """Return the picture of a binary PPM. Raises ValueError if it is none, or cut short.

    Source: netpbm, ppm(5)
    """
    head = re.match(rb"P6\s+(?:#[^\n]*\s+)*([0-9]{1,5})\s+([0-9]{1,5})\s+255\s", data)
    if not head:
        raise ValueError("not a PPM")
    width, height = int(head.group(1)), int(head.group(2))
    pixels = data[head.end() : head.end() + 3 * width * height]
    if len(pixels) < 3 * width * height:
        raise ValueError("a PPM that is cut short")
    return Screenshot(width, height, pixels)


def encode_png(picture: Screenshot) -> bytes:
    """Return a picture as PNG. Source: PNG specification, third edition, chapter 11"""
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    lines = b"".join(b"\0" + picture.line(y) for y in range(picture.height))
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def find_font(rom: bytes) -> bytes:
    """Return the font of a video BIOS, 16 bytes a character; nothing if there is none, or not yet."""
    at = rom.find(FONT_BEGINS)
    return rom[at : at + 256 * LINES] if at >= 0 else b""


def shows_text(picture: Screenshot, words: str, font: bytes) -> bool:
    """Return whether words stand on the screen, on one line, in one colour, in this font."""
    patterns = [_draw_text(words, font, advance) for advance in ADVANCES]
    least = sum(map(sum, patterns[0]))
    return any(_contains_pattern(bits, pattern) for bits in _screen_masks(picture, least) for pattern in patterns)


def _draw_text(words: str, font: bytes, advance: int) -> tuple[bytes, ...]:
    """Return words as 16 lines of bytes, 1 for a pixel that is set."""
    codes = words.encode("cp437", "replace")
    lines = []
    for y in range(LINES):
        bits = (f"{font[code * LINES + y]:08b}".ljust(advance, "0") for code in codes)
        lines.append(bytes(map(int, "".join(bits))))
    return tuple(lines)


def _screen_masks(picture: Screenshot, least: int) -> Iterator[list[bytes]]:
    """Yield the screen as lines of 0 and 1: what has a colour, for each that is frequent; then what is bright.

    least  how many pixels of a colour there must be; the words would need as many
    """
    lines = [picture.line(y) for y in range(picture.height)]
    triples = [list(zip(line[0::3], line[1::3], line[2::3], strict=True)) for line in lines]
    counts = Counter(chain.from_iterable(triples)).most_common(255)
    number = {colour: n for n, (colour, count) in enumerate(counts, 1) if count >= least}
    numbered = [bytes(number.get(pixel, 0) for pixel in line) for line in triples]
    for n in number.values():
        chosen = _translate_table(n.__eq__)
        yield [line.translate(chosen) for line in numbered]
    brightness = [bytes(map(max, line)) for line in triples]
    for threshold in BRIGHT:
        chosen = _translate_table(threshold.__le__)
        yield [line.translate(chosen) for line in brightness]


def _translate_table(is_set: Callable[[int], bool]) -> bytes:
    """Return what bytes.translate needs to make 0 and 1 of values."""
    return bytes(is_set(value) for value in range(256))


def _contains_pattern(bits: list[bytes], pattern: tuple[bytes, ...]) -> bool:
    """Return whether the pattern stands anywhere in bits, pixel by pixel."""
    telling = max(range(LINES), key=lambda y: sum(pattern[y]))
    width = len(pattern[0])
    for y, line in enumerate(bits[telling : len(bits) - LINES + telling + 1]):
        x = line.find(pattern[telling])
        while x >= 0:
            if all(bits[y + row][x : x + width] == pattern[row] for row in range(LINES)):
                return True
            x = line.find(pattern[telling], x + 1)
    return False
