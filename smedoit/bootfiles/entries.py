# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot menu says, whoever's menu it is: its entries, and what is wrong with its own syntax."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

LoadMenu = Callable[[str], str | None]  # path on the medium -> its text, None if it is not there
MOST_MENUS = 64  # that include each other; isolinux takes 16, one in the other


@dataclass(frozen=True)
class MenuWord:
    """A word of a menu, and where it stands: the key is the word before it that gives it its meaning."""

    file: str
    line: int
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.key}"


@dataclass(frozen=True)
class BootEntry:
    """One entry of a boot menu.

    place      its label or its menuentry
    kernel     what it loads, None if it starts nothing by itself
    initrds    the initial RAM disks, in their order
    arguments  what the kernel is told
    started    whether it does something else that is no kernel: a local disk, another menu, switching off
    """

    place: MenuWord
    kernel: MenuWord | None
    initrds: tuple[MenuWord, ...]
    arguments: tuple[MenuWord, ...]
    started: bool

    @property
    def starts_linux(self) -> bool:
        """Whether it loads a kernel with an initial RAM disk."""
        return bool(self.kernel and self.initrds)

    @property
    def name(self) -> str:
        """Its label, or its title."""
        return self.place.text


def menu_path(file: str, name: str) -> str:
    """Return the path on the medium of what a menu names: from the top after a slash, else from its own directory."""
    return posixpath.normpath(name.lstrip("/") if name.startswith("/") else f"{posixpath.dirname(file)}/{name}")
