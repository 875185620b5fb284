# SPDX-License-Identifier: GPL-3.0-or-later
"""Media in the emulator: the boot test, and the quick look at the boot menu."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Option, Task
from smedoit.runtime.filesets import FileSet


def bootable_media_tasks(rel: Release) -> list[str]:
    """Return the tasks that make a medium to boot; without a mirror nobody can make the one that installs from it."""
    return ["iso", *(["netinstall"] if rel.release_urls.urls or "{mirror}" not in rel.netinstall.url else [])]


def boot_test(rel: Release) -> Task:
    """Every bootable medium, booted every way."""
    media = [FileSet(rel.isos, (f"{rel.release.arch}/{rel.release.name}-{rel.release.full}-*.iso",), content=False)]
    waits, wiki = bootable_media_tasks(rel), "Where are My F... ISO"

    def run() -> object:
        from smedoit.boottest.boot import run_boot_tests

        return run_boot_tests(isos=rel.isos, identity=rel.release, settings=rel.boot_test, logs=rel.logs / "boot")

    return Task(
        name="boot_test",
        run=run,
        inputs=media,
        after=waits,
        always=True,
        wiki=wiki,
    )


def preview(rel: Release) -> Task:
    """The boot menu as a picture."""
    firmware = Option("firmware", "whose boot menu", default="bios", short="f", choices=("bios", "uefi"))

    def run(firmware: str) -> object:
        from smedoit.boottest.boot import preview_boot_menu

        return preview_boot_menu(identity=rel.release, tree_root=rel.tree, logs=rel.logs / "boot", firmware=firmware)

    return Task(
        name="preview",
        example="--firmware uefi",
        run=run,
        after=["tree", "isolinux", "grub"],
        always=True,
        wiki="Bump version in the splash screen",
        options=[firmware],
    )
