# SPDX-License-Identifier: GPL-3.0-or-later
"""The task of Secure Boot."""

from __future__ import annotations

from smedoit.bases.enterprise_linux import UEFI
from smedoit.config.release import Release
from smedoit.engine.task import Option, Task
from smedoit.medium_paths import EFI_IMAGE, KERNEL
from smedoit.runtime.filesets import FileSet


def secure_boot(rel: Release) -> Task:
    """Who signed what firmware starts, whether the chain holds, and a machine that goes by it."""
    boots = UEFI in rel.release.firmware

    def run(signatures: bool) -> object:
        from smedoit.boottest.boot import run_secure_boot
        from smedoit.secureboot.check import check_secure_boot

        if not boots:
            return "no chain, as [release] firmware has no uefi"
        said = check_secure_boot(rel.tree)
        if signatures:
            return said
        return f"{said}\n  {run_secure_boot(rel.iso, rel.boot_test, rel.logs / 'boot')}"

    return Task(
        name="secure_boot",
        run=run,
        inputs=[FileSet(rel.tree, ("EFI/*", EFI_IMAGE, KERNEL)), rel.iso],
        after=["tree", "grub", "iso"],
        always=True,
        options=[Option("signatures", "look at the signatures alone, and start no machine", default=False)],
    )
