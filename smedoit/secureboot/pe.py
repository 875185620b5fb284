# SPDX-License-Identifier: GPL-3.0-or-later
"""EFI binaries, which are PE files: their sections, the signatures at their end, and the digest that those sign.

Source: Microsoft, PE Format; Microsoft, Windows Authenticode Portable Executable Signature Format (2008)
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

DOS, PE = b"MZ", b"PE\0\0"
PE_AT = 0x3C  # where the DOS header says where the PE header is
CHECKSUM_AT = 64  # in the optional header, which begins behind 24 bytes of PE header
DIRECTORIES_AT = {0x10B: 96, 0x20B: 112}  # in the optional header of PE32 and PE32+
CERTIFICATES = 4  # the number of their data directory
SECTION = struct.Struct("<8sLLLL16x")
MOST_SECTIONS = 96  # as the format allows
SYMBOL = 18  # bytes of an entry of the symbol table, behind which the long names stand
LONGEST_NAME = 64
SIGNED_DATA = 2  # the kind of a certificate entry that is PKCS #7


class DamagedBinaryError(ValueError):
    """Why a file is no EFI binary, or not whole."""


@dataclass(frozen=True)
class EfiBinary:
    """An EFI binary as it lies in a file.

    checksum    offset of the checksum, which no signature covers
    directory   offset of what says where the signatures are, which none covers either
    signatures  where they are: offset and bytes; (0, 0) for none
    sections    name -> offset and bytes, as they lie in the file
    """

    data: bytes
    checksum: int
    directory: int
    signatures: tuple[int, int]
    sections: Mapping[str, tuple[int, int]]

    def section(self, name: str) -> bytes:
        """Return the content of a section, b"" where there is none."""
        at, size = self.sections.get(name, (0, 0))
        return self.data[at : at + size]

    def digest(self, algorithm: str) -> bytes:
        """Return the digest that a signature signs: of all but the signatures, and of what changes when one is added.

        Raises ValueError for an algorithm that there is not.
        """
        found = hashlib.new(algorithm)
        end = self.signatures[0] or len(self.data)
        found.update(self.data[: self.checksum])
        found.update(self.data[self.checksum + 4 : self.directory])
        found.update(self.data[self.directory + 8 : end])
        found.update(bytes(-end % 8))  # to where a signature would begin
        return found.digest()

    def signed_data(self) -> Iterator[bytes]:
        """Yield each signature as PKCS #7. Raises DamagedBinaryError."""
        at, size = self.signatures
        end = at + size
        while at + 8 <= end:
            length, _, kind = struct.unpack_from("<LHH", self.data, at)
            if not 8 < length <= end - at:
                raise DamagedBinaryError("its signatures are cut short")
            if kind == SIGNED_DATA:
                yield self.data[at + 8 : at + length]
            at += length + -length % 8


def parse_efi_binary(data: bytes) -> EfiBinary:
    """Return an EFI binary. Raises DamagedBinaryError."""
    try:
        return _parse_headers(data)
    except struct.error:
        raise DamagedBinaryError("it is cut short") from None


def _parse_headers(data: bytes) -> EfiBinary:
    if data[:2] != DOS:
        raise DamagedBinaryError("it is no EFI binary")
    (at,) = struct.unpack_from("<L", data, PE_AT)
    if data[at : at + 4] != PE:
        raise DamagedBinaryError("it is no EFI binary")
    count, symbols, symbol_count, optional_size = struct.unpack_from("<2xH4xLLH", data, at + 4)
    strings = symbols + SYMBOL * symbol_count if symbols else len(data)  # where long names stand
    optional = at + 24
    (magic,) = struct.unpack_from("<H", data, optional)
    if magic not in DIRECTORIES_AT or count > MOST_SECTIONS:
        raise DamagedBinaryError("its headers are damaged")
    directories = optional + DIRECTORIES_AT[magic]
    (entries,) = struct.unpack_from("<L", data, directories - 4)
    place = directories + 8 * CERTIFICATES
    start, size = struct.unpack_from("<LL", data, place) if entries > CERTIFICATES else (0, 0)
    if not size:
        start = 0
    elif not place < start <= start + size <= len(data):
        raise DamagedBinaryError("its signatures are cut short")
    elif start + size < len(data):  # firmware takes as many bytes of what is before them into the digest once more
        raise DamagedBinaryError("something was added behind its signatures, so firmware finds them wrong")
    sections = {}
    for number in range(count):
        name, used, _, length, offset = SECTION.unpack_from(data, optional + optional_size + number * SECTION.size)
        if offset + length > len(data):
            raise DamagedBinaryError("it is cut short")
        sections[_section_name(name, data, strings)] = offset, min(used or length, length)
    return EfiBinary(data, optional + CHECKSUM_AT, place, (start, size) if start else (0, 0), sections)


def _section_name(field: bytes, data: bytes, strings: int) -> str:
    """Return the name of a section; a long one stands in the table of strings, at a decimal offset behind "/"."""
    name = field.rstrip(b"\0")
    if name[:1] == b"/" and name[1:].isdigit():
        start = strings + int(name[1:])
        name = data[start : start + LONGEST_NAME].partition(b"\0")[0]
    return name.decode("ascii", "replace")
