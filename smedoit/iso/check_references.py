# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a medium is written: what its menus and the installer's files name is on it, and can be read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.installer import cpio
from smedoit.iso import pictures, references
from smedoit.iso.references import FileReference
from smedoit.medium_paths import BIOS_MENU, BOOT_CATALOG, GRUB_CFG, OVERLAYS, TREEINFO
from smedoit.runtime import files, progress

ABSENT, UNREADABLE = "named, and not there", "cannot be shown"
PICTURES = (".png", ".jpg", ".jpeg")
PROFILES = ("etc/anaconda/", "run/install/")
DELIVERED = "run/install/"  # below it the installer's runtime has nothing of its own
PARSERS = {
    BIOS_MENU: references.isolinux_references,
    GRUB_CFG: references.grub_references,
    TREEINFO: references.treeinfo_references,
}


def check_medium_references(medium_files: Mapping[str, Path], target: Path) -> None:
    """Raise ContentError for everything that a medium's files name in vain, one sentence each.

    medium_files  path on the medium -> the file that it will hold
    """
    findings = Findings()
    for name, parse in PARSERS.items():
        if name in medium_files:
            text = files.read_file_text(medium_files[name])
            _check_named_files(list(parse(text, name)), medium_files, references.menu_resolution(text), findings)
    _check_overlay_images(medium_files, findings)
    if findings.found:
        raise ContentError(
            f"{target}: is not written, something on it names what is not there or cannot be read\n"
            f"{format_grouped(findings.found)}",
            hint="put the named file into the content tree or the boot set, or correct the line; then run doit again",
        )


def _check_named_files(
    named: Iterable[FileReference], there: Mapping[str, Path], screen: tuple[int, int], findings: Findings
) -> None:
    """Every named file is on the medium; a background is a picture that its menu can show. isolinux knows no case."""
    folded = {path.lower(): path for path in (*there, BOOT_CATALOG)}
    for reference in named:
        paths = [reference.path, *reference.others]
        if reference.file == BIOS_MENU:
            paths = [folded.get(path.lower(), path) for path in paths]
        found = next((path for path in paths if path in there), "")
        if not found:
            findings.add(ABSENT, f"{reference}, which is not on the medium")
        elif reference.is_background:
            fault = _background_fault(files.read_file_bytes(there[found]), reference, screen)
            findings.check(not fault, UNREADABLE, f"{reference}, which {fault}")


def _background_fault(data: bytes, reference: FileReference, screen: tuple[int, int]) -> str:
    """Return why a menu's background cannot be shown, "" if it can. GRUB scales, and reads TGA as well."""
    if reference.file == BIOS_MENU:
        return pictures.menu_picture_fault(data, screen)
    return "" if reference.path.lower().endswith(".tga") else _picture_fault(data)


def _picture_fault(data: bytes) -> str:
    """Return why a picture cannot be read, "" if it can."""
    try:
        pictures.parse_picture(data)
    except ValueError as error:
        return str(error)
    return ""


def _check_overlay_images(medium_files: Mapping[str, Path], findings: Findings) -> None:
    """Pictures of the overlay images can be read, and what their styles and profiles name of ours is in one of them."""
    images = {
        image: cpio.parse_overlay_image(files.read_file_bytes(medium_files[image]), str(medium_files[image]))
        for image in OVERLAYS
        if image in medium_files
    }
    there = {member.name.removeprefix("./") for members in images.values() for member in members}
    for image, members in images.items():
        for member in members:
            name = member.name.removeprefix("./")
            if name.lower().endswith(PICTURES) and (fault := _picture_fault(member.data)):
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
