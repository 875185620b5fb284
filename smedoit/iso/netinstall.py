"""The network install medium: what of the tree is on it, and boot menus that say where it installs from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.branding import rules
from smedoit.config.branding import Rule
from smedoit.config.identity import Identity
from smedoit.config.media import Mirrors, Netinstall
from smedoit.errors import ContentError
from smedoit.fat.volume import replace_file
from smedoit.iso import build
from smedoit.iso.write import EFI_IMAGE, Medium
from smedoit.runtime.files import copy, link, read_bytes, read_text, real_file, remove
from smedoit.runtime.files import write as files_write
from smedoit.tree import layers
from smedoit.tree.fill import need

STAGE2 = re.compile(r"\binst\.stage2=\S+")
REPO = re.compile(r"(?<=\binst\.repo=)\S+")
ENTRY = re.compile(r"^.*\binst\.stage2=.*$", re.MULTILINE)

ISOLINUX, GRUB = "isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg"
FROM_TREE = (  # no Packages, repodata, .treeinfo or .discinfo: its packages come from the network
    "isolinux/*",
    "EFI/*",
    "LiveOS/*",
    "images/pxeboot/*",
    "images/efiboot.img",
    "images/product.img",
    "images/updates.img",
)


def installing_from(text: str, url: str) -> str:
    """Return a boot menu whose every entry that starts the installer installs from url."""
    return ENTRY.sub(lambda entry: with_repo(entry.group(), url), text)


def with_repo(line: str, url: str) -> str:
    """Return a boot line with inst.repo=url, in the place of another one or behind inst.stage2."""
    if REPO.search(line):
        return REPO.sub(lambda _: url, line)
    return STAGE2.sub(lambda stage2: f"{stage2.group()} inst.repo={url}", line)


def addresses(text: str) -> set[str]:
    """Return every URL that a boot menu installs from; "" for an entry that names none."""
    found = [REPO.search(entry.group()) for entry in ENTRY.finditer(text)]
    return {url.group() if url else "" for url in found}


def write(
    one: Identity,
    settings: Netinstall,
    mirrors: Mirrors,
    own_rules: Sequence[Rule],
    sources: tuple[Path, Path],
    tree_root: Path,
    own: Path,
    target: Path,
    memory: Path,
    record: Path,
    in_tree: Path,
) -> Mapping[str, str]:
    """Write the medium, and put it into the tree as well, where upstream has its own.

    own  directory for what this medium does not share with the tree
    """
    volume, url = settings.volume(one), settings.address(one, mirrors)
    named = replace(one, volume_id=volume)
    render(named, url, own_rules, sources, own)
    did = build.finish(described(named, files(tree_root, own)), target, memory, record)
    link(target, in_tree)
    return {**did, "did": f"{did['did']}, label {volume}, installs from {url}"}


def render(named: Identity, url: str, own_rules: Sequence[Rule], sources: tuple[Path, Path], own: Path) -> None:
    """Make own hold netinstall/ of the content with this version, label and URL, and an efiboot.img to match."""
    content, boot_set = sources
    netinst = content / "netinstall"
    found = {name: real_file(netinst, name) for name in layers.listed(netinst)}
    if ISOLINUX not in found:
        raise ContentError(
            f"{netinst / ISOLINUX}: is not there, the network install medium would have no boot menu",
            hint="check out netinstall/ of the content tree again",
        )
    found[GRUB] = need((netinst, content, boot_set), GRUB)
    for name, source in found.items():
        relative = next((one for one in (f"netinstall/{name}", name) if rules.rule_for(one, own_rules)), "")
        if relative:
            text = rules.render(relative, read_text(source), named, own_rules)
            files_write(own / name, installing_from(text, url))
        else:
            copy(source, own / name)
    efiboot = need((netinst, content, boot_set), EFI_IMAGE)
    replace_file(efiboot, own / EFI_IMAGE, GRUB, read_bytes(own / GRUB), named.epoch)
    for stale in [name for name in layers.listed(own) if name not in {*found, EFI_IMAGE}]:
        remove(own / stale)


def files(tree_root: Path, own: Path) -> dict[str, Path]:
    """Return what goes on the medium: of the tree what a boot needs, and on top of it what is its own."""
    shared = build.medium_files(tree_root, wanted)
    return {**shared, **build.medium_files(own, lambda _: True)}


def wanted(relative: str) -> bool:
    """Return whether a file of the tree goes on the medium."""
    return any(fnmatchcase(relative, pattern) for pattern in FROM_TREE)


def described(named: Identity, found: Mapping[str, Path]) -> Medium:
    """Return the medium of these files."""
    return Medium(named.volume, named.product, f"{named.product} {named.title} netinstall", named.epoch, found)
