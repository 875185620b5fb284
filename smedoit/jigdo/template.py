# SPDX-License-Identifier: GPL-3.0-or-later
"""Write and read jigdo's templates."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from smedoit.jigdo import format
from smedoit.jigdo.format import FileRegion, JigdoError, LiteralRegion, TemplateDescription
from smedoit.runtime import files, foreign

PIECE = 1 << 18  # bytes of the image in one compressed piece, so that a reader can begin anywhere
LEVEL = 9
ID_AND_LENGTH = 10
LONGEST_HEADER = 4096


def write_template(image: Path, regions: Sequence[FileRegion | LiteralRegion], md5: str, target: Path) -> None:
    """Write the template of an image whose regions and MD5 are known. Raises FileError."""
    literals = [region for region in regions if isinstance(region, LiteralRegion)]
    size = regions[-1].offset + regions[-1].size if regions else 0
    with (
        files.replacing_file(target) as beside,
        beside.open("wb") as out,
        files.wrap_os_errors(image, "read"),
        image.open("rb") as file,
    ):
        out.write(format.template_header())
        for piece in _split_pieces(_literal_blocks(file, literals)):
            packed = zlib.compress(piece, LEVEL)
            out.write(format.data_part_header(len(packed), len(piece)) + packed)
        out.write(format.format_description(regions, size, md5))


def read_template(path: Path) -> TemplateDescription:
    """Return what a template says of its image. Raises JigdoError, FileError."""
    with files.wrap_os_errors(path, "read"), files.open_regular_file(path) as file:
        _seek_first_piece(file)
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 6))
        length = int.from_bytes(file.read(6), "little")
        if not ID_AND_LENGTH + 6 <= length <= end:
            raise JigdoError("it is cut short")
        file.seek(end - length)
        return format.parse_description(file.read(length))


def read_template_data(path: Path) -> Iterator[bytes]:
    """Yield what a template holds of its image, unpacked. Raises JigdoError, FileError."""
    with files.wrap_os_errors(path, "read"), files.open_regular_file(path) as file:
        whole = os.fstat(file.fileno()).st_size
        _seek_first_piece(file)
        while (head := file.read(ID_AND_LENGTH))[:4] == format.DATA:
            packed, size = int.from_bytes(head[4:], "little") - 16, int.from_bytes(file.read(6), "little")
            if packed < 0 or size > foreign.allowed_size(packed):
                raise JigdoError("a piece of it is not as long as it says")
            unpack = zlib.decompressobj()
            try:
                data = unpack.decompress(file.read(min(packed, whole)), size + 1)
            except zlib.error as error:
                raise JigdoError(f"a piece of it is damaged, {error}") from None
            if len(data) != size or not unpack.eof:
                raise JigdoError("a piece of it is not as long as it says")
            yield data


def _literal_blocks(file: IO[bytes], literals: Iterable[LiteralRegion]) -> Iterator[bytes]:
    """Yield the bytes of the literals, in blocks."""
    for literal in literals:
        file.seek(literal.offset)
        for start in range(0, literal.size, PIECE):
            yield file.read(min(PIECE, literal.size - start))


def _split_pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces of equal size; the last one may be shorter."""
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def _seek_first_piece(file: IO[bytes]) -> None:
    """Go to the first piece of a template. Raises JigdoError if it does not begin as one."""
    found = format.HEADER.match(file.read(LONGEST_HEADER))
    if not found or found.group(1) != format.FORMAT.partition(".")[0].encode():
        raise JigdoError("it does not begin as a jigdo template does")
    file.seek(found.end())
