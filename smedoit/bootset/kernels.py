# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel a file is made for: vmlinuz by its header, initrd.img and stage 2 by their modules."""

from __future__ import annotations

import errno
import os
import re
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.bases.enterprise_linux import Base
from smedoit.bootfiles import images
from smedoit.bootset.squashfs import ROOT_IMAGES, root_fault
from smedoit.errors import PackageError
from smedoit.medium_paths import INITRD, KERNEL
from smedoit.runtime import files, foreign
from smedoit.runtime.process import ProgramError, run_program

VERSION_AT, SETUP = 0x20E, 0x200  # the pointer to the version text counts from 0x200; source: x86/boot.rst
MODULES = re.compile(r"(?:^|/)lib/modules/([^/\s]+)(?:/|$)")
TRAILER = "TRAILER!!!"
HEADER = 110  # bytes of a newc header; source: linux/Documentation/driver-api/early-userspace/buffer-format.rst
LONGEST_NAME = 4096
FIELDS = re.compile(rb"[0-9A-Fa-f]{104}")
ByteSource = FileIO | foreign.UnpackedStream
ROOTS = tuple(f"LiveOS/{name}" for name in ROOT_IMAGES)
LISTED_SIZE = re.compile(r"^-\S+\s+\S+\s+(\d+)\s+\S+\s+\S+\s+squashfs-root/LiveOS/(\S+)$", re.MULTILINE)
LISTED_TOP = re.compile(r"\ssquashfs-root/([^/\s]+)$", re.MULTILINE)


class KernelVersionError(Exception):
    """Why the kernel version of a file cannot be read."""


class NoModulesError(KernelVersionError):
    """That a file has no modules of any kernel."""


class DamagedImageError(KernelVersionError):
    """Why a file cannot be what its name says: it is something else, or not whole."""


def kernel_readers(base: Base) -> Mapping[str, Callable[[Path], set[str]]]:
    """Return the files of a boot set that tell their kernel -> what reads its versions."""
    return {KERNEL: vmlinuz_version, INITRD: initrd_versions, base.stage2: runtime_versions}


def _refuse_stand_in(path: Path) -> tuple[bytes, int]:
    """Return the first bytes of a file, and its size. Raises KernelVersionError for what only says what it is not."""
    head, size = images.read_image_head(path)
    if images.is_stand_in(head):
        raise KernelVersionError("is a stand-in of the practice world")
    return head, size


def vmlinuz_version(path: Path) -> set[str]:
    """Return the version of a bzImage. Raises KernelVersionError, FileError."""
    head, size = _refuse_stand_in(path)
    if fault := images.kernel_fault(head, size):
        raise DamagedImageError(fault)
    (at,) = struct.unpack_from("<H", head, VERSION_AT)
    text = head[SETUP + at :].partition(b"\0")[0].decode("ascii", "replace") if at else ""
    if not text.split():
        raise KernelVersionError("does not say its version")
    return {text.split()[0]}


def initrd_versions(path: Path) -> set[str]:
    """Return the versions that an initial RAM disk has modules for. Raises KernelVersionError, FileError."""
    _refuse_stand_in(path)
    try:
        with files.wrap_os_errors(path, "read"), files.open_regular_file(path) as file:
            found = {match[1] for name in _cpio_names(file, path.parent) if (match := MODULES.search(name))}
    except (EOFError, ValueError) as error:
        raise DamagedImageError(f"cannot be unpacked: {error}") from None
    if not found:
        raise NoModulesError("has no modules below lib/modules")
    return found


def _cpio_names(file: FileIO, beside: Path) -> Iterator[str]:
    """Yield the name of every file of one or more cpio archives, plain or packed, one behind the other.

    The kernel's early microcode comes first and plain, the rest behind it and packed.
    Raises KernelVersionError, and what the unpackers raise.

    beside  a directory with room for what only a file can be unpacked to
    """
    while True:
        start = _skip_zeros(file)
        if start is None:
            return
        head = file.read(6)
        file.seek(start)
        if head in images.CPIO:
            yield from _newc_names(file)
        elif head.startswith(foreign.ZSTD_MAGIC):
            yield from _zstd_names(file, beside)
            return
        else:
            stream = _decompress_stream(file, head)
            yield from _newc_names(stream)
            while stream.read(files.BLOCK):  # to its end, where its checksum stands
                pass
            return  # an unpacker reads ahead: what stands behind it is out of reach, and nobody puts anything there


