# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML text into tables, with sentences for what is no TOML; and values as TOML spells them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

from smedoit.errors import ConfigError

KeyPath = tuple[str | int, ...]  # from the top of a file, or from a table; a number is the place in an array, from 0

LOST = "\ue000lost"  # stands for a value that could not be read; no person types the first letter
SHOWN = 200  # characters of a value that a sentence repeats
PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}

# How the parser's complaint begins -> what to do about it.
ADVICE: Mapping[str, str] = {
    "Cannot overwrite a value": "that key stands there twice; keep one of the two",
    "Duplicate inline table key": "that key stands there twice; keep one of the two",
    "Cannot declare": "that table stands there twice; put the keys of both below one heading",
    "Cannot mutate immutable namespace": "that table stands there already in another way; write it in one",
    "Cannot redefine namespace": "that name stands there already as a table; write it in one way",
    "Expected '=' after a key": "write KEY = VALUE on that line",
    "Invalid statement": "a line is a [heading], KEY = VALUE or a # comment; an unusual KEY stands in quotes",
    "Invalid initial character for a key part": "put a key with other than letters, digits, - and _ into quotes",
    "Invalid value": 'a text stands in "quotes", a list in [brackets], yes and no are true and false',
    "Unescaped '\\' in a string": "write \\\\ for a backslash, or put the text into 'single quotes'",
    "Illegal character '\\n'": "close the quotes on the line where they open",
    "Illegal character": "take that character out",
    "Unterminated string": "close the quotes",
    'Expected "\\""': "close the quotes",
    "Unclosed array": "close the list with ], and put commas between its entries",
    "Unclosed inline table": "close the table with }, and put commas between its entries",
    "Expected newline or end of document after a statement": "one line has one KEY = VALUE; put texts into quotes",
    "Expected ']": "close the heading with as many ] as it opens with [",
}


class TomlError(ConfigError):
    """A text that is no TOML; carries line and column (1 and 1 if the parser names none), and the sentence.

    reason     what the parser says
    is_placed  whether the parser names a line, and not only the end of the text
    """

    def __init__(self, file: Path, place: tuple[int, int] | None, words: str, hint: str) -> None:
        where = f"{file}:{place[0]}:{place[1]}" if place else str(file)
        super().__init__(f"{where}: is not TOML{words}", hint=hint)
        self.line, self.column = place or (1, 1)
        self.words, self.hint = f"is not TOML{words}", hint
        self.reason, self.is_placed = "", False


def parse_toml(text: str, file: Path) -> dict[str, Any]:
    """Return the tables of TOML text that stands in file. Raises ConfigError if it is none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlError(file, None, " that can be read, it nests too deeply", "mend it") from None
    except ValueError as error:  # TOMLDecodeError is one, and a number of 5,000 digits is another
        raise _explain_syntax(str(error), text, file) from None


def _explain_syntax(said: str, text: str, file: Path) -> TomlError:
    """Return the sentence for what the parser said: where it is, the line itself, and what to do about it."""
    reason, hint = PLACE.sub("", said), "mend that line"
    for beginning, advice in ADVICE.items():
        if reason.startswith(beginning):
            hint = advice
            break
    place, lines = PLACE.search(said), text.split("\n")
    if place is not None and place[1] is None and reason == "Invalid value":
        hint = "close what was opened: a list with ], a table with }"
    if place is None:  # a number that Python will not read
        return TomlError(file, None, f", {reason}", hint)
    number = int(place[1] or len(text.rstrip("\n").split("\n")))
    line = lines[number - 1].rstrip("\r") if number <= len(lines) else ""
    column = int(place[2] or len(line) + 1)
    shown = f": {shorten_text(line.strip())}" if line.strip() else ""
    error = TomlError(file, (number, column), f", {reason}{shown}", hint)
    error.reason, error.is_placed = reason, place[1] is not None
    return error


def toml_value(value: object, *, whole: bool = False) -> str:
    """Return a value as TOML spells it, shortened for a sentence unless it is wanted whole."""
    if isinstance(value, (list, tuple)):
        spelled = f"[{', '.join(toml_value(entry, whole=whole) for entry in value)}]"
    elif isinstance(value, Mapping):
        pairs = [f"{toml_key(str(key))} = {toml_value(entry, whole=whole)}" for key, entry in value.items()]
        spelled = f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    elif isinstance(value, (str, Path)):
        text = str(value)
        return f'"{_escape_string(text)}"' if whole else f'"{shorten_text(_escape_string(text[: 2 * SHOWN]))}"'
    else:
        spelled = _scalar_text(value)
    return spelled if whole else shorten_text(spelled)


def _scalar_text(value: object) -> str:
    """Return a number, date or truth as TOML spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (date, time)):
        return value.isoformat().replace("+00:00", "Z")
    try:
        return repr(value)
    except ValueError:  # more digits than Python shows
        return "a number of many digits"


def toml_key(key: str) -> str:
    """Return a key as TOML spells it: in quotes if it needs them."""
    return key if BARE_KEY.fullmatch(key) else f'"{_escape_string(key)}"'


def _escape_string(text: str) -> str:
    """Return a text as it stands between the quotes of TOML."""
    return "".join(ESCAPES.get(letter, letter if letter.isprintable() else f"\\U{ord(letter):08x}") for letter in text)


def shorten_text(text: str) -> str:
    """Return a text, or as much of it as a sentence may repeat."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
