# SPDX-License-Identifier: GPL-3.0-or-later
"""isolinux.cfg as isolinux and its menus read it, with all that it includes. Source: syslinux 4.05, 6.03; doc/menu.txt

The core and vesamenu.c32 read the same file, each its own words of it; what one does not know it passes over.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from smedoit.bootfiles.entries import MOST_MENUS, BootEntry, LoadMenu, MenuWord, menu_path

MENU_PROGRAMS = ("vesamenu.c32", "menu.c32", "vesamenu", "menu")  # their argument is another configuration
NOT_SHOWN = ("#", "append", "kernel", "linux", "initrd", "label", "include")  # how lines begin that nobody sees
KERNELS = ("kernel", "linux")
PROGRAMS = ("com32", "config", "boot", "bss", "pxe", "fdimage", "comboot")
WORDS = """
    allowoptions append boot bss com32 comboot config console default display endtext fdimage fdt font implicit include
    initrd ipappend kbdmap kernel label linux localboot menu nocomplete noescape nohalt noinherit onerror ontimeout path
    prompt pxe pxeretry say sendcookies serial sysappend text timeout totaltimeout ui xen
"""
KEYWORDS = {*WORDS.split(), *(f"f{number}" for number in range(13))}
BLANKS, BLANK = " \t\r", re.compile(r"[ \t\r]+")  # other blanks, one that does not break, are letters to isolinux
LEADS_ELSEWHERE = ("exit", "quit", "goto", "disable")  # behind "menu": such an entry needs no kernel
NUMBERS = ("timeout", "totaltimeout")


@dataclass(frozen=True)
class MenuLine:
    """One line that says something: the first word, "menu" with the second, and the rest as it stands."""

    file: str
    number: int
    spelled: str
    value: str

    @property
    def key(self) -> str:
        """Its keyword, in small letters."""
        return " ".join(BLANK.split(self.spelled.lower()))

    @property
    def first(self) -> str:
        """The first word of its value, "" if there is none."""
        return BLANK.split(self.value, maxsplit=1)[0]

    def word(self, text: str, key: str = "") -> MenuWord:
        """Return a word of this line."""
        return MenuWord(self.file, self.number, key or self.spelled, text)


@dataclass
class IsolinuxMenu:
    """A menu with all that it includes.

    first  how many of the lines belong to the menu that is shown first; the others are of those that its entries show
    """

    lines: list[MenuLine] = field(default_factory=list)
    entries: list[BootEntry] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    first: int = 0

    @property
    def labels(self) -> set[str]:
        """The label of every entry, in small letters."""
        return {entry.name.lower() for entry in self.entries}


def split_menu_lines(text: str, file: str = "") -> Iterator[MenuLine]:
    """Yield the lines of one isolinux.cfg; comments are not among them, and of a help text its first and last line."""
    in_help = False
    for number, line in enumerate(text.split("\n"), 1):
        words = BLANK.split(line.strip(BLANKS), maxsplit=1)
        if not words[0] or words[0].startswith("#"):
            continue
        key, value = words[0], words[1] if len(words) > 1 else ""
        if in_help:
            if key.lower() == "endtext":
                in_help = False
                yield MenuLine(file, number, key, value)
        elif key.lower() == "menu" and value:
            second, *rest = BLANK.split(value, maxsplit=1)
            yield MenuLine(file, number, f"{key} {second}", rest[0] if rest else "")
        else:
            found = MenuLine(file, number, key, value)
            in_help = _opens_help(found)
            yield found


def _opens_help(line: MenuLine) -> bool:
    """Return whether all up to endtext is a text for people."""
    return line.key == "text" and line.value.lower().startswith("help")


def read_isolinux_menu(file: str, load: LoadMenu) -> IsolinuxMenu:
    """Return a menu of a medium, with all that it includes or that its entries show instead of it.

    Names are relative to the directory of the first file, as isolinux stays there.
    """
    menu = IsolinuxMenu()
    waiting, seen = [file], {file}
    while waiting and len(seen) <= MOST_MENUS:
        name = waiting.pop(0)
        lines = list(_included_lines(name, load, seen, menu, file))
        menu.lines += lines
        menu.first = menu.first or len(lines)
        entries = list(_read_entries(lines))
        menu.entries += entries
        shown = [word.text for entry in entries for word in _shown_menus(entry)]
        shown += [line.first for line in lines if line.key == "config" and line.value]
        for other in dict.fromkeys(menu_path(file, name) for name in shown):
            if other not in seen and load(other) is not None:
                seen.add(other)
                waiting.append(other)
    menu.faults += _line_faults(menu.lines)
    if load(file) is not None and not menu.entries and not any(line.key in ("default", "ui") for line in menu.lines):
        menu.faults.append(f"{file}: has no label and no default, so isolinux would start nothing")
    return menu


def _included_lines(name: str, load: LoadMenu, seen: set[str], menu: IsolinuxMenu, top: str) -> Iterator[MenuLine]:
    """Yield the lines of a file, those of what it includes where it includes it."""
    text = load(name)
    if text is None:
        return  # whoever names it is told so
    line = None
    for line in split_menu_lines(text, name):
        yield line
        if line.key in ("include", "menu include") and line.value:
            other = menu_path(top, line.first)
            if other in seen:
                menu.faults.append(f"{name}, line {line.number}: {line.spelled} names {other}, which is read already")
            elif len(seen) < MOST_MENUS:
                seen.add(other)
                yield from _included_lines(other, load, seen, menu, top)
    if line and _opens_help(line):
        menu.faults.append(
            f"{name}, line {line.number}: text help has no endtext, so isolinux takes all that follows for its text"
        )


def unshowable_lines(text: str) -> list[int]:
    """Return the lines of a menu, or of a text that it shows, with letters beyond ASCII in UTF-8.

    isolinux draws each byte by the code page of its font, CP437 unless it is told another: what is not UTF-8 is taken
    for meant like that.
    """
    return [
        number
        for number, line in enumerate(text.split("\n"), 1)
        if not line.lower().lstrip().startswith(NOT_SHOWN)
        and not line.isascii()
        and not any("\ud800" <= letter <= "\udfff" for letter in line)
    ]


def _line_faults(lines: list[MenuLine]) -> Iterator[str]:
    """Yield what isolinux says an error of, or reads as something else than was meant."""
    for line in lines:
        where = f"{line.file}, line {line.number}: {line.spelled}"
        if line.key.partition(" ")[0] not in KEYWORDS:
            yield f"{where} is no word that isolinux knows"
        elif line.key in NUMBERS and not re.fullmatch(
            r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}", line.first if line.value else ""
        ):
            yield f"{where} wants a number of tenths of a second, not {line.value!r}"


def _read_entries(lines: list[MenuLine]) -> Iterator[BootEntry]:
    """Yield the entries of a configuration; an append before all labels holds for those that have none."""
    common: MenuLine | None = None
    inside: list[MenuLine] = []
    for line in [*lines, MenuLine("", 0, "label", "")]:
        if line.key in ("label", "menu begin", "menu end"):
            if inside:
                yield _make_entry(inside, common)
            inside = [line] if line.key == "label" and line.value else []
        elif inside:
            inside.append(line)
        elif line.key == "append":
            common = line


def initrd_names(text: str) -> list[str]:
    """Return the initial RAM disks of a list with commas; one without a name is none."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _make_entry(lines: list[MenuLine], common: MenuLine | None) -> BootEntry:
    """Return the entry of a label's lines; of words that come twice the last one counts."""
    label = lines[0].word(lines[0].first)
    last = {line.key: line for line in lines[1:]}
    kernel = next((line for line in reversed(lines) if line.key in KERNELS and line.value), None)
    append = last.get("append", common)
    words = BLANK.split(append.value) if append and append.value not in ("", "-") else []
    initrds = [line.word(name) for line in lines if line.key == "initrd" for name in initrd_names(line.value)]
    if append:
        loaded = [word[len("initrd=") :] for word in words if word.startswith("initrd=")]
        initrds += [append.word(name, "initrd") for text in loaded for name in initrd_names(text)]
    return BootEntry(
        place=label,
        kernel=kernel.word(kernel.first) if kernel else None,
        initrds=tuple(initrds),
        arguments=tuple(append.word(word) for word in words) if append else (),
        started=any(
            line.key in ("localboot", *PROGRAMS) or line.key in (f"menu {word}" for word in LEADS_ELSEWHERE)
            for line in lines
        ),
    )


