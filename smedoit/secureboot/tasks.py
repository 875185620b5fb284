# SPDX-License-Identifier: GPL-3.0-or-later
"""The task of Secure Boot."""

from __future__ import annotations

from smedoit.bases.enterprise_linux import UEFI
from smedoit.config.release import Release
from smedoit.engine.task import Task, release_config
from smedoit.medium_paths import EFI_IMAGE, KERNEL
from smedoit.runtime.filesets import FileSet


def secure_boot(rel: Release) -> Task:
    """Who signed what firmware starts, and whether the chain holds."""
    boots = UEFI in rel.release.firmware

    def run() -> object:
        from smedoit.secureboot.check import check_secure_boot

        return check_secure_boot(rel.tree) if boots else "no chain, as [release] firmware has no uefi"

    return Task(
        name="secure_boot",
        run=run,
        inputs=[*([FileSet(rel.tree, ("EFI/*", EFI_IMAGE, KERNEL))] if boots else [])],
        config=release_config(rel, "firmware"),
        after=["tree", "grub"],
    )
