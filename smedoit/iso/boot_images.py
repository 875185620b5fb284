# SPDX-License-Identifier: GPL-3.0-or-later
"""What firmware starts of a medium before it is written: whether it is there, and of the kind that its base has."""

from __future__ import annotations

from pathlib import Path

from smedoit.bases.enterprise_linux import BIOS, DiskForm, Loader
from smedoit.bases.known import BASES
from smedoit.errors import ContentError
from smedoit.iso.boot_records import (
    BLOCK,
    BOOT_INFO_AT,
    BOOT_INFO_END,
    GRUB_INFO_AT,
    GRUB_INFO_END,
    LOADER_AT,
    MBR_SIGNATURE,
    SECTOR,
)
from smedoit.iso.medium import IsoMedium
from smedoit.runtime import files

# What whoever writes a medium fills in, in the loader that BIOS starts
BOOT_INFO, GRUB_INFO = (BOOT_INFO_AT, BOOT_INFO_END), (GRUB_INFO_AT, GRUB_INFO_END)
FILLED_IN = {Loader.ISOLINUX: (BOOT_INFO,), Loader.GRUB: (BOOT_INFO, GRUB_INFO)}
BIOS_LOADERS = {base.bios.image: base.bios.loader for base in BASES.values()}
MBR_CODE = 440  # bytes of it; disk number and partitions follow
MBR_PLACE = slice(LOADER_AT, LOADER_AT + 8)  # what is filled in there
LOADER_TEXT, MBR_TEXT = b"cdrom read fails", b"GRUB "  # what GRUB's loader for a CD, and its code for an MBR, say
HYBRID_MAGIC, HYBRID_AT = b"\xfb\xc0\x78\x70", 64  # what the hybrid MBR looks for in isolinux.bin


def blank_loader_info(path: str, data: bytes) -> bytes:
    """Return what a medium has at a path without what whoever writes it fills in, if that is a loader for BIOS."""
    for start, end in FILLED_IN[BIOS_LOADERS[path]] if path in BIOS_LOADERS else ():
        data = data[:start] + bytes(len(data[start:end])) + data[end:]
    return data


def has_mbr_code(mbr: bytes, code: bytes) -> bool:
    """Return whether an MBR has the code of a file, but for the place that is filled in."""
    there, wanted = bytearray(mbr[:MBR_CODE]), bytearray(code[:MBR_CODE])
    there[MBR_PLACE] = wanted[MBR_PLACE] = bytes(8)
    return there == wanted


def check_bootable(medium: IsoMedium) -> None:
    """Raise ContentError if a bootable medium lacks what its firmware starts."""
    base = medium.base
    needed = [base.boots[firmware].image for firmware in base.boots if firmware in medium.firmware]
    if BIOS in medium.firmware and base.mbr_image:
        needed.append(base.mbr_image)
    for name in needed:
        if name not in medium.files:
            raise ContentError(f"{name}: is not in the tree, the medium would not boot", hint="complete the boot set")
    if BIOS not in medium.firmware:
        return
    if base.disk is DiskForm.APPENDED:
        _check_grub_images(medium.files[base.bios.image], medium.files[base.mbr_image])
    else:
        _check_isolinux(medium.files[base.bios.image])


def _has_hybrid_magic(data: bytes) -> bool:
    """Return whether a loader is isolinux, or the record of a practice world that only says what it is."""
    return data[HYBRID_AT : HYBRID_AT + len(HYBRID_MAGIC)] == HYBRID_MAGIC


def _check_isolinux(path: Path) -> None:
    """Raise ContentError for what is no isolinux.bin that a hybrid MBR could start."""
    if not _has_hybrid_magic(files.read_file_bytes(path)):
        raise ContentError(
            f"{path}: is no isolinux.bin that can start from USB",
            hint="take isolinux.bin from syslinux 4 or later; images of other loaders lack its hybrid signature",
        )


def _check_grub_images(loader: Path, code: Path) -> None:
    """Raise ContentError for what is not GRUB's, or has no room for what GRUB is told of its place."""
    image, mbr = files.read_file_bytes(loader), files.read_file_bytes(code)
    if len(image) < GRUB_INFO_END or not (LOADER_TEXT in image[:SECTOR] or _has_hybrid_magic(image)):
        raise ContentError(
            f"{loader}: is no image that GRUB starts BIOS with",
            hint="take the one that grub2-mkimage -O i386-pc-eltorito makes, with the modules iso9660 and biosdisk",
        )
    if len(mbr) != BLOCK or mbr[-2:] != MBR_SIGNATURE or not (MBR_TEXT in mbr or _has_hybrid_magic(mbr)):
        raise ContentError(
            f"{code}: is no boot code of GRUB for an MBR, which is {BLOCK} bytes that end in 55 AA",
            hint="take boot_hybrid.img from grub2-pc-modules of the release that the boot set is from",
        )
