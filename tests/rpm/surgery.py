# SPDX-License-Identifier: GPL-3.0-or-later
"""Byte surgery on RPM files: the archive taken apart and put together, the signature header mended around it."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import struct
from dataclasses import dataclass
from pathlib import Path

from smedoit.rpm import header

WIDTHS = {2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
MD5, SIZE, PAYLOAD_SIZE, REGION = 1004, 1000, 1007, 62
SIGNED_PAYLOAD = (1002, 1005)
FIELDS = (
    "inode",
    "mode",
    "uid",
    "gid",
    "nlink",
    "mtime",
    "size",
    "major",
    "minor",
    "rmajor",
    "rminor",
    "length",
    "sum",
)


@dataclass
class Member:
    """One file of an archive; fields are those of its header in the archive, by their names in FIELDS."""

    name: bytes
    fields: dict[str, int]
    content: bytes

    def pack(self) -> bytes:
        numbers = {**self.fields, "size": len(self.content), "length": len(self.name) + 1}
        head = b"070701" + b"".join(b"%08x" % numbers[field] for field in FIELDS) + self.name + b"\0"
        return head + bytes(-len(head) % 4) + self.content + bytes(-len(self.content) % 4)


TRAILER = Member(b"TRAILER!!!", {**dict.fromkeys(FIELDS, 0), "nlink": 1}, b"").pack()


def split_rpm(path: Path) -> tuple[bytes, bytes, bytes]:
    """Return lead and signature header, header, and compressed payload of a package."""
    data, at = path.read_bytes(), header.open_header(path).package_segment_offsets()
    return data[: at.header], data[at.header : at.payload], data[at.payload :]


def read_members(path: Path) -> list[Member]:
    """Return what is in the archive of a package that is compressed with xz or gzip."""
    payload = split_rpm(path)[2]
    archive = gzip.decompress(payload) if payload[:2] == b"\x1f\x8b" else lzma.decompress(payload)
    found, at = [], 0
    while True:
        numbers = [int(archive[at + 6 + 8 * index : at + 14 + 8 * index], 16) for index in range(13)]
        fields = dict(zip(FIELDS, numbers, strict=True))
        name = archive[at + 110 : at + 109 + fields["length"]]
        at += 110 + fields["length"]
        at += -at % 4
        content = archive[at : at + fields["size"]]
        at += fields["size"] + -fields["size"] % 4
        if name == b"TRAILER!!!":
            return found
        found.append(Member(name, fields, content))


def pack_members(members: list[Member]) -> bytes:
    """Return an archive with its trailer."""
    return b"".join(member.pack() for member in members) + TRAILER


def write_forged(source: Path, place: Path, archive: bytes, *, tail: bytes = b"", keep_signature: bool = False) -> Path:
    """Write source with another archive into place, sizes and the unsigned MD5 mended; return the file.

    tail            what stands behind the compressed archive
    keep_signature  whether the signature over header and payload stays, which no longer fits
    """
    before, main, old = split_rpm(source)
    packed = gzip.compress(archive, mtime=0) if old[:2] == b"\x1f\x8b" else lzma.compress(archive)
    payload = packed + tail
    values = {
        MD5: hashlib.md5(main + payload).digest(),
        SIZE: struct.pack(">I", len(main) + len(payload)),
        PAYLOAD_SIZE: struct.pack(">I", len(archive)),
    }
    target = place / source.name
    dropped = () if keep_signature else SIGNED_PAYLOAD
    target.write_bytes(before[:96] + _mend_signatures(before[96:], values, dropped) + main + payload)
    return target


def _mend_signatures(data: bytes, values: dict[int, bytes], dropped: tuple[int, ...]) -> bytes:
    """Return a signature header with other values, and without the tags that are dropped."""
    count, size = struct.unpack(">II", data[8:16])
    store = data[16 + 16 * count :][:size]
    entries = [entry for entry in struct.iter_unpack(">4I", data[16 : 16 + 16 * count]) if entry[0] not in dropped]
    index, body = b"", b""
    for tag, kind, at, length in entries[1:]:
        body += bytes(-len(body) % WIDTHS.get(kind, 1))
        end = at + length * WIDTHS[kind] if kind in WIDTHS else store.index(b"\0", at) + 1
        index += struct.pack(">4I", tag, kind, len(body), length)
        body += values.get(tag, store[at:end])
    assert entries[0][0] == REGION
    region = struct.pack(">4I", REGION, 7, len(body), 16)
    body += struct.pack(">IIiI", REGION, 7, -16 * len(entries), 16)
    whole = data[:8] + struct.pack(">II", len(entries), len(body)) + region + index + body
    return whole + bytes(-len(whole) % 8)
