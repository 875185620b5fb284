# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML tables into frozen dataclasses: names, types and ranges checked, in sentences."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, fields, is_dataclass
from datetime import date, datetime, time, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard, TypeVar, get_args, get_origin, get_type_hints

from smedoit.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: object) -> Any:
        """Stand in for what only the type checker needs."""
        return lambda function: function


T = TypeVar("T", bound="DataclassInstance")

NOTHING: Mapping[str, Any] = types.MappingProxyType({})

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
INTEGERS = range(-(1 << 63), 1 << 63)  # what TOML promises to hold
SHOWN = 200  # characters of a value that a sentence repeats
CALLED = {str: "a string", int: "a whole number", bool: "true or false", datetime: "a date", dict: "a table"}


@dataclass_transform(frozen_default=True, eq_default=False)
class SettingsTable:
    """What all settings are: dataclasses that are made, compared and shown by their fields, and never change.

    A decorator on each of some forty classes would compile six methods for it, at every start of doit.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init_subclass__(cls) -> None:
        dataclass(init=False, eq=False, repr=False)(cls)

    def __init__(self, *args: Any, **given: Any) -> None:
        known = fields(self)
        values = {**dict(zip((field.name for field in known), args, strict=False)), **given}
        for field in known:
            vars(self)[field.name] = values.pop(field.name) if field.name in values else _default_value(field)
        if values or len(args) > len(known):
            raise TypeError(f"{type(self).__name__} has no {', '.join(values) or 'so many fields'}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """Refuse values that cannot be."""

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"{type(self).__name__} cannot change its {name}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"{type(self).__name__} cannot lose its {name}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _field_values(self) == _field_values(other)

    def __hash__(self) -> int:
        return hash(tuple(_field_values(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in _field_values(self).items())})"


def _field_values(settings: SettingsTable) -> dict[str, Any]:
    """Return field -> value."""
    return {each.name: getattr(settings, each.name) for each in fields(settings)}


def _default_value(field: Field[Any]) -> Any:
    """Return the value of a field that is not given. Raises TypeError if it must be."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    if field.default is MISSING:
        raise TypeError(f"{field.name} is missing")
    return field.default


