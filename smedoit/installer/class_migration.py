# SPDX-License-Identifier: GPL-3.0-or-later
"""What an install class of anaconda 21 decided, and where a later anaconda has that now.

Source: pyanaconda/installclass.py of anaconda 21.48.22.159; data/anaconda.conf of 33.16, 34.25 and 40.22
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from smedoit.bases.enterprise_linux import Base
from smedoit.errors import ContentError
from smedoit.installer.class_choice import ASKED
from smedoit.installer.configuration_tables import configuration_keys
from smedoit.installer.python27_grammar import Node
from smedoit.installer.python27_names import literal_text, literal_words, read_source_names
from smedoit.installer.python27_rules import check_python27
from smedoit.installer.python27_scopes import SourceNames
from smedoit.installer.python27_tokens import NAME, Python27Error
from smedoit.installer.python27_values import UNKNOWN, plain_value

DEFAULTS_FILE = "usr/share/anaconda/interactive-defaults.ks"
ADDONS = "usr/share/anaconda/addons"
SCHEME = "AUTOPART_TYPE_"  # before a name of [Storage] default_scheme, as pykickstart has it
# Attribute or method -> the keys that decide it now, the first that an anaconda asks for, and what a person must know
KEYS: dict[str, tuple[tuple[str, ...], str]] = {
    "efi_dir": (("Bootloader.efi_dir",), "the directory of the medium's own shim package"),
    "defaultFS": (("Storage.file_system_type",), ""),
    "default_autopart_type": (("Storage.default_scheme",), ""),
    "setDefaultPartitioning": (("Storage.default_partitioning",), "one mount point a line, with min, max, size, free"),
    "customizeDefaultPartitioning": (("Storage.default_partitioning",), "what no line can say needs an add-on"),
    "setStorageChecker": (("Storage Constraints.min_partition_sizes",), "and its neighbours in that section"),
    "ignoredPackages": (("Payload.ignored_packages",), ""),
    "installUpdates": (("Payload.enable_updates", "Payload.updates_repositories"), ""),
    "setPackageSelection": (
        ("Payload.default_environment",),
        "an environment of comps.xml; what every system has belongs in the group core",
    ),
    "setNetworkOnbootDefault": (("Network.default_on_boot",), "NONE, DEFAULT_ROUTE_DEVICE or FIRST_WIRED_WITH_LINK"),
    "help_folder": (("User Interface.help_directory",), ""),
    "help_main_page": (("User Interface.default_help_pages",), "three pages: of the text mode, of windows, and none"),
    "use_geolocation_with_kickstart": (("Localization.use_geolocation", "Timezone.geolocation_provider"), ""),
}
# What has become of those that no key decides
GONE = {
    "bootloaderTimeoutDefault": "bootloader --timeout in interactive-defaults.ks; menu_auto_hide hides the menu",
    "bootloaderExtraArgs": "the line bootloader --append in interactive-defaults.ks",
    "configure": "nothing; what it calls is listed for itself",
    "__init__": "nothing",
    "getBackend": "nothing, the installer chooses its payload",
    "filterSupportedLangs": "nothing, no key leaves out languages; hidden_spokes hides the window",
    "filterSupportedLocales": "nothing, no key leaves out languages; hidden_spokes hides the window",
}
WITHOUT_KEY = "nothing, this installer has no such setting"
IDENTITY = ("name", "hidden", "sortPriority")
# Words in names that a class uses -> the key, or the line of interactive-defaults.ks, of what it does with them
USES: dict[str, tuple[str, ...]] = {
    "hostname": ("network --hostname",),
    "rootpw": ("rootpw",),
    "pwpolicy": ("User Interface.password_policies", "pwpolicy"),
    "spoke": ("User Interface.hidden_spokes",),
    "hub": ("User Interface.hidden_spokes",),
    "gpgkey": ("Payload.default_rpm_gpg_keys", "%post, which imports them"),
    "firstboot": ("firstboot --enable",),
    "firewall": ("firewall",),
    "selinux": ("selinux",),
    "timezone": ("timezone --utc",),
}


@dataclass(frozen=True)
class MovedSetting:
    """One thing that an install class decided.

    line     of the class
    said     what stands there
    section  of the installer's configuration, and the key that decides it now; "" for both where none does
    value    what the key would have; "" where a person must say
    note     where it belongs, or what a person must know
    """

    line: int
    said: str
    section: str = ""
    key: str = ""
    value: str = ""
    note: str = ""

    def __str__(self) -> str:
        where = f"[{self.section}] {self.key}" if self.section else ""
        return f"line {self.line}: {self.said}: {'; '.join(filter(None, (where, self.note)))}"


def list_moved_settings(data: bytes, name: str, base: Base) -> list[MovedSetting]:
    """Return what the install classes of a file decided, in the order of its lines, and where base has that.

    Raises ContentError for a file that Python 2.7 would not compile.
    """
    try:
        source = read_source_names(check_python27(data))
    except Python27Error as error:
        raise ContentError(f"{name}, {error}", hint="it is no install class of anaconda 21") from None
    found = [moved for node in source.classes for moved in _class_settings(node, base)]
    return sorted([*found, *_uses_of_classes(source, base)], key=lambda moved: (moved.line, moved.said))


def configuration_text(base: Base, product: str, efi_dir: str, moved: Iterable[MovedSetting] = ()) -> tuple[str, str]:
    """Return path in the installer and text of the configuration of a product: ours, on the distributor's own.

    product  as .buildstamp has it; of os-release its ID must be os_release_id(product) where a base goes by that
    efi_dir  the directory of the medium's shim package
    moved    what an install class decided
    """
    directory = f"etc/anaconda/{base.configuration.value}"
    sections = {section: dict(keys) for section, keys in _product_sections(base, product).items()}
    for each in moved:
        if each.section and each.value:
            sections.setdefault(each.section, {})[each.key] = each.value
    sections.setdefault("Bootloader", {})["efi_dir"] = efi_dir
    known = configuration_keys(base.anaconda)
    for section, key, value in (
        ("Bootloader", "menu_auto_hide", "False"),
        ("Payload", "default_source", "CLOSEST_MIRROR"),
        ("Payload", "enable_closest_mirror", "True"),
    ):
        if (section, key) in known:
            sections.setdefault(section, {}).setdefault(key, value)
    texts = (
        f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
        for section, keys in sections.items()
    )
    return f"{directory}/koozali.conf", "\n".join(texts)


def _product_sections(base: Base, product: str) -> dict[str, dict[str, str]]:
    """Return the sections by which anaconda finds a file, and what it is based on."""
    return {
        section: {
            key: value.replace("{product}", product).replace("{id}", os_release_id(product))
            for key, value in keys.items()
        }
        for section, keys in base.configuration.sections.items()
    }


def os_release_id(product: str) -> str:
    """Return a product's name as ID of os-release may have it. Source: os-release(5)"""
    return re.sub(r"[^a-z0-9._]+", "-", product.lower()).strip("-")


