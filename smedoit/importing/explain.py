# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the first own build differs from what was imported: the task that makes a file, or why it was left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smedoit.branding.rules import Branding
from smedoit.compare.differences import ADDED, BOOT, BYTES, CHANGED, FILES, PACKAGES, PACKED, REMOVED, Difference
from smedoit.importing.layout import Layer, find_layer
from smedoit.keys import key_files
from smedoit.medium_paths import COMPS, EFI_IMAGE, GRUB_CFG, NETINSTALL_IMAGE, OVERLAYS, PRODUCT_IMG

RENDERED = "its release is written into it from [release]"
OVERLAY_TASKS = dict(zip(OVERLAYS, ("doit product_img", "doit updates_img"), strict=True))


def explain_difference(found: Difference, branding: Branding, left: Mapping[str, str]) -> str:
    """Return why something differs, "" if there is no explanation.

    left  path -> why nothing became of it when it was imported
    """
    if found.group == PACKAGES:
        return left.get(f"{found.name} {found.before}", "") if found.what == REMOVED else ""
    if found.group == BOOT:
        return "doit iso writes the boot records of BIOS and UEFI, CD and USB"
    if found.group == BYTES:
        return "another program wrote it"
    if found.group == FILES:
        return left.get(found.name, "") or _explain_file(found, branding)
    if reason := left.get(f"{found.group}/{found.name}", ""):
        return reason
    if found.group == EFI_IMAGE:
        return RENDERED if found.name.lower() == GRUB_CFG.lower() and found.what == CHANGED else ""
    if found.group == PRODUCT_IMG and found.what != REMOVED and branding.find_rule(f"product/{found.name}"):
        return RENDERED
    return ""


def _explain_file(found: Difference, branding: Branding) -> str:
    """Return why a file differs, "" if there is no explanation."""
    layer, task = find_layer(found.name, branding.identity.built_on)
    if layer is Layer.MADE:
        return f"{task} writes it anew"
    if found.name in OVERLAY_TASKS:
        if found.what == ADDED:
            return f"{OVERLAY_TASKS[found.name]} always makes one"
        return f"{OVERLAY_TASKS[found.name]} packs it anew" if found.before == PACKED or found.what == CHANGED else ""
    if found.name == EFI_IMAGE and found.what == CHANGED:
        return "doit grub writes grub.cfg into it"
    if found.name == NETINSTALL_IMAGE:
        return "doit netinstall makes it anew"
    if key_files.is_key_name(found.name):
        return "the keys of [[keys]], and no others, are on the medium" if found.what in (ADDED, REMOVED) else ""
    if found.name == COMPS and found.what == ADDED:
        return "doit comps puts the groups here as well"
    return RENDERED if found.what == CHANGED and branding.find_rule(found.name) else ""


def explain_differences(
    found: Sequence[Difference], branding: Branding, left: Mapping[str, str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return explanation -> the differences that it explains, and those without one, as lines."""
    explained, unexplained = dict[str, list[str]](), []
    for difference in found:
        line = f"{difference.group}, {difference.what}: {difference}"
        if reason := explain_difference(difference, branding, left):
            explained.setdefault(reason, []).append(line)
        else:
            unexplained.append(line)
    return explained, unexplained
