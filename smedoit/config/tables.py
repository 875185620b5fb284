# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML tables into settings: checked in one pass, and every fault told at once, in sentences."""

from __future__ import annotations

import functools
import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime, time, timezone
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeGuard, TypeVar, get_args, get_origin, get_type_hints

from smedoit.config.schema import NOTHING, DoubtfulPaths, SettingsTable, collect_refusals, default_value, nearest_name
from smedoit.config.toml import LOST, KeyPath, TomlError, parse_toml, toml_key, toml_value
from smedoit.errors import ConfigError, format_count

T = TypeVar("T", bound=SettingsTable)

# (heading, key) of earlier versions -> how it is written now, "" for what has no effect any more.
OLD_SPELLINGS: Mapping[tuple[str, str], str] = types.MappingProxyType(
    {
        ("", "mirror"): "[[rsync_mirror]]",
        ("[[rsync_mirror]]", "deletions"): "max_delete_percent",
        ("", "mirrors"): "[release_urls]",
        ("", "waivers"): "[[closure.waivers]]",
        ("[[keys]]", "legacy"): "legacy_reason",
        ("[[keys]]", "expired"): "expired_reason",
        ("[boot_test]", "words"): "expect",
        ("[content]", "previous"): "inherit",
        ("[groups]", "absent"): "allow_missing",
        ("[installer]", "way"): "mode",
        ("[publish]", "deletions"): "max_delete",
        ("[publish]", "previous"): "carry_from",
        ("[quality]", "previous"): "previous_release",
        ("[release]", "efi_vendor"): "",
        ("[sources]", "absent"): "allow_missing",
    }
)
MOST_SHOWN = 100  # faults of one file: more are no report that anybody reads
INTEGERS = range(-(1 << 63), 1 << 63)  # what TOML promises to hold
EXAMPLES = {str: 'it in quotes, like "10.1"', int: "it as digits, without quotes", bool: "it without quotes"}
CALLED = {str: "a string", int: "a whole number", bool: "true or false", datetime: "a date", dict: "a table"}


@dataclass(frozen=True)
class Fault:
    """Something in a file that cannot be meant.

    path    of the key or table; a number is the place in an array
    words   the sentence, without the file and without what is done about it
    hint    what to do about it, "" if the words say so
    is_key  whether it is the key that is wrong, and not its value
    """

    path: KeyPath
    words: str
    hint: str = ""
    is_key: bool = False


class PlacedFault(NamedTuple):
    """A fault, and where it stands; line and column 0 where there is no text."""

    line: int
    column: int
    fault: Fault

    @property
    def where(self) -> str:
        """Line and column as they stand behind the name of a file."""
        return f":{self.line}:{self.column}" if self.line else ""


def read_settings(cls: type[T], text: str, file: Path, given: Mapping[str, Any] = NOTHING) -> T:
    """Return the text of a TOML file as an instance of the settings cls.

    given  fields that do not come from the file

    Raises ConfigError with all that cannot be meant: line, heading, key, value and reason of each.
    """
    try:
        document = parse_toml(text, file)
    except TomlError:
        raise explain_faults(find_faults(cls, text, file, given), file) from None
    built, faults = read_table(cls, document, given)
    if faults:
        raise explain_faults(place_faults(faults, text), file)
    return built


def build_table(cls: type[T], table: Mapping[str, Any], file: Path, given: Mapping[str, Any] = NOTHING) -> T:
    """Return a table that is not what any text says as an instance of the settings cls.

    given  fields that do not come from it

    Raises ConfigError with all that cannot be meant, without lines.
    """
    built, faults = read_table(cls, table, given)
    if faults:
        raise explain_faults([PlacedFault(0, 0, fault) for fault in faults], file)
    return built


def find_faults(
    cls: type[SettingsTable], text: str, file: Path, given: Mapping[str, Any] = NOTHING
) -> list[PlacedFault]:
    """Return all that is wrong with the text of a file, in the order of its lines; also of one that is no TOML."""
    from smedoit.config.recovery import read_past_faults

    nearly = read_past_faults(text, file)
    found = [PlacedFault(error.line, error.column, Fault((), error.words, error.hint)) for error in nearly.faults]
    if nearly.text is not None:
        document = {name: table for name, table in parse_toml(nearly.text, file).items() if not name.startswith(LOST)}
        meant = place_faults(read_table(cls, document, given, is_whole=not nearly.lost_heading)[1], nearly.text)
        wrong = {error.line for error in nearly.faults}
        found += [placed for placed in meant if placed.line not in wrong]
    return sorted(found, key=lambda placed: (placed.line, placed.column))


