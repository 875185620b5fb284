# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the tree: plain files from boot set, content and keys, boot menus rendered, .treeinfo written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, BIOS, UEFI
from smedoit.bootfiles.isolinux import unshowable_lines
from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.tiers import KeySettings
from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.fat import volume
from smedoit.medium_paths import (
    BIOS_IMAGE,
    BIOS_INITRD,
    BIOS_KERNEL,
    BIOS_MENU,
    BIOS_TEXTS,
    DISCINFO,
    EFI_IMAGE,
    GRUB_CFG,
    INITRD,
    KERNEL,
    MEDIA_REPO,
    STAGE2,
    TREEINFO,
)
from smedoit.runtime import digests, files
from smedoit.tree import key_layer, layers, treeinfo


@dataclass(frozen=True)
class TreeParts:
    """Which files of the tree come from where, by their path in it.

    owned     whether a file is filled in here, and goes when nothing has it any more; the others have their own tasks
    names     how file names of the content are encoded that are not UTF-8, "" if all are
    firmware  what the media start from
    """

    from_boot_set: Callable[[str], bool]
    from_content: Callable[[str], bool]
    owned: Callable[[str], bool]
    names: str = ""
    firmware: tuple[str, ...] = ALL_FIRMWARE


def fill_tree(
    sources: tuple[Path, Path], pinned: Sequence[KeySettings], branding: Branding, parts: TreeParts, target: Path
) -> str:
    """Fill target with boot set, content and keys, in this order: the later overrides the earlier."""
    content, boot_set = sources

    def place(source: Path, place_in_tree: Path) -> None:
        _copy_rendered(source, place_in_tree, source.relative_to(content).as_posix(), branding)

    below = [
        layers.read_layer("boot set", boot_set, parts.from_boot_set, files.link_file),
        layers.read_layer("content tree", content, parts.from_content, place, parts.names),
    ]
    _refuse_stray_packages(below)
    keys, stack, unpinned = key_layer.read_key_layer(pinned), list[layers.TreeLayer](), list[str]()
    for layer in below:
        kept, dropped = key_layer.drop_unpinned_keys(layer, keys)
        stack.append(kept)
        unpinned += [f"{relative} of the {layer.name} is left out, no [[keys]] entry pins it" for relative in dropped]
    counts = layers.apply_layers([*stack, keys], target, parts.owned)
    _check_boot_files(target, parts.firmware)
    said = ", ".join(f"{count} files {what}" for what, count in counts.items() if count or what == "in all")
    return "\n  ".join([said, *unpinned])


def write_isolinux_menu(sources: tuple[Path, Path], branding: Branding, target: Path) -> str:
    """Write isolinux.cfg, boot.msg and help.txt with this version and label; nothing for media without BIOS."""
    if BIOS not in branding.identity.firmware:
        return "no menu, as [release] firmware has no bios"
    written, remarks = 0, list[str]()
    for relative in BIOS_TEXTS:
        find = require_tree_file if relative == BIOS_MENU else _first_existing
        source = find(sources, relative)
        if source:
            text = render_logged(branding, relative, files.read_file_text(source))
            files.write_file(target / relative, text)
            written += 1
            if lines := unshowable_lines(text):
                where = f"{relative}, line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
                remarks.append(f"{where}: isolinux shows other signs in the place of letters beyond ASCII")
    said = f"{written} files, titled {branding.identity.title}, label {branding.identity.volume}"
    return "\n  ".join([said, *remarks])


def write_grub_cfg(sources: tuple[Path, Path], branding: Branding, target: Path) -> str:
    """Write grub.cfg twice: beside the loaders, and inside efiboot.img, where UEFI reads it; nothing without UEFI."""
    if UEFI not in branding.identity.firmware:
        return "no menu, as [release] firmware has no uefi"
    text = render_logged(branding, GRUB_CFG, files.read_file_text(require_tree_file(sources, GRUB_CFG)))
    data = text.encode("utf-8", "surrogateescape")
    volume.replace_fat_file(
        require_tree_file(sources, EFI_IMAGE),
        target / EFI_IMAGE,
        GRUB_CFG,
        data,
        branding.identity.epoch,
    )
    files.write_file(target / GRUB_CFG, data)
    return f"2 copies of grub.cfg, label {branding.identity.volume}"


def write_treeinfo(identity: ReleaseIdentity, target: Path, fact_cache: Path) -> str:
    """Write .treeinfo, .discinfo and media.repo."""
    known = digests.DigestCache(fact_cache)
    paths = {name: target / name for name in treeinfo.checksummed_files(identity) if (target / name).is_file()}
    found = known.of_all(paths.values(), "sha256")
    known.save()
    sums = {name: found[path]["sha256"] for name, path in paths.items()}
    files.write_file(target / TREEINFO, treeinfo.format_treeinfo(identity, sums))
    files.write_file(target / DISCINFO, treeinfo.format_discinfo(identity))
    files.write_file(target / MEDIA_REPO, treeinfo.format_media_repo(identity))
    return f"{len(sums)} checksums"


def require_tree_file(roots: Sequence[Path], relative: str) -> Path:
    """Return the file under the first root that has it. Raises ContentError if none has."""
    path = _first_existing(roots, relative)
    if path is None:
        raise ContentError(
            f"{roots[0] / relative}: is not there, and the boot set has none either",
            hint="check out the content tree again, or complete the boot set",
        )
    return path


def _copy_rendered(source: Path, target: Path, relative: str, branding: Branding) -> None:
    """Copy a file of the content tree, rendered if there is a branding rule for it."""
    if branding.find_rule(relative):
        files.write_file(target, render_logged(branding, relative, files.read_file_text(source)))
    else:
        files.copy_file(source, target)


def _refuse_stray_packages(below: Iterable[layers.TreeLayer]) -> None:
    """Raise ContentError for packages that no tier has: they would go on the medium, and nobody looked at them."""
    findings = Findings()
    for layer in below:
        for relative, source in layer.files.items():
            findings.check(not relative.lower().endswith(".rpm"), f"the {layer.name} has", str(source))
    if findings.found:
        raise ContentError(
            f"packages lie where nobody verifies them, and no repodata names them\n{format_grouped(findings.found)}",
            hint="move them into a tier of [[tiers]], or take them out",
        )


def _check_boot_files(target: Path, firmware: tuple[str, ...]) -> None:
    """Raise ContentError for boot files that are missing, or that should be equal and differ."""
    loader = [BIOS_IMAGE] if BIOS in firmware else []
    missing = [name for name in (KERNEL, INITRD, *loader, STAGE2) if not (target / name).is_file()]
    if missing:
        raise ContentError(f"the boot set lacks {', '.join(missing)}", hint="complete [boot_set] path of release.toml")
    for name, twin in ((BIOS_KERNEL, KERNEL), (BIOS_INITRD, INITRD)):
        isolinux_file, other = target / name, target / twin
        if isolinux_file.is_file() and files.digest_file(isolinux_file) != files.digest_file(other):
            raise ContentError(
                f"{isolinux_file}: is not the same file as {other}",
                hint="take both from one upstream release: CD and USB boot"
                " from the first, PXE and UEFI from the second",
            )


def _first_existing(roots: Iterable[Path], relative: str) -> Path | None:
    """Return the file under the first root that has it, None if none has. Raises FileError for a link out of it."""
    root = next((root for root in roots if os.path.lexists(root / relative)), None)
    return None if root is None else files.resolve_file_below(root, relative)
