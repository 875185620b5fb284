# SPDX-License-Identifier: GPL-3.0-or-later
"""What firmware reads of a medium before any file: El Torito catalogue, MBR and GPT, from raw bytes.

Written against the specifications, not against the library that writes them, so that
verify looks with other eyes.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass

SECTOR, BLOCK = 2048, 512
BOOT_INFO_AT, BOOT_INFO_END = 8, 64  # bytes of what BIOS starts up to the end of its boot info table
EL_TORITO = b"EL TORITO SPECIFICATION"
BIOS, EFI = 0x00, 0xEF
BOOTABLE, NO_EMULATION = 0x88, 0
EFI_SYSTEM, PROTECTIVE = 0xEF, 0xEE  # kinds of an MBR's partitions, and of a GPT's
BASIC_DATA = uuid.UUID("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7").bytes_le
EFI_SYSTEM_PARTITION = uuid.UUID("C12A7328-F81F-11D2-BA4B-00A0C93EC93B").bytes_le
BIOS_LOAD_BLOCKS, MOST_LOAD_BLOCKS = 4, 0xFFFF  # that the catalogue has firmware load, of what BIOS starts and at most
GPT_SIGNATURE, MBR_SIGNATURE = b"EFI PART", b"\x55\xaa"
LOADER_AT = 432  # in an MBR: the block at which what it starts is, or goes on
GRUB_HEAD_BLOCKS = 4  # of its image for BIOS, which El Torito has firmware load
GRUB_INFO_AT, GRUB_INFO_END = 2548, 2556  # where GRUB's image for BIOS is told at which block it goes on
GPT_ENTRIES = 256 * 128  # bytes of an entry array at most: xorriso's has 248 of 128 bytes
ENTRY_FORMAT = "<BBHBBHL"


@dataclass(frozen=True)
class BootCatalogEntry:
    """One entry of the El Torito catalogue: which firmware, how many 512-byte blocks, which sector."""

    platform: int
    blocks: int
    sector: int


@dataclass(frozen=True)
class Partition:
    """One partition of an MBR or GPT, in blocks of 512 bytes; kind is the MBR's type byte, 0 in a GPT.

    guid  of its type, as bytes; b"" in an MBR
    """

    kind: int
    active: bool
    first: int
    blocks: int
    guid: bytes = b""


class BootRecordError(ValueError):
    """A boot record that firmware would not take; its text says why."""


def boot_catalog_sector(volume_descriptors: bytes) -> int:
    """Return the sector of the boot catalogue; volume_descriptors start at sector 16."""
    for at in range(0, len(volume_descriptors), SECTOR):
        record = volume_descriptors[at : at + SECTOR]
        if len(record) == SECTOR and record[0] == 0 and record[7:39].rstrip(b"\0") == EL_TORITO:
            return int(struct.unpack_from("<L", record, 71)[0])
    raise BootRecordError("there is no El Torito boot record")


def parse_boot_catalog(data: bytes) -> list[BootCatalogEntry]:
    """Return the bootable entries of a boot catalogue, the default entry first.

    Source: El Torito specification 1.0, sections 2.1 to 2.4
    """
    if len(data) < SECTOR:
        raise BootRecordError("the boot catalogue is cut short")
    if data[0] != 1 or data[30:32] != MBR_SIGNATURE or sum(struct.unpack("<16H", data[:32])) & 0xFFFF:
        raise BootRecordError("the validation entry of the boot catalogue is damaged")
    entries, platform, at = [_parse_boot_entry(data, 32, data[1])], data[1], 64
    while at < len(data) and data[at] in (0x90, 0x91):
        platform, count = data[at + 1], struct.unpack_from("<H", data, at + 2)[0]
        if at + 32 * (count + 1) > len(data):
            raise BootRecordError("the boot catalogue names more entries than it has")
        entries += [_parse_boot_entry(data, at + 32 * number, platform) for number in range(1, count + 1)]
        at += 32 * (count + 1)
    return entries


def _parse_boot_entry(data: bytes, at: int, platform: int) -> BootCatalogEntry:
    """Return the entry at an offset. Raises BootRecordError unless it boots without emulation."""
    indicator, media, _segment, _system, _unused, blocks, sector = struct.unpack_from(ENTRY_FORMAT, data, at)
    if indicator != BOOTABLE or media & 0x0F != NO_EMULATION:
        raise BootRecordError(f"the boot entry for platform {platform:#x} is not bootable without emulation")
    return BootCatalogEntry(platform, blocks, sector)


def parse_boot_info(loader: bytes) -> tuple[int, int, int, int]:
    """Return (sector of the PVD, own sector, own length, checksum) that what BIOS starts carries for itself."""
    if len(loader) < BOOT_INFO_END:
        raise BootRecordError("is cut short")
    pvd, own, length, checksum = (int(word) for word in struct.unpack_from("<LLLL", loader, 8))
    return pvd, own, length, checksum


def boot_info_checksum(loader: bytes) -> int:
    """Return what its checksum must be: the sum of all words behind the table."""
    body = loader[BOOT_INFO_END:]
    body += b"\0" * (-len(body) % 4)
    return int(sum(struct.unpack(f"<{len(body) // 4}L", body))) & 0xFFFFFFFF


def _require_block(data: bytes) -> None:
    """Raise BootRecordError for less than a block, of which there is no more on the medium."""
    if len(data) < BLOCK:
        raise BootRecordError("the medium ends where a boot record should be")


def parse_mbr(block: bytes) -> list[Partition]:
    """Return the partitions of an MBR that are in use. Raises BootRecordError without its signature."""
    if block[510:512] != MBR_SIGNATURE:
        raise BootRecordError("there is no MBR, so it would not start from USB under BIOS")
    found = (struct.unpack_from("<B3xB3xLL", block, 446 + 16 * number) for number in range(4))
    return [Partition(kind, active == 0x80, first, blocks) for active, kind, first, blocks in found if blocks]


def isohybrid_loader_block(block: bytes) -> int:
    """Return the 512-byte block at which the isohybrid MBR expects isolinux.bin."""
    _require_block(block)
    return int(struct.unpack_from("<L", block, LOADER_AT)[0])


def grub_loader_block(block: bytes) -> int:
    """Return the 512-byte block at which GRUB's MBR goes on. Source: GRUB 2.12, grub-core/boot/i386/pc/boot.S"""
    _require_block(block)
    return int(struct.unpack_from("<Q", block, LOADER_AT)[0])