def read_table(
    cls: type[T], table: Mapping[str, Any], given: Mapping[str, Any] = NOTHING, *, is_whole: bool = True
) -> tuple[T, list[Fault]]:
    """Return table as an instance of cls, and all that is wrong with it; with faults it is not to be used.

    given     fields that do not come from the file
    is_whole  whether nothing of the file is lost; else each table is checked by itself alone
    """
    reader = _TableReader(cls, table, is_whole)
    return reader.build(cls, table, (), given), reader.faults


def explain_faults(placed: Sequence[PlacedFault], file: Path) -> ConfigError:
    """Return the error that tells all faults of a file."""
    if len(placed) == 1:
        return ConfigError(f"{file}{placed[0].where}: {placed[0].fault.words}", hint=placed[0].fault.hint)
    shown = placed[:MOST_SHOWN]
    lines = [f"  {file.name}{one.where}: {one.fault.words}{one.fault.hint and f'; {one.fault.hint}'}" for one in shown]
    rest = (
        [f"  … and {len(placed) - len(shown)} more; doit config --json has all of them"] if placed[MOST_SHOWN:] else []
    )
    said = "\n".join([f"{file}: {format_count(len(placed), 'fault')}", *lines, *rest])
    return ConfigError(said, hint="mend them all at once")


def place_faults(faults: Iterable[Fault], text: str) -> list[PlacedFault]:
    """Return faults with their lines and columns in a text, in that order."""
    from smedoit.config.positions import locate_keys

    positions = locate_keys(text)
    found = [
        PlacedFault(*(positions.of_key if fault.is_key else positions.of_value)(fault.path), fault) for fault in faults
    ]
    return sorted(found, key=lambda placed: (placed.line, placed.column))


class _UnreadableError(Exception):
    """A value that is not of its type; the fault is noted."""


