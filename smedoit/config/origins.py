# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds, and where it comes from: release.toml, a default, or the command line. And all that is wrong, as JSON."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin

from smedoit.config.inputs import NEVER
from smedoit.config.positions import locate_keys
from smedoit.config.release import Release, load_release, read_toml_text
from smedoit.config.schema import SettingsTable, default_value, suggest_name
from smedoit.config.tables import entry_at, field_types, find_faults, is_required, is_table, split_heading
from smedoit.config.toml import KeyPath, parse_toml, toml_key, toml_value
from smedoit.errors import ConfigError

UNSAID: tuple[object, ...] = ("", (), {}, Path(), NEVER)  # defaults that set nothing


# path -> what holds instead of what the file says, and who said so
Overruled = Mapping[KeyPath, tuple[Any, str]]


@dataclass(frozen=True)
class Setting:
    """A key of release.toml, said or not.

    path     of the key from the top of the file; a number is the place in an array
    table    path of its table
    heading  of its table, as the file spells it, and the name or number behind that of a table in an array
    key      within that table
    value    as the file has it, or the default
    holds    what the tasks see: a path is absolute, a fingerprint in one piece, a date in UTC
    origin   "FILE:LINE", "default", or what was said on the command line
    """

    path: KeyPath
    table: KeyPath
    heading: str
    key: str
    value: Any
    holds: Any
    origin: str

    @property
    def is_unsaid(self) -> bool:
        """Whether it is a default that sets nothing."""
        return self.origin == "default" and self.value in UNSAID


def describe_places(rel: Release, named: str) -> str:
    """Return what follows from the settings, as comments: the file, the release, and where its world and media lie.

    named  how the file was chosen
    """
    facts = {
        "file": f"{rel.file}, {named}",
        "release": f"{rel.release.full}, volume id {rel.release.volume}",
        "root": rel.root,
        "tree": rel.tree,
        "medium": rel.iso,
        "cache": f"{rel.cache}, of every release.toml with this root",
    }
    return "\n".join(f"# {name:<8} {fact}" for name, fact in facts.items())


def list_settings(file: Path, overruled: Overruled) -> list[Setting]:
    """Return every setting of the release that a file describes, in the order of the reference.

    Raises ConfigError with all that is wrong with the file.
    """
    text, rel = read_toml_text(file), load_release(file)
    document, positions = parse_toml(text, file), locate_keys(text)
    found = []
    for path, value, holds in _walk_table(rel, document, ()):
        line = positions.of_key(path)[0]
        origin = f"{file.name}:{line}" if _is_said(path, document) else "default"
        value, holds, origin = (overruled[path][0], *overruled[path]) if path in overruled else (value, holds, origin)
        heading, within = split_heading(Release, document, path)
        key = ".".join(toml_key(part) for part in within if isinstance(part, str))
        found.append(Setting(path, path[: len(path) - len(within)], heading, key, value, holds, origin))
    return found


def _is_said(path: KeyPath, document: Mapping[str, Any]) -> bool:
    """Return whether the file has a key."""
    above = functools.reduce(entry_at, path[:-1], document)
    return isinstance(above, Mapping) and path[-1] in above


