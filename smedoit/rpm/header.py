# SPDX-License-Identifier: GPL-3.0-or-later
"""The headers of an RPM file, opened once their bounds are found sound, and the values in them."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smedoit.keys.keyring import first_error_line
from smedoit.package import Package
from smedoit.runtime import files, foreign

if TYPE_CHECKING:
    from rpm_rs import PackageMetadata

LEAD, INTRO, ENTRY = 96, 16, 16  # bytes before the headers, of a header's beginning, of one entry of its index
MAGIC = b"\x8e\xad\xe8\x01" + bytes(4)  # begins a header; rpm demands the zeros as well
WIDTHS = {3: 2, 4: 4, 5: 8}  # type of a value -> its bytes; of all others one at least
TEXT_TYPES = (6, 8, 9)  # a string, strings, strings in several languages
MOST_ENTRIES, LARGEST = 0xFFFF, 1 << 28  # entries and bytes of a header that rpm takes; source: rpm, lib/header.c
LIBRARY_ERRORS = (RuntimeError, ValueError, OSError)  # what rpm-rs raises for a file that it does not like


class BadPackageError(Exception):
    """Why one file is refused: a short reason that many files may share, and no file name.

    keys    ids of the keys that would have to be trusted, where that is all that is missing
    claims  what the header says, unverified, where there is one
    passing whether the next reading may find it better: the file was changing
    """

    def __init__(self, reason: str, *, keys: Sequence[str] = (), passing: bool = False) -> None:
        super().__init__(reason)
        self.keys, self.passing = tuple(keys), passing
        self.claims: Package | None = None


def open_header(path: Path) -> PackageMetadata:
    """Return rpm-rs's metadata of path."""
    import rpm_rs

    _check_header_bounds(path)
    try:
        with foreign.translate_panics():
            return rpm_rs.PackageMetadata.open(str(path))
    except LIBRARY_ERRORS as error:
        raise_system_error(error)
        raise BadPackageError(f"not an RPM, or cut short ({first_error_line(error)})") from None


def headers_length(part: Callable[[int, int], bytes]) -> int:
    """Return the bytes from the beginning of a package to the end of its main header.

    part  returns that many bytes from an offset, fewer at the end

    Raises BadPackageError for what does not begin as a package does.
    """
    start = end = LEAD
    for _ in ("signature", "main"):
        magic, entries, size = struct.unpack(">8sII", part(start, INTRO).ljust(INTRO, b"\0"))
        if magic != MAGIC:
            raise BadPackageError("not an RPM, or cut short (no header where one should begin)")
        if entries > MOST_ENTRIES or size > LARGEST:
            raise BadPackageError("its header is larger than rpm takes: damaged or forged")
        end = start + INTRO + entries * ENTRY + size
        start = end + -end % 8
    return end


def _check_header_bounds(path: Path) -> None:
    """Raise BadPackageError if a header is longer than its file, or its entries are not what its bytes can hold.

    rpm-rs would panic, or take gigabytes for a small file: entries that share their bytes are as many values as
    somebody likes. Source: rpm, lib/header.c, hdrblobVerifyInfo
    """
    with files.open_regular_file(path) as file:
        start, length = LEAD, os.fstat(file.fileno()).st_size
        for _ in ("signature", "main"):
            file.seek(start)
            magic, entries, size = struct.unpack(">8sII", file.read(INTRO).ljust(INTRO, b"\0"))
            if magic != MAGIC:
                raise BadPackageError("not an RPM, or cut short (no header where one should begin)")
            end = start + INTRO + entries * ENTRY + size
            if end > length:
                raise BadPackageError("not an RPM, or cut short (its header ends behind its end)")
            if entries > MOST_ENTRIES or size > LARGEST:
                raise BadPackageError("its header is larger than rpm takes: damaged or forged")
            index = file.read(entries * ENTRY)
            _check_entries(index, file.read(size))
            start = end + -end % 8


def _check_entries(index: bytes, store: bytes) -> None:
    """Raise BadPackageError unless each entry of a header has bytes of its own, and those hold what it says."""
    found = sorted((at, kind, count) for _, kind, at, count in struct.iter_unpack(">4I", index))
    for number, (at, kind, count) in enumerate(found):
        end = found[number + 1][0] if number + 1 < len(found) else len(store)
        if at + count * WIDTHS.get(kind, 1) > len(store):
            raise BadPackageError("its header points outside of itself: damaged")
        if at + count * WIDTHS.get(kind, 1) > end or (kind in TEXT_TYPES and store.count(b"\0", at, end) < count):
            raise BadPackageError("values in its header overlap, or have no end: damaged")


def raise_system_error(error: Exception) -> None:
    """Raise error again if the operating system refused something; decompressors use OSError without a number."""
    if isinstance(error, OSError) and error.errno:
        raise error


def read_header_values(data: bytes) -> dict[int, list[int] | list[bytes]]:
    """Return tag -> values of a header whose bounds are sound, texts as the bytes they are; binary values are left out.

    data  the header from its magic on

    Raises BadPackageError for a text without an end.
    """
    entries, size = struct.unpack(">II", data[8:INTRO])
    index, store = data[INTRO : INTRO + entries * ENTRY], data[INTRO + entries * ENTRY :][:size]
    found: dict[int, list[int] | list[bytes]] = {}
    for tag, kind, at, count in struct.iter_unpack(">4I", index):
        if kind in WIDTHS:
            letter = {2: "H", 4: "I", 8: "Q"}[WIDTHS[kind]]
            found[tag] = list(struct.unpack_from(f">{count}{letter}", store, at))
        elif kind in TEXT_TYPES:
            texts = store[at:].split(b"\0", count)
            if len(texts) <= count:
                raise BadPackageError("its header points outside of itself: damaged")
            found[tag] = texts[:count]
    return found
