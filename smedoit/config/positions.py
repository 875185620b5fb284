# SPDX-License-Identifier: GPL-3.0-or-later
"""Where keys and values stand in TOML text: line and column, which no TOML parser of ours gives.

It is asked only where something has to be said of a file, and of text that has been parsed: so it looks for where
things begin and end, and leaves what they mean to the parser.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from smedoit.config.toml import KeyPath, parse_toml

BETWEEN = re.compile(r"(?:[ \t\n]|#[^\n]*)*")  # blanks, comments and ends of lines
BARE = re.compile(r"[A-Za-z0-9_-]+")
SCALAR = re.compile(r"[^,\]}#\n]+")
STRINGS = (  # the long ones first; up to two of their quotes may stand before those that end them
    re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{0,2})', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)


class TomlPositions:
    """Line and column, both from 1, of every key and value of a TOML text."""

    def __init__(self, text: str, keys: Mapping[KeyPath, int], values: Mapping[KeyPath, int]) -> None:
        self.keys, self.values = keys, values
        self.lines = [0, *(end.end() for end in re.finditer("\n", text))]  # where each begins

    def of_key(self, path: KeyPath) -> tuple[int, int]:
        """Return where a key stands; of a table it is the name in its heading, the first one of several.

        What is not there is answered by the innermost table around it, the top of the file at last.
        """
        return self._nearest(path, (self.keys, self.values))

    def of_value(self, path: KeyPath) -> tuple[int, int]:
        """Return where a value begins; what is not there as in of_key."""
        return self._nearest(path, (self.values, self.keys))

    def _nearest(self, path: KeyPath, sought: tuple[Mapping[KeyPath, int], ...]) -> tuple[int, int]:
        """Return line and column of the longest beginning of path that stands in the text."""
        for length in range(len(path), 0, -1):
            for offsets in sought:
                if path[:length] in offsets:
                    offset = offsets[path[:length]]
                    line = bisect_right(self.lines, offset)
                    return line, offset - self.lines[line - 1] + 1
        return 1, 1


def locate_keys(text: str) -> TomlPositions:
    """Return the positions of a text that is TOML. Of other text, or where it nests too deeply, of what was found."""
    scan = _TomlScan(text.replace("\r\n", "\n"))
    with suppress(_LostError, RecursionError):  # what was found still helps
        scan.read_document()
    return TomlPositions(scan.text, scan.keys, scan.values)


class _LostError(Exception):
    """The text is not what a TOML parser would have let through."""


class _TomlScan:
    """One pass over a text, from heading to heading and from value to value."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.keys: dict[KeyPath, int] = {}
        self.values: dict[KeyPath, int] = {}
        self.lengths: dict[KeyPath, int] = {}  # of each array of tables, so far

    def read_document(self) -> None:
        """Find every key and value."""
        table: KeyPath = ()
        self._skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._read_heading()
            else:
                self._read_pair(table)
            self._skip()

    def _skip(self) -> None:
        """Go on to the next thing that is no blank, comment or end of a line."""
        found = BETWEEN.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        """Go behind what pattern finds here, and return that."""
        found = pattern.match(self.text, self.at)
        if not found:
            raise _LostError
        self.at = found.end()
        return found.group()

    def _expect(self, sign: str) -> None:
        """Go behind a sign that must be here."""
        if not self.text.startswith(sign, self.at):
            raise _LostError
        self.at += len(sign)

    def _read_heading(self) -> KeyPath:
        """Note [a.b] or [[a.b]], and return the path of the table that it opens."""
        is_array = self.text.startswith("[[", self.at)
        opened = self.at
        self._expect("[[" if is_array else "[")
        parts = self._read_dotted()
        self._expect("]]" if is_array else "]")
        path: KeyPath = ()
        for number, (name, offset) in enumerate(parts, 1):
            path += (name,)
            if number < len(parts):
                self.keys.setdefault(path, offset)
                if path in self.lengths:
                    path += (self.lengths[path] - 1,)
        if is_array:
            self.keys.setdefault(path, parts[-1][1])
            self.values.setdefault(path, opened)
            self.lengths[path] = self.lengths.get(path, 0) + 1
            path += (self.lengths[path] - 1,)
        self.keys[path], self.values[path] = parts[-1][1], opened
        return path

    def _read_dotted(self) -> list[tuple[str, int]]:
        """Return the parts of a key, each with its offset."""
        parts = []
        while True:
            self._skip()
            offset = self.at
            if self.text[offset : offset + 1] in ('"', "'"):
                name = _read_quoted(self._take(STRINGS[2] if self.text[offset] == '"' else STRINGS[3]))
            else:
                name = self._take(BARE)
            parts.append((name, offset))
            self._skip()
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def _read_pair(self, table: KeyPath) -> None:
        """Note KEY = VALUE within a table."""
        path = table
        for name, offset in self._read_dotted():
            path += (name,)
            self.keys.setdefault(path, offset)
        self._expect("=")
        self._skip()
        self._read_value(path)

    def _read_value(self, path: KeyPath) -> None:
        """Note a value, and whatever is inside it."""
        self.values[path] = self.at
        sign = self.text[self.at : self.at + 1]
        if sign == "[":
            self._read_array(path)
        elif sign == "{":
            self._read_inline_table(path)
        elif sign in ('"', "'") and sign:
            longs = STRINGS[:2] if self.text.startswith(sign * 3, self.at) else STRINGS[2:]
            self._take(longs[0] if sign == '"' else longs[1])
        else:
            self._take(SCALAR)

    def _read_array(self, path: KeyPath) -> None:
        """Note the entries of an array."""
        self._expect("[")
        self._skip()
        number = 0
        while not self.text.startswith("]", self.at):
            self._read_value((*path, number))
            self._end_entry()
            number += 1
        self.at += 1

    def _read_inline_table(self, path: KeyPath) -> None:
        """Note the keys of an inline table."""
        self._expect("{")
        self._skip()
        while not self.text.startswith("}", self.at):
            self._read_pair(path)
            self._end_entry()
        self.at += 1

    def _end_entry(self) -> None:
        """Go behind the comma after an entry, if there is one."""
        self._skip()
        if self.text.startswith(",", self.at):
            self.at += 1
            self._skip()


def _read_quoted(raw: str) -> str:
    """Return what a quoted key says; its escapes are for the parser to read."""
    return str(parse_toml(f"key = {raw}", Path("a key"))["key"])
