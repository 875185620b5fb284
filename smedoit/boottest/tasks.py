"""Media in the emulator: the boot test, and the quick look at the boot menu."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task
from smedoit.runtime.filesets import FileSet


def bootable_media_tasks(rel: Release) -> list[str]:
    """Return the tasks that make a medium to boot; without a mirror nobody can make the one that installs from it."""
    return ["iso", *(["netinstall"] if rel.mirrors.urls or "{mirror}" not in rel.netinstall.url else [])]


def boot_test(rel: Release) -> Task:
    """Every bootable medium, booted every way."""
    args = (rel.isos, rel.release, rel.boot_test, rel.logs / "boot")
    reads = [FileSet(rel.isos, (f"{rel.release.arch}/{rel.release.name}-{rel.release.full}-*.iso",), content=False)]
    waits, wiki = bootable_media_tasks(rel), "Where are My F... ISO"
    return define_task(
        rel, "boot_test", "boottest.boot.run_boot_tests", *args, reads=reads, after=waits, always=True, wiki=wiki
    )


def preview(rel: Release) -> Task:
    """The boot menu as a picture."""
    firmware = {"name": "firmware", "short": "f", "long": "firmware", "default": "bios", "type": str,
                "choices": (("bios", ""), ("uefi", "")), "help": "whose boot menu"}  # fmt: skip
    return define_task(
        rel,
        "preview",
        "boottest.boot.preview_boot_menu",
        *(rel.release, rel.tree, rel.logs / "boot"),
        after=["tree", "isolinux", "grub"],
        always=True,
        params=[firmware],
        wiki="Bump version in the splash screen",
    )