def _shown_menus(entry: BootEntry) -> Iterator[MenuWord]:
    """Yield the configurations that an entry shows: the arguments of a menu program."""
    if entry.kernel and posixpath.basename(entry.kernel.text).lower() in MENU_PROGRAMS:
        yield from (word for word in entry.arguments if "=" not in word.text and word.text != "~")


# what stands on the screens


@dataclass
class MenuItem:
    """Something that the cursor can stand on: an entry by its label, or a submenu with its own items.

    items   of the submenu
    cursor  on which of them it stands first
    """

    label: str = ""
    items: list[MenuItem] = field(default_factory=list)
    cursor: int = 0
    shown: bool = True


def read_menu_screens(menu: IsolinuxMenu) -> MenuItem:
    """Return the first screen as an item whose items are on it."""
    top = MenuItem()
    open_menus, item, chosen = [top], MenuItem(), ""
    for line in menu.lines[: menu.first]:
        here = open_menus[-1]
        if line.key == "label" and line.value:
            item = MenuItem(line.first)
            here.items.append(item)
        elif line.key == "menu begin":
            item = MenuItem()
            here.items.append(item)
            open_menus.append(item)
        elif line.key == "menu end":
            del open_menus[max(1, len(open_menus) - 1) :]
            item = MenuItem()
        elif line.key in ("menu disable", "menu hide"):
            item.shown = False
        elif line.key == "menu default" and item.label:
            here.cursor = len(here.items) - 1
        elif line.key == "menu separator":
            item = MenuItem()
        elif line.key == "default":
            chosen = line.first.lower() if line.value else ""
    _settle_cursor(top, chosen)
    return top


def _settle_cursor(menu: MenuItem, chosen: str) -> None:
    """Drop what is not shown from all screens, and let each cursor count what is left."""
    stood = menu.items[menu.cursor] if menu.cursor < len(menu.items) else None
    menu.items = [item for item in menu.items if item.shown]
    named = [number for number, item in enumerate(menu.items) if item.label.lower() == chosen and chosen]
    kept = [number for number, item in enumerate(menu.items) if item is stood]
    menu.cursor = next(iter(kept if menu.cursor or not named else named), 0)
    for item in menu.items:
        _settle_cursor(item, chosen)
