# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the tree: plain files from boot set, content and keys, boot menus rendered, .treeinfo written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from smedoit.bases.enterprise_linux import BIOS, UEFI, Base, Loader
from smedoit.bootfiles.isolinux import unshowable_lines
from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.tiers import KeySettings
from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.fat import volume
from smedoit.medium_paths import (
    DISCINFO,
    EFI_IMAGE,
    GRUB_CFG,
    MEDIA_REPO,
    NETINSTALL_IMAGE,
    TREEINFO,
)
from smedoit.runtime import digests, files
from smedoit.tree import key_layer, layers, treeinfo
from smedoit.tree.boot_files import SECTOR, TELLING_FILES, check_kernel_copies, describe_missing_files, mbr_code

LOADER_WORDS = {Loader.ISOLINUX: "isolinux", Loader.GRUB: "GRUB for BIOS"}


@dataclass(frozen=True)
class TreeParts:
    """Which files of the tree come from where, by their path in it.

    owned  whether a file is filled in here, and goes when nothing has it any more; the others have their own tasks
    names  how file names of the content are encoded that are not UTF-8, "" if all are
    """

    from_boot_set: Callable[[str], bool]
    from_content: Callable[[str], bool]
    owned: Callable[[str], bool]
    names: str = ""


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
    below = [*_mbr_layers(boot_set, branding.identity, parts), *below]
    _refuse_stray_packages(below)
    keys, stack, unpinned = key_layer.read_key_layer(pinned), list[layers.TreeLayer](), list[str]()
    for layer in below:
        kept, dropped = key_layer.drop_unpinned_keys(layer, keys)
        stack.append(kept)
        unpinned += [f"{relative} of the {layer.name} is left out, no [[keys]] entry pins it" for relative in dropped]
    counts = layers.apply_layers([*stack, keys], target, parts.owned)
    _check_boot_files(target, branding.identity, boot_set)
    said = ", ".join(f"{count} files {what}" for what, count in counts.items() if count or what == "in all")
    return "\n  ".join([said, *unpinned, *_unread_menu_remarks(content, branding.identity.built_on)])


def _mbr_layers(boot_set: Path, identity: ReleaseIdentity, parts: TreeParts) -> list[layers.TreeLayer]:
    """Return a layer with the code for the MBR, for a boot set that has it only in its network install ISO.

    Upstream's lorax puts it there from the runtime, and leaves no file of it.
    """
    name, source = identity.built_on.mbr_image, boot_set / NETINSTALL_IMAGE
    if not name or not parts.from_boot_set(name) or (boot_set / name).is_file() or not source.is_file():
        return []
    with files.wrap_os_errors(source, "read"), files.open_regular_file(source) as file:
        code = mbr_code(file.read(SECTOR))
    if not code:
        return []
    return [layers.TreeLayer(NETINSTALL_IMAGE, {name: source}, lambda _, target: files.write_file(target, code))]


def _unread_menu_remarks(content: Path, base: Base) -> list[str]:
    """Return what to say of a content tree that still has a menu for isolinux, and a base that has no isolinux."""
    if base.bios.loader is Loader.ISOLINUX or not (content / "isolinux").is_dir():
        return []
    return [f"isolinux/ of the content tree is left out, BIOS reads {base.bios.menu} on {base.words}"]


def write_bios_menu(sources: tuple[Path, Path], branding: Branding, target: Path) -> str:
    """Write the menu for BIOS, and what it shows, with this version and label; nothing for media without BIOS."""
    if BIOS not in branding.identity.firmware:
        return "no menu, as [release] firmware has no bios"
    boot, written, remarks = branding.identity.built_on.bios, 0, list[str]()
    for relative in boot.texts:
        find = require_tree_file if relative == boot.menu else _first_existing
        source = find(sources, relative)
        if source:
            text = render_logged(branding, relative, files.read_file_text(source))
            files.write_file(target / relative, text)
            written += 1
            if lines := unshowable_lines(text):
                where = f"{relative}, line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
                loader = LOADER_WORDS[boot.loader]
                remarks.append(f"{where}: {loader} shows other signs in the place of letters beyond ASCII")
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


def _check_boot_files(target: Path, identity: ReleaseIdentity, boot_set: Path) -> None:
    """Raise ContentError for boot files that are missing, or that should be equal and differ.

    The menus come later, and so does what UEFI starts.
    """
    base, kinds = identity.built_on, [kind for kind in identity.firmware if kind != UEFI]
    needed = [name for name in base.required_files(kinds) if name not in base.bios.texts]
    copies = [name for pair in base.bios.twins.items() for name in pair]
    found = {name for name in (*needed, *copies) if (target / name).is_file()}
    theirs = {name for name in TELLING_FILES if (boot_set / name).is_file()}
    if missing := describe_missing_files(base, found | (theirs - {*needed}), needed):
        raise ContentError(f"the boot set {missing}", hint="complete [boot_set] path of release.toml")
    check_kernel_copies(base, {name: files.digest_file(target / name) for name in copies if name in found}, target)


def _first_existing(roots: Iterable[Path], relative: str) -> Path | None:
    """Return the file under the first root that has it, None if none has. Raises FileError for a link out of it."""
    root = next((root for root in roots if os.path.lexists(root / relative)), None)
    return None if root is None else files.resolve_file_below(root, relative)
