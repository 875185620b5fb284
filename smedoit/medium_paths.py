# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths on the medium that several features name, relative to its top."""

from __future__ import annotations

from collections.abc import Collection, Iterable

BIOS_IMAGE, BIOS_MENU = "isolinux/isolinux.bin", "isolinux/isolinux.cfg"
BIOS_TEXTS = (BIOS_MENU, "isolinux/boot.msg", "isolinux/help.txt")  # menu, and what it shows; branded
BIOS_KERNEL, BIOS_INITRD = "isolinux/vmlinuz", "isolinux/initrd.img"  # the same files as KERNEL and INITRD
BOOT_CATALOG = "isolinux/boot.cat"
EFI_IMAGE, GRUB_CFG = "images/efiboot.img", "EFI/BOOT/grub.cfg"
KERNEL, INITRD, STAGE2 = "images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "LiveOS/squashfs.img"
NETINSTALL_IMAGE = "images/boot.iso"  # in the tree, for mirrors; never on a medium
PRODUCT_IMG, UPDATES_IMG = "images/product.img", "images/updates.img"
OVERLAYS = (PRODUCT_IMG, UPDATES_IMG)  # what is laid over the installer's own files
PACKAGES, REPODATA, REPOMD = "Packages", "repodata", "repodata/repomd.xml"  # of a repository
RPMS, REPOVIEW = f"{PACKAGES}/*.rpm", "repoview/*"  # patterns of its files
NO_TEXTS = (f"{PACKAGES}/*", f"{REPODATA}/*", REPOVIEW)  # what nobody writes by hand in it
COMPS = "Packages/base/comps.xml"  # of the content tree, and of a medium whose base has it there
RELEASE_NOTES = "README.txt"
BOOT_FILES = ("isolinux/*", "images/*", "EFI/*", "LiveOS/*")  # what the boot set gives to the tree
TREEINFO, DISCINFO, MEDIA_REPO = ".treeinfo", ".discinfo", "media.repo"
INNER_GRUB_CFG = f"grub.cfg in {EFI_IMAGE}"  # what sentences call it
BOOT_IMAGES = {"bios": BIOS_IMAGE, "uefi": EFI_IMAGE}  # what each firmware starts, and the menu that it leads to
BOOT_MENUS = {"bios": BIOS_MENU, "uefi": GRUB_CFG}
FIRMWARE_FILES = {"bios": ("isolinux/*",), "uefi": ("EFI/*", EFI_IMAGE)}  # what only one of them reads
NETINSTALL_FILES = (  # of the tree on the network install ISO: packages and what describes them come from the network
    "isolinux/*",
    "EFI/*",
    "LiveOS/*",
    "images/pxeboot/*",
    EFI_IMAGE,
    *OVERLAYS,
)


def repository_path(place: str, path: str) -> str:
    """Return the path on the medium of what lies in a repository; place is its directory, "" for the top."""
    return f"{place}/{path}" if place else path


def below_repositories(places: Iterable[str], *paths: str) -> tuple[str, ...]:
    """Return the paths on the medium of what lies in each of the repositories; patterns will do."""
    return tuple(repository_path(place, path) for place in places for path in paths)


def list_unused_patterns(firmware: Collection[str]) -> tuple[str, ...]:
    """Return the patterns of the files that no medium needs which starts from this firmware alone."""
    return tuple(pattern for name, patterns in FIRMWARE_FILES.items() if name not in firmware for pattern in patterns)
