# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of release.toml, from the classes that read it.

A table of the file is a class, a key is a field. The docstring of the class says what the table is for, and then, in
lines of the form `name  what it means`, what each key means; continuation lines are indented. A key without such a
line ends the build, unless it is a table of its own, whose class explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from handbook.words import HandbookError, code, escaped
from smedoit.config.explained import SettingsDoc, parse_docstring
from smedoit.config.release import Release

NOT_IN_THE_FILE = ("file",)  # a field of Release that says where release.toml lies
CALLED = {str: "string", int: "whole number", bool: "true or false", datetime: "date", Path: "path"}
SEVERAL = {str: "strings", int: "whole numbers", Path: "paths"}


@dataclass(frozen=True)
class Key:
    """One key of a table: its name, the type and default in words, what it means, and the table that it is, if any."""

    name: str
    kind: str
    default: str
    meaning: str
    table: str = ""


@dataclass(frozen=True)
class Section:
    """One table of release.toml: its heading as the file spells it, what it is for, and its keys."""

    name: str
    heading: str
    doc: SettingsDoc
    keys: tuple[Key, ...]

    @property
    def anchor(self) -> str:
        """What other pages link to."""
        return f"table-{self.name}"


def walk_release(release: type = Release) -> list[Section]:
    """Return every table that release.toml may have, in the order of the fields of Release.

    Raises HandbookError with all keys that no docstring explains, and all explanations of keys that do not exist.
    """
    faults: list[str] = []
    sections = list(_top_level(release, faults))
    if faults:
        raise HandbookError("release.toml cannot be documented:\n  " + "\n  ".join(faults))
    return sections


def as_markdown(sections: list[Section]) -> str:
    """Return the whole reference: a list of the tables, then each of them with its keys."""
    overview = ["| table | what it decides |", "|---|---|"]
    overview += [f"| [{code(one.heading)}](#{one.anchor}) | {escaped(one.doc.purpose)} |" for one in sections]
    return "\n".join([*overview, "", *(line for one in sections for line in _section_lines(one))])


def _top_level(release: type, faults: list[str]) -> Iterator[Section]:
    doc, hints = parse_docstring(release.__doc__ or ""), get_type_hints(release)
    seen: dict[type, str] = {}
    for one in fields(release):
        if one.name in NOT_IN_THE_FILE:
            continue
        table, heading = _table_of(hints[one.name], one.name)
        if table:
            seen[table] = one.name
            yield from _table_sections(table, one.name, heading, seen, faults)
        elif one.name in doc.entries:
            keys_are_free = f"The names of its keys are yours: it is a {_in_words(hints[one.name], one.name)}."
            yield Section(one.name, f"[{one.name}]", SettingsDoc(doc.entries[one.name], (keys_are_free,)), ())
        else:
            faults.append(f"{release.__name__}.{one.name}: its class docstring has no line that explains it")


def _table_sections(
    table: type, name: str, heading: str, seen: dict[type, str], faults: list[str]
) -> Iterator[Section]:
    """Yield the section of a table and of the tables inside it.

    seen  class -> the section that shows it; where it is used again, it is only linked
    """
    doc, hints = parse_docstring(table.__doc__ or ""), get_type_hints(table)
    names = [one.name for one in fields(table)]
    if not doc.first or doc.first.startswith(f"{table.__name__}("):  # what dataclass writes where nobody wrote
        faults.append(f"{table.__name__}: has no docstring")
    faults += [f"{table.__name__}: explains {one}, which is no field of it" for one in doc.entries if one not in names]
    keys: list[Key] = []
    inner: list[tuple[type, str, str]] = []
    for one in fields(table):
        nested, nested_heading = _table_of(hints[one.name], f"{name}.{one.name}")
        meaning = doc.entries.get(one.name, "")
        if nested:
            link = seen.setdefault(nested, f"{name}.{one.name}")
            meaning = meaning or parse_docstring(nested.__doc__ or "").purpose
            if link == f"{name}.{one.name}":
                inner.append((nested, link, nested_heading))
        elif meaning:
            link = ""
        else:
            faults.append(f"{table.__name__}.{one.name}: its class docstring has no line that explains it")
            continue
        kind = _in_words(hints[one.name], f"{table.__name__}.{one.name}")
        keys.append(Key(one.name, kind, _default_in_words(one), meaning, link))
    yield Section(name, heading, doc, tuple(keys))
    for nested, nested_name, nested_heading in inner:
        yield from _table_sections(nested, nested_name, nested_heading, seen, faults)


def _is_table(kind: object) -> bool:
    return isinstance(kind, type) and is_dataclass(kind)


def _table_of(kind: Any, name: str) -> tuple[type | None, str]:
    """Return the class of a table and its heading; None for a key that is no table."""
    if _is_table(kind):
        return kind, f"[{name}]"
    inner = get_args(kind)
    if get_origin(kind) is tuple and _is_table(inner[0]):
        return inner[0], f"[[{name}]]"
    if get_origin(kind) is Mapping and _is_table(inner[1]):
        return inner[1], f"[{name}.NAME]"
    return None, ""


def _in_words(kind: Any, where: str) -> str:
    """Return a type as a person calls it. Raises HandbookError for one that has no word yet."""
    origin, inner = get_origin(kind), get_args(kind)
    if _is_table(kind):
        return "table"
    if origin is Literal:
        return "one of " + ", ".join(code(_toml(one)) for one in inner)
    if origin is tuple:
        return "array of tables" if _is_table(inner[0]) else f"array of {SEVERAL.get(inner[0], 'values')}"
    if origin is Mapping:
        return "tables by name" if _is_table(inner[1]) else f"table of {SEVERAL.get(inner[1], 'values')}"
    if kind in CALLED:
        return CALLED[kind]
    raise HandbookError(f"{where}: the handbook has no word for the type {kind}; add it to handbook/settings.py")


def _default_in_words(one: Field[Any]) -> str:
    """Return "required", or the default as release.toml would spell it, "optional" where that says nothing."""
    if one.default is MISSING and one.default_factory is MISSING:
        return "required"
    value = one.default if one.default_factory is MISSING else one.default_factory()
    says_nothing = value in ("", (), Path()) or value == {} or is_dataclass(value)
    if says_nothing or (isinstance(value, datetime) and value.year == 1):
        return "optional"
    return f"default {code(_toml(value))}"


def _toml(value: object) -> str:
    """Return a value as release.toml spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, Path)):
        text = str(value)
        return f"'{text}'" if "\\" in text or '"' in text else f'"{text}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{_toml(key)} = {_toml(one)}" for key, one in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return str(value)


def _section_lines(one: Section) -> Iterator[str]:
    """Yield the Markdown of one table."""
    level = "####" if "." in one.name else "###"
    purpose = one.doc.purpose
    yield from (f"({one.anchor})=", f"{level} {code(one.heading)}", "", f"{escaped(purpose)}.", "")
    for paragraph in one.doc.paragraphs:
        yield from (escaped(paragraph), "")
    for key in one.keys:
        link = f" See [{code(key.table)}](#table-{key.table})." if key.table else ""
        meaning = escaped(key.meaning)
        yield from (
            f"{code(key.name)} ({key.kind}, {key.default})",
            f": {meaning}{'' if meaning.endswith('.') else '.'}{link}",
            "",
        )