def _zstd_names(file: FileIO, beside: Path) -> Iterator[str]:
    """Yield the names of a newc archive that is packed with zstd, from here to the end of the file.

    Raises KernelVersionError where the library at hand knows no zstd, ValueError for what is damaged.
    """
    from smedoit.repodata.read import unpack_metadata  # the door to the library that reads zstd

    with TemporaryDirectory(dir=beside, suffix=files.BESIDE) as place:
        packed, plain = Path(place) / "initrd.zst", Path(place) / "initrd"
        with packed.open("wb") as target:
            shutil.copyfileobj(file, target)
        os.truncate(packed, foreign.check_zstd_size(packed, padded=True))
        try:
            unpack_metadata(packed, plain)
        except PackageError:
            raise KernelVersionError("is packed with zstd, and cannot be unpacked here") from None
        with plain.open("rb", buffering=0) as unpacked:
            yield from _newc_names(unpacked)


def _skip_zeros(file: FileIO) -> int | None:
    """Return where the next byte other than zero is, None at the end; archives are padded with zeros."""
    while block := file.read(4096):
        rest = block.lstrip(b"\0")
        if rest:
            return file.seek(-len(rest), 1)
    return None


def _decompress_stream(file: FileIO, head: bytes) -> foreign.UnpackedStream:
    """Return what is packed from here on. Raises KernelVersionError for a packing that this Python does not know."""
    for magic, name in images.OTHER_PACKERS.items():
        if head.startswith(magic):
            raise KernelVersionError(f"is packed with {name}, which cannot be read here")
    if foreign.is_packed(head):
        return foreign.UnpackedStream(file, head, os.fstat(file.fileno()).st_size)
    raise DamagedImageError("is no cpio archive, plain or packed")


def _newc_names(file: ByteSource) -> Iterator[str]:
    """Yield the names of one newc archive up to its trailer. Raises ValueError, EOFError if it is damaged."""
    while True:
        header = _read_exactly(file, HEADER)
        if header[:6] not in images.CPIO or not FIELDS.fullmatch(header, 6):
            raise ValueError("damaged cpio archive")
        size, length = int(header[54:62], 16), int(header[94:102], 16)
        if not 0 < length <= LONGEST_NAME:
            raise ValueError("damaged cpio archive")
        name = _read_exactly(file, length + -(HEADER + length) % 4)[:length].rstrip(b"\0").decode("utf-8", "replace")
        _skip_bytes(file, size + -size % 4)
        if name == TRAILER:
            return
        yield name


def _read_exactly(file: ByteSource, count: int) -> bytes:
    """Return that many bytes. Raises EOFError if there are fewer."""
    data = file.read(count)
    if len(data) < count:
        raise EOFError("it is cut short")
    return data


def _skip_bytes(file: ByteSource, count: int) -> None:
    """Pass over that many bytes without keeping them. Raises EOFError if there are fewer."""
    while count:
        count -= len(_read_exactly(file, min(count, files.BLOCK)))


def runtime_versions(path: Path) -> set[str]:
    """Return the versions that the installer's runtime has modules for; its filesystem image is looked into as well.

    Needs unsquashfs or dump.erofs, and debugfs where the runtime is an ext4 image inside.
    Raises KernelVersionError, FileError.
    """
    head, size = _refuse_stand_in(path)
    if images.is_erofs(head):
        return _erofs_versions(path)
    if fault := images.squashfs_fault(head, size):
        raise DamagedImageError(fault)
    listing = _program_output("squashfs-tools", "unsquashfs", "-no-progress", "-l", path).splitlines()
    names = [line.partition("/")[2] for line in listing]
    found = {match[1] for name in names if (match := MODULES.search(name))}
    inner = next((name for name in ROOTS if name in names), None)
    if not found and inner:
        found = _nested_image_versions(path, inner)
    if not found:
        raise NoModulesError("has no modules below lib/modules")
    return found


