# SPDX-License-Identifier: GPL-3.0-or-later
"""The door for bytes that others made: what they unpack to, how deep they nest, how long a number is, has an end.

An honest file never meets a limit. What does meet one raises a ValueError with the reason, as damaged bytes do, so
that whoever reads a format needs no second way to refuse.
"""

from __future__ import annotations

import functools
import math
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from smedoit.errors import format_size
from smedoit.runtime import files

FREE = 64 << 20  # bytes that anything may unpack to
RATIO = 200  # bytes out for each byte in, beyond that; metadata and initial RAM disks need less than 30
XZ_MEMORY = 1 << 28  # bytes; what a dictionary of any honest file fits into
SHOWN = 200  # characters of an error that a sentence repeats
DEPTH = 100  # elements within each other; comps.xml and repodata need less than 10
ZSTD_MAGIC, ZSTD_BLOCK = b"\x28\xb5\x2f\xfd", 1 << 17


class LimitError(ValueError):
    """Bytes that ask for more than any honest file does."""


class LibraryPanicError(RuntimeError):
    """A library written in Rust met what it cannot handle; its panic would pass by `except Exception`."""


@contextmanager
def translate_panics() -> Iterator[None]:
    """Turn a panic of rpm-rs or sequoia within into a LibraryPanicError."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise LibraryPanicError((str(error).splitlines() or ["it cannot be read"])[0]) from None
        raise


def describe_damage(error: BaseException) -> str:
    """Return what went wrong while foreign data was read, in short: errors repeat what they were given."""
    text = repr(error)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def parse_json(text: str | bytes) -> Any:
    """Return the value of JSON text. Raises ValueError for what is none, nests too deeply, or no file could hold."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    try:
        found = _json_decoder().decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise LimitError("it nests too deeply") from None
    if "\\ud" in text or "\\uD" in text:
        _dumped_text(found).encode("utf-8", "surrogateescape")  # half a character could not be written again
    return found