def parse_grub_info(loader: bytes) -> int:
    """Return the block at which GRUB's image for BIOS goes on. Source: GRUB 2.12, grub-core/boot/i386/pc/diskboot.S"""
    if len(loader) < GRUB_INFO_END:
        raise BootRecordError("is cut short")
    return int(struct.unpack_from("<Q", loader, GRUB_INFO_AT)[0])


@dataclass(frozen=True)
class GptHeader:
    """One copy of a partition table, checked: where it says that it and its twin are, and what it lists."""

    own: int
    other: int
    partitions: tuple[Partition, ...]


def parse_gpt(header: bytes, entries: bytes) -> GptHeader:
    """Return a partition table from its header block and its entry array.

    Raises BootRecordError if a signature or checksum is wrong, as the Linux kernel and UEFI would.
    Source: UEFI specification 2.10, section 5.3
    """
    _require_block(header)
    size, crc = struct.unpack_from("<LL", header, 12)
    if header[:8] != GPT_SIGNATURE or not 92 <= size <= BLOCK:
        raise BootRecordError("there is no GPT header")
    if zlib.crc32(header[:16] + bytes(4) + header[20:size]) != crc:
        raise BootRecordError("the checksum of the GPT header is wrong")
    own, other = struct.unpack_from("<QQ", header, 24)
    count, length, entries_crc = struct.unpack_from("<LLL", header, 80)
    if not 128 <= length <= SECTOR or count * length > len(entries):
        raise BootRecordError("the GPT's entries are not where its header has them")
    if zlib.crc32(entries[: count * length]) != entries_crc:
        raise BootRecordError("the checksum of the GPT's entries is wrong")
    return GptHeader(own, other, tuple(_used_partitions(entries, count, length)))


def _used_partitions(entries: bytes, count: int, length: int) -> list[Partition]:
    """Return the entries that are in use."""
    slots = [entries[number * length : (number + 1) * length] for number in range(count)]
    spans = [(*struct.unpack_from("<QQ", slot, 32), slot[:16]) for slot in slots if slot[:16] != bytes(16)]
    return [Partition(0, False, first, last - first + 1, guid) for first, last, guid in spans]


def read_gpt(read: Callable[[int, int], bytes], block: int) -> GptHeader:
    """Return the table whose header is at a block; read takes offset and size in bytes. Raises BootRecordError."""
    header = read(block * BLOCK, BLOCK)
    return parse_gpt(header, read(gpt_entries_block(header) * BLOCK, GPT_ENTRIES))


def gpt_entries_block(header: bytes) -> int:
    """Return the block at which a header's entry array starts."""
    _require_block(header)
    return int(struct.unpack_from("<Q", header, 72)[0])