def _class_settings(node: Node, base: Base) -> Iterator[MovedSetting]:
    """Yield what a class sets and defines."""
    for statement in _body_statements(node.children[-1]):
        if statement.kind == "expr_stmt" and statement.children[1].kind == "=":
            for target in statement.children[:-1:2]:
                if target.kind == NAME:
                    yield _moved_attribute(target.text, statement.children[-1], statement.line, base)
        elif statement.kind in ("funcdef", "decorated"):
            definition = statement if statement.kind == "funcdef" else statement.children[-1]
            if definition.kind == "funcdef":
                yield _moved_method(definition.children[1].text, definition.line, base)


def _body_statements(body: Node) -> Iterator[Node]:
    """Yield the statements of a class, also those below an if; not those of its methods."""
    left = [body]
    while left:
        node = left.pop()
        if node.kind in ("expr_stmt", "funcdef", "decorated"):
            yield node
        elif node.kind not in ("classdef", "lambdef"):
            left += reversed(node.children)


def _moved_attribute(name: str, value: Node, line: int, base: Base) -> MovedSetting:
    """Return what has become of an attribute."""
    written = _configuration_value(value)
    said = f"{name} = {written}" if written is not None else name
    if name in IDENTITY:
        directory = base.configuration.value
        return MovedSetting(
            line, said, note=f"nothing; etc/anaconda/{directory}/*.conf is chosen by {base.configuration.chosen_by}"
        )
    return _moved_name(name, said, "" if written is None else written, line, base)


def _moved_method(name: str, line: int, base: Base) -> MovedSetting:
    """Return what has become of a method."""
    if name in KEYS or name in GONE or name in ASKED:
        return _moved_name(name, f"{name}()", "", line, base)
    return MovedSetting(line, f"{name}()", note=f"code of your own: an add-on in {ADDONS}")


def _moved_name(name: str, said: str, value: str, line: int, base: Base) -> MovedSetting:
    """Return what has become of a name that anaconda 21 asks for, or of another."""
    if name in KEYS:
        keys, note = KEYS[name]
        for section, key in (each.split(".") for each in keys):
            if (section, key) in configuration_keys(base.anaconda):
                fits = name not in ("efi_dir", "installUpdates", "help_folder", "help_main_page")
                return MovedSetting(line, said, section, key, value if fits else "", note)
        return MovedSetting(line, said, note=WITHOUT_KEY)
    if name in GONE or name in ASKED:
        return MovedSetting(line, said, note=GONE.get(name, WITHOUT_KEY))
    return MovedSetting(line, said, note=f"anaconda 21 never asked for it; code of your own belongs in {ADDONS}")


def _configuration_value(node: Node) -> str | None:
    """Return a value as the configuration has it, None for one that only a running Python would know."""
    if (words := literal_words(node)) is not None and literal_text(node) is None:
        return " ".join(words)
    last = node.children[-1] if node.kind == "power" else node
    word = last.children[-1].text if last.kind == "trailer" else last.text
    if word.startswith(SCHEME):
        return word.removeprefix(SCHEME)
    value = plain_value(node, {})
    if value is UNKNOWN or value is None or isinstance(value, tuple):
        return None
    return str(value)


def _uses_of_classes(source: SourceNames, base: Base) -> Iterator[MovedSetting]:
    """Yield what the methods do otherwise, as far as the names tell that they use; each once."""
    seen = set()
    for use in source.used:
        dotted = ".".join((use.name, *use.attributes))
        for word, places in USES.items():
            if word in dotted.lower().replace("_", "") and word not in seen:
                seen.add(word)
                yield _moved_use(dotted, places, use.line, base)


def _moved_use(dotted: str, places: tuple[str, ...], line: int, base: Base) -> MovedSetting:
    """Return where what a class does with a name belongs."""
    for place in places:
        section, sign, key = place.partition(".")
        if sign and (section, key) in configuration_keys(base.anaconda):
            return MovedSetting(line, f"uses {dotted}", section, key)
    return MovedSetting(line, f"uses {dotted}", note=f"a line {places[-1]} of {DEFAULTS_FILE}")
