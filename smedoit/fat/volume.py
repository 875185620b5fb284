# SPDX-License-Identifier: GPL-3.0-or-later
"""Files inside a FAT image (efiboot.img), without root, mounting or the clock.

The image is small, so it is changed in memory and written at once. FATtools and
pyfatfs were tried first: the one takes a FAT12 volume with 512 root entries, as
mkfs.fat makes it, for FAT16 and destroys it; the other does not start on new Pythons.
Source: Microsoft, FAT32 File System Specification 1.03 (FAT12 and FAT16 included).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smedoit.errors import ContentError
from smedoit.runtime.files import read_file_bytes, write_file

SLOT = 32  # bytes of one directory slot
VOLUME_LABEL, DIRECTORY, LONG_NAME = 0x08, 0x10, 0x0F
FREE_SLOT, LAST_SLOT = 0xE5, 0x00
SMALL_BASE, SMALL_EXTENSION = 0x08, 0x10  # how NT and Linux store the lower case of an 8.3 name


@dataclass(frozen=True)
class FatGeometry:
    """Where things lie in a FAT volume, in bytes and clusters."""

    bits: int  # of one FAT entry: 12, 16 or 32
    cluster: int  # bytes
    fats: tuple[int, ...]  # offset of each copy
    root: int  # offset of the fixed root directory; its cluster on FAT32
    root_slots: int  # 0 on FAT32
    data: int  # offset of cluster 2
    clusters: int
    info: int = 0  # offset of FAT32's FSInfo sector

    @property
    def end(self) -> int:
        """The first cluster number that does not exist."""
        return self.clusters + 2


@dataclass(frozen=True)
class FatEntry:
    """One file or directory: its name, and where its 32 bytes lie in the image."""

    name: str
    at: int
    attributes: int
    first: int  # cluster, 0 when empty
    size: int

    @property
    def is_directory(self) -> bool:
        return bool(self.attributes & DIRECTORY)


def list_fat_files(image: Path) -> list[str]:
    """Return the path inside the image of every file, sorted. Raises ContentError, FileError."""
    return sorted(FatVolume.read(image).files())


def read_fat_file(image: Path, name: str) -> bytes:
    """Return one file's content; name is a path like EFI/BOOT/grub.cfg, in any case."""
    volume = FatVolume.read(image)
    return volume.content(volume.find(name))


def replace_fat_file(image: Path, target: Path, name: str, content: bytes, epoch: int) -> None:
    """Write to target a copy of image in which name holds content, as written at epoch.

    target may be image itself. Raises ContentError when image is no FAT volume, has
    no such file, or has no room for the new content.
    """
    volume = FatVolume.read(image)
    volume.replace(name, content, epoch)
    write_file(target, bytes(volume.image))


