"""tasks"""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, step
from smedoit.runtime.filesets import Files

BOOT_SET = ("isolinux/*", "images/*", "EFI/*", "LiveOS/*", ".treeinfo")


def boot_set(rel: Release) -> Task:
    """The boot set, as it is pinned."""
    boot, memory, known = rel.boot_set, rel.cache / "fetched/boot_set.json", rel.cache / "digests.json"
    return step(
        rel,
        "boot_set",
        "bootset.fetch.fetch",
        *(boot, rel.pins, rel.network, memory, known),
        file_dep=[rel.pins] if boot.is_managed else [],
        reads=[] if boot.is_fetched else [Files(boot.path, BOOT_SET, content=False)],
        told={"[boot_set] path": str(boot.path), "[boot_set] source": boot.source, "[boot_set] iso": boot.iso},
        writes=[Files(boot.path, content=False)] if boot.is_fetched else [],
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )


def pin_boot_set(rel: Release) -> Task:
    """The pins of the boot set."""
    memory, known = rel.cache / "fetched/boot_set.json", rel.cache / "digests.json"
    return step(
        rel,
        "pin_boot_set",
        "bootset.pin.pin",
        *(rel.boot_set, rel.pins, rel.keys, rel.network, memory, known),
        always=True,
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )
