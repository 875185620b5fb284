# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on the command line: options and words, told apart, and the nearest name where one is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from smedoit.engine.option import Option
from smedoit.errors import UsageError

VARIABLE = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)
ALIKE = 0.6  # how much of a name must be right, for the name that was meant to be told


@dataclass(frozen=True)
class Given:
    """What was given to one command or task.

    options  name -> value, only those that were given
    words    what is no option, in its order
    typed    (name, option as it is typed, in one word), in their order
    """

    options: Mapping[str, object] = field(default_factory=dict)
    words: Sequence[str] = ()
    typed: Sequence[tuple[str, str]] = ()


def find_nearest(wrong: str, known: Iterable[str]) -> str:
    """Return the name that somebody who typed wrong most likely meant, "" if none is near."""
    from difflib import get_close_matches

    spelled = {_bare_name(name): name for name in sorted(known, reverse=True)}
    near = get_close_matches(_bare_name(wrong), spelled, n=1, cutoff=ALIKE)
    return spelled[near[0]] if near else ""


def _bare_name(name: str) -> str:
    """Return a name without what people mistake least for what they mean: case, dashes."""
    return name.lower().lstrip("-").replace("-", "_")


def split_variables(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the variables among the words, NAME=VALUE, and all other words; after `--` there are none."""
    variables: dict[str, str] = {}
    rest: list[str] = []
    for number, word in enumerate(words):
        if word == "--":
            return variables, [*rest, *words[number:]]
        if found := VARIABLE.fullmatch(word):
            variables[found["name"]] = found["value"]
        else:
            rest.append(word)
    return variables, rest


def refuse_unread(given: Iterable[str], read: Iterable[str]) -> None:
    """Raise UsageError for the first variable that nobody reads."""
    read = sorted(read)
    for name in given:
        if name not in read:
            near = find_nearest(name, read)
            hint = f"did you mean {near}=?" if near else f"there are {', '.join(f'{known}=' for known in read)}"
            raise UsageError(f"{name}=: nobody reads a variable of that name", hint=hint)


def read_options(whose: str, options: Sequence[Option], words: Sequence[str], mixed: bool, more: str = "") -> Given:
    """Return the options and the words of a command or task called whose; "" is the program itself.

    options  that it has; of two with one spelling the first counts
    mixed    options may stand behind words; else the first word ends them
    more     where all options are told

    Raises UsageError for an option that it does not have, or that lacks its value or has one too many.
    """
    values: dict[str, object] = {}
    plain: list[str] = []
    typed: list[tuple[str, str]] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            plain += waiting
            break
        if not word.startswith("-") or word == "-":
            if not mixed:
                return Given(values, [word, *waiting], typed)
            plain.append(word)
            continue
        for option, spelling, value in _spelled_options(whose, options, word, waiting, more):
            values[option.name] = value
            typed.append((option.name, spelling if value is True else _with_value(spelling, str(value))))
    return Given(values, plain, typed)


def _with_value(spelling: str, value: str) -> str:
    """Return an option with its value as one word."""
    return f"{spelling}={value}" if spelling.startswith("--") else f"{spelling}{value}"


def _spelled_options(
    whose: str, options: Sequence[Option], word: str, waiting: list[str], more: str
) -> Iterator[tuple[Option, str, object]]:
    """Yield option, spelling and value for the one option of a --word, or the several of a -word."""
    if word.startswith("--"):
        spelled, equals, value = word.partition("=")
        option = _long_option(whose, options, spelled, more)
        known = f"--{option.long_name}"
        if isinstance(option.default, bool):
            if equals:
                raise UsageError(f"{_before(whose)}{known} takes no value", hint=f"type {known} alone")
            yield option, known, True
        else:
            yield (
                option,
                known,
                _read_value(whose, option, known, value if equals else _next_word(whose, known, waiting)),
            )
        return
    letters = word[1:]
    while letters:
        spelling, letters = f"-{letters[0]}", letters[1:]
        found = next((option for option in options if option.short and spelling == f"-{option.short}"), None)
        if found is None:
            raise UsageError(f"{_before(whose)}there is no option {spelling}", hint=more)
        if isinstance(found.default, bool):
            yield found, spelling, True
            continue
        value, letters = letters or _next_word(whose, spelling, waiting), ""
        yield found, spelling, _read_value(whose, found, spelling, value)


def _long_option(whose: str, options: Sequence[Option], spelled: str, more: str) -> Option:
    """Return the option that somebody typed, by its whole name or the beginning of no other."""
    known: dict[str, Option] = {}
    for option in options:
        if option.long_name:
            known.setdefault(f"--{option.long_name}", option)
    if spelled in known:
        return known[spelled]
    begun = [name for name in known if name.startswith(spelled)]
    if len(begun) == 1:
        return known[begun[0]]
    near = ", ".join(begun) if begun else find_nearest(spelled, known)
    raise UsageError(
        f"{_before(whose)}there is no option {spelled}",
        hint="; ".join(filter(None, [near and f"did you mean {near}?", more])),
    )


def _next_word(whose: str, spelling: str, waiting: list[str]) -> str:
    if not waiting:
        raise UsageError(f"{_before(whose)}{spelling} needs a value", hint=f"type it behind {spelling}")
    return waiting.pop(0)


def _read_value(whose: str, option: Option, spelling: str, value: str) -> object:
    """Return the value of an option as it is meant. Raises UsageError if that cannot be."""
    if option.choices and value not in option.choices:
        near = find_nearest(value, option.choices)
        hint = f"did you mean {near}?" if near else f"choose {' or '.join(option.choices)}"
        raise UsageError(f"{_before(whose)}{spelling} {value}: there is no such choice", hint=hint)
    if isinstance(option.default, int):
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            raise UsageError(f"{_before(whose)}{spelling} {value}: is no whole number", hint=f"type {spelling} 2")
        return int(value)
    return value


def _before(whose: str) -> str:
    return f"{whose}: " if whose else ""
