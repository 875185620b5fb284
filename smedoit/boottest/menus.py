# SPDX-License-Identifier: GPL-3.0-or-later
"""What a medium's boot menus will show, and the keys that make the default entry's kernel speak on the serial line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smedoit.branding.render import MENU_WORD
from smedoit.runtime import foreign

SPEAK = " console=ttyS0,115200 ignore_loglevel"  # quiet, which most entries have, silences all else
KERNEL_COMMAND = re.compile(r"\s*(linux|linuxefi|linux16)\s")
ENTRY = re.compile(r"^menuentry\s+(?:'([^']*)'|\"([^\"]*)\")[^{\n]*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
TOP_LEVEL = re.compile(r"^(menuentry|submenu)\s+(?:'([^']*)'|\"([^\"]*)\")", re.MULTILINE)
PROMPT = "boot:"
WIDEST = 60  # characters of a title; the menu has no room for many more

Keys = tuple[str, ...]


@dataclass(frozen=True)
class BootMenu:
    """A boot menu that waits for a key.

    words   what it shows of its own, "" if it has no words to know it by
    opened  chords that open the default entry's command line for editing, the cursor at its end
    start   the chord that boots what was edited
    typed   what is typed before more words, at a prompt: the name of the entry
    """

    words: str
    opened: tuple[Keys, ...]
    start: Keys
    typed: str = ""


def parse_isolinux_menu(text: str) -> BootMenu:
    """Return what isolinux.cfg makes of itself: its title, else the longest piece of a label in one colour.

    Without a menu it shows a text and waits at a prompt for the name of an entry. Source: syslinux, doc/syslinux.txt
    """
    if not MENU_WORD.search(text):
        names = [re.search(rf"(?im)^[ \t]*{word}[ \t]+(\S+)", text) for word in ("default", "label")]
        return BootMenu(PROMPT, (), ("ret",), next((name.group(1) for name in names if name), ""))
    top = re.split(r"(?im)^[ \t]*menu[ \t]+begin\b", text)[0]
    title = re.search(r"(?im)^[ \t]*menu[ \t]+title[ \t]+(.*\S)", top)
    labels = re.findall(r"(?im)^[ \t]*menu[ \t]+label[ \t]+(.*\S)", top)
    pieces = [piece for label in labels for piece in re.split(r"\^.", label)]
    words = title.group(1) if title else max(pieces, key=len, default="")
    return BootMenu(_displayable_text(words), (("tab",),), ("ret",))


def parse_grub_menu(text: str) -> BootMenu:
    """Return what grub.cfg makes of itself: the title of its default entry.

    The editor shows a line setparams, then what stands between the braces, line by line.
    """
    entries = {title or other: body for title, other, body in ENTRY.findall(text)}
    name = _default_title(text)
    lines = entries.get(name, "").split("\n")
    kernel = next((n for n, line in enumerate(lines, 1) if KERNEL_COMMAND.match(line)), 0)
    down = (("down",),) * kernel
    return BootMenu(_displayable_text(name), (("e",), *down, ("ctrl", "e")), ("f10",))


def _default_title(text: str) -> str:
    """Return the title of the entry that the cursor starts on."""
    titles: list[str] = [title or other for _, title, other in TOP_LEVEL.findall(text)]
    said = re.search(r"(?m)^[ \t]*set[ \t]+default=[\"']?([^\"'\n]*)", text)
    wanted: str = said.group(1) if said else "0"
    if wanted in titles:
        return wanted
    number = foreign.parse_decimal(wanted) or 0
    return titles[number] if number < len(titles) else (titles or [""])[0]


def _displayable_text(words: str) -> str:
    """Return the part of words that every font has, not longer than a menu can show."""
    pieces = re.findall(r"[ -~]+", words)
    return max(pieces, key=len, default="").strip()[:WIDEST].strip()
