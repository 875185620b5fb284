# SPDX-License-Identifier: GPL-3.0-or-later
"""What a shim carries: its vendor's certificate, what the vendor revoked, and the SBAT generations that it asks for.

Source: shim's cert.S, sbat_var.S and SBAT.md; UEFI specification 2.10, section 32.4.1 (signature lists)
"""

from __future__ import annotations

import csv
import struct
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smedoit.secureboot.authenticode import load_certificate
from smedoit.secureboot.pe import EfiBinary

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

VENDOR_CERT, LEVELS, SBAT = ".vendor_cert", ".sbatlevel", ".sbat"
OF_SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328")  # kinds of signature lists
OF_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
TABLE = struct.Struct("<LLLL")  # bytes of the certificates and of what is revoked, and where each begins
LIST = struct.Struct("<16sLLL")  # kind, bytes in all, bytes of its header, bytes of each entry
OWNER = 16  # bytes of an entry that say whose it is
LARGEST_SBAT = 1 << 16


@dataclass(frozen=True)
class Shim:
    """What a shim trusts.

    vendor    certificates that GRUB and kernels may be signed with, besides those of the firmware
    revoked   SHA-256 of binaries that it never starts
    level     component -> the least SBAT generation that it starts by itself
    coming    the same, when the machine was told to take the newest level
    """

    vendor: Sequence[Certificate]
    revoked: frozenset[bytes]
    level: Mapping[str, int]
    coming: Mapping[str, int]


def read_shim(binary: EfiBinary) -> Shim | None:
    """Return what a shim carries, None for what is no shim. Raises ValueError for a damaged one."""
    data = binary.section(VENDOR_CERT)
    if not data:
        return None
    if len(data) < TABLE.size:
        raise ValueError("its vendor's certificates are cut short")
    size, revoked_size, at, revoked_at = TABLE.unpack_from(data)
    trusted, revoked = data[at : at + size], data[revoked_at : revoked_at + revoked_size]
    if (len(trusted), len(revoked)) != (size, revoked_size):
        raise ValueError("its vendor's certificates are cut short")
    level, coming = _read_levels(binary.section(LEVELS))
    hashes = frozenset(entry for kind, entry in _signature_list(revoked) if kind == OF_SHA256)
    return Shim(list(_vendor_certificates(trusted)), hashes, level, coming)


def _vendor_certificates(data: bytes) -> Iterator[Certificate]:
    """Yield the vendor's certificates, which are one by itself, or a signature list. Raises ValueError."""
    if data[:1] == b"\x30":  # a DER sequence
        yield load_certificate(data)
        return
    for kind, entry in _signature_list(data):
        if kind == OF_X509:
            yield load_certificate(entry)


def _signature_list(data: bytes) -> Iterator[tuple[uuid.UUID, bytes]]:
    """Yield (kind, content) of each entry of signature lists. Raises ValueError for damaged ones."""
    at = 0
    while at + LIST.size <= len(data):
        kind, length, header, entry = LIST.unpack_from(data, at)
        begin, end = at + LIST.size + header, at + length
        if length < LIST.size + header or end > len(data) or entry <= OWNER:
            raise ValueError("a list of its vendor is damaged")
        for place in range(begin, end - entry + 1, entry):
            yield uuid.UUID(bytes_le=kind), data[place + OWNER : place + entry]
        at = end


def _read_levels(data: bytes) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return the SBAT levels that a shim sets by itself, and when it is told to; none for a shim before 15.7."""
    if len(data) < 12:
        return {}, {}
    offsets = struct.unpack_from("<LL", data, 4)
    first, second = (data[4 + offset :].partition(b"\0")[0] for offset in offsets)
    return read_generations(first), read_generations(second)


def read_generations(text: bytes) -> dict[str, int]:
    """Return component -> generation of SBAT data, which is CSV. Raises ValueError."""
    return {row[0]: int(row[1]) for row in _sbat_rows(text) if len(row) > 1}


def describe_version(text: bytes, component: str) -> str:
    """Return the version that SBAT data gives a component of a vendor, like 16.1; "" where there is none.

    Raises ValueError.
    """
    found = [row for row in _sbat_rows(text) if len(row) > 4 and row[0].startswith(component)]
    return found[-1][4] if found else ""


def _sbat_rows(text: bytes) -> list[list[str]]:
    """Return the rows of SBAT data. Raises ValueError."""
    lines = text[:LARGEST_SBAT].rstrip(b"\0").decode("ascii", "replace").splitlines()
    try:
        return list(csv.reader(lines))
    except csv.Error as error:  # a NUL, up to Python 3.10
        raise ValueError(f"its SBAT data cannot be read: {error}") from None
