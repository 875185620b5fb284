# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot files of the tree, wherever they came from: whole, and all of one kernel."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from smedoit.bootset import squashfs
from smedoit.bootset.fetch import READERS
from smedoit.bootset.kernels import DamagedImageError, KernelVersionError, NoModulesError
from smedoit.bootset.pins import single_kernel_version
from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.medium_paths import INITRD, KERNEL, STAGE2
from smedoit.runtime import foreign
from smedoit.runtime.files import remove_partial_files

FLAT_FROM = 5  # major version of the kernel of EL 9, whose dracut takes a stage 2 without LiveOS/rootfs.img
RED_HAT = re.compile(r"\.el\d")  # in the version of a kernel whose stage 2 has the modules as well
DAMAGED = "not what they should be"


def check_boot_files(root: Path) -> str:
    """Return which kernel the boot files below root are made for, and what could not be told.

    Raises ContentError with all that is damaged or cut short, and for files of different kernels.
    """
    remove_partial_files((root / STAGE2).parent)  # a kill leaves what was unpacked of stage 2
    findings, found, silent = Findings(), dict[str, set[str]](), list[str]()
    for path, read in READERS.items():
        try:
            if path == STAGE2 and (missing := _stage2_fault(root / path, found.get(KERNEL, set()), silent)):
                raise DamagedImageError(missing)
            found[path] = read(root / path)
        except DamagedImageError as fault:
            findings.add(DAMAGED, f"{path} {fault}")
        except NoModulesError as fault:
            if path == INITRD or any(RED_HAT.search(version) for version in found.get(KERNEL, ())):
                findings.add(DAMAGED, f"{path} {fault}, and the installer finds no drivers")
            else:
                silent.append(f"{path} {fault}")
        except KernelVersionError as reason:
            silent.append(f"{path} {reason}")
    if findings.found:
        raise ContentError(
            f"{root}: the installer would not start\n{format_grouped(findings.found)}",
            hint="take these files afresh from the upstream release, or run doit boot_set",
        )
    kernel = single_kernel_version(found)
    words = ", ".join(Path(path).name for path in found)
    said = f"kernel {kernel} in {words}" if kernel else "no file names its kernel version"
    return "\n  ".join([said, *silent])


def _stage2_fault(path: Path, kernel: Iterable[str], silent: list[str]) -> str:
    """Return why dracut would not find what it looks for in stage 2, "" if it does, or if that cannot be told."""
    majors = [foreign.parse_decimal(version.partition(".")[0]) or 0 for version in kernel]
    try:
        return squashfs.runtime_fault(path, flat=max(majors, default=0) >= FLAT_FROM)
    except squashfs.UnknownPackingError as packing:
        silent.append(f"{STAGE2} is packed with {packing}, so it was not looked into")
        return ""
