# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot menus of a practice world on the usual base, before they are rendered."""

from __future__ import annotations

from smedoit.bases.known import USUAL
from smedoit.sample import menus, upstream

ISOLINUX, NETINSTALL = menus.isolinux_menu(USUAL), menus.isolinux_netinstall_menu(USUAL)
GRUB, UPSTREAM_GRUB = menus.grub_menu(USUAL, menus.FOR_UEFI), upstream.upstream_grub_cfg(USUAL, menus.FOR_UEFI)
BOOT_MSG, HELP = menus.BOOT_MSG, menus.help_text(USUAL)
LABEL = USUAL.upstream.label
