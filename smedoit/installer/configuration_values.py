# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the installer's configuration, as anaconda converts them when it starts: one that it cannot ends it.

Source: pyanaconda/core/configuration/*.py of anaconda 33.16.10.5, 34.25.7.19 and 40.22.3.57
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches

from smedoit.bases.enterprise_linux import Base
from smedoit.branding.python3_ini import DEFAULTS, IniFile, IniValue, fill_python3_references
from smedoit.installer.configuration_tables import ConfigurationKey, configuration_keys

BOOLEANS = ("1", "yes", "true", "on", "0", "no", "false", "off")
# As libbytesize takes one: a number, and a unit of any spelling that it knows
SIZE = re.compile(
    r"\s*[+-]?\s*(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?\s*(?:[kmgtpezyKMGTPEZY]?i?[bB]?)\s*"
)
PARTS = ("size", "min", "max", "free")
DEVICES = ("LVM", "MD", "PARTITION", "BTRFS", "DISK", "LVM_THINP")
SHOWN = 60  # characters of a value in a sentence
CERTAIN = 0.75


def value_faults(read: IniFile, base: Base) -> Iterator[tuple[int, str]]:
    """Yield line and reason of each value that would end the installer of a base."""
    known = configuration_keys(base.anaconda)
    for section in read.sections:
        values = {key: value.text for key, value in read.values_of(section).items()}
        for key, value in read.values_of(section).items():
            if asked := known.get((section, key)):
                try:
                    text = fill_python3_references(value.text, values)
                    VALUE_CHECKS[asked.kind](text, asked)
                except ValueError as error:
                    shown = " ".join(value.text.split())[:SHOWN]
                    yield value.line, f"[{section}] {key} = {shown}: {error}, which ends the installer"


def unknown_keys(read: IniFile, base: Base, own_sections: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[int, str]]:
    """Yield line and what is said of each key that the installer of a base never asks for, with the nearest one.

    own_sections  those that say for whom a file is, and their keys
    """
    known = configuration_keys(base.anaconda)
    sections = {section for section, _ in known} | {*own_sections}
    for section, values in read.sections.items():
        if section == DEFAULTS or not values:
            continue
        first = min(value.line for value in values.values())
        if section not in sections:
            near = get_close_matches(section[:SHOWN], sorted(sections), 1, CERTAIN)
            yield first, f"[{section[:SHOWN]}] is no section that the installer asks for" + _suggestion(near, "[{}]")
            continue
        keys = {key for name, key in known if name == section} | {*own_sections.get(section, ())}
        for key, value in values.items():
            if key not in keys:
                yield value.line, _unknown_key(section, key, keys, known)


def _unknown_key(section: str, key: str, keys: set[str], known: Mapping[tuple[str, str], ConfigurationKey]) -> str:
    """Return what is said of a key that nobody asks for."""
    elsewhere = sorted(name for name, other in known if other == key)
    hint = (
        f"; it belongs in [{elsewhere[0]}]"
        if elsewhere
        else _suggestion(get_close_matches(key[:SHOWN], sorted(keys), 1, 0.7))
    )
    return f"[{section[:SHOWN]}] {key[:SHOWN]} is no key that the installer asks for{hint}"


def _suggestion(near: list[str], form: str = "{}") -> str:
    """Return the end of a sentence that names what was meant."""
    return f"; did you mean {form.format(near[0])}?" if near else ""


def missing_keys(read: IniFile, base: Base) -> list[str]:
    """Return the keys that anaconda.conf itself must have, and does not."""
    return [
        f"[{section}] {key}"
        for (section, key), asked in configuration_keys(base.anaconda).items()
        if not asked.is_optional and key not in read.values_of(section)
    ]


def _check_bool(text: str, _: ConfigurationKey) -> None:
    if text.lower() not in BOOLEANS:
        raise ValueError("is neither True nor False")


def _check_choice(text: str, asked: ConfigurationKey) -> None:
    if text not in asked.choices:
        near = next((choice for choice in asked.choices if choice.lower() == text.lower()), "")
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(f"is none of {', '.join(asked.choices)}{hint}")


def _check_size(text: str, _: ConfigurationKey) -> None:
    if not SIZE.fullmatch(text):
        raise ValueError(f"{text[:SHOWN]!r} is no size like 10 GiB")


def _check_words(text: str, asked: ConfigurationKey) -> None:
    if str(len(text.split())) not in asked.choices:
        raise ValueError(f"needs {' or '.join(asked.choices)} words")


def _check_devices(text: str, _: ConfigurationKey) -> None:
    for word in text.split():
        if word not in DEVICES:
            raise ValueError(f"{word[:SHOWN]} is none of {', '.join(DEVICES)}")


def _check_sizes(text: str, asked: ConfigurationKey) -> None:
    for line in filter(None, text.split("\n")):
        words = line.split(maxsplit=1)
        if len(words) != 2:
            raise ValueError(f"{line[:SHOWN]!r} is not a mount point and a size")
        _check_size(words[1], asked)


def _attribute_lines(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield name and attributes of each line like "/home (min 500 MiB, free 50 GiB)"."""
    for line in text.strip().split("\n"):
        name, _, said = line.strip().partition(" ")
        words = (attribute.strip() for attribute in said.strip().strip("()").split(","))
        pairs = (word.split(maxsplit=1) for word in words if word)
        yield name, {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs}


def _check_partitions(text: str, asked: ConfigurationKey) -> None:
    for name, attributes in _attribute_lines(text):
        if name != "swap" and not name.startswith("/"):
            raise ValueError(f"{name[:SHOWN] or 'nothing'} is no mount point: it begins with /, or is swap")
        for key, value in attributes.items():
            if value and key in PARTS:
                _check_size(value, asked)
            elif value or key not in asked.choices:
                raise ValueError(f"{key[:SHOWN]} of {name[:SHOWN]} is none of {', '.join((*PARTS, *asked.choices))}")
        if attributes.get("size") and attributes.get("min"):
            raise ValueError(f"{name[:SHOWN]} has both size and min")
        if attributes.get("max") and not attributes.get("min"):
            raise ValueError(f"{name[:SHOWN]} has max without min")


def _check_policies(text: str, _: ConfigurationKey) -> None:
    for name, attributes in _attribute_lines(text):
        for key, value in attributes.items():
            is_number = value.lstrip("+-").isdigit()
            if not (
                (value and is_number and key in ("length", "quality")) or (not value and key in ("strict", "empty"))
            ):
                raise ValueError(f"{key[:SHOWN]} of {name[:SHOWN]} is none of length N, quality N, strict, empty")
        if not name or not {"length", "quality"} <= {*attributes}:
            raise ValueError(f"{name[:SHOWN] or 'a line'} needs length N and quality N")


def _check_nothing(_text: str, _asked: ConfigurationKey) -> None:
    """Take any text."""


VALUE_CHECKS: Mapping[str, Callable[[str, ConfigurationKey], None]] = {
    "bool": _check_bool,
    "devices": _check_devices,
    "list": _check_nothing,
    "one": _check_choice,
    "partitions": _check_partitions,
    "policies": _check_policies,
    "size": _check_size,
    "sizes": _check_sizes,
    "text": _check_nothing,
    "words": _check_words,
}


def merged_values(files: Iterator[IniFile]) -> dict[tuple[str, str], IniValue]:
    """Return (section, key) -> value of files that are read one after the other."""
    found: dict[tuple[str, str], IniValue] = {}
    for read in files:
        for section in read.sections:
            found |= {(section, key): value for key, value in read.values_of(section).items()}
    return found
