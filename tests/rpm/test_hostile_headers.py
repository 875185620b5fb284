# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers that ask for gigabytes, or that make a library panic, are refused in a sentence that names the file."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest

from smedoit.errors import PackageError
from smedoit.rpm import header, reader
from smedoit.rpm.header import BadPackageError
from smedoit.sample import packages
from smedoit.sample.packages import RpmRecipe

LEAD = b"\xed\xab\xee\xdb\x03\x00" + bytes(90)


def header_bytes(entries: list[tuple[int, int, int, int]], store: bytes) -> bytes:
    """Return a header: (tag, type, offset, count) of each entry, and its bytes."""
    index = b"".join(struct.pack(">4I", *entry) for entry in entries)
    return header.MAGIC + struct.pack(">II", len(entries), len(store)) + index + store


def package(path: Path, entries: list[tuple[int, int, int, int]], store: bytes) -> Path:
    """Write a package with an empty signature header and this main header."""
    path.write_bytes(LEAD + header_bytes([], b"") + header_bytes(entries, store))
    return path


@pytest.mark.parametrize(
    ("entry", "store"),
    [
        ((1000, 8, 0, 200_000), b"\0" * 200_000),
        ((1000, 6, 0, 1), b"x" * 199_999 + b"\0"),
        ((1000, 4, 0, 50_000), b"\0" * 200_000),
        ((1000, 7, 0, 200_000), b"\0" * 200_000),
    ],
    ids=["empty strings", "one long string", "numbers", "bytes"],
)
def test_entries_that_share_their_bytes_are_refused_before_anybody_takes_memory_for_them(
    tmp_path: Path, entry: tuple[int, int, int, int], store: bytes
) -> None:
    path = package(tmp_path / "bomb.rpm", [(tag, *entry[1:]) for tag in range(1000, 16_000)], store)
    assert path.stat().st_size < 480_000
    tracemalloc.start()
    with pytest.raises(BadPackageError, match="values in its header overlap"):
        reader.read_package(path, path.name, [])
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("count", [1 << 16, 1 << 31])
def test_a_header_with_more_entries_than_rpm_takes_is_refused(tmp_path: Path, count: int) -> None:
    path = tmp_path / "many.rpm"
    path.write_bytes(LEAD + header.MAGIC + struct.pack(">II", count, 0) + bytes(16 * (1 << 16)))
    with pytest.raises(BadPackageError, match=r"ends behind its end|larger than rpm takes"):
        header.open_header(path)


@pytest.mark.exhaustive
def test_one_changed_byte_of_a_header_never_ends_otherwise_than_in_a_reason(tmp_path: Path) -> None:
    path = packages.write_rpm(RpmRecipe("a", "1", "1", "noarch"), tmp_path)
    data = path.read_bytes()
    for at in range(96, min(len(data), 6000)):
        for value in (0, 0xFF, data[at] ^ 1):
            path.write_bytes(data[:at] + bytes([value]) + data[at + 1 :])
            try:
                reader.read_package(path, path.name, [])
            except BadPackageError as error:
                assert str(error)


def test_a_damaged_source_package_is_named_when_it_is_unpacked(tmp_path: Path) -> None:
    path = packages.write_rpm(RpmRecipe("a", "1", "1", "src"), tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(PackageError, match=r"a-1-1\.src\.rpm: cannot be unpacked, "):
        list(reader.payload_files(path))
