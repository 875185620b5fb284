# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings: frozen dataclasses that refuse what cannot be, each refusal with its key and its reason."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from smedoit.config.toml import KeyPath

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: object) -> Any:
        """Stand in for what only the type checker needs."""
        return lambda function: function


NOTHING: Mapping[str, Any] = types.MappingProxyType({})
LONGEST_WORD, MOST_NAMES = 100, 300  # characters of a wrong name, and names that it is compared with


@dataclass_transform(frozen_default=True, eq_default=False)
class SettingsTable:
    """What all settings are: dataclasses that are made, compared and shown by their fields, and never change.

    A decorator on each of some forty classes would compile six methods for it, at every start of doit.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    choices: ClassVar[Mapping[str, Sequence[str]]] = NOTHING  # key -> the values that there are

    def __init_subclass__(cls) -> None:
        dataclass(init=False, eq=False, repr=False)(cls)

    def __init__(self, *args: Any, **given: Any) -> None:
        known = fields(self)
        values = {**dict(zip((field.name for field in known), args, strict=False)), **given}
        for field in known:
            vars(self)[field.name] = values.pop(field.name) if field.name in values else default_value(field)
        if values or len(args) > len(known):
            raise TypeError(f"{type(self).__name__} has no {', '.join(values) or 'so many fields'}")
        self.check_values()

    def check_values(self) -> None:
        """Refuse values that cannot be: those that are no choice, and what the class says of its own."""
        for key, known in self.choices.items():
            require_choice(getattr(self, key), known, key)
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


def default_value(field: Field[Any]) -> Any:
    """Return the value of a field that is not given. Raises TypeError if it must be."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    if field.default is MISSING:
        raise TypeError(f"{field.name} is missing")
    return field.default


class InvalidValueError(ValueError):
    """A value that cannot be; carries the key it stands under, for the sentence.

    path  of the key from the table that was checked; a number is the place in an array
    """

    def __init__(self, key: str | KeyPath, reason: str) -> None:
        super().__init__(reason)
        self.path: KeyPath = (key,) if isinstance(key, str) else key
        self.reason = reason

    @property
    def key(self) -> str:
        """The key as release.toml spells it, from its table."""
        return ".".join(part for part in self.path if isinstance(part, str))


class DoubtfulPaths:
    """Paths of what is absent, cannot be read, or was refused already; about them nothing more is said."""

    def __init__(self) -> None:
        self.paths: set[KeyPath] = set()
        self.beginnings: set[KeyPath] = set()  # of them
        self.anywhere: set[KeyPath] = set()  # beginnings of them without numbers

    def add(self, path: KeyPath) -> None:
        """Doubt a path."""
        self.paths.add(path)
        self.beginnings.update(_path_beginnings(path))
        self.anywhere.update(_path_beginnings(tuple(part for part in path if isinstance(part, str))))

    def are_about(self, path: KeyPath) -> bool:
        """Return whether a path lies within a doubtful one, or one within it; without numbers it means every place."""
        return path in self.beginnings or path in self.anywhere or not self.paths.isdisjoint(_path_beginnings(path))


def _path_beginnings(path: KeyPath) -> list[KeyPath]:
    """Return all beginnings of a path, the path among them."""
    return [path[:length] for length in range(len(path) + 1)]


class _Refusals:
    """What the checks of one table refused; what a doubtful value makes another check refuse is no fault of its own."""

    def __init__(self, doubtful: DoubtfulPaths, table: KeyPath) -> None:
        self.doubtful, self.table = doubtful, table
        self.found: list[InvalidValueError] = []

    def add(self, refused: InvalidValueError, needs: Iterable[KeyPath]) -> None:
        """Note a refusal, unless its key or what its check needs is in doubt."""
        if not any(self.doubtful.are_about((*self.table, *path)) for path in (refused.path, *needs)):
            self.found.append(refused)
            self.doubtful.add((*self.table, *refused.path))


_refusals: ContextVar[_Refusals | None] = ContextVar("refusals", default=None)


@contextmanager
def collect_refusals(doubtful: DoubtfulPaths, table: KeyPath) -> Iterator[list[InvalidValueError]]:
    """Let the checks of the table at a path go on after what they refuse, and yield the list of it."""
    refusals = _Refusals(doubtful, table)
    before = _refusals.set(refusals)
    try:
        yield refusals.found
    except InvalidValueError as refused:
        refusals.add(refused, ())
    finally:
        _refusals.reset(before)


def require_value(condition: object, key: str | KeyPath, reason: str, *needs: str | KeyPath) -> bool:
    """Refuse the value of key, with reason, unless condition holds.

    needs  further keys that the condition looks at: where one of them is wrong itself, nothing is said here

    While a file is read, all refusals are collected: then this returns whether the condition holds, for what makes
    sense only if it does.
    """
    if not condition:
        refused, refusals = InvalidValueError(key, reason), _refusals.get()
        if refusals is None:
            raise refused
        refusals.add(refused, [(need,) if isinstance(need, str) else need for need in needs])
    return bool(condition)


def require_choice(value: str, known: Sequence[str], key: str | KeyPath) -> bool:
    """Refuse a value of key that is not among those that there are."""
    return require_value(value in known, key, f"use one of {', '.join(known)}{suggest_name(value, known)}")


def run_checks(*checks: Callable[[], None]) -> None:
    """Run checks of which each looks at something else: while a file is read, one that ends early ends only itself."""
    for check in checks:
        try:
            check()
        except InvalidValueError as refused:
            if (refusals := _refusals.get()) is None:
                raise
            refusals.add(refused, ())


def suggest_name(word: str, known: Collection[str]) -> str:
    """Return the question whether the nearest known name was meant, to stand behind a sentence; "" if none is near."""
    near = nearest_name(word, known)
    return f"; did you mean {near}?" if near else ""


def nearest_name(word: str, known: Collection[str]) -> str:
    """Return the known name that is most like a word, "" if none is."""
    from difflib import get_close_matches

    if len(known) > MOST_NAMES:
        return ""
    folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold()[:LONGEST_WORD], folded, n=1, cutoff=0.5)
    return folded[near[0]] if near else ""