def _walk_table(table: SettingsTable, said: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Yield path, value as the file says it or by default, and value that holds, of every key of a table."""
    hints = field_types(type(table))
    for field in fields(table):
        if (*path, field.name) != ("file",):
            default = None if is_required(field) else default_value(field)
            written = said.get(field.name, default) if isinstance(said, Mapping) else default
            yield from _walk_value(hints[field.name], getattr(table, field.name), written, (*path, field.name))


def _walk_value(kind: Any, holds: Any, said: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Yield what _walk_table does, of a key and of whatever is inside it."""
    inner = get_args(kind)
    if is_table(kind):
        yield from _walk_table(holds, said, path)
    elif get_origin(kind) is tuple and is_table(inner[0]):
        for number, entry in enumerate(holds):
            yield from _walk_table(entry, entry_at(said, number), (*path, number))
    elif get_origin(kind) is Mapping and is_table(inner[1]):
        for name, entry in holds.items():
            yield from _walk_table(entry, entry_at(said, name), (*path, name))
    elif get_origin(kind) is Mapping and len(path) == 1:
        for name, entry in holds.items():
            yield (*path, name), entry, entry
    else:
        yield path, said, holds


def select_settings(settings: Sequence[Setting], words: Sequence[str]) -> list[Setting]:
    """Return the settings that words name: a table, a key with its table, or the beginning of either.

    Raises ConfigError for a word that names none.
    """
    if not words:
        return list(settings)
    names = [".".join(part for part in setting.path if isinstance(part, str)) for setting in settings]
    wanted = [f"{word.strip('[]')}." for word in words]
    for word in wanted:
        if not any(f"{name}.".startswith(word) for name in names):
            near = suggest_name(word[:-1], {*(str(setting.path[0]) for setting in settings), *names})
            hint = near.removeprefix("; ") or "doit config shows them all"
            raise ConfigError(f"{word[:-1]}: is no table or key that release.toml has", hint=hint)
    return [setting for setting, name in zip(settings, names, strict=True) if f"{name}.".startswith(tuple(wanted))]


def settings_as_toml(settings: Sequence[Setting]) -> str:
    """Return settings as TOML that says the same, each with its origin; what sets nothing is a comment."""
    lines: list[str] = []
    tables: dict[KeyPath, list[Setting]] = {}
    for setting in settings:
        tables.setdefault(setting.table, []).append(setting)
    for entries in tables.values():
        title, _, name = entries[0].heading.partition(" ")
        lines += ["", f"{title}{f'  # {name}' if name else ''}"]
        written = [_setting_line(setting) for setting in entries]
        width = min(max(map(len, written)), 60)
        for text, setting in zip(written, entries, strict=True):
            lines.append(f"{text:<{width}}  # {', '.join(_explain_origin(setting))}")
    return "\n".join(lines[1:])


def _setting_line(setting: Setting) -> str:
    """Return a setting as a line of TOML; as a comment if it sets nothing."""
    return f"{'# ' if setting.is_unsaid else ''}{setting.key} = {toml_value(setting.value, whole=True)}"


def _explain_origin(setting: Setting) -> Iterator[str]:
    """Yield where a setting comes from, and what it is for the tasks where that is not what stands there."""
    yield "not said" if setting.is_unsaid else setting.origin
    holds = toml_value(setting.holds, whole=True)
    if holds != toml_value(setting.value, whole=True) and not setting.is_unsaid:
        yield f"which is {holds}"


def settings_as_json(file: Path, settings: Sequence[Setting]) -> str:
    """Return settings as JSON: path, value, what holds, and origin of each; no faults."""
    entries = [
        {
            "path": list(setting.path),
            "value": _json_value(setting.value),
            "holds": _json_value(setting.holds),
            "origin": setting.origin,
        }
        for setting in settings
    ]
    return json.dumps({"file": str(file), "faults": [], "settings": entries}, indent=1, ensure_ascii=False)


def _json_value(value: Any) -> Any:
    """Return a value as JSON can have it."""
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {key: _json_value(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(entry) for entry in value]
    return str(value) if isinstance(value, Path) else toml_value(value)


def faults_as_json(file: Path) -> str:
    """Return all that is wrong with a file as JSON, "" if nothing is: line, column, key, words and hint of each.

    What cannot be placed has line and column 1. Raises ConfigError for a file that cannot be read.
    """
    found = [
        {"line": line, "column": column, "path": list(fault.path), "words": fault.words, "hint": fault.hint}
        for line, column, fault in find_faults(Release, read_toml_text(file), file, {"file": file})
    ]
    return json.dumps({"file": str(file), "faults": found}, indent=1, ensure_ascii=False) if found else ""
