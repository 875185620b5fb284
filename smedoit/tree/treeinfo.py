# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of .treeinfo, .discinfo and media.repo."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from smedoit.config.identity import ReleaseIdentity
from smedoit.medium_paths import (
    EFI_IMAGE,
    INITRD,
    KERNEL,
    NETINSTALL_IMAGE,
    OVERLAYS,
    PACKAGES,
    REPOMD,
    below_repositories,
    repository_path,
)

MOUNTED = "/media/cdrom"  # where media.repo looks for the medium
IMAGES = {
    "kernel": KERNEL,
    "initrd": INITRD,
    "boot.iso": NETINSTALL_IMAGE,
    "efiboot.img": EFI_IMAGE,
}


def checksummed_files(identity: ReleaseIdentity) -> tuple[str, ...]:
    """Return the files of a medium whose SHA-256 its .treeinfo has, of those that are there.

    Not of boot.iso: as on CentOS's own DVD it is in the tree and listed, but not on the medium.
    """
    efi = (EFI_IMAGE,) if identity.built_on.efi_in_tree else ()
    return (
        KERNEL,
        INITRD,
        *efi,
        *OVERLAYS,
        identity.built_on.stage2,
        *below_repositories(identity.repository_places, REPOMD),
    )


def format_treeinfo(identity: ReleaseIdentity, digests: Mapping[str, str], *, has_packages: bool = True) -> str:
    """Return .treeinfo as productmd 1.2 writes it, which dracut and anaconda of every base read as well.

    digests       path on the medium -> SHA-256, for every one of checksummed_files that is there
    has_packages  whether it is that of a tree or DVD; the network install medium has none, and is no image in itself

    The version stays without its label: productmd takes digits and dots only.
    """
    from productmd.treeinfo import TreeInfo, Variant

    info = TreeInfo()
    info.release.name, info.release.short, info.release.version = identity.product, identity.short, identity.version
    info.tree.arch, info.tree.build_timestamp = identity.arch, identity.epoch
    info.tree.platforms.update({identity.arch, "xen"})
    variants = variant_places(identity)
    main = next(iter(variants))
    for name, place in variants.items():
        variant = Variant(info)
        variant.id = variant.uid = variant.name = name
        variant.type = "variant"
        if has_packages:
            variant.paths.packages, variant.paths.repository = repository_path(place, PACKAGES), place or "."
        if has_packages or name == main:
            info.variants.add(variant)
    images = {
        name: path for name, path in IMAGES.items() if path in digests or (has_packages and path == NETINSTALL_IMAGE)
    }
    info.images.images = {
        identity.arch: images,
        "xen": {name: images[name] for name in ("kernel", "initrd") if name in images},
    }
    info.stage2.mainimage = identity.built_on.stage2
    for path, digest in sorted(digests.items()):
        info.checksums.checksums[path] = ("sha256", digest)
    text = io.StringIO()
    info.dump(text, main_variant=main)
    return text.getvalue()


def variant_places(identity: ReleaseIdentity) -> dict[str, str]:
    """Return variant -> directory of its repository, the first of them the one that an installation begins with.

    Anaconda from EL 8 on takes the variant called BaseOS for that, wherever it lies, and adds the others; before, none
    looked at their names.
    """
    usual = identity.built_on.repositories
    if usual == ("",):
        return {re.sub(r"[^A-Za-z0-9]", "", identity.short): ""}
    return {place or usual[0]: place for place in identity.repository_places}


def format_discinfo(identity: ReleaseIdentity) -> str:
    """Return .discinfo: stamp, description, architecture, discs."""
    return f"{_media_stamp(identity)}\n{identity.product} {identity.display}\n{identity.arch}\nALL\n"


def format_media_repo(identity: ReleaseIdentity) -> str:
    """Return media.repo, by which yum on the installed system knows the medium again.

    yum finds a medium by its mediaid, dnf does not: it wants the address of each repository, where people mount a
    medium.
    """
    name, places = f"{identity.product} {identity.display}", identity.repository_places
    if identity.built_on.repositories == ("",):
        return _media_section("InstallMedia", name, identity)
    return "\n".join(
        _media_section(
            f"InstallMedia-{place}" if place else "InstallMedia",
            f"{name} - {place}" if place else name,
            identity,
            f"baseurl=file://{MOUNTED}/{repository_path(place, '')}\n",
        )
        for place in places
    )


def _media_section(section: str, name: str, identity: ReleaseIdentity, more: str = "") -> str:
    return (
        f"[{section}]\nname={name}\nmediaid={_media_stamp(identity)}\nmetadata_expire=-1\ngpgcheck=0\ncost=500\n{more}"
    )


def _media_stamp(identity: ReleaseIdentity) -> str:
    """Return what ties .discinfo, media.repo and the installed system to one medium."""
    return f"{identity.epoch}.000000"
