"""Paths on the medium that several features name."""

from __future__ import annotations

BIOS_IMAGE, EFI_IMAGE = "isolinux/isolinux.bin", "images/efiboot.img"
OVERLAYS = ("images/product.img", "images/updates.img")  # what is laid over the installer's own files
FROM_TREE = (  # on the network install medium; its packages, and what describes them, come from the network
    "isolinux/*",
    "EFI/*",
    "LiveOS/*",
    "images/pxeboot/*",
    EFI_IMAGE,
    *OVERLAYS,
)
COMPS = "Packages/base/comps.xml"
UNDER_WAY = "under-way.json"
