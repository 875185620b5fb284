# SPDX-License-Identifier: GPL-3.0-or-later
"""A new FAT volume from nothing, the same bytes for the same files: what mkfs.fat and mcopy would do."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Union

from smedoit.errors import ContentError
from smedoit.fat.volume import DIRECTORY, SLOT, SMALL_BASE, SMALL_EXTENSION, VOLUME_LABEL, FatVolume, dos_time

SECTOR, CLUSTER = 512, 2048
ROOT_SLOTS = 512
RESERVED, COPIES = 1, 2  # sectors before the first FAT, copies of the FAT
FAT12_LIMIT, FAT16_LIMIT = 4085, 65525  # clusters; by them a reader tells the kinds apart
ROOM = 1 << 20
FIXED_DISK, ARCHIVE = 0xF8, 0x20
SHORT = re.compile(r"([A-Za-z0-9_~!#$%&'()@^`{}-]{1,8})(?:\.([A-Za-z0-9_~!#$%&'()@^`{}-]{1,3}))?")

Folder = dict[str, Union[bytes, "Folder"]]


def build_fat_image(origin: Path, files: Mapping[str, bytes], label: str, epoch: int, size: int = 0) -> bytes:
    """Return a new FAT image of files: FAT12 or FAT16, as fits.

    origin  what an error names
    files   path inside the image -> content; names of the form 8.3 only
    label   up to 11 characters
    size    bytes; without it, what the files need and a megabyte for what may come
    """
    volume = FatVolume(_empty_volume(size or _required_size(files) + ROOM, label, epoch), origin)
    title = _pack_slot(label.upper().ljust(11).encode("ascii"), 0, VOLUME_LABEL, 0, 0, epoch)
    slots = title + _write_directory(volume, _nest_files(files), 0, epoch)
    if len(slots) > ROOT_SLOTS * SLOT:
        raise ContentError(f"{origin}: a FAT root holds {ROOT_SLOTS - 1} names at most", hint="use directories")
    volume.image[volume.shape.root : volume.shape.root + len(slots)] = slots
    return bytes(volume.image)


def _required_size(files: Mapping[str, bytes]) -> int:
    """Return the bytes that files, their directories and the tables take, rather too many than too few."""
    folders = {parent for name in files for parent in Path(name).parents}
    clusters = sum(-(-len(content) // CLUSTER) for content in files.values()) + len(folders) + len(files) // 32
    return clusters * (CLUSTER + 4) + ROOT_SLOTS * SLOT + 4 * SECTOR


def _empty_volume(size: int, label: str, epoch: int) -> bytes:
    """Return an empty volume: boot sector, FATs, root directory."""
    clusters = -(-size // CLUSTER)  # a few too many: the tables take from them
    sectors = clusters * CLUSTER // SECTOR
    bits = 12 if clusters < FAT12_LIMIT else 16
    fat = -(-(clusters + 2) * bits // 8 // SECTOR) + 1
    if bits == 16:  # the tables must not bring it below the limit that a reader goes by
        sectors = max(sectors, FAT12_LIMIT * CLUSTER // SECTOR + COPIES * fat + ROOT_SLOTS * SLOT // SECTOR + RESERVED)
    if clusters >= FAT16_LIMIT:
        raise ContentError(f"a FAT image of {size} bytes is too large", hint="128 MB is the limit of FAT16")
    table = bytes([FIXED_DISK]).ljust(2 * bits // 8, b"\xff").ljust(fat * SECTOR, b"\0")  # two entries name no cluster
    return (_boot_sector(sectors, fat, bits, label, epoch) + table * COPIES).ljust(sectors * SECTOR, b"\0")


def _boot_sector(sectors: int, fat: int, bits: int, label: str, epoch: int) -> bytes:
    """Return sector 0. The serial number is the release date: it needs to be equal, not unique."""
    head = struct.pack(
        "<3s8sHBHBHHBHHHII",
        b"\xeb\x3c\x90",  # a jump over this table, by which readers know a FAT
        b"smedoit ",
        *(SECTOR, CLUSTER // SECTOR, RESERVED, COPIES, ROOT_SLOTS),
        *(sectors if sectors < 1 << 16 else 0, FIXED_DISK, fat),
        *(32, 64, 0),  # sectors per track and heads, of no meaning here; hidden sectors
        sectors if sectors >= 1 << 16 else 0,
    )
    label_and_type = label.upper().ljust(11).encode("ascii"), f"FAT{bits}".ljust(8).encode("ascii")
    head += struct.pack("<BBBI11s8s", 0x80, 0, 0x29, epoch & 0xFFFFFFFF, *label_and_type)
    code = b"\xf4\xeb\xfd"  # hlt, and again: it is never booted under BIOS
    return (head + code).ljust(510, b"\0") + b"\x55\xaa"


def _nest_files(files: Mapping[str, bytes]) -> Folder:
    """Return files as nested directories."""
    top: Folder = {}
    for name in sorted(files):
        *parents, last = name.strip("/").split("/")
        here = top
        for parent in parents:
            inner = here.setdefault(parent, {})
            assert isinstance(inner, dict), f"{parent} is a file and a directory"
            here = inner
        here[last] = files[name]
    return top


def _write_directory(volume: FatVolume, content: Folder, own: int, epoch: int) -> bytes:
    """Store what a directory holds and return its slots. own is its cluster, 0 for the root."""
    slots = b""
    for name, inner in content.items():
        if isinstance(inner, bytes):
            slots += _entry_slot(name, volume.origin, ARCHIVE, volume.store(inner), len(inner), epoch)
        else:
            first = volume.store(bytes((len(inner) + 2) * SLOT))  # reserved: what it holds must know where it lies
            dots = _pack_slot(b".".ljust(11), 0, DIRECTORY, first, 0, epoch) + _pack_slot(
                b"..".ljust(11), 0, DIRECTORY, own, 0, epoch
            )
            _write_chain(volume, first, dots + _write_directory(volume, inner, first, epoch))
            slots += _entry_slot(name, volume.origin, DIRECTORY, first, 0, epoch)
    return slots


def _write_chain(volume: FatVolume, first: int, data: bytes) -> None:
    """Write data over the clusters of a chain that is long enough."""
    for number, cluster in enumerate(volume.chain(first)):
        part = data[number * CLUSTER : (number + 1) * CLUSTER]
        volume.image[volume.place(cluster)] = part.ljust(CLUSTER, b"\0")


def _entry_slot(name: str, origin: Path, attributes: int, first: int, size: int, epoch: int) -> bytes:
    """Return the slot of a file or directory. Raises ContentError for a name that needs more than one."""
    match = SHORT.fullmatch(name)
    base, extension = match.groups(default="") if match else ("", "")
    if not match or any(part != part.upper() and part != part.lower() for part in (base, extension)):
        raise ContentError(
            f"{origin}: the name {name} does not fit FAT's 8.3 form",
            hint="up to 8 characters, a dot, up to 3; all capitals or all small on either side",
        )
    case = (SMALL_BASE if base != base.upper() else 0) | (SMALL_EXTENSION if extension != extension.upper() else 0)
    return _pack_slot(f"{base.upper():8}{extension.upper():3}".encode("ascii"), case, attributes, first, size, epoch)


def _pack_slot(name: bytes, case: int, attributes: int, first: int, size: int, epoch: int) -> bytes:
    """Return the 32 bytes of a directory entry; all its times are epoch."""
    date, time = dos_time(epoch)
    return struct.pack("<11sBBBHHHHHHHI", name, attributes, case, 0, time, date, date, 0, time, date, first, size)
