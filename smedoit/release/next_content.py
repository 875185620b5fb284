# SPDX-License-Identifier: GPL-3.0-or-later
"""The content tree of a release on a later base: what its installer reads elsewhere or no more, and what is left over.

Files in, files out. What cannot be carried over is left behind with a sentence, for the old tree stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from configparser import Error, RawConfigParser
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

from smedoit.bases.enterprise_linux import STAMP_NAME, Base, Configuration
from smedoit.branding.render import set_shell_variables
from smedoit.errors import ContentError
from smedoit.installer.class_migration import (
    MovedSetting,
    configuration_text,
    list_moved_settings,
    os_release_id,
)
from smedoit.installer.configuration_tables import configuration_keys
from smedoit.installer.cpio import OVERLAY_TOPS
from smedoit.installer.dead_paths import CLASSES, PRODUCT_TOP, STYLE, UPDATES_TOP, moved_location
from smedoit.medium_paths import GRUB_CFG
from smedoit.runtime.filesets import matches_patterns

PRODUCT, UPDATES, NETINSTALL = "product", "updates", "netinstall"
DEAD = (UPDATES_TOP, PRODUCT_TOP)
UPSTREAM_CLASSES = ("centos.py", "fedora.py", "rhel.py", "rhv.py")
NOTHING = "nothing"  # begins the note on what no later installer has
CONFIGURATION = re.compile(r"product/etc/anaconda/(product\.d|profile\.d|conf\.d)/[^/]+\.conf")
OS_RELEASE = f"{PRODUCT}/etc/os-release"
COMPOSE = re.compile(r"^\[Compose\][^\[]*", re.MULTILINE)
WORD = re.compile(r"(?<=\s)[^\s=]+(?=[=\s]|$)")  # of a boot line, without its value
BOOT_LINE = re.compile(r"^[ \t]*(?:append|linux(?:efi|16)?)[ \t].*$", re.MULTILINE | re.IGNORECASE)
REPO = re.compile(r"\binst\.repo=\S+")
STAGE2 = re.compile(r"\binst\.stage2=\S+")


@dataclass(frozen=True)
class BaseChange:
    """From one base to a later one, and how the product is called."""

    before: Base
    after: Base
    product: str


@dataclass
class CrossedTree:
    """The files of the new tree, and what a person must still decide."""

    files: dict[str, bytes] = field(default_factory=dict)
    decisions: list[str] = field(default_factory=list)


def cross_content_tree(files: Mapping[str, bytes], change: BaseChange) -> CrossedTree:
    """Return the content tree for a later base."""
    tree = CrossedTree(dict(files))
    for step in (_move_boot_files, _carry_classes, _leave_python, _move_dead_places, _carry_configurations):
        step(tree, change)
    _set_boot_options(tree, change)
    _set_identity(tree, change)
    return tree


def _move_boot_files(tree: CrossedTree, change: BaseChange) -> None:
    """Make the menu for BIOS out of that for UEFI where the boot loader is another one."""
    old, new = change.before.bios, change.after.bios
    if old.loader is new.loader:
        return
    for below in ("", f"{NETINSTALL}/"):
        gone = [
            name for name in tree.files if name.startswith(below) and matches_patterns(name[len(below) :], old.patterns)
        ]
        texts = {name: tree.files.pop(name).decode("utf-8", "replace") for name in gone}
        menu = f"{below}{GRUB_CFG}"
        if not gone or (menu not in tree.files and GRUB_CFG not in tree.files):
            continue
        text = tree.files.get(menu, tree.files.get(GRUB_CFG, b"")).decode("utf-8", "surrogateescape")
        repo = REPO.search(texts.get(f"{below}{old.menu}", ""))
        if repo and not REPO.search(text):
            text = STAGE2.sub(partial(_append_word, repo.group()), text)
        text = re.sub(r"\b(linux|initrd)efi\b", r"\1", text)
        tree.files[f"{below}{new.menu}"] = text.encode("utf-8", "surrogateescape")
        tree.decisions.append(
            f"{below}{old.menu}: {change.after.words} starts GRUB under BIOS; {below}{new.menu} was made of {GRUB_CFG},"
            " look at its entries and its colours"
        )


def _append_word(word: str, found: re.Match[str]) -> str:
    """Return what was found with a word behind it."""
    return f"{found.group()} {word}"


def _move_dead_places(tree: CrossedTree, change: BaseChange) -> None:
    """Move what lay where no installer looks any more to its final place."""
    if change.after.reads_updates or not change.before.reads_updates:
        return
    for name in sorted(tree.files):
        relative = _dead_path(name)
        if not relative or relative == STYLE or name == f"{UPDATES}/README.txt":
            continue
        place = moved_location(relative, change.after)
        data = tree.files.pop(name)
        if place:
            tree.files.setdefault(f"{PRODUCT}/{place}", data)
            tree.decisions.append(f"{name}: moved to {PRODUCT}/{place}, where {change.after.words} reads it")
        else:
            tree.decisions.append(
                f"{name}: left behind; {change.after.words} reads nothing there: give it its final place in {PRODUCT}/"
            )


def _dead_path(name: str) -> str:
    """Return the path of a file below run/install/updates or run/install/product, "" for one that lies elsewhere."""
    top, _, inside = name.partition("/")
    for dead in DEAD:
        if top in (PRODUCT, UPDATES) and inside.startswith(f"{dead}/"):
            return inside[len(dead) + 1 :]
    is_plain = top == UPDATES and inside.split("/")[0] not in OVERLAY_TOPS
    return inside if is_plain else ""


def _carry_classes(tree: CrossedTree, change: BaseChange) -> None:
    """List what the install classes decided, and write the configuration that says the same."""
    if change.before.configuration is not Configuration.INSTALL_CLASSES or change.after.configuration is (
        change.before.configuration
    ):
        return
    moved: list[MovedSetting] = []
    seen: set[bytes] = set()
    for name in sorted(name for name in tree.files if CLASSES in name):
        data = tree.files.pop(name)
        if PurePosixPath(name).name in UPSTREAM_CLASSES or data in seen:
            continue
        seen.add(data)
        try:
            found = list_moved_settings(data, name, change.after)
        except ContentError as error:
            tree.decisions.append(f"{name}: left behind, for it cannot be read: {error}")
            continue
        moved += found
        idle = [setting.said for setting in found if setting.note.startswith(NOTHING)]
        tree.decisions += [f"{name}, {setting}" for setting in found if setting.said not in idle]
        if idle:
            tree.decisions.append(f"{name}: nothing in {change.after.words} asks for {', '.join(idle)}")
    _write_configuration(tree, change, moved)


def _carry_configurations(tree: CrossedTree, change: BaseChange) -> None:
    """Say which keys the new installer does not know; turn product.d into profile.d where that is read."""
    if change.before.configuration is Configuration.INSTALL_CLASSES:
        return
    known = configuration_keys(change.after.anaconda)
    directory = f"{PRODUCT}/etc/anaconda/{change.before.configuration.value}/"
    is_other = change.before.configuration is not change.after.configuration
    carried: list[MovedSetting] = []
    for name in sorted(name for name in tree.files if CONFIGURATION.fullmatch(name)):
        settings = _read_configuration(tree.files[name].decode("utf-8", "replace"))
        if settings is None:
            tree.decisions.append(f"{name}: is no configuration that anaconda could read")
            continue
        chosen_by = {*change.before.configuration.sections}
        said = [setting for setting in settings if setting.section not in chosen_by]
        tree.decisions += [
            f"{name}: {change.after.words} knows no [{setting.section}] {setting.key}"
            for setting in said
            if (setting.section, setting.key) not in known
        ]
        if is_other and name.startswith(directory):
            del tree.files[name]
            carried += [setting for setting in said if (setting.section, setting.key) in known]
            tree.decisions.append(
                f"{name}: {change.after.words} reads {change.after.configuration.value} instead; what it says was"
                " carried over"
            )
    if is_other:
        _write_configuration(tree, change, carried)


def _read_configuration(text: str) -> list[MovedSetting] | None:
    """Return what a configuration says, None for one that is no INI file."""
    parser = RawConfigParser(default_section="\0")
    try:
        parser.read_string(text)
    except (Error, ValueError):
        return None
    return [
        MovedSetting(0, "", section, key, "\n    ".join(value.splitlines()))
        for section in parser.sections()
        for key, value in parser.items(section)
    ]


def _write_configuration(tree: CrossedTree, change: BaseChange, moved: list[MovedSetting]) -> None:
    """Write the file by which the installer knows our product."""
    path, text = configuration_text(change.after, change.product, change.after.upstream.ident, moved)
    place = f"{PRODUCT}/{path}"
    tree.files[place] = text.encode()
    tree.decisions.append(
        f"{place} was made: efi_dir is {change.after.upstream.ident}, the directory of its shim;"
        f" it is chosen by {change.after.configuration.chosen_by}"
    )


def _leave_python(tree: CrossedTree, change: BaseChange) -> None:
    """Leave behind what belongs to the old installer's Python."""
    old, new = change.before.python, change.after.python
    if old == new:
        return
    number = re.escape(f"{old.version[0]}.{old.version[1]}")
    place = re.compile(rf"(?:^|/)python{number}/|^(?:{PRODUCT}|{UPDATES})/(?:(?:{'|'.join(DEAD)})/)?pyanaconda/")
    for name in sorted(name for name in tree.files if place.search(name)):
        del tree.files[name]
        tree.decisions.append(
            f"{name}: left behind, it belongs to {old}; what {change.after.words} still needs of it goes to"
            f" {PRODUCT}/{new.site}/"
        )


