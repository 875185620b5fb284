# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file that boots is what its name claims, and whole: kernel, initial RAM disk, stage 2, EFI programs.

Only heads and sizes are read; what is inside is for others to say.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from pathlib import Path

from smedoit.runtime import files, foreign

STAND_IN = b"This is a stand-in for "  # begins what a practice world has in the place of a boot file
HEAD = 65536
BOOT_FLAG_AT, BOOT_FLAG = 0x1FE, b"\x55\xaa"
MAGIC_AT, MAGIC = 0x202, b"HdrS"
SETUP_SECTORS_AT, SYSTEM_SIZE_AT = 0x1F1, 0x1F4  # source: linux/Documentation/x86/boot.rst
CPIO = (b"070701", b"070702")
OTHER_PACKERS = {b"\x28\xb5\x2f\xfd": "zstd", b"\x02\x21\x4c\x18": "lz4", b"\x89LZO": "lzo"}  # Linux reads them
SQUASHFS, SUPERBLOCK = b"hsqs", struct.Struct("<4sIIIIHHHHHHQQQQQQQQ")
EROFS_AT, EROFS = 1024, (0xE0F5E1E2).to_bytes(4, "little")  # source: Linux, fs/erofs/erofs_fs.h
DOS, PE, MACHINES = b"MZ", b"PE\0\0", {"X64": 0x8664, "IA32": 0x014C, "AA64": 0xAA64}
GRUB_NAMES = {"X64": "grubx64.efi", "IA32": "grubia32.efi", "AA64": "grubaa64.efi"}
ISOLINUX_VERSION = re.compile(rb"ISOLINUX (\d)\.(\d\d)")
ISOLINUX_UNIT = 2048  # bytes that isolinux.bin is filled up to; source: syslinux, core/checksumiso.pl
COM32_OLD, COM32_NEW = b"\xb8\xff\x4c\xcd\x21", b"\x7fELF"  # syslinux 3 and 4; 5 and later
MODULE_NAME = re.compile(rb"\0((?:lib[a-z0-9]+|ldlinux)\.c32)(?=\0)")


def is_stand_in(head: bytes) -> bool:
    """Return whether a file only says what should be there."""
    return head.startswith(STAND_IN)


def read_image_head(path: Path) -> tuple[bytes, int]:
    """Return the first bytes of a file, and its size. Raises FileError."""
    with files.wrap_os_errors(path, "read"), files.open_regular_file(path) as file:
        return file.read(HEAD), path.stat().st_size


def kernel_fault(head: bytes, size: int, *, modern: bool = True) -> str:
    """Return why a boot loader or its machine would not start a kernel, "" if they would try.

    modern  whether it is started with an initial RAM disk, which needs Linux; memtest is a kernel without
    """
    if is_stand_in(head):
        return ""
    if head[BOOT_FLAG_AT : BOOT_FLAG_AT + 2] != BOOT_FLAG or (modern and head[MAGIC_AT : MAGIC_AT + 4] != MAGIC):
        return "is no Linux kernel for x86"
    if head[MAGIC_AT : MAGIC_AT + 4] != MAGIC:
        return ""
    (system,) = struct.unpack_from("<I", head, SYSTEM_SIZE_AT)
    whole = ((head[SETUP_SECTORS_AT] or 4) + 1) * 512 + system * 16
    return f"is cut short, its header says {whole} bytes and {size} are there" if size < whole else ""


def initrd_fault(head: bytes) -> str:
    """Return why a kernel would not unpack an initial RAM disk, "" if it would try."""
    if is_stand_in(head):
        return ""
    if not head.strip(b"\0"):
        return "is empty"
    known = head[:6] in CPIO or foreign.is_packed(head) or head.startswith(tuple(OTHER_PACKERS))
    return "" if known else "is no cpio archive, plain or packed"


def is_erofs(head: bytes) -> bool:
    """Return whether bytes begin as an erofs image."""
    return head[EROFS_AT : EROFS_AT + len(EROFS)] == EROFS


def squashfs_fault(head: bytes, size: int) -> str:
    """Return why a squashfs image cannot be mounted, "" if it can be tried. Source: Linux, squashfs_fs.h"""
    if is_stand_in(head):
        return ""
    if head[:4] != SQUASHFS or len(head) < SUPERBLOCK.size:
        return "is no squashfs image"
    fields = SUPERBLOCK.unpack_from(head)
    major, used, tables = fields[9], fields[12], fields[14:17]
    if major != 4:
        return f"is a squashfs image of version {major}, and the installer's kernel reads version 4"
    if size < used:
        return f"is cut short, its superblock says {used} bytes and {size} are there"
    if any(table >= used for table in (fields[13], tables[1], tables[2])):
        return "is a damaged squashfs image, its tables lie outside of it"
    return ""


def efi_fault(data: bytes, machine: str) -> str:
    """Return why firmware would not start an EFI program, "" if it would try. Source: PE and COFF specification"""
    if is_stand_in(data):
        return ""
    at = int.from_bytes(data[0x3C:0x40], "little")
    if data[:2] != DOS or data[at : at + 4] != PE or len(data) < at + 24:
        return "is no EFI program"
    kind, sections, optional = (struct.unpack_from("<H", data, at + offset)[0] for offset in (4, 6, 20))
    if kind != MACHINES[machine]:
        return f"is an EFI program for another machine than {machine}"
    table = at + 24 + optional
    if len(data) < table + 40 * sections:
        return "is cut short"
    ends = [sum(struct.unpack_from("<II", data, table + 40 * number + 16)) for number in range(sections)]
    return (
        f"is cut short, its sections end at {max(ends)} and it has {len(data)} bytes"
        if max(ends, default=0) > len(data)
        else ""
    )


def starts_grub(data: bytes, machine: str) -> bool:
    """Return whether an EFI program is a shim, which starts GRUB from a file beside it."""
    return GRUB_NAMES[machine].encode("utf-16-le") in data


def isolinux_version(data: bytes) -> tuple[int, int] | None:
    """Return the version of an isolinux.bin, None if it is another loader."""
    found = ISOLINUX_VERSION.search(data)
    return (int(found.group(1)), int(found.group(2))) if found else None


def needed_modules(data: bytes) -> Iterable[str]:
    """Return the names of the libraries that a module of syslinux 5 or later needs."""
    return sorted({name.decode() for name in MODULE_NAME.findall(data)}) if data.startswith(COM32_NEW) else ()


def module_fault(data: bytes, version: tuple[int, int]) -> str:
    """Return why an isolinux of that version does not start a module, "" if it does."""
    if is_stand_in(data):
        return ""
    wanted, other = (COM32_NEW, COM32_OLD) if version >= (5, 0) else (COM32_OLD, COM32_NEW)
    if data.startswith(wanted):
        return ""
    found = "is a module of another syslinux" if data.startswith(other) else "is no module of syslinux"
    return f"{found}, and isolinux.bin is {version[0]}.{version[1]:02}"
