# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a medium is written: what its menus and the installer's files name is on it, and can be read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from smedoit.bases.enterprise_linux import Base, Loader
from smedoit.bootfiles.entries import BootEntry
from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.installer import cpio, runtime_paths
from smedoit.installer.cpio import CpioMember
from smedoit.iso import check_menus, pictures, references
from smedoit.iso.check_kickstarts import check_medium_kickstarts
from smedoit.iso.check_menus import ABSENT, UNREADABLE, MediumFiles
from smedoit.iso.references import FileReference
from smedoit.medium_paths import OVERLAYS, TREEINFO
from smedoit.runtime import files, progress

UNPLACEABLE = "cannot be laid over the installer's runtime"
PICTURES = (".png", ".jpg", ".jpeg")
PROFILES = ("etc/anaconda/", "run/install/")
DELIVERED = "run/install/"  # below it the installer's runtime has nothing of its own


def check_medium_references(medium: MediumFiles, target: Path) -> list[str]:
    """Return remarks on a medium's files.

    Raises ContentError for everything that a medium's files name in vain, one sentence each."""
    findings, entries = Findings(), list[BootEntry]()
    bios = medium.base.bios
    if bios.menu in medium.files and bios.loader is Loader.ISOLINUX:
        menu = check_menus.check_isolinux_menu(medium, findings)
        entries += menu.entries
        screen = references.menu_resolution(menu)
        for reference in references.isolinux_references(menu, bios.menu):
            check_menus.check_reference(reference, medium, screen, findings)
    elif bios.menu in medium.files:
        entries += check_menus.check_bios_grub_menu(medium, findings)
    entries += check_menus.check_grub_menus(medium, findings)
    if TREEINFO in medium.files:
        for reference in references.treeinfo_references(files.read_file_text(medium.files[TREEINFO]), TREEINFO):
            check_menus.check_reference(reference, medium, references.SCREEN, findings)
    images = {
        image: cpio.parse_overlay_image(files.read_file_bytes(medium.files[image]), str(medium.files[image]))
        for image in OVERLAYS
        if image in medium.files
    }
    _check_overlay_images(images, medium.base, findings)
    remarks = check_medium_kickstarts(medium, images, entries, findings)
    remarks = [*dict.fromkeys(findings.found.pop(check_menus.TOLD, [])), *remarks]
    if findings.found:
        raise ContentError(
            f"{target}: is not written, something on it would not boot, names what is not there, or cannot be read\n"
            f"{format_grouped(findings.found)}",
            hint="put the named file into the content tree or the boot set, or correct the line; then run doit again",
        )
    return remarks


def _check_overlay_images(images: Mapping[str, Sequence[CpioMember]], base: Base, findings: Findings) -> None:
    """Pictures of the overlay images can be read, and what their styles and profiles name of ours is in one of them."""
    there = {member.name.removeprefix("./") for members in images.values() for member in members}
    for conflict in runtime_paths.find_path_conflicts(there, base):
        findings.add(UNPLACEABLE, conflict)
    for image, members in images.items():
        for member in members:
            name = member.name.removeprefix("./")
            if name.lower().endswith(PICTURES) and (fault := pictures.picture_fault(member.data)):
                findings.add(UNREADABLE, f"{image}: {name} {fault}")
            for reference in _overlay_references(name, member.data):
                if reference.path not in there:
                    _report_runtime_path(image, reference, findings)


def _overlay_references(name: str, data: bytes) -> Iterator[FileReference]:
    """Yield what a file of an overlay image names."""
    text = data.decode("utf-8", "replace")
    if name.endswith(".css"):
        yield from references.style_references(text, name)
    elif name.endswith(".conf") and name.startswith(PROFILES):
        yield from references.profile_references(text, name)


def _report_runtime_path(image: str, reference: FileReference, findings: Findings) -> None:
    """Report a file that no overlay image has: a finding if only ours could have it, else the installer may."""
    beside = posixpath.dirname(reference.file) == posixpath.dirname(reference.path)
    if reference.path.startswith(DELIVERED) or beside:
        findings.add(ABSENT, f"{image}: {reference}, which neither overlay image has")
    else:
        progress.log_line(f"{image}: {reference}, which the installer's own files must have")
