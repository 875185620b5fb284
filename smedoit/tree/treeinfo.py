# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of .treeinfo, .discinfo and media.repo."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from smedoit.config.identity import ReleaseIdentity
from smedoit.medium_paths import EFI_IMAGE, INITRD, KERNEL, NETINSTALL_IMAGE, OVERLAYS, REPOMD, STAGE2

IMAGES = {
    "kernel": KERNEL,
    "initrd": INITRD,
    "boot.iso": NETINSTALL_IMAGE,
    "efiboot.img": EFI_IMAGE,
}
# No checksum for boot.iso: as on CentOS's own DVD it is in the tree and listed, but not on the medium.
CHECKSUMMED = (
    KERNEL,
    INITRD,
    EFI_IMAGE,
    *OVERLAYS,
    STAGE2,
    REPOMD,
)


def format_treeinfo(identity: ReleaseIdentity, digests: Mapping[str, str], *, has_packages: bool = True) -> str:
    """Return .treeinfo as productmd 1.2 writes it, which dracut and CentOS 7's anaconda read as well.

    digests       path on the medium -> SHA-256, for every one of CHECKSUMMED that is there
    has_packages  whether it is that of a tree or DVD; the network install medium has none, and is no image in itself

    The version stays without its label: productmd takes digits and dots only.
    """
    from productmd.treeinfo import TreeInfo, Variant

    info = TreeInfo()
    info.release.name, info.release.short, info.release.version = identity.product, identity.short, identity.version
    info.tree.arch, info.tree.build_timestamp = identity.arch, identity.epoch
    info.tree.platforms.update({identity.arch, "xen"})
    variant = Variant(info)
    variant.id = variant.uid = variant.name = re.sub(r"[^A-Za-z0-9]", "", identity.short)
    variant.type = "variant"
    if has_packages:
        variant.paths.packages, variant.paths.repository = "Packages", "."
    info.variants.add(variant)
    images = {
        name: path for name, path in IMAGES.items() if path in digests or (has_packages and path == NETINSTALL_IMAGE)
    }
    info.images.images = {
        identity.arch: images,
        "xen": {name: images[name] for name in ("kernel", "initrd") if name in images},
    }
    info.stage2.mainimage = STAGE2
    for path, digest in sorted(digests.items()):
        info.checksums.checksums[path] = ("sha256", digest)
    text = io.StringIO()
    info.dump(text)
    return text.getvalue()


def format_discinfo(identity: ReleaseIdentity) -> str:
    """Return .discinfo: stamp, description, architecture, discs."""
    return f"{_media_stamp(identity)}\n{identity.product} {identity.display}\n{identity.arch}\nALL\n"


def format_media_repo(identity: ReleaseIdentity) -> str:
    """Return media.repo, by which yum on the installed system knows the medium again."""
    return (
        f"[InstallMedia]\nname={identity.product} {identity.display}\nmediaid={_media_stamp(identity)}\n"
        "metadata_expire=-1\ngpgcheck=0\ncost=500\n"
    )


def _media_stamp(identity: ReleaseIdentity) -> str:
    """Return what ties .discinfo, media.repo and the installed system to one medium."""
    return f"{identity.epoch}.000000"
