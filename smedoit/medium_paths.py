"""Paths on the medium that several features name."""

from __future__ import annotations

BIOS_IMAGE, EFI_IMAGE = "isolinux/isolinux.bin", "images/efiboot.img"


UNDER_WAY = "under-way.json"
OVERLAYS = ("images/product.img", "images/updates.img")  # on a medium: what is laid over the installer's own files
