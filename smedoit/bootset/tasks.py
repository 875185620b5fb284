"""The boot set: fetched as it is pinned, and pinned."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task
from smedoit.runtime.filesets import FileSet

BOOT_SET = ("isolinux/*", "images/*", "EFI/*", "LiveOS/*", ".treeinfo")


def boot_set(rel: Release) -> Task:
    """The boot set, as it is pinned."""
    boot, memory, known = rel.boot_set, rel.cache / "fetched/boot_set.json", rel.memories.digests
    return define_task(
        rel,
        "boot_set",
        "bootset.fetch.fetch_boot_set",
        *(boot, rel.pins, rel.network, memory, known),
        file_dep=[rel.pins] if boot.is_managed else [],
        reads=[] if boot.is_fetched else [FileSet(boot.path, BOOT_SET, content=False)],
        told={"[boot_set] path": str(boot.path), "[boot_set] source": boot.source, "[boot_set] iso": boot.iso},
        writes=[FileSet(boot.path, content=False)] if boot.is_fetched else [],
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )


def pin_boot_set(rel: Release) -> Task:
    """The pins of the boot set."""
    memory, known = rel.cache / "fetched/boot_set.json", rel.memories.digests
    return define_task(
        rel,
        "pin_boot_set",
        "bootset.pin.update_boot_pins",
        *(rel.boot_set, rel.pins, rel.keys, rel.network, memory, known),
        always=True,
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )
