# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlay images (product.img, updates.img): newc cpio archives in gzip, built and parsed.

The top of an overlay image is / of the installer's runtime. Names are relative, owners
are root, times are the release date: the same files give the same image.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from smedoit.bases.enterprise_linux import Base
from smedoit.errors import ContentError
from smedoit.installer.dead_paths import UPDATES_TOP, moved_location
from smedoit.runtime import foreign

NEWC_MAGIC, HEADER = b"070701", 110
NEWC_FIELDS = re.compile(rb"[0-9A-Fa-f]{104}")  # what int() takes besides, signs and blanks, would lead backwards
LARGEST = 2**32 - 1
DIRECTORY, REGULAR = 0o040755, 0o100644
EXECUTABLE = 0o100755
MODE, LINKS = 1, 4  # fields of a header
KIND = 0o170000  # the bits of a mode that say what it is
TRAILER = "TRAILER!!!"
OVERLAY_TOPS = ("run", "usr", "etc", "lib", "lib64", "root", "var")


@dataclass(frozen=True)
class CpioMember:
    """One file of an image: its name below /, its content, and where that came from, for messages."""

    name: str
    data: bytes
    executable: bool = False
    origin: str = field(default="", compare=False)


def build_overlay_image(members: Iterable[CpioMember], mtime: int) -> bytes:
    """Return an overlay image: members as a newc archive in gzip; mtime in seconds since 1970 UTC."""
    return _gzip_compressed(cpio_archive(members, mtime))


def parse_overlay_image(data: bytes, name: str) -> list[CpioMember]:
    """Return the files of an overlay image of ours, in its order. Raises ContentError if it is none."""
    try:
        return list(_unpack_cpio(foreign.unpack_bytes(data)))
    except ValueError as error:
        raise ContentError(
            f"{name}: is no newc archive in gzip, {error}", hint="delete it, doit makes it again"
        ) from None


def cpio_archive(members: Iterable[CpioMember], mtime: int) -> bytes:
    """Return a newc archive of the members, sorted by name, each directory before what it holds."""
    files = {member.name: member for member in members}
    names = sorted({*files, *_parent_directories(files)}, key=lambda name: PurePosixPath(name).parts)
    entries = [_archive_entry(name, files.get(name), mtime, inode) for inode, name in enumerate(names, 1)]
    return b"".join([*entries, newc_entry(TRAILER, b"", mode=0, mtime=0, inode=0)])


