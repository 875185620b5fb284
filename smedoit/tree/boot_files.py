# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a boot set that a base needs, each at its place: which are missing, and which are another base's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.errors import ContentError

SECTOR = 512  # bytes of an MBR
MBR_CODE, MBR_LEADS, MBR_END = 0x1B0, (1).to_bytes(8, "little"), b"\x55\xaa"  # source: GRUB 2.06, boot/i386/pc/boot.S
TELLING_FILES = frozenset(name for base in BASES.values() for name in (base.stage2, base.bios.image))


def describe_missing_files(base: Base, names: Collection[str], needed: Collection[str]) -> str:
    """Return which files are missing, "" if none is; and which base a boot set seems to be of that has other ones."""
    missing = sorted(set(needed) - set(names))
    if not missing:
        return ""
    theirs = [
        f"it has {name}, as {_name_owners(name)} has it"
        for name in sorted(TELLING_FILES & set(names))
        if name not in (base.stage2, base.bios.image)
    ]
    return "; ".join([f"lacks {', '.join(missing)}", *theirs])


def _name_owners(name: str) -> str:
    """Return the bases whose boot sets have a file."""
    return " or ".join(base.words for base in BASES.values() if name in (base.stage2, base.bios.image))


def check_kernel_copies(base: Base, digests: Mapping[str, str], root: Path = Path()) -> None:
    """Raise ContentError unless kernel and initrd beside the boot loader are those that PXE reads; path -> digest.

    root  what the paths are below, for the words
    """
    for path, other in base.bios.twins.items():
        if path in digests and digests[path] != digests.get(other):
            raise ContentError(
                f"{root / path}: is not the same file as {root / other} ({digests[path]} and {digests.get(other)})",
                hint="take both from one upstream release: CD and USB boot"
                " from the first, PXE and UEFI from the second",
            )


def mbr_code(sector: bytes) -> bytes:
    """Return boot_hybrid.img as it was before a medium had it in its MBR; b"" for the MBR of another loader."""
    if len(sector) != SECTOR or not sector.endswith(MBR_END) or b"GRUB" not in sector[:MBR_CODE]:
        return b""
    return (sector[:MBR_CODE] + MBR_LEADS).ljust(SECTOR - len(MBR_END), b"\0") + MBR_END
