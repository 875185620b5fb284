# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot set: fetched as it is pinned, and pinned."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, release_config
from smedoit.medium_paths import INITRD, KERNEL, TREEINFO
from smedoit.runtime.files import recover_directory
from smedoit.runtime.filesets import FileSet


def recover_boot_set(rel: Release) -> str:
    """Bring back the boot set if a kill interrupted its replacement, before anybody reads it; return a line."""
    return recover_directory(rel.boot_set.path)


def boot_set(rel: Release) -> Task:
    """The boot set, as it is pinned."""
    boot, base, downloads = rel.boot_set, rel.release.built_on, rel.cache / "fetched/boot_set.json"

    def run() -> object:
        from smedoit.bootset.fetch import fetch_boot_set
        from smedoit.bootset.pins import PinFile

        return fetch_boot_set(
            boot=boot,
            pins=PinFile(rel.pins, rel.release.built_on, rel.release.firmware),
            network=rel.network,
            downloads=downloads,
            fact_cache=rel.fact_cache,
        )

    return Task(
        name="boot_set",
        run=run,
        inputs=[
            *([rel.pins] if boot.is_managed else []),
            *([] if boot.is_fetched else [FileSet(boot.path, (*base.boot_files, TREEINFO), content=False)]),
        ],
        config={
            "[boot_set] path": str(boot.path),
            "[boot_set] source": boot.source,
            "[boot_set] iso": boot.iso,
            **release_config(rel, "firmware", "base"),
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
            pins=PinFile(rel.pins, rel.release.built_on, rel.release.firmware),
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
    """Whether kernel, initrd and stage 2 are whole, of one kernel, and of the release's base."""
    root, base, boot_set_root = rel.tree, rel.release.built_on, rel.boot_set.path

    def run() -> object:
        from smedoit.bootset.check import check_boot_files

        return check_boot_files(root, base, boot_set_root / TREEINFO)

    return Task(
        name="check_boot_set",
        run=run,
        inputs=[
            *(root / name for name in (KERNEL, INITRD, base.stage2)),
            FileSet(boot_set_root, (TREEINFO,)),
        ],
        config=release_config(rel, "base"),
        after=["tree"],
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )
