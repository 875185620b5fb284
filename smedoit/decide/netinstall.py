"""The network install medium: what of the tree is on it, and boot menus that say where it installs from."""

from __future__ import annotations

import re

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
