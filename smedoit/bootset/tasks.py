# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot set: fetched as it is pinned, and pinned."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, release_config
from smedoit.medium_paths import INITRD, KERNEL, STAGE2, TREEINFO
from smedoit.runtime.files import recover_directory
from smedoit.runtime.filesets import FileSet

BOOT_SET = ("isolinux/*", "images/*", "EFI/*", "LiveOS/*", TREEINFO)


def recover_boot_set(rel: Release) -> str:
    """Bring back the boot set if a kill interrupted its replacement, before anybody reads it; return a line."""
    return recover_directory(rel.boot_set.path)


def boot_set(rel: Release) -> Task:
    """The boot set, as it is pinned."""
    boot, downloads = rel.boot_set, rel.cache / "fetched/boot_set.json"

    def run() -> object:
        from smedoit.bootset.fetch import fetch_boot_set
        from smedoit.bootset.pins import PinFile

        return fetch_boot_set(
            boot=boot,
            pins=PinFile(rel.pins, rel.release.firmware),
            network=rel.network,
            downloads=downloads,
            fact_cache=rel.fact_cache,
        )

    return Task(
        name="boot_set",
        run=run,
        inputs=[
            *([rel.pins] if boot.is_managed else []),
            *([] if boot.is_fetched else [FileSet(boot.path, BOOT_SET, content=False)]),
        ],
        config={
            "[boot_set] path": str(boot.path),
            "[boot_set] source": boot.source,
            "[boot_set] iso": boot.iso,
            **release_config(rel, "firmware"),
        },
        outputs=[*([FileSet(boot.path, content=False)] if boot.is_fetched else [])],
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )


def pin_boot_set(rel: Release) -> Task:
    """The pins of the boot set."""
    downloads = rel.cache / "fetched/boot_set.json"

    def run() -> object:
        from smedoit.bootset.pin import update_boot_pins
        from smedoit.bootset.pins import PinFile

        return update_boot_pins(
            boot=rel.boot_set,
            pins=PinFile(rel.pins, rel.release.firmware),
            trusted=rel.keys,
            network=rel.network,
            downloads=downloads,
            fact_cache=rel.fact_cache,
        )

    return Task(
        name="pin_boot_set",
        run=run,
        always=True,
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )


def check_boot_set(rel: Release) -> Task:
    """Whether kernel, initrd and stage 2 are whole, and of one kernel."""
    root = rel.tree

    def run() -> object:
        from smedoit.bootset.check import check_boot_files

        return check_boot_files(root)

    return Task(
        name="check_boot_set",
        run=run,
        inputs=[root / name for name in (KERNEL, INITRD, STAGE2)],
        after=["tree"],
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )
