# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths on the medium that several features name, relative to its top."""

from __future__ import annotations

from collections.abc import Iterable

ISOLINUX_CFG = "isolinux/isolinux.cfg"
EFI_IMAGE, GRUB_CFG = "images/efiboot.img", "EFI/BOOT/grub.cfg"
KERNEL, INITRD = "images/pxeboot/vmlinuz", "images/pxeboot/initrd.img"
NETINSTALL_IMAGE = "images/boot.iso"  # in the tree, for mirrors; never on a medium
PRODUCT_IMG, UPDATES_IMG = "images/product.img", "images/updates.img"
OVERLAYS = (PRODUCT_IMG, UPDATES_IMG)  # what is laid over the installer's own files
PACKAGES, REPODATA, REPOMD = "Packages", "repodata", "repodata/repomd.xml"  # of a repository
RPMS, REPOVIEW = f"{PACKAGES}/*.rpm", "repoview/*"  # patterns of its files
NO_TEXTS = (f"{PACKAGES}/*", f"{REPODATA}/*", REPOVIEW)  # what nobody writes by hand in it
COMPS = "Packages/base/comps.xml"  # of the content tree, and of a medium whose base has it there
RELEASE_NOTES = "README.txt"
TREEINFO, DISCINFO, MEDIA_REPO = ".treeinfo", ".discinfo", "media.repo"
INNER_GRUB_CFG = f"grub.cfg in {EFI_IMAGE}"  # what sentences call it


def repository_path(place: str, path: str) -> str:
    """Return the path on the medium of what lies in a repository; place is its directory, "" for the top."""
    return f"{place}/{path}" if place else path


def below_repositories(places: Iterable[str], *paths: str) -> tuple[str, ...]:
    """Return the paths on the medium of what lies in each of the repositories; patterns will do."""
    return tuple(repository_path(place, path) for place in places for path in paths)
