"""netinstall/ of the content, and the tree, to the medium that installs from the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.decide import netinstall, rules
from smedoit.decide.distribution import Mirrors, Netinstall
from smedoit.decide.errors import ContentError
from smedoit.decide.identity import Identity
from smedoit.decide.wording import Rule
from smedoit.do import fat, iso, layers, tree
from smedoit.steps import medium
from smedoit.steps.tree import need


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
    did = medium.finish(described(named, files(tree_root, own)), target, memory, record)
    tree.link(target, in_tree)
    return {**did, "did": f"{did['did']}, label {volume}, installs from {url}"}


def render(named: Identity, url: str, own_rules: Sequence[Rule], sources: tuple[Path, Path], own: Path) -> None:
    """Make own hold netinstall/ of the content with this version, label and URL, and an efiboot.img to match."""
    content, boot_set = sources
    netinst = content / "netinstall"
    found = {name: tree.real_file(netinst, name) for name in layers.listed(netinst)}
    if netinstall.ISOLINUX not in found:
        raise ContentError(
            f"{netinst / netinstall.ISOLINUX}: is not there, the network install medium would have no boot menu",
            hint="check out netinstall/ of the content tree again",
        )
    found[netinstall.GRUB] = need((netinst, content, boot_set), netinstall.GRUB)
    for name, source in found.items():
        relative = next((one for one in (f"netinstall/{name}", name) if rules.rule_for(one, own_rules)), "")
        if relative:
            text = rules.render(relative, tree.read_text(source), named, own_rules)
            tree.write(own / name, netinstall.installing_from(text, url))
        else:
            tree.copy(source, own / name)
    efiboot = need((netinst, content, boot_set), iso.EFI_IMAGE)
    fat.replace_file(efiboot, own / iso.EFI_IMAGE, netinstall.GRUB, tree.read_bytes(own / netinstall.GRUB), named.epoch)
    for stale in [name for name in layers.listed(own) if name not in {*found, iso.EFI_IMAGE}]:
        tree.remove(own / stale)


def files(tree_root: Path, own: Path) -> dict[str, Path]:
    """Return what goes on the medium: of the tree what a boot needs, and on top of it what is its own."""
    shared = medium.medium_files(tree_root, wanted)
    return {**shared, **medium.medium_files(own, lambda _: True)}


def wanted(relative: str) -> bool:
    """Return whether a file of the tree goes on the medium."""
    return any(fnmatchcase(relative, pattern) for pattern in netinstall.FROM_TREE)


def described(named: Identity, found: Mapping[str, Path]) -> iso.Medium:
    """Return the medium of these files."""
    return iso.Medium(named.volume, named.product, f"{named.product} {named.title} netinstall", named.epoch, found)