def _set_boot_options(tree: CrossedTree, change: BaseChange) -> None:
    """Spell the options of boot lines as the new installer knows them."""
    if change.after.plain_options or not change.before.plain_options:
        return
    menus, known = (change.after.bios.menu, change.after.uefi.menu), change.after.options.plain

    def spell_line(line: re.Match[str]) -> str:
        return WORD.sub(lambda word: known.get(word.group(), word.group()), line.group())

    for name in sorted(name for name in tree.files if name.removeprefix(f"{NETINSTALL}/") in menus):
        text = tree.files[name].decode("utf-8", "surrogateescape")
        spelled = BOOT_LINE.sub(spell_line, text)
        if spelled != text:
            tree.files[name] = spelled.encode("utf-8", "surrogateescape")
            tree.decisions.append(f"{name}: options have inst. before them now, without which they would not count")


def _set_identity(tree: CrossedTree, change: BaseChange) -> None:
    """Set what release files and .buildstamp say of what the release is built on."""
    for name, change_text in _identity_changes(tree, change):
        text = tree.files[name].decode("utf-8", "surrogateescape")
        tree.files[name] = change_text(text).encode("utf-8", "surrogateescape")
    old, new = (f"{PRODUCT}/etc/{base.upstream.ident}-release" for base in (change.before, change.after))
    if old != new and old in tree.files:
        tree.files[new] = tree.files.pop(old)


def _identity_changes(tree: CrossedTree, change: BaseChange) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Yield (file, what is done to its text)."""
    for place in (STAMP_NAME, *(f"{dead}/{STAMP_NAME}" for dead in DEAD)):
        if f"{PRODUCT}/{place}" in tree.files:
            yield f"{PRODUCT}/{place}", lambda text: COMPOSE.sub("", text)  # of the old lorax
    if OS_RELEASE in tree.files:
        is_profile = change.after.configuration is Configuration.PROFILES
        ident = os_release_id(change.product) if is_profile else change.after.upstream.ident
        values = {"ID": ident, "PLATFORM_ID": f"platform:{change.after.name}"}
        yield OS_RELEASE, lambda text: set_shell_variables(text, values)