def newc_entry(name: str, data: bytes, *, mode: int, mtime: int, inode: int) -> bytes:
    """Return one member of a "newc" cpio archive, padded and ready to append.

    mode   st_mode bits, file type included (0o100644, not 0o644)
    mtime  seconds since 1970 UTC; the release date, never the clock
    inode  any number unique within the archive; owner is always root

    Raises ContentError if data is longer than the format can say.
    Source: linux/Documentation/driver-api/early-userspace/buffer-format.rst
    """
    if len(data) > LARGEST:
        raise ContentError(f"{name}: is longer than 4 GiB, more than an overlay image can hold", hint="leave it out")
    encoded = name.encode("utf-8", "surrogateescape") + b"\0"
    links = 2 if mode == DIRECTORY else 1
    numbers = (inode, mode, 0, 0, links, mtime, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = NEWC_MAGIC + b"".join(b"%08X" % number for number in numbers)
    return _pad_to_four(header + encoded) + _pad_to_four(data)


def updates_location(relative: str, base: Base) -> str:
    """Return where a file of the content's updates/ goes in updates.img.

    updates/ has always stood for /tmp/updates of the installer, which is a link to run/install/updates, or nothing any
    more: there a file goes where it belongs, as far as that can be told. One that already says where in / goes there.
    """
    top = relative.partition("/")[0]
    if top in OVERLAY_TOPS:
        return relative
    return ("" if base.reads_updates else moved_location(relative, base)) or f"{UPDATES_TOP}/{relative}"


def runtime_location(file: str, name: str) -> str:
    """Return the path in an overlay image of what a file in one names; /tmp/product and /tmp/updates are links."""
    path = posixpath.normpath(name if name.startswith("/") else f"/{posixpath.dirname(file)}/{name}").lstrip("/")
    return re.sub(r"^tmp/(product|updates)/", r"run/install/\1/", path)


def catalog_location(relative: str, place: str) -> str:
    """Return where a catalog LANG/LC_MESSAGES/anaconda.mo goes; place is one of config.inputs.PLACES."""
    return f"{place}/{relative}"


def _pad_to_four(data: bytes) -> bytes:
    """Return data with zeros up to a multiple of four."""
    return data.ljust(_align_to_four(len(data)), b"\0")


def _archive_entry(name: str, member: CpioMember | None, mtime: int, inode: int) -> bytes:
    """Return the archive's entry for a file, or for a directory where there is no member."""
    if member is None:
        return newc_entry(name, b"", mode=DIRECTORY, mtime=mtime, inode=inode)
    mode = EXECUTABLE if member.executable else REGULAR
    return newc_entry(name, member.data, mode=mode, mtime=mtime, inode=inode)


def _parent_directories(names: Iterable[str]) -> set[str]:
    """Return every directory above the names, without the top itself."""
    above = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    return above - {"."}


def _gzip_compressed(data: bytes) -> bytes:
    """Return data as gzip -9 makes it, with neither time nor name; dracut reads gzip and xz only."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(data)
    return buffer.getvalue()


def unpack_overlay(data: bytes, name: str) -> tuple[list[CpioMember], list[str]]:
    """Return the files of an overlay image that anybody made, and the names in it that are links or devices.

    A file with several names, which cpio keeps once, comes out under each. Raises ContentError if it is none.
    """
    members, special = list[CpioMember](), list[str]()
    linked: dict[tuple[int, ...], list[CpioMember]] = {}
    try:
        for member, fields in _unpack_entries(foreign.unpack_bytes(data)):
            if _is_regular(fields):
                members.append(member)
                if fields[LINKS] > 1:
                    linked.setdefault((fields[0], *fields[7:9]), []).append(member)
            elif fields[MODE] & KIND != DIRECTORY & KIND:
                special.append(member.name)
    except ValueError as error:
        raise ContentError(f"{name}: is no newc archive in gzip or xz, {error}") from None
    filled = {
        id(member): next((other.data for other in same if other.data), b"")
        for same in linked.values()
        for member in same
    }
    return [replace(member, data=filled.get(id(member), member.data)) for member in members], special


def _unpack_cpio(data: bytes) -> Iterator[CpioMember]:
    """Yield the regular files of a newc archive. Raises ValueError if it is damaged."""
    return (member for member, fields in _unpack_entries(data) if _is_regular(fields))


def _is_regular(fields: Sequence[int]) -> bool:
    """Return whether the fields of an entry are those of a file."""
    return fields[MODE] & KIND == REGULAR & KIND


def _unpack_entries(data: bytes) -> Iterator[tuple[CpioMember, list[int]]]:
    """Yield every entry of a newc archive with the fields of its header. Raises ValueError if it is damaged."""
    at = 0
    while data[at : at + 6] == NEWC_MAGIC:
        if not NEWC_FIELDS.fullmatch(data, at + 6, at + HEADER):
            raise ValueError("a header in it is damaged")
        fields = [int(data[at + 6 + 8 * number : at + 14 + 8 * number], 16) for number in range(13)]
        size, name_size = fields[6], fields[11]
        name = data[at + HEADER : at + HEADER + name_size - 1].decode("utf-8", "surrogateescape")
        start = at + _align_to_four(HEADER + name_size)
        if name == TRAILER:
            return
        if start + size > len(data):
            raise ValueError("it is cut short")
        yield CpioMember(name, data[start : start + size], bool(fields[MODE] & 0o100)), fields
        at = start + _align_to_four(size)
    raise ValueError("it ends before its trailer")


def _align_to_four(size: int) -> int:
    """Return size up to a multiple of four."""
    return size + -size % 4
