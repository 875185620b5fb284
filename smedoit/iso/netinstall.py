# SPDX-License-Identifier: GPL-3.0-or-later
"""The network install ISO: which files of the tree are on it, and boot menus with the URL that it installs from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from smedoit.bases.enterprise_linux import BIOS, UEFI, Base
from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.media import NetinstallSettings, ReleaseUrls
from smedoit.errors import ContentError
from smedoit.fat.volume import replace_fat_file
from smedoit.iso import build
from smedoit.iso.build import IsoTarget
from smedoit.iso.medium import IsoMedium
from smedoit.medium_paths import EFI_IMAGE, GRUB_CFG, TREEINFO
from smedoit.runtime import files
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.filesets import matches_patterns
from smedoit.tree import layers, treeinfo
from smedoit.tree.fill import require_tree_file

STAGE2 = re.compile(r"\binst\.stage2=\S+")
REPO = re.compile(r"(?<=\binst\.repo=)\S+")
REPO_WORD = re.compile(r"[ \t]+inst\.repo=\S+")
ENTRY = re.compile(r"^.*\binst\.stage2=.*$", re.MULTILINE)


@dataclass(frozen=True)
class NetinstallParts:
    """Where the files of the network install medium come from.

    sources  content tree and boot set
    tree     the tree, with which it shares what an installation begins with
    own      directory for what it does not share
    in_tree  where the tree has this medium, as upstream's has its own
    names    how file names of the content are encoded that are not UTF-8, "" if all are
    """

    sources: tuple[Path, Path]
    tree: Path
    own: Path
    in_tree: Path
    names: str = ""


def write_netinstall_iso(
    branding: Branding, settings: NetinstallSettings, mirrors: ReleaseUrls, parts: NetinstallParts, target: IsoTarget
) -> Mapping[str, str]:
    """Write the ISO, and link it into the tree."""
    identity = branding.identity
    volume, url = settings.volume(identity), settings.address(identity, mirrors)
    named = replace(identity, volume_id=volume)
    names = _render_netinstall(replace(branding, identity=named), url, parts.sources, parts.own, parts.names)
    _write_own_treeinfo(identity, parts, target.fact_cache)
    medium = replace(_netinstall_medium(named, netinstall_files(identity.built_on, parts.tree, parts.own)), names=names)
    did = build.finish_medium(medium, target)
    files.link_file(target.path, parts.in_tree)
    return {**did, "did": f"{did['did']}, label {volume}, installs from {url}"}


def netinstall_files(base: Base, tree_root: Path, own: Path) -> dict[str, Path]:
    """Return what goes on the medium: of the tree what a boot needs, and on top of it what is its own."""
    shared = build.medium_files(tree_root, lambda name: matches_patterns(name, base.netinstall_files))
    return {**shared, **build.medium_files(own, lambda _: True)}


def _write_own_treeinfo(identity: ReleaseIdentity, parts: NetinstallParts, fact_cache: Path) -> None:
    """Write the .treeinfo of the medium: by it, virt-install --location finds the kernel.

    There is no .discinfo: with one, anaconda would take the medium for one that has packages.
    """
    wanted = treeinfo.checksummed_files(identity)
    found = {
        path: file
        for path, file in netinstall_files(identity.built_on, parts.tree, parts.own).items()
        if path in wanted
    }
    known = DigestCache(fact_cache)
    sums = {path: known.sha256(file) for path, file in found.items()}
    known.save()
    files.write_file(parts.own / TREEINFO, treeinfo.format_treeinfo(identity, sums, has_packages=False))


def set_install_url(text: str, url: str) -> str:
    """Return a boot menu whose every entry that starts the installer installs from url."""
    return ENTRY.sub(lambda entry: _set_inst_repo(entry.group(), url), text)


def drop_install_urls(text: str) -> str:
    """Return a boot menu whose entries install from the medium that they are on."""
    return ENTRY.sub(lambda entry: REPO_WORD.sub("", entry.group()), text)


def install_urls(text: str) -> set[str]:
    """Return every URL that a boot menu installs from; "" for an entry that names none."""
    found = [REPO.search(entry.group()) for entry in ENTRY.finditer(text)]
    return {url.group() if url else "" for url in found}


def _set_inst_repo(line: str, url: str) -> str:
    """Return a boot line with inst.repo=url, in the place of another one or behind inst.stage2."""
    if REPO.search(line):
        return REPO.sub(lambda _: url, line)
    return STAGE2.sub(lambda stage2: f"{stage2.group()} inst.repo={url}", line)


def _render_netinstall(
    branding: Branding, url: str, sources: tuple[Path, Path], own: Path, encoding: str = ""
) -> dict[str, str]:
    """Make own hold netinstall/ of the content with this version, label and URL, and an efiboot.img to match.

    Return path on the medium -> what the content tree calls it.
    """
    (content, boot_set), firmware, base = sources, branding.identity.firmware, branding.identity.built_on
    unused = base.unused_patterns(firmware)
    netinst = files.resolve_place_below(content, "netinstall")
    names = layers.utf8_names(netinst, layers.list_tree_files(netinst), encoding)
    names = {name: old for name, old in names.items() if not matches_patterns(name, unused)}
    found = {name: files.resolve_file_below(netinst, old) for name, old in names.items()}
    if BIOS in firmware and base.bios.menu not in found:
        raise ContentError(
            f"{netinst / base.bios.menu}: is not there, the network install medium would have no boot menu",
            hint="check out netinstall/ of the content tree again",
        )
    if UEFI in firmware:
        found[GRUB_CFG] = require_tree_file((netinst, content, boot_set), GRUB_CFG)
    for name, source in found.items():
        relative = next((candidate for candidate in (f"netinstall/{name}", name) if branding.find_rule(candidate)), "")
        if relative:
            text = render_logged(branding, relative, files.read_file_text(source))
            files.write_file(own / name, set_install_url(text, url))
        else:
            files.copy_file(source, own / name)
    kept = set(found)
    if UEFI in firmware:
        efiboot = require_tree_file((netinst, content, boot_set), EFI_IMAGE)
        grub_cfg = files.read_file_bytes(own / GRUB_CFG)
        replace_fat_file(efiboot, own / EFI_IMAGE, GRUB_CFG, grub_cfg, branding.identity.epoch)
        kept.add(EFI_IMAGE)
    for stale in [name for name in layers.list_tree_files(own) if name not in kept]:
        files.remove_file(own / stale)
    return {name: f"netinstall/{name}" for name in names}


def _netinstall_medium(named: ReleaseIdentity, found: Mapping[str, Path]) -> IsoMedium:
    title = f"{named.product} {named.title} netinstall"
    return IsoMedium(named.volume, named.product, title, named.epoch, found, named.firmware, base=named.built_on)
