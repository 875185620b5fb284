# SPDX-License-Identifier: GPL-3.0-or-later
"""What boot menus, .treeinfo and the installer's styles name: other files, each with the line and the key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from smedoit.bootfiles.entries import menu_path
from smedoit.bootfiles.grub import INITRDS, KERNELS, GrubCommand, resolve_grub_path
from smedoit.bootfiles.isolinux import BLANK, IsolinuxMenu, MenuLine, initrd_names
from smedoit.branding.render import unescape_label
from smedoit.installer.cpio import runtime_location
from smedoit.medium_paths import NETINSTALL_IMAGE

SCREEN = (640, 480)  # of vesamenu.c32, where no MENU RESOLUTION says otherwise
FILE_KEYS = {
    *("ui", "kernel", "linux", "initrd", "com32", "config", "boot", "bss", "pxe", "fdimage", "include", "display"),
    *("font", "kbdmap", *(f"f{number}" for number in range(13))),
}
MENU_KEYS = ("menu background", "menu include")
COLOUR = re.compile(r"#[0-9a-fA-F]{6,8}")
LOADABLE = ("", ".0", ".cbt", ".bin", ".bs", ".bss", ".com", ".c32")  # what isolinux tries behind a name
GRUB_COMMANDS = {*KERNELS, *INITRDS, "background_image", "loadfont", "configfile", "source", "chainloader"}
OPTIONAL = ("background_image", "loadfont", "configfile", "source", "set")  # behind an if, which may have looked
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+?)["']?\s*\)""")
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class FileReference:
    """One place that names a file.

    file    what names it
    line    where, from 1
    key     by which word, as it stands there
    path    of the named file, relative to the top of the medium, or of the installer's runtime
    others  further paths that would do
    folds   whether who reads it knows no capitals, as isolinux does not
    """

    file: str
    line: int
    key: str
    path: str
    others: tuple[str, ...] = ()
    folds: bool = False

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.key} names {self.path}"

    @property
    def is_background(self) -> bool:
        """Whether it is a picture that a boot menu shows."""
        return self.key.lower().split() == ["menu", "background"] or self.key == "background_image"


def isolinux_references(menu: IsolinuxMenu, file: str) -> Iterator[FileReference]:
    """Yield what a menu of isolinux names. Paths are relative to its first file; a name may lack its extension."""
    labels = menu.labels

    def named(line: MenuLine, key: str, name: str, extensions: tuple[str, ...] = ("",)) -> FileReference:
        first, *others = (menu_path(file, name + extension) for extension in extensions)
        return FileReference(line.file, line.number, key, first, tuple(others), folds=True)

    for line in menu.lines:
        if not line.value:
            continue
        words = BLANK.split(line.value)
        if line.key in MENU_KEYS:
            if not COLOUR.fullmatch(words[0]):
                yield named(line, line.spelled, words[0])
        elif line.key in FILE_KEYS:
            names = initrd_names(line.value) if line.key == "initrd" else words[:1]
            yield from (named(line, line.spelled, name, LOADABLE) for name in names)
        elif line.key in ("default", "ontimeout", "onerror"):
            if words[0].lower() not in labels:
                yield named(line, line.spelled, words[0], LOADABLE)
        elif line.key == "append":
            loaded = [word.partition("=")[2] for word in words if word.startswith("initrd=")]
            yield from (named(line, "initrd", name) for text in loaded for name in initrd_names(text))


def menu_resolution(menu: IsolinuxMenu) -> tuple[int, int]:
    """Return width and height of the screen on which vesamenu.c32 shows a menu."""
    said = [line.value for line in menu.lines if line.key == "menu resolution"]
    found = re.match(r"(\d{1,5})\s+(\d{1,5})", said[-1]) if said else None
    return (int(found.group(1)), int(found.group(2))) if found else SCREEN


def grub_references(command: GrubCommand, name: str, file: str) -> Iterator[FileReference]:
    """Yield what a command of GRUB names by a path from the top; what variables or other devices lead to is not known.

    name  the file that it stands in
    file  the grub.cfg that GRUB reads first
    """
    words, key = command.given, command.name
    if command.name == "set" and words and words[0].startswith("theme="):
        words, key = [words[0].partition("=")[2]], "theme"
    elif command.name not in GRUB_COMMANDS:
        return
    if not key.startswith("initrd"):
        while words and words[0].startswith("-"):
            words = words[1:] if words[1:2] and words[1].startswith("/") else words[2:]
        words = words[:1]
    for word in words:
        path = resolve_grub_path(word, file)
        if path and not (command.depends and command.name in OPTIONAL):
            yield FileReference(name, command.line, key, unescape_label(path))


def treeinfo_references(text: str, file: str) -> Iterator[FileReference]:
    """Yield what .treeinfo names: stage 2, images, and files with a checksum; not boot.iso, which is for mirrors."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            section = line.strip("[] \t")
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            continue
        path = key if section == "checksums" else value
        named = section in ("stage2", "checksums") or section.startswith("images-")
        if named and path and path != NETINSTALL_IMAGE:
            yield FileReference(file, number, f"[{section}] {key}", path)


def style_references(text: str, file: str) -> Iterator[FileReference]:
    """Yield what a style sheet of the installer names: paths in its runtime."""
    plain = CSS_COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment.group()), text)
    for match in CSS_URL.finditer(plain):
        name = match.group(1).removeprefix("file://")
        if ":" not in name:
            yield FileReference(file, plain.count("\n", 0, match.start()) + 1, "url", runtime_location(file, name))


def profile_references(text: str, file: str) -> Iterator[FileReference]:
    """Yield what a profile or product configuration of anaconda names: its style sheet."""
    for number, line in enumerate(text.splitlines(), 1):
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "custom_stylesheet" and value:
            yield FileReference(file, number, key, runtime_location(file, value))
