# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layer each file of a medium came from, by its path; what a medium lacks; which base it is built on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from enum import Enum

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, Base
from smedoit.bases.known import BASES, USUAL, dist_words, find_dist_tag
from smedoit.bootset.base_fit import read_upstream_release
from smedoit.importing.facts import parse_ini_text
from smedoit.keys import key_files
from smedoit.medium_paths import (
    COMPS,
    EFI_IMAGE,
    GRUB_CFG,
    INITRD,
    KERNEL,
    NETINSTALL_IMAGE,
    OVERLAYS,
    REPODATA,
    REPOVIEW,
    below_repositories,
    repository_path,
)
from smedoit.runtime.files import VCS_DIRECTORIES, VCS_FILES
from smedoit.runtime.filesets import matches_patterns
from smedoit.tree.tasks import MKISOFS_FILES, SOURCES_ONLY, TREE_METADATA

EDITED = ("*.cfg", "*.msg", "*.txt", "*.png", "*.jpg", "*.lss")  # of the boot files: what people edit, so content
PACKED = r"(?:\.(?:gz|xz|bz2|zst))?"  # what repodata may be packed with
PASSED_OVER = "version control keeps it beside the files, and doit passes over it"
UNNAMED = "nothing says which: no package, .treeinfo or kernel"
LATER = {"BaseOS", "AppStream"}  # directories of a base that came after EL 7
KNOWN = f"worlds can be made of {', '.join(base.words for base in BASES.values())}"


class Layer(Enum):
    """What becomes of a file."""

    PACKAGE, BOOT, CONTENT, BOTH, KEY, OVERLAY, NETINSTALL, MADE, LEFT = range(9)


def find_layer(name: str, base: Base = USUAL) -> tuple[Layer, str]:
    """Return what becomes of a file of a medium; for what is made anew the task, for what is left the reason."""
    made = {"*boot.cat": "doit iso"}  # anew, by a task
    for place in {"", *base.repositories}:
        made |= {
            repository_path(place, f"{REPODATA}/*"): "doit repodata",
            repository_path(place, REPOVIEW): "doit repoview",
        }
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
    if task := next((task for pattern, task in made.items() if matches_patterns(name, (pattern,))), ""):
        return Layer.MADE, task
    if matches_patterns(name, MKISOFS_FILES):
        return Layer.LEFT, "mkisofs leaves it on every medium, doit iso writes none"
    if key_files.is_key_name(name):
        return Layer.KEY, ""
    if name == COMPS:
        return Layer.CONTENT, ""
    if matches_patterns(name, base.boot_files):
        return (Layer.BOTH if matches_patterns(name, EDITED) else Layer.BOOT), ""
    if matches_patterns(name, SOURCES_ONLY):
        return Layer.LEFT, f"no layer makes it: {name.partition('/')[0]}/ of the content tree never gets into a tree"
    if matches_patterns(name, below_repositories((place for place in base.repositories if place), "*")):
        return Layer.LEFT, "no layer makes it: repositories of the medium hold packages and what describes them"
    return Layer.CONTENT, ""


def is_passed_over(name: str) -> bool:
    """Return whether a file belongs to version control, which no layer has."""
    parts = name.split("/")
    return parts[-1] in VCS_FILES or any(part in VCS_DIRECTORIES for part in parts[:-1])


def _firmware_marks(base: Base) -> dict[str, tuple[str, str]]:
    """Return what is for one firmware alone."""
    return {kind: (base.boots[kind].image, base.boots[kind].menu) for kind in ALL_FIRMWARE}


def list_firmware(names: Collection[str], base: Base = USUAL) -> tuple[str, ...]:
    """Return what a medium starts from: what it has any boot file for, so that a lost one is told; else both."""
    marks = _firmware_marks(base)
    return tuple(kind for kind in marks if any(name in names for name in marks[kind])) or ALL_FIRMWARE


def list_missing_parts(
    names: Collection[str], packages: int, installs_from: Collection[str], base: Base = USUAL
) -> dict[str, list[str]]:
    """Return what a medium lacks to be one, reason -> words.

    packages       how many it has
    installs_from  the addresses that its boot menus name, where the packages may be instead
    """
    firmware = list_firmware(names, base)
    unused = [name for kind, marks in _firmware_marks(base).items() if kind not in firmware for name in marks]
    parts = {
        base.bios.image: "the boot loader for BIOS",
        base.bios.menu: "the boot menu for BIOS",
        GRUB_CFG: "the boot menu for UEFI",
        EFI_IMAGE: "what UEFI starts from CD",
        KERNEL: "the kernel",
        INITRD: "the initial RAM disk",
        base.stage2: "the installer's stage 2",
    }
    lacking = {"it has no": [f"{path}, {what}" for path, what in parts.items() if path not in {*names, *unused}]}
    if not packages and not installs_from:
        lacking["it has no"].append("packages")
    if packages and not any(is_comps_name(name) for name in names):
        lacking["it has no"].append(f"{COMPS}, the groups that can be chosen")
    return {reason: words for reason, words in lacking.items() if words}


def is_comps_name(name: str) -> bool:
    """Return whether a file of a medium is called as comps is, in the tree or in its repodata."""
    return name == COMPS or bool(re.fullmatch(rf"(?:BaseOS/)?repodata/[^/]*comps[^/]*\.xml{PACKED}", name))


def find_module_metadata(names: Iterable[str]) -> str:
    """Return the file that has the module metadata of a medium, "" if none has."""
    called = re.compile(rf"(?:[^/]+/)?repodata/[^/]*modules[^/]*\.yaml{PACKED}")
    return next(filter(called.fullmatch, names), "")


def choose_comps(names: Iterable[str]) -> str:
    """Return the file that holds comps, "" if none does: the tree's own, else a plain one, else a packed one."""
    found = [name for name in names if is_comps_name(name)]
    return min(found, key=lambda name: (name != COMPS, not name.endswith(".xml"), name), default="")


def detect_base(names: Collection[str], treeinfo: str, releases: Iterable[str]) -> Base | str:
    """Return the base that a medium is built on, or in words what it is built on instead, and what says so.

    releases  of its packages

    The version of a product is no help: SME Server 10 is built on Enterprise Linux 7.
    """
    dists = Counter(filter(None, map(find_dist_tag, releases)))
    if dists:
        most = max(dists, key=lambda tag: (dists[tag], tag == USUAL.name))
        return BASES.get(most, f"{dist_words(most)} ({dists[most]} of its packages say .{most})")
    _, tag = read_upstream_release(treeinfo)
    if tag:
        return BASES.get(tag, f"{dist_words(tag)} (its .treeinfo says so)")
    info = parse_ini_text(treeinfo)
    stage2 = info.get("stage2", {}).get("mainimage", "") or next(
        (base.stage2 for base in BASES.values() if base.stage2 in names), ""
    )
    if not stage2 and not LATER & {name.partition("/")[0] for name in names}:
        return USUAL
    fitting = [base for base in BASES.values() if base.stage2 == stage2 and base.bios.image in names]
    if len(fitting) == 1 or (fitting and stage2 == USUAL.stage2):
        return fitting[0]
    if stage2 == USUAL.stage2:
        return USUAL
    return f"an Enterprise Linux later than {USUAL.name.removeprefix('el')}, and {UNNAMED}"
