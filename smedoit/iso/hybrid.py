# SPDX-License-Identifier: GPL-3.0-or-later
"""MBR and GPT of a medium that pycdlib writes, so that it starts from a USB stick as well."""

from __future__ import annotations

import struct
import uuid
from typing import Any

from smedoit.bases.enterprise_linux import BIOS, UEFI, DiskForm
from smedoit.iso.medium import IsoMedium

SECTOR, BLOCK = 2048, 512
SECTORS, HEADS = 32, 64  # of a cylinder, as isohybrid has them
CYLINDER = SECTORS * HEADS * BLOCK // SECTOR  # in sectors of 2048 bytes
FIRST_PARTITION = 446  # its entry in an MBR: C/H/S and kind in 8 bytes, first block and blocks in 4 bytes each
BOOT_CODE = 440  # bytes of it in an MBR
NO_BIOS = bytes.fromhex("CD18 F4 EBFD")  # int 18: nothing to boot here, go on; then hlt for ever
# Source: UEFI specification 2.10, 5.3.3: a partition that is required, and of those of basic data one to be read only
READ_ONLY = (1 << 60 | 1).to_bytes(8, "little")
BASIC_DATA_NAMES = ("ISOHybrid", "ISOHybrid1")  # as libisofs calls them


def padded_volume_size(sectors: int, form: DiskForm) -> int:
    """Return how many sectors a volume declares that needs so many, with what its disk form has it cover."""
    return -(-sectors // CYLINDER) * CYLINDER if form is DiskForm.BASIC_DATA else sectors


def add_disk_records(iso: Any, medium: IsoMedium) -> None:
    """Make an image that isolinux starts from CD start from USB so, too, and where it has one for UEFI by that."""
    with_efi = UEFI in medium.firmware
    iso.add_isohybrid(efi=with_efi, mbr_id=medium.seed.int & 0xFFFFFFFF)
    iso.isohybrid_mbr = _WholeHybrid(iso.isohybrid_mbr)


def finish_disk_records(iso: Any, medium: IsoMedium, efi_sector: int) -> None:
    """Give MBR and GPT what the disk form of a medium has; its files have their places already.

    efi_sector  of efiboot.img, if there is one
    """
    if BIOS not in medium.firmware:
        _add_uefi_hybrid(iso, medium, efi_sector)
    if UEFI not in medium.firmware:
        return
    for table in (iso.isohybrid_mbr.primary_gpt, iso.isohybrid_mbr.secondary_gpt):
        if medium.base.disk is DiskForm.BASIC_DATA:
            _set_basic_data(table)
        _complete_gpt(table, medium.seed)


def _add_uefi_hybrid(iso: Any, medium: IsoMedium, efi_sector: int) -> None:
    """Make an image that has no isolinux start from a USB stick under UEFI.

    pycdlib's own way demands isolinux, and looks for efiboot.img behind it in the catalogue.
    """
    from pycdlib.isohybrid import IsoHybrid

    hybrid = IsoHybrid()
    hybrid.new(True, False, 1, medium.seed.int & 0xFFFFFFFF, 0, SECTORS, HEADS, 0)
    entry = iso.eltorito_boot_catalog.initial_entry
    hybrid.update_efi(efi_sector, entry.sector_count, iso.pvd.space_size * SECTOR)
    iso.isohybrid_mbr = _UefiHybrid(hybrid)


class _WholeHybrid:
    """The isohybrid boot record with a first partition that covers all of a medium, also beyond 1 GiB.

    pycdlib ends it at the 1,024th cylinder, where the C/H/S fields end. Linux goes by the count of blocks, and would
    cut off a stick's first partition, which is what /dev/disk/by-label leads to.
    """

    def __init__(self, hybrid: Any) -> None:
        self._hybrid = hybrid

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hybrid, name)

    def record(self, iso_size: int) -> bytes:
        """Return MBR and GPT as pycdlib makes them, the partition as long as medium and padding."""
        data = bytearray(self._hybrid.record(iso_size))
        blocks = (iso_size + len(self._hybrid.record_padding(iso_size))) // BLOCK
        struct.pack_into("<L", data, FIRST_PARTITION + 12, blocks)
        return bytes(data)


class _UefiHybrid(_WholeHybrid):
    """The same boot record without the code that would start isolinux: BIOS is told to look elsewhere."""

    def record(self, iso_size: int) -> bytes:
        """Return MBR and GPT that lead to efiboot.img."""
        data = super().record(iso_size)
        return NO_BIOS.ljust(BOOT_CODE, b"\0") + data[BOOT_CODE:]


def _set_basic_data(table: Any) -> None:
    """Make the partitions of a GPT what xorriso's are: read only, the first up to the spare table, which the volume
    has in itself."""
    table.parts[0].last_lba = table.header.last_usable_lba
    for part, name in zip(table.parts, BASIC_DATA_NAMES, strict=False):
        part.name, part.attributes = name, READ_ONLY


def _complete_gpt(table: Any, seed: uuid.UUID) -> None:
    """Give disk and partitions GUIDs that follow from seed, and a table all the entries that it announces.

    pycdlib sums up only the entries that are in use, so readers that check the table's CRC,
    the Linux kernel among them, would refuse it; empty entries of our own make the sum right.
    """
    from pycdlib.isohybrid import GPTPartHeader

    table.header.disk_guid = uuid.uuid5(seed, "disk")
    for number, part in enumerate(table.parts):
        part.part_guid = uuid.uuid5(seed, f"partition {number}")
    while len(table.parts) < table.header.num_parts:
        empty = GPTPartHeader()
        empty.new(True, "")
        empty.part_type_guid, empty.part_guid = bytes(16), uuid.UUID(int=0)
        table.parts.append(empty)
