# SPDX-License-Identifier: GPL-3.0-or-later
"""What boot menus, .treeinfo and the installer's styles name: other files, each with the line and the key."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from smedoit.branding.render import unescape_label
from smedoit.medium_paths import NETINSTALL_IMAGE

SCREEN = (640, 480)  # of vesamenu.c32, where no MENU RESOLUTION says otherwise
FILE_KEYS = re.compile(
    r"(?i)(ui|kernel|linux|initrd|com32|config|boot|bss|pxe|fdimage|include|display|font|kbdmap|f\d{1,2})"
    r"\s+(\S.*)"
)
MENU_KEYS = re.compile(r"(?i)(menu\s+(?:background|include))\s+(\S+)")
COLOUR = re.compile(r"#[0-9a-fA-F]{6,8}")
LOADABLE = ("", ".0", ".cbt", ".bin", ".bs", ".bss", ".com", ".c32")  # what isolinux tries behind a name
GRUB_COMMAND = re.compile(
    r"\s*(?:if\s+)?(linux(?:efi|16)?|initrd(?:efi|16)?|background_image|loadfont|configfile|source|chainloader)"
    r"\s+([^;#\n]+)"
)
GRUB_THEME = re.compile(r"\s*set\s+(theme)=(\S+)")
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
    """

    file: str
    line: int
    key: str
    path: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.key} names {self.path}"

    @property
    def is_background(self) -> bool:
        """Whether it is a picture that a boot menu shows."""
        return self.key.lower().split() == ["menu", "background"] or self.key == "background_image"


def isolinux_references(text: str, file: str) -> Iterator[FileReference]:
    """Yield what an isolinux.cfg names. Paths are relative to its directory; a name may lack its extension."""
    lines = list(_menu_lines(text))
    labels = {words[1].lower() for _, line in lines if (words := line.split()) and words[0].lower() == "label"}

    def named(number: int, key: str, name: str) -> FileReference:
        first, *others = (_below_menu(file, name + extension) for extension in LOADABLE)
        return FileReference(file, number, key, first, tuple(others))

    for number, line in lines:
        key, _, value = line.partition(" ")
        if match := MENU_KEYS.match(line):
            if not COLOUR.fullmatch(match.group(2)):
                yield FileReference(file, number, match.group(1), _below_menu(file, match.group(2)))
        elif match := FILE_KEYS.match(line):
            names = match.group(2).split(",") if match.group(1).lower() == "initrd" else [match.group(2).split()[0]]
            yield from (named(number, match.group(1), name.strip()) for name in names)
        elif key.lower() in ("default", "ontimeout", "onerror") and value.split():
            name = value.split()[0]
            if name.lower() not in labels:
                yield named(number, key, name)
        elif key.lower() == "append":
            for name in re.findall(r"(?:^|\s)initrd=(\S+)", value):
                yield from (FileReference(file, number, "initrd", _below_menu(file, part)) for part in name.split(","))


def menu_resolution(text: str) -> tuple[int, int]:
    """Return width and height of the screen on which vesamenu.c32 shows an isolinux.cfg."""
    found = re.search(r"(?im)^\s*menu\s+resolution\s+(\d{1,5})\s+(\d{1,5})", text)
    return (int(found.group(1)), int(found.group(2))) if found else SCREEN


def _menu_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, words) of the lines of an isolinux.cfg that say something; help texts are not among them."""
    in_help = False
    for number, line in enumerate(text.splitlines(), 1):
        line = " ".join(line.split())
        if in_help or line.lower().startswith("text help"):
            in_help = line.lower() != "endtext"
        elif line and not line.startswith("#") and len(line.split()) > 1:
            yield number, line


def _below_menu(file: str, name: str) -> str:
    """Return the path on the medium of what a menu names: from the top after a slash, else from its own directory."""
    return posixpath.normpath(name.lstrip("/") if name.startswith("/") else f"{posixpath.dirname(file)}/{name}")


def grub_references(text: str, file: str) -> Iterator[FileReference]:
    """Yield what a grub.cfg names by a path from the top; what variables or other devices lead to is not known."""
    for number, line in enumerate(text.splitlines(), 1):
        if match := GRUB_COMMAND.match(line) or GRUB_THEME.match(line):
            words = [word.strip("\"'") for word in match.group(2).split()]
            paths = [word for word in words if word.startswith("/")]
            several = match.group(1).startswith("initrd")
            for path in paths if several else paths[:1] if words[0] in paths or words[0].startswith("-") else ():
                if "$" not in path:
                    yield FileReference(file, number, match.group(1), unescape_label(path).lstrip("/"))


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
            yield FileReference(file, plain.count("\n", 0, match.start()) + 1, "url", _in_runtime(file, name))


def profile_references(text: str, file: str) -> Iterator[FileReference]:
    """Yield what a profile or product configuration of anaconda names: its style sheet."""
    for number, line in enumerate(text.splitlines(), 1):
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "custom_stylesheet" and value:
            yield FileReference(file, number, key, _in_runtime(file, value))


def _in_runtime(file: str, name: str) -> str:
    """Return the path in an overlay image of what a file in one names; /tmp/product and /tmp/updates are links."""
    path = name if name.startswith("/") else f"/{posixpath.dirname(file)}/{name}"
    path = posixpath.normpath(path).lstrip("/")
    return re.sub(r"^tmp/(product|updates)/", r"run/install/\1/", path)