class _TableReader:
    """One pass through all tables of a file, which goes on after a fault.

    What cannot be read is noted, and stands as a value that means nothing, so that the rest can be checked.
    """

    def __init__(self, cls: type, document: Mapping[str, Any], is_whole: bool) -> None:
        self.cls, self.document, self.is_whole = cls, document, is_whole
        self.faults: list[Fault] = []
        self.doubtful = DoubtfulPaths()

    def build(self, cls: type[T], table: Mapping[str, Any], path: KeyPath, given: Mapping[str, Any] = NOTHING) -> T:
        """Return a table at path as an instance of cls."""
        known = {field.name: field for field in fields(cls) if field.name not in given}
        hints = field_types(cls)
        values = dict(given)
        for key, value in table.items():
            if key not in known:
                self._note_unknown_key(known, table, (*path, key))
                continue
            try:
                values[key] = self._read_value(hints[key], value, (*path, key))
            except _UnreadableError:
                self.doubtful.add((*path, key))
        if path or self.is_whole:
            self._note_missing_keys(known, table, path)
        for key in known.keys() - values.keys():
            values[key] = _meaningless_value(hints[key]) if is_required(known[key]) else default_value(known[key])
        return self._checked(cls, values, path)

    def _checked(self, cls: type[T], values: Mapping[str, Any], path: KeyPath) -> T:
        """Return an instance of cls with these values, after noting what its checks refuse."""
        made = cls.__new__(cls)
        vars(made).update(values)
        if not path and not self.is_whole:
            return made
        with collect_refusals(self.doubtful, path) as refused:
            made.check_values()
        for refusal in refused:
            whole = (*path, *refusal.path)
            self._note(whole, f"{self._spell(whole)}: {refusal.reason}")
        return made

    def _note(self, path: KeyPath, words: str, hint: str = "", *, is_key: bool = False) -> None:
        """Note a fault: what stands at path is in doubt from now on."""
        self.faults.append(Fault(path, words, hint, is_key))
        self.doubtful.add(path)

    def _note_unknown_key(self, known: Mapping[str, object], table: Mapping[str, Any], path: KeyPath) -> None:
        """Note a key that the class does not have: how it is spelled today, or the nearest, or all that there are."""
        *above, key = path
        where, key = self._heading(tuple(above)), str(key)
        spelling = OLD_SPELLINGS.get((where.partition(" ")[0], key))
        if spelling is not None:
            written = f"{where} {key}" if where else f"[[{key}]]" if isinstance(table[key], list) else f"[{key}]"
            if spelling:
                said, hint = f"{written} was renamed", f"write {spelling} instead of {written.split()[-1]}"
            else:
                said, hint = f"{written} has no effect any more", "remove that line"
        else:
            said, hint = self._explain_unknown_key(where, key, known, table[key])
        self.faults.append(Fault(path, said, hint, is_key=True))
        meant = nearest_name(key, known) or (spelling or "").strip("[]")
        if meant in known and meant not in table:  # nothing is said of the key that a wrong one probably stands for
            self.doubtful.add((*above, meant))

    def _explain_unknown_key(self, where: str, key: str, known: Mapping[str, object], value: Any) -> tuple[str, str]:
        """Return what is said of a key that the class does not have, and what to do: the nearest, or its home."""
        near = nearest_name(key, known)
        if not where and isinstance(value, (dict, list)):
            hint = f"did you mean {self._top_heading(near)}?" if near else f"there are {', '.join(sorted(known))}"
            heading = f"[[{toml_key(key)}]]" if isinstance(value, list) else f"[{toml_key(key)}]"
            return f"{heading}: there is no such table", hint
        homes = [self._top_heading(name) for name, kind in field_types(self.cls).items() if key in _table_keys(kind)]
        hints = [f"did you mean {near}?"] if near else []
        hints += [f"{key} belongs to {homes[0]}"] if len(homes) == 1 else []
        return f"{where or 'the top level'} has no key {toml_value(key)}", (
            ", or: ".join(hints) or f"it knows {', '.join(sorted(known))}"
        )

    def _top_heading(self, name: str) -> str:
        """Return the heading of a table at the top of the file."""
        return f"[[{name}]]" if get_origin(field_types(self.cls)[name]) is tuple else f"[{name}]"

    def _note_missing_keys(self, known: Mapping[str, Field[Any]], table: Mapping[str, Any], path: KeyPath) -> None:
        """Note what must be there and is not, all of a table in one sentence."""
        required = [key for key, field in known.items() if key not in table and is_required(field)]
        missing = [key for key in required if (*path, key) not in self.doubtful.paths]
        for key in missing:
            self.doubtful.add((*path, key))
        if missing and path:
            where, names = self._heading(path), _join_names(missing)
            it = missing[0] if len(missing) == 1 else "them"
            hint = f"add {it} = … below {where}" if len(missing) == 1 else f"add a line KEY = … for each below {where}"
            self.faults.append(Fault(path, f"{where} does not say its {names}", hint, is_key=True))
        elif missing:
            names = _join_names([self._top_heading(key) for key in missing])
            said = f"there {'is no table' if len(missing) == 1 else 'are no tables'} {names}"
            self.faults.append(Fault((), said, f"add {names}; release.toml(5) of the handbook shows their keys"))

    def _read_value(self, kind: Any, value: Any, path: KeyPath) -> Any:
        """Return value as the type that the class declares for it. Raises _UnreadableError if it is none."""
        if value == LOST:  # that is told already
            raise _UnreadableError
        if is_table(kind):
            self._check_type(value, dict, path)
            return self.build(kind, value, path)
        if get_origin(kind) is tuple:
            return self._read_array(get_args(kind)[0], value, path)
        if get_origin(kind) is Mapping or kind is Mapping:
            self._check_type(value, dict, path)
            return types.MappingProxyType(dict(self._read_each(get_args(kind)[1], value.items(), path)))
        if kind is datetime:
            return self._read_date(value, path)
        self._check_type(value, str if kind is Path else kind, path)
        return Path(value) if kind is Path else value

    def _read_each(self, kind: Any, entries: Iterable[tuple[Any, Any]], path: KeyPath) -> Iterator[tuple[Any, Any]]:
        """Yield each entry of a table or an array that can be read, with its key or number."""
        for name, entry in entries:
            try:
                yield name, self._read_value(kind, entry, (*path, name))
            except _UnreadableError:
                self.doubtful.add((*path, name))

    def _read_array(self, kind: Any, value: Any, path: KeyPath) -> tuple[Any, ...]:
        """Return an array of values, or of tables, as a tuple in the file's order."""
        if not isinstance(value, list):
            heading = self._heading((*path, 0)).partition(" ")[0]
            want = f"write each as {heading}" if is_table(kind) else 'write it as an array, like ["a", "b"]'
            self._refuse(path, "is not a list", want)
        return tuple(entry for _, entry in self._read_each(kind, enumerate(value), path))

    def _read_date(self, value: Any, path: KeyPath) -> datetime:
        """Return a TOML date or date-time as UTC; without an offset it means UTC, never the builder's zone."""
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if not isinstance(value, datetime):
            self._refuse(path, "is not a date", f"write {path[-1]} = 2026-11-01T12:00:00Z, without quotes")
        try:
            return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
        except OverflowError:
            self._refuse(path, "is no date in UTC", "")

    def _check_type(self, value: Any, kind: type, path: KeyPath) -> None:
        """Refuse a value unless it is of kind; TOML's true is no number."""
        if isinstance(value, int) and value not in INTEGERS:
            self._refuse(path, "is larger than any number of TOML", "correct it")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self._refuse(path, f"is not {CALLED[kind]}", f"write {EXAMPLES[kind]}" if kind in EXAMPLES else "")

    def _refuse(self, path: KeyPath, reason: str, hint: str) -> NoReturn:
        """Note that a value is not of its type."""
        self._note(path, f"{self._spell(path)} {reason}", hint)
        raise _UnreadableError

    def _spell(self, path: KeyPath) -> str:
        """Return heading, key and value at path as the file spells them, for a sentence."""
        return spell_setting(self.cls, self.document, path)

    def _heading(self, path: KeyPath) -> str:
        """Return the heading of the table at path, "" for the top of the file."""
        return split_heading(self.cls, self.document, path)[0]