@functools.cache
def _json_decoder() -> Any:
    """Return a decoder without NaN and infinity, which Python reads and JSON has not."""
    import json

    return json.JSONDecoder(parse_float=_finite_float, parse_constant=_refuse_constant)


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise LimitError("it holds a number that is too large")
    return value


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _dumped_text(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def parse_decimal(text: str, most: int = (1 << 63) - 1) -> int | None:
    """Return the number that ASCII digits spell, None for anything else and for one that is larger than most."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 40:
        return None
    number = int(text)
    return number if number <= most else None


def check_xml(text: str | bytes) -> list[int]:
    """Return the line of each element, in the order in which ElementTree's iter() gives them.

    Raises ValueError unless text is XML that any parser can take: it nests little, and declares no entities.
    """
    from xml.parsers import expat

    parser, depth, lines = expat.ParserCreate(), 0, list[int]()

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        lines.append(parser.CurrentLineNumber)
        if depth > DEPTH:
            raise LimitError(f"its elements nest more than {DEPTH} deep")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def entity(name: str, *_declared: object) -> None:
        raise LimitError(f"it declares the entity {name[:40]}")

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = start, end, entity
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    return lines


def allowed_size(packed: int) -> int:
    """Return how many bytes so many packed ones may unpack to."""
    return max(FREE, RATIO * packed)


def gzip_decompressor() -> Any:
    """Return what unpacks one gzip stream."""
    return zlib.decompressobj(31)


def bzip2_decompressor() -> Any:
    """Return what unpacks one bzip2 stream."""
    import bz2

    return bz2.BZ2Decompressor()


def xz_decompressor() -> Any:
    """Return what unpacks one xz stream, and refuses to take much memory for it."""
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def lzma_decompressor() -> Any:
    """Return what unpacks one stream of the older lzma format, likewise."""
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=XZ_MEMORY)


DECOMPRESSORS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": gzip_decompressor,
    b"\xfd7zXZ\0": xz_decompressor,
    b"BZh": bzip2_decompressor,
    b"]\0\0": lzma_decompressor,
}


def decompress_block(decompressor: Any, file: IO[bytes]) -> bytes:
    """Return some bytes more of what one stream holds, b"" at its end, never more than a block of them.

    Raises ValueError if it is damaged or ends too early; OSError only if file cannot be read.
    """
    data = b""
    while not decompressor.eof and not data:
        if tail := getattr(decompressor, "unconsumed_tail", b""):
            data = _decompressed(decompressor, tail)
        elif not getattr(decompressor, "needs_input", True):
            data = _decompressed(decompressor, b"")
        elif more := file.read(files.BLOCK):
            data = _decompressed(decompressor, more)
        else:
            raise ValueError("it ends too early")
    return data


def _decompressed(decompressor: Any, packed: bytes) -> bytes:
    """Return what comes out for some bytes. Raises ValueError; the libraries raise each what it likes."""
    import lzma

    try:
        return bytes(decompressor.decompress(packed, files.BLOCK))
    except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise ValueError(str(error)) from None


class UnpackedStream:
    """A packed file as a file that is read once: gzip, xz, bzip2 or lzma, one stream or several behind each other.

    It raises LimitError when more comes out than for so many packed bytes it may.
    """

    def __init__(self, file: IO[bytes], head: bytes, packed: int) -> None:
        self._file, self._make = file, next(make for magic, make in DECOMPRESSORS.items() if head.startswith(magic))
        self._decompressor = self._make()
        self._buffer, self._left, self._allowed = b"", allowed_size(packed), allowed_size(packed)

    def read(self, count: int) -> bytes:
        """Return the next bytes, less than count only at the end. Raises ValueError for what is damaged."""
        parts = []
        while count > 0:
            if not self._buffer and not self._fill_buffer():
                break
            part, self._buffer = self._buffer[:count], self._buffer[count:]
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _fill_buffer(self) -> bool:
        """Have more bytes; return whether there are any."""
        while not (data := decompress_block(self._decompressor, self._file)):
            rest = self._decompressor.unused_data.lstrip(b"\0") or self._file.read(files.BLOCK).lstrip(b"\0")
            if not rest or not any(rest.startswith(magic[:2]) for magic in DECOMPRESSORS):
                return False  # what stands behind the last stream is no part of it
            self._decompressor = self._make()
            data = _decompressed(self._decompressor, rest)
            if data:
                break
        self._left -= len(data)
        if self._left < 0:
            raise LimitError(f"it unpacks to more than {format_size(self._allowed)}: no honest file does")
        self._buffer = data
        return True


def is_packed(head: bytes) -> bool:
    """Return whether bytes begin as something that UnpackedStream reads."""
    return any(head.startswith(magic) for magic in DECOMPRESSORS)


def unpack_bytes(data: bytes) -> bytes:
    """Return what packed bytes hold. Raises ValueError if they are damaged, not packed, or unpack to too much."""
    import io

    if not is_packed(data[:6]):
        raise ValueError("it is not packed with gzip, xz or bzip2")
    stream, parts = UnpackedStream(io.BytesIO(data), data[:6], len(data)), []
    while block := stream.read(files.BLOCK):
        parts.append(block)
    return b"".join(parts)


def unpack_file(path: Path, target: Path) -> None:
    """Write what a file holds to target: unpacked, or as it is if it is not packed. Raises ValueError, OSError."""
    with files.open_regular_file(path) as file, target.open("wb") as out:
        head = file.read(6)
        file.seek(0)
        source: Any = UnpackedStream(file, head, os.fstat(file.fileno()).st_size) if is_packed(head) else file
        while block := source.read(files.BLOCK):
            out.write(block)


def check_zstd_size(path: Path, *, padded: bool = False) -> int:
    """Return how many bytes of a file are zstd. Raises ValueError if it may unpack to too much.

    padded  whether zeros may stand behind it

    No block of it holds more than 128 KiB. Python reads no zstd before 3.14, and the library that does knows no limit.
    Source: RFC 8878, 3.1.1
    """
    with files.open_regular_file(path) as file:
        size, blocks = os.fstat(file.fileno()).st_size, 0
        while magic := file.read(4):
            if magic[1:] == b"\x2a\x4d\x18" and magic[0] & 0xF0 == 0x50:  # a frame to skip
                file.seek(int.from_bytes(file.read(4), "little"), os.SEEK_CUR)
            elif magic == ZSTD_MAGIC:
                blocks += _count_zstd_blocks(file)
            elif padded and not magic.strip(b"\0"):
                return file.tell() - len(magic)
            else:
                raise ValueError("it is no zstd")
            if blocks * ZSTD_BLOCK > allowed_size(size):
                raise LimitError(f"it may unpack to more than {format_size(allowed_size(size))}: no honest file does")
        return size


def _count_zstd_blocks(file: IO[bytes]) -> int:
    """Return how many blocks a frame has, and stand behind it."""
    descriptor = (file.read(1) or b"\0")[0]
    single, dictionary = descriptor >> 5 & 1, (0, 1, 2, 4)[descriptor & 3]
    content = (single, 2, 4, 8)[descriptor >> 6]
    file.seek((0 if single else 1) + dictionary + content, os.SEEK_CUR)
    count = 0
    while True:
        header = file.read(3)
        if len(header) < 3:
            raise ValueError("it ends too early")
        number, count = int.from_bytes(header, "little"), count + 1
        file.seek(1 if number >> 1 & 3 == 1 else number >> 3, os.SEEK_CUR)
        if number & 1:
            file.seek(4 if descriptor & 4 else 0, os.SEEK_CUR)
            return count