class InvalidValueError(ValueError):
    """A value that cannot be; carries the key it stands under, for the sentence."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key, self.reason = key, reason


def require_value(condition: object, key: str, reason: str) -> None:
    """Refuse the value of key, with reason, unless condition holds."""
    if not condition:
        raise InvalidValueError(key, reason)


def build_table(
    cls: type[T], table: Mapping[str, Any], file: Path, where: str = "", given: Mapping[str, Any] = NOTHING
) -> T:
    """Return table as an instance of the dataclass cls.

    where  the table's heading as the file spells it, "" for the top of the file
    given  fields that do not come from the file

    Raises ConfigError naming file, heading, key, value and reason.
    """
    known = {field.name: field for field in fields(cls) if field.name not in given}
    _refuse_unknown_keys(table, known, file, where)
    _refuse_missing_keys(table, known, file, where)
    hints = _field_types(cls)
    values = {key: _read_value(hints[key], value, file, where, key) for key, value in table.items()}
    try:
        return cls(**given, **values)
    except InvalidValueError as refused:
        raise ConfigError(f"{file}: {_format_setting(table, where, refused.key)}: {refused.reason}") from None


@functools.cache
def _field_types(cls: type) -> Mapping[str, Any]:
    """Return the types that a dataclass declares, worked out once for all tables of its kind."""
    return get_type_hints(cls)


def _refuse_unknown_keys(table: Mapping[str, Any], known: Mapping[str, object], file: Path, where: str) -> None:
    """Raise ConfigError for the first key that the dataclass does not have."""
    for key in table:
        if key not in known:
            _refuse_old_spelling(table, file, where, key)
            from difflib import get_close_matches

            near = get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"it knows {', '.join(sorted(known))}"
            raise ConfigError(f"{file}: {where or 'the top level'} has no key {key!r}", hint=hint)


def _refuse_old_spelling(table: Mapping[str, Any], file: Path, where: str, key: str) -> None:
    """Raise ConfigError if key is how an earlier version spelled it, naming the spelling of today."""
    spelling = OLD_SPELLINGS.get((where.partition(" ")[0], key))
    if spelling is None:
        return
    written = f"{where} {key}" if where else f"[[{key}]]" if isinstance(table[key], list) else f"[{key}]"
    if spelling:
        raise ConfigError(f"{file}: {written} was renamed", hint=f"write {spelling} instead of {written.split()[-1]}")
    raise ConfigError(f"{file}: {written} has no effect any more", hint="remove that line")


def _refuse_missing_keys(table: Mapping[str, Any], known: Mapping[str, Field[Any]], file: Path, where: str) -> None:
    """Raise ConfigError for the first key that must be there and is not."""
    for key, field in known.items():
        if field.default is MISSING and field.default_factory is MISSING and key not in table:
            if where:
                raise ConfigError(f"{file}: {where} does not say its {key}", hint=f"add {key} = … below {where}")
            raise ConfigError(
                f"{file}: there is no table [{key}]",
                hint=f"add [{key}]; release.toml(5) of the handbook shows its keys",
            )


def _is_table(kind: Any) -> TypeGuard[type[DataclassInstance]]:
    """Return whether a declared type is a table of its own."""
    return isinstance(kind, type) and is_dataclass(kind)


def _read_value(kind: Any, value: Any, file: Path, where: str, key: str) -> Any:
    """Return value as the type that the dataclass declares for key."""
    heading = f"{where[:-1]}.{key}]" if where.endswith("]") else f"{where}.{key}" if where else f"[{key}]"
    if _is_table(kind):
        _check_type(value, dict, file, where, key)
        return build_table(kind, value, file, heading)
    if get_origin(kind) is tuple:
        return _read_array(get_args(kind)[0], value, file, where, key)
    if get_origin(kind) is Mapping or kind is Mapping:
        _check_type(value, dict, file, where, key)
        inner = get_args(kind)[1]
        return types.MappingProxyType(
            {name: _read_value(inner, entry, file, where, f"{key}.{name}") for name, entry in value.items()}
        )
    if kind is datetime:
        return _read_date(value, file, where, key)
    _check_type(value, str if kind is Path else kind, file, where, key)
    return Path(value) if kind is Path else value


def _read_array(kind: Any, value: Any, file: Path, where: str, key: str) -> tuple[Any, ...]:
    """Return an array of values, or of tables, as a tuple in the file's order."""
    if not isinstance(value, list):
        want = (
            f"write each as {_array_heading(where, key)}"
            if _is_table(kind)
            else 'write it as an array, like ["a", "b"]'
        )
        raise ConfigError(f"{file}: {_format_setting({key: value}, where, key)} is not a list", hint=want)
    if not _is_table(kind):
        return tuple(_read_value(kind, entry, file, where, key) for entry in value)
    for entry in value:
        _check_type(entry, dict, file, where, key)
    heading = _array_heading(where, key)
    return tuple(
        build_table(kind, entry, file, f"{heading} {entry.get('name', n)}") for n, entry in enumerate(value, 1)
    )


def _array_heading(where: str, key: str) -> str:
    """Return the heading of each table of an array: [[key]], or [[table.key]] within a table."""
    return f"[[{where[1:-1]}.{key}]]" if where else f"[[{key}]]"


def _read_date(value: Any, file: Path, where: str, key: str) -> datetime:
    """Return a TOML date or date-time as UTC; without an offset it means UTC, never the builder's zone."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ConfigError(
            f"{file}: {_format_setting({key: value}, where, key)} is not a date",
            hint=f"write {key} = 2026-11-01T12:00:00Z, without quotes",
        )
    try:
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    except OverflowError:
        raise ConfigError(f"{file}: {_format_setting({key: value}, where, key)} is no date in UTC") from None


def _check_type(value: Any, kind: type, file: Path, where: str, key: str) -> None:
    """Raise ConfigError unless value is of kind; TOML's true is no number."""
    if isinstance(value, int) and value not in INTEGERS:
        raise ConfigError(f"{file}: {where} {key} is larger than any number of TOML", hint="correct it")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{file}: {_format_setting({key: value}, where, key)} is not {CALLED[kind]}")


def _format_setting(table: Mapping[str, Any], where: str, key: str) -> str:
    """Return heading, key and value as the file spells them, for a sentence."""
    heading = f"{where} " if where else ""
    value = table.get(key)
    if value is None or isinstance(value, (dict, list)):
        return f"{heading}{key}"
    if isinstance(value, str) and len(value) > SHOWN:
        value = f"{value[:SHOWN]}…"
    return f"{heading}{key} = {value!r}" if not isinstance(value, bool) else f"{heading}{key} = {str(value).lower()}"
