# SPDX-License-Identifier: GPL-3.0-or-later
"""What a squashfs image has in its directories, without mounting it. Source: Linux, fs/squashfs/squashfs_fs.h"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.bootfiles import images
from smedoit.runtime import files, foreign

GZIP, XZ = 1, 4
OTHER_PACKINGS = {2: "lzma", 3: "lzo", 5: "lz4", 6: "zstd"}
BLOCK = 8192  # bytes of a block of metadata, unpacked
PLAIN_BLOCK = 1 << 15
DIRECTORY, FILE, LINK = 1, 2, 3
LONG = 7  # what the number of an inode's long form is higher by
INODE, DIRECTORY_INODE, LONG_DIRECTORY = struct.Struct("<HHHHII"), struct.Struct("<IIHHI"), struct.Struct("<IIIIHHI")
FILE_INODE, LONG_FILE = struct.Struct("<IIII"), struct.Struct("<QQ")
RUN, ENTRY = struct.Struct("<III"), struct.Struct("<HhHH")
LARGEST = 1 << 20  # bytes of a directory that anybody looks into here


ROOT_IMAGES = ("rootfs.img", "ext3fs.img")  # below LiveOS


class UnknownPackingError(Exception):
    """A packing that this Python does not know; its text is the name."""


@dataclass(frozen=True)
class SquashfsEntry:
    """Something in a directory: its kind, and which inode it is."""

    kind: int
    inode: int


@dataclass
class SquashfsImage:
    """An image that is open. Raises ValueError for what is damaged, UnknownPackingError for what cannot be read."""

    file: FileIO
    packing: int
    root: int
    inodes: int
    directories: int
    blocks: dict[int, tuple[bytes, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, file: FileIO) -> SquashfsImage:
        """Return the image of a file whose superblock was looked at."""
        head = file.read(images.SUPERBLOCK.size)
        if len(head) < images.SUPERBLOCK.size:
            raise ValueError("it has no superblock")
        fields = images.SUPERBLOCK.unpack(head)
        if fields[5] in OTHER_PACKINGS:
            raise UnknownPackingError(OTHER_PACKINGS[fields[5]])
        if fields[5] not in (GZIP, XZ):
            raise ValueError(f"it is packed in a way that nobody knows, {fields[5]}")
        return cls(file, fields[5], fields[11], fields[15], fields[16])

    def file_size(self, path: str) -> int | None:
        """Return how large a file is, None if there is none by that path."""
        inode, kind = self.root, DIRECTORY
        for name in path.split("/"):
            found = self.entries(inode).get(name) if kind == DIRECTORY else None
            if found is None:
                return None
            inode, kind = found.inode, found.kind
        return self.inode_size(inode) if kind == FILE else None

    def names(self) -> set[str]:
        """Return what is at the top."""
        return set(self.entries(self.root))

    def entries(self, inode: int) -> dict[str, SquashfsEntry]:
        """Return name -> entry of a directory."""
        kind, rest = self.read_inode(inode)
        if kind == DIRECTORY:
            block, _, size, offset, _ = DIRECTORY_INODE.unpack_from(rest)
        elif kind == DIRECTORY + LONG:
            _, size, block, _, _, offset, _ = LONG_DIRECTORY.unpack_from(rest)
        else:
            raise ValueError("a directory of it is none")
        if size > LARGEST:
            raise ValueError("a directory of it has no end")
        data = self.read_metadata(self.directories + block, offset, max(size - 3, 0))
        return dict(_directory_entries(data))

    def inode_size(self, inode: int) -> int:
        """Return the size of a file."""
        kind, rest = self.read_inode(inode)
        if kind == FILE:
            return int(FILE_INODE.unpack_from(rest)[3])
        if kind == FILE + LONG:
            return int(LONG_FILE.unpack_from(rest)[1])
        raise ValueError("a file of it is none")

    def read_inode(self, inode: int) -> tuple[int, bytes]:
        """Return the kind of an inode, and what follows its common head."""
        data = self.read_metadata(self.inodes + (inode >> 16), inode & 0xFFFF, INODE.size + LONG_DIRECTORY.size)
        return int(INODE.unpack_from(data)[0]), data[INODE.size :]

    def read_metadata(self, block: int, offset: int, count: int) -> bytes:
        """Return that many bytes of metadata from an offset in the block that begins there."""
        found = b""
        while len(found) < offset + count:
            data, block = self.read_block(block)
            if not data:
                raise ValueError("a table of it ends too early")
            found += data
        return found[offset : offset + count]

    def read_block(self, at: int) -> tuple[bytes, int]:
        """Return a block of metadata, and where the next one begins."""
        if at in self.blocks:
            return self.blocks[at]
        self.file.seek(at)
        head = self.file.read(2)
        size = int.from_bytes(head, "little")
        packed = self.file.read(size & ~PLAIN_BLOCK)
        if len(head) < 2 or len(packed) < size & ~PLAIN_BLOCK:
            raise ValueError("it is cut short")
        data = packed if size & PLAIN_BLOCK else self.unpack(packed)
        self.blocks[at] = data, at + 2 + len(packed)
        return self.blocks[at]

    def unpack(self, packed: bytes) -> bytes:
        """Return what a packed block holds."""
        import lzma

        try:
            if self.packing == GZIP:
                return zlib.decompressobj().decompress(packed, BLOCK)
            return bytes(foreign.xz_decompressor().decompress(packed, BLOCK))
        except (zlib.error, lzma.LZMAError) as error:
            raise ValueError(f"a block of it cannot be unpacked: {error}") from None


def _directory_entries(data: bytes) -> Iterator[tuple[str, SquashfsEntry]]:
    """Yield (name, entry) of a directory's table, which comes in runs."""
    at = 0
    while at + RUN.size <= len(data):
        count, block, _ = RUN.unpack_from(data, at)
        at += RUN.size
        for _ in range(count + 1):
            if at + ENTRY.size > len(data):
                raise ValueError("a directory of it is damaged")
            offset, _, kind, length = ENTRY.unpack_from(data, at)
            at += ENTRY.size
            name = data[at : at + length + 1].decode("utf-8", "replace")
            at += length + 1
            yield name, SquashfsEntry(kind, block << 16 | offset)


def runtime_fault(path: Path, base: Base) -> str:
    """Return why the installer of a base could not start from a stage 2, "" if nothing speaks against it.

    Raises UnknownPackingError, FileError.
    """
    head, size = images.read_image_head(path)
    if images.is_stand_in(head):
        return ""
    if images.is_erofs(head):
        return "" if base.erofs_stage2 else f"is an erofs image, which the installer of {base.words} cannot mount"
    if fault := images.squashfs_fault(head, size):
        return fault
    try:
        with files.wrap_os_errors(path, "read"), files.open_regular_file(path) as file:
            image = SquashfsImage.open(file)
            sizes = {name: image.file_size(f"LiveOS/{name}") or 0 for name in ROOT_IMAGES}
            return root_fault(sizes, image.names(), base)
    except (ValueError, struct.error) as error:
        return f"is a damaged squashfs image, {error}"


def root_fault(sizes: Mapping[str, int], top: Collection[str], base: Base) -> str:
    """Return why dracut finds no root file system in a squashfs image, "" if it does.

    sizes  of those of ROOT_IMAGES that it holds
    top    names at its top
    """
    if any(sizes.values()):
        return ""
    if not {"usr", "proc"} & set(top):
        return "holds no LiveOS/rootfs.img, or an empty one"
    if base.flat_stage2:
        return ""
    return f"is the root file system itself and holds no LiveOS/rootfs.img, which {base.words} looks for"