class FatVolume:
    """A FAT volume in memory. The number of a FAT entry is the number of its cluster."""

    def __init__(self, image: bytes, origin: Path) -> None:
        self.image, self.origin = bytearray(image), origin
        self.shape = self.measure()
        self.mask = (1 << min(self.shape.bits, 28)) - 1  # FAT32 uses 28 of its bits

    @classmethod
    def read(cls, image: Path) -> FatVolume:
        """Return the volume in a file. Raises ContentError if there is none."""
        return cls(read_file_bytes(image), image)

    def fault(self, problem: str, hint: str) -> ContentError:
        """Return the error to raise, in a sentence that names the image."""
        return ContentError(f"{self.origin}: {problem}", hint=hint)

    def measure(self) -> FatGeometry:
        """Return the shape that the boot sector declares; the kind of FAT follows from the number of clusters."""
        hint = "take efiboot.img afresh from the upstream release"
        if len(self.image) < 512 or self.image[510:512] != b"\x55\xaa":
            raise self.fault("is not a FAT image, its first sector does not end in 55 AA", hint)
        sector, per_cluster, reserved, copies, slots, short_total, short_fat = struct.unpack_from(
            "<HBHBHHxH", self.image, 11
        )
        long_total, long_fat, root_cluster, info = struct.unpack_from("<II4xIH", self.image, 32)
        total, fat = short_total or long_total, short_fat or long_fat
        if sector not in (512, 1024, 2048, 4096) or not (per_cluster and reserved and copies and fat and total):
            raise self.fault("is not a FAT image, its first sector makes no sense", hint)
        root = (reserved + copies * fat) * sector
        data = root + -(-slots * SLOT // sector) * sector
        if total * sector > len(self.image) or data >= total * sector:
            raise self.fault(f"is cut short, {total * sector} bytes are declared and {len(self.image)} are there", hint)
        clusters = (total * sector - data) // (per_cluster * sector)
        bits = 12 if clusters < 4085 else 16 if clusters < 65525 else 32
        fats = tuple((reserved + number * fat) * sector for number in range(copies))
        if bits == 32:
            return FatGeometry(bits, per_cluster * sector, fats, root_cluster, 0, data, clusters, info * sector)
        return FatGeometry(bits, per_cluster * sector, fats, root, slots, data, clusters)

    # the table of clusters

    def follower(self, cluster: int) -> int:
        """Return the FAT entry of cluster: 0 when free, else the next cluster, or an end mark."""
        byte, shift = divmod(cluster * self.shape.bits, 8)
        at = self.shape.fats[0] + byte
        return int.from_bytes(self.image[at : at + 4], "little") >> shift & self.mask

    def link(self, cluster: int, follower: int) -> None:
        """Set the FAT entry of cluster in every copy of the table."""
        byte, shift = divmod(cluster * self.shape.bits, 8)
        for fat in self.shape.fats:
            place = slice(fat + byte, fat + byte + 4)  # its neighbours' bits are kept
            kept = int.from_bytes(self.image[place], "little") & ~(self.mask << shift)
            self.image[place] = (kept | follower << shift).to_bytes(4, "little")

    def chain(self, first: int) -> list[int]:
        """Return the clusters of a file or directory in order."""
        found: list[int] = []
        cluster = first
        while cluster and cluster < self.mask - 7:
            if not 2 <= cluster < self.shape.end or len(found) > self.shape.clusters:
                raise self.fault(
                    "is damaged, a chain of clusters leads nowhere", "fsck.fat shows the damage; take a good copy"
                )
            found.append(cluster)
            cluster = self.follower(cluster)
        return found

    def place(self, cluster: int) -> slice:
        """Return where a cluster lies in the image."""
        start = self.shape.data + (cluster - 2) * self.shape.cluster
        return slice(start, start + self.shape.cluster)

    def release(self, first: int) -> None:
        """Free a chain, and blank it: what was replaced does not stay in the image."""
        chain = self.chain(first)
        for cluster in chain:
            self.link(cluster, 0)
            self.image[self.place(cluster)] = bytes(self.shape.cluster)
        self.count_free(len(chain))

    def store(self, data: bytes) -> int:
        """Write data to the first free clusters and return the first, 0 if data is empty."""
        needed = -(-len(data) // self.shape.cluster)
        free = [number for number in range(2, self.shape.end) if not self.follower(number)]
        if needed > len(free):
            room = len(free) * self.shape.cluster
            raise self.fault(
                f"has room for {room} bytes, {len(data)} are needed", "shorten the file, or use a larger image"
            )
        taken = free[:needed]
        for number, cluster in enumerate(taken):
            self.link(cluster, taken[number + 1] if number + 1 < needed else self.mask)
            part = data[number * self.shape.cluster : (number + 1) * self.shape.cluster]
            self.image[self.place(cluster)] = part.ljust(self.shape.cluster, b"\0")
        self.count_free(-needed)
        return taken[0] if taken else 0

    def count_free(self, change: int) -> None:
        """Keep FAT32's count of free clusters true; all ones mean unknown."""
        if self.shape.info:
            (free,) = struct.unpack_from("<I", self.image, self.shape.info + 488)
            if free != 0xFFFFFFFF:
                struct.pack_into("<I", self.image, self.shape.info + 488, free + change)

    # directories and files

    def slots(self, directory: FatEntry | None) -> Iterator[int]:
        """Yield the offset of every slot of a directory, None being the root."""
        if directory is None and self.shape.root_slots:
            yield from range(self.shape.root, self.shape.root + self.shape.root_slots * SLOT, SLOT)
            return
        for cluster in self.chain(directory.first if directory else self.shape.root):
            place = self.place(cluster)
            yield from range(place.start, place.stop, SLOT)

    def entries(self, directory: FatEntry | None = None) -> Iterator[FatEntry]:
        """Yield the files and directories of a directory, without '.' and '..'."""
        long_name = b""
        for at in self.slots(directory):
            slot = bytes(self.image[at : at + SLOT])
            if slot[0] == LAST_SLOT:
                return
            if slot[0] == FREE_SLOT:
                long_name = b""
            elif slot[11] == LONG_NAME:  # the last part of the name comes first
                long_name = slot[1:11] + slot[14:26] + slot[28:32] + long_name
            else:
                if slot[0] != ord(".") and not slot[11] & VOLUME_LABEL:
                    yield _parse_entry(at, slot, long_name)
                long_name = b""

    def files(self, directory: FatEntry | None = None, prefix: str = "") -> Iterator[str]:
        """Yield the path of every file below a directory."""
        for entry in self.entries(directory):
            if entry.is_directory:
                yield from self.files(entry, f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name

    def find(self, name: str) -> FatEntry:
        """Return the entry of a file by its path, in any case, as FAT has it."""
        wanted = name.strip("/").lower()
        here: FatEntry | None = None
        for part in wanted.split("/"):
            inside = self.entries(here) if here is None or here.is_directory else iter(())
            here = next((entry for entry in inside if entry.name.lower() == part), None)
            if here is None:
                break
        if here is None or here.is_directory:
            raise self.fault(f"holds no file {name}", f"it holds {', '.join(sorted(self.files())) or 'none at all'}")
        return here

    def content(self, file: FatEntry) -> bytes:
        """Return what a file holds."""
        data = b"".join(self.image[self.place(cluster)] for cluster in self.chain(file.first))
        if len(data) < file.size:
            raise self.fault(f"is damaged, {file.name} is shorter than its entry says", "take a good copy")
        return data[: file.size]

    def replace(self, name: str, content: bytes, epoch: int) -> None:
        """Give a file new content. Its name, attributes and time of creation stay."""
        file = self.find(name)
        self.release(file.first)
        first = self.store(content)
        date, time = dos_time(epoch)
        struct.pack_into(
            "<HHHHHI", self.image, file.at + 18, date, first >> 16, time, date, first & 0xFFFF, len(content)
        )


def _parse_entry(at: int, slot: bytes, long_name: bytes) -> FatEntry:
    """Return the entry that a slot holds, under its long name if it has one."""
    high, low, size = struct.unpack_from("<20xH4xHI", slot)
    name = long_name.decode("utf-16-le", "replace").partition("\0")[0] or _short_name(slot)
    return FatEntry(name, at, slot[11], high << 16 | low, size)


def _short_name(slot: bytes) -> str:
    """Return the 8.3 name of a slot in the case that it was given in."""
    base, extension = (slot[place].decode("cp437").rstrip() for place in (slice(0, 8), slice(8, 11)))
    base = base.lower() if slot[12] & SMALL_BASE else base
    extension = extension.lower() if slot[12] & SMALL_EXTENSION else extension
    return f"{base}.{extension}" if extension else base


def dos_time(epoch: int) -> tuple[int, int]:
    """Return epoch as FAT's date and time, two 16-bit numbers; FAT knows no zone, we mean UTC."""
    from datetime import datetime, timezone

    then = datetime.fromtimestamp(epoch, timezone.utc)
    date = (then.year - 1980) << 9 | then.month << 5 | then.day
    return date, then.hour << 11 | then.minute << 5 | then.second // 2