def listed_root_fault(path: Path, base: Base) -> str:
    """Return why dracut finds no root file system in a squashfs image, by what unsquashfs lists of it, "" if it does.

    For images that we cannot unpack ourselves. Raises KernelVersionError.
    """
    listing = _program_output("squashfs-tools", "unsquashfs", "-no-progress", "-lln", path)
    sizes = {name: int(size) for size, name in LISTED_SIZE.findall(listing) if name in ROOT_IMAGES}
    return root_fault(sizes, LISTED_TOP.findall(listing), base)


def _nested_image_versions(path: Path, inner: str) -> set[str]:
    """Return the versions of an ext4 image within a squashfs image, which is unpacked. Raises KernelVersionError.

    It takes gigabytes, for which /tmp may have no room: so it lies beside the squashfs image meanwhile.
    """
    with TemporaryDirectory(dir=path.parent, suffix=files.BESIDE) as place:
        _program_output("squashfs-tools", "unsquashfs", "-no-progress", "-no-xattrs", "-d", f"{place}/out", path, inner)
        return _ext4_versions(Path(place) / "out" / inner, inner)


def _ext4_versions(image: Path, inner: str) -> set[str]:
    """Return the versions of an ext4 image that was unpacked. Raises KernelVersionError.

    inner  its path in what it was unpacked from
    """
    if image.is_symlink() or not image.is_file():
        raise KernelVersionError(f"its {inner} is no file")
    found: set[str] = set()
    if not _listed_names(image, "/"):
        raise DamagedImageError(f"holds a {inner} that is no file system")
    for modules in ("/usr/lib/modules", "/lib/modules"):
        found |= _listed_names(image, modules)
    return found - {"", ".", ".."}


def _erofs_versions(path: Path) -> set[str]:
    """Return the versions of an erofs image, by dump.erofs. Raises KernelVersionError."""
    found = _erofs_names(path, "/usr/lib/modules") or _erofs_names(path, "/lib/modules")
    inner = next((name for name in ROOTS if name.rpartition("/")[2] in _erofs_names(path, "/LiveOS")), None)
    if not found and inner:
        raise KernelVersionError(f"is an erofs image with {inner} in it, which was not looked into")
    if not found:
        raise NoModulesError("has no modules below lib/modules")
    return found


def _erofs_names(image: Path, directory: str) -> set[str]:
    """Return the names in a directory of an erofs image; nothing if there is none."""
    listing = _program_output("erofs-utils", "dump.erofs", "--ls", f"--path={directory}", image)
    lines = listing.partition("FILENAME")[2].splitlines()
    return {words[2] for line in lines if len(words := line.split(maxsplit=2)) == 3} - {".", ".."}


def _listed_names(image: Path, directory: str) -> set[str]:
    """Return the names in a directory of an ext4 image, "." among them; nothing if there is none."""
    listing = _program_output("e2fsprogs", "debugfs", "-R", f"ls -p {directory}", image)
    return {line.split("/")[5] for line in listing.splitlines() if line.count("/") >= 6}


def _program_output(package: str, *command: str | Path) -> str:
    """Return what a program prints. Raises KernelVersionError if it is absent, or does not like the file."""
    program = str(command[0])
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not found:
        raise KernelVersionError(
            f"cannot be looked into: {program} is not installed (on Debian in the package {package})"
        )
    try:
        return run_program([found, *command[1:]], package=package)
    except ProgramError as error:
        words = [line.strip() for line in str(error).splitlines()[1:] if line.strip()]
        reason = f"cannot be looked into: {words[-1] if words else f'{program} fails'}"
        if (
            error.code < 0 or os.strerror(errno.ENOSPC) in error.said
        ):  # it was ended, or had no room: no fault of the file
            raise KernelVersionError(reason) from None
        raise DamagedImageError(reason) from None
