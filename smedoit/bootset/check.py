# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot files of the tree, wherever they came from: whole, and all of one kernel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from smedoit.bootset import squashfs
from smedoit.bootset.fetch import READERS
from smedoit.bootset.kernels import DamagedImageError, KernelVersionError
from smedoit.bootset.pins import single_kernel_version
from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.medium_paths import KERNEL, STAGE2

FLAT_FROM = 5  # major version of the kernel of EL 9, whose dracut takes a stage 2 without LiveOS/rootfs.img
DAMAGED = "not what they should be"


def check_boot_files(root: Path) -> str:
    """Return which kernel the boot files below root are made for, and what could not be told.

    Raises ContentError with all that is damaged or cut short, and for files of different kernels.
    """
    findings, found, silent = Findings(), dict[str, set[str]](), list[str]()
    for path, read in READERS.items():
        try:
            found[path] = read(root / path)
        except DamagedImageError as fault:
            findings.add(DAMAGED, f"{path} {fault}")
        except KernelVersionError as reason:
            silent.append(f"{path} {reason}")
    _check_stage2(root / STAGE2, found, findings, silent)
    if findings.found:
        raise ContentError(
            f"{root}: the installer would not start\n{format_grouped(findings.found)}",
            hint="take these files afresh from the upstream release, or run doit boot_set",
        )
    kernel = single_kernel_version(found)
    words = ", ".join(Path(path).name for path in found)
    said = f"kernel {kernel} in {words}" if kernel else "no file names its kernel version"
    return "\n  ".join([said, *silent])


def _check_stage2(path: Path, found: Mapping[str, set[str]], findings: Findings, silent: list[str]) -> None:
    """Stage 2 has what dracut looks for in it."""
    majors = [int(version.partition(".")[0]) for version in found.get(KERNEL, ()) if version[:1].isdigit()]
    try:
        fault = squashfs.runtime_fault(path, flat=max(majors, default=0) >= FLAT_FROM)
    except squashfs.UnknownPackingError as packing:
        silent.append(f"{STAGE2} is packed with {packing}, so it was not looked into")
        return
    told = [text for texts in findings.found.values() for text in texts]
    if fault and not any(text.startswith(STAGE2) for text in told):
        findings.add(DAMAGED, f"{STAGE2} {fault}")
