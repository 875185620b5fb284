# SPDX-License-Identifier: GPL-3.0-or-later
"""The payload of an RPM held against its signed header: by its digest, by a signature over both, or file by file.

Since rpm 4.14 the header carries a digest of the payload. Packages of CentOS 6 and 7 carry none, but a
second signature, over header and payload. Where there is neither, everything that the header says of a file is
compared with the archive, because rpm 4.11 installs what the archive says.
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import re
import stat
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from smedoit.keys.keyring import PinnedKey
from smedoit.rpm import signatures
from smedoit.rpm.header import BadPackageError, read_header_values
from smedoit.runtime import files

if TYPE_CHECKING:
    from rpm_rs import PackageMetadata

PAYLOAD_DIGESTS = {"PAYLOADSHA256": "sha256", "PAYLOAD_SHA512": "sha512", "PAYLOAD_SHA3_256": "sha3_256"}
FILE_DIGESTS = {8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224", 12: "sha3_256", 14: "sha3_512"}  # RFC 9580, 9.5
XZ_MEMORY = 1 << 28  # bytes; what a dictionary of any honest package fits into
MAGIC, TRAILER = b"070701", b"TRAILER!!!"
FIELDS = re.compile(rb"[0-9A-Fa-f]{104}")
NAME_LIMIT = 4096  # PATH_MAX, with the byte that ends it
GHOST = 64  # flag of a file that only the header knows
# Tags of a header that describe its files
SIZES, MODES, RDEVS, MTIMES, DIGESTS, LINKS, FLAGS = 1028, 1030, 1033, 1034, 1035, 1036, 1037
DEVICES, INODES, DIR_INDEXES, BASE_NAMES, DIR_NAMES, OLD_NAMES = 1095, 1096, 1116, 1117, 1118, 1027
COMPRESSOR, LONG_SIZES, DIGEST_ALGORITHM = 1125, 5008, 5011
DECOMPRESSORS: dict[bytes, Callable[[], Any]] = {
    b"gzip": lambda: zlib.decompressobj(31),
    b"bzip2": bz2.BZ2Decompressor,
    b"xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY),
    b"lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=XZ_MEMORY),
}


def verify_payload(path: Path, meta: PackageMetadata, keys: Sequence[PinnedKey], is_signed: bool) -> str:
    """Return the file's SHA-256 once its payload is found to be what was signed. Raises BadPackageError.

    is_signed  whether rpm has already found a signature of a pinned key over the payload
    """
    offsets = meta.package_segment_offsets()
    checks = signatures.start_payload_checks(meta, keys)
    whole, payload, md5 = hashlib.sha256(), _declared_digest(meta), _declared_md5(meta)
    consumers: list[tuple[int, Callable[[bytes], None]]] = [(0, whole.update)]
    consumers += [(offsets.header, check.feed) for _, check in checks]
    if payload:
        consumers.append((offsets.payload, payload.digest.update))
    elif md5:
        consumers.append((offsets.header, md5.digest.update))
    _feed_file(path, consumers)
    if payload and not payload.matches():
        raise BadPackageError("its payload does not match the digest in its signed header: damaged or cut short")
    if md5 and not payload and not md5.matches():
        raise BadPackageError("its payload does not match the digest in its signature header: damaged or cut short")
    is_proven = signatures.is_payload_proven(checks)
    if not payload and not is_signed and not is_proven:
        compare_payload_files(path, meta)
    return whole.hexdigest()


@dataclass
class _DeclaredDigest:
    """A digest that a header declares, and what was found."""

    digest: Any
    expected: str

    def matches(self) -> bool:
        """Return whether it was found as declared."""
        return bool(self.digest.hexdigest() == self.expected)


def _declared_digest(meta: PackageMetadata) -> _DeclaredDigest | None:
    """Return the digest of the payload in the signed header, None in packages from before rpm 4.14."""
    import rpm_rs

    for tag, name in ((getattr(rpm_rs.Tag, tag), name) for tag, name in PAYLOAD_DIGESTS.items()):
        if meta.header.entry_is_present(tag):
            value = meta.header.entry(tag)
            return _DeclaredDigest(hashlib.new(name), str(value[0] if isinstance(value, list) else value).lower())
    return None


def _declared_md5(meta: PackageMetadata) -> _DeclaredDigest | None:
    """Return the MD5 over header and payload: nobody signed it, but it finds accidents, and rpm insists on it."""
    import rpm_rs

    tag = rpm_rs.SignatureTag.MD5
    value = meta.signature.entry(tag) if meta.signature.entry_is_present(tag) else None
    return _DeclaredDigest(hashlib.md5(usedforsecurity=False), value.hex()) if isinstance(value, bytes) else None


def _feed_file(path: Path, consumers: Sequence[tuple[int, Callable[[bytes], None]]]) -> None:
    """Read a file once, and hand each consumer what stands from its offset on."""
    position, edges = 0, sorted({offset for offset, _ in consumers} - {0})
    with path.open("rb", buffering=0) as file:
        while block := file.read(min([files.BLOCK, *(edge - position for edge in edges if edge > position)])):
            for offset, consume in consumers:
                if position >= offset:
                    consume(block)
            position += len(block)


# The archive against the header


@dataclass(frozen=True)
class _HeaderFile:
    """What the signed header says of one file; name is without the slash before it."""

    name: bytes
    mode: int
    size: int
    digest: str
    target: bytes
    rdev: int
    mtime: int
    is_ghost: bool
    link: tuple[int, int]


@dataclass(frozen=True)
class _Entry:
    """What the archive says of one file."""

    name: bytes
    inode: tuple[int, int, int]
    mode: int
    nlink: int
    mtime: int
    size: int
    rdev: tuple[int, int]


@dataclass
class _Progress:
    """What has been seen of an archive."""

    seen: set[bytes] = field(default_factory=set)
    last: int = -1
    links: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)
    filled: Counter[tuple[int, int]] = field(default_factory=Counter)


def compare_payload_files(path: Path, meta: PackageMetadata) -> None:
    """Hold every file of the header against the payload, in order, and the payload to hold nothing else.

    Raises BadPackageError with the first difference.
    """
    values = read_header_values(bytes(meta.header_bytes()))
    expected = [file for file in _header_files(values) if not file.is_ghost]
    algorithm = _numbers(values, DIGEST_ALGORITHM, [1])[0]
    with path.open("rb") as file:
        file.seek(meta.package_segment_offsets().payload)
        compressor = _texts(values, COMPRESSOR, [b"gzip"])[0]
        _compare_archive(_PayloadStream(file, compressor), expected, FILE_DIGESTS.get(algorithm, ""))


def _numbers(values: dict[int, Any], tag: int, default: list[int]) -> list[int]:
    """Return the numbers under tag, default if there are none."""
    found = values.get(tag) or default
    if not isinstance(found[0], int) if found else False:
        raise BadPackageError("its header holds text where numbers belong: damaged")
    return list(found)


def _texts(values: dict[int, Any], tag: int, default: list[bytes]) -> list[bytes]:
    """Return the texts under tag, default if there are none."""
    found = values.get(tag) or default
    if not isinstance(found[0], bytes) if found else False:
        raise BadPackageError("its header holds numbers where texts belong: damaged")
    return list(found)


def _header_files(values: dict[int, Any]) -> list[_HeaderFile]:
    """Return the files that a header names, in its order."""
    names = _file_names(values)
    count = len(names)
    unlinked = list(range(1, count + 1))
    columns: list[list[Any]] = [
        names,
        _numbers(values, MODES, []),
        _numbers(values, LONG_SIZES, []) or _numbers(values, SIZES, []),
        _texts(values, DIGESTS, []),
        _texts(values, LINKS, []),
        _numbers(values, RDEVS, [0] * count),
        _numbers(values, MTIMES, []),
        _numbers(values, FLAGS, [0] * count),
        _numbers(values, DEVICES, [1] * count),
        _numbers(values, INODES, unlinked),
    ]
    if any(len(column) != count for column in columns):
        raise BadPackageError("its header does not say the same number of files everywhere: damaged")
    return [
        _HeaderFile(name, mode, size, digest.decode("ascii", "replace").lower(), target, rdev, mtime,
                    bool(flags & GHOST), (device, inode))
        for name, mode, size, digest, target, rdev, mtime, flags, device, inode in zip(*columns, strict=True)
    ]  # fmt: skip


def _file_names(values: dict[int, Any]) -> list[bytes]:
    """Return the names of a header's files without the slash before them, as packages of rpm 3 and later hold them."""
    directories, indexes = _texts(values, DIR_NAMES, []), _numbers(values, DIR_INDEXES, [])
    bases = _texts(values, BASE_NAMES, [])
    if len(indexes) != len(bases) or any(index >= len(directories) for index in indexes):
        raise BadPackageError("its header names files in directories that it does not name: damaged")
    names = [directories[index] + base for index, base in zip(indexes, bases, strict=True)]
    names = [name.removeprefix(b"/") for name in names or _texts(values, OLD_NAMES, [])]
    if len(set(names)) != len(names):
        raise BadPackageError("its header names a file twice")
    return names


