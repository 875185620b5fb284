# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layer each file of a medium came from, by its path; what a medium lacks; which base it is built on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from enum import Enum

from smedoit.bases.enterprise_linux import ALL_FIRMWARE
from smedoit.importing.facts import parse_ini_text
from smedoit.keys import key_files
from smedoit.medium_paths import (
    BIOS_IMAGE,
    BIOS_MENU,
    BOOT_FILES,
    BOOT_IMAGES,
    BOOT_MENUS,
    COMPS,
    EFI_IMAGE,
    GRUB_CFG,
    INITRD,
    KERNEL,
    NETINSTALL_IMAGE,
    OVERLAYS,
    STAGE2,
)
from smedoit.runtime.files import VCS_DIRECTORIES, VCS_FILES
from smedoit.runtime.filesets import matches_patterns
from smedoit.tree.tasks import MKISOFS_FILES, SOURCES_ONLY, TREE_METADATA

BASE = 7  # the Enterprise Linux that worlds are made of
DIST = re.compile(r"\.el(\d+)(?:[._]|$)")
EDITED = ("*.cfg", "*.msg", "*.txt", "*.png", "*.jpg", "*.lss")  # of the boot files: what people edit, so content
BOOT = {
    BIOS_IMAGE: "the boot loader for BIOS",
    BIOS_MENU: "the boot menu for BIOS",
    GRUB_CFG: "the boot menu for UEFI",
    EFI_IMAGE: "what UEFI starts from CD",
    KERNEL: "the kernel",
    INITRD: "the initial RAM disk",
    STAGE2: "the installer's stage 2",
}
MARKS = {kind: (BOOT_IMAGES[kind], BOOT_MENUS[kind]) for kind in ALL_FIRMWARE}  # what is for one firmware alone
MADE = {"*boot.cat": "doit iso", "repodata/*": "doit repodata", "repoview/*": "doit repoview"}  # anew, by a task
PASSED_OVER = "version control keeps it beside the files, and doit passes over it"
LATER = {"BaseOS", "AppStream"}  # directories of a base that came after EL 7


class Layer(Enum):
    """What becomes of a file."""

    PACKAGE, BOOT, CONTENT, BOTH, KEY, OVERLAY, NETINSTALL, MADE, LEFT = range(9)


def find_layer(name: str) -> tuple[Layer, str]:
    """Return what becomes of a file of a medium; for what is made anew the task, for what is left the reason."""
    if is_passed_over(name):
        return Layer.LEFT, PASSED_OVER
    if name.endswith(".rpm"):
        return Layer.PACKAGE, ""
    if name in OVERLAYS:
        return Layer.OVERLAY, ""
    if name == NETINSTALL_IMAGE:
        return Layer.NETINSTALL, ""
    if name in TREE_METADATA:
        return Layer.MADE, "doit treeinfo"
    if task := next((task for pattern, task in MADE.items() if matches_patterns(name, (pattern,))), ""):
        return Layer.MADE, task
    if matches_patterns(name, MKISOFS_FILES):
        return Layer.LEFT, "mkisofs leaves it on every medium, doit iso writes none"
    if key_files.is_key_name(name):
        return Layer.KEY, ""
    if name == COMPS:
        return Layer.CONTENT, ""
    if matches_patterns(name, BOOT_FILES):
        return (Layer.BOTH if matches_patterns(name, EDITED) else Layer.BOOT), ""
    if matches_patterns(name, SOURCES_ONLY):
        return Layer.LEFT, f"no layer makes it: {name.partition('/')[0]}/ of the content tree never gets into a tree"
    return Layer.CONTENT, ""


def is_passed_over(name: str) -> bool:
    """Return whether a file belongs to version control, which no layer has."""
    parts = name.split("/")
    return parts[-1] in VCS_FILES or any(part in VCS_DIRECTORIES for part in parts[:-1])


def list_firmware(names: Collection[str]) -> tuple[str, ...]:
    """Return what a medium starts from: what it has any boot file for, so that a lost one is told; else both."""
    return tuple(kind for kind, marks in MARKS.items() if any(name in names for name in marks)) or ALL_FIRMWARE


def list_missing_parts(names: Collection[str], packages: int, installs_from: Collection[str]) -> dict[str, list[str]]:
    """Return what a medium lacks to be one, reason -> words.

    packages       how many it has
    installs_from  the addresses that its boot menus name, where the packages may be instead
    """
    firmware = list_firmware(names)
    unused = [name for kind, marks in MARKS.items() if kind not in firmware for name in marks]
    lacking = {"it has no": [f"{path}, {what}" for path, what in BOOT.items() if path not in {*names, *unused}]}
    if not packages and not installs_from:
        lacking["it has no"].append("packages")
    if packages and not any(is_comps_name(name) for name in names):
        lacking["it has no"].append(f"{COMPS}, the groups that can be chosen")
    return {reason: words for reason, words in lacking.items() if words}


def is_comps_name(name: str) -> bool:
    """Return whether a file of a medium is called as comps is, in the tree or in its repodata."""
    return name == COMPS or bool(re.fullmatch(r"repodata/[^/]*comps[^/]*\.xml(\.gz)?", name))


def choose_comps(names: Iterable[str]) -> str:
    """Return the file that holds comps, "" if none does: the tree's own, else a plain one, else a packed one."""
    found = [name for name in names if is_comps_name(name)]
    return min(found, key=lambda name: (name != COMPS, name.endswith(".gz"), name), default="")


def find_other_base(names: Collection[str], treeinfo: str, releases: Iterable[str]) -> str:
    """Return which Enterprise Linux other than 7 a medium is built on, and what says so; "" if it is 7 or unknown.

    releases  of its packages

    The version of a product is no help: SME Server 10 is built on Enterprise Linux 7.
    """
    info = parse_ini_text(treeinfo)
    stage2, tree = info.get("stage2", {}).get("mainimage", ""), info.get("tree", {})
    dists = Counter(int(number) for release in releases for number in DIST.findall(release)[:1] if len(number) < 4)
    if dists:
        most = max(dists, key=lambda number: (dists[number], number == BASE))
        return f"Enterprise Linux {most} ({dists[most]} of its packages say .el{most})" if most != BASE else ""
    if LATER & {variant.strip() for variant in tree.get("variants", "").split(",")} or any(
        name.partition("/")[0] in LATER for name in names
    ):
        return f"an Enterprise Linux later than {BASE} (it has {' and '.join(sorted(LATER))})"
    if stage2 and stage2 != STAGE2:
        return f"another Enterprise Linux (its stage 2 is {stage2})"
    return ""
