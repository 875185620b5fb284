# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished ISO opened with pycdlib."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Iterable
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from smedoit.errors import VerifyError
from smedoit.iso import boot_records
from smedoit.medium_paths import EFI_IMAGE
from smedoit.runtime import files
from smedoit.runtime.files import BLOCK

SECTOR = 2048
LARGEST_EFI_IMAGE = 1 << 28  # bytes; those of distributions have 9 MB
FAT_SIZES = (("<H", 11), ("<H", 19), ("<L", 32))  # of a FAT file system: bytes of a sector; sectors, in one of two
MADE_AGAIN = "delete it; doit release makes it again"


class IsoImage:
    """An ISO open for reading: raw bytes, and files by their Rock Ridge names."""

    def __init__(self, path: Path, mend: str = MADE_AGAIN) -> None:
        """Open an ISO. Raises VerifyError, and says to mend it so, if it is damaged."""
        import pycdlib

        self.path = path
        self.raw: IO[bytes] = BufferedReader(files.open_regular_file(path))
        self.iso: Any = pycdlib.PyCdlib()
        try:
            self.iso.open_fp(self.raw)
            self.records = dict(self._walk())
        except iso_damage_errors() as error:
            raise VerifyError(f"{path}: is too damaged to be read as an ISO: {error}", hint=mend) from None

    def _walk(self) -> Iterable[tuple[str, Any]]:
        """Yield (path, directory record) of every file; of a file in several extents, the record of the first.

        pycdlib's own walk ends at a name that is not UTF-8; here such bytes are kept, as everywhere.
        """
        waiting, entered = [("", self.iso.get_record(rr_path="/"))], set[int]()
        while waiting:
            above, directory = waiting.pop()
            if id(directory) in entered:
                raise ValueError("a directory holds itself")
            entered.add(id(directory))
            first: dict[str, Any] = {}
            for record in directory.children:
                if record.is_dot() or record.is_dotdot() or _is_moved_here(record):
                    continue
                if record.rock_ridge is None:
                    raise ValueError("a file has no Rock Ridge name")
                path = above + record.rock_ridge.name().decode("utf-8", "surrogateescape")
                moved = record.rock_ridge.child_link_record_exists()  # a deep directory, which lies elsewhere
                place = record.rock_ridge.cl_to_moved_dr if moved else record
                if place is not None and place.is_dir():
                    waiting.append((f"{path}/", place))
                elif record.is_file():
                    first.setdefault(path, record)
            yield from first.items()

    def is_regular(self, name: str) -> bool:
        """Return whether a name stands for a file, and not for a link or a device."""
        rock = self.records[name].rock_ridge
        modes = rock.dr_entries.px_record or rock.ce_entries.px_record if rock else None
        return stat.S_ISREG(modes.posix_file_mode) if modes else True

    def at(self, offset: int, size: int) -> bytes:
        """Return raw bytes, fewer or none where the image ends before."""
        self.raw.seek(min(offset, self.size()))
        return self.raw.read(size)

    def size(self) -> int:
        """Return the size of the whole image in bytes."""
        return os.fstat(self.raw.fileno()).st_size

    def extents(self, name: str) -> Iterable[tuple[int, int]]:
        """Yield (offset, bytes) of every extent of a file: one ends before 4 GiB. efiboot.img may be a partition."""
        if name == EFI_IMAGE and name not in self.records and self.efi_partition:
            yield self.efi_partition
            return
        record = self.records[name]
        while record is not None:
            yield record.extent_location() * SECTOR, record.data_length
            record = record.data_continuation

    def blocks(self, name: str) -> Iterable[bytes]:
        """Yield the content of a file, block by block."""
        for offset, size in self.extents(name):
            for at in range(0, size, BLOCK):
                if not (data := self.at(offset + at, min(BLOCK, size - at))):
                    return  # cut off
                yield data

    def part(self, name: str, start: int, size: int) -> bytes:
        """Return some bytes of a file, fewer where it ends before."""
        parts = []
        for offset, length in self.extents(name):
            if start < length and size > 0:
                parts.append(self.at(offset + start, min(size, length - start)))
                size -= len(parts[-1])
            start = max(0, start - length)
        return b"".join(parts)

    def read(self, name: str) -> bytes:
        """Return the content of a file, b"" if it is not there."""
        return b"".join(self.blocks(name)) if name in self.records else b""

    def sha256(self, name: str) -> str:
        """Return the SHA-256 of a file as it lies on the image."""
        digest = hashlib.sha256()
        for data in self.blocks(name):
            digest.update(data)
        return digest.hexdigest()

    def start_sector(self, name: str) -> int:
        """Return the sector at which a file starts, -1 if it is not there."""
        return int(self.records[name].extent_location()) if name in self.records else -1

    @property
    def has_boot_record(self) -> bool:
        """Whether firmware finds something to start on it as a CD."""
        try:
            return boot_records.boot_catalog_sector(self.at(16 * SECTOR, 16 * SECTOR)) > 0
        except boot_records.BootRecordError:
            return False

    @cached_property
    def efi_partition(self) -> tuple[int, int] | None:
        """(offset, bytes) of what UEFI starts where that is a partition of its own, and no file; else None.

        Where the catalogue of El Torito has no room for its size, the GPT has it.
        """
        starts = {int(record.extent_location()) for record in self.records.values()}
        try:
            catalog = boot_records.boot_catalog_sector(self.at(16 * SECTOR, 16 * SECTOR))
            for entry in boot_records.parse_boot_catalog(self.at(catalog * SECTOR, SECTOR)):
                if entry.platform == boot_records.EFI and entry.sector not in starts:
                    blocks = entry.blocks or self._partition_blocks(entry.sector)
                    start = entry.sector * SECTOR
                    return start, self._file_system_size(start, min(blocks * boot_records.BLOCK, self.size() - start))
        except boot_records.BootRecordError:
            return None
        return None

    def _file_system_size(self, start: int, size: int) -> int:
        """Return the bytes of the FAT file system in a partition, if all that follows fills up its last sector."""
        head = self.at(start, 36)
        if len(head) < 36:
            return max(0, size)
        block, small, large = (struct.unpack_from(form, head, at)[0] for form, at in FAT_SIZES)
        own = block * (small or large)
        return own if 0 <= size - own < SECTOR else max(0, size)

    def _partition_blocks(self, sector: int) -> int:
        """Return how many blocks of 512 bytes the partition at a sector has, 0 without one. Raises BootRecordError."""
        table = boot_records.read_gpt(self.at, 1)
        first = sector * SECTOR // boot_records.BLOCK
        return next((part.blocks for part in table.partitions if part.first == first), 0)

    def read_efi_image(self) -> bytes:
        """Return efiboot.img, be it a file or a partition; b"" without one."""
        there = EFI_IMAGE in self.records or self.efi_partition
        return self.part(EFI_IMAGE, 0, LARGEST_EFI_IMAGE) if there else b""


def _is_moved_here(record: Any) -> bool:
    """Return whether a directory lies here only because its own place is too deep for ISO 9660."""
    parent = record.children[1].rock_ridge if record.is_dir() and len(record.children) > 1 else None
    return parent is not None and bool(parent.parent_link_record_exists())


def iso_damage_errors() -> tuple[type[Exception], ...]:
    """Return what pycdlib and struct raise for damaged bytes."""
    from pycdlib.pycdlibexception import PyCdlibException

    return (PyCdlibException, struct.error, ValueError, IndexError, KeyError)