class _PayloadStream:
    """An archive as it comes out of its compression, never more of it in memory than was asked for."""

    def __init__(self, file: BinaryIO, compressor: bytes) -> None:
        if compressor not in DECOMPRESSORS:
            name = compressor.decode("ascii", "backslashreplace")
            raise BadPackageError(f"neither signature nor digest proves its payload, and it is compressed with {name}")
        self._file, self._decompressor, self._position = file, DECOMPRESSORS[compressor](), 0
        self._buffer = b""

    def read(self, count: int) -> bytes:
        """Return the next count bytes. Raises BadPackageError if there are fewer."""
        parts = []
        while count:
            if not self._buffer:
                self._buffer = self._next_block()
                if not self._buffer:
                    raise BadPackageError("its payload ends too early: cut short")
            part, self._buffer = self._buffer[:count], self._buffer[count:]
            parts.append(part)
            count -= len(part)
            self._position += len(part)
        return b"".join(parts)

    def align(self) -> None:
        """Pass over the zeros up to the next multiple of four bytes."""
        if self.read(-self._position % 4).strip(b"\0"):
            raise BadPackageError("its payload holds data between its files: forged")

    def refuse_more(self) -> None:
        """Raise BadPackageError unless archive, compressed stream and file end here."""
        if self._buffer or self._next_block() or self._decompressor.unused_data or self._file.read(1):
            raise BadPackageError("its payload goes on behind the archive: forged")

    def _next_block(self) -> bytes:
        """Return some bytes more, b"" at the end of the compressed stream."""
        decompressor, data = self._decompressor, b""
        try:
            while not decompressor.eof and not data:
                if tail := getattr(decompressor, "unconsumed_tail", b""):
                    data = decompressor.decompress(tail, files.BLOCK)
                elif not getattr(decompressor, "needs_input", True):
                    data = decompressor.decompress(b"", files.BLOCK)
                elif more := self._file.read(files.BLOCK):
                    data = decompressor.decompress(more, files.BLOCK)
                else:
                    raise BadPackageError("its payload ends too early: cut short")
        except (zlib.error, lzma.LZMAError, ValueError, EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise BadPackageError(f"its payload cannot be decompressed: damaged or cut short ({error})") from None
        return bytes(data)


def _compare_archive(stream: _PayloadStream, expected: Sequence[_HeaderFile], algorithm: str) -> None:
    """Compare an archive with the files of a header, from its first byte to its last."""
    indexes = {file.name: index for index, file in enumerate(expected)}
    members = Counter(file.link for file in expected if stat.S_ISREG(file.mode))
    progress = _Progress()
    while (entry := _read_entry(stream)).name != TRAILER:
        name = entry.name.removeprefix(b".").removeprefix(b"/")
        if name not in indexes and entry.name not in indexes:
            raise BadPackageError(f"{_shown(entry.name)} is in its payload, but not in the signed header: forged")
        index = indexes[name] if name in indexes else indexes[entry.name]
        file = expected[index]
        if file.name in progress.seen:
            raise BadPackageError(f"{_shown(file.name)} is in its payload twice: forged")
        progress.seen.add(file.name)
        is_linked = stat.S_ISREG(file.mode) and members[file.link] > 1
        if not is_linked:  # rpm 4.11 and older move hard links to where the last of them stands
            if index < progress.last:
                raise BadPackageError(f"{_shown(file.name)} is not where the signed header has it in its payload")
            progress.last = index
        _compare_entry(stream, entry, file, members[file.link] if stat.S_ISREG(file.mode) else 0, algorithm, progress)
    if entry.size:
        raise BadPackageError("its payload goes on behind the archive: forged")
    stream.refuse_more()
    missing = [file.name for file in expected if file.name not in progress.seen]
    if missing:
        raise BadPackageError(f"{_shown(missing[0])} is in the signed header, but not in its payload: cut or forged")
    for file in expected:
        if stat.S_ISREG(file.mode) and file.size and progress.filled[file.link] != 1:
            raise BadPackageError(f"{_shown(file.name)} has no content, or more than one, among its hard links: forged")


def _shown(name: bytes) -> str:
    """Return a name as people read it, without what a terminal would obey."""
    return ascii(name.decode("utf-8", "replace"))[1:-1]


def _read_entry(stream: _PayloadStream) -> _Entry:
    """Return the next entry of an archive, whose content comes next."""
    if (magic := stream.read(6)) != MAGIC:
        raise BadPackageError(f"its payload is no archive that rpm makes ({_shown(magic)})")
    text = stream.read(104)
    if not FIELDS.fullmatch(text):
        raise BadPackageError("its payload is no archive that rpm makes: damaged")
    inode, mode, _, _, nlink, mtime, size, major, minor, rmajor, rminor, length, _ = (
        int(text[at : at + 8], 16) for at in range(0, 104, 8)
    )
    if not 1 < length <= NAME_LIMIT + 2:
        raise BadPackageError("its payload holds a name that no file can have: damaged")
    name, end = stream.read(length - 1), stream.read(1)
    if end != b"\0" or b"\0" in name:
        raise BadPackageError("its payload holds a name that no file can have: damaged")
    stream.align()
    return _Entry(name, (major, minor, inode), mode, nlink, mtime, size, (rmajor, rminor))


def _compare_entry(
    stream: _PayloadStream, entry: _Entry, file: _HeaderFile, links: int, algorithm: str, progress: _Progress
) -> None:
    """Compare one entry and its content with what the header says of it.

    links  how many names the header gives the same content, 0 for what is no regular file
    """
    name = _shown(file.name)
    if entry.mode != file.mode:
        raise BadPackageError(f"{name} has mode {entry.mode:o} in its payload, {file.mode:o} in the signed header")
    if entry.mtime != file.mtime:
        raise BadPackageError(f"{name} has another time in its payload than in the signed header")
    if stat.S_ISREG(file.mode):
        _compare_links(entry, file, links, progress)
        if entry.size or not file.size or links < 2:
            progress.filled[file.link] += 1
            _compare_content(stream, entry, file, algorithm)
    elif stat.S_ISLNK(file.mode):
        if entry.size != len(file.target) or stream.read(entry.size) != file.target:
            raise BadPackageError(f"{name} leads elsewhere in its payload than in the signed header: forged")
    elif entry.size:
        raise BadPackageError(f"{name} has content in its payload, which its type cannot have: forged")
    if (stat.S_ISBLK(file.mode) or stat.S_ISCHR(file.mode)) and entry.rdev != (file.rdev >> 8, file.rdev & 0xFF):
        raise BadPackageError(f"{name} is another device in its payload than in the signed header: forged")
    stream.align()


def _compare_links(entry: _Entry, file: _HeaderFile, links: int, progress: _Progress) -> None:
    """Compare with which files one shares its content: rpm 4.11 asks the archive alone."""
    if entry.nlink != links or (links > 1 and progress.links.setdefault(file.link, entry.inode) != entry.inode):
        raise BadPackageError(f"{_shown(file.name)} has other hard links in its payload than in the signed header")
    if links > 1 and sum(inode == entry.inode for inode in progress.links.values()) > 1:
        raise BadPackageError(f"{_shown(file.name)} has other hard links in its payload than in the signed header")


def _compare_content(stream: _PayloadStream, entry: _Entry, file: _HeaderFile, algorithm: str) -> None:
    """Compare size and digest of a regular file's content."""
    name = _shown(file.name)
    if entry.size != file.size:
        raise BadPackageError(f"{name} in its payload does not match the signed header: damaged or forged")
    if not algorithm:
        raise BadPackageError("neither signature nor digest proves its payload, and its files have MD5 digests only")
    found, left = hashlib.new(algorithm), entry.size
    while left:
        block = stream.read(min(left, files.BLOCK))
        found.update(block)
        left -= len(block)
    if found.hexdigest() != file.digest:
        raise BadPackageError(f"{name} in its payload does not match the signed header: damaged or forged")
