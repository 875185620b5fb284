# SPDX-License-Identifier: GPL-3.0-or-later
"""What a medium's boot menus will show, and the keys that make an entry's kernel speak on the serial line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from smedoit.bootfiles.entries import BootEntry, LoadMenu
from smedoit.bootfiles.grub import (
    KERNELS,
    MENUS,
    GrubCommand,
    GrubMenu,
    GrubScript,
    entry_title,
    find_grub_entry,
    parse_grub_script,
    read_grub_default,
    read_grub_entry,
    top_entries,
)
from smedoit.bootfiles.isolinux import MenuItem, read_isolinux_menu, read_menu_screens, split_menu_lines
from smedoit.branding.render import MENU_WORD
from smedoit.medium_paths import GRUB_CFG, ISOLINUX_CFG

# quiet, which most entries have, silences all else; on a busy host the kernel takes an emulated timer for a broken one
SPEAK = " console=ttyS0,115200 ignore_loglevel no_timer_check"
PROMPT = "boot:"
WIDEST = 60  # characters of a title; the menu has no room for many more

MOST_CHORDS = 500  # to an entry; more screens in each other than that nobody walks through

Keys = tuple[str, ...]


@dataclass(frozen=True)
class BootMenu:
    """A boot menu that waits for a key.

    words   what it shows of its own, "" if it has no words to know it by
    opened  chords that open an entry's command line for editing, the cursor at its end
    start   the chord that boots what was edited
    typed   what is typed before more words, at a prompt: the name of the entry
    entry   the name of that entry, "" for the default
    """

    words: str
    opened: tuple[Keys, ...]
    start: Keys
    typed: str = ""
    entry: str = ""


@dataclass(frozen=True)
class MenuEntries:
    """The entries of a menu besides its default.

    tried     the menu, with the keys for each of them
    left_out  the names of those that cannot be tried, each with the reason
    """

    tried: tuple[BootMenu, ...]
    left_out: tuple[str, ...]


def parse_isolinux_menu(text: str) -> BootMenu:
    """Return what isolinux.cfg makes of itself: its title, else the longest piece of a label in one colour.

    Without a menu it shows a text and waits at a prompt for the name of an entry. Source: syslinux, doc/syslinux.txt
    """
    if not MENU_WORD.search(text):
        named = {line.key: line.first for line in reversed(list(split_menu_lines(text))) if line.value}
        return BootMenu(PROMPT, (), ("ret",), named.get("default", named.get("label", "")))
    titles, labels = list[str](), list[str]()
    for line in split_menu_lines(text):
        if line.key == "menu begin":
            break
        titles += [line.value] if line.key == "menu title" else []
        labels += [line.value] if line.key == "menu label" else []
    pieces = [piece for label in labels for piece in re.split(r"\^.", label)]
    words = titles[0] if titles else max(pieces, key=len, default="")
    return BootMenu(_displayable_text(words), (("tab",),), ("ret",))


def list_isolinux_entries(load: LoadMenu) -> MenuEntries:
    """Return the entries of isolinux.cfg besides the one that the cursor stands on first."""
    menu, own = read_isolinux_menu(ISOLINUX_CFG, load), parse_isolinux_menu(load(ISOLINUX_CFG) or "")
    places = dict(_item_chords(read_menu_screens(menu)))
    tried, left_out = list[BootMenu](), list[str]()
    for entry in menu.entries:
        chords = places.get(entry.name)
        if reason := _left_out_reason(entry):
            left_out.append(f"{entry.name} {reason}")
        elif own.words == PROMPT:
            tried += [replace(own, typed=entry.name, entry=entry.name)] if entry.name != own.typed else []
        elif chords is None:
            left_out.append(f"{entry.name} is hidden, or on the screen of another menu")
        elif chords:
            tried.append(replace(own, opened=(*chords, *own.opened), entry=entry.name))
    return MenuEntries(tuple(tried), tuple(left_out))


def _item_chords(screen: MenuItem, above: tuple[Keys, ...] = ()) -> Iterator[tuple[str, tuple[Keys, ...]]]:
    """Yield the label of every entry with the chords that lead the cursor to it, from where it stands first."""
    for number, item in enumerate(screen.items):
        steps = number - screen.cursor
        chords = (*above, *((("down",) if steps > 0 else ("up",),) * abs(steps)))
        if item.label:
            yield item.label, chords
        elif len(chords) < MOST_CHORDS:
            yield from _item_chords(item, (*chords, ("ret",)))


def _left_out_reason(entry: BootEntry) -> str:
    """Return why an entry cannot be tried, "" if it can."""
    if entry.starts_linux:
        return ""
    return "starts no Linux" if entry.kernel or entry.started else "starts nothing"


def parse_grub_menu(text: str) -> BootMenu:
    """Return what grub.cfg makes of itself: the title of its default entry.

    The editor shows a line setparams, then what stands between the braces, line by line.
    """
    menu = _single_menu(text)
    entries, place = top_entries(menu), _default_place(menu)
    entry = entries[place[0]] if place else None
    down = (("down",),) * (_kernel_line(entry) if entry else 0)
    return BootMenu(_displayable_text(entry_title(entry) if entry else ""), (("e",), *down, ("ctrl", "e")), ("f10",))


def list_grub_entries(text: str) -> MenuEntries:
    """Return the entries of grub.cfg besides its default; each is reached from the first one, screen by screen."""
    menu, own = _single_menu(text), parse_grub_menu(text)
    default = _default_place(menu)
    tried, left_out = list[BootMenu](), list[str]()
    for place, command in _placed_entries(top_entries(menu)):
        if list(place) == default:
            continue
        entry = read_grub_entry(command, GRUB_CFG)
        if reason := _left_out_reason(entry):
            left_out.append(f"{entry.name} {reason}")
            continue
        screens = [(("home",), *(("down",),) * number) for number in place]
        there = [chord for screen in screens[:-1] for chord in (*screen, ("ret",))] + list(screens[-1])
        down = (("down",),) * _kernel_line(command)
        opened = (*there, ("e",), *down, ("ctrl", "e"))
        tried.append(replace(own, opened=opened, entry=entry.name))
    return MenuEntries(tuple(tried), tuple(left_out))


def _placed_entries(
    entries: Sequence[GrubCommand], above: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], GrubCommand]]:
    """Yield every menuentry with its number on each screen."""
    for number, command in enumerate(entries):
        place = (*above, number)
        if command.name == "menuentry":
            yield place, command
        elif len(place) < 8:  # submenus in submenus
            inside = [one for one in command.body or [] if one.name in MENUS and one.body is not None]
            yield from _placed_entries(inside, place)


def _single_menu(text: str) -> GrubMenu:
    """Return the menu of one grub.cfg."""
    return GrubMenu({GRUB_CFG: parse_grub_script(text)})


def _default_place(menu: GrubMenu) -> list[int]:
    """Return where the cursor starts, a number for each screen; GRUB takes the first entry where none is named."""
    entries = top_entries(menu)
    return find_grub_entry(entries, read_grub_default(menu).text) or ([0] if entries else [])


def _kernel_line(entry: GrubCommand) -> int:
    """Return on which line of the editor the kernel stands, 0 if there is none."""
    inside = GrubScript(entry.body or []).walk()
    return next((command.line - entry.line + 1 for command in inside if command.name in KERNELS), 0)


def _displayable_text(words: str) -> str:
    """Return the part of words that every font has, not longer than a menu can show."""
    pieces = re.findall(r"[ -~]+", words)
    return max(pieces, key=len, default="").strip()[:WIDEST].strip()
