# SPDX-License-Identifier: GPL-3.0-or-later
"""Practice pictures: valid PNGs in two colours, the same bytes whatever zlib is installed."""

from __future__ import annotations

import struct
import zlib

from smedoit.bases.enterprise_linux import Base, Loader

Colour = tuple[int, int, int]

NIGHT, SKY, SAND, WHITE = (16, 24, 40), (58, 100, 150), (214, 190, 140), (255, 255, 255)
# Path in the content tree -> width, height, ground, stripes; the sizes that anaconda's and isolinux's own have.
PIXMAPS = "product/usr/share/anaconda/pixmaps"
Picture = tuple[int, int, Colour, Colour]
SPLASH = {"isolinux/splash.png": (640, 480, NIGHT, SKY)}
PICTURES: dict[str, Picture] = {
    f"{PIXMAPS}/sidebar-logo.png": (125, 28, SKY, WHITE),
    f"{PIXMAPS}/sidebar-bg.png": (150, 600, NIGHT, SKY),
    f"{PIXMAPS}/topbar-bg.png": (600, 100, NIGHT, SKY),
    f"{PIXMAPS}/rnotes/en/01-welcome.png": (430, 190, SAND, WHITE),
    f"{PIXMAPS}/rnotes/en/02-koozali.png": (430, 190, SKY, WHITE),
}


def list_pictures(base: Base) -> dict[str, Picture]:
    """Return path in the content tree -> picture: what the installer of a base shows, and what isolinux does."""
    return {**(SPLASH if base.bios.loader is Loader.ISOLINUX else {}), **PICTURES}


def striped_png(width: int, height: int, ground: Colour, stripes: Colour) -> bytes:
    """Return a PNG with diagonal stripes: one bit a pixel and a palette of two.

    Source: PNG specification, third edition, chapter 11
    """
    header = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    rows = b"".join(b"\0" + _stripe_row(width, y) for y in range(height))
    chunks = (b"IHDR", header), (b"PLTE", bytes(ground + stripes)), (b"IDAT", _stored_zlib(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_picture_chunk(kind, data) for kind, data in chunks)


def _stripe_row(width: int, y: int) -> bytes:
    """Return the pixels of line y, eight a byte, stripes of 4 in 32."""
    bits = "".join("1" if (x + y) % 32 < 4 else "0" for x in range(-(-width // 8) * 8))
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _stored_zlib(data: bytes) -> bytes:
    """Return data as a zlib stream of one uncompressed block: compressors differ, a copy does not.

    Raises struct.error if data is longer than 65535 bytes, a block's limit.
    """
    return b"\x78\x01\x01" + struct.pack("<HH", len(data), ~len(data) & 0xFFFF) + data + _adler32_bytes(data)


def _adler32_bytes(data: bytes) -> bytes:
    """Return the checksum that ends a zlib stream."""
    return struct.pack(">I", zlib.adler32(data))


def _picture_chunk(kind: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
