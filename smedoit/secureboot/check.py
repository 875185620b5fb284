# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit secure_boot`: the EFI binaries of the tree, and those inside efiboot.img, held against what firmware trusts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from smedoit.errors import CheckError, format_count, format_grouped
from smedoit.fat.volume import FatVolume
from smedoit.medium_paths import EFI_IMAGE, KERNEL
from smedoit.runtime.files import read_file_bytes, walk_files
from smedoit.secureboot.chain import ChainReport, judge_chain, list_efi_names
from smedoit.secureboot.shim import Shim

LOADER = "EFI/BOOT/BOOTX64.EFI"  # that firmware starts from a removable medium


def check_secure_boot(tree_root: Path) -> str:
    """Return who signed each EFI binary of the medium, and below whom.

    Raises CheckError for a chain that is broken.
    """
    report = ChainReport()
    names = [f"EFI/{name}" for name, _ in walk_files(tree_root / "EFI")] if (tree_root / "EFI").is_dir() else []
    shim = _judge_place("", names, lambda name: read_file_bytes(tree_root / name), report)
    inner = FatVolume.read(tree_root / EFI_IMAGE)
    inside = _judge_place(
        f"in {EFI_IMAGE}: ", list(inner.files()), lambda name: inner.content(inner.find(name)), report
    )
    kernel = {KERNEL: read_file_bytes(tree_root / KERNEL)}
    judge_chain("", [KERNEL], kernel, report, inside or shim)
    said = "\n".join(f"  {line}" for line in [*report.lines, *dict.fromkeys(report.remarks)])
    if report.findings.found:
        raise CheckError(
            f"{tree_root}: machines with Secure Boot do not start it\n{format_grouped(report.findings.found)}\n"
            f"  what there is:\n{said}",
            hint="take shim, GRUB and the kernel of one release of the distribution, as they are signed",
        )
    return f"{format_count(len(report.lines), 'EFI binary', 'EFI binaries')}, each trusted by what starts it\n{said}"


def _judge_place(prefix: str, names: Sequence[str], read: Callable[[str], bytes], report: ChainReport) -> Shim | None:
    """Judge what lies in one place where firmware looks; return its shim."""
    binaries = list(list_efi_names(names))
    loader = next((name for name in binaries if name.upper() == LOADER), None)
    if loader is None:
        report.findings.add("not there", f"{prefix}{LOADER}")
        return None
    contents = {f"{prefix}{name}": read(name) for name in binaries}
    others = [f"{prefix}{name}" for name in binaries if name != loader]
    return judge_chain(f"{prefix}{loader}", others, contents, report)