def field_types(cls: type) -> Mapping[str, Any]:
    """Return the types that a dataclass declares, worked out once for all tables of its kind."""
    return _hints_once(cls)


_hints_once = functools.cache(get_type_hints)


def is_table(kind: Any) -> TypeGuard[type[SettingsTable]]:
    """Return whether a declared type is a table of its own."""
    return isinstance(kind, type) and is_dataclass(kind)


def is_required(field: Field[Any]) -> bool:
    """Return whether a key must be in the file."""
    return field.default is MISSING and field.default_factory is MISSING


def _meaningless_value(kind: Any) -> Any:
    """Return a value of a declared type for what the file does not say as it must."""
    if is_table(kind):
        made = kind.__new__(kind)
        hints = field_types(kind)
        for each in fields(kind):
            vars(made)[each.name] = _meaningless_value(hints[each.name]) if is_required(each) else default_value(each)
        return made
    if get_origin(kind) is Mapping or kind is Mapping:
        return NOTHING
    return datetime(1980, 1, 1, tzinfo=timezone.utc) if kind is datetime else (get_origin(kind) or kind)()


def _table_keys(kind: Any) -> Collection[str]:
    """Return the keys of a declared type, if it is a table or an array of tables."""
    table = get_args(kind)[0] if get_origin(kind) is tuple else kind
    return [field.name for field in fields(table)] if is_table(table) else []


def _join_names(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def split_heading(cls: type, document: Mapping[str, Any], path: KeyPath) -> tuple[str, KeyPath]:
    """Return the heading of the innermost table that path leads to, and what of path lies within that table.

    cls       of the whole document
    document  the tables of the file, for the names of tables in arrays
    """
    heading, start = "", 0
    kind: Any = cls
    name, value = "", document  # as far as path was followed
    for number, part in enumerate(path, 1):
        value = entry_at(value, part)
        if is_table(kind):
            kind = field_types(kind).get(str(part))
            name = f"{name}.{part}" if name else str(part)
        elif isinstance(part, int):
            kind = get_args(kind)[0] if get_args(kind) else None
        else:
            kind = get_args(kind)[1] if len(get_args(kind)) > 1 else None
            name = f"{name}.{toml_key(part)}"
        if number == 1 and get_origin(kind) is Mapping and not is_table(get_args(kind)[1]):
            heading, start = f"[{name}]", number
        elif is_table(kind):
            title = value.get("name", part + 1) if isinstance(part, int) and isinstance(value, Mapping) else ""
            heading = f"[[{name}]] {title}" if isinstance(part, int) else f"[{name}]"
            start = number
    return heading, path[start:]


def entry_at(value: Any, part: str | int) -> Any:
    """Return an entry of a table or an array, None if there is none."""
    try:
        return value[part]
    except (LookupError, TypeError):
        return None


def spell_setting(cls: type, document: Mapping[str, Any], path: KeyPath) -> str:
    """Return heading, key and value at a path as the file spells them, for a sentence; no value that is a table."""
    heading, within = split_heading(cls, document, path)
    value = functools.reduce(entry_at, path, document)
    key = ".".join(toml_key(part) for part in within if isinstance(part, str))
    spelled = " ".join(filter(None, (heading, key)))
    return spelled if value is None or isinstance(value, (dict, list)) else f"{spelled} = {toml_value(value)}"
