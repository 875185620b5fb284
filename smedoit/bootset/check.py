# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot files of the tree, wherever they came from: whole, and all of one kernel."""

from __future__ import annotations

from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import find_dist_tag
from smedoit.bootset import kernels, squashfs
from smedoit.bootset.base_fit import find_base_faults, other_base_hint, read_treeinfo_text
from smedoit.bootset.kernels import DamagedImageError, KernelVersionError, NoModulesError
from smedoit.bootset.pins import single_kernel_version
from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.medium_paths import INITRD, KERNEL
from smedoit.runtime.files import remove_partial_files

DAMAGED, FOREIGN = "not what they should be", "of another base"


def check_boot_files(root: Path, base: Base, treeinfo: Path) -> str:
    """Return which kernel the boot files below root are made for, and what could not be told.

    treeinfo  what the boot set says of itself, if it does

    Raises ContentError with all that is damaged or cut short, for files of another base, and of different kernels.
    """
    remove_partial_files((root / base.stage2).parent)  # a kill leaves what was unpacked of stage 2
    findings, found, silent = Findings(), dict[str, set[str]](), list[str]()
    for path, read in kernels.kernel_readers(base).items():
        try:
            if path == base.stage2 and (missing := _stage2_fault(root / path, base, silent)):
                raise DamagedImageError(missing)
            found[path] = read(root / path)
        except DamagedImageError as fault:
            findings.add(DAMAGED, f"{path} {fault}")
        except NoModulesError as fault:
            if path == INITRD or any(find_dist_tag(version) for version in found.get(KERNEL, ())):
                findings.add(DAMAGED, f"{path} {fault}, and the installer finds no drivers")
            else:
                silent.append(f"{path} {fault}")
        except KernelVersionError as reason:
            silent.append(f"{path} {reason}")
    foreign = find_base_faults(base, found.get(KERNEL, ()), read_treeinfo_text(treeinfo))
    for words in foreign:
        findings.add(FOREIGN, words)
    if findings.found:
        raise ContentError(
            f"{root}: the installer would not start\n{format_grouped(findings.found)}",
            hint=other_base_hint(base)
            if foreign
            else "take these files afresh from the upstream release, or run doit boot_set",
        )
    kernel = single_kernel_version(found)
    names = ", ".join(Path(path).name for path in found)
    said = f"kernel {kernel} in {names}" if kernel else "no file names its kernel version"
    return "\n  ".join([said, *silent])


def _stage2_fault(path: Path, base: Base, silent: list[str]) -> str:
    """Return why dracut would not find what it looks for in stage 2, "" if it does, or if that cannot be told."""
    try:
        return squashfs.runtime_fault(path, base)
    except squashfs.UnknownPackingError as packing:
        try:
            return kernels.listed_root_fault(path, base)
        except KernelVersionError as reason:
            silent.append(f"{base.stage2} is packed with {packing}, so it was not looked into ({reason})")
            return ""
